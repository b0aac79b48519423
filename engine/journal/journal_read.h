/*
 * journal_read.h - a verified line as a value: what journal_read and the tail share.
 */
#pragma once

#include "engine/base/value.h"
#include "engine/journal/journal_scan.h"

/* ERROR_CORRUPT "record 17: ..." when the line is no record although its hash is right. */
int journal_read_line(struct arena *arena, const struct journal_scan *scan, const struct journal_scan_line *line,
		      const struct value **ret_record, struct error *err);
