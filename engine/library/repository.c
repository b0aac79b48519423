/*
 * repository.c - opening a repository, and what revisions name. What is in a commit is commit.c's.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/library/git.h"

static enum error_code code_of(int code)
{
	switch (code) {
	case GIT_ENOTFOUND:
		return ERROR_NOT_FOUND;
	case GIT_EAMBIGUOUS:
	case GIT_EINVALIDSPEC:
		return ERROR_INVALID;
	default:
		return ERROR_IO;
	}
}

int git_failed(int code, struct error *err, const char *format, ...)
{
	CLEANUP_BUFFER struct buffer text = {0};
	const git_error *said = git_error_last();
	va_list args;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	return error_set(err, code_of(code), "%s: %s", buffer_text(&text), said ? said->message : "libgit2 does not say why");
}

int git_damaged(const struct repository *repository, const git_oid *id, const char *what, struct error *err)
{
	const git_error *said = git_error_last();
	error_set(err, ERROR_CORRUPT, "the repository %s is damaged: its object %s (%s) cannot be read: %s", repository->folder,
		  git_oid_tostr_s(id), what, said ? said->message : "it is not there");
	return error_hint(err, "`git -C %s fsck` tells what is wrong; a fetch from another clone may bring it back",
			  repository->folder);
}

git_oid git_id(const char *hex)
{
	git_oid id = {0};
	git_oid_fromstr(&id, hex);
	return id;
}

const char *git_configured(const struct repository *repository, struct arena *arena, const char *key)
{
	git_config *config;
	git_buf found = {0};
	const char *text = NULL;
	if (git_repository_config_snapshot(&config, repository->git) < 0)
		return NULL;
	if (git_config_get_string_buf(&found, config, key) == 0)
		text = arena_strdup(arena, found.ptr);
	git_buf_dispose(&found);
	git_config_free(config);
	return text;
}

static void put_hex(const git_oid *id, char ret_hex[COMMIT_HEX_SIZE])
{
	git_oid_tostr(ret_hex, COMMIT_HEX_SIZE, id);
}

/* ------------------------------------------------------------------------------------------------------------- opening one */

static int refuse_owner(const char *folder, struct error *err)
{
	error_set(err, ERROR_IO, "the repository %s belongs to another user, who could change what is run", folder);
	return error_hint(err, "if that is meant: git config --global --add safe.directory %s", folder);
}

static int open_found(git_repository *git, struct repository **ret_repository, struct error *err)
{
	const char *work = git_repository_workdir(git), *folder = work ? work : git_repository_path(git);
	git_odb *objects;
	int code = git_repository_odb(&objects, git);
	if (code < 0) {
		git_failed(code, err, "the objects of the repository %s", folder);
		git_repository_free(git);
		return -1;
	}
	struct repository *repository = memory_alloc(sizeof(*repository));
	size_t length = strlen(folder);
	while (length > 1 && folder[length - 1] == '/')
		length--;
	*repository = (struct repository){.git = git, .objects = objects, .folder = memory_printf("%.*s", (int)length, folder)};
	*ret_repository = repository;
	return 0;
}

int repository_open(const char *folder, struct repository **ret_repository, struct error *err)
{
	git_repository *git;
	git_libgit2_init();
	int code = git_repository_open_ext(&git, folder, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (code == 0)
		return open_found(git, ret_repository, err);
	if (code == GIT_EOWNER)
		return refuse_owner(folder, err);
	if (code == GIT_ENOTFOUND)
		return error_set(err, ERROR_NOT_FOUND, "%s is no git repository", folder);
	return git_failed(code, err, "the repository %s", folder);
}

/* The nearest folder above that is there, resolved; what follows it in path goes to *ret_rest. NULL: none. */
static char *standing_part(const char *path, const char **ret_rest)
{
	size_t length = strlen(path);
	for (;;) {
		CLEANUP_FREE char *part =
			length ? memory_printf("%.*s", (int)length, path) : memory_strdup(path[0] == '/' ? "/" : ".");
		char *whole = realpath(part, NULL);
		*ret_rest = path + length;
		while (**ret_rest == '/')
			(*ret_rest)++;
		if (whole || !length)
			return whole;
		while (length && path[length - 1] != '/')
			length--;
		while (length && path[length - 1] == '/')
			length--;
	}
}

/* Is there anything that git would look at, in the folder or above? Starting libgit2 for nothing costs more than a runbook. */
static bool may_lie_in_one(const char *folder)
{
	static const char *const signs[] = {".git", "HEAD"}; /* of a work tree, of a bare repository */
	for (size_t length = strlen(folder);; length--) {
		for (size_t i = 0; i < COUNT_OF(signs); i++) {
			CLEANUP_FREE char *sign = memory_printf("%.*s/%s", (int)length, folder, signs[i]);
			if (file_exists(sign))
				return true;
		}
		while (length && folder[length - 1] != '/')
			length--;
		if (!length)
			return false;
	}
}

int repository_find(const char *path, struct repository **ret_repository, struct error *err)
{
	git_repository *git;
	const char *rest;
	*ret_repository = NULL;
	CLEANUP_FREE char *start = standing_part(path, &rest);
	struct stat status;
	if (!start)
		return 0;
	if (stat(start, &status) == 0 && !S_ISDIR(status.st_mode))
		*strrchr(start, '/') = '\0';
	if (!may_lie_in_one(start))
		return 0;
	git_libgit2_init();
	int code = git_repository_open_ext(&git, *start ? start : "/", 0, NULL);
	if (code == 0)
		return open_found(git, ret_repository, err);
	if (code == GIT_EOWNER)
		return refuse_owner(start, err);
	return code == GIT_ENOTFOUND ? 0 : git_failed(code, err, "the repository that %s lies in", path);
}

void repository_close(struct repository *repository)
{
	if (!repository)
		return;
	git_odb_free(repository->objects);
	git_repository_free(repository->git);
	free(repository->folder);
	free(repository);
}

bool repository_is_bare(const struct repository *repository)
{
	return git_repository_is_bare(repository->git);
}

const char *repository_folder(const struct repository *repository)
{
	return repository->folder;
}

/* ------------------------------------------------------------------------------------------------------------------ paths */

bool repository_path_of(const struct repository *repository, struct arena *arena, const char *path, const char **ret_path)
{
	const char *rest;
	size_t length = strlen(repository->folder);
	CLEANUP_FREE char *standing = standing_part(path, &rest);
	if (!standing || repository_is_bare(repository) || strncmp(standing, repository->folder, length) != 0 ||
	    (standing[length] != '/' && standing[length] != '\0'))
		return false;
	const char *inside = standing[length] ? standing + length + 1 : "";
	const char *joined = arena_printf(arena, "%s%s%s", inside, *inside && *rest ? "/" : "", rest);
	return repository_plain_path(arena, joined, ret_path, NULL) == 0;
}

int repository_plain_path(struct arena *arena, const char *path, const char **ret_path, struct error *err)
{
	CLEANUP_BUFFER struct buffer plain = {0};
	if (path[0] == '/')
		return error_set(err, ERROR_INVALID, "%s does not lie in the repository: paths in a commit begin at its top",
				 path);
	for (const char *rest = path; *rest;) {
		size_t length = strcspn(rest, "/");
		if (length == 2 && strncmp(rest, "..", 2) == 0) {
			if (!plain.length)
				return error_set(err, ERROR_INVALID, "%s leads out of the repository", path);
			const char *slash = memrchr(plain.data, '/', plain.length);
			plain.length = slash ? (size_t)(slash - plain.data) : 0;
			plain.data[plain.length] = '\0';
		} else if (length && !(length == 1 && rest[0] == '.')) {
			if (plain.length)
				buffer_add_char(&plain, '/');
			buffer_append(&plain, rest, length);
		}
		rest += length + (rest[length] == '/');
	}
	*ret_path = arena_strdup(arena, buffer_text(&plain));
	return 0;
}

/* -------------------------------------------------------------------------------------------------------------- revisions */

static int collect_name(const char *name, void *context)
{
	static const char *const folders[] = {"refs/heads/", "refs/tags/", "refs/remotes/"};
	git_strarray *names = context;
	for (size_t i = 0; i < COUNT_OF(folders); i++) {
		if (strncmp(name, folders[i], strlen(folders[i])) != 0)
			continue;
		names->strings = memory_resize(names->strings, (names->count + 1) * sizeof(*names->strings));
		names->strings[names->count++] = memory_strdup(name + strlen(folders[i]));
	}
	return 0;
}

static int no_such(const struct repository *repository, const char *rev, struct error *err)
{
	git_strarray names = {0};
	error_set(err, ERROR_NOT_FOUND, "the repository %s knows no branch, tag or commit '%s'", repository->folder, rev);
	git_reference_foreach_name(repository->git, collect_name, &names);
	const char *nearest = suggest(rev, (const char *const *)names.strings, names.count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	else
		error_hint(err, "`git -C %s branch -a` and `git tag` list what there is; a fetch may bring it",
			   repository->folder);
	for (size_t i = 0; i < names.count; i++)
		free(names.strings[i]);
	free(names.strings);
	return -1;
}

static bool names_reference(const struct repository *repository, const char *folder, const char *rev, git_oid *ret_id)
{
	CLEANUP_FREE char *name = memory_printf("refs/%s/%s", folder, rev);
	return git_reference_name_to_id(ret_id, repository->git, name) == 0;
}

/* Neither a path (REV:PATH), nor a range, nor what another day is another commit without anybody having moved a branch. */
static int check_rev(const struct repository *repository, const char *rev, struct error *err)
{
	git_oid branch, tag;
	if (!*rev || *rev == '-' || *rev == '^' || strpbrk(rev, ":@{} \t") || strstr(rev, "..")) {
		error_set(err, ERROR_INVALID, "'%s' is no revision", rev);
		return error_hint(err, "behind the @ stands a branch, a tag or a commit, such as @main, @v1.2, @3f2a9c1");
	}
	if (names_reference(repository, "heads", rev, &branch) && names_reference(repository, "tags", rev, &tag) &&
	    !git_oid_equal(&branch, &tag)) {
		error_set(err, ERROR_INVALID, "'%s' is both a branch and a tag of the repository %s", rev, repository->folder);
		return error_hint(err, "write @refs/heads/%s or @refs/tags/%s", rev, rev);
	}
	return 0;
}

int repository_resolve(const struct repository *repository, const char *rev, char ret_commit[COMMIT_HEX_SIZE],
		       char ret_tag[COMMIT_HEX_SIZE], struct error *err)
{
	CLEANUP_GIT(object) git_object *object = NULL;
	CLEANUP_GIT(object) git_object *commit = NULL;
	if (check_rev(repository, rev, err) < 0)
		return -1;
	int code = git_revparse_single(&object, repository->git, rev);
	if (code == GIT_ENOTFOUND || code == GIT_EINVALIDSPEC)
		return no_such(repository, rev, err);
	if (code < 0)
		return git_failed(code, err, "the revision '%s' of the repository %s", rev, repository->folder);
	code = git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (code == GIT_EPEEL || code == GIT_EINVALIDSPEC)
		return error_set(err, ERROR_INVALID, "'%s' of the repository %s names a %s, not a commit", rev,
				 repository->folder, git_object_type2string(git_object_type(object)));
	if (code < 0)
		return git_damaged(repository, git_object_id(object), rev, err);
	put_hex(git_object_id(commit), ret_commit);
	ret_tag[0] = '\0';
	if (git_object_type(object) == GIT_OBJECT_TAG)
		put_hex(git_object_id(object), ret_tag);
	return 0;
}

int repository_head(const struct repository *repository, char ret_commit[COMMIT_HEX_SIZE], struct error *err)
{
	git_oid id;
	int code = git_reference_name_to_id(&id, repository->git, "HEAD");
	ret_commit[0] = '\0';
	if (code == GIT_ENOTFOUND)
		return 0;
	if (code < 0)
		return git_failed(code, err, "HEAD of the repository %s", repository->folder);
	put_hex(&id, ret_commit);
	return 0;
}

bool repository_has_commit(const struct repository *repository, const char *commit)
{
	CLEANUP_GIT(commit) git_commit *found = NULL;
	git_oid id = git_id(commit);
	return git_commit_lookup(&found, repository->git, &id) == 0;
}

int repository_descends(const struct repository *repository, const char *commit, const char *ancestor, struct error *err)
{
	git_oid later = git_id(commit), earlier = git_id(ancestor);
	const char *missing = !repository_has_commit(repository, commit)     ? commit
			      : !repository_has_commit(repository, ancestor) ? ancestor
									     : NULL;
	if (missing) /* libgit2 1.5 would lose memory over it */
		return error_set(err, ERROR_NOT_FOUND, "the commit %.12s is not in the repository %s", missing,
				 repository->folder);
	if (git_oid_equal(&later, &earlier))
		return 1;
	int code = git_graph_descendant_of(repository->git, &later, &earlier);
	return code < 0 ? git_failed(code, err, "what lies between the commits %.12s and %.12s", ancestor, commit) : code;
}

int repository_is_dirty(const struct repository *repository, bool *ret_dirty, struct error *err)
{
	git_status_options options;
	git_status_list *list;
	*ret_dirty = false;
	if (repository_is_bare(repository))
		return 0;
	git_status_options_init(&options, GIT_STATUS_OPTIONS_VERSION);
	options.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
	options.flags = GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
	int code = git_status_list_new(&list, repository->git, &options);
	if (code < 0)
		return git_failed(code, err, "what is changed in the work tree %s", repository->folder);
	*ret_dirty = git_status_list_entrycount(list) > 0;
	git_status_list_free(list);
	return 0;
}
