/*
 * report_key.c - what is said about a key that may not be there, and which keys might have been meant.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/schema/check.h"

#define CANDIDATES  100 /* names looked at for "did you mean" */
#define NAMES_DEPTH 8	/* schemas in schemas that are asked for names */

struct names {
	const char *items[CANDIDATES];
	size_t count;
	unsigned depth;
};

bool report_forbids(const struct schema_node *node)
{
	const struct part *not = node->never ? NULL : part_find(node, "not");
	return node->never || (not &&!not ->target->count && !not ->target->never);
}

static void add_names(struct check *check, struct names *names, const struct schema_node *node);

static void add_properties(struct names *names, const struct part *part)
{
	for (size_t i = 0; i < part->count && names->count < CANDIDATES; i++) {
		const char *name = part->branches[i].key->string.data;
		bool known = report_forbids(part->branches[i].node);
		for (size_t n = 0; n < names->count && !known; n++)
			known = strcmp(names->items[n], name) == 0;
		if (!known)
			names->items[names->count++] = name;
	}
}

/* Of `if`, only what applies to the present value. */
static void add_conditional(struct check *check, struct names *names, const struct part *part)
{
	bool holds = check_holds(check, part->target, check->frame->instance, STEP_IN_PLACE, NULL);
	const struct part *next = part_find(part->owner, holds ? "then" : "else");
	if (holds)
		add_names(check, names, part->target);
	if (next)
		add_names(check, names, next->target);
}

static void add_part(struct check *check, struct names *names, const struct part *part)
{
	static const char *const in_place[] = {"$ref", "allOf", "anyOf", "oneOf", "dependentSchemas"};
	if (strcmp(part->keyword->name, "properties") == 0)
		add_properties(names, part);
	if (strcmp(part->keyword->name, "if") == 0)
		add_conditional(check, names, part);
	for (size_t i = 0; i < COUNT_OF(in_place); i++) {
		if (strcmp(part->keyword->name, in_place[i]) != 0)
			continue;
		if (part->target)
			add_names(check, names, part->target);
		for (size_t b = 0; b < part->count; b++)
			add_names(check, names, part->branches[b].node);
	}
}

/* The keys that a schema knows, also through the schemas that it is put together from. */
static void add_names(struct check *check, struct names *names, const struct schema_node *node)
{
	if (names->depth == NAMES_DEPTH)
		return;
	names->depth++;
	for (size_t i = 0; i < node->count; i++)
		add_part(check, names, &node->parts[i]);
	names->depth--;
}

void report_forbidden_key(struct check *check, const struct schema_node *node, const struct value *key, const char *rule)
{
	const char *name = key->type == VALUE_STRING ? key->string.data : value_type_name(key->type);
	bool unknown = strcmp(rule, "schema/unknown-key") == 0;
	struct diagnostic *found = report(check, WEIGHT_UNKNOWN, rule, key,
					  unknown ? "unknown key '%s'" : "the key '%s' is not allowed here", name);
	struct names names = {.count = 0};
	if (!found)
		return;
	if (!unknown) {
		report_hint(check, found, node);
		return;
	}
	const char *advice = check->options->advise ? check->options->advise(name) : NULL;
	if (advice) {
		diagnostic_hint(check->diagnostics, found, "%s", advice);
		return;
	}
	add_names(check, &names, check->frame->node);
	diagnostic_suggest(check->diagnostics, found, name, names.items, names.count);
}
