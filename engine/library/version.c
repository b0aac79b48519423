/*
 * version.c - names to versions. What a repository is asked for is repository.h's.
 */
#include "engine/library/version.h"

#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"

#define COMMIT_SHOWN 12 /* digits of a commit in the names of its files */

const char *version_rev_of(const char *name, char **ret_path)
{
	const char *at = file_exists(name) ? NULL : strrchr(name, '@');
	*ret_path = at ? memory_printf("%.*s", (int)(at - name), name) : memory_strdup(name);
	return at ? at + 1 : NULL;
}

/* --------------------------------------------------------------------------------------------------- a commit as a tree */

/* The path of COMMIT:PATH. Behind the dots of one file's path to another, what is before the colon may be gone: then it does
 * not lie in the commit. */
static const char *path_in(const struct version *version, const char *name)
{
	bool known = strncmp(name, version->commit, COMMIT_SHOWN) == 0 && name[COMMIT_SHOWN] == ':';
	return known ? name + COMMIT_SHOWN + 1 : name;
}

static int tell_unreadable(const struct error *err, struct diagnostics *diagnostics)
{
	static const char *const rules[] = {
		[ERROR_NOT_FOUND] = "library/missing",
		[ERROR_CORRUPT] = "library/damaged",
		[ERROR_LIMIT] = "yaml/size",
		[ERROR_INVALID] = "library/no-file",
	};
	const char *rule = err->code < COUNT_OF(rules) && rules[err->code] ? rules[err->code] : "document/unreadable";
	struct diagnostic *diagnostic =
		diagnostics_add(diagnostics, SEVERITY_ERROR, rule, (struct span){0}, "%s", error_text(err));
	if (err->hint)
		diagnostic_hint(diagnostics, diagnostic, "%s", err->hint);
	return -1;
}

static int open_in_commit(void *context, struct arena *arena, const char *name, const struct source **ret_source,
			  struct diagnostics *diagnostics)
{
	const struct version *version = context;
	CLEANUP_FREE char *data = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	size_t length;
	if (repository_read(version->repository, version->commit, path_in(version, name), DOCUMENT_SIZE_LIMIT, &data, &length,
			    &err) < 0)
		return tell_unreadable(&err, diagnostics);
	*ret_source = document_source(arena, name, data, length);
	return 0;
}

static bool has_in_commit(void *context, const char *name)
{
	const struct version *version = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char *path;
	const char *const *names;
	size_t count;
	char blob[COMMIT_HEX_SIZE];
	if (repository_plain_path(arena, path_in(version, name), &path, NULL) < 0)
		return false;
	/* What is damaged is there: opening it tells. So is a folder. */
	return repository_blob(version->repository, version->commit, path, blob, NULL) < 0 || blob[0] ||
	       repository_list(version->repository, arena, version->commit, path, &names, &count, NULL) < 0 || count > 0;
}

static int list_in_commit(void *context, struct arena *arena, const char *name, const char *const **ret_names,
			  size_t *ret_count, struct error *err)
{
	const struct version *version = context;
	const char *path;
	if (repository_plain_path(arena, path_in(version, name), &path, err) < 0)
		return -1;
	return repository_list(version->repository, arena, version->commit, path, ret_names, ret_count, err);
}

/* --------------------------------------------------------------------------------------------------------------- opening */

static const char *name_in_commit(const struct version *version, struct arena *arena, const char *path)
{
	return arena_printf(arena, "%.*s:%s%s", COMMIT_SHOWN, version->commit, strchr(path, '/') ? "" : "./", path);
}

static int find_repository(struct version *version, struct arena *arena, const char *path, struct error *err)
{
	const char *inside = strstr(path, "//");
	if (inside && inside > path) {
		const char *folder = arena_strndup(arena, path, (size_t)(inside - path));
		return repository_open(folder, &version->repository, err) < 0
			       ? -1
			       : repository_plain_path(arena, inside + 2, &version->path, err);
	}
	if (repository_find(path, &version->repository, err) < 0)
		return -1;
	if (!version->repository) {
		error_set(err, ERROR_NOT_FOUND, "%s lies in no git repository, so '@%s' names nothing", path, version->rev);
		return error_hint(err, "leave the @ away for the file as it is, or name the repository: REPO//PATH@%s",
				  version->rev);
	}
	if (repository_path_of(version->repository, arena, path, &version->path))
		return 0;
	return repository_plain_path(arena, path, &version->path, err); /* beside a bare one: as seen from its top */
}

static int open_commit(struct version *version, struct arena *arena, const char *path, struct error *err)
{
	if (find_repository(version, arena, path, err) < 0 ||
	    repository_resolve(version->repository, version->rev, version->commit, version->tag, err) < 0)
		return -1;
	version->name = name_in_commit(version, arena, version->path);
	version->tree = (struct tree){.open = open_in_commit, .has = has_in_commit, .list = list_in_commit, .context = version};
	return 0;
}

static void open_plain(struct version *version, struct arena *arena, const char *name)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	version->name = arena_strdup(arena, name);
	version->tree = tree_of_files;
	if (strcmp(name, "-") == 0)
		return;
	if (repository_find(name, &version->repository, &err) == 0 && version->repository &&
	    !repository_path_of(version->repository, arena, name, &version->path)) {
		repository_close(version->repository); /* inside of a bare one, or of .git: no file of theirs */
		version->repository = NULL;
	}
	if (version->repository)
		repository_head(version->repository, version->commit, &err);
	if (err.code == ERROR_OK)
		return;
	version->problem = arena_strdup(arena, error_text(&err));
	version->remedy = arena_strdup(arena, err.hint);
}

int version_open(struct arena *arena, const char *name, struct version **ret_version, struct error *err)
{
	CLEANUP_FREE char *path = NULL;
	struct version *version = ARENA_NEW(arena, struct version);
	version->rev = arena_strdup(arena, version_rev_of(name, &path));
	if (!version->rev) {
		open_plain(version, arena, name);
	} else if (open_commit(version, arena, path, err) < 0) {
		version_close(version);
		return error_wrap(err, "%s", name);
	}
	*ret_version = version;
	return 0;
}

void version_close(struct version *version)
{
	if (!version)
		return;
	repository_close(version->repository);
	version->repository = NULL;
}

const char *version_inside(const struct version *version, struct arena *arena, const char *path)
{
	return version->rev ? arena_printf(arena, "%.*s:%s", COMMIT_SHOWN, version->commit, path)
			    : arena_printf(arena, "%s/%s", repository_folder(version->repository), path);
}

/* --------------------------------------------------------------------------------------------------- what was read */

bool version_file(const struct version *version, struct arena *arena, const struct source *source,
		  struct version_file *ret_file)
{
	char committed[COMMIT_HEX_SIZE] = "";
	struct version_file file = {0};
	if (!version->repository)
		return false;
	if (!version->rev && !repository_path_of(version->repository, arena, source->name, &file.path))
		return false;
	if (version->rev && (path_in(version, source->name) == source->name ||
			     repository_plain_path(arena, path_in(version, source->name), &file.path, NULL) < 0))
		return false;
	repository_blob_of(source->text, source->length, file.blob);
	if (version->commit[0])
		repository_blob(version->repository, version->commit, file.path, committed, NULL);
	file.committed = strcmp(committed, file.blob) == 0;
	*ret_file = file;
	return true;
}

bool version_is_run(const struct version *version, const struct value *library)
{
	const char *commit = value_get_text(library, "commit");
	return version->repository && commit && value_is_text(value_get(library, "path"), version->path) &&
	       (value_is_text(value_get(library, "repository"), repository_folder(version->repository)) ||
		repository_has_commit(version->repository, commit));
}

static const struct value *text_or_null(struct arena *arena, const char *text)
{
	return text && *text ? value_string(arena, text) : value_null();
}

/* null: it cannot be told. */
static const struct value *dirty_value(const struct version *version, bool changed)
{
	bool dirty;
	if (repository_is_dirty(version->repository, &dirty, NULL) < 0)
		return value_null();
	return value_bool(dirty || changed);
}

static void put_files(const struct version *version, struct arena *arena, const struct source *const *sources, size_t count,
		      struct value *files, struct value *changed)
{
	for (size_t i = 0; i < count; i++) {
		struct version_file file;
		if (!version_file(version, arena, sources[i], &file) || value_get(files, file.path))
			continue;
		value_put(arena, files, file.path, value_string(arena, file.blob));
		if (!file.committed)
			value_append(arena, changed, value_string(arena, file.path));
	}
}

const struct value *version_value(const struct version *version, struct arena *arena, const struct source *const *sources,
				  size_t count)
{
	struct value *value = value_map(arena), *files = value_map(arena), *changed = value_list(arena);
	if (version->problem)
		value_put(arena, value, "problem", value_string(arena, version->problem));
	if (!version->repository)
		return version->problem ? value : NULL;
	put_files(version, arena, sources, count, files, changed);
	value_put(arena, value, "repository", value_string(arena, repository_folder(version->repository)));
	value_put(arena, value, "path", value_string(arena, version->path));
	value_put(arena, value, "rev", text_or_null(arena, version->rev));
	value_put(arena, value, "commit", text_or_null(arena, version->commit));
	value_put(arena, value, "tag", text_or_null(arena, version->tag));
	value_put(arena, value, "dirty", dirty_value(version, changed->list.count > 0));
	value_put(arena, value, "files", files);
	value_put(arena, value, "changed", changed);
	return value;
}
