/*
 * lexer.c - expression text to tokens. Knows where a token ends, not what it is worth (literal.c) or where it may stand
 * (parser.c).
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/expression/lexer.h"

struct word {
	const char *text;
	enum token_kind kind;
};

static const struct word words[] = {
	{"true", TOKEN_TRUE},	       {"false", TOKEN_FALSE},	   {"null", TOKEN_NULL},	 {"in", TOKEN_IN},
	{"as", TOKEN_RESERVED},	       {"break", TOKEN_RESERVED},  {"const", TOKEN_RESERVED},	 {"continue", TOKEN_RESERVED},
	{"else", TOKEN_RESERVED},      {"for", TOKEN_RESERVED},	   {"function", TOKEN_RESERVED}, {"if", TOKEN_RESERVED},
	{"import", TOKEN_RESERVED},    {"let", TOKEN_RESERVED},	   {"loop", TOKEN_RESERVED},	 {"package", TOKEN_RESERVED},
	{"namespace", TOKEN_RESERVED}, {"return", TOKEN_RESERVED}, {"var", TOKEN_RESERVED},	 {"void", TOKEN_RESERVED},
	{"while", TOKEN_RESERVED},
};

/* Longer ones first. */
static const struct word symbols[] = {
	{"||", TOKEN_OR},	    {"&&", TOKEN_AND},	      {"==", TOKEN_EQUAL},
	{"!=", TOKEN_NOT_EQUAL},    {"<=", TOKEN_LESS_EQUAL}, {">=", TOKEN_GREATER_EQUAL},
	{"<", TOKEN_LESS},	    {">", TOKEN_GREATER},     {"+", TOKEN_PLUS},
	{"-", TOKEN_MINUS},	    {"*", TOKEN_TIMES},	      {"/", TOKEN_DIVIDE},
	{"%", TOKEN_MODULO},	    {"!", TOKEN_NOT},	      {".", TOKEN_DOT},
	{",", TOKEN_COMMA},	    {"?", TOKEN_QUESTION},    {":", TOKEN_COLON},
	{"(", TOKEN_PAREN_OPEN},    {")", TOKEN_PAREN_CLOSE}, {"[", TOKEN_BRACKET_OPEN},
	{"]", TOKEN_BRACKET_CLOSE}, {"{", TOKEN_BRACE_OPEN},  {"}", TOKEN_BRACE_CLOSE},
};

/* What people write out of habit, and what it is here. */
static const struct {
	const char *text;
	const char *advice;
} habits[] = {
	{"=", "equality is written '=='"},
	{"&", "'and' is written '&&'"},
	{"|", "there are no filters: write a function; 'or' is '||'"},
	{"\xe2\x80\x9c", "use plain quotes"},
	{"\xe2\x80\x9d", "use plain quotes"},
	{"\xe2\x80\x98", "use plain quotes"},
	{"\xe2\x80\x99", "use plain quotes"},
	{"$", "inside an expression, names stand without '$'"},
	{"#", "a comment begins with '//'"},
	{";", "an expression has one part only"},
};

const char *token_kind_name(enum token_kind kind)
{
	static const char *const names[] = {
		[TOKEN_END] = "the end of the expression",
		[TOKEN_NAME] = "a name",
		[TOKEN_RESERVED] = "a reserved word",
		[TOKEN_QUOTED] = "a field in backticks",
		[TOKEN_INT] = "a number",
		[TOKEN_UINT] = "a number",
		[TOKEN_DOUBLE] = "a number",
		[TOKEN_STRING] = "a string",
		[TOKEN_BYTES] = "bytes",
		[TOKEN_COLON] = "':'",
		[TOKEN_COMMA] = "','",
		[TOKEN_PAREN_CLOSE] = "')'",
		[TOKEN_BRACKET_CLOSE] = "']'",
		[TOKEN_BRACE_CLOSE] = "'}'",
	};
	const char *name = (size_t)kind < COUNT_OF(names) ? names[kind] : NULL;

	return name ? name : "an operator";
}

static char peek(const struct lexer *lexer, size_t position)
{
	return position < lexer->length ? lexer->text[position] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void skip_space(struct lexer *lexer)
{
	while (lexer->position < lexer->length) {
		char c = lexer->text[lexer->position];

		if (c == '/' && peek(lexer, lexer->position + 1) == '/') {
			while (lexer->position < lexer->length && lexer->text[lexer->position] != '\n')
				lexer->position++;
		} else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
			lexer->position++;
		} else {
			return;
		}
	}
}

static size_t skip_digits(const struct lexer *lexer, size_t position, bool (*accept)(char c))
{
	while (accept(peek(lexer, position)))
		position++;
	return position;
}

static size_t skip_exponent(const struct lexer *lexer, size_t position)
{
	size_t digits = position + 1;

	if (peek(lexer, position) != 'e' && peek(lexer, position) != 'E')
		return position;
	if (peek(lexer, digits) == '+' || peek(lexer, digits) == '-')
		digits++;
	return is_digit(peek(lexer, digits)) ? skip_digits(lexer, digits, is_digit) : position;
}

static int number(struct lexer *lexer, struct token *token)
{
	size_t start = lexer->position, end = skip_digits(lexer, start, is_digit), fraction, exponent;

	token->kind = TOKEN_INT;
	if (end == start + 1 && lexer->text[start] == '0' && (peek(lexer, end) == 'x' || peek(lexer, end) == 'X')) {
		end = skip_digits(lexer, start + 2, is_hex);
	} else {
		fraction =
			peek(lexer, end) == '.' && is_digit(peek(lexer, end + 1)) ? skip_digits(lexer, end + 1, is_digit) : end;
		exponent = skip_exponent(lexer, fraction);
		if (exponent != end)
			token->kind = TOKEN_DOUBLE;
		end = exponent;
	}
	if (token->kind == TOKEN_INT && (peek(lexer, end) == 'u' || peek(lexer, end) == 'U')) {
		token->kind = TOKEN_UINT;
		end++;
	}
	if (is_letter(peek(lexer, end)) || is_digit(peek(lexer, end))) {
		while (is_letter(peek(lexer, end)) || is_digit(peek(lexer, end)))
			end++;
		return failure_set(lexer->failure, start, end - start, "'%.*s' is neither a number nor a name",
				   (int)(end - start > 60 ? 60 : end - start), lexer->text + start);
	}
	token->length = end - start;
	lexer->position = end;
	return 0;
}

/* The quote stands at position; token->offset is where the prefix began. */
static int string(struct lexer *lexer, struct token *token, size_t position, bool raw)
{
	char quote = lexer->text[position];
	bool triple = peek(lexer, position + 1) == quote && peek(lexer, position + 2) == quote;
	size_t width = triple ? 3 : 1;

	for (position += width; position < lexer->length; position++) {
		char c = lexer->text[position];

		if (c == '\\' && !raw) {
			position++;
		} else if (!triple && (c == '\n' || c == '\r')) {
			break;
		} else if (c == quote &&
			   (!triple || (peek(lexer, position + 1) == quote && peek(lexer, position + 2) == quote))) {
			token->length = position + width - token->offset;
			lexer->position = position + width;
			return 0;
		}
	}
	return failure_set(lexer->failure, token->offset, width, "the string that begins here is not closed");
}

/* A quote, or one of the prefixes r, b, br before a quote. */
static bool begins_string(const struct lexer *lexer, struct token *token, size_t *ret_quote, bool *ret_raw)
{
	size_t position = token->offset;
	char c;

	token->kind = TOKEN_STRING;
	*ret_raw = false;
	if (peek(lexer, position) == 'b' || peek(lexer, position) == 'B') {
		token->kind = TOKEN_BYTES;
		position++;
	}
	if (peek(lexer, position) == 'r' || peek(lexer, position) == 'R') {
		*ret_raw = true;
		position++;
	}
	c = peek(lexer, position);
	*ret_quote = position;
	return c == '"' || c == '\'';
}

static int name(struct lexer *lexer, struct token *token)
{
	size_t end = lexer->position;

	while (is_letter(peek(lexer, end)) || is_digit(peek(lexer, end)))
		end++;
	token->kind = TOKEN_NAME;
	token->length = end - token->offset;
	lexer->position = end;
	const char *text = lexer->text + token->offset;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (words[i].text[0] == text[0] && strlen(words[i].text) == token->length &&
		    !memcmp(words[i].text, text, token->length))
			token->kind = words[i].kind;
	return 0;
}

static bool is_quotable(char c)
{
	return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '/' || c == ' ';
}

static int quoted_field(struct lexer *lexer, struct token *token)
{
	size_t end = skip_digits(lexer, lexer->position + 1, is_quotable);

	if (peek(lexer, end) != '`' || end == lexer->position + 1)
		return failure_set(
			lexer->failure, token->offset, end - token->offset,
			"a field in backticks holds letters, digits, '_', '-', '.', '/' and spaces, and ends with a backtick");
	token->kind = TOKEN_QUOTED;
	token->length = end + 1 - token->offset;
	lexer->position = end + 1;
	return 0;
}

static bool starts_with(const struct lexer *lexer, const char *text)
{
	size_t length;

	if (lexer->position >= lexer->length || lexer->text[lexer->position] != text[0])
		return false; /* nearly always */
	length = strlen(text);
	return lexer->length - lexer->position >= length && !memcmp(lexer->text + lexer->position, text, length);
}

static int unexpected(struct lexer *lexer)
{
	size_t length = 1;

	for (size_t i = 0; i < COUNT_OF(habits); i++) {
		if (starts_with(lexer, habits[i].text))
			return failure_set(lexer->failure, lexer->position, strlen(habits[i].text), "unexpected '%s'; %s",
					   habits[i].text, habits[i].advice);
	}
	while ((peek(lexer, lexer->position + length) & 0xc0) == 0x80)
		length++;
	if ((unsigned char)lexer->text[lexer->position] < 0x20)
		return failure_set(lexer->failure, lexer->position, 1, "unexpected control character 0x%02x",
				   (unsigned)(unsigned char)lexer->text[lexer->position]);
	return failure_set(lexer->failure, lexer->position, length, "unexpected '%.*s'", (int)length,
			   lexer->text + lexer->position);
}

static int symbol(struct lexer *lexer, struct token *token)
{
	char first = lexer->text[lexer->position];

	for (size_t i = 0; i < COUNT_OF(symbols); i++) {
		if (symbols[i].text[0] != first || !starts_with(lexer, symbols[i].text))
			continue;
		token->kind = symbols[i].kind;
		token->length = strlen(symbols[i].text);
		lexer->position += token->length;
		return 0;
	}
	return unexpected(lexer);
}

int lexer_next(struct lexer *lexer, struct token *ret_token)
{
	size_t quote;
	bool raw;
	char c;

	skip_space(lexer);
	*ret_token = (struct token){.kind = TOKEN_END, .offset = lexer->position};
	if (lexer->position >= lexer->length)
		return 0;
	if (begins_string(lexer, ret_token, &quote, &raw))
		return string(lexer, ret_token, quote, raw);
	c = lexer->text[lexer->position];
	if (is_letter(c))
		return name(lexer, ret_token);
	if (is_digit(c) || (c == '.' && is_digit(peek(lexer, lexer->position + 1))))
		return number(lexer, ret_token);
	if (c == '`')
		return quoted_field(lexer, ret_token);
	return symbol(lexer, ret_token);
}
