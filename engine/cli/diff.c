/*
 * diff.c - standin diff: two versions of a runbook, in terms of steps.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/cli/load.h"
#include "engine/document/document.h"
#include "engine/library/step_diff.h"
#include "engine/library/step_list.h"
#include "engine/report/report.h"

struct side {
	struct loaded loaded;
	const struct value *document; /* NULL: it is not there */
};

struct comparison {
	struct arena *arena;
	struct side before, after;
	struct table visited; /* what was compared, or is being */
	struct value *also;
};

static const char *name_of(const struct side *side, const char *path)
{
	return version_inside(side->loaded.version, side->loaded.arena, path);
}

/* NULL: it is not there, or cannot be read. */
static const struct source *text_of(struct side *side, const char *path)
{
	struct diagnostics ignored;
	const struct source *source;
	const char *name = name_of(side, path);
	diagnostics_init(&ignored, side->loaded.arena);
	if (!tree_has(&side->loaded.version->tree, name) ||
	    tree_open(&side->loaded.version->tree, side->loaded.arena, name, &source, &ignored) < 0)
		return NULL;
	return source;
}

static const struct value *parsed(struct side *side, const struct source *source)
{
	struct diagnostics ignored;
	const struct value *document;
	diagnostics_init(&ignored, side->loaded.arena);
	return source && document_parse(side->loaded.arena, source, &document, &ignored) == 0 ? document : NULL;
}

static void compare_called(struct comparison *comparison, struct side *side, const struct value *document, const char *path);

static void note_change(struct comparison *comparison, const char *path, const struct source *before,
			const struct source *after)
{
	struct value *entry = value_map(comparison->arena);
	const char *change = !before ? "added" : !after ? "removed" : "changed";
	if ((!before && !after) ||
	    (before && after && before->length == after->length && memcmp(before->text, after->text, before->length) == 0))
		return;
	value_put(comparison->arena, entry, "path", value_string(comparison->arena, path));
	value_put(comparison->arena, entry, "change", value_string(comparison->arena, change));
	value_append(comparison->arena, comparison->also, entry);
}

static void compare_file(struct comparison *comparison, const char *path, bool runbook)
{
	if (table_get(&comparison->visited, path))
		return;
	table_put(&comparison->visited, path, comparison);
	const struct source *before = text_of(&comparison->before, path), *after = text_of(&comparison->after, path);
	note_change(comparison, path, before, after);
	if (!runbook)
		return;
	compare_called(comparison, &comparison->before, parsed(&comparison->before, before), path);
	compare_called(comparison, &comparison->after, parsed(&comparison->after, after), path);
}

/* What it calls, seen from its folder, and the repository's manifests of the actions that it uses. */
static void compare_called(struct comparison *comparison, struct side *side, const struct value *document, const char *path)
{
	struct arena *arena = comparison->arena;
	struct step_list steps;
	const char *slash = strrchr(path, '/'), *plain;
	step_list_make(side->loaded.arena, document, &steps);
	for (size_t i = 0; i < steps.count; i++) {
		const struct listed_step *step = &steps.items[i];
		const char *dot = step->what ? strchr(step->what, '.') : NULL;
		if (!step->what)
			continue;
		if (strcmp(step->form, "step") == 0 && dot)
			compare_file(comparison,
				     arena_printf(arena, "plugins/%.*s/plugin.yaml", (int)(dot - step->what), step->what),
				     false);
		else if (strcmp(step->form, "call") == 0 &&
			 repository_plain_path(arena,
					       arena_printf(arena, "%.*s%s%s", slash ? (int)(slash - path) : 0, path,
							    slash ? "/" : "", step->what),
					       &plain, NULL) == 0)
			compare_file(comparison, plain, true);
	}
}

static const struct value *side_value(struct arena *arena, const struct side *side)
{
	const struct version *version = side->loaded.version;
	struct value *value = value_map(arena);
	value_put(arena, value, "rev", version->rev ? value_string(arena, version->rev) : value_null());
	value_put(arena, value, "commit", version->rev ? value_string(arena, version->commit) : value_null());
	return value;
}

static const struct value *compare(struct comparison *comparison)
{
	struct arena *arena = comparison->arena;
	const char *path = comparison->after.loaded.version->path;
	const struct value *steps = step_diff(arena, comparison->before.document, comparison->after.document);
	struct value *value = value_map(arena);
	comparison->also = value_list(arena);
	table_put(&comparison->visited, path, comparison);
	compare_called(comparison, &comparison->before, comparison->before.document, path);
	compare_called(comparison, &comparison->after, comparison->after.document, path);
	value_put(arena, value, "path", value_string(arena, path));
	value_put(arena, value, "before", side_value(arena, &comparison->before));
	value_put(arena, value, "after", side_value(arena, &comparison->after));
	value_put(arena, value, "fields", value_get(steps, "fields"));
	value_put(arena, value, "steps", value_get(steps, "steps"));
	value_put(arena, value, "also", comparison->also);
	return value;
}

/* Neither has to validate, but each must be YAML. */
static int open_side(struct side *side, const char *name)
{
	struct loaded *loaded = &side->loaded;
	const struct source *source;
	if (load_version(loaded, name) < 0)
		return -1;
	if (!loaded->version->repository) {
		diagnostics_add(&loaded->diagnostics, SEVERITY_ERROR, "library/revision", (struct span){0},
				"%s lies in no git repository, so there are no versions of it", name);
		return -1;
	}
	return tree_open(&loaded->version->tree, loaded->arena, loaded->version->name, &source, &loaded->diagnostics) < 0
		       ? -1
		       : document_parse(loaded->arena, source, &side->document, &loaded->diagnostics);
}

static int open_both(struct comparison *comparison, const struct options *options)
{
	struct arena *arena = comparison->arena;
	const char *path = options->arguments[0], *second = options->arguments_count > 2 ? options->arguments[2] : NULL;
	int before = open_side(&comparison->before, arena_printf(arena, "%s@%s", path, options->arguments[1]));
	int after = open_side(&comparison->after, second ? arena_printf(arena, "%s@%s", path, second) : path);
	print_diagnostics(stderr, &comparison->before.loaded.diagnostics);
	print_diagnostics(stderr, &comparison->after.loaded.diagnostics);
	return before < 0 || after < 0 ? -1 : 0;
}

static void print_diff(const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct report_style style = report_style_for(stdout);
	report_diff(&text, value, &style);
	fputs(buffer_text(&text), stdout);
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	struct comparison comparison = {.arena = arena_new()};
	loaded_init(&comparison.before.loaded);
	loaded_init(&comparison.after.loaded);
	int result = EXIT_INVALID;
	if (open_both(&comparison, &options) == 0) {
		(options.json ? print_value : print_diff)(compare(&comparison));
		result = EXIT_FINE;
	}
	table_free(&comparison.visited);
	loaded_free(&comparison.before.loaded);
	loaded_free(&comparison.after.loaded);
	arena_free(comparison.arena);
	return result;
}

const struct verb verb_diff = {
	.name = "diff",
	.usage = "RUNBOOK REV1 [REV2] [options]",
	.summary = "what changed between two versions of a runbook, step by step",
	.description =
		"Steps that were added, removed, moved, and changed, with the fields that changed; how it is laid out does not "
		"count. Then which\n"
		"of the runbooks that it calls and of the repository's plugins that it uses changed as well. Without REV2 it "
		"is "
		"compared with the\n"
		"file as it lies there. Neither version has to be valid.\n"
		"Exit codes: 0, also if they differ; 2 wrong usage, or a version that is not there.",
	.options = {OPTION_OUTPUT},
	.examples = "  standin diff runbooks/mail/failover.yaml v1.2 v1.3\n"
		    "  standin diff mail/failover.yaml HEAD              # what would be committed\n"
		    "  standin diff /srv/runbooks.git//mail/failover.yaml v1.2 main -o json\n",
	.least = 2,
	.most = 3,
	.run = run,
};
