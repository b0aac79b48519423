/*
 * names.c - which names an expression reads from outside: giving them their candidates, and listing them.
 *
 * `a.b.c` may be the name "a.b.c", or a field of "a.b", or a field of a field of "a". Which one is only known when it is
 * evaluated, so the top of such a chain holds them all, longest first. A name that a macro binds has no candidates.
 */
#include <string.h>

#include "engine/expression/evaluate.h"

struct scope {
	const char *name;
	const struct scope *parent;
};

struct binder {
	struct arena *arena;
	const char *container; /* NULL for none */
};

static bool is_bound(const struct scope *scope, const struct node *name)
{
	for (; scope && !name->absolute; scope = scope->parent) {
		if (!strcmp(scope->name, name->text))
			return true;
	}
	return false;
}

/* The name at the bottom of a chain of plain selects, or NULL. *ret_selects counts them. */
static const struct node *chain_root(const struct node *node, size_t *ret_selects)
{
	*ret_selects = 0;
	for (; node->kind == NODE_SELECT && !node->quoted; node = node->children[0])
		++*ret_selects;
	return node->kind == NODE_NAME ? node : NULL;
}

/* The chain's text without its last `drop` selects. */
static const char *chain_text(struct arena *arena, const struct node *node, size_t drop)
{
	size_t length = 0;
	for (; drop; drop--)
		node = node->children[0];
	if (node->kind == NODE_NAME)
		return node->text;
	for (const struct node *part = node; part; part = part->kind == NODE_NAME ? NULL : part->children[0])
		length += strlen(part->text) + 1;
	char *text = arena_alloc(arena, length), *at = text + length - 1; /* zeroed; written from its end */
	for (const struct node *part = node; part; part = part->kind == NODE_NAME ? NULL : part->children[0]) {
		size_t size = strlen(part->text);
		at -= size;
		memcpy(at, part->text, size);
		if (at > text)
			*--at = '.';
	}
	return text;
}

static void add_candidate(struct binder *binder, struct node *node, size_t *capacity, const char *name, size_t selects)
{
	struct candidate *candidate, *candidates = (struct candidate *)node->candidates;

	candidate = arena_grow(binder->arena, &candidates, &node->candidate_count, capacity, sizeof(*candidate));
	*candidate = (struct candidate){.name = name, .selects = selects};
	node->candidates = candidates;
}

/* "a.b.name", "a.name" for the container a.b, then "name". */
static void add_candidates(struct binder *binder, struct node *node, bool absolute, size_t *capacity, const char *name,
			   size_t selects)
{
	const char *container = absolute ? NULL : binder->container;
	size_t length = container ? strlen(container) : 0;

	while (length) {
		add_candidate(binder, node, capacity, arena_printf(binder->arena, "%.*s.%s", (int)length, container, name),
			      selects);
		while (length && container[length - 1] != '.')
			length--;
		length -= length > 0;
	}
	add_candidate(binder, node, capacity, name, selects);
}

static void bind(struct binder *binder, struct node *node, const struct scope *scope)
{
	size_t selects, capacity = 0;
	const struct node *root = chain_root(node, &selects);
	struct scope inner = {.name = node->text, .parent = scope};

	if (root && !is_bound(scope, root)) {
		for (size_t drop = 0; drop <= selects; drop++)
			add_candidates(binder, node, root->absolute, &capacity, chain_text(binder->arena, node, drop), drop);
		return;
	}
	for (size_t i = 0; i < node->count; i++)
		bind(binder, node->children[i], node->kind == NODE_MACRO && i > 0 ? &inner : scope);
}

void names_bind(struct arena *arena, struct node *root, const char *container)
{
	struct binder binder = {.arena = arena, .container = container && *container ? container : NULL};

	bind(&binder, root, NULL);
}

struct visitor {
	expression_visit *visit;
	void *context;
};

/* The field that node takes out of its first child, if it can be read off the text: .field, has(.field) or ["field"]. */
static const char *literal_field(const struct node *node)
{
	if (node->kind == NODE_SELECT || node->kind == NODE_HAS)
		return node->text;
	if (node->kind == NODE_CALL && !strcmp(node->text, "[]") && node->children[1]->kind == NODE_LITERAL)
		return value_text(node->children[1]->literal);
	return NULL;
}

/* `int`, `google.protobuf.Duration`: known everywhere, so it need not be given. */
static bool names_type(const char *const *parts, size_t count)
{
	if (count == 3)
		return !strcmp(parts[0], "google") && !strcmp(parts[1], "protobuf") &&
		       (!strcmp(parts[2], "Duration") || !strcmp(parts[2], "Timestamp"));
	return count == 1 && type_is_name(parts[0]);
}

/* If node is a chain of literal fields on a free name, report it. */
static bool visit_chain(const struct visitor *visitor, const struct node *node, const struct scope *scope)
{
	const char *parts[EXPRESSION_DEPTH_LIMIT];
	const struct node *root = node;
	size_t count = 1, at;

	for (; literal_field(root); root = root->children[0])
		count++;
	if (root->kind != NODE_NAME || is_bound(scope, root))
		return false;
	parts[0] = root->text;
	at = count;
	for (root = node; at > 1; root = root->children[0])
		parts[--at] = literal_field(root);
	if (!names_type(parts, count))
		visitor->visit(visitor->context, parts, count, (struct expression_place){node->offset, node->length});
	return true;
}

static void visit_node(const struct visitor *visitor, const struct node *node, const struct scope *scope)
{
	struct scope inner = {.name = node->text, .parent = scope};

	if (visit_chain(visitor, node, scope))
		return;
	for (size_t i = 0; i < node->count; i++)
		visit_node(visitor, node->children[i], node->kind == NODE_MACRO && i > 0 ? &inner : scope);
}

void expression_visit_names(const struct expression *expression, expression_visit *visit, void *context)
{
	struct visitor visitor = {.visit = visit, .context = context};

	visit_node(&visitor, expression->root, NULL);
}
