/*
 * protocol.c - a line of a plugin as a message, its shape checked against one table. What a message means is exchange.c's.
 */
#include "engine/plugin/protocol.h"

#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"

#define FIELDS_LIMIT 12

enum field_type { FIELD_TEXT, FIELD_WHOLE, FIELD_NUMBER, FIELD_BOOL, FIELD_MAP, FIELD_TEXTS, FIELD_MAPS, FIELD_VARIABLES };

struct field {
	const char *name;
	enum field_type type;
	bool required; /* what is not may also be null */
};

static const struct {
	const char *name;
	struct field fields[FIELDS_LIMIT]; /* ends with a name of NULL */
} shapes[MESSAGE_KINDS] = {
	[MESSAGE_WELCOME] = {"welcome", {{"protocol", FIELD_WHOLE, true}, {"describes", FIELD_BOOL, false}}},
	[MESSAGE_OBSERVATION] = {"observation",
				 {{"id", FIELD_WHOLE, true},
				  {"state", FIELD_MAP, false},
				  {"absent", FIELD_BOOL, false},
				  {"unobservable", FIELD_TEXT, false},
				  {"transient", FIELD_BOOL, false},
				  {"fatal", FIELD_BOOL, false},
				  {"unreachable", FIELD_BOOL, false}}},
	[MESSAGE_APPLIED] = {"applied",
			     {{"id", FIELD_WHOLE, true},
			      {"result", FIELD_TEXT, true},
			      {"outputs", FIELD_MAP, false},
			      {"error", FIELD_MAP, false}}},
	[MESSAGE_DIAGNOSIS] = {"diagnosis", {{"id", FIELD_WHOLE, true}, {"text", FIELD_TEXT, true}}},
	[MESSAGE_DESCRIPTION] = {"description", {{"id", FIELD_WHOLE, true}, {"commands", FIELD_MAPS, true}}},
	[MESSAGE_PROGRESS] = {"progress",
			      {{"call", FIELD_WHOLE, true},
			       {"text", FIELD_TEXT, false},
			       {"done", FIELD_NUMBER, false},
			       {"total", FIELD_NUMBER, false}}},
	[MESSAGE_LOG] = {"log", {{"text", FIELD_TEXT, true}, {"level", FIELD_TEXT, false}, {"call", FIELD_WHOLE, false}}},
	[MESSAGE_RUN] = {"run",
			 {{"id", FIELD_WHOLE, true},
			  {"call", FIELD_WHOLE, true},
			  {"host", FIELD_TEXT, true},
			  {"argv", FIELD_TEXTS, true},
			  {"env", FIELD_VARIABLES, false},
			  {"stdin", FIELD_TEXT, false},
			  {"stdin_base64", FIELD_TEXT, false},
			  {"become", FIELD_BOOL, false},
			  {"timeout", FIELD_NUMBER, false},
			  {"encoding", FIELD_TEXT, false},
			  {"stream", FIELD_BOOL, false},
			  {"scope", FIELD_BOOL, false}}},
	[MESSAGE_UPLOAD] = {"upload",
			    {{"id", FIELD_WHOLE, true},
			     {"call", FIELD_WHOLE, true},
			     {"host", FIELD_TEXT, true},
			     {"path", FIELD_TEXT, true},
			     {"mode", FIELD_WHOLE, true},
			     {"text", FIELD_TEXT, false},
			     {"base64", FIELD_TEXT, false},
			     {"file", FIELD_TEXT, false}}},
	[MESSAGE_DOWNLOAD] = {"download",
			      {{"id", FIELD_WHOLE, true},
			       {"call", FIELD_WHOLE, true},
			       {"host", FIELD_TEXT, true},
			       {"path", FIELD_TEXT, true},
			       {"limit", FIELD_WHOLE, false},
			       {"encoding", FIELD_TEXT, false}}},
};

const char *message_name(enum message_kind kind)
{
	return shapes[kind].name;
}

static bool is_plain(const struct value *text)
{
	return value_is(text, VALUE_STRING) && strlen(text->string.data) == text->string.length;
}

bool message_argv(struct arena *arena, const struct value *list, const char *const **ret_argv)
{
	if (!value_is(list, VALUE_LIST) || !list->list.count)
		return false;
	const char **argv = arena_alloc(arena, (list->list.count + 1) * sizeof(*argv));
	for (size_t i = 0; i < list->list.count; i++) {
		if (!is_plain(list->list.items[i]))
			return false;
		argv[i] = list->list.items[i]->string.data;
	}
	*ret_argv = argv;
	return argv[0][0] != '\0';
}

bool message_environment(struct arena *arena, const struct value *map, const char *const **ret_environment)
{
	*ret_environment = NULL;
	if (!map || map->type == VALUE_NULL)
		return true;
	if (map->type != VALUE_MAP)
		return false;
	const char **variables = arena_alloc(arena, (map->map.count + 1) * sizeof(*variables));
	for (size_t i = 0; i < map->map.count; i++) {
		const struct value_entry *entry = &map->map.entries[i];
		if (!is_plain(entry->key) || !is_plain(entry->value) || !entry->key->string.length ||
		    strchr(value_text(entry->key), '='))
			return false;
		variables[i] = arena_printf(arena, "%s=%s", value_text(entry->key), value_text(entry->value));
	}
	*ret_environment = variables;
	return true;
}

static bool is_list_of(const struct value *value, bool (*fits)(const struct value *item))
{
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		if (!fits(value->list.items[i]))
			return false;
	return value_is(value, VALUE_LIST);
}

static bool is_text(const struct value *value)
{
	return value->type == VALUE_STRING;
}

static bool is_whole(const struct value *value)
{
	return value->type == VALUE_INT && value->integer >= 0;
}

static bool is_number(const struct value *value)
{
	return is_whole(value) || (value->type == VALUE_DOUBLE && value->real >= 0 && value->real < 1e15);
}

static bool is_bool(const struct value *value)
{
	return value->type == VALUE_BOOL;
}

static bool is_map(const struct value *value)
{
	return value->type == VALUE_MAP;
}

static bool is_texts(const struct value *value)
{
	return is_list_of(value, is_plain) && value->list.count;
}

static bool is_maps(const struct value *value)
{
	return is_list_of(value, is_map);
}

static bool is_variables(const struct value *value)
{
	for (size_t i = 0; value->type == VALUE_MAP && i < value->map.count; i++)
		if (!is_plain(value->map.entries[i].value))
			return false;
	return value->type == VALUE_MAP;
}

static const struct {
	bool (*fits)(const struct value *value);
	const char *what;
} types[] = {
	[FIELD_TEXT] = {is_text, "text"},
	[FIELD_WHOLE] = {is_whole, "a whole number, not negative"},
	[FIELD_NUMBER] = {is_number, "a number, not negative"},
	[FIELD_BOOL] = {is_bool, "true or false"},
	[FIELD_MAP] = {is_map, "an object"},
	[FIELD_TEXTS] = {is_texts, "a list of texts"},
	[FIELD_MAPS] = {is_maps, "a list of objects"},
	[FIELD_VARIABLES] = {is_variables, "an object of texts"},
};

static int check_field(const char *message, const struct field *field, const struct value *fields, struct error *err)
{
	const struct value *value = value_get(fields, field->name);
	if (!field->required && (!value || value->type == VALUE_NULL))
		return 0;
	if (!value)
		return error_set(err, ERROR_INVALID, "`%s` without `%s`", message, field->name);
	if (types[field->type].fits(value))
		return 0;
	return error_set(err, ERROR_INVALID, "`%s`: `%s` is not %s", message, field->name, types[field->type].what);
}

static int find_kind(const char *name, enum message_kind *ret_kind)
{
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		*ret_kind = (enum message_kind)i;
		if (strcmp(shapes[i].name, name) == 0)
			return 0;
	}
	return -1;
}

int message_parse(struct arena *arena, const char *line, size_t length, struct message *ret_message, struct error *err)
{
	struct message message;
	if (json_parse(arena, line, length, &message.fields, err) < 0)
		return -1;
	const char *name = value_get_text(message.fields, "message");
	if (!name)
		return error_set(err, ERROR_INVALID, "a line that is no object with `message`");
	if (find_kind(name, &message.kind) < 0)
		return error_set(err, ERROR_INVALID, "an unknown message `%.40s`", name);
	const struct field *field = shapes[message.kind].fields;
	for (size_t i = 0; i < FIELDS_LIMIT && field[i].name; i++)
		if (check_field(name, &field[i], message.fields, err) < 0)
			return -1;
	message.id = value_get_int(message.fields, "id", -1);
	message.call = value_get_int(message.fields, "call", -1);
	*ret_message = message;
	return 0;
}
