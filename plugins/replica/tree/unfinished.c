/*
 * unfinished.c - a manifest with a mark beside it.
 */
#include "plugins/replica/tree/unfinished.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/fault.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"

#define MARK_TIME  (5 * NSEC_PER_SEC)
#define MARK_BYTES (UINT64_C(256) << 20)
#define MARK_LIMIT (ENTRY_PATH_LIMIT + ENTRY_NAME_LIMIT + 512u)

struct unfinished {
	char *next, *part, *mark, *from; /* paths; from: NULL if nothing was read before */
	struct identity work;
	uint64_t seed;
	struct manifest_writer *writer;
	struct manifest_sum before; /* what the mark said; zeros */
	struct buffer last_path;    /* of the last entry */
	bool ahead;		    /* more is read than before: the part is the writer's */
	bool gave_up;		    /* there is no room for marks: it goes on without */
	uint64_t bytes;		    /* since the last mark */
	int64_t last;		    /* boottime */
};

/* --- what was read before --- */

/* The path that the mark has; NULL: it is no mark of this work. */
static char *read_mark(const struct unfinished *unfinished, struct manifest_sum *ret_sum)
{
	CLEANUP_FREE char *text = NULL;
	char work[IDENTITY_HEX], boot[PROTOCOL_BOOT_LIMIT + 1], hex[IDENTITY_HEX];
	uint64_t seed;
	size_t length;
	if (file_read(unfinished->mark, MARK_LIMIT, &text, &length, NULL) < 0)
		return NULL;
	identity_hex(&unfinished->work, hex);
	if (sscanf(text, "%32s %63s %" SCNx64 " %" SCNu64 " %" SCNx64 " %" SCNu64, work, boot, &seed, &ret_sum->length,
		   &ret_sum->sum, &ret_sum->entries) != 6)
		return NULL;
	const char *path = strchr(text, '\n');
	bool same = strcmp(work, hex) == 0 && strcmp(boot, clock_boot_id()) == 0 && seed == unfinished->seed;
	return path && same ? memory_strdup(path + 1) : NULL;
}

static void find_before(struct unfinished *unfinished)
{
	struct manifest_sum sum;
	unfinished->from = read_mark(unfinished, &sum);
	if (unfinished->from && manifest_end_at(unfinished->part, &sum, NULL) == 0)
		unfinished->before = sum;
	else
		free(take(unfinished->from));
}

int unfinished_new(const char *path, const struct identity *work, const struct identity *point, uint64_t seed,
		   struct unfinished **ret_unfinished, struct error *err)
{
	struct unfinished *unfinished = memory_alloc(sizeof(*unfinished));
	*unfinished = (struct unfinished){.next = memory_printf("%s.next", path),
					  .part = memory_printf("%s.part", path),
					  .mark = memory_printf("%s.mark", path),
					  .work = *work,
					  .seed = seed,
					  .last = clock_boottime()};
	find_before(unfinished);
	if (!unfinished->from)
		unfinished_remove(path);
	if (manifest_create(unfinished->next, point, seed, &unfinished->writer, err) < 0) {
		unfinished_free(unfinished);
		return -1;
	}
	*ret_unfinished = unfinished;
	return 0;
}

struct manifest_writer *unfinished_writer(const struct unfinished *unfinished)
{
	return unfinished->writer;
}

const char *unfinished_part(const struct unfinished *unfinished)
{
	return unfinished->from ? unfinished->part : NULL;
}

const char *unfinished_from(const struct unfinished *unfinished)
{
	return unfinished->from;
}

/* --- marks --- */

/* Until the new one is the part, the old part and its mark stand. Between the two lines nothing fits, and all is read again. */
static int write_mark(struct unfinished *unfinished)
{
	CLEANUP_BUFFER struct buffer text = {0};
	char work[IDENTITY_HEX];
	struct manifest_sum sum;
	if (manifest_flush(unfinished->writer, &sum, NULL) < 0)
		return -1;
	if (!unfinished->ahead && rename(unfinished->next, unfinished->part) < 0)
		return -1;
	unfinished->ahead = true;
	identity_hex(&unfinished->work, work);
	CLEANUP_FREE char *line =
		memory_printf("%s %s %" PRIx64 " %" PRIu64 " %" PRIx64 " %" PRIu64 "\n%s", work, clock_boot_id(),
			      unfinished->seed, sum.length, sum.sum, sum.entries, buffer_text(&unfinished->last_path));
	return file_write_durable(unfinished->mark, line, strlen(line), 0600, NULL);
}

static void mark(struct unfinished *unfinished)
{
	unfinished->gave_up = write_mark(unfinished) < 0;
	unfinished->bytes = 0;
	unfinished->last = clock_boottime();
	fault_hit("mark");
}

static void set_last_path(struct unfinished *unfinished, const char *folder, const char *name)
{
	buffer_reset(&unfinished->last_path);
	buffer_append(&unfinished->last_path, folder, strlen(folder));
	if (*folder)
		buffer_add_char(&unfinished->last_path, '/');
	buffer_append(&unfinished->last_path, name, strlen(name));
}

void unfinished_entry(struct unfinished *unfinished, const char *folder, const struct entry *entry)
{
	if (!unfinished || unfinished->gave_up)
		return;
	unfinished->bytes += entry->meta.size;
	set_last_path(unfinished, folder, entry->name);
	bool due = unfinished->bytes >= MARK_BYTES || clock_boottime() - unfinished->last >= MARK_TIME;
	if (due && manifest_entries(unfinished->writer) > unfinished->before.entries)
		mark(unfinished);
}

int unfinished_end(struct unfinished *unfinished, const char **ret_path, struct error *err)
{
	mark(unfinished);
	if (manifest_finish(unfinished->writer, false, err) < 0)
		return -1;
	*ret_path = unfinished->ahead ? unfinished->part : unfinished->next;
	return 0;
}

void unfinished_free(struct unfinished *unfinished)
{
	if (!unfinished)
		return;
	manifest_free(unfinished->writer);
	buffer_free(&unfinished->last_path);
	free(unfinished->next);
	free(unfinished->part);
	free(unfinished->mark);
	free(unfinished->from);
	free(unfinished);
}

void unfinished_remove(const char *path)
{
	static const char *const ends[] = {".mark", ".part", ".next"};
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		CLEANUP_FREE char *file = memory_printf("%s%s", path, ends[i]);
		unlink(file);
	}
}
