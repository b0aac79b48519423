/*
 * editor.c - schemas/runbook.schema.json with the actions that there are. Values are shared with the schema and with manifests;
 * only what lies on the way to a changed place is made anew.
 */
#include "engine/plugin/editor.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/plugin/manifest.h"
#include "engine/schema/product.h"

static bool is_own(const struct value *key)
{
	return value_text(key) && manifest_has(manifest_own_keys, value_text(key));
}

static void put_text(struct arena *arena, struct value *map, const char *key, const char *text)
{
	value_put(arena, map, key, value_string(arena, text));
}

/* A copy of the map in which key has another value. */
static struct value *with_key(struct arena *arena, const struct value *map, const char *key, const struct value *value)
{
	struct value *copy = value_map(arena);
	for (size_t i = 0; value_is(map, VALUE_MAP) && i < map->map.count; i++)
		value_put_key(arena, copy, map->map.entries[i].key, map->map.entries[i].value);
	value_put(arena, copy, key, value);
	return copy;
}

static const struct value *input_schema(struct arena *arena, const struct value *schema);

static const struct value *each_input_schema(struct arena *arena, const struct value *schemas)
{
	struct value *map = value_map(arena);
	for (size_t i = 0; i < schemas->map.count; i++)
		value_put_key(arena, map, schemas->map.entries[i].key, input_schema(arena, schemas->map.entries[i].value));
	return map;
}

/* What the manifest says, but that a template may stand for any part of it. */
static const struct value *plain_schema(struct arena *arena, const struct value *schema)
{
	struct value *plain = value_map(arena);
	for (size_t i = 0; i < schema->map.count; i++) {
		const struct value *key = schema->map.entries[i].key, *value = schema->map.entries[i].value;
		if (is_own(key))
			continue;
		if ((value_is_text(key, "items") || value_is_text(key, "additionalProperties")) && value_is(value, VALUE_MAP))
			value = input_schema(arena, value);
		else if (value_is_text(key, "properties"))
			value = each_input_schema(arena, value);
		value_put_key(arena, plain, key, value);
	}
	return plain;
}

static const struct value *input_schema(struct arena *arena, const struct value *schema)
{
	struct value *whole = value_map(arena), *ways = value_list(arena), *template = value_map(arena);
	const char *description = value_get_text(schema, "description");
	if (description)
		put_text(arena, whole, "description", description);
	put_text(arena, template, "type", "string");
	put_text(arena, template, "pattern", "\\$\\{\\{");
	value_append(arena, ways, plain_schema(arena, schema));
	value_append(arena, ways, template);
	value_put(arena, whole, "anyOf", ways);
	return whole;
}

static const struct value *with_schema(struct arena *arena, const struct action *action)
{
	struct value *whole = value_map(arena), *properties = value_map(arena), *required = value_list(arena);
	for (size_t i = 0; i < action->inputs->map.count; i++) {
		const struct value_entry *entry = &action->inputs->map.entries[i];
		value_put_key(arena, properties, entry->key, input_schema(arena, entry->value));
		if (!value_get(entry->value, "default") && !value_get_bool(entry->value, "optional", false))
			value_append(arena, required, entry->key);
	}
	put_text(arena, whole, "type", "object");
	value_put(arena, whole, "properties", properties);
	value_put(arena, whole, "required", required);
	value_put(arena, whole, "additionalProperties", value_bool(false));
	return whole;
}

/* if uses is this action, then `with` is so */
static const struct value *rule_for(struct arena *arena, const struct action *action)
{
	struct value *rule = value_map(arena), *condition = value_map(arena), *then = value_map(arena);
	struct value *uses = value_map(arena), *is = value_map(arena), *with = value_map(arena), *needed = value_list(arena);
	const struct value *schema = with_schema(arena, action);
	put_text(arena, is, "const", action->name);
	value_put(arena, uses, "uses", is);
	value_put(arena, condition, "properties", uses);
	value_append(arena, needed, value_string(arena, "uses"));
	value_put(arena, condition, "required", needed);
	value_put(arena, with, "with", schema);
	value_put(arena, then, "properties", with);
	if (value_get(schema, "required")->list.count) {
		struct value *also = value_list(arena);
		value_append(arena, also, value_string(arena, "with"));
		value_put(arena, then, "required", also);
	}
	value_put(arena, rule, "if", condition);
	value_put(arena, rule, "then", then);
	return rule;
}

static const struct value *choice_of(struct arena *arena, const struct action *action)
{
	struct value *choice = value_map(arena);
	put_text(arena, choice, "const", action->name);
	if (action->summary)
		put_text(arena, choice, "description", action->summary);
	return choice;
}

const struct value *editor_schema(struct arena *arena, const struct plugins *plugins)
{
	const char *text = schema_product_text("runbook");
	const struct value *schema;
	struct value *rules = value_list(arena), *choices = value_list(arena);
	if (json_parse(arena, text, strlen(text), &schema, NULL) < 0)
		abort(); /* it was compiled when the program was tested */
	for (size_t p = 0; p < plugins->count; p++)
		for (size_t i = 0; i < plugins->items[p].actions_count; i++) {
			value_append(arena, rules, rule_for(arena, &plugins->items[p].actions[i]));
			value_append(arena, choices, choice_of(arena, &plugins->items[p].actions[i]));
		}
	const struct value *defs = value_get(schema, "$defs"), *action = value_get(defs, "action");
	const struct value *properties = value_get(action, "properties");
	struct value *uses = value_map(arena);
	put_text(arena, uses, "description", "The action: PLUGIN.ACTION.");
	value_put(arena, uses, "anyOf", choices);
	action = with_key(arena, action, "properties", with_key(arena, properties, "uses", uses));
	action = with_key(arena, action, "allOf", rules);
	return with_key(arena, schema, "$defs", with_key(arena, defs, "action", action));
}
