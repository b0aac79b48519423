/*
 * agent.c - the program standin-agent: both ends of a replication. The only file here that prints and exits.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "plugins/replica/options.h"
#include "plugins/replica/recovery.h"
#include "plugins/replica/session.h"

#define RULES_LIMIT (1024u * 1024)
#define PIPE_SIZE   (1024 * 1024) /* so that neither end waits for each piece; the kernel may say no, and it may be no pipe */

static int complain(const struct error *err)
{
	CLEANUP_BUFFER struct buffer text = {0};
	utf8_append_printable(&text, error_text(err), strlen(error_text(err)), false);
	fprintf(stderr, "standin-agent: %s\n", buffer_text(&text));
	if (err->hint)
		fprintf(stderr, "  hint: %s\n", err->hint);
	return 1;
}

/* --- the other end: a command whose stdin and stdout are the stream --- */

struct line {
	pid_t pid;
	int input, output;
};

static int open_line(char **command, struct line *ret_line, struct error *err)
{
	int down[2], up[2]; /* to the command, from the command */
	if (pipe2(down, O_CLOEXEC) < 0 || pipe2(up, O_CLOEXEC) < 0)
		return error_set_errno(err, errno, "cannot make a pipe");
	fcntl(down[1], F_SETPIPE_SZ, PIPE_SIZE);
	pid_t pid = fork();
	if (pid < 0)
		return error_set_errno(err, errno, "cannot start %s", command[0]);
	if (pid == 0) {
		dup2(down[0], STDIN_FILENO);
		dup2(up[1], STDOUT_FILENO);
		signal(SIGPIPE, SIG_DFL);
		umask(022);
		execvp(command[0], command);
		fprintf(stderr, "standin-agent: cannot start %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	close(down[0]);
	close(up[1]);
	*ret_line = (struct line){.pid = pid, .input = up[0], .output = down[1]};
	return 0;
}

static void close_line(const struct line *line)
{
	close(line->input);
	close(line->output);
	waitpid(line->pid, NULL, 0);
}

/* --- sync, verify --- */

/* As a JSON string, whatever an operator calls a folder; bytes that are no UTF-8 are shown as such. */
static void print_text(const char *text)
{
	CLEANUP_BUFFER struct buffer repaired = {0};
	utf8_append_repaired(&repaired, text, strlen(text));
	putchar('"');
	for (const char *at = buffer_text(&repaired); *at; at++)
		if (*at == '"' || *at == '\\')
			printf("\\%c", *at);
		else if ((unsigned char)*at < ' ')
			printf("\\u%04x", *at);
		else
			putchar(*at);
	putchar('"');
}

static void print_skipped(void *argument, const char *path, const char *why)
{
	CLEANUP_BUFFER struct buffer text = {0};
	(void)argument;
	utf8_append_printable(&text, path, strlen(path), false);
	fprintf(stderr, "skipped: %s: %s\n", buffer_text(&text), why);
}

static void print_difference(void *argument, const char *path, const char *what)
{
	CLEANUP_BUFFER struct buffer text = {0};
	(void)argument;
	utf8_append_printable(&text, path, strlen(path), false);
	printf("%-12s %s\n", what, *path ? buffer_text(&text) : "(the root)");
}

static void print_result(const struct source_result *result)
{
	const struct cycle_count *count = &result->count;
	char point[IDENTITY_HEX];
	identity_hex(&result->point, point);
	printf("{\"way\":\"%s\",\"generation\":%" PRIu64 ",\"point\":\"%s\",\"folders\":%" PRIu64 ",\"files\":%" PRIu64
	       ",\"others\":%" PRIu64 ",\"bytes\":%" PRIu64 ",",
	       result->way, result->generation, point, count->folders, count->files, count->others, count->bytes);
	printf("\"made\":%" PRIu64 ",\"patched\":%" PRIu64 ",\"changed\":%" PRIu64 ",\"linked\":%" PRIu64
	       ",\"deleted\":%" PRIu64 ",\"renamed\":%" PRIu64 ",\"moved\":%" PRIu64 ",\"orphans\":%" PRIu64
	       ",\"records\":%" PRIu64 ",\"content\":%" PRIu64 ",",
	       count->made, count->patched, count->changed, count->linked, count->deleted, count->renamed, count->moved,
	       count->orphans, count->records, count->content);
	printf("\"unstable\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"wire_out\":%" PRIu64 ",\"wire_in\":%" PRIu64
	       ",\"plain_out\":%" PRIu64 "}\n",
	       count->unstable, count->skipped, result->wire_out, result->wire_in, result->plain_out);
}

static int read_rules(const char *path, struct rules **ret_rules, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	*ret_rules = NULL;
	if (!path)
		return 0;
	if (file_read(path, RULES_LIMIT, &text, &length, err) < 0)
		return -1;
	return rules_parse(text, ret_rules, err) < 0 ? error_wrap(err, "%s", path) : 0;
}

static void print_difference_json(void *argument, const char *path, const char *what)
{
	(void)argument;
	printf("{\"what\":\"%s\",\"path\":", what);
	print_text(path);
	printf("}\n");
}

struct told { /* of the progress */
	int64_t every, began, last;
	struct cycle_progress now;
};

static void print_progress(const struct told *told)
{
	const struct cycle_progress *now = &told->now;
	double seconds = (double)(clock_boottime() - told->began) / (double)NSEC_PER_SEC;
	printf("{\"progress\":{\"files\":%" PRIu64 ",\"files_total\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"bytes_total\":%" PRIu64
	       ",\"content\":%" PRIu64 ",\"wire\":%" PRIu64 ",\"seconds\":%.3f,\"rate\":%.0f}}\n",
	       now->files, now->files_total, now->bytes, now->bytes_total, now->content, now->wire, seconds,
	       seconds > 0 ? (double)now->bytes / seconds : 0);
	fflush(stdout);
}

static void tell_progress(void *argument, const struct cycle_progress *progress)
{
	struct told *told = argument;
	int64_t now = clock_boottime();
	told->now = *progress;
	if (told->last && now - told->last < told->every)
		return;
	told->last = now;
	print_progress(told);
}

typedef int lead_way(const struct source *source, struct stream *target, struct source_result *ret_result, struct error *err);

static int lead(const struct options *options, lead_way *way)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct rules *rules;
	struct line line = {.pid = -1};
	if (read_rules(options->rules, &rules, &err) < 0 || open_line(options->command, &line, &err) < 0)
		return complain(&err);
	struct source source = {
		.set = options->set,
		.state = options->state,
		.root = options->root,
		.roots = options->sources,
		.root_count = options->source_count,
		.rules = rules,
		.term = options->term,
		.consistent = options->consistent,
		.mounted = options->mounted,
		.orphans = options->orphans,
		.orphan_age = options->orphan_age,
		.compression = options->compression,
		.limits = options->limits,
		.events = {.skipped = print_skipped},
	};
	struct told told = {.every = options->progress, .began = clock_boottime()};
	if (options->progress >= 0) {
		source.events.progress = tell_progress;
		source.events.argument = &told;
	}
	if (way != source_cycle)
		source.events.difference = options->json ? print_difference_json : print_difference;
	struct stream stream = stream_of_fds("the target", line.input, line.output);
	struct source_result result;
	int failed = way(&source, &stream, &result, &err);
	close_line(&line);
	rules_free(rules);
	if (failed < 0)
		return complain(&err);
	told.now.wire = result.wire_out;
	if (options->progress >= 0)
		print_progress(&told);
	print_result(&result);
	return way == source_verify && result.count.records ? 3 : 0;
}

static int run_sync(const struct options *options)
{
	return lead(options, options->dry_run ? source_plan : source_cycle);
}

static int run_verify(const struct options *options)
{
	return lead(options, source_verify);
}

/* --- rules --- */

/* What decides about a path: a folder above it that is out, or itself. A '/' at its end: it is a folder. */
static void explain(const struct rules *rules, char *path)
{
	size_t length = strlen(path);
	bool folder = length > 1 && path[length - 1] == '/', in = true;
	unsigned rule = 0;
	if (folder)
		path[length - 1] = '\0';
	for (char *slash = strchr(path, '/'); in && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		in = rules_include(rules, path, true, &rule);
		if (!in)
			printf("out  %s/  rule %u\n", path, rule);
		*slash = '/';
	}
	if (!in)
		return;
	in = rules_include(rules, path, folder, &rule);
	printf("%s  %s%s  ", in ? "in " : "out", path, folder ? "/" : "");
	if (rule)
		printf("rule %u\n", rule);
	else
		printf("no rule\n");
}

static int run_explain(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct rules *rules;
	if (read_rules(options->rules, &rules, &err) < 0)
		return complain(&err);
	for (char **path = options->command; *path; path++)
		explain(rules, *path);
	rules_free(rules);
	return 0;
}

/* --- on the target --- */

static int run_serve(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct stream stream = stream_of_fds("the source", STDIN_FILENO, STDOUT_FILENO);
	fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	const struct target_options target = {
		.store = options->store,
		.device = options->device,
		.mounted = options->mounted,
		.replace_foreign = options->replace_foreign,
	};
	return target_serve(&target, &stream, &err) < 0 ? complain(&err) : 0;
}

static void print_store(const struct store *store)
{
	const struct point *point = &store->point;
	CLEANUP_FREE char *tree = store_tree(store, point->tree);
	char id[IDENTITY_HEX], time[CLOCK_TEXT_SIZE];
	identity_hex(&point->point, id);
	clock_format_wall(point->time, time);
	printf("{\"set\":\"%s\",\"state\":\"%s\",\"term\":%" PRIu64 ",\"generation\":%" PRIu64 ",\"point\":\"%s\",", point->set,
	       !point->generation ? "mirroring"
	       : point->promoted  ? "promoted"
				  : "ready",
	       point->term, point->generation, id);
	if (point->generation) {
		printf("\"path\":");
		print_text(point->device[0] ? point->device : tree);
		printf(",\"time\":\"%s\",\"age\":%.3f,\"consistency\":\"%s\",", time,
		       (double)(clock_wall() - point->time) / (double)NSEC_PER_SEC, point->consistent ? "consistent" : "fuzzy");
	}
	printf("\"unstable\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"conflicts\":%" PRIu64 "}\n", point->unstable, point->skipped,
	       point->conflicts);
}

static int run_status(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	if (store_look(options->store, &store, &err) < 0)
		return complain(&err);
	print_store(&store);
	store_close(&store);
	return 0;
}

static int run_recover(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	if (recovery_open(options->store, &store, &err) < 0)
		return complain(&err);
	print_store(&store);
	store_close(&store);
	return 0;
}

static int run_promote(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct store store;
	if (recovery_promote(options->store, options->term, &store, &err) < 0)
		return complain(&err);
	print_store(&store);
	store_close(&store);
	return 0;
}

/* --- the command line --- */

enum needs {
	NEEDS_SOURCE = 1 << 0, /* --set --state --root, a command */
	NEEDS_STORE = 1 << 1,
	NEEDS_TERM = 1 << 2,
};

static const struct {
	const char *name, *usage;
	int (*run)(const struct options *options);
	unsigned needs;
} verbs[] = {
	{"sync",
	 "--set NAME --state DIR (--root PATH | --source PATH [--at PLACE] ...) [--rules FILE] [--term N] [--consistent] "
	 "[--mounted] "
	 "[--orphans delete|keep|move] [--orphan-age 7d] [--dry-run [--json]] [--progress 1s] "
	 "[--compression auto|zstd|none] [--limit '08:00-18:00 1M, 20M'] -- COMMAND...",
	 run_sync, NEEDS_SOURCE},
	{"verify",
	 "--set NAME --state DIR (--root PATH | --source ...) [--rules FILE] [--term N] [--mounted] [--orphans ...] -- "
	 "COMMAND...",
	 run_verify, NEEDS_SOURCE},
	{"explain", "--rules FILE PATH...", run_explain, 0},
	{"serve", "--store DIR [--device PATH] [--mounted] [--replace-foreign]", run_serve, NEEDS_STORE},
	{"status", "--store DIR", run_status, NEEDS_STORE},
	{"recover", "--store DIR", run_recover, NEEDS_STORE},
	{"promote", "--store DIR --term N", run_promote, NEEDS_STORE | NEEDS_TERM},
};

static int usage(void)
{
	fprintf(stderr, "usage:\n");
	for (size_t i = 0; i < COUNT_OF(verbs); i++)
		fprintf(stderr, "  standin-agent %s %s\n", verbs[i].name, verbs[i].usage);
	return 2;
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
	struct options options = {0};
	for (size_t i = 0; argc > 1 && i < COUNT_OF(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) != 0)
			continue;
		if (!options_parse(argc - 1, argv + 1, &options))
			return usage();
		bool source = options.set && options.state && options.command[0] && !options.root == (options.source_count > 0);
		if (((verbs[i].needs & NEEDS_SOURCE) && !source) || ((verbs[i].needs & NEEDS_STORE) && !options.store) ||
		    ((verbs[i].needs & NEEDS_TERM) && !options.term))
			return usage();
		if (!options.term)
			options.term = 1;
		prepare_process();
		return verbs[i].run(&options);
	}
	return usage();
}
