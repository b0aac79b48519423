/*
 * template_fill.c - a template's tree and the names' values to a value.
 */
#include "engine/expression/evaluate.h"
#include "engine/expression/template_tree.h"

/* One filling-in. */
struct filling {
	const struct activation *activation;
	struct arena *arena;
	struct span *ret_at;
	struct error *err;
	bool shown; /* unknown parts of a text become "?" */
};

static const struct value *fill(struct filling *filling, const struct template *template);

static const struct value *fill_failed(struct filling *filling, struct span at)
{
	if (filling->ret_at)
		*filling->ret_at = at;
	return NULL;
}

static const struct value *fill_expression(struct filling *filling, const struct template *template)
{
	const struct value *result = expression_evaluate(template->expression, filling->activation, filling->arena);
	struct value *copy;

	if (result->type == VALUE_ERROR) {
		error_set(filling->err, ERROR_INVALID, "%s", result->string.data);
		return fill_failed(filling,
				   template_span(template, (struct expression_place){result->at.offset, result->at.length}));
	}
	if (template->kind == TEMPLATE_CONDITION && result->type != VALUE_BOOL && result->type != VALUE_UNKNOWN) {
		error_set(filling->err, ERROR_INVALID, "a condition must yield a bool; this one yields %s",
			  value_type_name(result->type));
		return fill_failed(filling, template->at);
	}
	copy = arena_copy(filling->arena, result, sizeof(*result));
	copy->at = template->value->at;
	return copy;
}

static const struct value *no_text(struct filling *filling, const struct template *part, const struct value *value)
{
	error_set(filling->err, ERROR_INVALID, "%s cannot be put into text", value_type_name(value->type));
	if (value->type == VALUE_LIST)
		error_hint(filling->err, "write list.join(', ')");
	else if (value->type == VALUE_MAP)
		error_hint(filling->err, "take one field of it");
	else if (value->type == VALUE_NULL)
		error_hint(filling->err, "say what to write instead, as in x == null ? '' : x");
	return fill_failed(filling, part->at);
}

static const struct value *too_long(struct filling *filling, const struct template *template)
{
	error_set(filling->err, ERROR_LIMIT, "the text grows over %u MiB", EXPRESSION_MEMORY_LIMIT >> 20);
	return fill_failed(filling, template->value->at);
}

static const struct value *fill_text(struct filling *filling, const struct template *template)
{
	CLEANUP_BUFFER struct buffer text = {0};
	const struct value *unknown = NULL;
	bool secret = template->value->secret;
	struct value *result;

	for (size_t i = 0; i < template->count; i++) {
		const struct value *part = fill(filling, template->children[i]);

		if (!part)
			return NULL;
		secret = secret || part->secret;
		if (part->type == VALUE_UNKNOWN && filling->shown)
			buffer_add_char(&text, '?');
		else if (part->type == VALUE_UNKNOWN)
			unknown = unknown ? unknown : part;
		else if (!append_as_string(&text, part))
			return no_text(filling, template->children[i], part);
		if (text.length > EXPRESSION_MEMORY_LIMIT)
			return too_long(filling, template);
	}
	result = unknown ? arena_copy(filling->arena, unknown, sizeof(*unknown))
			 : value_string_n(filling->arena, buffer_text(&text), text.length);
	result->secret = secret;
	result->at = template->value->at;
	return result;
}

static const struct value *fill_list(struct filling *filling, const struct template *template)
{
	struct value *list = value_list(filling->arena);

	list->at = template->value->at;
	list->secret = template->value->secret;
	for (size_t i = 0; i < template->count; i++) {
		const struct value *item = fill(filling, template->children[i]);

		if (!item)
			return NULL;
		value_append(filling->arena, list, item);
	}
	return list;
}

static const struct value *fill_map(struct filling *filling, const struct template *template)
{
	struct value *map = value_map(filling->arena);

	map->at = template->value->at;
	map->secret = template->value->secret;
	for (size_t i = 0; i < template->count; i++) {
		const struct value *item = fill(filling, template->children[i]);

		if (!item)
			return NULL;
		value_put_key(filling->arena, map, template->value->map.entries[i].key, item);
	}
	return map;
}

static const struct value *fill(struct filling *filling, const struct template *template)
{
	switch (template->kind) {
	case TEMPLATE_CONSTANT:
		return template->value;
	case TEMPLATE_TEXT:
		return fill_text(filling, template);
	case TEMPLATE_LIST:
		return fill_list(filling, template);
	case TEMPLATE_MAP:
		return fill_map(filling, template);
	default:
		return fill_expression(filling, template);
	}
}

int template_evaluate(const struct template *template, const struct activation *activation, struct arena *arena,
		      const struct value **ret_value, struct span *ret_at, struct error *err)
{
	struct filling filling = {.activation = activation, .arena = arena, .ret_at = ret_at, .err = err};
	const struct value *value = fill(&filling, template);

	if (value)
		*ret_value = value;
	return value ? 0 : -1;
}

int template_show(const struct template *template, const struct activation *activation, struct arena *arena,
		  const struct value **ret_value, struct error *err)
{
	struct filling filling = {.activation = activation, .arena = arena, .err = err, .shown = true};
	const struct value *value = fill(&filling, template);

	if (value)
		*ret_value = value;
	return value ? 0 : -1;
}
