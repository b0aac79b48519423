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

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "plugins/replica/agent.h"
#include "plugins/replica/session.h"

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
	fcntl(down[1], F_SETPIPE_SZ, 1024 * 1024); /* so that neither end waits for each piece; the kernel may say no */
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
	       ",\"deleted\":%" PRIu64 ",\"records\":%" PRIu64 ",\"content\":%" PRIu64 ",",
	       count->made, count->patched, count->changed, count->linked, count->deleted, count->records, count->content);
	printf("\"unstable\":%" PRIu64 ",\"skipped\":%" PRIu64 ",\"wire_out\":%" PRIu64 ",\"wire_in\":%" PRIu64 "}\n",
	       count->unstable, count->skipped, result->wire_out, result->wire_in);
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

static int lead(const struct options *options, bool verify)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct rules *rules;
	struct line line = {.pid = -1};
	if (read_rules(options->rules, &rules, &err) < 0 || open_line(options->command, &line, &err) < 0)
		return agent_fail(&err);
	const struct source source = {
		.set = options->set,
		.state = options->state,
		.root = options->root,
		.rules = rules,
		.term = options->term,
		.consistent = options->consistent,
		.events = {.skipped = print_skipped, .difference = verify ? print_difference : NULL},
	};
	struct stream stream = stream_of_fds("the target", line.input, line.output);
	struct source_result result;
	int failed = (verify ? source_verify : source_cycle)(&source, &stream, &result, &err);
	close_line(&line);
	rules_free(rules);
	if (failed < 0)
		return agent_fail(&err);
	print_result(&result);
	return verify && result.count.records ? 3 : 0;
}

int agent_pipe_sync(const struct options *options)
{
	return lead(options, false);
}

int agent_pipe_verify(const struct options *options)
{
	return lead(options, true);
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
	const struct serve serve = {.store = options->store, .device = options->device};
	return target_serve(&serve, &stream, &err) < 0 ? agent_fail(&err) : 0;
}
