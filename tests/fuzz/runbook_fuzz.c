/*
 * runbook_fuzz.c - any bytes as a runbook: a model, or diagnostics. It calls nobody: there are no other files.
 */
#include <stdlib.h>

#include "engine/document/document.h"
#include "engine/runbook/runbook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_nothing(void *context, struct arena *arena, const char *path, const struct source **ret_source,
			struct diagnostics *diagnostics)
{
	(void)context;
	(void)arena;
	(void)ret_source;
	diagnostics_add(diagnostics, SEVERITY_ERROR, "fuzz/none", (struct span){0}, "there is no %s", path);
	return -1;
}

static bool count(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	*(size_t *)context += step->key != NULL;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tree nothing = {.open = read_nothing};
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	struct diagnostics diagnostics;
	struct runbook *runbook;
	const struct value *inputs;
	size_t steps = 0;
	diagnostics_init(&diagnostics, arena);
	const struct source *source = document_source(arena, "fuzz.yaml", (const char *)data, size);
	int result = runbook_from_source(arena, source, NULL, &nothing, &runbook, &diagnostics);
	if ((result < 0) != (diagnostics.errors > 0) || (result == 0 && !runbook))
		abort();
	if (runbook)
		runbook_visit(runbook, count, &steps); /* also over what there is of a wrong one */
	if (result == 0) {
		if (!steps || runbook->misshapen)
			abort();
		runbook_inputs(arena, runbook, NULL, NULL, &inputs, &diagnostics);
	}
	diagnostics_sort(&diagnostics);
	diagnostics_print(&text, &diagnostics, false);
	return 0;
}
