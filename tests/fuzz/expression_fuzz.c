/*
 * expression_fuzz.c - any text as a CEL expression, and as a template: a result, or an error with its place inside of the text.
 * Never a crash, never without end; a secret is never quoted in an error.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/expression/template.h"

#define SECRET "hunter2hunter2"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char names[] =
	"{\"inputs\":{\"name\":\"mail1\",\"count\":3,\"list\":[1,\"a\",null,2.5],\"map\":{\"k\":true}},\"x\":7,\"b\":false}";

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	if (strcmp(name, "unknown") == 0)
		return value_unknown();
	if (strcmp(name, "secret") == 0)
		return value_taint(arena, value_string(arena, SECRET));
	return value_get(context, name);
}

static void evaluate(struct arena *arena, const struct value *world, const char *text, size_t length)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_BUFFER struct buffer out = {0};
	struct activation activation = {.resolve = resolve, .context = (void *)world};
	struct expression_place place = {0};
	struct expression *expression;
	if (expression_compile(arena, text, length, &expression, &place, &err) < 0) {
		if (!*error_text(&err) || place.offset > length || place.length > length - place.offset)
			abort();
		return;
	}
	const struct value *value = expression_evaluate(expression, &activation, arena);
	if (!value)
		abort();
	if (value->type == VALUE_ERROR && (value->at.offset > length || value->at.length > length - value->at.offset))
		abort();
	json_format(&out, value, JSON_COMPACT);
	if (!memmem(text, length, "hunter", 6) && strstr(buffer_text(&out), SECRET))
		abort();
}

static void fill(struct arena *arena, const struct value *world, const char *text, size_t length)
{
	struct activation activation = {.resolve = resolve, .context = (void *)world};
	struct template *template;
	const struct value *value;
	if (template_compile(arena, value_string_n(arena, text, length), &template, NULL, NULL) == 0)
		template_evaluate(template, &activation, arena, &value, NULL, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *world = NULL;
	if (json_parse(arena, names, sizeof(names) - 1, &world, NULL) < 0)
		abort();
	evaluate(arena, world, (const char *)data, size);
	fill(arena, world, (const char *)data, size);
	return 0;
}
