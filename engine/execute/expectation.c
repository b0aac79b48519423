/*
 * expectation.c - is what a step has observed what its author expected of it? If not, both are told: what was observed in so
 * many words that a person reads them. The journal has the whole of it.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

#define TEXT_SHOWN 400	/* bytes of one text: its first and its last */
#define ALL_SHOWN  2000 /* of all together */

/* Bytes that end a first part of at most limit bytes: at a line's end if there is one, never inside of a character. */
static size_t first_part(const char *text, size_t limit)
{
	const char *end = memrchr(text, '\n', limit);
	while (!end && limit && (text[limit] & 0xc0) == 0x80)
		limit--;
	return end ? (size_t)(end - text) + 1 : limit;
}

/* Where a last part of at most limit bytes begins. */
static size_t last_part(const char *text, size_t length, size_t limit)
{
	size_t start = length - limit;
	const char *line = memchr(text + start - 1, '\n', limit);
	if (line && line + 1 < text + length)
		return (size_t)(line - text) + 1;
	while (start < length && (text[start] & 0xc0) == 0x80)
		start++;
	return start;
}

static const char *shorten(struct arena *arena, const char *text, size_t length, size_t limit)
{
	if (length <= limit)
		return text;
	size_t from = first_part(text, limit / 2), to = last_part(text, length, limit / 2), lines = 0;
	for (size_t i = from; i < to; i++)
		lines += text[i] == '\n';
	return lines ? arena_printf(arena, "%.*s(%zu lines left out)\n%s", (int)from, text, lines, text + to)
		     : arena_printf(arena, "%.*s(%zu bytes left out)%s", (int)from, text, to - from, text + to);
}

static const struct value *brief(struct arena *arena, const struct value *value)
{
	if (value->secret)
		return value; /* it is never shown */
	if (value->type == VALUE_STRING && value->string.length > TEXT_SHOWN)
		return value_string(arena, shorten(arena, value->string.data, value->string.length, TEXT_SHOWN));
	if (value->type != VALUE_MAP)
		return value;
	struct value *map = value_map(arena);
	for (size_t i = 0; i < value->map.count; i++)
		value_put_key(arena, map, value->map.entries[i].key, brief(arena, value->map.entries[i].value));
	return map;
}

int attempt_expect(struct interpreter *interpreter, struct attempt *attempt, struct error *err)
{
	enum truth truth;
	if (!attempt->step->expect)
		return 0;
	if (condition_test(interpreter, attempt->frame, attempt->step->expect, attempt_result(attempt), &truth, err) < 0)
		return error_wrap(err, "expect");
	if (truth == TRUTH_TRUE)
		return 0;
	const char *text = attempt->step->expect_text ? attempt->step->expect_text : "the expectation";
	const char *observed = json_text(attempt->arena, brief(attempt->arena, attempt_result(attempt)));
	return error_set(err, ERROR_FAILED, "expected %s; observed %s", text,
			 shorten(attempt->arena, observed, strlen(observed), ALL_SHOWN));
}
