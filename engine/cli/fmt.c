/*
 * fmt.c - standin fmt: lays runbooks, inventories and manifests out as everybody does.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/cli/paths.h"
#include "engine/document/document.h"
#include "engine/runbook/format.h"

struct formatting {
	bool check;
	bool json;
	bool invalid;	       /* a file is no document */
	size_t changed;	       /* files that are laid out otherwise */
	struct value *results; /* for JSON */
	struct arena *arena;
};

/* A link stays one: the file behind it is written. */
static int write_back(const char *path, const struct buffer *text)
{
	char real[PATH_MAX];
	struct stat status;
	struct error err = ERROR_NONE;
	const char *target = realpath(path, real) ? real : path;
	mode_t mode = stat(target, &status) == 0 ? status.st_mode & 07777 : 0644;
	return file_write_durable(target, text->data, text->length, mode, &err) < 0 ? tell_error(&err) : 0;
}

static void note(struct formatting *formatting, const char *path, bool changed)
{
	struct value *entry = value_map(formatting->arena);
	value_put(formatting->arena, entry, "path", value_string(formatting->arena, path));
	value_put(formatting->arena, entry, "changed", value_bool(changed));
	value_append(formatting->arena, formatting->results, entry);
	formatting->changed += changed;
	if (changed && !formatting->json && strcmp(path, "-") != 0)
		print_safely(stdout, "%s\n", path);
}

static int format_one(struct formatting *formatting, const char *path)
{
	struct loaded loaded;
	CLEANUP_BUFFER struct buffer text = {0};
	const struct source *source;
	int result = 0;
	loaded_init(&loaded);
	if (document_open(loaded.arena, path, &source, &loaded.diagnostics) < 0 ||
	    document_format(source, &text, &loaded.diagnostics) < 0) {
		print_diagnostics(stderr, &loaded.diagnostics);
		formatting->invalid = true;
	} else {
		bool changed = text.length != source->length || memcmp(buffer_text(&text), source->text, text.length) != 0;
		note(formatting, path, changed);
		if (strcmp(path, "-") == 0 && !formatting->check)
			fwrite(text.data, 1, text.length, stdout);
		else if (changed && !formatting->check)
			result = write_back(path, &text);
	}
	loaded_free(&loaded);
	return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	int early = options_parse(verb, argc, argv, &options), result = 0;
	if (early)
		return early - 1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct formatting formatting = {
		.check = options_has(&options, "check"), .json = options.json, .arena = arena, .results = value_list(arena)};
	for (size_t i = 0; i < options.arguments_count && !result; i++) {
		const struct value *paths = paths_of(arena, options.arguments[i]);
		for (size_t k = 0; k < paths->list.count && !result; k++)
			result = format_one(&formatting, value_text(paths->list.items[k]));
	}
	if (options.json)
		puts(json_text(arena, formatting.results));
	if (result)
		return result;
	return formatting.invalid || (formatting.check && formatting.changed) ? EXIT_INVALID : EXIT_FINE;
}

const struct verb verb_fmt = {
	.name = "fmt",
	.usage = "PATH... [options]",
	.summary = "lay runbooks out as everybody does",
	.description =
		"Takes spaces from line ends, indents by two spaces a level, puts the keys of a step into one order and ends "
		"the file with one line end; prints the files that it changes. Comments, quotes, line breaks and what stands "
		"in braces stay as they are, and what the document says never changes. A folder stands for all documents "
		"below it; - reads the standard input and writes to the standard output.\n"
		"Exit codes: 0; 2 if a file is no document, or with --check if one would change; 8 if one cannot be written.",
	.options = {{"check", 0, NULL, "change nothing; end with 2 if something would"}, OPTION_OUTPUT},
	.examples = "  standin fmt runbooks\n"
		    "  standin fmt --check runbooks             # in CI\n"
		    "  standin fmt - < failover.yaml            # in an editor\n",
	.least = 1,
	.most = ARGUMENTS_LIMIT,
	.run = run,
};
