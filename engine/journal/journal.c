/*
 * journal.c - opening, appending, reserving. The line itself is journal_frame's business, reading is journal_read's.
 *
 * Space ahead is allocated behind the file's end (FALLOC_FL_KEEP_SIZE): the size stays that of the records, so a reader never
 * sees anything but lines. It is given back when the journal is closed.
 */
#include "engine/journal/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "engine/base/arena.h"
#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/typed.h"
#include "engine/journal/journal_frame.h"
#include "engine/journal/journal_scan.h"

#define RESERVE_AHEAD ((uint64_t)1024 * 1024)
#define RESERVE_LEAST ((uint64_t)256 * 1024)

struct journal {
	char *path; /* owned */
	int fd;
	uint64_t sequence;	  /* of the last record; 0: empty */
	char head[HASH_HEX_SIZE]; /* its hash */
	uint64_t size;		  /* bytes in the file */
	uint64_t reserved;	  /* bytes allocated to it, from its start */
	bool cannot_reserve;	  /* the file system has no fallocate: only free space can be looked at */
	char *failure;		  /* owned; why nothing more is taken, or NULL */
	struct buffer line;
	void (*listener)(void *context, const struct value *record);
	void *context;
	void (*after)(void *context);
	void *after_context;
};

static int free_space_error(const struct journal *journal, uint64_t until)
{
	struct statvfs space;
	if (fstatvfs(journal->fd, &space) < 0)
		return errno;
	if (!space.f_blocks) /* a file system that does not count */
		return 0;
	return journal->size + (uint64_t)space.f_bavail * space.f_frsize < until ? ENOSPC : 0;
}

/* Make the file own its first `until` bytes. Returns an errno, or 0. */
static int reserve_until(struct journal *journal, uint64_t until)
{
	if (journal->reserved >= until)
		return 0;
	int fault = fault_hit("journal.reserve");
	if (fault)
		return fault;
	uint64_t start = journal->reserved > journal->size ? journal->reserved : journal->size;
	while (!journal->cannot_reserve) {
		if (fallocate(journal->fd, FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)(until - start)) == 0) {
			journal->reserved = until;
			return 0;
		}
		if (errno == EOPNOTSUPP || errno == ENOSYS)
			journal->cannot_reserve = true;
		else if (errno != EINTR)
			return errno;
	}
	return free_space_error(journal, until);
}

/* Best effort before a record is written: a disk that is nearly full is journal_reserve's to report. */
static void reserve_ahead(struct journal *journal, size_t length)
{
	if (!journal->cannot_reserve && journal->reserved < journal->size + length + RESERVE_LEAST)
		reserve_until(journal, journal->size + length + RESERVE_AHEAD);
}

static struct journal *journal_new(const char *path, int fd)
{
	struct journal *journal = memory_alloc(sizeof(*journal));
	journal->path = memory_strdup(path);
	journal->fd = fd;
	memcpy(journal->head, JOURNAL_NO_HASH, HASH_HEX_SIZE);
	return journal;
}

int journal_create(const char *path, struct journal **ret_journal, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create %s", path);
	if (file_sync_folder_of(path, err) < 0)
		return -1;
	*ret_journal = journal_new(path, take_fd(fd));
	reserve_ahead(*ret_journal, 0);
	return 0;
}

static int cut_torn(struct journal *journal, const struct journal_torn *torn, struct error *err)
{
	if (!torn->bytes)
		return 0;
	if (ftruncate(journal->fd, (off_t)journal->size) < 0)
		return error_set_errno(err, errno, "cannot cut the torn end of %s", journal->path);
	return file_sync(journal->fd, journal->path, err);
}

/* From the first record to the last: where the journal goes on. */
static int find_end(struct journal *journal, struct journal_torn *ret_torn, struct error *err)
{
	struct journal_scan scan;
	struct journal_scan_line line;
	int more;
	journal_scan_begin(&scan, journal->fd);
	while ((more = journal_scan_next(&scan, &line, err)) > 0) {
	}
	int result = more < 0 ? -1 : journal_scan_torn(&scan, ret_torn, err);
	journal->sequence = scan.sequence;
	journal->size = scan.end;
	memcpy(journal->head, scan.head, HASH_HEX_SIZE);
	journal_scan_free(&scan);
	return result;
}

int journal_open(const char *path, struct journal **ret_journal, struct journal_torn *ret_torn, struct error *err)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	struct journal *journal = journal_new(path, fd);
	struct journal_torn torn = {0};
	if (find_end(journal, &torn, err) < 0 || cut_torn(journal, &torn, err) < 0) {
		journal_close(journal);
		return -1;
	}
	reserve_ahead(journal, 0);
	*ret_journal = journal;
	if (ret_torn)
		*ret_torn = torn;
	return 0;
}

/* What was allocated beyond the records is freed by truncating to the size the file has. Losing that only wastes space. */
static void give_back(struct journal *journal)
{
	if (journal->failure || journal->reserved <= journal->size || lseek(journal->fd, 0, SEEK_END) != (off_t)journal->size)
		return;
	if (ftruncate(journal->fd, (off_t)journal->size) < 0)
		return;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	give_back(journal);
	close(journal->fd);
	buffer_free(&journal->line);
	free(journal->failure);
	free(journal->path);
	free(journal);
}

void journal_listen(struct journal *journal, void (*listener)(void *context, const struct value *record), void *context)
{
	journal->listener = listener;
	journal->context = context;
}

void journal_after(struct journal *journal, void (*after)(void *context), void *context)
{
	journal->after = after;
	journal->after_context = context;
}

static int refused(const struct journal *journal, struct error *err)
{
	if (!journal->failure)
		return 0;
	error_set(err, ERROR_IO, "the journal takes no more records since it failed: %s", journal->failure);
	return error_hint(err, "end this process; what is on disk can be resumed");
}

static int fault_around(const char *when, const char *kind, const struct journal *journal, struct error *err)
{
	char point[64];
	snprintf(point, sizeof(point), "%s.%s", when, kind);
	int fault = fault_hit(when);
	if (!fault)
		fault = fault_hit(point);
	return fault ? error_set_errno(err, fault, "cannot write %s", journal->path) : 0;
}

static int write_line(struct journal *journal, const char *kind, enum journal_durability durability, struct error *err)
{
	if (fault_around("journal.before", kind, journal, err) < 0)
		return -1;
	if (lseek(journal->fd, 0, SEEK_END) != (off_t)journal->size)
		return error_set(err, ERROR_CONFLICT, "another process has changed %s", journal->path);
	if (file_append(journal->fd, journal->path, journal->line.data, journal->line.length, err) < 0)
		return -1;
	if (durability == JOURNAL_SYNC && file_sync(journal->fd, journal->path, err) < 0)
		return -1;
	return fault_around("journal.after", kind, journal, err);
}

int journal_append(struct journal *journal, const char *kind, const struct value *fields, enum journal_durability durability,
		   struct error *err)
{
	if (refused(journal, err) < 0)
		return -1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	const struct value *record;
	char hash[HASH_HEX_SIZE];
	buffer_reset(&journal->line);
	if (journal_frame_format(&journal->line, journal->sequence + 1, journal->head, kind, fields, hash, err) < 0)
		return -1;
	/* What cannot be read back must not be written; and the listener is to see what a reader will. */
	if (json_parse(arena, journal->line.data, journal->line.length, &record, err) < 0)
		return error_wrap(err, "a record of kind '%s' could not be read back", kind);
	reserve_ahead(journal, journal->line.length);
	if (write_line(journal, kind, durability, &problem) < 0) {
		journal->failure = memory_strdup(error_text(&problem));
		error_move(err, &problem);
		return -1;
	}
	journal->sequence++;
	journal->size += journal->line.length;
	memcpy(journal->head, hash, HASH_HEX_SIZE);
	if (journal->listener)
		journal->listener(journal->context, typed_restore(arena, record));
	if (journal->after)
		journal->after(journal->after_context);
	return 0;
}

int journal_reserve(struct journal *journal, size_t bytes, struct error *err)
{
	if (refused(journal, err) < 0)
		return -1;
	if (journal->reserved >= journal->size + bytes)
		return 0;
	if (bytes < RESERVE_AHEAD && reserve_until(journal, journal->size + RESERVE_AHEAD) == 0)
		return 0;
	int errnum = reserve_until(journal, journal->size + bytes);
	if (!errnum)
		return 0;
	error_set_errno(err, errnum, "cannot reserve %zu bytes for %s", bytes, journal->path);
	return error_hint(err, "see that its file system can be written to, then resume");
}

int journal_sync(struct journal *journal, struct error *err)
{
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	if (refused(journal, err) < 0)
		return -1;
	if (file_sync(journal->fd, journal->path, &problem) == 0)
		return 0;
	journal->failure = memory_strdup(error_text(&problem));
	error_move(err, &problem);
	return -1;
}

const char *journal_head(const struct journal *journal)
{
	return journal->head;
}

uint64_t journal_sequence(const struct journal *journal)
{
	return journal->sequence;
}
