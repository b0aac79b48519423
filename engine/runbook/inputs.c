/*
 * inputs.c - the inputs of a run: given or default, converted to their declared types.
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/regex.h"
#include "engine/base/utf8.h"
#include "engine/runbook/runbook.h"

#define SHOWN_LIMIT 60 /* code points of a wrong value that are shown */

struct conversion {
	struct arena *arena;
	const struct inventory *inventory;
	const struct input *input;
	struct diagnostics *diagnostics;
	struct span at;
	bool item;	 /* it is about an item of a list */
	bool only_check; /* defaults before a run: no secret is read, and without an inventory any host will do */
};

typedef const struct value *convert_function(const struct conversion *conversion, const struct value *given);

static const struct value *refuse(const struct conversion *conversion, const char *what, const char *hint)
{
	struct diagnostic *diagnostic =
		diagnostics_add(conversion->diagnostics, SEVERITY_ERROR, "input/type", conversion->at, "%sinput '%s' %s",
				conversion->item ? "an item of " : "", conversion->input->name, what);
	if (hint)
		diagnostic_hint(conversion->diagnostics, diagnostic, "%s", hint);
	return NULL;
}

/* Says what was given, too. */
static const struct value *refuse_type(const struct conversion *conversion, const struct value *given, const char *wanted,
				       const char *hint)
{
	const char *text = json_text(conversion->arena, given);
	bool shown = utf8_count(text, strlen(text)) <= SHOWN_LIMIT;
	return refuse(conversion,
		      arena_printf(conversion->arena, "must be %s, but is %s", wanted,
				   shown ? text : arena_printf(conversion->arena, "a %s", value_type_name(given->type))),
		      hint);
}

static const struct value *to_string(const struct conversion *conversion, const struct value *given)
{
	return given->type == VALUE_STRING ? given : refuse_type(conversion, given, "a string", NULL);
}

static const struct value *to_integer(const struct conversion *conversion, const struct value *given)
{
	if (given->type == VALUE_INT)
		return given;
	const char *text = value_text(given);
	char *end;
	errno = 0;
	long long number = text && *text ? strtoll(text, &end, 10) : 0;
	if (!text || !*text || *end || errno || isspace((unsigned char)*text))
		return refuse_type(conversion, given, "an integer", NULL);
	return value_int(conversion->arena, number);
}

static const struct value *to_number(const struct conversion *conversion, const struct value *given)
{
	if (given->type == VALUE_INT || given->type == VALUE_DOUBLE)
		return given;
	const char *text = value_text(given);
	char *end;
	double number = text && *text ? strtod(text, &end) : 0;
	if (!text || !*text || *end || text[strspn(text, "0123456789+-.eE")] || !isfinite(number))
		return refuse_type(conversion, given, "a number", NULL);
	return value_double(conversion->arena, number);
}

static const struct value *to_boolean(const struct conversion *conversion, const struct value *given)
{
	if (given->type == VALUE_BOOL)
		return given;
	if (value_is_text(given, "true") || value_is_text(given, "false"))
		return value_bool(value_is_text(given, "true"));
	return refuse_type(conversion, given, "true or false", NULL);
}

static const struct value *to_duration(const struct conversion *conversion, const struct value *given)
{
	int64_t nanoseconds;
	if (given->type == VALUE_DURATION)
		return given;
	const char *text = value_text(given);
	if (!text || duration_parse(text, &nanoseconds, NULL) < 0)
		return refuse_type(conversion, given, "a duration", "write a number with a unit, such as 90s, 10m or 1h30m");
	return value_duration(conversion->arena, nanoseconds);
}

static const struct value *to_map(const struct conversion *conversion, const struct value *given)
{
	if (given->type == VALUE_MAP)
		return given;
	const struct value *parsed;
	const char *text = value_text(given);
	if (text && json_parse(conversion->arena, text, given->string.length, &parsed, NULL) == 0 && parsed->type == VALUE_MAP)
		return parsed;
	return refuse_type(conversion, given, "a map", "on a command line, write JSON: '{\"key\": \"value\"}'");
}

static const struct value *to_host(const struct conversion *conversion, const struct value *given)
{
	const char *id = given->type == VALUE_MAP ? value_get_text(given, "id") : value_text(given);
	if (!id)
		return refuse_type(conversion, given, "the id of a host", NULL);
	if (conversion->only_check && !conversion->inventory)
		return given;
	const struct host *host = inventory_host(conversion->inventory, id);
	if (host)
		return host->value;
	struct diagnostic *diagnostic =
		diagnostics_add(conversion->diagnostics, SEVERITY_ERROR, "input/unknown-host", conversion->at,
				"input '%s': the inventory has no host '%s'", conversion->input->name, id);
	size_t count = conversion->inventory ? conversion->inventory->hosts_count : 0;
	const char **ids = arena_alloc(conversion->arena, (count + 1) * sizeof(*ids));
	for (size_t i = 0; i < count; i++)
		ids[i] = conversion->inventory->hosts[i].id;
	diagnostic_suggest(conversion->diagnostics, diagnostic, id, ids, count);
	return NULL;
}

static bool check_secret(const struct conversion *conversion, const char *name)
{
	const struct inventory *inventory = conversion->inventory;
	size_t count = inventory ? inventory->secrets_count : 0;
	const char **names = arena_alloc(conversion->arena, (count + 1) * sizeof(*names));
	bool found = !inventory;
	for (size_t i = 0; i < count; i++) {
		names[i] = inventory->secrets[i].name;
		found |= strcmp(names[i], name) == 0;
	}
	if (found)
		return true;
	struct diagnostic *diagnostic =
		diagnostics_add(conversion->diagnostics, SEVERITY_ERROR, "input/unknown-secret", conversion->at,
				"input '%s': the inventory declares no secret '%s'", conversion->input->name, name);
	diagnostic_suggest(conversion->diagnostics, diagnostic, name, names, count);
	return false;
}

static const struct value *to_secret(const struct conversion *conversion, const struct value *given)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *secret;
	const char *name = value_text(given);
	if (given->secret) /* from a runbook that calls this one */
		return given;
	if (!name)
		return refuse_type(conversion, given, "the name of a secret", NULL);
	if (conversion->only_check)
		return check_secret(conversion, name) ? given : NULL;
	if (secret_read(conversion->arena, conversion->inventory, name, &secret, &err) == 0)
		return secret;
	struct diagnostic *diagnostic = diagnostics_add(conversion->diagnostics, SEVERITY_ERROR, "input/secret", conversion->at,
							"input '%s': %s", conversion->input->name, error_text(&err));
	if (err.hint)
		diagnostic_hint(conversion->diagnostics, diagnostic, "%s", err.hint);
	return NULL;
}

static const struct value *to_list(const struct conversion *conversion, const struct value *given);

static convert_function *const converters[] = {
	[INPUT_STRING] = to_string,   [INPUT_INTEGER] = to_integer,   [INPUT_NUMBER] = to_number,
	[INPUT_BOOLEAN] = to_boolean, [INPUT_DURATION] = to_duration, [INPUT_LIST] = to_list,
	[INPUT_MAP] = to_map,	      [INPUT_HOST] = to_host,	      [INPUT_SECRET] = to_secret,
};

/* On a command line a list is written a,b,c or as JSON. */
static const struct value *split_words(struct arena *arena, const char *text, size_t length)
{
	const struct value *parsed;
	if (*text == '[' && json_parse(arena, text, length, &parsed, NULL) == 0)
		return parsed;
	struct value *list = value_list(arena);
	while (*text) {
		size_t word = strcspn(text, ",");
		value_append(arena, list, value_string_n(arena, text, word));
		text += word + (text[word] == ',');
	}
	return list;
}

static const struct value *to_list(const struct conversion *conversion, const struct value *given)
{
	if (given->type == VALUE_STRING)
		given = split_words(conversion->arena, given->string.data, given->string.length);
	if (given->type != VALUE_LIST)
		return refuse_type(conversion, given, "a list", "on a command line, write a,b,c");
	struct value *list = value_list(conversion->arena);
	if (conversion->input->items == INPUT_LIST)
		return given;
	for (size_t i = 0; i < given->list.count; i++) {
		struct conversion one = *conversion;
		one.item = true;
		if (given->list.items[i]->at.source)
			one.at = given->list.items[i]->at;
		const struct value *written = given->list.items[i];
		const struct value *item = converters[conversion->input->items](
			&one, given->secret ? value_taint(conversion->arena, written) : written);
		if (!item)
			return NULL;
		value_append(conversion->arena, list, item);
	}
	return list;
}

static void check_allowed(const struct conversion *conversion, const struct value *value)
{
	const struct value *allowed = conversion->input->allowed;
	bool found = !allowed;
	for (size_t i = 0; !found && i < allowed->list.count; i++)
		found = value_equal(allowed->list.items[i], value);
	if (!found)
		refuse_type(conversion, value,
			    arena_printf(conversion->arena, "one of %s", json_text(conversion->arena, allowed)), NULL);
}

static void check_pattern(const struct conversion *conversion, const struct value *value)
{
	const char *pattern = conversion->input->pattern;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct regex *regex = NULL;
	if (!pattern || (value && value->type != VALUE_STRING))
		return;
	if (regex_compile(conversion->arena, pattern, strlen(pattern), 0, &regex, NULL, &err) < 0)
		diagnostics_add(conversion->diagnostics, SEVERITY_ERROR, "input/pattern", conversion->input->pattern_at, "%s",
				error_text(&err));
	int found = regex && value ? regex_match(regex, value->string.data, value->string.length, NULL, &err) : 1;
	if (found < 0)
		refuse(conversion, arena_printf(conversion->arena, "cannot be compared with its pattern: %s", error_text(&err)),
		       "write the pattern so that each place can match in one way only: (a+)+ tries them all");
	else if (!found)
		refuse_type(conversion, value, arena_printf(conversion->arena, "text that matches %s", pattern), NULL);
}

static bool has_template(const struct value *value)
{
	return value_text(value) && template_has(value->string.data, value->string.length);
}

static void check_default(const struct conversion *conversion)
{
	const struct value *given = conversion->input->default_value;
	if (!given || given->type == VALUE_NULL) {
		check_pattern(conversion, NULL);
		return;
	}
	if (has_template(given)) {
		refuse(conversion, "has a ${{ }} in its default, but a default is taken as it is",
		       "give it where it is used: ${{ }} in the steps");
		return;
	}
	const struct value *value = converters[conversion->input->type](conversion, given);
	if (!value)
		return;
	check_allowed(conversion, value);
	check_pattern(conversion, value);
}

void runbook_check_defaults(struct arena *arena, const struct runbook *runbook, const struct inventory *inventory,
			    struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < runbook->inputs_count; i++) {
		const struct input *input = &runbook->inputs[i];
		struct conversion conversion = {.arena = arena,
						.inventory = inventory,
						.input = input,
						.diagnostics = diagnostics,
						.at = input->default_value ? input->default_value->at : input->at,
						.only_check = true};
		check_default(&conversion);
	}
}

static void add_input(const struct conversion *conversion, const struct value *given, struct value *inputs)
{
	const struct input *input = conversion->input;
	if (!given)
		given = input->default_value;
	if (!given && !input->optional) {
		refuse(conversion, "is required", arena_printf(conversion->arena, "give it: --input %s=...", input->name));
		return;
	}
	if (given && value_is_secret(given) && input->type != INPUT_SECRET && input->items != INPUT_SECRET) {
		refuse(conversion, "is given a secret", "declare it so: type: secret; then it is shown nowhere");
		return;
	}
	if (given && value_has_unknown(given)) { /* a plan: it is converted when it is known */
		value_put(conversion->arena, inputs, input->name, value_is_secret(given) ? given : value_unknown());
		return;
	}
	const struct value *value =
		given && given->type != VALUE_NULL ? converters[input->type](conversion, given) : value_null();
	if (!value)
		return;
	if (value->type != VALUE_NULL) {
		check_allowed(conversion, value);
		check_pattern(conversion, value);
	}
	value_put(conversion->arena, inputs, input->name, value);
}

static void refuse_undeclared(struct arena *arena, const struct runbook *runbook, const struct value *given,
			      struct diagnostics *diagnostics)
{
	const char **names = arena_alloc(arena, (runbook->inputs_count + 1) * sizeof(*names));
	for (size_t i = 0; i < runbook->inputs_count; i++)
		names[i] = runbook->inputs[i].name;
	for (size_t g = 0; value_is(given, VALUE_MAP) && g < given->map.count; g++) {
		const char *name = value_text(given->map.entries[g].key);
		bool found = false;
		for (size_t i = 0; i < runbook->inputs_count && !found; i++)
			found = strcmp(names[i], name) == 0;
		if (found)
			continue;
		struct diagnostic *diagnostic =
			diagnostics_add(diagnostics, SEVERITY_ERROR, "input/undeclared", (struct span){0},
					"the runbook %s has no input '%s'", runbook->name, name);
		diagnostic_suggest(diagnostics, diagnostic, name, names, runbook->inputs_count);
	}
}

int runbook_inputs(struct arena *arena, const struct runbook *runbook, const struct inventory *inventory,
		   const struct value *given, const struct value **ret_inputs, struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	struct value *inputs = value_map(arena);
	refuse_undeclared(arena, runbook, given, diagnostics);
	for (size_t i = 0; i < runbook->inputs_count; i++) {
		struct conversion conversion = {.arena = arena,
						.inventory = inventory,
						.input = &runbook->inputs[i],
						.diagnostics = diagnostics,
						.at = runbook->inputs[i].at};
		add_input(&conversion, value_get(given, runbook->inputs[i].name), inputs);
	}
	*ret_inputs = inputs;
	return diagnostics->errors > errors ? -1 : 0;
}
