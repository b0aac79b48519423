/*
 * agent_pipe.c - verbs over pipes: one session whose other end is a command, or this program's own stdin and stdout. No set
 * has to be defined for them.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "plugins/replica/agent/account.h"
#include "plugins/replica/agent/agent.h"
#include "plugins/replica/session.h"

#define PIPE_SIZE   (1024 * 1024) /* so that neither end waits for each piece; the kernel may say no, and it may be no pipe */
#define RULES_LIMIT (1024u * 1024)

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

static void print_difference(void *argument, const char *path, const char *what, uint64_t bytes)
{
	CLEANUP_BUFFER struct buffer text = {0};
	(void)argument;
	utf8_append_printable(&text, path, strlen(path), false);
	printf("%-12s %s", what, *path ? buffer_text(&text) : "(the root)");
	if (bytes)
		printf("  (%" PRIu64 " bytes)", bytes);
	putchar('\n');
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

static void print_difference_json(void *argument, const char *path, const char *what, uint64_t bytes)
{
	(void)argument;
	printf("{\"what\":\"%s\",\"path\":", what);
	print_text(path);
	printf(",\"bytes\":%" PRIu64 "}\n", bytes);
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
		return agent_fail(&err);
	const char *const quiesce[] = {"/bin/sh", "-c", options->quiesce, NULL};
	const char *const thaw[] = {"/bin/sh", "-c", options->thaw, NULL};
	struct source source = {
		.set = options->set,
		.state = options->state,
		.root = options->root,
		.roots = options->sources,
		.root_count = options->source_count,
		.rules = rules,
		.term = options->term,
		.consistency = options->consistency,
		.quiesce = {.stop = options->quiesce ? quiesce : NULL,
			    .start = options->thaw ? thaw : NULL,
			    .limit = options->quiesce_limit},
		.consistent = options->consistent,
		.mounted = options->mounted,
		.look = options->promoted,
		.from_start = options->from_start,
		.owners_by_name = options->owners,
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
		return agent_fail(&err);
	told.now.wire = result.wire_out;
	if (options->progress >= 0)
		print_progress(&told);
	CLEANUP_ARENA struct arena *arena = arena_new();
	agent_print(account_result(arena, &result));
	return way == source_verify && result.count.records ? 3 : 0;
}

int agent_pipe_sync(const struct options *options)
{
	return lead(options, options->dry_run ? source_plan : source_cycle);
}

int agent_pipe_verify(const struct options *options)
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

int agent_explain(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct rules *rules;
	if (read_rules(options->rules, &rules, &err) < 0)
		return agent_fail(&err);
	for (char **path = options->command; *path; path++)
		explain(rules, *path);
	rules_free(rules);
	return 0;
}

/* --- on the target --- */

int agent_serve(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct stream stream = stream_of_fds("the source", STDIN_FILENO, STDOUT_FILENO);
	fcntl(STDIN_FILENO, F_SETPIPE_SZ, PIPE_SIZE);
	const struct target_options target = {
		.store = options->store,
		.device = options->device,
		.keep = options->keep,
		.mounted = options->mounted,
		.replace_foreign = options->replace_foreign,
	};
	return target_serve(&target, &stream, &err) < 0 ? agent_fail(&err) : 0;
}
