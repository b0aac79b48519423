/*
 * template.c - compiling strings with `${{ expression }}` inside: a document's value becomes a tree of the same shape
 * (template_tree.h). Filling it in is template_fill.c's. Where an expression ends is the lexer's to say, because `}}` may stand
 * in a string or close two maps.
 */
#include "engine/expression/template.h"

#include <string.h>

#include "engine/base/buffer.h"
#include "engine/expression/lexer.h"
#include "engine/expression/template_tree.h"

#define OPEN "${{"
#define ESCAPED "$${{"

struct compiler {
	struct arena *arena;
	struct span *ret_at; /* may be NULL */
	struct error *err;
	size_t expressions; /* so far */
};

#define EXPRESSIONS_LIMIT 10000 /* in one value: bounds the memory that a text of braces can take */

static struct template *template_new(struct compiler *compiler, enum template_kind kind, const struct value *value)
{
	struct template *template = ARENA_NEW(compiler->arena, struct template);

	template->kind = kind;
	template->value = value;
	return template;
}

static void add_child(struct compiler *compiler, struct template *template, struct template *child)
{
	struct template **slot =
		arena_grow(compiler->arena, &template->children, &template->count, &template->capacity, sizeof(*slot));

	*slot = child;
}

static int failed_at(struct compiler *compiler, struct span at)
{
	if (compiler->ret_at)
		*compiler->ret_at = at;
	return -1;
}

static bool stands(const char *text, size_t length, const char *mark)
{
	return length >= strlen(mark) && !memcmp(text, mark, strlen(mark));
}

/* The next unescaped `${{` at or behind from; length if there is none. */
static size_t find_open(const char *text, size_t length, size_t from)
{
	for (size_t i = from; i < length; i++) {
		if (stands(text + i, length - i, ESCAPED))
			i += strlen(ESCAPED) - 1;
		else if (stands(text + i, length - i, OPEN))
			return i;
	}
	return length;
}

bool template_has(const char *text, size_t length)
{
	return find_open(text, length, 0) < length;
}

/* Where in the document the expression's text is written; the whole value if it is not there letter by letter. */
static void place_expression(struct template *template, const struct value *value, const char *text, size_t length,
			     size_t *after)
{
	struct span at = value->at;
	const char *from, *found;

	template->at = at;
	if (!at.source || at.offset + at.length > at.source->length || *after < at.offset || *after > at.offset + at.length)
		return;
	from = at.source->text + *after;
	found = memmem(from, at.offset + at.length - *after, text, length);
	if (!found)
		return;
	template->at.offset = (size_t)(found - at.source->text);
	template->at.length = length;
	template->exact = true;
	*after = template->at.offset + length;
}

struct span template_span(const struct template *template, struct expression_place place)
{
	struct span at = template->at;

	if (template->exact && place.offset <= at.length) {
		at.length = place.length < at.length - place.offset ? place.length : at.length - place.offset;
		at.offset += place.offset;
	}
	return at;
}

static struct template *compile_expression(struct compiler *compiler, enum template_kind kind, const struct value *value,
					   const char *text, size_t length, size_t *after)
{
	struct template *template = template_new(compiler, kind, value);
	struct expression_place place = {0};

	template->text = text;
	place_expression(template, value, text, length, after);
	if (++compiler->expressions > EXPRESSIONS_LIMIT) {
		error_set(compiler->err, ERROR_LIMIT, "more than %d expressions in one value", EXPRESSIONS_LIMIT);
		failed_at(compiler, template_span(template, place));
		return NULL;
	}
	if (expression_compile(compiler->arena, text, length, &template->expression, &place, compiler->err)) {
		failed_at(compiler, template_span(template, place));
		return NULL;
	}
	return template;
}

/* Behind the `${{` at open: the offset of its `}}`. */
static int find_close(struct compiler *compiler, const struct value *value, size_t open, size_t *ret_close)
{
	const char *text = value->string.data;
	struct failure failure = {.err = compiler->err};
	struct lexer lexer = {
		.text = text, .length = value->string.length, .position = open + strlen(OPEN), .failure = &failure};
	struct token token;
	size_t depth = 0;

	for (;;) {
		if (lexer_next(&lexer, &token))
			return failed_at(compiler, value->at);
		if (token.kind == TOKEN_END)
			break;
		if (token.kind == TOKEN_BRACE_OPEN)
			depth++;
		if (token.kind == TOKEN_BRACE_CLOSE && !depth--) {
			if (!stands(text + token.offset, value->string.length - token.offset, "}}"))
				break;
			*ret_close = token.offset;
			return 0;
		}
	}
	error_set(compiler->err, ERROR_INVALID, "the '${{' is not closed by '}}'");
	error_hint(compiler->err, "a literal '${{' is written '$${{'");
	return failed_at(compiler, value->at);
}

/* Text between expressions, with `$${{` as `${{`. */
static void add_literal(struct compiler *compiler, struct template *template, const char *text, size_t length)
{
	CLEANUP_BUFFER struct buffer plain = {0};

	for (size_t i = 0; i < length; i++) {
		if (stands(text + i, length - i, ESCAPED))
			i++;
		buffer_add_char(&plain, text[i]);
	}
	if (plain.length)
		add_child(compiler, template,
			  template_new(compiler, TEMPLATE_CONSTANT, value_string_n(compiler->arena, plain.data, plain.length)));
}

static struct template *compile_string(struct compiler *compiler, const struct value *value)
{
	const char *text = value->string.data;
	size_t length = value->string.length, end = 0, open, close, after = value->at.offset;
	struct template *template = template_new(compiler, TEMPLATE_TEXT, value), *part;

	while ((open = find_open(text, length, end)) < length) {
		add_literal(compiler, template, text + end, open - end);
		if (find_close(compiler, value, open, &close))
			return NULL;
		open += strlen(OPEN);
		part = compile_expression(compiler, TEMPLATE_EXPRESSION, value,
					  arena_strndup(compiler->arena, text + open, close - open), close - open, &after);
		if (!part)
			return NULL;
		add_child(compiler, template, part);
		end = close + 2;
	}
	add_literal(compiler, template, text + end, length - end);
	if (template->count == 1 && template->children[0]->kind == TEMPLATE_EXPRESSION)
		return template->children[0];
	if (template_is_constant(template)) {
		struct value *plain = value_string(compiler->arena, "");

		if (template->count)
			plain->string = template->children[0]->value->string;
		plain->at = value->at;
		plain->secret = value->secret;
		return template_new(compiler, TEMPLATE_CONSTANT, plain);
	}
	return template;
}

/* Nothing in it is to be evaluated or unescaped: it stays what was written. Most values are of this kind. */
static bool is_plain(const struct value *value)
{
	if (value->type == VALUE_STRING)
		return !memmem(value->string.data, value->string.length, OPEN, strlen(OPEN));
	for (size_t i = 0; value->type == VALUE_LIST && i < value->list.count; i++)
		if (!is_plain(value->list.items[i]))
			return false;
	for (size_t i = 0; value->type == VALUE_MAP && i < value->map.count; i++)
		if (!is_plain(value->map.entries[i].value))
			return false;
	return true;
}

static struct template *compile_value(struct compiler *compiler, const struct value *value)
{
	bool list = value->type == VALUE_LIST;
	size_t count = list ? value->list.count : value->type == VALUE_MAP ? value->map.count : 0;
	struct template *template;

	if (is_plain(value))
		return template_new(compiler, TEMPLATE_CONSTANT, value);
	if (value->type == VALUE_STRING)
		return compile_string(compiler, value);
	template = template_new(compiler, list ? TEMPLATE_LIST : TEMPLATE_MAP, value);
	for (size_t i = 0; i < count; i++) {
		struct template *child = compile_value(compiler, list ? value->list.items[i] : value->map.entries[i].value);

		if (!child)
			return NULL;
		add_child(compiler, template, child);
	}
	return template;
}

int template_compile(struct arena *arena, const struct value *value, struct template **ret_template, struct span *ret_at,
		     struct error *err)
{
	struct compiler compiler = {.arena = arena, .ret_at = ret_at, .err = err};
	struct template *template = compile_value(&compiler, value);

	if (template)
		*ret_template = template;
	return template ? 0 : -1;
}

/* The condition's text: bare, or what one whole `${{ }}` holds. */
static int condition_text(struct compiler *compiler, const struct value *value, size_t *ret_start, size_t *ret_length)
{
	const char *text = value->string.data;
	size_t length = value->string.length, start = 0, close;

	while (start < length && strchr(" \t\r\n", text[start]))
		start++;
	*ret_start = 0;
	*ret_length = length;
	if (!stands(text + start, length - start, OPEN))
		return 0;
	if (find_close(compiler, value, start, &close))
		return -1;
	*ret_start = start + strlen(OPEN);
	*ret_length = close - *ret_start;
	for (close += 2; close < length; close++) {
		if (!strchr(" \t\r\n", text[close])) {
			error_set(compiler->err, ERROR_INVALID,
				  "a condition is one expression, and something follows the '}}'");
			error_hint(compiler->err, "write the whole condition without '${{ }}'");
			return failed_at(compiler, value->at);
		}
	}
	return 0;
}

int template_compile_condition(struct arena *arena, const struct value *value, struct template **ret_template,
			       struct span *ret_at, struct error *err)
{
	struct compiler compiler = {.arena = arena, .ret_at = ret_at, .err = err};
	size_t start, length, after = value->at.offset;
	struct template *template;

	if (value->type == VALUE_BOOL) {
		*ret_template = template_new(&compiler, TEMPLATE_CONSTANT, value);
		return 0;
	}
	if (value->type != VALUE_STRING) {
		error_set(err, ERROR_INVALID, "a condition is an expression, true or false; this is %s",
			  value_type_name(value->type));
		return failed_at(&compiler, value->at);
	}
	if (condition_text(&compiler, value, &start, &length))
		return -1;
	template = compile_expression(&compiler, TEMPLATE_CONDITION, value,
				      arena_strndup(arena, value->string.data + start, length), length, &after);
	if (template)
		*ret_template = template;
	return template ? 0 : -1;
}

size_t template_head(const struct template *template, const char **ret_text)
{
	*ret_text = "";
	if (template->kind != TEMPLATE_TEXT && template->kind != TEMPLATE_CONSTANT)
		return 0;
	const char *text = value_text(template->value);
	if (!text)
		return 0;
	const char *expression = strstr(text, "${{");
	*ret_text = text;
	return expression ? (size_t)(expression - text) : strlen(text);
}

bool template_is_constant(const struct template *template)
{
	for (size_t i = 0; i < template->count; i++) {
		if (!template_is_constant(template->children[i]))
			return false;
	}
	return !template->expression;
}

struct visit {
	const struct template *template;
	template_visit *visit;
	void *context;
};

static void visit_name(void *context, const char *const *parts, size_t count, struct expression_place place)
{
	const struct visit *visit = context;

	visit->visit(visit->context, parts, count, template_span(visit->template, place));
}

void template_visit_names(const struct template *template, template_visit *visit, void *context)
{
	struct visit inner = {.template = template, .visit = visit, .context = context};

	if (template->expression)
		expression_visit_names(template->expression, visit_name, &inner);
	for (size_t i = 0; i < template->count; i++)
		template_visit_names(template->children[i], visit, context);
}
