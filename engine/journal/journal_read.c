/*
 * journal_read.c - the records of a journal as values, verified on the way. Never writes.
 */
#include <errno.h>
#include <fcntl.h>

#include "engine/base/arena.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/typed.h"
#include "engine/journal/journal.h"
#include "engine/journal/journal_read.h"
#include "engine/journal/journal_scan.h"

int journal_read_line(struct arena *arena, const struct journal_scan *scan, const struct journal_scan_line *line,
		      const struct value **ret_record, struct error *err)
{
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	if (json_parse(arena, line->text, line->length, ret_record, &problem) < 0)
		return error_set(err, ERROR_CORRUPT, "record %llu: %s", (unsigned long long)scan->sequence,
				 error_text(&problem));
	*ret_record = typed_restore(arena, *ret_record);
	if (!value_get_text(*ret_record, "kind") || !value_get_text(*ret_record, "wall"))
		return error_set(err, ERROR_CORRUPT, "record %llu: it lacks parts of the frame",
				 (unsigned long long)scan->sequence);
	return 0;
}

static int visit_all(struct journal_scan *scan, bool (*visit)(void *context, const struct value *record), void *context,
		     struct journal_torn *ret_torn, struct error *err)
{
	struct journal_scan_line line;
	int more;
	while ((more = journal_scan_next(scan, &line, err)) > 0) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		const struct value *record;
		if (journal_read_line(arena, scan, &line, &record, err) < 0)
			return -1;
		if (!visit(context, record))
			return 0;
	}
	return more < 0 ? -1 : journal_scan_torn(scan, ret_torn, err);
}

int journal_read(const char *path, bool (*visit)(void *context, const struct value *record), void *context,
		 struct journal_torn *ret_torn, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	struct journal_torn torn = {0};
	struct journal_scan scan;
	journal_scan_begin(&scan, fd);
	int result = visit_all(&scan, visit, context, &torn, err);
	journal_scan_free(&scan);
	if (result == 0 && ret_torn)
		*ret_torn = torn;
	return result;
}
