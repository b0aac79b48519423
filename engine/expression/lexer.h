/*
 * lexer.h - expression text to tokens, one at a time.
 */
#pragma once

#include "engine/expression/ast.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,
	TOKEN_RESERVED, /* a word that CEL keeps for later: a field, but no name */
	TOKEN_QUOTED,	/* `a field in backticks` */
	TOKEN_INT,
	TOKEN_UINT,
	TOKEN_DOUBLE,
	TOKEN_STRING,
	TOKEN_BYTES,
	TOKEN_TRUE,
	TOKEN_FALSE,
	TOKEN_NULL,
	TOKEN_IN,
	TOKEN_OR,
	TOKEN_AND,
	TOKEN_EQUAL,
	TOKEN_NOT_EQUAL,
	TOKEN_LESS,
	TOKEN_LESS_EQUAL,
	TOKEN_GREATER,
	TOKEN_GREATER_EQUAL,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_TIMES,
	TOKEN_DIVIDE,
	TOKEN_MODULO,
	TOKEN_NOT,
	TOKEN_DOT,
	TOKEN_COMMA,
	TOKEN_QUESTION,
	TOKEN_COLON,
	TOKEN_PAREN_OPEN,
	TOKEN_PAREN_CLOSE,
	TOKEN_BRACKET_OPEN,
	TOKEN_BRACKET_CLOSE,
	TOKEN_BRACE_OPEN,
	TOKEN_BRACE_CLOSE,
};

struct token {
	enum token_kind kind;
	size_t offset;
	size_t length;
};

struct lexer {
	const char *text; /* borrowed; NUL-terminated is not needed */
	size_t length;
	size_t position; /* behind the last token */
	struct failure *failure;
};

int lexer_next(struct lexer *lexer, struct token *ret_token);
const char *token_kind_name(enum token_kind kind); /* "','" or "a number", for messages */

/* literal.c: tokens to values. NULL on failure. */
const struct value *literal_number(struct arena *arena, const struct lexer *lexer, struct token token, bool negative);
const struct value *literal_text(struct arena *arena, const struct lexer *lexer, struct token token);
