/*
 * options.c - arguments by table, and help out of the same table.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buffer.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/base/suggest.h"
#include "engine/cli/cli.h"

static const struct option help_option = {"help", 'h', NULL, "this text"};

static const struct option *find(const struct verb *verb, const char *name, size_t length)
{
	for (const struct option *option = verb->options; option->name; option++)
		if (strlen(option->name) == length && strncmp(option->name, name, length) == 0)
			return option;
	return strncmp("help", name, length) == 0 && length == 4 ? &help_option : NULL;
}

static const struct option *find_letter(const struct verb *verb, char letter)
{
	for (const struct option *option = verb->options; option->name; option++)
		if (option->letter == letter)
			return option;
	return letter == 'h' ? &help_option : NULL;
}

static int misused(const struct verb *verb, const char *what, const char *word, const char *rest, const char *nearest)
{
	print_safely(stderr, "standin %s: %s%s%s\n", verb->name, what, word, rest);
	if (nearest)
		fprintf(stderr, "hint: did you mean --%s?\n", nearest);
	else
		fprintf(stderr, "hint: standin %s --help\n", verb->name);
	return EXIT_INVALID + 1;
}

static int unknown_option(const struct verb *verb, const char *word)
{
	const char *names[OPTIONS_LIMIT + 1];
	size_t count = 0;
	for (const struct option *option = verb->options; option->name; option++)
		names[count++] = option->name;
	names[count++] = "help";
	if (word[1] != '-' && !isalpha((unsigned char)word[1])) {
		print_safely(stderr, "standin %s: there is no option %s\nhint: if it is no option: standin %s -- %s\n",
			     verb->name, word, verb->name, word);
		return EXIT_INVALID + 1;
	}
	return misused(verb, "there is no option ", word, "", word[1] == '-' ? suggest(word + 2, names, count) : NULL);
}

struct scan {
	const struct verb *verb;
	int argc;
	char **argv;
	int next;
	bool only_arguments; /* after -- */
	struct options *options;
};

static int take_option(struct scan *scan, const char *word)
{
	bool is_long = word[1] == '-';
	const char *equals = is_long ? strchr(word, '=') : NULL;
	size_t length = is_long ? (equals ? (size_t)(equals - word) - 2 : strlen(word) - 2) : 1;
	const struct option *option = is_long ? find(scan->verb, word + 2, length) : find_letter(scan->verb, word[1]);
	const char *value = equals ? equals + 1 : !is_long && word[2] ? word + 2 : NULL;
	if (!option)
		return unknown_option(scan->verb, word);
	if (option == &help_option) {
		verb_help(scan->verb, stdout);
		return EXIT_FINE + 1;
	}
	if (option->argument && !value && scan->next < scan->argc)
		value = scan->argv[scan->next++];
	if (option->argument && !value)
		return misused(scan->verb, "", word, " needs an argument", NULL);
	if (!option->argument && value)
		return misused(scan->verb, "", word, " takes no argument", NULL);
	if (scan->options->count == COUNT_OF(scan->options->names))
		return misused(scan->verb, "too many options at ", word, "", NULL);
	scan->options->names[scan->options->count] = option->name;
	scan->options->values[scan->options->count++] = value ? value : "";
	return 0;
}

static int take_word(struct scan *scan)
{
	const char *word = scan->argv[scan->next++];
	if (!scan->only_arguments && strcmp(word, "--") == 0) {
		scan->only_arguments = true;
		return 0;
	}
	if (!scan->only_arguments && word[0] == '-' && word[1])
		return take_option(scan, word);
	if (scan->options->arguments_count == ARGUMENTS_LIMIT)
		return misused(scan->verb, "too many arguments at ", word, "", NULL);
	scan->options->arguments[scan->options->arguments_count++] = word;
	return 0;
}

static int take_format(struct options *options)
{
	static const char *const usual[FORMATS_LIMIT] = {"text", "json"};
	const char *const *formats = options->verb->formats[0] ? options->verb->formats : usual;
	const char *wanted = options_get(options, "output");
	struct buffer known = {0};
	for (size_t i = 0; i < FORMATS_LIMIT && formats[i]; i++) {
		if (!options->format && (!wanted || strcmp(wanted, formats[i]) == 0))
			options->format = formats[i];
		buffer_printf(&known, "%s%s", !i ? "" : i + 1 < FORMATS_LIMIT && formats[i + 1] ? ", " : " and ", formats[i]);
	}
	if (!options->format)
		print_safely(stderr, "standin %s: -o knows %s, not '%s'\n", options->verb->name, buffer_text(&known), wanted);
	buffer_free(&known);
	options->json = options->format && strcmp(options->format, "json") == 0;
	return options->format ? 0 : EXIT_INVALID + 1;
}

int options_parse(const struct verb *verb, int argc, char **argv, struct options *ret_options)
{
	*ret_options = (struct options){.verb = verb};
	struct scan scan = {.verb = verb, .argc = argc, .argv = argv, .options = ret_options};
	while (scan.next < argc) {
		int result = take_word(&scan);
		if (result)
			return result;
	}
	if (ret_options->arguments_count < verb->least)
		return misused(verb, "something is missing: ", verb->usage, "", NULL);
	if (ret_options->arguments_count > verb->most)
		return misused(verb, "one argument too many: ", ret_options->arguments[verb->most], "", NULL);
	return take_format(ret_options);
}

bool options_has(const struct options *options, const char *name)
{
	return options_get(options, name) != NULL;
}

const char *options_get(const struct options *options, const char *name)
{
	for (size_t i = options->count; i > 0; i--)
		if (strcmp(options->names[i - 1], name) == 0)
			return options->values[i - 1];
	return NULL;
}

int options_pairs(const struct options *options, const char *name, struct arena *arena, const struct value **ret_map)
{
	struct value *map = value_map(arena);
	for (size_t i = 0; i < options->count; i++) {
		if (strcmp(options->names[i], name) != 0)
			continue;
		const char *equals = strchr(options->values[i], '=');
		if (!equals || equals == options->values[i]) {
			print_safely(stderr, "standin %s: --%s wants NAME=VALUE, not '%s'\n", options->verb->name, name,
				     options->values[i]);
			return -1;
		}
		const char *key = arena_strndup(arena, options->values[i], (size_t)(equals - options->values[i]));
		value_put(arena, map, key, value_string(arena, equals + 1));
	}
	*ret_map = map;
	return 0;
}

static void print_option(const struct option *option, FILE *out)
{
	char left[64];
	snprintf(left, sizeof(left), "%s%c%s--%s%s%s", option->letter ? "-" : "  ", option->letter ? option->letter : ' ',
		 option->letter ? ", " : " ", option->name, option->argument ? " " : "",
		 option->argument ? option->argument : "");
	fprintf(out, "  %-26s %s\n", left, option->help);
}

void verb_help(const struct verb *verb, FILE *out)
{
	fprintf(out, "standin %s - %s\n\nUsage: standin %s %s\n\n%s\n\nOptions:\n", verb->name, verb->summary, verb->name,
		verb->usage, verb->description);
	for (const struct option *option = verb->options; option->name; option++)
		print_option(option, out);
	print_option(&help_option, out);
	fprintf(out, "\nExamples:\n%s", verb->examples);
	fputs("\nExit codes: standin --help\n", out);
}

/* scdoc gives underscores and asterisks a meaning. */
void print_escaped(const char *text, FILE *out)
{
	for (; *text; text++) {
		if (strchr("_*\\<>#[]~`", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void option_manual(const struct option *option, FILE *out)
{
	if (option->letter)
		fprintf(out, "*-%c*, ", option->letter);
	fprintf(out, "*--%s*%s%s\n\t", option->name, option->argument ? " " : "", option->argument ? option->argument : "");
	print_escaped(option->help, out);
	fputs("\n\n", out);
}

void verb_manual(const struct verb *verb, FILE *out)
{
	char page[64];
	snprintf(page, sizeof(page), "%s", verb->name);
	for (char *space = page; (space = strchr(space, ' '));)
		*space = '-';
	fprintf(out, "standin-%s(1)\n\n# NAME\n\nstandin-%s - ", page, page);
	print_escaped(verb->summary, out);
	fprintf(out, "\n\n# SYNOPSIS\n\n*standin %s* ", verb->name);
	print_escaped(verb->usage, out);
	fputs("\n\n# DESCRIPTION\n\n", out);
	print_escaped(verb->description, out);
	fputs("\n\n# OPTIONS\n\n", out);
	for (const struct option *option = verb->options; option->name; option++)
		option_manual(option, out);
	option_manual(&help_option, out);
	fprintf(out,
		"# EXIT STATUS\n\nWhat each means, of all verbs, is told in *standin*(1).\n\n# EXAMPLES\n\n```\n%s```\n\n# SEE "
		"ALSO\n\n*standin*(1)\n",
		verb->examples);
}

void print_safely(FILE *out, const char *format, ...)
{
	CLEANUP_BUFFER struct buffer text = {0};
	CLEANUP_BUFFER struct buffer safe = {0};
	va_list args;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	utf8_append_printable(&safe, buffer_text(&text), text.length, true);
	fputs(buffer_text(&safe), out);
}

void print_value(const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	json_format(&text, value, JSON_INDENTED);
	puts(buffer_text(&text));
}

int tell_error(struct error *err)
{
	static const int codes[] = {
		[ERROR_INVALID] = EXIT_INVALID,	  [ERROR_NOT_FOUND] = EXIT_SYSTEM, [ERROR_IO] = EXIT_SYSTEM,
		[ERROR_CONNECTION] = EXIT_SYSTEM, [ERROR_IDENTITY] = EXIT_SYSTEM,  [ERROR_TIMEOUT] = EXIT_SYSTEM,
		[ERROR_CONFLICT] = EXIT_REFUSED,  [ERROR_LOCKED] = EXIT_LOCKED,	   [ERROR_CANCELLED] = EXIT_CANCELLED,
		[ERROR_CORRUPT] = EXIT_CORRUPT,	  [ERROR_LIMIT] = EXIT_INVALID,	   [ERROR_FAILED] = EXIT_FAILED,
	};
	int code = err->code < COUNT_OF(codes) ? codes[err->code] : EXIT_SYSTEM;
	print_safely(stderr, "standin: %s\n", error_text(err));
	if (err->hint)
		print_safely(stderr, "hint: %s\n", err->hint);
	error_clear(err);
	return code;
}

int exit_code_for(enum outcome outcome)
{
	static const int codes[] = {
		[OUTCOME_OK] = EXIT_FINE,
		[OUTCOME_CHANGED] = EXIT_FINE,
		[OUTCOME_SKIPPED] = EXIT_FINE,
		[OUTCOME_FAILED] = EXIT_FAILED,
		[OUTCOME_UNKNOWN] = EXIT_UNFINISHED,
		[OUTCOME_CANCELLED] = EXIT_CANCELLED,
		[OUTCOME_STOPPED] = EXIT_UNFINISHED,
	};
	return codes[outcome];
}
