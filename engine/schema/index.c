/*
 * index.c - walks a schema document and makes a node of each subschema. It does not look at what the keywords say, except for
 * $id, $schema and the anchors, which give names to nodes.
 */
#include "engine/schema/node.h"

#include <stdint.h>
#include <string.h>

#include "engine/schema/uri.h"

static size_t slot_of(const struct schema *schema, const struct value *value)
{
	size_t mask = schema->slots_count - 1;
	size_t slot = (size_t)(((uintptr_t)value >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20) & mask;
	while (schema->slots[slot].value && schema->slots[slot].value != value)
		slot = (slot + 1) & mask;
	return slot;
}

struct schema_node *index_find(const struct schema *schema, const struct value *value)
{
	return schema->slots_count ? schema->slots[slot_of(schema, value)].node : NULL;
}

static void grow_slots(struct schema *schema)
{
	struct node_slot *old = schema->slots;
	size_t old_count = schema->slots_count;
	schema->slots_count = old_count ? old_count * 2 : 8; /* most schemas are of one input */
	schema->slots = arena_alloc(schema->arena, schema->slots_count * sizeof(*schema->slots));
	for (size_t i = 0; i < old_count; i++)
		if (old[i].value)
			schema->slots[slot_of(schema, old[i].value)] = old[i];
}

static struct schema_node *add_node(struct schema *schema, const struct value *value, struct resource *resource,
				    const char *pointer)
{
	struct schema_node *node = ARENA_NEW(schema->arena, struct schema_node);
	node->value = value;
	node->resource = resource;
	node->pointer = pointer;
	struct schema_node **slot = arena_grow(schema->arena, &schema->nodes, &schema->nodes_count, &schema->nodes_capacity,
					       sizeof(*schema->nodes));
	*slot = node;
	if (schema->nodes_count * 2 > schema->slots_count)
		grow_slots(schema);
	schema->slots[slot_of(schema, value)] = (struct node_slot){value, node};
	return node;
}

static struct resource *add_resource(struct schema *schema, const char *uri, unsigned vocabularies)
{
	struct resource *resource = ARENA_NEW(schema->arena, struct resource);
	resource->uri = uri;
	resource->vocabularies = vocabularies;
	struct resource **slot = arena_grow(schema->arena, &schema->resources, &schema->resources_count,
					    &schema->resources_capacity, sizeof(*schema->resources));
	*slot = resource;
	return resource;
}

static void add_anchor(struct schema *schema, struct schema_node *node, const char *name, bool dynamic)
{
	struct resource *resource = node->resource;
	if (!name)
		return;
	struct anchor_name *slot = arena_grow(schema->arena, &resource->anchors, &resource->anchors_count,
					      &resource->anchors_capacity, sizeof(*resource->anchors));
	*slot = (struct anchor_name){name, node, dynamic};
}

struct walk {
	struct compiler *compiler;
	struct error *err;
	unsigned depth;
};

static struct schema_node *walk_node(struct walk *walk, struct resource *resource, const struct value *value,
				     const char *pointer);

/* A pointer token: '~' and '/' are escaped. */
static const char *child_pointer(struct arena *arena, const char *pointer, const char *name)
{
	CLEANUP_BUFFER struct buffer text = {0};
	buffer_printf(&text, "%s/", pointer);
	for (; *name; name++) {
		if (*name == '~' || *name == '/')
			buffer_add(&text, *name == '~' ? "~0" : "~1");
		else
			buffer_add_char(&text, *name);
	}
	return arena_strdup(arena, buffer_text(&text));
}

static bool walk_list(struct walk *walk, struct resource *resource, const struct value *list, const char *pointer)
{
	for (size_t i = 0; i < list->list.count; i++) {
		const char *child = arena_printf(walk->compiler->arena, "%s/%zu", pointer, i);
		if (!walk_node(walk, resource, list->list.items[i], child))
			return false;
	}
	return true;
}

static bool walk_map(struct walk *walk, struct resource *resource, const struct value *map, const char *pointer)
{
	for (size_t i = 0; i < map->map.count; i++) {
		const char *name = value_text(map->map.entries[i].key);
		const char *child = child_pointer(walk->compiler->arena, pointer, name ? name : "?");
		if (!walk_node(walk, resource, map->map.entries[i].value, child))
			return false;
	}
	return true;
}

/* A value of the wrong type is left to the keyword's compile function. */
static bool walk_keyword(struct walk *walk, struct schema_node *node, const struct value_entry *entry)
{
	const char *name = value_text(entry->key);
	const struct keyword *keyword = name ? keyword_find(name) : NULL;
	if (!keyword || keyword->holds == HOLDS_VALUE)
		return true;
	const char *pointer = child_pointer(walk->compiler->arena, node->pointer, name);
	if (keyword->holds == HOLDS_SCHEMA)
		return walk_node(walk, node->resource, entry->value, pointer);
	if (keyword->holds == HOLDS_LIST && entry->value->type == VALUE_LIST)
		return walk_list(walk, node->resource, entry->value, pointer);
	if (keyword->holds == HOLDS_MAP && entry->value->type == VALUE_MAP)
		return walk_map(walk, node->resource, entry->value, pointer);
	return true;
}

/* The resource that begins here, or the one around it. NULL: an error. */
static struct resource *enter_resource(struct walk *walk, struct resource *around, const struct value *value,
				       const char *pointer)
{
	struct compiler *compiler = walk->compiler;
	const char *id = value_get_text(value, "$id"), *dialect = value_get_text(value, "$schema");
	unsigned vocabularies = around->vocabularies;
	if (dialect && reference_vocabularies(compiler, dialect, &vocabularies, walk->err) < 0) {
		error_wrap(walk->err, "%s/$schema", pointer);
		return NULL;
	}
	if (id && strchr(id, '#') && strchr(id, '#')[1]) {
		error_set(walk->err, ERROR_INVALID, "%s/$id: a fragment is not allowed in '%s'", pointer, id);
		error_hint(walk->err, "use $anchor");
		return NULL;
	}
	if (!around->root)
		around->vocabularies = vocabularies;
	if (!id)
		return around;
	char *fragment;
	const char *uri = uri_split(compiler->arena, uri_resolve(compiler->arena, around->uri, id), &fragment);
	return add_resource(compiler->schema, uri, vocabularies);
}

static struct schema_node *walk_map_node(struct walk *walk, struct resource *around, const struct value *value,
					 const char *pointer)
{
	struct schema *schema = walk->compiler->schema;
	struct resource *resource = enter_resource(walk, around, value, pointer);
	if (!resource)
		return NULL;
	struct schema_node *node = add_node(schema, value, resource, pointer);
	if (!around->root)
		around->root = node;
	if (!resource->root)
		resource->root = node;
	add_anchor(schema, node, value_get_text(value, "$anchor"), false);
	add_anchor(schema, node, value_get_text(value, "$dynamicAnchor"), true);
	for (size_t i = 0; i < value->map.count; i++)
		if (!walk_keyword(walk, node, &value->map.entries[i]))
			return NULL;
	return node;
}

static struct schema_node *walk_node(struct walk *walk, struct resource *resource, const struct value *value,
				     const char *pointer)
{
	struct schema_node *node = NULL;
	if (walk->depth == SCHEMA_NESTING_LIMIT) {
		error_set(walk->err, ERROR_LIMIT, "%s: schemas are nested deeper than %d levels", pointer,
			  SCHEMA_NESTING_LIMIT);
	} else if (value->type == VALUE_MAP) {
		walk->depth++;
		node = walk_map_node(walk, resource, value, pointer);
		walk->depth--;
	} else if (value->type == VALUE_BOOL) {
		node = add_node(walk->compiler->schema, value, resource, pointer);
		if (!resource->root)
			resource->root = node;
	} else {
		error_set(walk->err, ERROR_INVALID, "%s: a schema is a map or a boolean, but this is of type %s",
			  *pointer ? pointer : "/", value_type_name(value->type));
	}
	return node;
}

int index_document(struct compiler *compiler, const char *uri, const struct value *value, struct schema_node **ret_root,
		   struct error *err)
{
	struct walk walk = {compiler, err, 0};
	struct resource *resource = add_resource(compiler->schema, uri, VOCABULARY_ALL);
	*ret_root = walk_node(&walk, resource, value, "");
	return *ret_root ? 0 : -1;
}

int index_subschema(struct compiler *compiler, struct schema_node *parent, const struct value *value, const char *pointer,
		    struct schema_node **ret_node, struct error *err)
{
	struct walk walk = {compiler, err, 0};
	*ret_node = walk_node(&walk, parent->resource, value, pointer);
	return *ret_node ? 0 : -1;
}
