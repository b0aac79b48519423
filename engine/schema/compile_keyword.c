/*
 * compile_keyword.c - what each keyword's value has to look like, and what is kept of it for checking.
 */
#include <math.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/schema/node.h"

int compile_failed(const struct part *part, struct error *err, const char *expected)
{
	return error_set(err, ERROR_INVALID, "%s/%s: must be %s, but is of type %s", part->owner->pointer, part->keyword->name,
			 expected, value_type_name(part->value->type));
}

/* Keeps the message of err and says where. */
static int failed_at(const struct part *part, struct error *err)
{
	return error_wrap(err, "%s/%s", part->owner->pointer, part->keyword->name);
}

int compile_nothing(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	(void)part;
	(void)err;
	return 0;
}

int compile_text(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	return part->value->type == VALUE_STRING ? 0 : compile_failed(part, err, "a string");
}

int compile_boolean(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	return part->value->type == VALUE_BOOL ? 0 : compile_failed(part, err, "a boolean");
}

static bool is_number(const struct value *value)
{
	return value->type == VALUE_INT || value->type == VALUE_UINT || value->type == VALUE_DOUBLE;
}

int compile_number(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	return is_number(part->value) ? 0 : compile_failed(part, err, "a number");
}

int compile_multiple(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	const struct value *value = part->value;
	bool positive = (value->type == VALUE_INT && value->integer > 0) || (value->type == VALUE_DOUBLE && value->real > 0) ||
			(value->type == VALUE_UINT && value->unsigned_integer > 0);
	return positive ? 0 : compile_failed(part, err, "a number greater than 0");
}

int compile_size(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	const struct value *value = part->value;
	if (value->type == VALUE_INT && value->integer >= 0)
		part->size = (size_t)value->integer;
	else if (value->type == VALUE_UINT)
		part->size = (size_t)value->unsigned_integer;
	else if (value->type == VALUE_DOUBLE && value->real >= 0 && value->real < 0x1p53 && trunc(value->real) == value->real)
		part->size = (size_t)value->real;
	else
		return compile_failed(part, err, "an integer, 0 or more");
	return 0;
}

/* minContains and maxContains, which mean nothing without contains. */
int compile_contains(struct compiler *compiler, struct part *part, struct error *err)
{
	const struct value *least = value_get(part->owner->value, "minContains"),
			   *most = value_get(part->owner->value, "maxContains");
	struct part limit = {.keyword = part->keyword, .owner = part->owner, .value = least, .size = 1};
	if (!(part->owner->resource->vocabularies & VOCABULARY_VALIDATION))
		least = most = NULL;
	if (least && compile_size(compiler, &limit, err) < 0)
		return -1;
	part->size = limit.size;
	limit = (struct part){.keyword = part->keyword, .owner = part->owner, .value = most, .size = SIZE_MAX};
	if (most && compile_size(compiler, &limit, err) < 0)
		return -1;
	part->most = limit.size;
	return compile_schema(compiler, part, err);
}

int compile_type(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	const struct value *value = part->value;
	size_t count = value->type == VALUE_LIST ? value->list.count : 1;
	for (size_t i = 0; i < count; i++) {
		const struct value *item = value->type == VALUE_LIST ? value->list.items[i] : value;
		unsigned type = item->type == VALUE_STRING ? type_named(item->string.data) : 0;
		if (!type) {
			error_set(err, ERROR_INVALID, "%s/type: '%s' is no type", part->owner->pointer,
				  item->type == VALUE_STRING ? item->string.data : value_type_name(item->type));
			return error_hint(err, "the types are string, integer, number, boolean, array, object, null");
		}
		part->types |= type;
	}
	return count ? 0 : compile_failed(part, err, "a type, or a list of types");
}

int compile_enum(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	return part->value->type == VALUE_LIST ? 0 : compile_failed(part, err, "a list");
}

static bool is_list_of_strings(const struct value *value)
{
	if (value->type != VALUE_LIST)
		return false;
	for (size_t i = 0; i < value->list.count; i++)
		if (value->list.items[i]->type != VALUE_STRING)
			return false;
	return true;
}

int compile_names(struct compiler *compiler, struct part *part, struct error *err)
{
	(void)compiler;
	return is_list_of_strings(part->value) ? 0 : compile_failed(part, err, "a list of strings");
}

int compile_dependents(struct compiler *compiler, struct part *part, struct error *err)
{
	const struct value *map = part->value;
	if (map->type != VALUE_MAP)
		return compile_failed(part, err, "a map");
	part->branches = arena_alloc(compiler->arena, map->map.count * sizeof(*part->branches));
	for (size_t i = 0; i < map->map.count; i++) {
		if (!is_list_of_strings(map->map.entries[i].value))
			return compile_failed(part, err, "a map of lists of strings");
		part->branches[part->count++] =
			(struct branch){.key = map->map.entries[i].key, .names = map->map.entries[i].value};
	}
	return 0;
}

int compile_schema(struct compiler *compiler, struct part *part, struct error *err)
{
	part->target = index_find(compiler->schema, part->value);
	return part->target ? 0 : compile_failed(part, err, "a schema");
}

int compile_list(struct compiler *compiler, struct part *part, struct error *err)
{
	const struct value *list = part->value;
	if (list->type != VALUE_LIST || !list->list.count)
		return compile_failed(part, err, "a list of at least one schema");
	part->branches = arena_alloc(compiler->arena, list->list.count * sizeof(*part->branches));
	for (size_t i = 0; i < list->list.count; i++)
		part->branches[part->count++].node = index_find(compiler->schema, list->list.items[i]);
	return 0;
}

int compile_map(struct compiler *compiler, struct part *part, struct error *err)
{
	const struct value *map = part->value;
	if (map->type != VALUE_MAP)
		return compile_failed(part, err, "a map of schemas");
	part->branches = arena_alloc(compiler->arena, map->map.count * sizeof(*part->branches));
	for (size_t i = 0; i < map->map.count; i++) {
		if (map->map.entries[i].key->type != VALUE_STRING)
			return compile_failed(part, err, "a map whose keys are strings");
		part->branches[part->count++] = (struct branch){
			.key = map->map.entries[i].key,
			.node = index_find(compiler->schema, map->map.entries[i].value),
		};
	}
	return 0;
}

/* From ECMA-262 to PCRE2: \uXXXX and \u{X} are \x{X} there. The rest that differs stands in README.md. */
static void translate_pattern(struct buffer *out, const struct value *pattern)
{
	const char *text = pattern->string.data;
	for (; *text; text++) {
		if (text[0] != '\\' || !text[1]) {
			buffer_add_char(out, *text);
		} else if (text[1] == 'u' && text[2] == '{') {
			buffer_add(out, "\\x");
			text++;
		} else if (text[1] == 'u' && strspn(text + 2, "0123456789abcdefABCDEF") >= 4) {
			buffer_printf(out, "\\x{%.4s}", text + 2);
			text += 5;
		} else {
			buffer_append(out, text++, 2);
		}
	}
}

static int compile_regex(struct compiler *compiler, const struct value *pattern, struct regex **ret_regex, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	translate_pattern(&text, pattern);
	return regex_compile(compiler->arena, buffer_text(&text), text.length, 0, ret_regex, NULL, err);
}

int compile_pattern(struct compiler *compiler, struct part *part, struct error *err)
{
	if (part->value->type != VALUE_STRING)
		return compile_failed(part, err, "a string");
	return compile_regex(compiler, part->value, &part->regex, err) < 0 ? failed_at(part, err) : 0;
}

int compile_patterns(struct compiler *compiler, struct part *part, struct error *err)
{
	if (compile_map(compiler, part, err) < 0)
		return -1;
	for (size_t i = 0; i < part->count; i++)
		if (compile_regex(compiler, part->branches[i].key, &part->branches[i].regex, err) < 0)
			return failed_at(part, err);
	return 0;
}

int compile_reference(struct compiler *compiler, struct part *part, struct error *err)
{
	const char *ignored;
	if (part->value->type != VALUE_STRING)
		return compile_failed(part, err, "a string");
	if (reference_resolve(compiler, part->owner, part->value->string.data, &part->target, &ignored, err) < 0)
		return failed_at(part, err);
	return 0;
}

int compile_dynamic(struct compiler *compiler, struct part *part, struct error *err)
{
	if (part->value->type != VALUE_STRING)
		return compile_failed(part, err, "a string");
	if (reference_resolve(compiler, part->owner, part->value->string.data, &part->target, &part->anchor, err) < 0)
		return failed_at(part, err);
	return 0;
}
