/*
 * run_store.c - the state directory and its run directories: making, finding, opening. Locks, index and content have files of
 * their own.
 */
#include "engine/journal/run_store.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/journal/checkpoint_write.h"
#include "engine/journal/run_store_private.h"

#define ID_FORM	    "00000000-000000-hhhh" /* 0: a digit, h: a hexadecimal digit; more of these may follow */
#define ID_ATTEMPTS 1000

static char *default_path(void)
{
	const char *path = getenv("STANDIN_STATE");
	if (path && *path)
		return memory_strdup(path);
	if (geteuid() == 0)
		return memory_strdup("/var/lib/standin");
	path = getenv("XDG_STATE_HOME");
	if (path && *path == '/') /* the specification says to ignore relative ones */
		return file_join(path, "standin");
	path = getenv("HOME");
	return path && *path ? file_join(path, ".local/state/standin") : NULL;
}

/* A real folder, ours, that nobody else can write to: otherwise a journal proves nothing. */
static int check_folder(const char *path, struct error *err)
{
	struct stat status;
	if (lstat(path, &status) < 0)
		return error_set_errno(err, errno, "cannot look at the state directory %s", path);
	if (!S_ISDIR(status.st_mode))
		return error_set(err, ERROR_INVALID, "%s, which is to hold runs, is not a directory", path);
	if (status.st_uid != geteuid()) {
		error_set(err, ERROR_INVALID, "the state directory %s belongs to user id %u", path, (unsigned)status.st_uid);
		return error_hint(err, "run standin as that user, or set STANDIN_STATE to a directory of your own");
	}
	if (status.st_mode & (S_IWGRP | S_IWOTH)) {
		error_set(err, ERROR_INVALID, "other users can write to the state directory %s", path);
		return error_hint(err, "chmod 700 %s", path);
	}
	return 0;
}

static int make_folder(const struct run_store *store, const char *name, struct error *err)
{
	CLEANUP_FREE char *path = file_join(store->path, name);
	if (file_make_folders(path, 0700, err) < 0)
		return -1;
	return check_folder(path, err);
}

bool run_store_exists(const char *path)
{
	CLEANUP_FREE char *chosen = path ? memory_strdup(path) : default_path();
	return chosen && file_exists(chosen);
}

int run_store_open(const char *path, struct run_store **ret_store, struct error *err)
{
	CLEANUP_FREE char *chosen = path ? memory_strdup(path) : default_path();
	if (!chosen || !*chosen)
		return error_set(err, ERROR_INVALID, "there is no place for the state directory: set STANDIN_STATE");
	size_t length = strlen(chosen);
	while (length > 1 && chosen[length - 1] == '/')
		chosen[--length] = '\0';
	struct stat status;
	if (stat(chosen, &status) < 0 && file_make_folders(chosen, 0700, err) < 0)
		return -1;
	char *real = realpath(chosen, NULL); /* the state directory itself may be reached by a link; what is in it may not */
	if (!real)
		return error_set_errno(err, errno, "cannot look at the state directory %s", chosen);
	struct run_store *store = memory_alloc(sizeof(*store));
	store->path = real;
	if (check_folder(real, err) < 0 || make_folder(store, "runs", err) < 0 || make_folder(store, "locks", err) < 0) {
		run_store_close(store);
		return -1;
	}
	*ret_store = store;
	return 0;
}

int run_store_open_existing(const char *path, struct run_store **ret_store, struct error *err)
{
	CLEANUP_FREE char *chosen = path ? memory_strdup(path) : default_path();
	CLEANUP_FREE char *runs = chosen && *chosen ? file_join(chosen, "runs") : NULL;
	if (!runs || file_exists(runs))
		return run_store_open(path, ret_store, err);
	if (file_exists(chosen))
		error_set(err, ERROR_NOT_FOUND, "%s is no state directory: it has no folder \"runs\"", chosen);
	else
		error_set(err, ERROR_NOT_FOUND, "there is no state directory %s", chosen);
	return error_hint(
		err, "nothing was made there; --state or STANDIN_STATE says where the runs are, and `standin run` begins one");
}

void run_store_close(struct run_store *store)
{
	if (!store)
		return;
	free(store->path);
	free(store);
}

const char *run_store_path(const struct run_store *store)
{
	return store->path;
}

uint64_t run_store_free_bytes(const struct run_store *store)
{
	struct statvfs space;
	return statvfs(store->path, &space) < 0 ? 0 : (uint64_t)space.f_bavail * space.f_frsize;
}

char *run_folder(const struct run_store *store, const char *id)
{
	return memory_printf("%s/runs/%s", store->path, id);
}

char *run_journal_path(const struct run_store *store, const char *id)
{
	return memory_printf("%s/runs/%s/journal.jsonl", store->path, id);
}

static bool is_id(const char *name)
{
	const char *form = ID_FORM;
	for (; *form && *name; form++, name++) {
		bool fits = *form == '0'   ? isdigit((unsigned char)*name)
			    : *form == 'h' ? isdigit((unsigned char)*name) || (*name >= 'a' && *name <= 'f')
					   : *name == *form;
		if (!fits)
			return false;
	}
	return !*form && strspn(name, "0123456789abcdef") == strlen(name);
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

static void free_ids(char **ids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(ids[i]);
	free(ids);
}

int run_list(struct run_store *store, char ***ret_ids, size_t *ret_count, struct error *err)
{
	CLEANUP_FREE char *path = file_join(store->path, "runs");
	DIR *folder = opendir(path);
	if (!folder)
		return error_set_errno(err, errno, "cannot list %s", path);
	char **ids = memory_alloc(sizeof(*ids)); /* never NULL */
	size_t count = 0;
	for (struct dirent *entry; (entry = readdir(folder));) {
		if (!is_id(entry->d_name))
			continue;
		ids = memory_resize(ids, (count + 1) * sizeof(*ids));
		ids[count++] = memory_strdup(entry->d_name);
	}
	closedir(folder);
	qsort(ids, count, sizeof(*ids), newest_first);
	*ret_ids = ids;
	*ret_count = count;
	return 0;
}

static int choose(char *const *ids, size_t count, const char *id, const char **ret_id, struct error *err)
{
	const char *found = NULL;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(id, "latest") != 0 && strncmp(ids[i], id, strlen(id)) != 0)
			continue;
		if (found) {
			error_set(err, ERROR_INVALID, "more than one run begins with '%s'", id);
			return error_hint(err, "it could be %s or %s", found, ids[i]);
		}
		found = ids[i];
		if (strcmp(id, "latest") == 0 || strcmp(id, found) == 0)
			break;
	}
	if (!found || !*id) {
		error_set(err, ERROR_NOT_FOUND, count ? "there is no run '%s'" : "there is no run '%s': none was ever started",
			  id);
		const char *near = suggest(id, (const char *const *)ids, count);
		return near ? error_hint(err, "did you mean %s?", near) : -1;
	}
	*ret_id = found;
	return 0;
}

int run_find(struct run_store *store, const char *id, char **ret_id, struct error *err)
{
	char **ids;
	size_t count;
	const char *found = NULL;
	if (run_list(store, &ids, &count, err) < 0)
		return -1;
	int result = choose(ids, count, id, &found, err);
	if (result == 0)
		*ret_id = memory_strdup(found);
	free_ids(ids, count);
	return result;
}

static struct run *run_new(struct run_store *store, const char *id)
{
	struct run *run = memory_alloc(sizeof(*run));
	snprintf(run->id, sizeof(run->id), "%s", id);
	run->folder = run_folder(store, id);
	run->store = store;
	run->lock_fd = -1;
	return run;
}

/* UTC to the second, then the 65536th part of it: ids sort by time also within a second. Then chance: scopes on hosts are
 * named after their run, and two controllers that start at the same moment know nothing of each other. */
static void make_id(char ret_id[32])
{
	int64_t wall = clock_wall();
	uint16_t chance;
	if (getrandom(&chance, sizeof(chance), 0) < 0)
		chance = (uint16_t)getpid();
	time_t seconds = (time_t)(wall / NSEC_PER_SEC);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	size_t length = strftime(ret_id, 32, "%Y%m%d-%H%M%S", &tm);
	snprintf(ret_id + length, 32 - length, "-%04x%04x", (unsigned)((wall % NSEC_PER_SEC) * 65536 / NSEC_PER_SEC) & 0xffff,
		 chance);
}

/* mkdir decides who has an id: it fails for the second one. */
static int make_run_folder(struct run_store *store, struct run **ret_run, struct error *err)
{
	for (unsigned attempt = 0; attempt < ID_ATTEMPTS; attempt++) {
		char id[32];
		make_id(id);
		CLEANUP_FREE char *path = run_folder(store, id);
		if (mkdir(path, 0700) == 0) {
			*ret_run = run_new(store, id);
			return file_sync_folder_of(path, err);
		}
		if (errno != EEXIST)
			return error_set_errno(err, errno, "cannot make the run directory %s", path);
		nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL); /* until the next part of a second */
	}
	return error_set(err, ERROR_CONFLICT, "no free run id was found: does the clock stand still?");
}

static int make_subfolder(const struct run *run, const char *name, struct error *err)
{
	CLEANUP_FREE char *path = file_join(run->folder, name);
	return file_make_folders(path, 0700, err);
}

int run_create(struct run_store *store, struct run **ret_run, struct error *err)
{
	struct run *run = NULL;
	int result = make_run_folder(store, &run, err);
	if (result == 0)
		result = run_lock_process(run, err);
	if (result == 0)
		result = make_subfolder(run, "content", err);
	if (result == 0)
		result = make_subfolder(run, "inbox", err);
	if (result == 0) {
		CLEANUP_FREE char *path = run_journal_path(store, run->id);
		result = journal_create(path, &run->journal, err);
	}
	if (result < 0) {
		run_close(run);
		return -1;
	}
	*ret_run = run;
	return 0;
}

static int open_journal(struct run *run, struct journal_torn *ret_torn, struct error *err)
{
	CLEANUP_FREE char *path = run_journal_path(run->store, run->id);
	if (file_exists(path))
		return journal_open(path, &run->journal, ret_torn, err) < 0 ? error_wrap(err, "run %s", run->id) : 0;
	error_set(err, ERROR_NOT_FOUND, "run %s has no journal: it was never begun, or the journal was removed", run->id);
	return error_hint(err, "standin audit verify says which; a run that was never begun has done nothing");
}

int run_open(struct run_store *store, const char *id, struct run **ret_run, struct journal_torn *ret_torn, struct error *err)
{
	CLEANUP_FREE char *full_id = NULL;
	if (run_find(store, id, &full_id, err) < 0)
		return -1;
	struct run *run = run_new(store, full_id);
	if (check_folder(run->folder, err) < 0 || run_lock_process(run, err) < 0 || open_journal(run, ret_torn, err) < 0) {
		run_close(run);
		return -1;
	}
	*ret_run = run;
	return 0;
}

void run_close(struct run *run)
{
	if (!run)
		return;
	run_checkpoints_end(run);
	journal_close(run->journal);
	for (size_t i = 0; i < run->named_locks_count; i++)
		close(run->named_locks[i]);
	free(run->named_locks);
	closep(&run->lock_fd);
	free(run->folder);
	free(run);
}
