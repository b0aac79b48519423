/*
 * diagnostic.c - collecting diagnostics: limit, hints, order. It does not print them (diagnostic_print.c).
 */
#include "engine/document/diagnostic.h"

#include <string.h>

#include "engine/base/suggest.h"

#define LISTED_CANDIDATES 14 /* more than this are too many to read as a hint */

void diagnostics_init(struct diagnostics *diagnostics, struct arena *arena)
{
	*diagnostics = (struct diagnostics){.arena = arena};
}

struct diagnostic *diagnostics_add(struct diagnostics *diagnostics, enum severity severity, const char *rule, struct span at,
				   const char *format, ...)
{
	if (severity == SEVERITY_ERROR)
		diagnostics->errors++;
	if (diagnostics->count == DIAGNOSTICS_LIMIT) {
		diagnostics->dropped++;
		return NULL;
	}
	va_list args;
	va_start(args, format);
	const char *message = arena_vprintf(diagnostics->arena, format, args);
	va_end(args);
	struct diagnostic *diagnostic = arena_grow(diagnostics->arena, &diagnostics->items, &diagnostics->count,
						   &diagnostics->capacity, sizeof(*diagnostics->items));
	*diagnostic = (struct diagnostic){.severity = severity, .rule = rule, .at = at, .message = message};
	return diagnostic;
}

void diagnostic_hint(struct diagnostics *diagnostics, struct diagnostic *diagnostic, const char *format, ...)
{
	if (!diagnostic)
		return;
	va_list args;
	va_start(args, format);
	diagnostic->hint = arena_vprintf(diagnostics->arena, format, args);
	va_end(args);
}

void diagnostic_suggest(struct diagnostics *diagnostics, struct diagnostic *diagnostic, const char *word,
			const char *const *candidates, size_t count)
{
	const char *nearest = suggest(word, candidates, count);
	if (nearest) {
		diagnostic_hint(diagnostics, diagnostic, "did you mean '%s'?", nearest);
		return;
	}
	if (!count || count > LISTED_CANDIDATES)
		return;
	CLEANUP_BUFFER struct buffer list = {0};
	for (size_t i = 0; i < count; i++)
		buffer_printf(&list, "%s%s", i ? ", " : "", candidates[i]);
	diagnostic_hint(diagnostics, diagnostic, "allowed here: %s", buffer_text(&list));
}

/* By file, place and severity; what has no place comes last. 0: in the order in which they were found. */
static int compare(const struct diagnostic *a, const struct diagnostic *b)
{
	if (!a->at.source || !b->at.source)
		return !a->at.source - !b->at.source;
	int order = strcmp(a->at.source->name, b->at.source->name);
	if (!order)
		order = (a->at.offset > b->at.offset) - (a->at.offset < b->at.offset);
	return order ? order : (int)a->severity - (int)b->severity;
}

static bool repeats(const struct diagnostic *a, const struct diagnostic *b)
{
	return compare(a, b) == 0 && a->at.length == b->at.length && strcmp(a->rule, b->rule) == 0 &&
	       strcmp(a->message, b->message) == 0;
}

static bool is_repetition(const struct diagnostic *items, size_t at)
{
	for (size_t i = at; i > 0; i--)
		if (repeats(&items[i - 1], &items[at]))
			return true;
	return false;
}

/* Stable, and there are never more than DIAGNOSTICS_LIMIT. */
static void insertion_sort(struct diagnostic *items, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct diagnostic moved = items[i];
		size_t place = i;
		for (; place > 0 && compare(&items[place - 1], &moved) > 0; place--)
			items[place] = items[place - 1];
		items[place] = moved;
	}
}

void diagnostics_sort(struct diagnostics *diagnostics)
{
	struct diagnostic *items = diagnostics->items;
	size_t kept = 0;
	insertion_sort(items, diagnostics->count);
	for (size_t i = 0; i < diagnostics->count; i++) {
		items[kept] = items[i];
		if (!is_repetition(items, kept))
			kept++;
		else if (items[kept].severity == SEVERITY_ERROR)
			diagnostics->errors--;
	}
	diagnostics->count = kept;
}
