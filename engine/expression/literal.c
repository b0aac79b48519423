/*
 * literal.c - what a number, string or bytes token is worth.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/buffer.h"
#include "engine/base/utf8.h"
#include "engine/expression/lexer.h"

static const struct value *number_failure(const struct lexer *lexer, struct token token, const char *range)
{
	failure_set(lexer->failure, token.offset, token.length, "the number %.*s is out of range%s",
		    (int)(token.length > 60 ? 60 : token.length), lexer->text + token.offset, range);
	return NULL;
}

static const struct value *double_literal(struct arena *arena, const struct lexer *lexer, struct token token, bool negative)
{
	const char *text = arena_strndup(arena, lexer->text + token.offset, token.length);
	double real = strtod(text, NULL);

	if (isinf(real))
		return number_failure(lexer, token, " for a double");
	return value_double(arena, negative ? -real : real);
}

const struct value *literal_number(struct arena *arena, const struct lexer *lexer, struct token token, bool negative)
{
	const char *text = arena_strndup(arena, lexer->text + token.offset, token.length);
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long long magnitude;
	char *end;

	if (token.kind == TOKEN_DOUBLE)
		return double_literal(arena, lexer, token, negative);
	if (hexadecimal && (text[2] == '\0' || text[2] == 'u' || text[2] == 'U')) {
		failure_set(lexer->failure, token.offset, token.length, "'%s' has no digits behind the x", text);
		return NULL;
	}
	errno = 0;
	magnitude = strtoull(text, &end, hexadecimal ? 16 : 10);
	if (errno == ERANGE)
		return number_failure(lexer, token, token.kind == TOKEN_UINT ? " for a uint" : " for an int");
	if (token.kind == TOKEN_UINT)
		return value_uint(arena, magnitude);
	if (magnitude > (unsigned long long)INT64_MAX + (negative ? 1 : 0))
		return number_failure(lexer, token, " for an int; a uint is written with a u behind it");
	return value_int(arena, negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude);
}

struct unescape {
	const struct lexer *lexer;
	const char *text; /* the next byte */
	const char *end;
	bool bytes; /* \x and octal give bytes rather than code points */
	struct buffer out;
};

static int escape_failure(struct unescape *in, const char *start, size_t length, const char *why)
{
	size_t left = (size_t)(in->end - start), shown = left < length ? left : length;

	while (shown < left && (start[shown] & 0xc0) == 0x80) /* do not cut a character */
		shown++;
	return failure_set(in->lexer->failure, (size_t)(start - in->lexer->text), shown, "'%.*s' %s", (int)shown, start, why);
}

/* Digits of the base at in->text; -1 if there are fewer than count. */
static int escape_digits(struct unescape *in, unsigned base, size_t count, uint32_t *ret_code)
{
	uint32_t code = 0;

	if ((size_t)(in->end - in->text) < count)
		return -1;
	for (size_t i = 0; i < count; i++) {
		char c = in->text[i];
		unsigned digit = c >= '0' && c <= '9'	? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
							: 99;

		if (digit >= base)
			return -1;
		code = code * base + digit;
	}
	in->text += count;
	*ret_code = code;
	return 0;
}

static int escape_code(struct unescape *in, const char *start, unsigned base, size_t count)
{
	uint32_t code;
	char encoded[4];
	size_t length;

	if (escape_digits(in, base, count, &code))
		return escape_failure(in, start, 2,
				      base == 8	   ? "needs three octal digits behind the backslash"
				      : count == 2 ? "needs two hexadecimal digits"
				      : count == 4 ? "needs four hexadecimal digits"
						   : "needs eight hexadecimal digits");
	if (in->bytes) {
		if (code > 0xff)
			return escape_failure(in, start, (size_t)(in->text - start), "is no byte");
		buffer_add_char(&in->out, (char)code);
		return 0;
	}
	length = utf8_encode(code, encoded);
	if (!length)
		return escape_failure(in, start, (size_t)(in->text - start), "is no Unicode code point");
	buffer_append(&in->out, encoded, length);
	return 0;
}

/* in->text stands behind the backslash. */
static int escape(struct unescape *in)
{
	static const char letters[] = "abfnrtv\\?\"'`", meanings[] = "\a\b\f\n\r\t\v\\?\"'`";
	const char *start = in->text - 1, *letter;
	char c = *in->text;

	if (c >= '0' && c <= '3')
		return escape_code(in, start, 8, 3);
	in->text++;
	letter = c ? strchr(letters, c) : NULL;
	if (letter) {
		buffer_add_char(&in->out, meanings[letter - letters]);
		return 0;
	}
	if (c == 'x' || c == 'X')
		return escape_code(in, start, 16, 2);
	if ((c == 'u' || c == 'U') && !in->bytes)
		return escape_code(in, start, 16, c == 'u' ? 4 : 8);
	return escape_failure(in, start, 2, "is no escape; a backslash itself is written '\\\\', or the string as r'...'");
}

static int unescape(struct unescape *in, bool raw)
{
	while (in->text < in->end) {
		char c = *in->text++;

		if (c != '\\' || raw)
			buffer_add_char(&in->out, c);
		else if (escape(in))
			return -1;
	}
	return 0;
}

const struct value *literal_text(struct arena *arena, const struct lexer *lexer, struct token token)
{
	const char *start = lexer->text + token.offset, *end = start + token.length;
	struct unescape in = {.lexer = lexer, .bytes = token.kind == TOKEN_BYTES};
	bool raw = false;
	struct value *value = NULL;
	size_t width;

	for (; *start != '"' && *start != '\''; start++)
		raw = raw || *start == 'r' || *start == 'R';
	width = end - start >= 6 && start[1] == start[0] && start[2] == start[0] ? 3 : 1;
	in.text = start + width;
	in.end = end - width;
	if (!unescape(&in, raw)) {
		value = value_string_n(arena, buffer_text(&in.out), in.out.length);
		value->type = in.bytes ? VALUE_BYTES : VALUE_STRING;
	}
	buffer_free(&in.out);
	return value;
}
