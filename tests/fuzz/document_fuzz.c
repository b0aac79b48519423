/*
 * document_fuzz.c - any bytes as a YAML file: values or diagnostics, all of them with places inside of the text.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/document/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_span(const struct span *at, const struct source *source)
{
	if (at->source && (at->source != source || at->offset > source->length || at->length > source->length - at->offset))
		abort();
}

static void check_value(const struct value *value, const struct source *source)
{
	check_span(&value->at, source);
	for (size_t i = 0; value->type == VALUE_LIST && i < value->list.count; i++)
		check_value(value->list.items[i], source);
	for (size_t i = 0; value->type == VALUE_MAP && i < value->map.count; i++) {
		if (value->map.entries[i].key->type != VALUE_STRING)
			abort();
		check_span(&value->map.entries[i].key->at, source);
		check_value(value->map.entries[i].value, source);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	struct diagnostics diagnostics;
	const struct value *value = NULL;
	diagnostics_init(&diagnostics, arena);
	const struct source *source = document_source(arena, "fuzz.yaml", (const char *)data, size);
	int result = document_parse(arena, source, &value, &diagnostics);
	if ((result < 0) != (diagnostics.errors > 0) || (result == 0 && !value))
		abort();
	if (result == 0)
		check_value(value, source);
	for (size_t i = 0; i < diagnostics.count; i++)
		check_span(&diagnostics.items[i].at, source);
	diagnostics_sort(&diagnostics);
	diagnostics_print(&text, &diagnostics, false);
	return 0;
}
