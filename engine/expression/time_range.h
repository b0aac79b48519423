/*
 * time_range.h - which timestamps and durations exist.
 *
 * A timestamp lies between 0001-01-01T00:00:00Z and 9999-12-31T23:59:59.999999999Z; a duration is what fits into 64 bits of
 * nanoseconds, about 292 years.
 */
#pragma once

#include "engine/expression/evaluate.h"

/* A TIMESTAMP or DURATION of that many nanoseconds, or an error if there is none. functions_time.c */
const struct value *time_from_nanoseconds(struct evaluation *evaluation, enum value_type type, __int128 nanoseconds);

/* time_text.c. The parsers give nanoseconds (of a timestamp: since 1970), not yet checked for their range. */
void append_timestamp(struct buffer *out, const struct value *timestamp);
void append_duration(struct buffer *out, const struct value *duration);
bool parse_timestamp(const char *text, __int128 *ret_nanoseconds);
bool parse_duration(const char *text, __int128 *ret_nanoseconds);
