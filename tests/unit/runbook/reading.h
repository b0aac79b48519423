/*
 * reading.h - runbooks and inventories out of texts that stand in the test, and what is said about them.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/runbook/runbook.h"

struct reading {
	struct arena *arena;
	struct diagnostics diagnostics;
	struct inventory *inventory; /* NULL: none was read */
	struct runbook *runbook;
};

static inline void reading_open(struct reading *reading)
{
	*reading = (struct reading){.arena = arena_new()};
	diagnostics_init(&reading->diagnostics, reading->arena);
}

static inline void reading_close(struct reading *reading)
{
	arena_free(reading->arena);
}
#define CLEANUP_READING __attribute__((cleanup(reading_close)))

/* "12:3: message [rule]" a line, sorted by place; hints left out. Empties the diagnostics. */
static inline const char *said(struct reading *reading)
{
	CLEANUP_BUFFER struct buffer text = {0};
	diagnostics_sort(&reading->diagnostics);
	for (size_t i = 0; i < reading->diagnostics.count; i++) {
		const struct diagnostic *diagnostic = &reading->diagnostics.items[i];
		struct location place = {0};
		if (diagnostic->at.source)
			place = source_locate(diagnostic->at.source, diagnostic->at.offset);
		buffer_printf(&text, "%u:%u: %s [%s]\n", place.line, place.column, diagnostic->message, diagnostic->rule);
	}
	const char *copy = arena_strdup(reading->arena, buffer_text(&text));
	diagnostics_init(&reading->diagnostics, reading->arena);
	return copy;
}

static inline int read_inventory(struct reading *reading, const char *text)
{
	const struct value *document;
	const struct source *source = document_source(reading->arena, "inventory.yaml", text, strlen(text));
	if (document_parse(reading->arena, source, &document, &reading->diagnostics) < 0)
		return -1;
	return inventory_from_value(reading->arena, "inventory.yaml", document, &reading->inventory, &reading->diagnostics);
}

static inline int read_runbook(struct reading *reading, const char *text)
{
	const struct source *source = document_source(reading->arena, "runbook.yaml", text, strlen(text));
	return runbook_from_source(reading->arena, source, reading->inventory, NULL, &reading->runbook, &reading->diagnostics);
}

static inline void must_read(struct reading *reading, const char *inventory, const char *runbook)
{
	if ((inventory && read_inventory(reading, inventory) < 0) || (runbook && read_runbook(reading, runbook) < 0))
		fail_msg("%s", said(reading));
}

#define HEAD	 "standin: \"1\"\nrunbook: mail/failover\nkind: failover\n"
#define ONE_STEP "steps: [{uses: core.log, with: {message: hello}}]\n"
