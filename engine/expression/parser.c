/*
 * parser.c - tokens to a tree, by precedence climbing. Knows the grammar of CEL without message construction; does not know
 * which functions or names exist.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/expression/lexer.h"
#include "engine/expression/macro.h"

struct parser {
	struct arena *arena;
	struct lexer lexer;
	struct token token; /* not yet consumed */
	size_t end;	    /* behind the last consumed token */
	unsigned depth;	    /* of nested calls of parse_expression and parse_unary */
	struct failure *failure;
};

struct binary_operator {
	enum token_kind token;
	int precedence; /* higher binds tighter */
	enum node_kind kind;
	const char *text;
};

static const struct binary_operator binary_operators[] = {
	{TOKEN_OR, 1, NODE_OR, "||"},	    {TOKEN_AND, 2, NODE_AND, "&&"},
	{TOKEN_LESS, 3, NODE_CALL, "<"},    {TOKEN_LESS_EQUAL, 3, NODE_CALL, "<="},
	{TOKEN_GREATER, 3, NODE_CALL, ">"}, {TOKEN_GREATER_EQUAL, 3, NODE_CALL, ">="},
	{TOKEN_EQUAL, 3, NODE_CALL, "=="},  {TOKEN_NOT_EQUAL, 3, NODE_CALL, "!="},
	{TOKEN_IN, 3, NODE_CALL, "in"},	    {TOKEN_PLUS, 4, NODE_CALL, "+"},
	{TOKEN_MINUS, 4, NODE_CALL, "-"},   {TOKEN_TIMES, 5, NODE_CALL, "*"},
	{TOKEN_DIVIDE, 5, NODE_CALL, "/"},  {TOKEN_MODULO, 5, NODE_CALL, "%"},
};

static struct node *parse_expression(struct parser *parser);
static struct node *parse_unary(struct parser *parser);

int failure_set(struct failure *failure, size_t offset, size_t length, const char *format, ...)
{
	char message[512];
	va_list args;

	if (failure->failed)
		return -1;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	failure->failed = true;
	failure->place = (struct expression_place){.offset = offset, .length = length};
	return error_set(failure->err, ERROR_INVALID, "%s", message);
}

static int advance(struct parser *parser)
{
	parser->end = parser->token.offset + parser->token.length;
	return lexer_next(&parser->lexer, &parser->token);
}

static int too_deep(struct parser *parser, size_t offset)
{
	return failure_set(parser->failure, offset, 1, "the expression is nested deeper than %d levels",
			   EXPRESSION_DEPTH_LIMIT);
}

static struct node *node_new(struct parser *parser, enum node_kind kind, size_t offset)
{
	struct node *node = ARENA_NEW(parser->arena, struct node);

	node->kind = kind;
	node->depth = 1;
	node->offset = offset;
	return node;
}

static int node_add(struct parser *parser, struct node *node, struct node *child)
{
	struct node **slot = arena_grow(parser->arena, &node->children, &node->count, &node->capacity, sizeof(*slot));

	*slot = child;
	if (child->depth >= node->depth)
		node->depth = child->depth + 1;
	return node->depth > EXPRESSION_DEPTH_LIMIT ? too_deep(parser, node->offset) : 0;
}

static struct node *node_end(struct parser *parser, struct node *node)
{
	node->length = parser->end - node->offset;
	return node;
}

static const char *token_text(struct parser *parser, struct token token)
{
	return arena_strndup(parser->arena, parser->lexer.text + token.offset, token.length);
}

/* Operators of other languages, where an operator or the end is expected. */
static const struct {
	const char *word;
	const char *advice;
} habits[] = {
	{"and", "it is written '&&'"},
	{"or", "it is written '||'"},
	{"not", "write !(a in b)"},
	{"is", "it is written '=='; 'is defined' is has(a.b)"},
	{"eq", "it is written '=='"},
	{"ne", "it is written '!='"},
	{"contains", "write ELEMENT in LIST, or TEXT.contains(PART)"},
	{"if", "write CONDITION ? A : B"},
	{"for", "write LIST.map(e, ...) or LIST.filter(e, ...)"},
	{"matches", "write TEXT.matches(PATTERN)"},
};

static const char *habit(const char *text, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(habits); i++)
		if (length == strlen(habits[i].word) && !memcmp(habits[i].word, text, length))
			return habits[i].advice;
	return NULL;
}

/* The token before this one is `not`, or this is the second half of `<>`. */
static int unexpected_after(struct parser *parser)
{
	static const char not [] = "not";
	size_t length = strlen(not );
	struct token token = parser->token;
	const char *text = parser->lexer.text;

	if (parser->end >= length && !memcmp(text + parser->end - length, not, length) &&
	    (parser->end == length || strchr(" (!&|", text[parser->end - length - 1])))
		return failure_set(parser->failure, parser->end - length, length, "unexpected 'not'; it is written '!'");
	if (token.length && text[token.offset] == '>' && parser->end == token.offset && text[token.offset - 1] == '<')
		return failure_set(parser->failure, token.offset - 1, 2, "unexpected '<>'; it is written '!='");
	return 0;
}

static int unexpected(struct parser *parser, const char *expected)
{
	struct token token = parser->token;
	const char *text = parser->lexer.text + token.offset, *advice = habit(text, token.length);

	if (token.kind == TOKEN_END)
		return failure_set(parser->failure, token.offset, 0, "the expression ends where %s should follow", expected);
	if (parser->end && unexpected_after(parser))
		return -1;
	if (advice)
		return failure_set(parser->failure, token.offset, token.length, "unexpected '%.*s'; %s", (int)token.length,
				   text, advice);
	return failure_set(parser->failure, token.offset, token.length, "expected %s, found '%.*s'", expected,
			   (int)(token.length > 60 ? 60 : token.length), text);
}

static int expect(struct parser *parser, enum token_kind kind)
{
	return parser->token.kind == kind ? advance(parser) : unexpected(parser, token_kind_name(kind));
}

static struct node *literal(struct parser *parser, size_t offset, const struct value *value)
{
	struct node *node = node_new(parser, NODE_LITERAL, offset);

	node->literal = value;
	return value && !advance(parser) ? node_end(parser, node) : NULL;
}

/* Expressions up to the closing token, which is consumed. A trailing comma is allowed if trailing is set. */
static int parse_items(struct parser *parser, struct node *node, enum token_kind close, bool trailing)
{
	bool pairs = close == TOKEN_BRACE_CLOSE;

	while (parser->token.kind != close) {
		struct node *item = parse_expression(parser);

		if (!item || node_add(parser, node, item))
			return -1;
		if (pairs) {
			item = expect(parser, TOKEN_COLON) ? NULL : parse_expression(parser);
			if (!item || node_add(parser, node, item))
				return -1;
		}
		if (parser->token.kind == close)
			break;
		if (parser->token.kind != TOKEN_COMMA)
			return unexpected(parser, close == TOKEN_PAREN_CLOSE ? "',' or ')'"
						  : pairs		     ? "',' or '}'"
									     : "',' or ']'");
		if (advance(parser))
			return -1;
		if (parser->token.kind == close && !trailing)
			return unexpected(parser, "an argument");
	}
	return advance(parser);
}

static struct node *parse_collection(struct parser *parser, enum node_kind kind, enum token_kind close)
{
	struct node *node = node_new(parser, kind, parser->token.offset);

	return advance(parser) || parse_items(parser, node, close, true) ? NULL : node_end(parser, node);
}

static struct node *parse_parentheses(struct parser *parser)
{
	struct node *node = advance(parser) ? NULL : parse_expression(parser);

	return node && !expect(parser, TOKEN_PAREN_CLOSE) ? node : NULL;
}

/* The name is consumed, the opening parenthesis is not. */
static struct node *parse_call(struct parser *parser, struct node *receiver, const char *name, size_t offset)
{
	struct node *node = node_new(parser, NODE_CALL, offset);

	node->text = name;
	node->member = receiver != NULL;
	if (receiver && node_add(parser, node, receiver))
		return NULL;
	if (advance(parser) || parse_items(parser, node, TOKEN_PAREN_CLOSE, false))
		return NULL;
	node_end(parser, node);
	return macro_expand(node, parser->failure) ? NULL : node;
}

static struct node *parse_name(struct parser *parser)
{
	size_t offset = parser->token.offset;
	bool absolute = parser->token.kind == TOKEN_DOT;
	const char *name;
	struct node *node;

	if (absolute && advance(parser))
		return NULL;
	if (parser->token.kind == TOKEN_RESERVED) {
		failure_set(parser->failure, parser->token.offset, parser->token.length,
			    "'%s' is a reserved word and cannot be a name", token_text(parser, parser->token));
		return NULL;
	}
	name = token_text(parser, parser->token);
	if (expect(parser, TOKEN_NAME))
		return NULL;
	if (parser->token.kind == TOKEN_PAREN_OPEN)
		return parse_call(parser, NULL, name, offset);
	node = node_new(parser, NODE_NAME, offset);
	node->text = name;
	node->absolute = absolute;
	return node_end(parser, node);
}

static struct node *parse_primary(struct parser *parser)
{
	struct token token = parser->token;

	switch (token.kind) {
	case TOKEN_INT:
	case TOKEN_UINT:
	case TOKEN_DOUBLE:
		return literal(parser, token.offset, literal_number(parser->arena, &parser->lexer, token, false));
	case TOKEN_STRING:
	case TOKEN_BYTES:
		return literal(parser, token.offset, literal_text(parser->arena, &parser->lexer, token));
	case TOKEN_TRUE:
	case TOKEN_FALSE:
		return literal(parser, token.offset, value_bool(token.kind == TOKEN_TRUE));
	case TOKEN_NULL:
		return literal(parser, token.offset, value_null());
	case TOKEN_PAREN_OPEN:
		return parse_parentheses(parser);
	case TOKEN_BRACKET_OPEN:
		return parse_collection(parser, NODE_LIST, TOKEN_BRACKET_CLOSE);
	case TOKEN_BRACE_OPEN:
		return parse_collection(parser, NODE_MAP, TOKEN_BRACE_CLOSE);
	case TOKEN_NAME:
	case TOKEN_DOT:
	case TOKEN_RESERVED:
		return parse_name(parser);
	default:
		unexpected(parser, "a value");
		return NULL;
	}
}

/* "strings.quote" if node is a plain chain of names. */
static const char *qualified_name(struct parser *parser, const struct node *node, const char *last)
{
	const char *prefix;

	if (node->kind == NODE_NAME)
		return arena_printf(parser->arena, "%s.%s", node->text, last);
	if (node->kind != NODE_SELECT || node->quoted)
		return NULL;
	prefix = qualified_name(parser, node->children[0], node->text);
	return prefix ? arena_printf(parser->arena, "%s.%s", prefix, last) : NULL;
}

/* Functions that live in a name space, such as strings.quote, are global ones with a dot in their name. */
static bool is_namespaced(const char *name)
{
	return name && !strcmp(name, "strings.quote");
}

static struct node *parse_member(struct parser *parser, struct node *operand)
{
	struct token token;
	const char *name;
	struct node *node;

	if (advance(parser))
		return NULL;
	token = parser->token;
	if (token.kind != TOKEN_NAME && token.kind != TOKEN_RESERVED && token.kind != TOKEN_QUOTED) {
		unexpected(parser, "a field or function name");
		return NULL;
	}
	name = token_text(parser, token);
	if (advance(parser))
		return NULL;
	if (parser->token.kind == TOKEN_PAREN_OPEN && token.kind != TOKEN_QUOTED) {
		const char *qualified = qualified_name(parser, operand, name);
		bool global = is_namespaced(qualified);

		return parse_call(parser, global ? NULL : operand, global ? qualified : name, operand->offset);
	}
	node = node_new(parser, NODE_SELECT, operand->offset);
	node->quoted = token.kind == TOKEN_QUOTED;
	node->text = node->quoted ? arena_strndup(parser->arena, name + 1, token.length - 2) : name;
	return node_add(parser, node, operand) ? NULL : node_end(parser, node);
}

static struct node *parse_index(struct parser *parser, struct node *operand)
{
	struct node *node = node_new(parser, NODE_CALL, operand->offset), *index;

	node->text = "[]";
	index = advance(parser) ? NULL : parse_expression(parser);
	if (!index || expect(parser, TOKEN_BRACKET_CLOSE) || node_add(parser, node, operand) || node_add(parser, node, index))
		return NULL;
	return node_end(parser, node);
}

static struct node *parse_postfix(struct parser *parser, struct node *node)
{
	while (node) {
		if (parser->token.kind == TOKEN_DOT) {
			node = parse_member(parser, node);
		} else if (parser->token.kind == TOKEN_BRACKET_OPEN) {
			node = parse_index(parser, node);
		} else if (parser->token.kind == TOKEN_BRACE_OPEN && (node->kind == NODE_NAME || node->kind == NODE_SELECT)) {
			failure_set(parser->failure, node->offset, node->length,
				    "messages such as '%s{...}' do not exist here; "
				    "write a map: {'field': value}",
				    node->text);
			return NULL;
		} else {
			return node;
		}
	}
	return NULL;
}

/* A minus and the number behind it are one literal, so that the smallest int can be written. */
static struct node *parse_minus(struct parser *parser, size_t offset)
{
	struct token token = parser->token;
	struct node *node, *operand;

	if (token.kind == TOKEN_INT || token.kind == TOKEN_DOUBLE) {
		node = literal(parser, offset, literal_number(parser->arena, &parser->lexer, token, true));
		return parse_postfix(parser, node);
	}
	node = node_new(parser, NODE_CALL, offset);
	node->text = "-";
	operand = parse_unary(parser);
	return operand && !node_add(parser, node, operand) ? node_end(parser, node) : NULL;
}

static struct node *parse_not(struct parser *parser, size_t offset)
{
	struct node *node = node_new(parser, NODE_CALL, offset), *operand = parse_unary(parser);

	node->text = "!";
	return operand && !node_add(parser, node, operand) ? node_end(parser, node) : NULL;
}

static struct node *parse_unary(struct parser *parser)
{
	struct token token = parser->token;
	struct node *node;

	if (token.kind != TOKEN_MINUS && token.kind != TOKEN_NOT)
		return parse_postfix(parser, parse_primary(parser));
	if (parser->depth >= EXPRESSION_DEPTH_LIMIT) {
		too_deep(parser, token.offset);
		return NULL;
	}
	if (advance(parser))
		return NULL;
	parser->depth++;
	node = token.kind == TOKEN_MINUS ? parse_minus(parser, token.offset) : parse_not(parser, token.offset);
	parser->depth--;
	return node;
}

static const struct binary_operator *binary_operator(enum token_kind token)
{
	for (size_t i = 0; i < COUNT_OF(binary_operators); i++) {
		if (binary_operators[i].token == token)
			return &binary_operators[i];
	}
	return NULL;
}

/* Everything that binds at least as tightly as precedence; all binary operators group to the left. */
static struct node *parse_binary(struct parser *parser, int precedence)
{
	struct node *left = parse_unary(parser);
	const struct binary_operator *operator;

	while (left && (operator= binary_operator(parser->token.kind)) && operator->precedence >= precedence) {
		struct node *node = node_new(parser, operator->kind, left->offset), *right;

		node->text = operator->text;
		right = advance(parser) ? NULL : parse_binary(parser, operator->precedence + 1);
		if (!right || node_add(parser, node, left) || node_add(parser, node, right))
			return NULL;
		left = node_end(parser, node);
	}
	return left;
}

static struct node *parse_conditional(struct parser *parser)
{
	struct node *condition = parse_binary(parser, 1), *node, *yes, *no;

	if (!condition || parser->token.kind != TOKEN_QUESTION)
		return condition;
	node = node_new(parser, NODE_CONDITIONAL, condition->offset);
	yes = advance(parser) ? NULL : parse_binary(parser, 1);
	no = yes && !expect(parser, TOKEN_COLON) ? parse_expression(parser) : NULL;
	if (!no || node_add(parser, node, condition) || node_add(parser, node, yes) || node_add(parser, node, no))
		return NULL;
	return node_end(parser, node);
}

static struct node *parse_expression(struct parser *parser)
{
	struct node *node;

	if (parser->depth >= EXPRESSION_DEPTH_LIMIT) {
		too_deep(parser, parser->token.offset);
		return NULL;
	}
	parser->depth++;
	node = parse_conditional(parser);
	parser->depth--;
	return node;
}

struct node *parser_parse(struct arena *arena, const char *text, size_t length, struct failure *failure)
{
	struct parser parser = {
		.arena = arena, .lexer = {.text = text, .length = length, .failure = failure}, .failure = failure};
	struct node *root;

	if (!utf8_valid(text, length)) {
		failure_set(failure, 0, length, "the expression is not valid UTF-8");
		return NULL;
	}
	if (lexer_next(&parser.lexer, &parser.token))
		return NULL;
	if (parser.token.kind == TOKEN_END) {
		failure_set(failure, 0, length, "the expression is empty");
		return NULL;
	}
	root = parse_expression(&parser);
	if (root && parser.token.kind != TOKEN_END) {
		unexpected(&parser, "an operator or the end of the expression");
		return NULL;
	}
	return root;
}
