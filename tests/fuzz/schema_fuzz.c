/*
 * schema_fuzz.c - a schema in the first line, a value in the rest, both JSON: with and without diagnostics the answer is the
 * same.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/schema/schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct arena *arena, const struct schema *schema, const struct value *value, bool templates)
{
	const struct schema_options options = {.templates = templates, .path = "with"};
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, arena);
	bool fine = schema_check(schema, value, &options, &diagnostics);
	if (fine != (diagnostics.errors == 0) || fine != schema_check(schema, value, &options, NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char *text = (const char *)data, *newline = memchr(data, '\n', size);
	const struct value *written, *value;
	struct schema *schema;
	size_t length = newline ? (size_t)(newline - text) : size;
	if (!newline || json_parse(arena, text, length, &written, NULL) < 0 ||
	    json_parse(arena, newline + 1, size - length - 1, &value, NULL) < 0 ||
	    schema_compile(arena, written, &schema, NULL) < 0)
		return 0;
	check(arena, schema, value, false);
	check(arena, schema, value, true);
	return 0;
}
