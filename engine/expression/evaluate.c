/*
 * evaluate.c - what each kind of node yields. Limits, unknowns and taint are evaluation.c's; functions and operators stand in
 * their own files.
 */
#include "engine/expression/evaluate.h"

#include <string.h>

#include "engine/base/suggest.h"
#include "engine/expression/foreign.h"
#include "engine/expression/functions.h"
#include "engine/expression/macro.h"

static const struct value *evaluate_literal(struct evaluation *evaluation, const struct node *node)
{
	(void)evaluation;
	return node->literal;
}

static const struct value *resolve_in(const struct activation *activation, const char *name, struct arena *arena)
{
	const struct value *value = NULL;

	for (; activation && !value; activation = activation->parent)
		value = activation->resolve(activation->context, name, arena);
	return value;
}

/* The map's keys as text, for a suggestion; at most 200 of them. */
static const char *suggest_key(struct evaluation *evaluation, const struct value *map, const char *wanted)
{
	size_t count = map->map.count < 200 ? map->map.count : 200, used = 0;
	const char **keys = arena_alloc(evaluation->arena, count * sizeof(*keys));

	for (size_t i = 0; i < count; i++) {
		if (value_is(map->map.entries[i].key, VALUE_STRING) && !map->map.entries[i].key->secret)
			keys[used++] = map->map.entries[i].key->string.data;
	}
	return suggest(wanted, keys, used);
}

static const struct value *no_such_key(struct evaluation *evaluation, const struct value *map, const struct value *key)
{
	CLEANUP_BUFFER struct buffer text = {0};
	const char *near, *shown;

	if (key->secret)
		return evaluation_error(evaluation, "no such key: a secret one");
	if (key->type == VALUE_STRING) {
		near = map->secret ? NULL : suggest_key(evaluation, map, key->string.data);
		shown = excerpt(evaluation->arena, key->string.data, key->string.length);
		return near ? evaluation_error(evaluation, "no such key: '%s'; did you mean '%s'?", shown, near)
			    : evaluation_error(evaluation, "no such key: '%s'", shown);
	}
	if (!is_number(key) && key->type != VALUE_BOOL)
		return evaluation_error(evaluation, "no such key: %s cannot be the type of a key", value_type_name(key->type));
	append_as_string(&text, key);
	return evaluation_error(evaluation, "no such key: %s", buffer_text(&text));
}

const struct value *map_lookup(struct evaluation *evaluation, const struct value *map, const struct value *key)
{
	const struct value *found;

	if (!evaluation_charge(evaluation, map->map.count / 64))
		return evaluation->exhausted;
	found = value_get_key(map, key);
	return found ? found : no_such_key(evaluation, map, key);
}

/* operand.field, where the operand is already a value. */
static const struct value *select_field(struct evaluation *evaluation, const struct value *operand, const char *field)
{
	struct value key = {.type = VALUE_STRING, .string = {.data = field, .length = strlen(field)}};

	if (is_abnormal(operand))
		return operand;
	if (operand->type != VALUE_MAP) {
		const char *instead = foreign_field(field);

		return evaluation_error(evaluation, "no such field: '%s'; %s has no fields, %s", field,
					value_type_name(operand->type), instead ? instead : "only a map has");
	}
	return tainted_by(evaluation, map_lookup(evaluation, operand, &key), operand);
}

/* The last `selects` selects of a chain, done on operand. */
static const struct value *select_rest(struct evaluation *evaluation, const struct node *node, const struct value *operand,
				       size_t selects)
{
	if (!selects)
		return operand;
	operand = select_rest(evaluation, node->children[0], operand, selects - 1);
	return evaluation->exhausted ? evaluation->exhausted : select_field(evaluation, operand, node->text);
}

/* A name from outside, as long as possible; the names of types stand behind those given. */
static const struct value *evaluate_free_name(struct evaluation *evaluation, const struct node *node)
{
	const struct candidate *shortest = &node->candidates[node->candidate_count - 1];

	for (size_t i = 0; i < node->candidate_count; i++) {
		const struct candidate *candidate = &node->candidates[i];
		const struct value *value;

		if (!evaluation_charge(evaluation, 1))
			return evaluation->exhausted;
		value = resolve_in(evaluation->activation, candidate->name, evaluation->arena);
		if (!value)
			value = type_value(evaluation->arena, candidate->name);
		if (value)
			return select_rest(evaluation, node, value, candidate->selects);
	}
	return evaluation_error(evaluation, "undeclared reference to '%s'", shortest->name);
}

static const struct value *evaluate_name(struct evaluation *evaluation, const struct node *node)
{
	if (node->candidate_count)
		return evaluate_free_name(evaluation, node);
	for (const struct binding *binding = evaluation->bindings; binding; binding = binding->parent) {
		if (!strcmp(binding->name, node->text))
			return binding->value;
	}
	return evaluation_error(evaluation, "undeclared reference to '%s'", node->text);
}

static const struct value *evaluate_select(struct evaluation *evaluation, const struct node *node)
{
	if (node->candidate_count)
		return evaluate_free_name(evaluation, node);
	return select_field(evaluation, evaluate_node(evaluation, node->children[0]), node->text);
}

static const struct value *evaluate_has(struct evaluation *evaluation, const struct node *node)
{
	const struct value *operand = evaluate_node(evaluation, node->children[0]), *field;

	if (is_abnormal(operand))
		return operand;
	if (operand->type != VALUE_MAP)
		return select_field(evaluation, operand, node->text);
	if (!evaluation_charge(evaluation, operand->map.count / 64))
		return evaluation->exhausted;
	field = value_get(operand, node->text);
	return field && field->type == VALUE_UNKNOWN ? field : value_bool(field != NULL);
}

static const struct value *evaluate_call(struct evaluation *evaluation, const struct node *node)
{
	const struct value **arguments = arena_alloc(evaluation->arena, node->count * sizeof(struct value *));
	const struct value *abnormal = NULL;

	for (size_t i = 0; i < node->count; i++) {
		arguments[i] = evaluate_node(evaluation, node->children[i]);
		if (evaluation->exhausted)
			return evaluation->exhausted;
		if (is_abnormal(arguments[i]))
			abnormal = abnormal ? abnormal_of(abnormal, arguments[i]) : arguments[i];
	}
	return abnormal ? abnormal : function_call(evaluation, node, arguments);
}

/* && and || are the same thing with true and false exchanged: `absorbing` decides alone, on either side. */
static const struct value *evaluate_logic(struct evaluation *evaluation, const struct node *node, bool absorbing)
{
	const struct value *left = evaluate_node(evaluation, node->children[0]), *right, *result;

	if (evaluation->exhausted || (left->type == VALUE_BOOL && left->boolean == absorbing))
		return left;
	right = evaluate_node(evaluation, node->children[1]);
	if (evaluation->exhausted)
		return right;
	if (right->type == VALUE_BOOL && right->boolean == absorbing)
		result = right;
	else if (is_abnormal(left) || is_abnormal(right))
		result = abnormal_of(left, right);
	else if (left->type != VALUE_BOOL || right->type != VALUE_BOOL)
		result = evaluation_error(evaluation, "no such overload: %s %s %s; both sides must be bool",
					  value_type_name(left->type), absorbing ? "||" : "&&", value_type_name(right->type));
	else
		result = right;
	return tainted_by(evaluation, tainted_by(evaluation, result, left), right);
}

static const struct value *evaluate_and(struct evaluation *evaluation, const struct node *node)
{
	return evaluate_logic(evaluation, node, false);
}

static const struct value *evaluate_or(struct evaluation *evaluation, const struct node *node)
{
	return evaluate_logic(evaluation, node, true);
}

static const struct value *evaluate_conditional(struct evaluation *evaluation, const struct node *node)
{
	const struct value *condition = evaluate_node(evaluation, node->children[0]);

	if (is_abnormal(condition))
		return condition;
	if (condition->type != VALUE_BOOL)
		return evaluation_error(evaluation, "no such overload: %s ? _ : _; a condition must be a bool",
					value_type_name(condition->type));
	return tainted_by(evaluation, evaluate_node(evaluation, node->children[condition->boolean ? 1 : 2]), condition);
}

static const struct value *evaluate_list(struct evaluation *evaluation, const struct node *node)
{
	struct value *list = value_list(evaluation->arena);
	const struct value *error = NULL;

	for (size_t i = 0; i < node->count; i++) {
		const struct value *item = evaluate_node(evaluation, node->children[i]);

		if (!charge_element(evaluation, item))
			return evaluation->exhausted;
		if (item->type == VALUE_ERROR && !error)
			error = item;
		value_append(evaluation->arena, list, item);
	}
	return error ? error : list;
}

/* NULL if key may be added to map. */
static const struct value *refuse_key(struct evaluation *evaluation, const struct value *map, const struct value *key)
{
	const char *type = value_type_name(key->type);

	if (is_abnormal(key))
		return key;
	if (key->type != VALUE_STRING && key->type != VALUE_BOOL && key->type != VALUE_INT && key->type != VALUE_UINT)
		return evaluation_error(evaluation, "a %s cannot be a key of a map; string, int, uint and bool can", type);
	if (!evaluation_charge(evaluation, map->map.count / 8))
		return evaluation->exhausted;
	if (!value_get_key(map, key))
		return NULL;
	if (key->type == VALUE_STRING && !key->secret)
		return evaluation_error(evaluation, "the map has the key '%s' twice",
					excerpt(evaluation->arena, key->string.data, key->string.length));
	return evaluation_error(evaluation, "the map has a key of type %s twice", type);
}

static const struct value *evaluate_map(struct evaluation *evaluation, const struct node *node)
{
	struct value *map = value_map(evaluation->arena);
	const struct value *abnormal = NULL;
	bool secret_key = false;

	for (size_t i = 0; i + 1 < node->count; i += 2) {
		const struct value *key = evaluate_node(evaluation, node->children[i]);
		const struct value *value = evaluate_node(evaluation, node->children[i + 1]), *refused;

		if (!charge_element(evaluation, value))
			return evaluation->exhausted;
		refused = refuse_key(evaluation, map, key);
		if (!refused && value->type == VALUE_ERROR)
			refused = value;
		if (refused)
			abnormal = abnormal ? abnormal_of(abnormal, refused) : refused;
		else
			value_put_key(evaluation->arena, map, key, value);
		secret_key = secret_key || key->secret;
	}
	if (evaluation->exhausted)
		return evaluation->exhausted;
	return abnormal ? abnormal : secret_key ? value_taint(evaluation->arena, map) : map;
}

static const struct value *(*const evaluators[])(struct evaluation *evaluation, const struct node *node) = {
	[NODE_LITERAL] = evaluate_literal, [NODE_NAME] = evaluate_name,
	[NODE_SELECT] = evaluate_select,   [NODE_HAS] = evaluate_has,
	[NODE_CALL] = evaluate_call,	   [NODE_AND] = evaluate_and,
	[NODE_OR] = evaluate_or,	   [NODE_CONDITIONAL] = evaluate_conditional,
	[NODE_LIST] = evaluate_list,	   [NODE_MAP] = evaluate_map,
	[NODE_MACRO] = macro_evaluate,
};

/* An error that has no place yet was made by this node. */
static const struct value *placed(struct evaluation *evaluation, const struct node *node, const struct value *value)
{
	struct value *copy;

	if (value->type != VALUE_ERROR || value->at.source || value->at.length)
		return value;
	copy = arena_copy(evaluation->arena, value, sizeof(*value));
	copy->at.offset = node->offset;
	copy->at.length = node->length;
	return copy;
}

const struct value *evaluate_node(struct evaluation *evaluation, const struct node *node)
{
	if (!evaluation_charge(evaluation, 1))
		return evaluation->exhausted;
	return placed(evaluation, node, evaluators[node->kind](evaluation, node));
}
