/*
 * history.c - files of JSON for people and the engine.
 */
#include "plugins/replica/agent/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"

static int read_json(const char *folder, const char *name, struct arena *arena, const struct value **ret_value)
{
	CLEANUP_FREE char *path = file_join(folder, name), *text = NULL;
	size_t length;
	if (file_read(path, HISTORY_LIMIT, &text, &length, NULL) < 0)
		return -1;
	return json_parse(arena, text, length, ret_value, NULL);
}

static int trim(const char *path, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read(path, 2 * HISTORY_LIMIT, &text, &length, err) < 0)
		return -1;
	const char *middle = memchr(text + length / 2, '\n', length - length / 2);
	middle = middle ? middle + 1 : text + length;
	return file_write_durable(path, middle, (size_t)(text + length - middle), 0600, err);
}

int history_add(const char *folder, const struct value *entry, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *path = file_join(folder, "history");
	const char *line = arena_printf(arena, "%s\n", json_text(arena, entry));
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	char last = '\n';
	if (status.st_size > 0 && pread(fd, &last, 1, status.st_size - 1) == 1 && last != '\n')
		line = arena_printf(arena, "\n%s", line); /* the last writer died in its line */
	if (file_append(fd, path, line, strlen(line), err) < 0)
		return -1;
	return (size_t)status.st_size + strlen(line) > HISTORY_LIMIT ? trim(path, err) : 0;
}

int history_keep(const char *folder, const char *name, const struct value *entry, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *path = file_join(folder, name);
	const char *text = json_text(arena, entry);
	return file_write_durable(path, text, strlen(text), 0600, err);
}

/* Where the last `count` lines begin. */
static const char *find_lines(const char *text, size_t length, size_t count)
{
	const char *at = text + length;
	for (size_t lines = 0; at > text; at--)
		if (at[-1] == '\n' && lines++ == count)
			break;
	return at;
}

int history_read(const char *folder, struct arena *arena, size_t count, struct value **ret_list, struct error *err)
{
	CLEANUP_FREE char *path = file_join(folder, "history"), *text = NULL;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	size_t length;
	*ret_list = value_list(arena);
	if (file_read(path, 2 * HISTORY_LIMIT, &text, &length, &why) < 0) {
		if (why.code == ERROR_NOT_FOUND)
			return 0;
		error_move(err, &why);
		return -1;
	}
	for (const char *at = find_lines(text, length, count); *at;) {
		size_t line = strcspn(at, "\n");
		const struct value *entry;
		if (json_parse(arena, at, line, &entry, NULL) == 0)
			value_append(arena, *ret_list, entry);
		at += line + (at[line] == '\n');
	}
	return 0;
}

const struct value *history_kept(const char *folder, const char *name, struct arena *arena)
{
	const struct value *kept;
	return read_json(folder, name, arena, &kept) == 0 ? kept : NULL;
}

void progress_write(const char *folder, const struct value *progress)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *path = file_join(folder, "progress"), *next = file_join(folder, "progress.next");
	const char *text = json_text(arena, progress);
	CLEANUP_CLOSE int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t length = strlen(text);
	if (fd < 0 || write(fd, text, length) != (ssize_t)length || rename(next, path) < 0)
		unlink(next);
}

const struct value *progress_read(const char *folder, struct arena *arena)
{
	const struct value *progress;
	return read_json(folder, "progress", arena, &progress) == 0 ? progress : NULL;
}
