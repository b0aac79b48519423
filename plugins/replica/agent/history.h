/*
 * history.h - what an agent tells of a set, for `status` and `history`: files in the set's folder, each JSON.
 *
 *     history    a line a session, the newest last; bounded: the older half goes when there are HISTORY_LIMIT bytes
 *     last       the line of the last session that made a recovery point, however long ago
 *     verified   the line of the last that compared
 *     progress   the session under way, replaced a few times a second; not durable
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"

#define HISTORY_LIMIT (512u * 1024)

int history_add(const char *folder, const struct value *entry, struct error *err);
int history_keep(const char *folder, const char *name, const struct value *entry, struct error *err); /* "last"; durable */
/* The last `count` lines, the oldest first. A line that is torn is left out. */
int history_read(const char *folder, struct arena *arena, size_t count, struct value **ret_list, struct error *err);
const struct value *history_kept(const char *folder, const char *name, struct arena *arena); /* NULL: there is none */

void progress_write(const char *folder, const struct value *progress); /* for people: a failure is no matter */
const struct value *progress_read(const char *folder, struct arena *arena);
