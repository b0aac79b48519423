/*
 * foreign.c - the functions that people know from GitHub Actions, Ansible, Jinja, Python, JavaScript and Go. Several names may
 * mean the same.
 */
#include "engine/expression/foreign.h"

#include <stddef.h>
#include <string.h>

#include "engine/base/memory.h"

static const struct {
	const char *names[8];
	const char *instead;
} functions[] = {
	{{"length", "len", "count", "strlen", "Len"}, "write size(x)"},
	{{"always", "cancelled"}, "what is to happen in any case stands in `finally`"},
	{{"success", "succeeded", "is_success"}, "leave it out: a step is only done if those before it ended well"},
	{{"failure", "failed", "is_failed"}, "what is to happen after a failure stands in the `rescue` of its group"},
	{{"defined", "isset", "isDefined", "is_defined"}, "write has(x.field)"},
	{{"default", "coalesce", "d", "get", "getOrDefault"}, "write has(x.field) ? x.field : DEFAULT"},
	{{"iif", "ternary", "cond"}, "write CONDITION ? A : B"},
	{{"str", "toString", "text", "tostring", "String"}, "write string(x)"},
	{{"float", "number", "parseFloat", "Number", "tonumber"}, "write double(x)"},
	{{"integer", "parseInt", "Atoi"}, "write int(x)"},
	{{"boolean"}, "write bool(x)"},
	{{"lower", "toLowerCase", "toLower", "casefold", "ToLower"}, "write x.lowerAscii()"},
	{{"upper", "toUpperCase", "toUpper", "ToUpper"}, "write x.upperAscii()"},
	{{"strip", "lstrip", "rstrip", "chomp", "TrimSpace"}, "write x.trim()"},
	{{"substr", "slice"}, "write x.substring(BEGIN, END)"},
	{{"includes", "has_key", "hasKey", "in_array", "Contains"},
	 "write ELEMENT in LIST, KEY in MAP, or TEXT.contains(PART)"},
	{{"match", "test", "regex_search", "search", "regex", "regexMatch"}, "write x.matches(PATTERN)"},
	{{"regex_replace", "gsub", "replaceAll"}, "write x.replace(OLD, NEW): text, not patterns"},
	{{"select", "where", "grep", "selectattr"}, "write x.filter(e, CONDITION)"},
	{{"any", "some"}, "write x.exists(e, CONDITION)"},
	{{"every"}, "write x.all(e, CONDITION)"},
	{{"range"}, "write the list out: [0, 1, 2]"},
	{{"first", "head"}, "write x[0]"},
	{{"last", "tail"}, "write x[size(x) - 1]"},
	{{"concat", "append", "merge", "combine", "union"}, "write A + B (texts, lists)"},
	{{"keys", "values", "items"}, "a map gives its keys: MAP.map(key, MAP[key])"},
	{{"typeof", "isinstance", "type_of"}, "write type(x) == string"},
	{{"printf", "sprintf", "Sprintf"}, "write \"%s is %d\".format([a, b])"},
	{{"now", "time", "date", "today", "strftime", "timeago"},
	 "an expression knows no time: it gives the same whenever it is asked"},
	{{"env", "getenv", "lookup", "environ", "Getenv"},
	 "the environment is not read: declare an input, and give it with --input"},
	{{"toJSON", "to_json", "tojson", "stringify", "jsonencode"}, "write \"%s\".format([x]), for people to read"},
	{{"fromJSON", "from_json", "fromjson", "jsondecode", "parse_json"},
	 "a command gives fields by `json`, `regex` or `pairs` in its plugin"},
	{{"not"}, "write !x"},
};

const char *foreign_function(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(functions); i++)
		for (size_t k = 0; k < COUNT_OF(functions[i].names) && functions[i].names[k]; k++)
			if (strcmp(functions[i].names[k], name) == 0)
				return functions[i].instead;
	return NULL;
}

const char *foreign_field(const char *name)
{
	static const char *const sizes[] = {"length", "size", "count", "len"};
	for (size_t i = 0; i < COUNT_OF(sizes); i++)
		if (strcmp(sizes[i], name) == 0)
			return "write size(x)";
	return NULL;
}
