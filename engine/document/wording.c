/*
 * wording.c - the table of wording.h. It does not look at the text.
 */
#include "engine/document/wording.h"

#include <string.h>

#include "engine/base/memory.h"

static const char SPACES[] = "indent with spaces";
static const char ESCAPES[] = "in double quotes '\\' begins an escape: write '\\\\', or put the text in single quotes";
static const char QUOTE_IT[] = "quote the value, or check the indentation";

static const struct wording wordings[] = {
	{"mapping values are not allowed in this context", "yaml/syntax", "no ':' is allowed here", QUOTE_IT, false},
	{"found character that cannot start any token", "yaml/syntax", "no value can begin with this character",
	 "quote the value", false},
	{"found a tab character that violates indentation", "yaml/tab", "a tab in the indentation", SPACES, false},
	{"found a tab character where an indentation space is expected", "yaml/tab", "a tab in the indentation", SPACES, false},
	{"did not find expected key", "yaml/syntax", "expected a key here",
	 "check the indentation, and the quotes and brackets above", false},
	{"did not find expected '-' indicator", "yaml/syntax", "expected '- ' here: the list above has not ended",
	 "check the indentation", false},
	{"did not find expected ',' or '}'", "yaml/syntax", "expected ',' or '}' here", NULL, false},
	{"did not find expected ',' or ']'", "yaml/syntax", "expected ',' or ']' here", NULL, false},
	{"found unexpected end of stream", "yaml/syntax", "this quote is never closed", NULL, true},
	{"found unexpected document indicator", "yaml/syntax", "this quote is never closed", NULL, true},
	{WORDING_UNCLOSED, "yaml/syntax", "this bracket is never closed", NULL, true},
	{"could not find expected ':'", "yaml/syntax", "this line is neither 'key: value' nor a list entry",
	 "is a ':' missing?", true},
	{"did not find expected node content", "yaml/syntax", "expected a value here", NULL, false},
	{"block sequence entries are not allowed in this context", "yaml/syntax", "no list entry ('- ') is allowed here",
	 "begin the list on the line below its key", false},
	{"mapping keys are not allowed in this context", "yaml/syntax", "no '? ' is allowed here", "quote the value", false},
	{"did not find expected <document start>", "yaml/syntax", "the document has ended above; this does not belong to it",
	 "check the indentation", false},
	{"found unknown escape character", "yaml/escape", "this escape is not known", ESCAPES, false},
	{"did not find expected hexdecimal number", "yaml/escape", "this escape needs hexadecimal digits", ESCAPES, false},
	{"found invalid Unicode character escape code", "yaml/escape", "this escape is no Unicode character", ESCAPES, false},
	{"did not find expected comment or line break", "yaml/syntax", "no text is allowed behind '|' or '>'", QUOTE_IT, false},
	{"found an indentation indicator equal to 0", "yaml/syntax", "the indentation of a block of text is 1 to 9", NULL,
	 false},
	{"did not find expected alphabetic or numeric character", "yaml/syntax", "expected the name of an anchor or alias here",
	 "a value that begins with '&' or '*' must be quoted", false},
	{"found undefined tag handle", "yaml/tag", "this tag is not known", "a value that begins with '!' must be quoted",
	 false},
	{"found duplicate %YAML directive", "yaml/directive", "this directive stands here twice", NULL, false},
	{"found incompatible YAML document", "yaml/directive", "this version of YAML is not supported",
	 "remove the line; only '%YAML 1.2' is understood", false},
	{"found unknown directive name", "yaml/directive", "this directive is not supported",
	 "remove it; only '%YAML 1.2' is understood", false},
	{NULL, "yaml/syntax", NULL, NULL, false},
};

const struct wording *wording_find(const char *problem)
{
	for (size_t i = 0; i < COUNT_OF(wordings) - 1; i++)
		if (problem && strcmp(problem, wordings[i].problem) == 0)
			return &wordings[i];
	return &wordings[COUNT_OF(wordings) - 1];
}
