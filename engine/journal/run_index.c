/*
 * run_index.c - STATE/index.jsonl: which runs were opened and closed, and with which head. A journal like any other
 * (journal.h), shared by all processes: each takes STATE/index.lock for as long as it appends one record.
 *
 *   run_opened  {...what the caller says, run, records, head}
 *   run_closed  {run, records, head, outcome, key}
 *
 * records and head are those of the run's journal at that moment; key is that with which its end was signed, if it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/journal/checkpoint_write.h"
#include "engine/journal/journal_scan.h"
#include "engine/journal/run_store_private.h"

static int lock_index(const struct run_store *store, struct error *err)
{
	CLEANUP_FREE char *path = file_join(store->path, "index.lock");
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "cannot lock %s", path);
	return take_fd(fd);
}

static int open_index(const struct run_store *store, struct journal **ret_journal, struct error *err)
{
	CLEANUP_FREE char *path = file_join(store->path, "index.jsonl");
	if (!file_exists(path))
		return journal_create(path, ret_journal, err);
	if (journal_open(path, ret_journal, NULL, err) == 0)
		return 0;
	if (err && err->code == ERROR_CORRUPT)
		error_hint(err, "keep the file as evidence: move it aside, and the next run begins a new index");
	return error_wrap(err, "the index of runs");
}

static int append_to_index(struct run *run, const char *kind, const struct value *fields, struct error *err)
{
	CLEANUP_CLOSE int lock = lock_index(run->store, err);
	struct journal *index;
	if (lock < 0 || open_index(run->store, &index, err) < 0)
		return -1;
	int result = journal_append(index, kind, fields, JOURNAL_SYNC, err);
	if (result == 0)
		run_checkpoint_index(run, journal_sequence(index), journal_head(index));
	journal_close(index);
	return result;
}

static void put_head(struct arena *arena, struct value *fields, const struct run *run)
{
	value_put(arena, fields, "run", value_string(arena, run->id));
	value_put(arena, fields, "records", value_int(arena, (int64_t)journal_sequence(run->journal)));
	value_put(arena, fields, "head", value_string(arena, journal_head(run->journal)));
}

int run_index_opened(struct run *run, const struct value *fields, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *all = value_map(arena);
	for (size_t i = 0; value_is(fields, VALUE_MAP) && i < fields->map.count; i++)
		if (!value_is_text(fields->map.entries[i].key,
				   "outline")) /* as long as the runbook, and of use only with its run */
			value_put_key(arena, all, fields->map.entries[i].key, fields->map.entries[i].value);
	put_head(arena, all, run);
	if (append_to_index(run, "run_opened", all, err) < 0)
		return -1;
	run_checkpoint(run);
	return 0;
}

int run_index_closed(struct run *run, const char *outcome, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *fields = value_map(arena);
	put_head(arena, fields, run);
	value_put(arena, fields, "outcome", value_string(arena, outcome));
	const char *key = run_checkpoint(run); /* before the index says that it was signed */
	if (key)
		value_put(arena, fields, "key", value_string(arena, key));
	return append_to_index(run, "run_closed", fields, err);
}

/* -------------------------------------------------------------------------------------------------------------- reading it */

static struct run_index_entry *find_entry(struct run_index *index, const char *id)
{
	for (size_t i = index->count; i-- > 0;) /* what is closed was mostly opened lately */
		if (strcmp(index->entries[i].id, id) == 0)
			return &index->entries[i];
	return NULL;
}

static struct run_index_entry *add_entry(struct run_index *index, const char *id, uint64_t records, const char *head)
{
	if (index->count == index->capacity) {
		index->capacity = index->capacity ? index->capacity * 2 : 16;
		index->entries = memory_resize(index->entries, index->capacity * sizeof(*index->entries));
	}
	struct run_index_entry *entry = &index->entries[index->count++];
	*entry = (struct run_index_entry){.opened_records = records};
	snprintf(entry->id, sizeof(entry->id), "%s", id);
	snprintf(entry->opened_head, sizeof(entry->opened_head), "%s", head);
	return entry;
}

static bool visit_record(void *context, const struct value *record)
{
	struct run_index *index = context;
	const char *id = value_get_text(record, "run"), *head = value_get_text(record, "head");
	uint64_t records = (uint64_t)value_get_int(record, "records", 0);
	index->records++;
	if (!id || !head)
		return true;
	struct run_index_entry *entry = find_entry(index, id);
	if (value_is_text(value_get(record, "kind"), "run_opened") && !entry)
		add_entry(index, id, records, head);
	if (!value_is_text(value_get(record, "kind"), "run_closed"))
		return true;
	if (!entry) /* its engine was killed before it could say that it opened the run; a resume has closed it */
		entry = add_entry(index, id, 0, "");
	entry->closed = true;
	entry->closed_records = records;
	snprintf(entry->closed_head, sizeof(entry->closed_head), "%s", head);
	const char *key = value_get_text(record, "key");
	snprintf(entry->closed_key, sizeof(entry->closed_key), "%s", key ? key : "");
	return true;
}

static int newest_first(const void *a, const void *b)
{
	return strcmp(((const struct run_index_entry *)b)->id, ((const struct run_index_entry *)a)->id);
}

int run_index_load(const struct run_store *store, struct run_index *ret_index, struct error *err)
{
	CLEANUP_FREE char *path = file_join(store->path, "index.jsonl");
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	*ret_index = (struct run_index){0};
	if (journal_read(path, visit_record, ret_index, NULL, &problem) < 0) {
		if (problem.code == ERROR_CORRUPT) {
			ret_index->problem = memory_strdup(error_text(&problem));
		} else if (problem.code != ERROR_NOT_FOUND) {
			run_index_free(ret_index);
			error_move(err, &problem);
			return -1;
		}
	}
	if (ret_index->count)
		qsort(ret_index->entries, ret_index->count, sizeof(*ret_index->entries), newest_first);
	return 0;
}

int run_index_visit(const struct run_store *store, bool (*visit)(void *context, const struct value *record), void *context,
		    struct error *err)
{
	CLEANUP_FREE char *path = file_join(store->path, "index.jsonl");
	if (!file_exists(path))
		return 0;
	return journal_read(path, visit, context, NULL, err) < 0 ? error_wrap(err, "the index of runs") : 0;
}

int run_index_has_closed(const struct run_store *store, const char *id, struct error *err)
{
	struct run_index index;
	if (run_index_load(store, &index, err) < 0)
		return -1;
	const struct run_index_entry *entry = find_entry(&index, id);
	int closed = entry && entry->closed;
	run_index_free(&index);
	return closed;
}

const struct run_index_entry *run_index_entry(const struct run_index *index, const char *id)
{
	struct run_index_entry wanted;
	snprintf(wanted.id, sizeof(wanted.id), "%s", id);
	return index->count ? bsearch(&wanted, index->entries, index->count, sizeof(wanted), newest_first) : NULL;
}

void run_index_store_name(const char *path, char ret_name[CHECKPOINT_STORE_SIZE])
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct journal_scan scan;
	struct journal_scan_line line;
	*ret_name = '\0';
	journal_scan_begin(&scan, fd);
	if (fd >= 0 && journal_scan_next(&scan, &line, NULL) > 0) {
		memcpy(ret_name, scan.head, CHECKPOINT_STORE_SIZE - 1);
		ret_name[CHECKPOINT_STORE_SIZE - 1] = '\0';
	}
	journal_scan_free(&scan);
}

void run_index_free(struct run_index *index)
{
	free(index->entries);
	free(index->problem);
	*index = (struct run_index){0};
}
