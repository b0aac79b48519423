/*
 * overload.c - the error for a call whose arguments have types that the function does not take, with what to write instead.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/expression/functions.h"

/* What to write instead of an operation on two types that do not go together. */
static const struct {
	const char *operators; /* separated by spaces; NULL: all but in and [] */
	enum value_type left, right;
	const char *advice;
} advices[] = {
	{"+", VALUE_STRING, VALUE_INT, "write string + string(int)"},
	{"+", VALUE_STRING, VALUE_UINT, "write string + string(uint)"},
	{"+", VALUE_STRING, VALUE_DOUBLE, "write string + string(double)"},
	{"+", VALUE_STRING, VALUE_BOOL, "write string + string(bool)"},
	{"+", VALUE_STRING, VALUE_DURATION, "write string + string(duration)"},
	{"+", VALUE_STRING, VALUE_TIMESTAMP, "write string + string(timestamp)"},
	{"+", VALUE_STRING, VALUE_LIST, "write string + list.join(', ')"},
	{"+", VALUE_INT, VALUE_STRING, "write string(int) + string"},
	{"+", VALUE_UINT, VALUE_STRING, "write string(uint) + string"},
	{"+", VALUE_DOUBLE, VALUE_STRING, "write string(double) + string"},
	{"+", VALUE_BOOL, VALUE_STRING, "write string(bool) + string"},
	{"+", VALUE_DURATION, VALUE_STRING, "write string(duration) + string"},
	{"+", VALUE_TIMESTAMP, VALUE_STRING, "write string(timestamp) + string"},
	{NULL, VALUE_INT, VALUE_DOUBLE, "write double(int) for the left side"},
	{NULL, VALUE_DOUBLE, VALUE_INT, "write double(int) for the right side"},
	{NULL, VALUE_INT, VALUE_UINT, "write int(uint) for the right side"},
	{NULL, VALUE_UINT, VALUE_INT, "write int(uint) for the left side"},
	{NULL, VALUE_UINT, VALUE_DOUBLE, "write double(uint) for the left side"},
	{NULL, VALUE_DOUBLE, VALUE_UINT, "write double(uint) for the right side"},
	{"< <= > >= -", VALUE_STRING, VALUE_INT, "write int(string) for the left side"},
	{"< <= > >= -", VALUE_INT, VALUE_STRING, "write int(string) for the right side"},
	{"< <= > >=", VALUE_STRING, VALUE_DOUBLE, "write double(string) for the left side"},
	{"< <= > >=", VALUE_DOUBLE, VALUE_STRING, "write double(string) for the right side"},
	{"< <= > >= + -", VALUE_DURATION, VALUE_STRING, "write duration(string) for the right side"},
	{"< <= > >= -", VALUE_STRING, VALUE_DURATION, "write duration(string) for the left side"},
	{"< <= > >= + -", VALUE_DURATION, VALUE_INT, "write a duration, such as duration('90s'), for the right side"},
	{"< <= > >= + -", VALUE_INT, VALUE_DURATION, "write a duration, such as duration('90s'), for the left side"},
	{"< <= > >= -", VALUE_TIMESTAMP, VALUE_STRING, "write timestamp(string) for the right side"},
	{"< <= > >= -", VALUE_STRING, VALUE_TIMESTAMP, "write timestamp(string) for the left side"},
	{"in", VALUE_STRING, VALUE_STRING, "write right.contains(left)"},
	{"[]", VALUE_STRING, VALUE_INT, "write string.charAt(int)"},
	{"+", VALUE_LIST, VALUE_STRING, "write list + [string]"},
	{"+", VALUE_LIST, VALUE_INT, "write list + [int]"},
	{"+", VALUE_LIST, VALUE_MAP, "write list + [map]"},
};

/* True if name is one of the words of list. */
static bool among(const char *name, const char *list)
{
	size_t length = strlen(name);

	if (!list)
		return strcmp(name, "in") && strcmp(name, "[]");
	for (const char *at = strstr(list, name); at; at = strstr(at + 1, name)) {
		if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	}
	return false;
}

static const char *advice_for(const char *name, enum value_type left, enum value_type right)
{
	for (size_t i = 0; i < COUNT_OF(advices); i++) {
		if (advices[i].left == left && advices[i].right == right && among(name, advices[i].operators))
			return advices[i].advice;
	}
	return NULL;
}

static bool is_operator(const char *name)
{
	return !strchr("abcdefghijklmnopqrstuvwxyz", name[0]) || !strcmp(name, "in");
}

/* "string + int", "int[string]", "string.charAt(bool)", "size(int)". */
static void describe_call(struct buffer *out, const struct node *node, const struct value *const *arguments)
{
	const char *first = node->count ? value_type_name(arguments[0]->type) : "";
	size_t next = node->member ? 1 : 0;

	if (!strcmp(node->text, "[]")) {
		buffer_printf(out, "%s[%s]", first, value_type_name(arguments[1]->type));
	} else if (is_operator(node->text) && node->count == 2) {
		buffer_printf(out, "%s %s %s", first, node->text, value_type_name(arguments[1]->type));
	} else if (is_operator(node->text)) {
		buffer_printf(out, "%s%s", node->text, first);
	} else {
		buffer_printf(out, "%s%s%s(", node->member ? first : "", node->member ? "." : "", node->text);
		for (size_t i = next; i < node->count; i++)
			buffer_printf(out, "%s%s", i > next ? ", " : "", value_type_name(arguments[i]->type));
		buffer_add(out, ")");
	}
}

const struct value *no_such_overload(struct evaluation *evaluation, const struct node *node,
				     const struct value *const *arguments)
{
	CLEANUP_BUFFER struct buffer call = {0};
	const char *advice = NULL;

	if (!node->function)
		return evaluation_error(evaluation, "no such function: '%s'",
					excerpt(evaluation->arena, node->text, strlen(node->text)));
	describe_call(&call, node, arguments);
	if (node->count == 2 && is_operator(node->text))
		advice = advice_for(node->text, arguments[0]->type, arguments[1]->type);
	return evaluation_error(evaluation, "no such overload: %s%s%s", buffer_text(&call), advice ? "; " : "",
				advice ? advice : "");
}
