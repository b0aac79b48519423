/*
 * agent.c - the program standin-agent: both ends of a replication. Which verb is meant, with which options.
 */
#include "plugins/replica/agent/agent.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "plugins/replica/agent/home.h"

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
	{"sync", "--set NAME [--dry-run]", agent_sync, NEEDS_SET},
	{"verify", "--set NAME [--repair | --promoted] [--from-start]", agent_verify, NEEDS_SET},
	{"pause", "--set NAME", agent_pause, NEEDS_SET},
	{"resume", "--set NAME", agent_resume, NEEDS_SET},
	{"disconnect", "--set NAME", agent_disconnect, NEEDS_SET},
	{"points", "--set NAME", agent_points, NEEDS_SET},
	{"promote", "--set NAME --term N [--point N] [--rehash]", agent_promote, NEEDS_SET | NEEDS_TERM},
	{"drop", "--set NAME", agent_drop, NEEDS_SET},
	{"history", "--set NAME [--count N]", agent_history, NEEDS_SET},
	{"adopt", "--root PATH --store DIR [--place PLACE] [--aside DIR] [--empty]", agent_adopt, NEEDS_STORE | NEEDS_ROOT},
	{"release", "--root PATH --store DIR [--place PLACE] [--aside DIR]", agent_release, NEEDS_STORE | NEEDS_ROOT},
	{"status", "--store DIR", agent_store_status, NEEDS_STORE},
	{"status", "[--set NAME]", agent_status, 0},
	{"sync",
	 "--set NAME --state DIR (--root PATH | --source PATH [--at PLACE] ...) [--rules FILE] [--term N] [--consistent] "
	 "[--mounted] "
	 "[--orphans delete|keep|move] [--orphan-age 7d] [--dry-run [--json]] [--progress 1s] "
	 "[--compression auto|zstd|none] [--limit '08:00-18:00 1M, 20M'] "
	 "[--consistency none|commands|snapshot|reflink] [--quiesce CMD --thaw CMD [--quiesce-limit 60s]] -- COMMAND...",
	 agent_pipe_sync, NEEDS_SOURCE},
	{"verify",
	 "--set NAME --state DIR (--root PATH | --source ...) [--rules FILE] [--term N] [--mounted] [--orphans ...] -- "
	 "COMMAND...",
	 agent_pipe_verify, NEEDS_SOURCE},
	{"explain", "--rules FILE PATH...", agent_explain, 0},
	{"serve", "--store DIR [--device PATH] [--keep N] [--mounted] [--replace-foreign]", agent_serve, NEEDS_STORE},
	{"recover", "--store DIR", agent_recover, NEEDS_STORE},
	{"points", "--store DIR", agent_store_points, NEEDS_STORE},
	{"promote", "--store DIR --term N [--point N] [--rehash]", agent_store_promote, NEEDS_STORE | NEEDS_TERM},
};

static int usage(void)
{
	fprintf(stderr, "usage: (each takes --home DIR, in place of %s)\n", HOME_DEFAULT);
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		fprintf(stderr, "  standin-agent %s %s\n", verbs[i].name, verbs[i].usage);
	return 2;
}

static bool needs_are_met(unsigned needs, const struct options *options)
{
	bool piped = options->state || options->root || options->source_count;
	bool source = options->set && options->state && options->command[0] && !options->root == (options->source_count > 0);
	return (!(needs & NEEDS_SOURCE) || source) && (!(needs & NEEDS_ROOT) || options->root) &&
	       (!(needs & NEEDS_STORE) || options->store) && (!(needs & NEEDS_TERM) || options->term) &&
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
	struct options options = {.count = 100};
	if (argc < 2 || !options_parse(argc - 1, argv + 1, &options) || options.home[0] != '/')
		return usage();
	for (size_t i = 0; i < COUNT_OF(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0 || !needs_are_met(verbs[i].needs, &options))
			continue;
		if (!options.term)
			options.term = 1;
		prepare_process();
		return verbs[i].run(&options);
	}
	return usage();
}
