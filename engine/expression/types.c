/*
 * types.c - what type an expression will have. One function for each kind of node; what functions take and yield stands in
 * their table.
 */
#include "engine/expression/types.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/expression/foreign.h"
#include "engine/expression/functions.h"
#include "engine/expression/macro.h"
#include "engine/expression/template_tree.h"

struct bound { /* a name that a macro binds */
	const char *name;
	const struct type *type;
	const struct bound *outer;
};

struct checking {
	const struct type_check *check;
	const struct template *template;
	const struct bound *bound;
};

static const struct type *type_node(struct checking *checking, const struct node *node);

static void tell(const struct checking *checking, enum type_fault fault, const struct node *node, const char *message,
		 const char *hint)
{
	struct expression_place place = {node->offset, node->length};
	checking->check->tell(checking->check->context, fault, template_span(checking->template, place), message, hint);
}

static void must_be_bool(struct checking *checking, const struct node *node, const struct type *type, const char *what)
{
	if (type_is_any(type) || type->kind == VALUE_BOOL)
		return;
	tell(checking, TYPE_MISMATCH, node,
	     arena_printf(checking->check->arena, "%s must be true or false, and this is %s", what,
			  type_shown(checking->check->arena, type)),
	     NULL);
}

static const struct type *no_field(struct checking *checking, const struct type *map, const char *field,
				   const struct node *node)
{
	struct arena *arena = checking->check->arena;
	const char **names = arena_alloc(arena, (map->fields_count + 1) * sizeof(*names)), *hint = NULL;
	CLEANUP_BUFFER struct buffer list = {0};
	for (size_t i = 0; i < map->fields_count; i++) {
		names[i] = map->fields[i].name;
		buffer_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	if (suggest(field, names, map->fields_count))
		hint = arena_printf(arena, "did you mean '%s'?", suggest(field, names, map->fields_count));
	else if (map->fields_count && list.length < 200)
		hint = arena_printf(arena, "there are %s", buffer_text(&list));
	tell(checking, TYPE_NO_FIELD, node,
	     map->closed_by ? arena_printf(arena, "%s gives no '%s'", map->closed_by, field)
			    : arena_printf(arena, "there is no '%s' here", field),
	     hint);
	return &type_any;
}

static const struct type *select_field(struct checking *checking, const struct type *operand, const char *field,
				       const struct node *node)
{
	if (type_is_any(operand))
		return &type_any;
	if (operand->kind != VALUE_MAP) {
		tell(checking, TYPE_MISMATCH, node,
		     arena_printf(checking->check->arena, "%s has no fields, so there is no '%s'",
				  type_shown(checking->check->arena, operand), field),
		     foreign_field(field));
		return &type_any;
	}
	for (size_t i = 0; i < operand->fields_count; i++)
		if (strcmp(operand->fields[i].name, field) == 0)
			return operand->fields[i].type;
	if (operand->closed)
		return no_field(checking, operand, field, node);
	return operand->items ? operand->items : &type_any;
}

/* The selects above a name, innermost first. */
static const struct type *select_rest(struct checking *checking, const struct node *node, size_t selects,
				      const struct type *type)
{
	if (!selects)
		return type;
	return select_field(checking, select_rest(checking, node->children[0], selects - 1, type), node->text, node);
}

static const struct type *type_name_node(struct checking *checking, const struct node *node)
{
	for (const struct bound *bound = checking->bound; bound && node->kind == NODE_NAME; bound = bound->outer)
		if (!node->absolute && strcmp(bound->name, node->text) == 0)
			return bound->type;
	for (size_t i = 0; i < node->candidate_count; i++) {
		const struct type *type = checking->check->resolve(checking->check->context, node->candidates[i].name);
		if (type)
			return select_rest(checking, node, node->candidates[i].selects, type);
	}
	return &type_any;
}

static const struct type *type_select(struct checking *checking, const struct node *node)
{
	if (node->candidate_count)
		return type_name_node(checking, node);
	return select_field(checking, type_node(checking, node->children[0]), node->text, node);
}

/* The error that evaluating would give, with its advice: it looks at the arguments' types only. */
static void tell_overload(struct checking *checking, const struct node *node, const struct type *const *types)
{
	struct arena *arena = checking->check->arena;
	struct evaluation evaluation = {.arena = arena, .budget = 1000, .arena_start = arena_used(arena)};
	const struct value **arguments = arena_alloc(arena, node->count * sizeof(*arguments));
	for (size_t i = 0; i < node->count; i++)
		arguments[i] = value_new(arena, types[i]->kind);
	const struct value *error = no_such_overload(&evaluation, node, arguments);
	char *text = arena_strndup(arena, error->string.data, error->string.length);
	char *advice = strstr(text, "; ");
	if (advice)
		*advice = '\0';
	tell(checking, TYPE_MISMATCH, node, text, advice ? advice + 2 : NULL);
}

static bool fits(const struct function *function, const struct type *const *types, size_t count)
{
	if (strlen(function->signature) != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		char letter = function->signature[i];
		if (letter != 'a' && !type_is_any(types[i]) && letter != function_letter(types[i]->kind))
			return false;
	}
	return true;
}

static bool is_numeric(enum value_type kind)
{
	return kind == VALUE_INT || kind == VALUE_UINT || kind == VALUE_DOUBLE;
}

static bool any_of(const struct type *const *types)
{
	return type_is_any(types[0]) || type_is_any(types[1]);
}

/* < <= > >=: two numbers, or two of one kind that has an order. */
static const struct type *type_order(struct checking *checking, const struct node *node, const struct type *const *types)
{
	static const char ordered[] = "bsytp";
	enum value_type left = types[0]->kind, right = types[1]->kind;
	bool good = any_of(types) || (is_numeric(left) && is_numeric(right)) ||
		    (left == right && strchr(ordered, function_letter(left)));
	if (!good)
		tell_overload(checking, node, types);
	return type_of_kind(VALUE_BOOL);
}

/* CEL compares anything with anything; two kinds are never the same, which nobody means. */
static const struct type *type_equality(struct checking *checking, const struct node *node, const struct type *const *types)
{
	struct arena *arena = checking->check->arena;
	enum value_type left = types[0]->kind, right = types[1]->kind;
	bool good = any_of(types) || left == right || left == VALUE_NULL || right == VALUE_NULL ||
		    (is_numeric(left) && is_numeric(right));
	const char *hint = NULL;
	if (good)
		return type_of_kind(VALUE_BOOL);
	if (left == VALUE_LIST || right == VALUE_LIST)
		hint = "write item in list, or compare with a list";
	tell(checking, TYPE_MISMATCH, node,
	     arena_printf(arena, "%s %s %s is always %s: they are never the same", value_type_name(left), node->text,
			  value_type_name(right), strcmp(node->text, "==") == 0 ? "false" : "true"),
	     hint);
	return type_of_kind(VALUE_BOOL);
}

static const struct type *type_index(struct checking *checking, const struct node *node, const struct type *const *types)
{
	const struct node *key = node->children[1];
	const char *field = key->kind == NODE_LITERAL ? value_text(key->literal) : NULL;
	if (types[0]->kind == VALUE_MAP && field)
		return select_field(checking, types[0], field, node);
	if (types[0]->kind == VALUE_LIST && !type_is_any(types[1]) && !is_numeric(types[1]->kind))
		tell_overload(checking, node, types);
	if (!type_is_any(types[0]) && types[0]->kind != VALUE_MAP && types[0]->kind != VALUE_LIST)
		tell_overload(checking, node, types);
	return types[0]->kind == VALUE_LIST && types[0]->items ? types[0]->items : &type_any;
}

static const struct {
	const char *names; /* between spaces */
	const struct type *(*type)(struct checking *checking, const struct node *node, const struct type *const *types);
} special[] = {{" < <= > >= ", type_order}, {" == != ", type_equality}, {" [] ", type_index}};

static const struct type *result_of(struct arena *arena, const struct node *node, const struct function *function,
				    const struct type *const *types)
{
	if (strcmp(node->text, "split") == 0)
		return type_list(arena, type_of_kind(VALUE_STRING));
	if (strcmp(node->text, "+") == 0 && types[0]->kind == VALUE_LIST)
		return type_common(arena, types[0], types[1]);
	return type_of_kind(function_result(function));
}

static const struct type *type_call(struct checking *checking, const struct node *node)
{
	struct arena *arena = checking->check->arena;
	const struct type **types = arena_alloc(arena, (node->count + 2) * sizeof(*types)), *result = NULL;
	for (size_t i = 0; i < node->count; i++)
		types[i] = type_node(checking, node->children[i]);
	for (size_t i = 0; node->count == 2 && i < COUNT_OF(special); i++) {
		const char *found = strstr(special[i].names, node->text);
		if (found && found[-1] == ' ' && found[strlen(node->text)] == ' ')
			return special[i].type(checking, node, types);
	}
	for (const struct function *function = node->function; function; function = function_next(function)) {
		if (!fits(function, types, node->count))
			continue;
		const struct type *one = result_of(arena, node, function, types);
		result = result && result->kind != one->kind ? &type_any : one;
	}
	if (!result && node->function)
		tell_overload(checking, node, types);
	return result ? result : &type_any;
}

static const struct type *type_logic(struct checking *checking, const struct node *node)
{
	for (size_t i = 0; i < node->count; i++)
		must_be_bool(checking, node->children[i], type_node(checking, node->children[i]),
			     node->kind == NODE_AND ? "each side of &&" : "each side of ||");
	return type_of_kind(VALUE_BOOL);
}

static const struct type *type_conditional(struct checking *checking, const struct node *node)
{
	must_be_bool(checking, node->children[0], type_node(checking, node->children[0]), "what stands before ?");
	const struct type *yes = type_node(checking, node->children[1]);
	return type_common(checking->check->arena, yes, type_node(checking, node->children[2]));
}

static const struct type *type_items(struct checking *checking, const struct node *node)
{
	const struct type *items = NULL;
	for (size_t i = 0; i < node->count; i++) {
		const struct type *one = type_node(checking, node->children[i]);
		items = items ? type_common(checking->check->arena, items, one) : one;
	}
	return type_list(checking->check->arena, items);
}

static const struct type *type_entries(struct checking *checking, const struct node *node)
{
	bool named = true;
	struct type *map = type_map(checking->check->arena, true);
	for (size_t i = 0; i + 1 < node->count; i += 2) {
		const struct node *key = node->children[i];
		const struct type *type = type_node(checking, node->children[i + 1]);
		const char *name = key->kind == NODE_LITERAL ? value_text(key->literal) : NULL;
		named &= name != NULL;
		if (name)
			type_put(checking->check->arena, map, name, type);
	}
	return named ? map : type_of_kind(VALUE_MAP);
}

static const struct type *type_macro(struct checking *checking, const struct node *node)
{
	struct arena *arena = checking->check->arena;
	const char *name = macro_called(node);
	const struct type *range = type_node(checking, node->children[0]), *last = &type_any;
	bool maps = strcmp(name, "map") == 0, filters = strcmp(name, "filter") == 0;
	const struct type *item = range->kind == VALUE_MAP ? &type_any : range->items ? range->items : &type_any;
	if (!type_is_any(range) && range->kind != VALUE_LIST && range->kind != VALUE_MAP)
		tell(checking, TYPE_MISMATCH, node->children[0],
		     arena_printf(arena, "%s() goes over a list or a map, and this is %s", name, type_shown(arena, range)),
		     NULL);
	struct bound bound = {.name = node->text, .type = item, .outer = checking->bound};
	const struct bound *outer = checking->bound;
	checking->bound = &bound;
	for (size_t i = 1; i < node->count; i++) {
		last = type_node(checking, node->children[i]);
		if (!maps || i + 1 < node->count)
			must_be_bool(checking, node->children[i], last, arena_printf(arena, "the condition of %s()", name));
	}
	checking->bound = outer;
	if (maps)
		return type_list(arena, last);
	return filters ? (range->kind == VALUE_LIST ? range : type_of_kind(VALUE_LIST)) : type_of_kind(VALUE_BOOL);
}

static const struct type *type_literal(struct checking *checking, const struct node *node)
{
	(void)checking;
	return type_of_kind(node->literal->type);
}

/* has(x.f) asks, so f may be missing; what stands before it may not. */
static const struct type *type_has(struct checking *checking, const struct node *node)
{
	type_node(checking, node->children[0]);
	return type_of_kind(VALUE_BOOL);
}

static const struct type *type_node(struct checking *checking, const struct node *node)
{
	static const struct type *(*const types[])(struct checking * checking,
						   const struct node *node) = {[NODE_LITERAL] = type_literal,
									       [NODE_NAME] = type_name_node,
									       [NODE_SELECT] = type_select,
									       [NODE_HAS] = type_has,
									       [NODE_CALL] = type_call,
									       [NODE_AND] = type_logic,
									       [NODE_OR] = type_logic,
									       [NODE_LIST] = type_items,
									       [NODE_MAP] = type_entries,
									       [NODE_MACRO] = type_macro,
									       [NODE_CONDITIONAL] = type_conditional};
	return types[node->kind](checking, node);
}

static const struct type *type_expression(const struct template *template, const struct type_check *check)
{
	struct checking checking = {.check = check, .template = template};
	return type_node(&checking, template->expression->root);
}

static void check_condition(const struct template *template, const struct type_check *check, const struct type *type)
{
	struct checking checking = {.check = check, .template = template};
	must_be_bool(&checking, template->expression->root, type, "a condition");
}

static void check_part(const struct template *part, const struct type_check *check, const struct type *type)
{
	static const struct {
		enum value_type kind;
		const char *hint;
	} hints[] = {{VALUE_LIST, "write list.join(', ')"},
		     {VALUE_MAP, "take one field of it"},
		     {VALUE_NULL, "say what to write instead, as in x == null ? '' : x"}};
	struct checking checking = {.check = check, .template = part};
	for (size_t i = 0; i < COUNT_OF(hints); i++)
		if (type->kind == hints[i].kind)
			tell(&checking, TYPE_MISMATCH, part->expression->root,
			     arena_printf(check->arena, "%s cannot be put into text", value_type_name(type->kind)),
			     hints[i].hint);
}

/* Of a list or map whose values are templates. */
static const struct type *type_container(const struct template *template, const struct type_check *check)
{
	struct type *map = type_map(check->arena, true);
	const struct type *items = NULL;
	for (size_t i = 0; i < template->count; i++) {
		const struct type *one = template_type(template->children[i], check);
		items = items ? type_common(check->arena, items, one) : one;
		if (template->kind == TEMPLATE_MAP && value_text(template->value->map.entries[i].key))
			type_put(check->arena, map, value_text(template->value->map.entries[i].key), one);
	}
	return template->kind == TEMPLATE_MAP ? map : type_list(check->arena, items);
}

const struct type *template_type(const struct template *template, const struct type_check *check)
{
	if (template->kind == TEMPLATE_CONSTANT)
		return type_of_value(check->arena, template->value);
	if (template->kind == TEMPLATE_LIST || template->kind == TEMPLATE_MAP)
		return type_container(template, check);
	if (template->kind == TEMPLATE_TEXT) {
		for (size_t i = 0; i < template->count; i++)
			if (template->children[i]->kind == TEMPLATE_EXPRESSION)
				check_part(template->children[i], check, type_expression(template->children[i], check));
		return type_of_kind(VALUE_STRING);
	}
	const struct type *type = type_expression(template, check);
	if (template->kind == TEMPLATE_CONDITION)
		check_condition(template, check, type);
	return type;
}
