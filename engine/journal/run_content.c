/*
 * run_content.c - what a run executes, kept by its digest, and the manifest that says what each digest is.
 *
 * A name is 64 hexadecimal digits and nothing else, so that none can leave the folder; symbolic links are not followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/typed.h"
#include "engine/journal/run_store_private.h"

#define MANIFEST_LIMIT ((size_t)16 * 1024 * 1024)

static int read_regular(const char *path, size_t limit, char **ret_data, size_t *ret_length, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_CORRUPT, "%s is no regular file", path);
	return file_read_fd(fd, path, limit, ret_data, ret_length, err);
}

static bool is_digest(const char *digest)
{
	return strspn(digest, "0123456789abcdef") == HASH_HEX_SIZE - 1 && digest[HASH_HEX_SIZE - 1] == '\0';
}

int run_content_put(struct run *run, const void *data, size_t length, char ret_digest[HASH_HEX_SIZE], struct error *err)
{
	CLEANUP_FREE char *standing = NULL;
	size_t standing_length;
	hash_hex(data, length, ret_digest);
	CLEANUP_FREE char *path = memory_printf("%s/content/%s", run->folder, ret_digest);
	if (read_regular(path, length, &standing, &standing_length, NULL) == 0 && standing_length == length &&
	    memcmp(standing, data, length) == 0)
		return 0;
	return file_write_durable(path, data, length, 0600, err);
}

int run_content_get(const struct run *run, const char *digest, char **ret_data, size_t *ret_length, struct error *err)
{
	if (!is_digest(digest))
		return error_set(err, ERROR_INVALID, "'%s' is no digest of stored content", digest);
	CLEANUP_FREE char *path = memory_printf("%s/content/%s", run->folder, digest);
	CLEANUP_FREE char *data = NULL;
	size_t length;
	if (read_regular(path, FILE_NO_LIMIT, &data, &length, err) < 0)
		return error_wrap(err, "run %s", run->id);
	char found[HASH_HEX_SIZE];
	hash_hex(data, length, found);
	if (strcmp(found, digest) != 0)
		return error_set(err, ERROR_CORRUPT, "run %s: the stored content %.12s... does not match its digest", run->id,
				 digest);
	*ret_data = take(data);
	*ret_length = length;
	return 0;
}

int run_manifest_write(struct run *run, const struct value *manifest, struct error *err)
{
	CLEANUP_FREE char *path = file_join(run->folder, "manifest.json");
	CLEANUP_BUFFER struct buffer text = {0};
	CLEANUP_ARENA struct arena *arena = arena_new();
	json_format(&text, typed_mark(arena, manifest), JSON_INDENTED);
	buffer_add_char(&text, '\n');
	hash_hex(text.data, text.length, run->manifest);
	return file_write_durable(path, text.data, text.length, 0600, err);
}

/* The manifest is written before the first record. */
static bool has_begun(const struct run *run)
{
	CLEANUP_FREE char *manifest = file_join(run->folder, "manifest.json");
	CLEANUP_FREE char *journal = file_join(run->folder, "journal.jsonl");
	struct stat status;
	return file_exists(manifest) || (stat(journal, &status) == 0 && status.st_size > 0);
}

int run_manifest_read(struct run *run, struct arena *arena, const struct value **ret_manifest, struct error *err)
{
	CLEANUP_FREE char *path = file_join(run->folder, "manifest.json");
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	size_t length;
	if (!has_begun(run)) {
		error_set(err, ERROR_NOT_FOUND, "run %s was killed before it began; nothing was done", run->id);
		return error_hint(err, "there is nothing to resume: begin anew with `standin run`");
	}
	if (read_regular(path, MANIFEST_LIMIT, &text, &length, err) < 0)
		return error_wrap(err, "run %s", run->id);
	if (json_parse(arena, text, length, ret_manifest, &problem) < 0)
		return error_set(err, ERROR_CORRUPT, "run %s: its manifest is damaged: %s", run->id, error_text(&problem));
	*ret_manifest = typed_restore(arena, *ret_manifest);
	hash_hex(text, length, run->manifest);
	return 0;
}
