/*
 * product.c - schemas/NAME.schema.json as part of the program (.incbin), compiled once.
 */
#include "engine/schema/product.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"

#define EMBED(name)                                                                                                            \
	__asm__(".section .rodata\n" #name "_schema_text: .incbin \"schemas/" #name ".schema.json\"\n.byte 0\n.previous\n");   \
	extern const char name##_schema_text[]

EMBED(runbook);
EMBED(inventory);
EMBED(plugin);
EMBED(replica);
EMBED(audit);
EMBED(policy);

static struct {
	const char *name;
	const char *text;
	struct schema *schema; /* NULL until it is used */
} products[] = {
	{"runbook", runbook_schema_text, NULL}, {"inventory", inventory_schema_text, NULL},
	{"plugin", plugin_schema_text, NULL},	{"replica", replica_schema_text, NULL},
	{"audit", audit_schema_text, NULL},	{"policy", policy_schema_text, NULL},
};

static struct schema *compile(const char *name, const char *text)
{
	struct arena *arena = arena_new(); /* lives as long as the program */
	struct error err = ERROR_NONE;
	const struct value *value;
	struct schema *schema;
	if (json_parse(arena, text, strlen(text), &value, &err) < 0 || schema_compile(arena, value, &schema, &err) < 0) {
		fprintf(stderr, "standin: the built-in %s schema is broken: %s\n", name, error_text(&err));
		abort();
	}
	return schema;
}

const struct schema *schema_product(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(products); i++) {
		if (strcmp(products[i].name, name) != 0)
			continue;
		if (!products[i].schema)
			products[i].schema = compile(name, products[i].text);
		return products[i].schema;
	}
	abort();
}

const char *schema_product_text(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(products); i++)
		if (strcmp(products[i].name, name) == 0)
			return products[i].text;
	abort();
}
