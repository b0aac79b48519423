/*
 * run_lock.c - the process lock of a run, and named locks with their claims.
 *
 *   who            file               flock held                      content
 *   process lock   runs/ID/lock       while a process works on it     {"pid":812,"host":"ctl"}, of the last one
 *   named lock     locks/NAME         while a process works with it   the claim of the run, until that is closed; empty: free
 *
 * Whether a run is worked on is asked of its process lock only. Looking takes a flock for a moment, so a refusal is believed
 * after several attempts. A claim is one line; without its newline it was never completed, hence nobody has acted on it.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/loop.h"
#include "engine/base/memory.h"
#include "engine/journal/run_store_private.h"

#define ATTEMPTS      40
#define ATTEMPT_DELAY (5 * NSEC_PER_MSEC)
#define CLAIM_LIMIT   ((size_t)16 * 1024)
#define NAME_LIMIT    200 /* bytes of a file name, after escaping */

static int open_lock_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd < 0 ? error_set_errno(err, errno, "cannot open the lock %s", path) : fd;
}

/* 1: held now; 0: another process holds it; -1: error. */
static int try_flock(int fd, int operation, const char *path, struct error *err)
{
	while (flock(fd, operation | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return 0;
		if (errno != EINTR)
			return error_set_errno(err, errno, "cannot lock %s", path);
	}
	return 1;
}

static int pause_between_attempts(struct error *err)
{
	if (loop_sleep(clock_boottime() + ATTEMPT_DELAY) == LOOP_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "waiting for a lock was cancelled");
	return 0;
}

/* Replace what the file says; in place, because a renamed file would leave its flock behind. */
static int write_line_durable(int fd, const char *path, const struct value *value, struct error *err)
{
	CLEANUP_BUFFER struct buffer line = {0};
	json_format(&line, value, JSON_COMPACT);
	buffer_add_char(&line, '\n');
	if (line.length > CLAIM_LIMIT)
		return error_set(err, ERROR_LIMIT, "what is to be written to %s is longer than %zu bytes", path, CLAIM_LIMIT);
	if (ftruncate(fd, 0) < 0)
		return error_set_errno(err, errno, "cannot empty %s", path);
	if (file_append(fd, path, line.data, line.length, err) < 0 || file_sync(fd, path, err) < 0)
		return -1;
	return file_sync_folder_of(path, err);
}

/* *ret_value: NULL when the file is empty or its line was never completed. */
static int read_line(int fd, const char *path, struct arena *arena, const struct value **ret_value, struct error *err)
{
	char text[CLAIM_LIMIT];
	ssize_t length;
	do
		length = pread(fd, text, sizeof(text), 0);
	while (length < 0 && errno == EINTR);
	if (length < 0)
		return error_set_errno(err, errno, "cannot read %s", path);
	*ret_value = NULL;
	if (length == 0 || text[length - 1] != '\n')
		return 0;
	return json_parse(arena, text, (size_t)length, ret_value, err);
}

/* ------------------------------------------------------------------------------------------------ the process lock of a run */

static char *process_lock_path(const struct run_store *store, const char *id)
{
	return memory_printf("%s/runs/%s/lock", store->path, id);
}

bool run_is_active(struct run_store *store, const char *id)
{
	CLEANUP_FREE char *path = process_lock_path(store, id);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && try_flock(fd, LOCK_SH, path, NULL) == 0;
}

void run_holder_read(const struct run_store *store, const char *id, struct run_holder *ret_holder)
{
	CLEANUP_FREE char *path = process_lock_path(store, id);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *holder = NULL;
	*ret_holder = (struct run_holder){0};
	if (fd < 0 || read_line(fd, path, arena, &holder, NULL) < 0 || !holder)
		return;
	const char *host = value_get_text(holder, "host");
	ret_holder->pid = value_get_int(holder, "pid", 0);
	snprintf(ret_holder->host, sizeof(ret_holder->host), "%s", host ? host : "");
}

static int run_locked_error(const struct run *run, struct error *err)
{
	struct run_holder holder;
	run_holder_read(run->store, run->id, &holder);
	error_set(err, ERROR_LOCKED, "run %s: pid %lld on %s is working on it", run->id, (long long)holder.pid,
		  holder.host[0] ? holder.host : "an unknown host");
	return error_hint(err, "watch it: standin attach %s", run->id);
}

int run_lock_process(struct run *run, struct error *err)
{
	CLEANUP_FREE char *path = process_lock_path(run->store, run->id);
	CLEANUP_CLOSE int fd = open_lock_file(path, err);
	if (fd < 0)
		return -1;
	int held;
	for (int attempt = 1; (held = try_flock(fd, LOCK_EX, path, err)) == 0; attempt++) {
		if (attempt == ATTEMPTS)
			return run_locked_error(run, err);
		if (pause_between_attempts(err) < 0)
			return -1;
	}
	char host[64] = "";
	gethostname(host, sizeof(host) - 1);
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *holder = value_map(arena);
	value_put(arena, holder, "pid", value_int(arena, getpid()));
	value_put(arena, holder, "host", value_string(arena, host));
	if (held < 0 || write_line_durable(fd, path, holder, err) < 0)
		return -1;
	run->lock_fd = take_fd(fd);
	return 0;
}

/* ------------------------------------------------------------------------------------------------------------- named locks */

/* Letters, digits, '-', '_' and inner dots stay; any other byte becomes %XX, so that a name is one file and cannot leave the
 * folder. */
static int named_lock_path(const struct run_store *store, const char *name, char **ret_path, struct error *err)
{
	CLEANUP_BUFFER struct buffer escaped = {0};
	for (const char *c = name; *c; c++) {
		bool plain = isalnum((unsigned char)*c) || *c == '-' || *c == '_' || (*c == '.' && c > name);
		buffer_printf(&escaped, plain ? "%c" : "%%%02X", (unsigned char)*c);
	}
	if (!escaped.length || escaped.length > NAME_LIMIT)
		return error_set(err, ERROR_INVALID, "'%s' cannot be the name of a lock: it is %s", name,
				 *name ? "too long" : "empty");
	*ret_path = memory_printf("%s/locks/%s", store->path, buffer_text(&escaped));
	return 0;
}

static const char *text_or(const struct value *map, const char *key, const char *fallback)
{
	const char *text = value_get_text(map, key);
	return text ? text : fallback;
}

/* The time of day (UTC, as in run ids), with its date unless that is today's. */
static void format_since(const struct value *claim, char ret_text[CLOCK_TEXT_SIZE])
{
	int64_t opened;
	char today[CLOCK_TEXT_SIZE];
	snprintf(ret_text, CLOCK_TEXT_SIZE, "an unknown time");
	if (clock_parse_wall(text_or(claim, "opened", ""), &opened) < 0)
		return;
	clock_format_wall(clock_wall(), today);
	clock_format_wall(opened, ret_text); /* 2026-03-01T03:12:45.120Z */
	ret_text[19] = '\0';
	ret_text[10] = ' ';
	if (memcmp(today, ret_text, 10) == 0)
		memmove(ret_text, ret_text + 11, 9);
}

static void format_work(struct run_store *store, const char *id, bool active, const char *host, struct buffer *out)
{
	struct run_holder holder;
	run_holder_read(store, id, &holder);
	if (!active)
		buffer_add(out, "no process is working on it");
	else if (strcmp(holder.host, host) == 0 || !holder.host[0])
		buffer_printf(out, "pid %lld is working on it", (long long)holder.pid);
	else
		buffer_printf(out, "pid %lld on %s is working on it", (long long)holder.pid, holder.host);
}

static int locked_error(struct run_store *store, const char *name, const char *path, const struct value *claim,
			struct error *err)
{
	if (!claim) {
		error_set(err, ERROR_LOCKED, "lock '%s' is being taken or released by another process at this moment", name);
		return error_hint(err, "try again");
	}
	const char *id = text_or(claim, "run", "?");
	const struct value *who = value_get(claim, "operator");
	const char *host = text_or(who, "host", "an unknown host");
	bool active = run_is_active(store, id);
	char since[CLOCK_TEXT_SIZE];
	format_since(claim, since);
	CLEANUP_BUFFER struct buffer work = {0};
	format_work(store, id, active, host, &work);
	error_set(err, ERROR_LOCKED, "lock '%s' is held by run %s (%s, started by %s at %s on %s, %s)", name, id,
		  text_or(claim, "runbook", "an unknown runbook"), text_or(who, "user", "someone"), since, host,
		  buffer_text(&work));
	CLEANUP_FREE char *folder = run_folder(store, id);
	if (active)
		return error_hint(err, "watch it: standin attach %s", id);
	if (!file_exists(folder))
		return error_hint(err, "the directory of that run is gone; once you know what it did: truncate -s 0 '%s'",
				  path);
	return error_hint(err, "it was interrupted: standin resume %s, or standin abandon %s --reason ...", id, id);
}

static bool holds_already(const struct run *run, int fd)
{
	struct stat wanted, held;
	if (fstat(fd, &wanted) < 0)
		return false;
	for (size_t i = 0; i < run->named_locks_count; i++)
		if (fstat(run->named_locks[i], &held) == 0 && held.st_ino == wanted.st_ino && held.st_dev == wanted.st_dev)
			return true;
	return false;
}

static int read_claim(int fd, const char *name, const char *path, struct arena *arena, const struct value **ret_claim,
		      struct error *err)
{
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	if (read_line(fd, path, arena, ret_claim, &problem) == 0)
		return 0;
	error_set(err, ERROR_CORRUPT, "the claim of lock '%s' cannot be read: %s", name, error_text(&problem));
	return error_hint(err, "look at %s; empty the file when no run needs the lock", path);
}

/* Holds the flock when it returns 0; *ret_claim is what the file says then. */
static int take_flock(const struct run *run, int fd, const char *name, const char *path, struct arena *arena,
		      const struct value **ret_claim, struct error *err)
{
	for (int attempt = 1;; attempt++) {
		int held = try_flock(fd, LOCK_EX, path, err);
		if (held < 0 || read_claim(fd, name, path, arena, ret_claim, err) < 0)
			return -1;
		if (held)
			return 0;
		const char *id = value_get_text(*ret_claim, "run");
		if (attempt == ATTEMPTS || (id && run_is_active(run->store, id)))
			return locked_error(run->store, name, path, *ret_claim, err);
		if (pause_between_attempts(err) < 0)
			return -1;
	}
}

int run_lock(struct run *run, const char *name, const struct value *claim, struct error *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *standing;
	if (!value_is_text(value_get(claim, "run"), run->id))
		return error_set(err, ERROR_INVALID, "the claim for lock '%s' does not name its own run", name);
	if (named_lock_path(run->store, name, &path, err) < 0)
		return -1;
	CLEANUP_CLOSE int fd = open_lock_file(path, err);
	if (fd < 0)
		return -1;
	if (holds_already(run, fd))
		return 0;
	if (take_flock(run, fd, name, path, arena, &standing, err) < 0)
		return -1;
	const char *id = value_get_text(standing, "run");
	if (!value_is_text(value_get(standing, "run"), run->id)) {
		/* A run that died between its last record and giving its locks back has left a claim that means nothing. */
		if (standing && !(id && run_has_ended(run->store, id)))
			return locked_error(run->store, name, path, standing, err);
		if (write_line_durable(fd, path, claim, err) < 0) {
			/* a claim that was not taken must not stay; nothing rests on its being gone from the disk */
			if (ftruncate(fd, 0) < 0)
				error_wrap(err, "and the claim could not be removed again");
			return -1;
		}
	}
	run->named_locks = memory_resize(run->named_locks, (run->named_locks_count + 1) * sizeof(int));
	run->named_locks[run->named_locks_count++] = take_fd(fd);
	return 0;
}

int run_unlock_all(struct run *run, struct error *err)
{
	while (run->named_locks_count) {
		int fd = run->named_locks[run->named_locks_count - 1];
		if (ftruncate(fd, 0) < 0)
			return error_set_errno(err, errno, "cannot clear the claim of a lock of run %s", run->id);
		if (file_sync(fd, "the claim of a lock", err) < 0)
			return -1;
		close(fd);
		run->named_locks_count--;
	}
	return 0;
}
