/*
 * since.c - comparing what was read with what a commit holds, blob by blob.
 */
#include "engine/cli/since.h"

#include <string.h>

#include "engine/base/memory.h"

static const char same[] = "same", different[] = "different";

static void forget(struct since *since)
{
	repository_close(since->repository);
	since->repository = NULL;
	table_free(&since->known);
	since->known = (struct table){0};
}

void since_free(struct since *since)
{
	forget(since);
}

/* ----------------------------------------------------------------------------------------------------------- the revision */

static bool is_inside(const struct since *since, struct arena *arena, const struct loaded *loaded, const char *name)
{
	const char *ignored;
	if (!since->repository)
		return false;
	return loaded->version
		       ? strcmp(repository_folder(since->repository), repository_folder(loaded->version->repository)) == 0
		       : repository_path_of(since->repository, arena, name, &ignored);
}

static int look_up(struct since *since, const struct loaded *loaded, const char *name, struct error *err)
{
	char tag[COMMIT_HEX_SIZE];
	forget(since);
	if (loaded->version ? repository_open(repository_folder(loaded->version->repository), &since->repository, err) < 0
			    : repository_find(name, &since->repository, err) < 0)
		return -1;
	if (!since->repository)
		return error_set(err, ERROR_NOT_FOUND, "%s lies in no git repository, so what it was at '%s' cannot be told",
				 name, since->rev);
	return repository_resolve(since->repository, since->rev, since->commit, tag, err);
}

/* ---------------------------------------------------------------------------------------------------------------- files */

struct question {
	struct since *since;
	struct loaded *loaded;
	const struct runbook *runbook; /* whose steps are asked about */
	bool changed;
};

/* What lies outside of the repository is none of its changes. */
static bool file_of(const struct question *question, const struct source *source, struct version_file *file)
{
	if (question->loaded->version)
		return version_file(question->loaded->version, question->loaded->arena, source, file);
	repository_blob_of(source->text, source->length, file->blob);
	return repository_path_of(question->since->repository, question->loaded->arena, source->name, &file->path);
}

static const char *find(const struct question *question, const struct source *source)
{
	struct version_file file;
	char then[COMMIT_HEX_SIZE];
	if (!file_of(question, source, &file))
		return same;
	bool read = repository_blob(question->since->repository, question->since->commit, file.path, then, NULL) == 0;
	return read && strcmp(then, file.blob) == 0 ? same : different;
}

static void ask(struct question *question, const struct source *source)
{
	const char *found = table_get(&question->since->known, source->name);
	if (question->changed)
		return;
	if (!found) {
		found = find(question, source);
		table_put(&question->since->known, source->name, found);
	}
	question->changed = found == different;
}

/* What is missing now: was it there? */
static void ask_for(struct question *question, const char *path)
{
	char then[COMMIT_HEX_SIZE];
	const char *plain;
	if (repository_plain_path(question->loaded->arena, path, &plain, NULL) == 0 &&
	    repository_blob(question->since->repository, question->since->commit, plain, then, NULL) == 0 && then[0])
		question->changed = true;
}

static void ask_for_plugin(struct question *question, const char *action)
{
	ask_for(question, arena_printf(question->loaded->arena, "plugins/%.*s/plugin.yaml", (int)strcspn(action, "."), action));
}

static void ask_for_callee(struct question *question, const char *call)
{
	struct version_file caller;
	if (!file_of(question, question->runbook->source, &caller))
		return;
	const char *slash = strrchr(caller.path, '/');
	size_t folder = slash ? (size_t)(slash - caller.path) + 1 : 0;
	ask_for(question, arena_printf(question->loaded->arena, "%.*s%s", (int)folder, caller.path, call));
}

static bool ask_about_step(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	struct question *question = context;
	const struct plugins *plugins = question->loaded->plugins;
	const struct action *action = step->uses && plugins ? plugins_find(plugins, step->uses, NULL) : NULL;
	if (step->uses && !action) {
		ask_for_plugin(question, step->uses);
	} else if (step->call && !step->callee) {
		ask_for_callee(question, step->call);
	} else if (action) {
		const struct plugin *plugin = plugins_of(plugins, action);
		const struct source manifest = {.name = plugin->path, .text = plugin->text, .length = plugin->text_length};
		ask(question, &manifest);
	}
	return !question->changed;
}

static void ask_about_runbook(struct question *question, const struct runbook *runbook)
{
	question->runbook = runbook;
	ask(question, runbook->source);
	runbook_visit(runbook, ask_about_step, question);
}

static void ask_about_file(struct question *question, const char *name)
{
	const struct version *version = question->loaded->version;
	struct diagnostics ignored;
	const struct source *source;
	diagnostics_init(&ignored, question->loaded->arena);
	if (tree_open(version ? &version->tree : &tree_of_files, question->loaded->arena, version ? version->name : name,
		      &source, &ignored) < 0)
		question->changed = true;
	else
		ask(question, source);
}

int since_changed(struct since *since, struct loaded *loaded, const char *name)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct question question = {.since = since, .loaded = loaded};
	const struct runbook *runbook = loaded->runbook;
	if (!since->rev)
		return 1;
	if (!is_inside(since, loaded->arena, loaded, name) && look_up(since, loaded, name, &err) < 0) {
		struct diagnostic *diagnostic = diagnostics_add(&loaded->diagnostics, SEVERITY_ERROR, "library/revision",
								(struct span){0}, "%s", error_text(&err));
		if (err.hint)
			diagnostic_hint(&loaded->diagnostics, diagnostic, "%s", err.hint);
		return -1;
	}
	ask_about_file(&question, name);
	if (runbook && loaded->inventory)
		ask_about_file(&question, loaded->inventory->path);
	if (runbook && !question.changed)
		ask_about_runbook(&question, runbook);
	for (size_t i = 0; runbook && i < runbook->called_count && !question.changed; i++)
		ask_about_runbook(&question, runbook->called[i]);
	return question.changed;
}
