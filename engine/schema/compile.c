/*
 * compile.c - from a schema document to nodes and their parts; the ways in (schema_compile and the registry).
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/schema/node.h"

static int unknown_keyword(const struct schema_node *node, const char *name, struct error *err)
{
	const char **names = memory_alloc(schema_keywords_count * sizeof(*names));
	for (size_t i = 0; i < schema_keywords_count; i++)
		names[i] = schema_keywords[i].name;
	error_set(err, ERROR_INVALID, "%s: unknown keyword '%s'", *node->pointer ? node->pointer : "/", name);
	const char *nearest = strcmp(name, "definitions") == 0 ? "$defs" : suggest(name, names, schema_keywords_count);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	free(names);
	return -1;
}

static bool is_lenient(const struct compiler *compiler)
{
	return compiler->registry && compiler->registry->lenient;
}

static int compile_keyword(struct compiler *compiler, struct schema_node *node, const struct value_entry *entry,
			   struct error *err)
{
	const char *name = value_text(entry->key);
	const struct keyword *keyword = name ? keyword_find(name) : NULL;
	if (!keyword && is_lenient(compiler))
		return 0;
	if (!keyword)
		return unknown_keyword(node, name ? name : "?", err);
	if (!(keyword->vocabulary & node->resource->vocabularies))
		return 0;
	struct part *part = &node->parts[node->count];
	part->keyword = keyword;
	part->owner = node;
	part->value = entry->value;
	if (keyword->compile(compiler, part, err) < 0)
		return -1;
	node->count++;
	return 0;
}

static int compare_parts(const void *left, const void *right)
{
	const struct part *a = left, *b = right;
	return (a->keyword > b->keyword) - (a->keyword < b->keyword);
}

int compile_node(struct compiler *compiler, struct schema_node *node, struct error *err)
{
	node->compiled = true;
	if (node->value->type == VALUE_BOOL) {
		node->never = !node->value->boolean;
		return 0;
	}
	node->parts = arena_alloc(compiler->arena, node->value->map.count * sizeof(*node->parts));
	for (size_t i = 0; i < node->value->map.count; i++)
		if (compile_keyword(compiler, node, &node->value->map.entries[i], err) < 0)
			return -1;
	qsort(node->parts, node->count, sizeof(*node->parts), compare_parts);
	node->collects = part_find(node, "unevaluatedProperties") || part_find(node, "unevaluatedItems");
	return 0;
}

/* References may lead to documents that are not indexed yet, so the list of nodes grows on the way. */
static int compile_all(struct compiler *compiler, struct error *err)
{
	for (size_t i = 0; i < compiler->schema->nodes_count; i++)
		if (!compiler->schema->nodes[i]->compiled && compile_node(compiler, compiler->schema->nodes[i], err) < 0)
			return -1;
	return 0;
}

int schema_compile_with(struct arena *arena, const struct value *value, const struct schema_registry *registry,
			struct schema **ret_schema, struct error *err)
{
	struct schema *schema = ARENA_NEW(arena, struct schema);
	struct compiler compiler = {.schema = schema, .arena = arena, .registry = registry};
	schema->arena = arena;
	if (index_document(&compiler, "", value, &schema->root, err) < 0 || compile_all(&compiler, err) < 0)
		return -1;
	*ret_schema = schema;
	return 0;
}

int schema_compile(struct arena *arena, const struct value *value, struct schema **ret_schema, struct error *err)
{
	return schema_compile_with(arena, value, NULL, ret_schema, err);
}

struct schema_registry *schema_registry_new(struct arena *arena)
{
	struct schema_registry *registry = ARENA_NEW(arena, struct schema_registry);
	registry->arena = arena;
	return registry;
}

int schema_registry_add(struct schema_registry *registry, const char *uri, const struct value *value, struct error *err)
{
	if (value->type != VALUE_MAP && value->type != VALUE_BOOL)
		return error_set(err, ERROR_INVALID, "%s: a schema is a map or a boolean, but this is of type %s", uri,
				 value_type_name(value->type));
	struct registry_entry *entry = arena_grow(registry->arena, &registry->entries, &registry->count, &registry->capacity,
						  sizeof(*registry->entries));
	*entry = (struct registry_entry){arena_strdup(registry->arena, uri), value};
	return 0;
}

void schema_registry_ignore_unknown_keywords(struct schema_registry *registry)
{
	registry->lenient = true;
}
