/*
 * lint_fuzz.c - any bytes as a runbook that is checked against the actions that ship, linted, silenced, and laid out anew: what
 * it says stays the same, and the second time there is nothing to do.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/document/document.h"
#include "engine/lint/lint.h"
#include "engine/lint/silence.h"
#include "engine/plan/check.h"
#include "engine/runbook/format.h"

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

static const struct plugins *shipped(void)
{
	static struct plugins *plugins; /* lives as long as the program */
	static struct arena *arena;
	struct diagnostics diagnostics;
	if (plugins)
		return plugins;
	arena = arena_new();
	diagnostics_init(&diagnostics, arena);
	if (plugins_read(arena, "plugins", &plugins, &diagnostics) < 0)
		abort();
	return plugins;
}

static void lint(const struct source *source, struct diagnostics *diagnostics)
{
	static const struct tree nothing = {.open = read_nothing};
	struct runbook *runbook;
	struct silenced_list silenced;
	runbook_from_source(diagnostics->arena, source, NULL, &nothing, &runbook, diagnostics);
	if (!runbook)
		return;
	runbook_check(runbook, shipped(), diagnostics);
	bool right = diagnostics->errors == 0;
	if (right)
		lint_runbook(runbook, shipped(), NULL, NULL, diagnostics);
	silences_apply(runbook, right, diagnostics, &silenced);
}

static void format(const struct source *source, struct arena *arena)
{
	CLEANUP_BUFFER struct buffer once = {0}, twice = {0};
	struct diagnostics diagnostics;
	const struct value *before, *after;
	diagnostics_init(&diagnostics, arena);
	if (document_format(source, &once, &diagnostics) < 0)
		return;
	const struct source *formatted = document_source(arena, "fuzz.yaml", buffer_text(&once), once.length);
	if (document_parse(arena, source, &before, &diagnostics) < 0 ||
	    document_parse(arena, formatted, &after, &diagnostics) < 0)
		abort();
	if (value_equal(before, before) && !value_equal(before, after))
		abort();
	if (document_format(formatted, &twice, &diagnostics) < 0 || strcmp(buffer_text(&once), buffer_text(&twice)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer text = {0};
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, arena);
	const struct source *source = document_source(arena, "fuzz.yaml", (const char *)data, size);
	lint(source, &diagnostics);
	diagnostics_sort(&diagnostics);
	diagnostics_print(&text, &diagnostics, false);
	format(source, arena);
	return 0;
}
