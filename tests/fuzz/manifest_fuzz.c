/*
 * manifest_fuzz.c - any bytes as a plugin's manifest: actions, or diagnostics.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/plugin/plugins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	const char *name = "demo", *manifest = (const char *)data;
	struct diagnostics diagnostics;
	struct plugins *plugins = NULL;
	diagnostics_init(&diagnostics, arena);
	int result = plugins_from_texts(arena, &name, &manifest, &size, 1, &plugins, &diagnostics);
	if ((result < 0) != (diagnostics.errors > 0))
		abort();
	if (result == 0 && plugins->count && plugins->items[0].actions_count)
		if (plugins_find(plugins, plugins->items[0].actions[0].name, NULL) != &plugins->items[0].actions[0])
			abort();
	diagnostics_sort(&diagnostics);
	diagnostics_print(&text, &diagnostics, false);
	return 0;
}
