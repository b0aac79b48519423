/*
 * rules.c - rules.yaml as a table of rules.
 */
#include "engine/lint/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/document/document.h"

__asm__(".section .rodata\nrules_text: .incbin \"engine/lint/rules.yaml\"\nrules_text_end: .byte 0\n.previous\n");
extern const char rules_text[], rules_text_end[];

static const char *const severities[] = {[SEVERITY_ERROR] = "error", [SEVERITY_WARNING] = "warning", [SEVERITY_NOTE] = "note"};

const char *severity_name(enum severity severity)
{
	return severities[severity];
}

static struct {
	struct arena *volatile arena; /* never read: held for ever, in sight of a leak checker */
	struct rule *items;	      /* NULL: not read yet */
	size_t count;
} rules;

static enum severity severity_of(const char *name)
{
	for (size_t i = 0; name && i < COUNT_OF(severities); i++)
		if (strcmp(severities[i], name) == 0)
			return (enum severity)i;
	return SEVERITY_ERROR;
}

/* A test reads all of them, so none is broken in a program that was tested. */
static void check_whole(const struct rule *rule)
{
	if (rule->title && rule->reason && rule->fix && rule->example)
		return;
	fprintf(stderr, "standin: the built-in rule %s is not complete\n", rule->id);
	abort();
}

static void read_rules(void)
{
	struct arena *arena = arena_new(); /* lives as long as the program */
	struct diagnostics diagnostics;
	const struct value *document;
	diagnostics_init(&diagnostics, arena);
	const struct source *source = document_source(arena, "rules.yaml", rules_text, (size_t)(rules_text_end - rules_text));
	if (document_parse(arena, source, &document, &diagnostics) < 0) {
		CLEANUP_BUFFER struct buffer text = {0};
		diagnostics_print(&text, &diagnostics, false);
		fputs(buffer_text(&text), stderr);
		abort();
	}
	rules.arena = arena;
	rules.count = document->map.count;
	rules.items = arena_alloc(arena, rules.count * sizeof(*rules.items));
	for (size_t i = 0; i < rules.count; i++) {
		const struct value *row = document->map.entries[i].value;
		rules.items[i] = (struct rule){.id = value_text(document->map.entries[i].key),
					       .severity = severity_of(value_get_text(row, "severity")),
					       .title = value_get_text(row, "title"),
					       .reason = value_get_text(row, "reason"),
					       .fix = value_get_text(row, "fix"),
					       .example = value_get_text(row, "example")};
		check_whole(&rules.items[i]);
	}
}

const struct rule *rules_all(size_t *ret_count)
{
	if (!rules.items)
		read_rules();
	*ret_count = rules.count;
	return rules.items;
}

const struct rule *rules_find(const char *id)
{
	size_t count;
	const struct rule *all = rules_all(&count);
	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].id, id) == 0)
			return &all[i];
	return NULL;
}

const char *rules_suggest(const char *id)
{
	size_t count;
	const struct rule *all = rules_all(&count);
	CLEANUP_FREE const char **ids = memory_alloc((count + 1) * sizeof(*ids));
	for (size_t i = 0; i < count; i++)
		ids[i] = all[i].id;
	return suggest(id, ids, count);
}

bool rule_can_be_silenced(const struct rule *rule)
{
	return rule->severity != SEVERITY_ERROR ||
	       (strncmp(rule->id, "lint/", strlen("lint/")) == 0 && strcmp(rule->id, "lint/unknown-silence") != 0);
}

const struct value *rule_value(struct arena *arena, const struct rule *rule)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "id", value_string(arena, rule->id));
	value_put(arena, value, "severity", value_string(arena, severity_name(rule->severity)));
	value_put(arena, value, "title", value_string(arena, rule->title));
	value_put(arena, value, "reason", value_string(arena, rule->reason));
	value_put(arena, value, "fix", value_string(arena, rule->fix));
	value_put(arena, value, "example", value_string(arena, rule->example));
	value_put(arena, value, "can_be_silenced", value_bool(rule_can_be_silenced(rule)));
	return value;
}

const struct value *rules_value(struct arena *arena)
{
	size_t count;
	const struct rule *all = rules_all(&count);
	struct value *list = value_list(arena);
	for (size_t i = 0; i < count; i++)
		value_append(arena, list, rule_value(arena, &all[i]));
	return list;
}
