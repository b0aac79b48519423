/*
 * check_map.c - keywords about maps.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/schema/check.h"

static struct step at_key(const struct value *key)
{
	return (struct step){.key = key};
}

static const struct branch *find_branch(const struct part *part, const struct value *key)
{
	for (size_t i = 0; part && key->type == VALUE_STRING && i < part->count; i++) {
		const struct value *name = part->branches[i].key;
		if (name->string.length == key->string.length &&
		    memcmp(name->string.data, key->string.data, key->string.length) == 0)
			return &part->branches[i];
	}
	return NULL;
}

bool check_required(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < part->value->list.count; i++) {
		const struct value *name = part->value->list.items[i];
		if (value_get_key(instance, name))
			continue;
		holds = false;
		struct diagnostic *found =
			report(check, WEIGHT_MISSING, "schema/missing-key", instance, "missing key '%s'", name->string.data);
		const struct branch *branch = find_branch(part_find(part->owner, "properties"), name);
		if (branch)
			report_hint(check, found, branch->node);
	}
	return holds;
}

bool check_dependent_required(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < part->count; i++) {
		const struct value *key = part->branches[i].key, *names = part->branches[i].names;
		for (size_t n = 0; value_get_key(instance, key) && n < names->list.count; n++) {
			if (value_get_key(instance, names->list.items[n]))
				continue;
			holds = false;
			report(check, WEIGHT_MISSING, "schema/missing-key", instance, "missing key '%s', which '%s' needs",
			       names->list.items[n]->string.data, key->string.data);
		}
	}
	return holds;
}

/* A key whose schema is `false`, or `not: {}` with a description, may not be there, whatever its value. */
static bool check_entry(struct check *check, const struct schema_node *node, const struct value_entry *entry, const char *rule)
{
	if (!report_forbids(node))
		return check_node(check, node, entry->value, at_key(entry->key), NULL);
	report_forbidden_key(check, node, entry->key, rule);
	return false;
}

bool check_properties(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < instance->map.count; i++) {
		const struct value_entry *entry = &instance->map.entries[i];
		const struct branch *branch = find_branch(part, entry->key);
		if (!branch)
			continue;
		holds &= check_entry(check, branch->node, entry, "schema/not-allowed");
		marks_set(marks, i);
		if (!holds && !check->diagnostics && !check->verdict)
			break;
	}
	return holds;
}

static bool matches(const struct branch *branch, const struct value *key)
{
	return key->type == VALUE_STRING && regex_match(branch->regex, key->string.data, key->string.length, NULL, NULL) > 0;
}

bool check_pattern_properties(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < instance->map.count; i++) {
		for (size_t b = 0; b < part->count; b++) {
			if (!matches(&part->branches[b], instance->map.entries[i].key))
				continue;
			holds &= check_entry(check, part->branches[b].node, &instance->map.entries[i], "schema/not-allowed");
			marks_set(marks, i);
		}
	}
	return holds;
}

static bool is_named(const struct part *properties, const struct part *patterns, const struct value *key)
{
	if (find_branch(properties, key))
		return true;
	for (size_t i = 0; patterns && i < patterns->count; i++)
		if (matches(&patterns->branches[i], key))
			return true;
	return false;
}

bool check_additional(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	const struct part *properties = part_find(part->owner, "properties"),
			  *patterns = part_find(part->owner, "patternProperties");
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < instance->map.count; i++) {
		if (is_named(properties, patterns, instance->map.entries[i].key))
			continue;
		holds &= check_entry(check, part->target, &instance->map.entries[i], "schema/unknown-key");
		marks_set(marks, i);
	}
	return holds;
}

bool check_unevaluated_properties(struct check *check, const struct part *part, const struct value *instance,
				  struct marks *marks)
{
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < instance->map.count; i++) {
		if (marks->seen[i])
			continue;
		holds &= check_entry(check, part->target, &instance->map.entries[i], "schema/unknown-key");
		marks_set(marks, i);
	}
	return holds;
}

bool check_names(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	(void)marks;
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < instance->map.count; i++)
		holds &= check_node(check, part->target, instance->map.entries[i].key, at_key(instance->map.entries[i].key),
				    NULL);
	return holds;
}

bool check_dependent_schemas(struct check *check, const struct part *part, const struct value *instance, struct marks *marks)
{
	bool holds = true;
	for (size_t i = 0; instance->type == VALUE_MAP && i < part->count; i++)
		if (value_get_key(instance, part->branches[i].key))
			holds &= check_node(check, part->branches[i].node, instance, STEP_IN_PLACE, marks);
	return holds;
}
