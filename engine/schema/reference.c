/*
 * reference.c - from a URI reference to a node: among the documents that are known, never over the network.
 */
#include "engine/schema/node.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/schema/metaschema.h"
#include "engine/schema/uri.h"

/* A document that was found under one URI and says another as its $id is one resource: the inner one, which has the anchors. */
static struct resource *find_resource(const struct schema *schema, const char *uri)
{
	for (size_t i = 0; i < schema->resources_count; i++)
		if (strcmp(schema->resources[i]->uri, uri) == 0 && schema->resources[i]->root)
			return schema->resources[i]->root->resource;
	return NULL;
}

static const struct value *find_document(const struct compiler *compiler, const char *uri)
{
	for (size_t i = 0; compiler->registry && i < compiler->registry->count; i++)
		if (strcmp(compiler->registry->entries[i].uri, uri) == 0)
			return compiler->registry->entries[i].value;
	const char *text = metaschema_text(uri);
	const struct value *value;
	if (!text || json_parse(compiler->arena, text, strlen(text), &value, NULL) < 0)
		return NULL;
	return value;
}

static int get_resource(struct compiler *compiler, const char *uri, struct resource **ret_resource, struct error *err)
{
	*ret_resource = find_resource(compiler->schema, uri);
	if (*ret_resource)
		return 0;
	const struct value *document = find_document(compiler, uri);
	if (!document) {
		error_set(err, ERROR_NOT_FOUND, "there is no schema '%s'", uri);
		return error_hint(err, "only what is in the same document can be referred to; nothing is fetched");
	}
	struct schema_node *root;
	if (index_document(compiler, uri, document, &root, err) < 0)
		return error_wrap(err, "%s", uri);
	*ret_resource = find_resource(compiler->schema, uri);
	return 0;
}

/* Reads one token of a JSON pointer at *pointer (behind its '/'), which is moved to the next '/' or the end. */
static char *take_token(struct arena *arena, const char **pointer)
{
	char *token = arena_strdup(arena, *pointer), *end = token;
	for (; **pointer && **pointer != '/'; (*pointer)++) {
		char c = **pointer;
		if (c == '~' && ((*pointer)[1] == '0' || (*pointer)[1] == '1'))
			c = *++*pointer == '0' ? '~' : '/';
		*end++ = c;
	}
	*end = '\0';
	return token;
}

static const struct value *child_of(const struct value *value, const char *token)
{
	if (value->type == VALUE_MAP)
		return value_get(value, token);
	char *end;
	unsigned long index = strtoul(token, &end, 10);
	if (value->type != VALUE_LIST || end == token || *end || index >= value->list.count)
		return NULL;
	return value->list.items[index];
}

/* Follows a JSON pointer from a resource's root. A place that is no schema by its position is made one. */
static int follow_pointer(struct compiler *compiler, struct schema_node *root, const char *pointer,
			  struct schema_node **ret_node, struct error *err)
{
	const struct value *value = root->value;
	struct schema_node *nearest = root;
	for (const char *rest = pointer; *rest == '/' && value;) {
		rest++;
		value = child_of(value, take_token(compiler->arena, &rest));
		struct schema_node *node = value ? index_find(compiler->schema, value) : NULL;
		nearest = node ? node : nearest;
	}
	if (!value)
		return error_set(err, ERROR_NOT_FOUND, "nothing stands at '#%s'", pointer);
	*ret_node = index_find(compiler->schema, value);
	if (*ret_node)
		return 0;
	return index_subschema(compiler, nearest, value, pointer, ret_node, err);
}

static int find_anchor(const struct resource *resource, const char *name, struct schema_node **ret_node, bool *ret_dynamic,
		       struct error *err)
{
	const char *names[64];
	size_t count = 0;
	for (size_t i = 0; i < resource->anchors_count; i++) {
		const struct anchor_name *anchor = &resource->anchors[i];
		if (strcmp(anchor->name, name) == 0) {
			*ret_node = anchor->node;
			*ret_dynamic = anchor->dynamic;
			return 0;
		}
		if (count < COUNT_OF(names))
			names[count++] = anchor->name;
	}
	error_set(err, ERROR_NOT_FOUND, "there is no anchor '%s'%s%s", name, *resource->uri ? " in " : "", resource->uri);
	const char *nearest = suggest(name, names, count);
	return nearest ? error_hint(err, "did you mean '%s'?", nearest) : -1;
}

int reference_resolve(struct compiler *compiler, const struct schema_node *from, const char *reference,
		      struct schema_node **ret_node, const char **ret_dynamic_anchor, struct error *err)
{
	char *fragment;
	const char *uri = uri_split(compiler->arena, uri_resolve(compiler->arena, from->resource->uri, reference), &fragment);
	struct resource *resource;
	*ret_dynamic_anchor = NULL;
	if (get_resource(compiler, uri, &resource, err) < 0)
		return -1;
	if (!fragment || !*fragment || *fragment == '/')
		return follow_pointer(compiler, resource->root, fragment ? fragment : "", ret_node, err);
	bool dynamic;
	if (find_anchor(resource, fragment, ret_node, &dynamic, err) < 0)
		return -1;
	if (dynamic)
		*ret_dynamic_anchor = fragment;
	return 0;
}

struct schema_node *reference_dynamic(const struct resource *resource, const char *anchor)
{
	for (size_t i = 0; i < resource->anchors_count; i++)
		if (resource->anchors[i].dynamic && strcmp(resource->anchors[i].name, anchor) == 0)
			return resource->anchors[i].node;
	return NULL;
}

static unsigned vocabulary_named(const char *uri)
{
	static const struct {
		const char *name;
		unsigned vocabulary;
	} vocabularies[] = {
		{"core", VOCABULARY_CORE},
		{"applicator", VOCABULARY_APPLICATOR},
		{"unevaluated", VOCABULARY_UNEVALUATED},
		{"validation", VOCABULARY_VALIDATION},
		{"meta-data", VOCABULARY_META_DATA},
		{"format-annotation", VOCABULARY_FORMAT},
		{"content", VOCABULARY_CONTENT},
	};
	static const char prefix[] = "https://json-schema.org/draft/2020-12/vocab/";
	for (size_t i = 0; i < COUNT_OF(vocabularies); i++)
		if (strncmp(uri, prefix, strlen(prefix)) == 0 && strcmp(uri + strlen(prefix), vocabularies[i].name) == 0)
			return vocabularies[i].vocabulary;
	return 0;
}

int reference_vocabularies(const struct compiler *compiler, const char *uri, unsigned *ret_vocabularies, struct error *err)
{
	if (strcmp(uri, METASCHEMA_URI) == 0 || strcmp(uri, METASCHEMA_URI "#") == 0)
		return 0;
	const struct value *listed = value_get(find_document(compiler, uri), "$vocabulary");
	if (!listed) {
		error_set(err, ERROR_INVALID, "'%s' is not supported", uri);
		return error_hint(err, "only draft 2020-12 is: %s", METASCHEMA_URI);
	}
	unsigned vocabularies = VOCABULARY_CORE | VOCABULARY_STANDIN;
	for (size_t i = 0; value_is(listed, VALUE_MAP) && i < listed->map.count; i++) {
		const char *name = value_text(listed->map.entries[i].key);
		const struct value *required = listed->map.entries[i].value;
		unsigned known = name ? vocabulary_named(name) : 0;
		if (!known && value_is(required, VALUE_BOOL) && required->boolean)
			return error_set(err, ERROR_INVALID, "'%s' requires the vocabulary '%s', which is not supported", uri,
					 name ? name : "?");
		vocabularies |= known;
	}
	*ret_vocabularies = vocabularies;
	return 0;
}
