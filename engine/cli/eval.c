/*
 * eval.c - standin eval: try an expression, as authors do before they put it into a runbook.
 */
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/cli/load.h"
#include "engine/expression/template.h"

struct bindings {
	const struct value *given;   /* name -> value */
	const struct loaded *loaded; /* with a runbook: its inputs, objectives, hosts */
};

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	(void)arena;
	const struct bindings *bindings = context;
	const struct loaded *loaded = bindings->loaded;
	const struct value *value = value_get(bindings->given, name);
	if (value || !loaded)
		return value;
	if (strcmp(name, "inputs") == 0)
		return loaded->execution.inputs;
	if (strcmp(name, "objectives") == 0)
		return loaded->runbook->objectives;
	if (strncmp(name, "hosts.", 6) == 0 && inventory_host(loaded->inventory, name + 6))
		return inventory_host(loaded->inventory, name + 6)->value;
	return strcmp(name, "steps") == 0 || strcmp(name, "run") == 0 ? value_unknown() : NULL;
}

/* NAME=JSON; what is no JSON is a string. */
static const struct value *read_bindings(struct arena *arena, const struct value *pairs)
{
	struct value *map = value_map(arena);
	for (size_t i = 0; i < pairs->map.count; i++) {
		const struct value *text = pairs->map.entries[i].value, *parsed;
		bool json = json_parse(arena, text->string.data, text->string.length, &parsed, NULL) == 0;
		value_put(arena, map, value_text(pairs->map.entries[i].key), json ? parsed : text);
	}
	return map;
}

static void point_at(const char *text, const struct expression_place *place)
{
	fprintf(stderr, "  %s\n  %*s", text, (int)place->offset, "");
	for (size_t i = 0; i < (place->length ? place->length : 1); i++)
		fputc('^', stderr);
	fputc('\n', stderr);
}

static bool is_one_line(const char *text)
{
	CLEANUP_BUFFER struct buffer safe = {0};
	utf8_append_printable(&safe, text, strlen(text), false);
	return strcmp(buffer_text(&safe), text) == 0;
}

static int complain(const char *text, const struct expression_place *place, struct error *err)
{
	print_safely(stderr, "standin eval: %s\n", error_text(err));
	if (place->offset <= strlen(text) && is_one_line(text))
		point_at(text, place);
	if (err->hint)
		print_safely(stderr, "hint: %s\n", err->hint);
	error_clear(err);
	return EXIT_INVALID;
}

static int evaluate(const char *text, const struct bindings *bindings, struct arena *arena)
{
	struct error err = ERROR_NONE;
	struct expression *expression;
	struct expression_place place = {0};
	struct activation activation = {.resolve = resolve, .context = (void *)bindings};
	if (expression_compile(arena, text, strlen(text), &expression, &place, &err) < 0)
		return complain(text, &place, &err);
	const struct value *value = expression_evaluate(expression, &activation, arena);
	if (value->type == VALUE_ERROR) {
		place = (struct expression_place){.offset = value->at.offset, .length = value->at.length};
		error_set(&err, ERROR_INVALID, "%s", value->string.data ? value->string.data : "it cannot be evaluated");
		return complain(text, &place, &err);
	}
	puts(json_text(arena, value));
	return EXIT_FINE;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct loaded loaded;
	const struct value *pairs;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	loaded_init(&loaded);
	int result = options_pairs(&options, "let", loaded.arena, &pairs) < 0 ? EXIT_INVALID : EXIT_FINE;
	const char *runbook = options_get(&options, "runbook");
	if (result == EXIT_FINE && runbook)
		result = load_all(&loaded, &options, runbook);
	if (result == EXIT_FINE) {
		struct bindings bindings = {.given = read_bindings(loaded.arena, pairs), .loaded = runbook ? &loaded : NULL};
		result = evaluate(options.arguments[0], &bindings, loaded.arena);
	}
	loaded_free(&loaded);
	return result;
}

const struct verb verb_eval = {
	.name = "eval",
	.usage = "EXPRESSION [options]",
	.summary = "try an expression",
	.description = "Evaluates one CEL expression and prints the result as JSON. --let gives names; with --runbook its "
		       "inputs, objectives and hosts\n"
		       "are there, and what only a run can know is {\"?\": ...}.",
	.options = {{"let", 0, "NAME=JSON", "a name for the expression; what is no JSON is a string"},
		    {"runbook", 0, "FILE", "the runbook whose names shall be there"},
		    OPTION_INPUT,
		    OPTION_INVENTORY,
		    OPTION_PLUGINS},
	.examples = "  standin eval '[\"a\", \"b\"].map(x, x + \"1\")'\n"
		    "  standin eval 'result.age < 60' --let 'result={\"age\": 12}'\n"
		    "  standin eval 'inputs.source.service_address' --runbook runbooks/mail/failover.yaml\n",
	.least = 1,
	.most = 1,
	.run = run,
};
