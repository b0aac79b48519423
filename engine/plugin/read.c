/*
 * read.c - from stdout and exit code to attributes: capture, map, convert, set, check.
 *
 * What is not certain is not read: an output that was cut, a group that did not match, text that is no number where a number
 * was promised make the whole state unobservable, with a reason.
 *
 * Where a secret was in what was said, it is read twice: as it was heard, which gives the values; and as it may be shown. What
 * differs between the two is secret, however it was computed.
 */
#include "engine/plugin/read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/regex.h"
#include "engine/plugin/manifest.h"
#include "engine/plugin/redact.h"

#define LAST_OWN_EXIT	  125  /* 126 and up: the shell could not run it, or a signal ended it */
#define WINDOWS_NOT_FOUND 9009 /* cmd.exe: no such program */

struct reader {
	struct arena *arena;
	const struct call_names *names;
	const struct action_command *command;
	const struct streams *streams;
	int exit_code;
	struct value *attributes;
	bool open;	 /* attributes that outputs does not declare are kept */
	const char *why; /* it cannot be read */
};

enum exit_meaning read_exit(const struct action_command *command, enum host_platform platform, int exit_code)
{
	bool own = platform == PLATFORM_WINDOWS ? exit_code != WINDOWS_NOT_FOUND : exit_code <= LAST_OWN_EXIT;
	enum exit_meaning other = exit_code == 0 ? EXIT_OK : EXIT_UNOBSERVABLE;
	if (exit_code < 0)
		return EXIT_UNOBSERVABLE;
	for (size_t i = 0; i < command->exits_count; i++) {
		if (command->exits[i].code == exit_code)
			return command->exits[i].meaning;
		if (command->exits[i].code == EXIT_ANY_OTHER && own && exit_code != 0)
			other = command->exits[i].meaning;
	}
	return other;
}

int read_compile(struct arena *arena, const struct call_names *names, const struct value *pattern, const char *what,
		 struct regex **ret_regex, struct error *err)
{
	if (!value_text(pattern))
		return error_set(err, ERROR_INVALID, "%s, `%s`: not a pattern", names->call->action->name, what);
	if (regex_compile(arena, pattern->string.data, pattern->string.length, REGEX_LINES, ret_regex, NULL, err) == 0)
		return 0;
	if (err)
		err->code = ERROR_INVALID;
	return error_wrap(err, "%s, `%s`", names->call->action->name, what);
}

int read_pattern(struct arena *arena, const struct call_names *names, const struct template *template, const char *what,
		 struct regex **ret_regex, struct error *err)
{
	const struct value *pattern;
	*ret_regex = NULL;
	if (!template)
		return 0;
	if (call_evaluate_open(arena, names, template, what, &pattern, err) < 0)
		return -1;
	return pattern->type == VALUE_NULL ? 0 : read_compile(arena, names, pattern, what, ret_regex, err);
}

/* The state cannot be read; the first reason counts. Always returns false. */
static bool unreadable(struct reader *reader, const char *why)
{
	if (!reader->why)
		reader->why = why;
	return false;
}

static const struct value *output_schema(const struct reader *reader, const char *name)
{
	return value_get(reader->names->call->action->outputs, name);
}

static bool promises(const struct value *schema, const char *type)
{
	const struct value *types = value_get(schema, "type");
	for (size_t i = 0; value_is(types, VALUE_LIST) && i < types->list.count; i++)
		if (value_is_text(types->list.items[i], type))
			return true;
	return value_is_text(types, type);
}

static const struct value *to_integer(struct arena *arena, const char *text)
{
	char *end;
	errno = 0;
	long long number = strtoll(text, &end, 10);
	return *text && !*end && !errno ? value_int(arena, number) : NULL;
}

static const struct value *to_number(struct arena *arena, const char *text)
{
	char *end;
	double number = strtod(text, &end);
	bool plain = text[strspn(text, "0123456789+-.eE")] == 0; /* no hexadecimal, infinity, nan */
	return *text && !*end && plain ? value_double(arena, number) : NULL;
}

static const struct value *to_boolean(struct arena *arena, const char *text)
{
	static const struct {
		const char *text;
		bool boolean;
	} words[] = {{"true", true}, {"yes", true}, {"1", true}, {"false", false}, {"no", false}, {"0", false}};
	(void)arena;
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strcasecmp(words[i].text, text) == 0)
			return value_bool(words[i].boolean);
	return NULL;
}

static const struct {
	const char *type;
	const struct value *(*convert)(struct arena *arena, const char *text);
} conversions[] = {{"integer", to_integer}, {"number", to_number}, {"boolean", to_boolean}};

/* Text as what the attribute's schema promises; NULL: it cannot be. */
static const struct value *convert(struct reader *reader, const char *name, const struct value *value)
{
	const struct value *schema = output_schema(reader, name);
	if (!value_text(value) || promises(schema, "string"))
		return value;
	for (size_t i = 0; i < COUNT_OF(conversions); i++) {
		if (!promises(schema, conversions[i].type))
			continue;
		const struct value *converted = conversions[i].convert(reader->arena, value_text(value));
		if (!converted)
			unreadable(reader, arena_printf(reader->arena, "'%s' should be of type %s, but is \"%.60s\"", name,
							conversions[i].type, value_text(value)));
		return converted;
	}
	return value;
}

static bool put(struct reader *reader, const char *name, const struct value *value)
{
	if (!reader->open && !output_schema(reader, name))
		return true;
	const struct value *mapped = value_text(value) ? value_get(reader->command->map, value_text(value)) : NULL;
	const struct value *converted = convert(reader, name, mapped ? mapped : value);
	if (!converted)
		return false;
	value_put(reader->arena, reader->attributes, name, converted);
	return true;
}

static bool put_all(struct reader *reader, const struct value *map)
{
	for (size_t i = 0; i < map->map.count; i++)
		if (!put(reader, value_text(map->map.entries[i].key), map->map.entries[i].value))
			return false;
	return true;
}

static bool capture_regex(struct reader *reader, const struct regex *regex)
{
	const struct said *said = &reader->streams->output;
	const struct value *groups;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int found = regex_match_groups(regex, said->head->string.data, said->head->string.length, reader->arena, &groups, &err);
	if (found == 0 && said->tail)
		found = regex_match_groups(regex, said->tail->string.data, said->tail->string.length, reader->arena, &groups,
					   &err);
	if (found < 0)
		return unreadable(reader, arena_printf(reader->arena, "`regex`: %s", error_text(&err)));
	if (found == 0)
		return unreadable(reader, "`regex` does not match what it said");
	return put_all(reader, groups);
}

/* The next line of text from *place, without its end; false behind the last. */
static bool next_line(const struct value *text, size_t *place, const char **ret_line, size_t *ret_length)
{
	if (*place >= text->string.length)
		return false;
	const char *line = text->string.data + *place;
	const char *end = memchr(line, '\n', text->string.length - *place);
	size_t length = end ? (size_t)(end - line) : text->string.length - *place;
	*place += length + 1;
	if (length && line[length - 1] == '\r')
		length--;
	*ret_line = line;
	*ret_length = length;
	return true;
}

static bool capture_pairs(struct reader *reader)
{
	size_t place = 0, length;
	const char *line;
	while (next_line(reader->streams->output.head, &place, &line, &length)) {
		const char *equals = memchr(line, '=', length);
		if (!equals)
			continue;
		char *name = arena_strndup(reader->arena, line, (size_t)(equals - line));
		for (char *c = name; *c; c++)
			*c = *c == '-' ? '_' : (char)(*c >= 'A' && *c <= 'Z' ? *c + 'a' - 'A' : *c);
		if (!put(reader, name, value_string_n(reader->arena, equals + 1, length - (size_t)(equals + 1 - line))))
			return false;
	}
	return true;
}

static bool capture_json(struct reader *reader)
{
	const struct value *said = reader->streams->output.head, *object;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (json_parse(reader->arena, said->string.data, said->string.length, &object, &err) < 0)
		return unreadable(reader, arena_printf(reader->arena, "it did not say JSON: %s", error_text(&err)));
	return object->type == VALUE_MAP ? put_all(reader, object) : unreadable(reader, "it said JSON, but not an object");
}

static bool capture_lines(struct reader *reader)
{
	struct value *list = value_list(reader->arena);
	size_t place = 0, length;
	const char *line;
	while (next_line(reader->streams->output.head, &place, &line, &length))
		value_append(reader->arena, list, value_string_n(reader->arena, line, length));
	return put(reader, reader->command->lines, list);
}

static bool capture(struct reader *reader, const struct regex *regex)
{
	const struct action_command *command = reader->command;
	if (reader->streams->output.tail && (command->pairs || command->json || command->lines))
		return unreadable(reader, "it said more than is kept, so its middle is missing");
	return (!regex || capture_regex(reader, regex)) && (!command->pairs || capture_pairs(reader)) &&
	       (!command->json || capture_json(reader)) && (!command->lines || capture_lines(reader));
}

/* As `set` sees it: without the end of the last line. */
static const struct value *said_text(struct arena *arena, const struct said *said)
{
	const struct value *head = said->head, *last = said->tail ? said->tail : head;
	size_t length = last->string.length;
	if (length && last->string.data[length - 1] == '\n')
		length -= length > 1 && last->string.data[length - 2] == '\r' ? 2 : 1;
	if (!said->tail)
		return value_string_n(arena, head->string.data, length);
	return value_printf(arena, "%s\n[...]\n%.*s", head->string.data, (int)length, last->string.data);
}

static const struct value *result_of(const struct reader *reader)
{
	struct value *result = value_map(reader->arena);
	for (size_t i = 0; i < reader->attributes->map.count; i++)
		value_put_key(reader->arena, result, reader->attributes->map.entries[i].key,
			      reader->attributes->map.entries[i].value);
	value_put(reader->arena, result, RESULT_OUTPUT, said_text(reader->arena, &reader->streams->output));
	value_put(reader->arena, result, RESULT_ERRORS, said_text(reader->arena, &reader->streams->errors));
	value_put(reader->arena, result, RESULT_EXIT, value_int(reader->arena, reader->exit_code));
	return result;
}

/* A template that fails here fails because of what the command said: nothing is known then. */
static bool compute(struct reader *reader)
{
	struct call_names names = *reader->names;
	const struct value *set;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (!reader->command->set)
		return true;
	names.result = result_of(reader);
	if (call_evaluate_open(reader->arena, &names, reader->command->set, "set", &set, &err) < 0)
		return unreadable(reader, arena_strdup(reader->arena, error_text(&err)));
	for (size_t i = 0; set->type == VALUE_MAP && i < set->map.count; i++) {
		const char *name = value_text(set->map.entries[i].key);
		if (set->map.entries[i].value->type == VALUE_NULL)
			continue;
		const struct value *converted = convert(reader, name, set->map.entries[i].value);
		if (!converted)
			return false;
		value_put(reader->arena, reader->attributes, name, converted);
	}
	return true;
}

static bool conforms(struct reader *reader)
{
	const struct schema_options options = {.path = "outputs"};
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, reader->arena);
	const struct schema *schema = reader->names->call->action->outputs_schema;
	if (!schema || schema_check(schema, reader->attributes, &options, &diagnostics))
		return true;
	return unreadable(reader, diagnostics.count ? diagnostics.items[0].message : "what it said breaks the outputs' schema");
}

static bool has_any(const struct reader *reader, const char *const *words)
{
	for (size_t i = 0; i < reader->attributes->map.count; i++) {
		const char *text = value_text(reader->attributes->map.entries[i].value);
		if (text && manifest_has(words, text))
			return true;
	}
	return false;
}

/* To the end, also where a part of it fails: of what may be shown, all that can be read counts. */
static bool read_all(struct reader *reader, const struct regex *regex)
{
	bool captured = capture(reader, regex);
	return compute(reader) && captured && conforms(reader);
}

int read_state(struct arena *arena, const struct call_names *names, const struct action_command *command,
	       const struct transcript *transcript, struct state_read *ret_read, struct error *err)
{
	struct reader heard = {.arena = arena,
			       .names = names,
			       .command = command,
			       .streams = &transcript->heard,
			       .exit_code = transcript->exit_code,
			       .attributes = value_map(arena),
			       .open = command->regex && !template_is_constant(command->regex)};
	struct reader shown = heard;
	struct regex *regex;
	shown.streams = &transcript->shown;
	shown.attributes = value_map(arena);
	*ret_read = (struct state_read){0};
	if (read_pattern(arena, names, command->regex, "regex", &regex, err) < 0)
		return -1;
	bool readable = read_all(&heard, regex);
	if (transcript->hidden)
		read_all(&shown, regex);
	if (!readable) {
		const char *said = shown.why ? shown.why : "it does not fit; what it said holds a secret, so it is not shown";
		ret_read->why = transcript->hidden ? said : heard.why;
		return 0;
	}
	ret_read->state = transcript->hidden ? taint_attributes(arena, heard.attributes, shown.attributes) : heard.attributes;
	ret_read->transient = has_any(&heard, command->transient);
	ret_read->fatal = has_any(&heard, command->fatal);
	return 0;
}
