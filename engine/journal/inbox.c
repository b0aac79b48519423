/*
 * inbox.c - requests as files. A request appears by rename, whole or not at all; its name begins with the time, so that names
 * sort by arrival.
 *
 *   NAME.json        a request, until it is done
 *   NAME.json.XXXXXX being written by its sender
 *   NAME.rejected    was no request; NAME.note says why
 */
#include "engine/journal/inbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/journal/run_store_private.h"

#define REQUEST_LIMIT ((size_t)64 * 1024)
#define SUFFIX	      ".json"

struct inbox {
	char *folder; /* owned */
	int fd;	      /* inotify */
	char *shown;  /* owned; path of the request that inbox_next returned last, or NULL */
};

static int check_request(const struct value *request, struct error *err)
{
	const char *what = value_get_text(request, "request");
	if (what && *what)
		return 0;
	return error_set(err, ERROR_INVALID, "a request is a map that says what is asked for as \"request\"");
}

int inbox_send(struct run_store *store, const char *run, const struct value *request, struct error *err)
{
	CLEANUP_FREE char *id = NULL;
	if (check_request(request, err) < 0 || run_find(store, run, &id, err) < 0)
		return -1;
	if (!run_is_active(store, id) && run_index_has_closed(store, id, NULL) > 0) { /* else resume closes it */
		error_set(err, ERROR_NOT_FOUND, "run %s has ended", id);
		return error_hint(err, "standin show %s", id);
	}
	if (!run_is_active(store, id)) {
		error_set(err, ERROR_NOT_FOUND, "no process is working on run %s", id);
		return error_hint(err, "standin resume %s", id);
	}
	uint32_t random = 0;
	if (getrandom(&random, sizeof(random), 0) < 0)
		random = (uint32_t)getpid();
	CLEANUP_FREE char *folder = run_folder(store, id);
	CLEANUP_FREE char *path =
		memory_printf("%s/inbox/%020lld-%d-%08x" SUFFIX, folder, (long long)clock_wall(), (int)getpid(), random);
	CLEANUP_BUFFER struct buffer text = {0};
	json_format(&text, request, JSON_COMPACT);
	buffer_add_char(&text, '\n');
	if (text.length > REQUEST_LIMIT)
		return error_set(err, ERROR_LIMIT, "a request of %zu bytes is too long: %zu are admitted", text.length,
				 REQUEST_LIMIT);
	return file_write_durable(path, text.data, text.length, 0600, err);
}

int inbox_open(const struct run *run, struct inbox **ret_inbox, struct error *err)
{
	CLEANUP_FREE char *folder = file_join(run->folder, "inbox");
	if (file_make_folders(folder, 0700, err) < 0)
		return -1;
	CLEANUP_CLOSE int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (fd < 0 || inotify_add_watch(fd, folder, IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW) < 0) {
		error_set_errno(err, errno, "cannot watch %s", folder);
		return error_hint(err, "if too many files are watched: sysctl fs.inotify.max_user_instances");
	}
	struct inbox *inbox = memory_alloc(sizeof(*inbox));
	inbox->folder = take(folder);
	inbox->fd = take_fd(fd);
	*ret_inbox = inbox;
	return 0;
}

int inbox_fd(const struct inbox *inbox)
{
	return inbox->fd;
}

void inbox_close(struct inbox *inbox)
{
	if (!inbox)
		return;
	close(inbox->fd);
	free(inbox->folder);
	free(inbox->shown);
	free(inbox);
}

/* The first in order of time; malloc'ed, NULL: none. */
static char *first_name(const struct inbox *inbox)
{
	char *first = NULL;
	DIR *folder = opendir(inbox->folder);
	if (!folder)
		return NULL;
	for (struct dirent *entry; (entry = readdir(folder));) {
		size_t length = strlen(entry->d_name);
		if (length <= strlen(SUFFIX) || strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) != 0)
			continue;
		if (first && strcmp(first, entry->d_name) < 0)
			continue;
		free(first);
		first = memory_strdup(entry->d_name);
	}
	closedir(folder);
	return first;
}

static int read_request(const char *path, struct arena *arena, const struct value **ret_request, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP_FREE char *text = NULL;
	size_t length;
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot open the request");
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID, "the request is no regular file");
	if (file_read_fd(fd, "the request", REQUEST_LIMIT, &text, &length, err) < 0 ||
	    json_parse(arena, text, length, ret_request, err) < 0)
		return -1;
	return check_request(*ret_request, err);
}

/* Out of the way, but kept. What cannot even be renamed is removed, or it would be read for ever. */
static int set_aside(const char *path, const char *why, struct error *err)
{
	int stem = (int)(strlen(path) - strlen(SUFFIX));
	CLEANUP_FREE char *rejected = memory_printf("%.*s.rejected", stem, path);
	CLEANUP_FREE char *note = memory_printf("%.*s.note", stem, path);
	CLEANUP_FREE char *text = memory_printf("%s\n", why);
	if (rename(path, rejected) < 0 && file_remove_tree(path, err) < 0)
		return -1;
	file_write_durable(note, text, strlen(text), 0600, NULL);
	return 0;
}

const struct value *inbox_next(struct inbox *inbox, struct arena *arena)
{
	char events[4096];
	while (read(inbox->fd, events, sizeof(events)) > 0) {
		/* drained before looking: what arrives after the look makes the descriptor readable again */
	}
	for (char *name; (name = first_name(inbox));) {
		CLEANUP_ERROR struct error why = ERROR_NONE;
		const struct value *request;
		free(inbox->shown);
		inbox->shown = file_join(inbox->folder, name);
		free(name);
		if (read_request(inbox->shown, arena, &request, &why) == 0)
			return request;
		if (set_aside(inbox->shown, error_text(&why), NULL) < 0)
			break;
	}
	free(take(inbox->shown));
	return NULL;
}

void inbox_done(struct inbox *inbox)
{
	if (inbox->shown)
		unlink(inbox->shown);
	free(take(inbox->shown));
}
