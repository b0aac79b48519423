/*
 * checkpoint_write.c - see checkpoint_write.h.
 */
#include "engine/journal/checkpoint_write.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/journal/run_store_private.h"

struct run_checkpoints {
	struct checkpoint_policy policy;
	char store[CHECKPOINT_STORE_SIZE]; /* "": not known yet */
	uint64_t records;		   /* of the last checkpoint */
	int64_t made;			   /* boottime; when that was */
	bool is_signed;			   /* and whether it stands signed on disk */
};

static void warn(const struct run_checkpoints *checkpoints, struct error *err)
{
	CLEANUP_FREE char *text = memory_printf("no checkpoint was made: %s", error_text(err));
	checkpoints->policy.warn(checkpoints->policy.context, text);
	error_clear(err);
}

/* What a writer that died has left of a line. */
static int cut_torn(int fd, const char *path, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read_fd(fd, path, FILE_NO_LIMIT, &text, &length, err) < 0)
		return -1;
	const char *last = length ? memrchr(text, '\n', length) : NULL;
	size_t whole = last ? (size_t)(last + 1 - text) : 0;
	if (whole < length && ftruncate(fd, (off_t)whole) < 0)
		return error_set_errno(err, errno, "cannot cut the torn end of %s", path);
	return 0;
}

static int keep(const char *path, const struct buffer *line, struct error *err)
{
	bool is_new = !file_exists(path);
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	if (cut_torn(fd, path, err) < 0 || file_append(fd, path, line->data, line->length, err) < 0 ||
	    file_sync(fd, path, err) < 0)
		return -1;
	return is_new ? file_sync_folder_of(path, err) : 0;
}

/* true: it is on disk, signed. */
static bool state(struct run_checkpoints *checkpoints, const char *path, const struct checkpoint *checkpoint)
{
	const struct checkpoint_policy *policy = &checkpoints->policy;
	CLEANUP_BUFFER struct buffer line = {0};
	struct error err = ERROR_NONE;
	bool kept = false;
	checkpoint_format(&line, checkpoint, policy->key);
	if (policy->key)
		kept = keep(path, &line, &err) == 0;
	if (err.code)
		warn(checkpoints, &err);
	if (policy->anchors)
		anchors_export(policy->anchors, line.data, line.length, policy->warn, policy->context);
	return kept;
}

static bool knows_store(struct run *run)
{
	CLEANUP_FREE char *path = file_join(run->store->path, "index.jsonl");
	if (!*run->checkpoints->store)
		run_index_store_name(path, run->checkpoints->store);
	return *run->checkpoints->store;
}

const char *run_checkpoint(struct run *run)
{
	struct run_checkpoints *checkpoints = run->checkpoints;
	struct error err = ERROR_NONE;
	if (!checkpoints || !journal_sequence(run->journal) || !knows_store(run))
		return NULL;
	if (checkpoints->records != journal_sequence(run->journal)) {
		CLEANUP_FREE char *path = file_join(run->folder, "checkpoints.jsonl");
		struct checkpoint checkpoint = {.records = journal_sequence(run->journal)};
		if (journal_sync(run->journal, &err) < 0) {
			warn(checkpoints, &err);
			return NULL;
		}
		memcpy(checkpoint.store, checkpoints->store, sizeof(checkpoint.store));
		memcpy(checkpoint.run, run->id, sizeof(checkpoint.run));
		memcpy(checkpoint.head, journal_head(run->journal), sizeof(checkpoint.head));
		checkpoints->records = checkpoint.records;
		checkpoints->made = clock_boottime();
		checkpoints->is_signed = state(checkpoints, path, &checkpoint);
	}
	return checkpoints->is_signed ? audit_key_name(checkpoints->policy.key) : NULL;
}

void run_checkpoint_index(struct run *run, uint64_t records, const char *head)
{
	struct checkpoint checkpoint = {.run = CHECKPOINT_INDEX, .records = records};
	if (!run->checkpoints || !knows_store(run))
		return;
	CLEANUP_FREE char *path = file_join(run->store->path, "checkpoints.jsonl");
	memcpy(checkpoint.store, run->checkpoints->store, sizeof(checkpoint.store));
	memcpy(checkpoint.head, head, sizeof(checkpoint.head));
	state(run->checkpoints, path, &checkpoint);
}

static void after_append(void *context)
{
	struct run *run = context;
	const struct run_checkpoints *checkpoints = run->checkpoints;
	if (journal_sequence(run->journal) >= checkpoints->records + checkpoints->policy.every_records ||
	    clock_boottime() >= checkpoints->made + checkpoints->policy.every_time)
		run_checkpoint(run);
}

void run_checkpoints_begin(struct run *run, const struct checkpoint_policy *policy)
{
	run->checkpoints = memory_alloc(sizeof(*run->checkpoints));
	run->checkpoints->policy = *policy;
	run->checkpoints->made = clock_boottime();
	journal_after(run->journal, after_append, run);
}

void run_checkpoints_end(struct run *run)
{
	struct run_checkpoints *checkpoints = run->checkpoints;
	if (!checkpoints)
		return;
	run_checkpoint(run);
	journal_after(run->journal, NULL, NULL);
	if (checkpoints->policy.anchors)
		anchors_finish(checkpoints->policy.anchors, checkpoints->policy.warn, checkpoints->policy.context);
	free(checkpoints);
	run->checkpoints = NULL;
}
