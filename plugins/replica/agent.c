/*
 * agent.c - the program standin-agent: both ends of a replication. Which verb is meant, with which options.
 */
#include "plugins/replica/agent.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "plugins/replica/home.h"

int agent_fail(const struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	utf8_append_printable(&text, error_text(err), strlen(error_text(err)), false);
	fprintf(stderr, "standin-agent: %s\n", buffer_text(&text));
	if (err->hint)
		fprintf(stderr, "  hint: %s\n", err->hint);
	return 1;
}

int agent_print(const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	json_format(&text, value, JSON_COMPACT);
	puts(buffer_text(&text));
	return 0;
}

enum needs {
	NEEDS_SOURCE = 1 << 0, /* --set --state --root, a command */
	NEEDS_STORE = 1 << 1,
	NEEDS_TERM = 1 << 2,
	NEEDS_SET = 1 << 3, /* --set, and none of --state, --root, --store */
	NEEDS_ROOT = 1 << 4,
};

/* Of two with the same name the first whose needs are met is meant. */
static const struct {
	const char *name, *usage;
	agent_verb *run;
	unsigned needs;
} verbs[] = {
	{"enroll", "", agent_enroll, 0},
	{"define", "< set.json", agent_define, 0},
	{"start", "--set NAME", agent_start, NEEDS_SET},
	{"stop", "--set NAME", agent_stop, NEEDS_SET},
	{"run", "--set NAME", agent_run, NEEDS_SET},
	{"sync", "--set NAME", agent_sync, NEEDS_SET},
	{"verify", "--set NAME [--repair]", agent_verify, NEEDS_SET},
	{"pause", "--set NAME", agent_pause, NEEDS_SET},
	{"resume", "--set NAME", agent_resume, NEEDS_SET},
	{"disconnect", "--set NAME", agent_disconnect, NEEDS_SET},
	{"promote", "--set NAME --term N", agent_promote, NEEDS_SET | NEEDS_TERM},
	{"drop", "--set NAME", agent_drop, NEEDS_SET},
	{"history", "--set NAME [--count N]", agent_history, NEEDS_SET},
	{"adopt", "--root DIR --store DIR/NAME", agent_adopt, NEEDS_STORE | NEEDS_ROOT},
	{"release", "--root DIR --store DIR/NAME [--keep DIR]", agent_release, NEEDS_STORE | NEEDS_ROOT},
	{"status", "--store DIR", agent_store_status, NEEDS_STORE},
	{"status", "[--set NAME]", agent_status, 0},
	{"sync", "--set NAME --state DIR --root PATH [--rules FILE] [--term N] [--consistent] -- COMMAND...", agent_pipe_sync,
	 NEEDS_SOURCE},
	{"verify", "--set NAME --state DIR --root PATH [--rules FILE] [--term N] -- COMMAND...", agent_pipe_verify,
	 NEEDS_SOURCE},
	{"explain", "--rules FILE PATH...", agent_explain, 0},
	{"serve", "--store DIR [--device PATH]", agent_serve, NEEDS_STORE},
	{"recover", "--store DIR", agent_recover, NEEDS_STORE},
	{"promote", "--store DIR --term N", agent_store_promote, NEEDS_STORE | NEEDS_TERM},
};

static int usage(void)
{
	fprintf(stderr, "usage: (each takes --home DIR, in place of %s)\n", HOME_DEFAULT);
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		fprintf(stderr, "  standin-agent %s %s\n", verbs[i].name, verbs[i].usage);
	return 2;
}

static bool parse_number(const char *text, uint64_t *ret_number)
{
	char *end;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{"set", required_argument, NULL, 's'},
		{"state", required_argument, NULL, 'd'},
		{"root", required_argument, NULL, 'r'},
		{"store", required_argument, NULL, 'o'},
		{"device", required_argument, NULL, 'v'},
		{"rules", required_argument, NULL, 'u'},
		{"home", required_argument, NULL, 'h'},
		{"term", required_argument, NULL, 't'},
		{"count", required_argument, NULL, 'n'},
		{"consistent", no_argument, NULL, 'c'},
		{"repair", no_argument, NULL, 'p'},
		{"keep", required_argument, NULL, 'k'},
		{0},
	};
	const struct {
		int option;
		const char **place;
	} texts[] = {{'s', &options->set},    {'d', &options->state}, {'r', &options->root}, {'o', &options->store},
		     {'v', &options->device}, {'u', &options->rules}, {'h', &options->home}, {'k', &options->keep}};
	for (int option; (option = getopt_long(argc, argv, "+", known, NULL)) != -1;) {
		if (option == '?' || (option == 't' && !parse_number(optarg, &options->term)) ||
		    (option == 'n' && !parse_number(optarg, &options->count)))
			return false;
		for (size_t i = 0; i < COUNT_OF(texts); i++)
			if (texts[i].option == option)
				*texts[i].place = optarg;
		options->has_term |= option == 't';
		options->consistent |= option == 'c';
		options->repair |= option == 'p';
	}
	options->command = argv + optind;
	return true;
}

static bool needs_are_met(unsigned needs, const struct options *options)
{
	bool piped = options->state || options->root,
	     source = options->set && options->state && options->root && options->command[0];
	return (!(needs & NEEDS_SOURCE) || source) && (!(needs & NEEDS_ROOT) || options->root) &&
	       (!(needs & NEEDS_STORE) || options->store) && (!(needs & NEEDS_TERM) || options->has_term) &&
	       (!(needs & NEEDS_SET) || (options->set && !piped && !options->store && !options->command[0]));
}

static void prepare_process(void)
{
	struct rlimit files;
	signal(SIGPIPE, SIG_IGN);
	umask(0); /* objects get exactly the mode that is asked for; the folders around them are private */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max; /* removing a tree holds a descriptor a level */
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

int main(int argc, char **argv)
{
	struct options options = {.term = 1, .count = 100, .home = HOME_DEFAULT};
	if (argc < 2 || !parse_options(argc - 1, argv + 1, &options) || options.home[0] != '/')
		return usage();
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0 || !needs_are_met(verbs[i].needs, &options))
			continue;
		prepare_process();
		return verbs[i].run(&options);
	}
	return usage();
}
