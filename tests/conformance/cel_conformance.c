/*
 * cel_conformance.c - runs the cases of the CEL specification: cel_conformance FILE.
 *
 * The file is a JSON list of cases with file, section, name, expr, container, bindings and expect or expect_error; values carry
 * a tag
 * (`t` the type, `v` the value). Prints every case that fails, then the sum. Exit 1 if any failed.
 */
#include <stdio.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/expression/ast.h"

#define FILE_LIMIT (64u << 20)

typedef const struct value *decoder(struct arena *arena, const struct value *tagged);

static const struct value *decode(struct arena *arena, const struct value *tagged);

static const struct value *decode_null(struct arena *arena, const struct value *tagged)
{
	(void)arena;
	(void)tagged;
	return value_null();
}

static const struct value *decode_plain(struct arena *arena, const struct value *tagged)
{
	(void)arena;
	return value_get(tagged, "v");
}

static const struct value *decode_int(struct arena *arena, const struct value *tagged)
{
	return value_int(arena, strtoll(value_get_text(tagged, "v"), NULL, 10));
}

static const struct value *decode_uint(struct arena *arena, const struct value *tagged)
{
	return value_uint(arena, strtoull(value_get_text(tagged, "v"), NULL, 10));
}

static const struct value *decode_double(struct arena *arena, const struct value *tagged)
{
	return value_double(arena, strtod(value_get_text(tagged, "v"), NULL));
}

static const struct value *decode_bytes(struct arena *arena, const struct value *tagged)
{
	const char *hex = value_get_text(tagged, "v");
	size_t length = strlen(hex) / 2;
	char *data = arena_alloc(arena, length + 1);
	struct value *bytes;

	for (size_t i = 0; i < length; i++)
		data[i] = (char)strtol(arena_strndup(arena, hex + 2 * i, 2), NULL, 16);
	bytes = value_string_n(arena, data, length);
	bytes->type = VALUE_BYTES;
	return bytes;
}

static const struct value *decode_type(struct arena *arena, const struct value *tagged)
{
	struct value *type = value_string(arena, value_get_text(tagged, "v"));

	type->type = VALUE_TYPE;
	return type;
}

static const struct value *decode_list(struct arena *arena, const struct value *tagged)
{
	const struct value *items = value_get(tagged, "v");
	struct value *list = value_list(arena);

	for (size_t i = 0; i < items->list.count; i++)
		value_append(arena, list, decode(arena, items->list.items[i]));
	return list;
}

static const struct value *decode_map(struct arena *arena, const struct value *tagged)
{
	const struct value *pairs = value_get(tagged, "v");
	struct value *map = value_map(arena);

	for (size_t i = 0; i < pairs->list.count; i++) {
		const struct value *const *pair = pairs->list.items[i]->list.items;

		value_put_key(arena, map, decode(arena, pair[0]), decode(arena, pair[1]));
	}
	return map;
}

static const struct value *decode_time(struct arena *arena, const struct value *tagged)
{
	struct value *time =
		value_new(arena, value_is_text(value_get(tagged, "t"), "timestamp") ? VALUE_TIMESTAMP : VALUE_DURATION);

	time->time.seconds = value_get_int(tagged, "s", 0);
	time->time.nanoseconds = (int32_t)value_get_int(tagged, "n", 0);
	return time;
}

static const struct {
	const char *tag;
	decoder *decode;
} decoders[] = {
	{"null", decode_null},	   {"bool", decode_plain},   {"int", decode_int},	 {"uint", decode_uint},
	{"double", decode_double}, {"string", decode_plain}, {"bytes", decode_bytes},	 {"type", decode_type},
	{"list", decode_list},	   {"map", decode_map},	     {"timestamp", decode_time}, {"duration", decode_time},
};

static const struct value *decode(struct arena *arena, const struct value *tagged)
{
	for (size_t i = 0; i < COUNT_OF(decoders); i++) {
		if (value_is_text(value_get(tagged, "t"), decoders[i].tag))
			return decoders[i].decode(arena, tagged);
	}
	fprintf(stderr, "the case file has a value of a type that this program does not know\n");
	exit(2);
}

static const struct value *resolve(void *bindings, const char *name, struct arena *arena)
{
	const struct value *tagged = value_get(bindings, name);

	return tagged ? decode(arena, tagged) : NULL;
}

static const struct value *run(struct arena *arena, const struct value *test)
{
	struct expression_options options = {
		.container = value_get_text(test, "container"),
		.unchecked = value_get_bool(test, "disable_check", false),
	};
	struct activation activation = {.resolve = resolve, .context = (void *)value_get(test, "bindings")};
	const struct value *text = value_get(test, "expr");
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct expression *expression;
	struct value *error;

	if (!expression_compile_with(arena, text->string.data, text->string.length, &options, &expression, NULL, &err))
		return expression_evaluate(expression, &activation, arena);
	error = value_string(arena, error_text(&err));
	error->type = VALUE_ERROR;
	return error;
}

/* Of one type, at every depth: 1 is no 1u here. Not a number equals itself. */
static bool same(const struct value *a, const struct value *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == VALUE_DOUBLE)
		return !memcmp(&a->real, &b->real, sizeof(a->real)) || (a->real != a->real && b->real != b->real);
	if (a->type == VALUE_LIST) {
		for (size_t i = 0; i < a->list.count && i < b->list.count; i++) {
			if (!same(a->list.items[i], b->list.items[i]))
				return false;
		}
		return a->list.count == b->list.count;
	}
	return value_equal(a, b);
}

static void describe(const char *label, const struct value *value)
{
	CLEANUP_BUFFER struct buffer out = {0};

	if (value->type == VALUE_ERROR)
		buffer_printf(&out, "error: %s", value->string.data);
	else
		json_format(&out, value, JSON_COMPACT);
	printf("  %s (%s) %s\n", label, value_type_name(value->type), buffer_text(&out));
}

static bool passes(const struct value *test)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *expected = value_get(test, "expect"), *result = run(arena, test);

	if (expected)
		expected = decode(arena, expected);
	if (expected ? same(result, expected) : result->type == VALUE_ERROR)
		return true;
	printf("%s/%s/%s: %s\n", value_get_text(test, "file"), value_get_text(test, "section"), value_get_text(test, "name"),
	       value_get_text(test, "expr"));
	if (expected)
		describe("expected", expected);
	else
		printf("  expected an error\n");
	describe("got", result);
	return false;
}

int main(int argc, char **argv)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *text = NULL;
	const struct value *tests = NULL;
	size_t length, passed = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: cel_conformance FILE\n");
		return 2;
	}
	if (file_read(argv[1], FILE_LIMIT, &text, &length, &err) || json_parse(arena, text, length, &tests, &err)) {
		fprintf(stderr, "%s: %s\n", argv[1], error_text(&err));
		return 2;
	}
	for (size_t i = 0; i < tests->list.count; i++)
		passed += passes(tests->list.items[i]);
	printf("%zu passed, %zu failed\n", passed, tests->list.count - passed);
	return passed == tests->list.count ? 0 : 1;
}
