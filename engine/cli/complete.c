/*
 * complete.c - standin complete -- WORD...: what the last of these words may become. The shells' completions (packaging/) ask
 * this and know nothing themselves: verbs, options and their arguments come from the tables that parse them.
 *
 * A line is a word, a tab, and what it means; or what the shell completes better itself: :file, :folder, :yaml. Whatever goes
 * wrong gives no candidates: nobody wants an error message in the middle of a line.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/cli/load.h"

#define RUNS_SHOWN 50

struct completion {
	const struct verb *const *verbs;
	size_t verbs_count;
	const char *typed;	/* so far, of the word to complete */
	const char *lead;	/* what stands before it in the same word: "--output=" */
	struct options options; /* what was given before it */
};

static void offer(const struct completion *completion, const char *word, const char *meaning)
{
	if (strncmp(word, completion->typed, strlen(completion->typed)) == 0)
		print_safely(stdout, "%s%s\t%s\n", completion->lead, word, meaning ? meaning : "");
}

/* --- what a word of a usage or of an option's help stands for --- */

static void offer_runs(const struct completion *completion)
{
	struct run_store *store;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	char **ids = NULL;
	size_t count = 0;
	const char *state = options_get(&completion->options, "state");
	if (!run_store_exists(state) || run_store_open(state, &store, &err) < 0)
		return;
	if (run_list(store, &ids, &count, &err) == 0 && count)
		offer(completion, "latest", "the newest run");
	for (size_t i = 0; i < count; i++) {
		if (i < RUNS_SHOWN)
			offer(completion, ids[i], run_is_active(store, ids[i]) ? "run, at work" : "run");
		free(ids[i]);
	}
	free(ids);
	run_store_close(store);
}

static void offer_actions(const struct completion *completion)
{
	struct loaded loaded;
	loaded_init(&loaded);
	if (load_plugins(&loaded, &completion->options) == 0)
		for (size_t p = 0; p < loaded.plugins->count; p++)
			for (size_t i = 0; i < loaded.plugins->items[p].actions_count; i++)
				offer(completion, loaded.plugins->items[p].actions[i].name,
				      loaded.plugins->items[p].actions[i].summary);
	loaded_free(&loaded);
}

static const char *runbook_given(const struct completion *completion)
{
	return completion->options.arguments_count ? completion->options.arguments[0] : NULL;
}

static void offer_hosts(const struct completion *completion)
{
	struct loaded loaded;
	loaded_init(&loaded);
	if (load_inventory(&loaded, &completion->options, runbook_given(completion), false) == 0 && loaded.inventory)
		for (size_t i = 0; i < loaded.inventory->hosts_count; i++)
			offer(completion, loaded.inventory->hosts[i].id, "host");
	loaded_free(&loaded);
}

/* The inputs of the runbook that stands before; its name with an equals sign, for the value is to follow. */
static void offer_inputs(const struct completion *completion)
{
	struct loaded loaded;
	const char *path = runbook_given(completion);
	loaded_init(&loaded);
	if (path && load_inventory(&loaded, &completion->options, path, false) == 0)
		runbook_read(loaded.arena, path, loaded.inventory, &loaded.runbook, &loaded.diagnostics);
	for (size_t i = 0; loaded.runbook && i < loaded.runbook->inputs_count; i++)
		offer(completion, arena_printf(loaded.arena, "%s=", loaded.runbook->inputs[i].name),
		      loaded.runbook->inputs[i].description);
	loaded_free(&loaded);
}

static void offer_formats(const struct completion *completion)
{
	static const char *const usual[FORMATS_LIMIT] = {"text", "json"};
	const struct verb *verb = completion->options.verb;
	const char *const *formats = verb->formats[0] ? verb->formats : usual;
	for (size_t i = 0; i < FORMATS_LIMIT && formats[i]; i++)
		offer(completion, formats[i], "format");
}

static void leave_files(const struct completion *completion)
{
	(void)completion;
	puts(":file");
}

static void leave_folders(const struct completion *completion)
{
	(void)completion;
	puts(":folder");
}

static void leave_documents(const struct completion *completion)
{
	(void)completion;
	puts(":yaml");
}

static const struct {
	const char *placeholder;
	void (*offer)(const struct completion *completion);
} placeholders[] = {
	{"RUN", offer_runs},	   {"RUNBOOK", leave_documents}, {"PATH", leave_documents},
	{"ACTION", offer_actions}, {"HOST", offer_hosts},	 {"FORMAT", offer_formats},
	{"FILE", leave_files},	   {"FOLDER", leave_folders},	 {"NAME=VALUE", offer_inputs},
};

static void offer_for(const struct completion *completion, const char *placeholder, size_t length)
{
	for (size_t i = 0; i < COUNT_OF(placeholders); i++)
		if (strlen(placeholders[i].placeholder) == length &&
		    strncmp(placeholders[i].placeholder, placeholder, length) == 0)
			placeholders[i].offer(completion);
}

/* Of "[RUN] STEP --reason TEXT [options]": RUN, for the first argument; every alternative of "[PLUGIN | ACTION]". */
static void offer_argument(const struct completion *completion)
{
	const char *usage = completion->options.verb->usage;
	size_t place = 0;
	for (const char *word = usage; *word && strncmp(word, "--", 2) != 0; word++) {
		size_t length = 0;
		while (isupper((unsigned char)word[length]))
			length++;
		if (!length)
			continue;
		bool repeated = strncmp(word + length, "...", 3) == 0 || strncmp(word + length, "]...", 4) == 0;
		if (place == completion->options.arguments_count || (repeated && place < completion->options.arguments_count))
			offer_for(completion, word, length);
		word += length - 1;
		place += strncmp(word + 1, " | ", 3) != 0;
	}
}

/* --- verbs and options --- */

/* The rest of a verb's name behind the words that stand already; NULL: it is another verb, or nothing is left. */
static const char *rest_of(const struct verb *verb, int words, char **argv)
{
	const char *rest = verb->name;
	for (int word = 0; word < words; word++) {
		size_t length = strcspn(rest, " ");
		if (strlen(argv[word]) != length || strncmp(rest, argv[word], length) != 0 || !rest[length])
			return NULL;
		rest += length + 1;
	}
	return rest;
}

/* "audit verify", "audit list": audit is offered once. */
static void offer_verbs(const struct completion *completion, int argc, char **argv)
{
	struct table offered = {0};
	for (size_t i = 0; i < completion->verbs_count; i++) {
		const struct verb *verb = completion->verbs[i];
		const char *rest = rest_of(verb, argc - 1, argv);
		size_t length = rest ? strcspn(rest, " ") : 0;
		CLEANUP_FREE char *text = memory_printf("%.*s", (int)length, rest ? rest : "");
		if (rest && !table_get(&offered, text))
			offer(completion, text, rest[length] ? "..." : verb->summary);
		table_put(&offered, text, "");
	}
	table_free(&offered);
}

static const struct option *option_of(const struct verb *verb, const char *word, size_t length)
{
	for (const struct option *option = verb->options; option->name; option++) {
		bool letter = length == 2 && word[0] == '-' && word[1] == option->letter && option->letter;
		bool name = length > 2 && strncmp(word, "--", 2) == 0 && strlen(option->name) == length - 2 &&
			    strncmp(option->name, word + 2, length - 2) == 0;
		if (letter || name)
			return option;
	}
	return NULL;
}

static void offer_options(const struct completion *completion)
{
	const struct verb *verb = completion->options.verb;
	for (const struct option *option = verb->options; option->name; option++) {
		CLEANUP_FREE char *text = memory_printf("--%s", option->name);
		offer(completion, text, option->help);
	}
	offer(completion, "--help", "what the verb does, with examples");
}

/* Words before the last: what they give. Returns the option whose argument the last one is, or NULL. */
static const struct option *read_before(struct options *options, int argc, char **argv)
{
	const struct option *open = NULL;
	for (int i = 0; i < argc; i++) {
		const char *equals = strncmp(argv[i], "--", 2) == 0 ? strchr(argv[i], '=') : NULL;
		const struct option *option =
			option_of(options->verb, argv[i], equals ? (size_t)(equals - argv[i]) : strlen(argv[i]));
		bool value = open || (option && equals);
		if (value && options->count < COUNT_OF(options->names)) {
			options->names[options->count] = open ? open->name : option->name;
			options->values[options->count++] = open ? argv[i] : equals + 1;
		}
		if (!open && argv[i][0] != '-' && options->arguments_count < ARGUMENTS_LIMIT)
			options->arguments[options->arguments_count++] = argv[i];
		open = !value && option && option->argument ? option : NULL;
	}
	return open;
}

static void offer_rest(struct completion *completion, int argc, char **argv)
{
	const char *word = argv[argc - 1], *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
	const struct option *open = read_before(&completion->options, argc - 1, argv);
	CLEANUP_FREE char *lead = NULL;
	if (!open && equals) {
		open = option_of(completion->options.verb, word, (size_t)(equals - word));
		lead = memory_printf("%.*s", (int)(equals + 1 - word), word);
		completion->lead = lead;
		completion->typed = equals + 1;
	}
	if (open && open->argument)
		offer_for(completion, open->argument, strlen(open->argument));
	else if (word[0] == '-')
		offer_options(completion);
	else
		offer_argument(completion);
}

int complete(const struct verb *const *verbs, size_t count, const struct verb *verb, int words, int argc, char **argv)
{
	struct completion completion = {.verbs = verbs, .verbs_count = count, .lead = ""};
	if (!argc)
		return EXIT_INVALID;
	completion.typed = argv[argc - 1];
	completion.options.verb = verb;
	if (verb && words < argc)
		offer_rest(&completion, argc - words, argv + words);
	else
		offer_verbs(&completion, argc, argv);
	return EXIT_FINE;
}
