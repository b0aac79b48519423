/*
 * journal_frame.c - one record as a line. Checking looks only at the fixed places of the frame, so that a million records are
 * verified at the speed of the digest.
 */
#include "engine/journal/journal_frame.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/typed.h"

#define HASH_LENGTH	      (HASH_HEX_SIZE - 1)
#define SEQUENCE_DIGITS_LIMIT 19

static const char head_seq[] = "{\"seq\":";
static const char head_prev[] = ",\"prev\":\"";
static const char tail_hash[] = ",\"hash\":\"";
static const char tail_end[] = "\"}";

#define TEXT_LENGTH(array) (sizeof(array) - 1)
#define TAIL_LENGTH	   (TEXT_LENGTH(tail_hash) + HASH_LENGTH + TEXT_LENGTH(tail_end))

static int refuse_frame_keys(const struct value *fields, struct error *err)
{
	static const char *const keys[] = {"seq", "prev", "wall", "up", "boot", "kind", "hash"};
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (value_get(fields, keys[i]))
			return error_set(err, ERROR_INVALID, "a record's field cannot be called '%s': the frame has it",
					 keys[i]);
	return 0;
}

/* The members of a map without its braces, each with a comma before it. */
static int format_fields(struct buffer *out, const struct value *fields, struct error *err)
{
	if (!fields)
		return 0;
	if (fields->type != VALUE_MAP || fields->secret)
		return error_set(err, ERROR_INVALID, "the fields of a record must be a map that is not secret as a whole");
	if (refuse_frame_keys(fields, err) < 0)
		return -1;
	if (!fields->map.count)
		return 0;
	size_t start = out->length;
	CLEANUP_ARENA struct arena *arena = arena_new();
	json_format(out, typed_mark(arena, fields), JSON_COMPACT);
	out->data[start] = ',';
	out->data[--out->length] = '\0';
	return 0;
}

int journal_frame_format(struct buffer *out, uint64_t sequence, const char *prev, const char *kind, const struct value *fields,
			 char ret_hash[HASH_HEX_SIZE], struct error *err)
{
	size_t start = out->length;
	char wall[CLOCK_TEXT_SIZE];
	clock_format_wall(clock_wall(), wall);
	buffer_printf(out, "%s%llu%s%s\",\"wall\":\"%s\",\"up\":%lld,\"boot\":", head_seq, (unsigned long long)sequence,
		      head_prev, prev, wall, (long long)clock_boottime());
	json_quote(out, clock_boot_id(), strlen(clock_boot_id()));
	buffer_add(out, ",\"kind\":");
	json_quote(out, kind, strlen(kind));
	if (format_fields(out, fields, err) < 0)
		return -1;
	hash_hex(out->data + start, out->length - start, ret_hash);
	buffer_printf(out, "%s%s%s\n", tail_hash, ret_hash, tail_end);
	if (out->length - start > JOURNAL_RECORD_LIMIT)
		return error_set(err, ERROR_LIMIT, "a record of %zu bytes is larger than the journal takes",
				 out->length - start);
	return 0;
}

static bool skip(const char **text, const char *end, const char *expected, size_t length)
{
	if ((size_t)(end - *text) < length || memcmp(*text, expected, length) != 0)
		return false;
	*text += length;
	return true;
}

/* Canonical: no sign, no leading zero. */
static bool skip_sequence(const char **text, const char *end, uint64_t *ret_sequence)
{
	const char *start = *text;
	uint64_t sequence = 0;
	while (*text < end && **text >= '0' && **text <= '9' && *text - start < SEQUENCE_DIGITS_LIMIT)
		sequence = sequence * 10 + (uint64_t)(*(*text)++ - '0');
	*ret_sequence = sequence;
	return *text > start && *start != '0';
}

static bool find_frame(const char *text, size_t length, uint64_t *ret_sequence, const char **ret_prev, const char **ret_hash)
{
	if (length < TAIL_LENGTH)
		return false;
	const char *body_end = text + length - TAIL_LENGTH;
	const char *hash = body_end;
	const char *end = text + length - TEXT_LENGTH(tail_end);
	if (!skip(&hash, text + length, tail_hash, TEXT_LENGTH(tail_hash)) ||
	    memcmp(end, tail_end, TEXT_LENGTH(tail_end)) != 0 || !skip(&text, body_end, head_seq, TEXT_LENGTH(head_seq)) ||
	    !skip_sequence(&text, body_end, ret_sequence) || !skip(&text, body_end, head_prev, TEXT_LENGTH(head_prev)) ||
	    body_end - text <= HASH_LENGTH || text[HASH_LENGTH] != '"')
		return false;
	*ret_prev = text;
	*ret_hash = hash;
	return true;
}

int journal_frame_check(const char *text, size_t length, uint64_t sequence, const char *prev, char ret_hash[HASH_HEX_SIZE],
			struct error *err)
{
	uint64_t said_sequence;
	const char *said_prev, *said_hash;
	unsigned long long number = sequence;
	if (!find_frame(text, length, &said_sequence, &said_prev, &said_hash))
		return error_set(err, ERROR_CORRUPT, "record %llu: it does not have the form of a record", number);
	char hash[HASH_HEX_SIZE];
	hash_hex(text, length - TAIL_LENGTH, hash);
	if (memcmp(hash, said_hash, HASH_LENGTH) != 0)
		return error_set(err, ERROR_CORRUPT, "record %llu: its hash does not match its content", number);
	if (said_sequence != sequence)
		return error_set(err, ERROR_CORRUPT, "record %llu: record %llu stands in its place", number,
				 (unsigned long long)said_sequence);
	if (memcmp(prev, said_prev, HASH_LENGTH) != 0)
		return error_set(err, ERROR_CORRUPT, "record %llu: it does not follow the record before it", number);
	memcpy(ret_hash, hash, HASH_HEX_SIZE);
	return 0;
}

struct journal_kind journal_frame_kind(const char *text, size_t length)
{
	static const char mark[] = ",\"kind\":\""; /* cannot occur before: quotes inside a text are escaped */
	const char *found = memmem(text, length, mark, TEXT_LENGTH(mark));
	const char *begin = found ? found + TEXT_LENGTH(mark) : NULL;
	const char *end = begin ? memchr(begin, '"', (size_t)(text + length - begin)) : NULL;
	return end ? (struct journal_kind){.text = begin, .length = (size_t)(end - begin)} : (struct journal_kind){0};
}

bool journal_kind_is(struct journal_kind kind, const char *name)
{
	return kind.text && strlen(name) == kind.length && memcmp(kind.text, name, kind.length) == 0;
}
