/*
 * verdict.c - see verdict.h.
 */
#include "engine/cli/verdict.h"

#include <string.h>

static bool is_anchor(const struct run_verdict *verdict)
{
	return strcmp(verdict->id, "anchor") == 0;
}

static void put_signature(struct buffer *out, const struct run_verdict *verdict)
{
	uint64_t signed_records = verdict->signed_records ? verdict->signed_records : verdict->unknown_signed;
	if (!signed_records) {
		buffer_add(out, "; unsigned");
		return;
	}
	buffer_add(out, "; signed");
	if (signed_records < verdict->records)
		buffer_printf(out, " up to record %llu", (unsigned long long)signed_records);
	buffer_printf(out, " by %.16s", verdict->signed_by);
	if (!verdict->signed_records)
		buffer_add(out, ", of whom nothing is known here (--key)");
}

static void put_torn(struct buffer *out, const struct run_verdict *verdict)
{
	if (verdict->torn)
		buffer_printf(out, "; torn tail behind its last record (bytes: %llu)", (unsigned long long)verdict->torn);
	if (verdict->torn_checkpoints)
		buffer_printf(out, "; torn tail behind its last checkpoint (bytes: %llu)",
			      (unsigned long long)verdict->torn_checkpoints);
}

void verdict_text(struct buffer *out, const struct run_verdict *verdict)
{
	buffer_add(out, verdict->problem ? verdict->problem : "verified");
	if (!verdict->problem && verdict->records && !is_anchor(verdict))
		put_signature(out, verdict);
	if (!verdict->problem && verdict->records && verdict->anchored_records == verdict->records)
		buffer_add(out, "; anchored");
	if (!verdict->problem && verdict->tail)
		buffer_printf(out, "; %s", verdict->tail);
	if (!verdict->problem)
		put_torn(out, verdict);
}

void verdict_signature(struct buffer *out, const struct run_verdict *verdict)
{
	uint64_t records = verdict->signed_records ? verdict->signed_records : verdict->unknown_signed;
	if (!records) {
		buffer_add(out, "none: the controller had no audit key");
		return;
	}
	buffer_printf(out, "Ed25519 %s, %s, ", verdict->signed_by, verdict->signed_at);
	if (records < verdict->records)
		buffer_printf(out, "up to record %llu", (unsigned long long)records);
	else
		buffer_add(out, "to its end");
	buffer_add(out, verdict->signed_records ? "; the key is trusted here" : "; of this key nothing is known here");
}

void verdict_anchor(struct buffer *out, const struct run_verdict *verdict)
{
	if (verdict->anchored_records)
		buffer_printf(out, "record %llu was exported at %s", (unsigned long long)verdict->anchored_records,
			      verdict->anchored_at);
	else
		buffer_add(out, "none was given: that the newest runs are all there is not proven by this page");
}

static const struct value *text_or_null(struct arena *arena, const char *text)
{
	return text ? value_string(arena, text) : value_null();
}

static const struct value *number_or_null(struct arena *arena, uint64_t number)
{
	return number ? value_int(arena, (int64_t)number) : value_null();
}

static const struct value *signature_value(struct arena *arena, const struct run_verdict *verdict)
{
	uint64_t records = verdict->signed_records ? verdict->signed_records : verdict->unknown_signed;
	struct value *map = value_map(arena);
	if (!records)
		return value_null();
	value_put(arena, map, "records", number_or_null(arena, records));
	value_put(arena, map, "key", text_or_null(arena, verdict->signed_by));
	value_put(arena, map, "at", text_or_null(arena, verdict->signed_at));
	value_put(arena, map, "trusted", value_bool(verdict->signed_records != 0));
	return map;
}

static const struct value *anchor_value(struct arena *arena, const struct run_verdict *verdict)
{
	struct value *map = value_map(arena);
	if (!verdict->anchored_records)
		return value_null();
	value_put(arena, map, "records", number_or_null(arena, verdict->anchored_records));
	value_put(arena, map, "at", text_or_null(arena, verdict->anchored_at));
	return map;
}

const struct value *verdict_value(struct arena *arena, const struct run_verdict *verdict)
{
	struct value *map = value_map(arena);
	if (!is_anchor(verdict))
		value_put(arena, map, "run", value_string(arena, verdict->id));
	value_put(arena, map, is_anchor(verdict) ? "heads" : "records", value_int(arena, (int64_t)verdict->records));
	value_put(arena, map, "verdict",
		  value_string(arena, verdict->problem ? "damaged"
				      : verdict->tail  ? "unproven"
						       : "verified"));
	value_put(arena, map, "problem", text_or_null(arena, verdict->problem));
	value_put(arena, map, "tail", text_or_null(arena, verdict->tail));
	if (is_anchor(verdict))
		return map;
	value_put(arena, map, "record", number_or_null(arena, verdict->record));
	value_put(arena, map, "torn", value_int(arena, (int64_t)verdict->torn));
	value_put(arena, map, "torn_checkpoints", value_int(arena, (int64_t)verdict->torn_checkpoints));
	value_put(arena, map, "head", text_or_null(arena, verdict->head));
	value_put(arena, map, "signed", signature_value(arena, verdict));
	value_put(arena, map, "anchored", anchor_value(arena, verdict));
	return map;
}
