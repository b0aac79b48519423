/*
 * run_verify.c - does what is on disk hang together: each journal's chain, the index, and whether they agree. Reads only.
 *
 * What it proves rests on the last hash: a closed run's is in the index, the index's own is the one to note elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/journal/journal_frame.h"
#include "engine/journal/journal_scan.h"
#include "engine/journal/run_store_private.h"

struct finding { /* what a journal says by itself */
	uint64_t records;
	char head[HASH_HEX_SIZE];
	bool opened_matches; /* the record that the index saw last when the run was opened is the same */
	bool ended;	     /* its last record is run_finished or abandoned */
};

static const char cannot_vouch[] = "the index does not verify and cannot vouch for it";

typedef void (*report_function)(void *context, const char *id, uint64_t records, const char *problem);

static int scan_journal(int fd, const struct run_index_entry *entry, struct finding *ret_finding, struct error *err)
{
	struct journal_scan scan;
	struct journal_scan_line line;
	struct journal_torn torn;
	int more;
	*ret_finding = (struct finding){.opened_matches = entry && entry->opened_records == 0};
	journal_scan_begin(&scan, fd);
	while ((more = journal_scan_next(&scan, &line, err)) > 0) {
		if (entry && scan.sequence == entry->opened_records)
			ret_finding->opened_matches = strcmp(scan.head, entry->opened_head) == 0;
		ret_finding->ended = journal_frame_is(line.text, line.length, "run_finished") ||
				     journal_frame_is(line.text, line.length, "abandoned");
	}
	int result = more < 0 ? -1 : journal_scan_torn(&scan, &torn, err);
	ret_finding->records = scan.sequence;
	memcpy(ret_finding->head, scan.head, HASH_HEX_SIZE);
	journal_scan_free(&scan);
	return result;
}

static int scan_run(const struct run_store *store, const char *id, const struct run_index_entry *entry,
		    struct finding *ret_finding, struct error *err)
{
	*ret_finding = (struct finding){0};
	CLEANUP_FREE char *path = run_journal_path(store, id);
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open its journal");
	return scan_journal(fd, entry, ret_finding, err);
}

bool run_has_ended(const struct run_store *store, const char *id)
{
	struct finding finding;
	return scan_run(store, id, NULL, &finding, NULL) == 0 && finding.ended;
}

/* What the index says against what the journal says. NULL: they agree. malloc'ed. */
static char *compare(const struct run_index_entry *entry, const struct finding *finding, const struct run_index *index)
{
	unsigned long long found = finding->records, closed = entry->closed_records, opened = entry->opened_records;
	if (found < opened)
		return memory_printf("records are missing: it has %llu, and had %llu when it was opened", found, opened);
	if (!finding->opened_matches)
		return memory_strdup("it is not the journal that the index knows: another one stands in its place");
	if (!entry->closed)
		return memory_strdup(index->problem ? cannot_vouch : RUN_TAIL_UNPROVEN);
	if (found < closed)
		return memory_printf("records are missing: it has %llu, and had %llu when it was closed", found, closed);
	if (strcmp(finding->head, entry->closed_head) != 0)
		return found > closed ? memory_printf("it goes on after it was closed: %llu records, %llu when it was closed",
						      found, closed)
				      : memory_strdup("its last record is not the one with which it was closed");
	return NULL;
}

static void verify_run(const struct run_store *store, const char *id, const struct run_index_entry *entry,
		       const struct run_index *index, report_function report, void *context)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *folder = run_folder(store, id);
	CLEANUP_FREE char *problem = NULL;
	struct finding finding = {0};
	if (!file_exists(folder))
		problem = memory_strdup("its directory is gone");
	else if (scan_run(store, id, entry, &finding, &err) < 0 && (entry || err.code != ERROR_NOT_FOUND))
		problem = memory_strdup(error_text(&err));
	else if (entry)
		problem = compare(entry, &finding, index);
	else if (finding.records) /* without records it was never begun: nothing to vouch for */
		problem = memory_strdup(index->problem ? cannot_vouch : "it is not in the index");
	report(context, id, finding.records, problem);
}

/* Both lists are sorted, newest first: merge them. */
static void verify_all(const struct run_store *store, char *const *ids, size_t count, const struct run_index *index,
		       report_function report, void *context)
{
	size_t i = 0, j = 0;
	while (i < count || j < index->count) {
		int order = i == count ? -1 : j == index->count ? 1 : strcmp(ids[i], index->entries[j].id);
		if (order > 0)
			verify_run(store, ids[i], NULL, index, report, context);
		else
			verify_run(store, index->entries[j].id, &index->entries[j], index, report, context);
		i += order >= 0;
		j += order <= 0;
	}
}

static int verify_one(struct run_store *store, const char *id, const struct run_index *index, report_function report,
		      void *context, struct error *err)
{
	CLEANUP_FREE char *found = NULL;
	const struct run_index_entry *entry = NULL;
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	if (run_find(store, id, &found, &problem) < 0)
		found = memory_strdup(id); /* a run whose directory is gone can still be named in full */
	for (size_t i = 0; i < index->count && !entry; i++)
		if (strcmp(index->entries[i].id, found) == 0)
			entry = &index->entries[i];
	if (!entry && problem.code) {
		error_move(err, &problem);
		return -1;
	}
	verify_run(store, found, entry, index, report, context);
	return 0;
}

int run_store_verify(struct run_store *store, const char *id, report_function report, void *context, struct error *err)
{
	struct run_index index;
	if (run_index_load(store, &index, err) < 0)
		return -1;
	char **ids = NULL;
	size_t count = 0;
	int result = id ? verify_one(store, id, &index, report, context, err) : run_list(store, &ids, &count, err);
	if (result == 0 && !id)
		verify_all(store, ids, count, &index, report, context);
	if (result == 0 && (!id || index.problem))
		report(context, "index", index.records, index.problem);
	for (size_t i = 0; i < count; i++)
		free(ids[i]);
	free(ids);
	run_index_free(&index);
	return result;
}
