/*
 * replica.c - standin replica VERB SET: one action of the plugin replica, as a runbook of one step that is made here. What a
 * runbook does and what a person does by hand is the same. Only explain needs no host: the agent's own rules are asked here.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/document/document.h"
#include "engine/plugin/program.h"
#include "engine/report/report.h"
#include "engine/runbook/replica.h"

#define BAR_WIDTH 40
#define VERIFY_HINT                                                                                                            \
	"Source and replica differ: `standin show -o json` has the first of it. Somebody may have written to the replica; "    \
	"the next sync finds what the source's agent cannot know."

static const char *action_of(const struct verb *verb)
{
	const char *name = strchr(verb->name, ' ') + 1;
	return strcmp(name, "points") == 0 ? "status" : name; /* a part of it */
}

/* --- the runbook --- */

/* What a text on the command line is in YAML: a word of a type, or a quoted text. */
static const char *written(struct arena *arena, const struct action *action, const char *input, const struct value *given)
{
	const struct value *schema = value_get(action->inputs, input);
	bool text = !value_get(schema, "type") || value_is_text(value_get(schema, "type"), "string");
	return text ? json_text(arena, given) : value_text(given);
}

static int make_runbook(struct loaded *loaded, const struct verb *verb, const struct options *options,
			const struct source **ret_source)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct arena *arena = loaded->arena;
	const struct value *with;
	const char *name = arena_printf(arena, "replica.%s", action_of(verb));
	const struct action *action = plugins_find(loaded->plugins, name, NULL);
	if (options_pairs(options, "with", arena, &with) < 0)
		return EXIT_INVALID;
	if (!action) {
		fprintf(stderr, "standin: the plugins here have no action %s\n", name);
		return EXIT_INVALID;
	}
	buffer_printf(&text,
		      "standin: \"1\"\nrunbook: replica/%s\nkind: drill\nsteps:\n  - uses: %s\n    with:\n      set: %s\n",
		      action_of(verb), name, json_text(arena, value_string(arena, options->arguments[0])));
	for (size_t i = 0; i < with->map.count; i++) {
		const char *input = value_text(with->map.entries[i].key);
		buffer_printf(&text, "      %s: %s\n", input, written(arena, action, input, with->map.entries[i].value));
	}
	if (strcmp(action_of(verb), "verify") == 0)
		buffer_printf(&text, "    expect: result.same\n    hint: %s\n",
			      json_text(arena, value_string(arena, VERIFY_HINT)));
	*ret_source = document_source(arena, arena_printf(arena, "standin-%s", verb->name), buffer_text(&text), text.length);
	return 0;
}

static int load(struct loaded *loaded, const struct verb *verb, const struct options *options)
{
	const struct source *source;
	int result = EXIT_INVALID;
	loaded_init(loaded);
	loaded->execution.answers = value_map(loaded->arena);
	if (load_inventory(loaded, options, NULL, true) == 0 && load_plugins(loaded, options) == 0)
		result = make_runbook(loaded, verb, options, &source);
	if (result == 0 && (load_runbook_source(loaded, source) < 0 || load_inputs(loaded, value_map(loaded->arena)) < 0))
		result = EXIT_INVALID;
	print_diagnostics(stderr, &loaded->diagnostics);
	return result;
}

/* What all verbs but explain do: the runbook of one step, and then `act` with it. */
static int with_runbook(const struct verb *verb, int argc, char **argv,
			int (*act)(struct loaded *loaded, const struct options *options))
{
	struct options options;
	struct loaded loaded;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	int result = load(&loaded, verb, &options);
	if (result == 0)
		result = act(&loaded, &options);
	loaded_free(&loaded);
	return result;
}

static int run_action(const struct verb *verb, int argc, char **argv)
{
	return with_runbook(verb, argc, argv, run_loaded);
}

/* --- status --- */

static void print_bar(const struct value *progress)
{
	int64_t done = value_get_int(progress, "done", 0), total = value_get_int(progress, "total", 0);
	if (done < 0 || total <= 0)
		return;
	int filled = (int)((double)(done > total ? total : done) / (double)total * BAR_WIDTH);
	printf("%-12s [%.*s%.*s] %d%%\n", "", filled, "########################################", BAR_WIDTH - filled,
	       "........................................", filled * 100 / BAR_WIDTH);
}

static void print_status(struct arena *arena, const struct value *state)
{
	for (size_t i = 0; i < state->map.count; i++) {
		const struct value *value = state->map.entries[i].value;
		const char *name = value_text(state->map.entries[i].key);
		const char *text = value_text(value) ? value_text(value) : json_text(arena, value);
		if (value->type != VALUE_NULL && strcmp(name, "points") != 0) /* `standin replica points` shows them */
			print_safely(stdout, "%-12s %s\n", name, text);
		if (strcmp(name, "progress") == 0)
			print_bar(value);
	}
}

/* What a plan of that one step sees; NULL: it cannot be seen, and that was said. Nothing is journaled: nothing is changed. */
static const struct value *look(struct loaded *loaded, int *ret_exit)
{
	struct error err = ERROR_NONE;
	const struct value *plan;
	if (execute_plan(loaded->arena, &loaded->execution, false, &plan, &err) < 0) {
		*ret_exit = tell_error(&err);
		return NULL;
	}
	const struct value *row = value_get(plan, "rows")->list.items[0];
	const struct value *state = value_get(value_get(row, "after"), "state");
	if (value_is(state, VALUE_MAP))
		return state;
	const char *why = value_get_text(row, "why");
	print_safely(stderr, "standin: %s\n", why ? why : "it cannot be observed");
	fputs("hint: is the set connected? standin replica connect\n", stderr);
	*ret_exit = EXIT_FAILED;
	return NULL;
}

static int show_status(struct loaded *loaded, const struct options *options)
{
	int result = EXIT_FINE;
	const struct value *state = look(loaded, &result);
	if (state && options->json)
		puts(json_text(loaded->arena, state));
	else if (state)
		print_status(loaded->arena, state);
	return result;
}

static int run_status(const struct verb *verb, int argc, char **argv)
{
	return with_runbook(verb, argc, argv, show_status);
}

/* --- points --- */

static void print_point(const struct value *point)
{
	char age[DURATION_TEXT_SIZE];
	const char *time = value_get_text(point, "time"), *consistency = value_get_text(point, "consistency");
	const struct value *seconds = value_get(point, "age");
	duration_format((int64_t)(value_is(seconds, VALUE_DOUBLE) ? seconds->real : 0) * NSEC_PER_SEC, age);
	print_safely(stdout, "%6lld  %-24s  %8s  %s\n", (long long)value_get_int(point, "point", 0), time ? time : "?", age,
		     consistency ? consistency : "");
}

static int show_points(struct loaded *loaded, const struct options *options)
{
	int result = EXIT_FINE;
	const struct value *state = look(loaded, &result), *points = value_get(state, "points");
	if (!state)
		return result;
	if (options->json) {
		puts(json_text(loaded->arena, value_is(points, VALUE_LIST) ? points : value_list(loaded->arena)));
		return EXIT_FINE;
	}
	if (!value_is(points, VALUE_LIST) || !points->list.count) {
		fputs("standin: there is no recovery point yet\n", stderr);
		return EXIT_FAILED;
	}
	for (size_t i = 0; i < points->list.count; i++)
		print_point(points->list.items[i]);
	return EXIT_FINE;
}

static int run_points(const struct verb *verb, int argc, char **argv)
{
	return with_runbook(verb, argc, argv, show_points);
}

/* --- explain --- */

/* Where path stands in the replica; NULL: it is below none of the set's paths. */
static const char *in_replica(struct arena *arena, const struct value *paths, const char *path)
{
	for (size_t i = 0; i < paths->list.count; i++) {
		const char *root = value_get_text(paths->list.items[i], "path");
		const char *to = value_get_text(paths->list.items[i], "to");
		size_t length = strlen(root);
		if (strncmp(path, root, length) == 0 && path[length] == '/' && path[length + 1])
			return arena_printf(arena, "%s%s%s", to, *to ? "/" : "", path + length + 1);
	}
	return NULL;
}

static int rules_file(const struct value *rules, struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	int fd = memfd_create("rules", 0);
	for (size_t i = 0; i < rules->list.count; i++)
		buffer_printf(&text, "%s\n", value_text(rules->list.items[i]));
	if (fd < 0 || write(fd, buffer_text(&text), text.length) != (ssize_t)text.length)
		return error_set(err, ERROR_IO, "cannot keep the set's rules in memory");
	return fd;
}

static int ask_agent(const char *agent, int rules, const char *const *paths, size_t count)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char **argv = arena_alloc(arena, (count + 5) * sizeof(*argv));
	int status = -1;
	argv[0] = agent;
	argv[1] = "explain";
	argv[2] = "--rules";
	argv[3] = arena_printf(arena, "/dev/fd/%d", rules);
	memcpy(argv + 4, paths, count * sizeof(*argv));
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		execv(agent, (char *const *)argv);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? EXIT_FINE : EXIT_SYSTEM;
}

static int explain(struct loaded *loaded, const struct options *options, const struct replica *replica)
{
	struct error err = ERROR_NONE;
	const struct plugin *plugin = plugins_of(loaded->plugins, plugins_find(loaded->plugins, "replica.status", NULL));
	const char **paths = arena_alloc(loaded->arena, options->arguments_count * sizeof(*paths));
	size_t count = 0;
	for (size_t i = 1; i < options->arguments_count; i++) {
		const char *path = in_replica(loaded->arena, value_get(replica->value, "paths"), options->arguments[i]);
		if (path)
			paths[count++] = path;
		else
			print_safely(stdout, "out  %s  below none of the set's paths\n", options->arguments[i]);
	}
	if (!count)
		return EXIT_FINE;
	if (!plugin || !plugin->program) {
		fputs("standin: the plugins here have no replica\n", stderr);
		return EXIT_INVALID;
	}
	int rules = rules_file(value_get(replica->value, "rules"), &err);
	if (rules < 0)
		return tell_error(&err);
	int result = ask_agent(program_path(loaded->arena, plugin->program, "standin-agent"), rules, paths, count);
	close(rules);
	return result;
}

static int run_explain(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct loaded loaded;
	int early = options_parse(verb, argc, argv, &options), result = EXIT_INVALID;
	if (early)
		return early - 1;
	loaded_init(&loaded);
	const char *name = options.arguments[0];
	bool read = load_inventory(&loaded, &options, NULL, true) == 0 && load_plugins(&loaded, &options) == 0;
	const struct replica *replica = inventory_replica(loaded.inventory, name);
	print_diagnostics(stderr, &loaded.diagnostics);
	if (read && !replica) {
		print_safely(stderr, "standin: there is no replication set '%s'\n", name);
		print_safely(stderr, "hint: %s\n", replica_advice(loaded.arena, loaded.inventory, name));
	} else if (read) {
		result = explain(&loaded, &options, replica);
	}
	loaded_free(&loaded);
	return result;
}

/* --- the verbs --- */

#define ACTS                                                                                                                   \
	OPTION_INVENTORY, OPTION_PLUGINS, OPTION_STATE, OPTION_OUTPUT, {"yes", 'y', NULL, "do not ask before it is done"},     \
		{"with", 0, "NAME=VALUE",                                                                                      \
		 "an input of the action (standin actions replica.VERB); may be given several times"},                         \
	{                                                                                                                      \
		"verbose", 'v', NULL, "show more of what is done"                                                              \
	}
#define SAME_AS "\nThe same as a runbook's step that uses the action of this name: previewed, journaled, resumable."

const struct verb verb_replica_explain = {
	.name = "replica explain",
	.usage = "SET PATH... [options]",
	.summary = "say whether a set protects a path, and which of its rules decides",
	.description = "No host is asked, and the path need not exist. A path that ends with / is a folder.",
	.options = {OPTION_INVENTORY, OPTION_PLUGINS},
	.examples = "  standin replica explain mail /srv/mail/alice/tmp/ /srv/mail/alice/cur/1\n",
	.least = 2,
	.most = ARGUMENTS_LIMIT,
	.run = run_explain,
};

const struct verb verb_replica_status = {
	.name = "replica status",
	.usage = "SET [options]",
	.summary = "show a set's state: of its mirror and its recovery point",
	.description = "Asks the target, which knows it without the source; the source with --with end=source.",
	.options = {OPTION_INVENTORY, OPTION_PLUGINS, OPTION_OUTPUT, {"with", 0, "NAME=VALUE", "end=source: ask the source"}},
	.examples = "  standin replica status mail\n"
		    "  standin replica status mail --with end=source -o json\n",
	.least = 1,
	.most = 1,
	.run = run_status,
};

const struct verb verb_replica_points = {
	.name = "replica points",
	.usage = "SET [options]",
	.summary = "list the recovery points that can be promoted, the oldest first",
	.description =
		"Its number, as of when it is, its age, and whether it is consistent. The target keeps as many earlier ones as "
		"the set's `keep` says.",
	.options = {OPTION_INVENTORY, OPTION_PLUGINS, OPTION_OUTPUT},
	.examples = "  standin replica points mail\n"
		    "  standin replica promote mail --yes --with point=7\n",
	.least = 1,
	.most = 1,
	.run = run_points,
};

/* NAME, what its action does, a text for it, an example. */
#define ACTION_VERB(action, text, told, example)                                                                               \
	const struct verb verb_replica_##action = {.name = "replica " #action,                                                 \
						   .usage = "SET [options]",                                                   \
						   .summary = text,                                                            \
						   .description = told SAME_AS,                                                \
						   .options = {ACTS},                                                          \
						   .examples = "  standin replica " #action " " example "\n",                  \
						   .least = 1,                                                                 \
						   .most = 1,                                                                  \
						   .run = run_action}

ACTION_VERB(define, "put the agents on a set's hosts and define it there; copy nothing yet",
	    "Enrols both ends with each other and hands each the set. Its agents do not run before `connect`.", "mail --yes");
ACTION_VERB(connect, "have a set's agents run it from now on, with this machine or without it",
	    "Puts the agent on both hosts where it is missing or another one, enrols, defines, starts. Returns at once: "
	    "`standin replica wait` waits.\nA replica that was promoted is only written to again with --with anew=true.",
	    "mail --yes");
ACTION_VERB(wait, "wait until a set has a complete recovery point and is idle",
	    "Says no more than that it is so; see `status`.", "mail --yes --with age=60");
ACTION_VERB(sync, "make a new recovery point now", "Whatever the schedule says.", "mail --yes");
ACTION_VERB(verify, "compare source and replica by content", "Nothing is changed.", "mail --yes");
ACTION_VERB(pause, "make no recovery points until it is resumed", "The source's agent keeps on running.", "mail --yes");
ACTION_VERB(resume, "go on after a pause", "What has changed meanwhile is found.", "mail --yes");
ACTION_VERB(disconnect, "let an end have nothing to do with the other any more",
	    "Both keep what they have. At the target, or the source with --with end=source.", "mail --yes");
ACTION_VERB(promote, "make the replica what counts: its source can write no more",
	    "Behind the fence, before the store is mounted. It cannot be undone, but by `restore` and `connect`.\nAn earlier "
	    "point than the last by --with point=N; `standin replica points` lists them.",
	    "mail --yes");
ACTION_VERB(restore, "the other way after a failover: only what differs",
	    "The source's data becomes what the promoted replica is; nobody may use either meanwhile. What only the source "
	    "had is kept\nbeside it, or with --with orphans=delete not. Then `connect` again. Before it, `standin replica "
	    "verify mail "
	    "--with promoted=true`\nsays what would change. An earlier point, another place, another host: --with point=N, "
	    "to=PATH, "
	    "host=ID.",
	    "mail --yes");
ACTION_VERB(drop, "forget a set at both ends", "The replica's store stays on the target.", "mail --yes");
