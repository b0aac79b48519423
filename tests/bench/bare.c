/*
 * bare.c - reads executions and a journal, and does both again.
 */
#include "tests/bench/bare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct text {
	char *data; /* NUL behind it */
	size_t length;
};

void bare_fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}

static void *allocate(size_t size)
{
	void *block = calloc(1, size);
	if (!block)
		bare_fail("memory");
	return block;
}

static struct text read_file(const char *path)
{
	struct stat status;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		bare_fail(path);
	struct text text = {.data = allocate((size_t)status.st_size + 2), .length = (size_t)status.st_size};
	if (read(fd, text.data, text.length) != (ssize_t)text.length)
		bare_fail(path);
	close(fd);
	return text;
}

static void read_executions(struct bare *bare, const char *path)
{
	struct text text = read_file(path);
	const char **next = allocate((text.length + 1) * sizeof(*next)); /* more than enough */
	bare->executions = allocate((text.length + 1) * sizeof(*bare->executions));
	for (const char *at = text.data, *end = at + text.length; at < end;) {
		struct execution *execution = &bare->executions[bare->count++];
		execution->argv = next;
		for (; *at; at += strlen(at) + 1)
			*next++ = at;
		execution->argc = (size_t)(next - execution->argv);
		*next++ = NULL;
		at++;
	}
}

void bare_open(struct bare *bare, char *const arguments[3])
{
	*bare = (struct bare){0};
	read_executions(bare, arguments[0]);
	struct text journal = read_file(arguments[1]);
	bare->line = journal.data;
	bare->end = journal.data + journal.length;
	bare->copy = open(arguments[2], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (bare->copy < 0)
		bare_fail(arguments[2]);
}

static bool is_kind(const char *line, size_t length, const char *kind)
{
	const char *found = memmem(line, length, ",\"kind\":\"", 9);
	size_t kind_length = strlen(kind);
	return found && (size_t)(line + length - found) > 9 + kind_length && memcmp(found + 9, kind, kind_length) == 0 &&
	       found[9 + kind_length] == '"';
}

enum bare_line bare_write_line(struct bare *bare)
{
	static const char *const synced[] = {"run_opened", "intent", "run_finished"};
	if (bare->line >= bare->end)
		return LINE_NONE;
	const char *line = bare->line;
	size_t length = strcspn(line, "\n") + 1;
	bare->line += length;
	if (write(bare->copy, line, length) != (ssize_t)length)
		bare_fail("the copy of the journal");
	for (size_t i = 0; i < sizeof(synced) / sizeof(*synced); i++)
		if (is_kind(line, length, synced[i]) && fdatasync(bare->copy) < 0)
			bare_fail("the copy of the journal");
	if (is_kind(line, length, "step_started"))
		return LINE_STARTED;
	return is_kind(line, length, "intent") ? LINE_INTENT : LINE_OTHER;
}

static void refuse(const char *what) __attribute__((noreturn));
static void refuse(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

void bare_replay(char *const arguments[3], bare_execute execute, void *context)
{
	static const size_t executions[] = {[LINE_STARTED] = 1, [LINE_INTENT] = 2};
	struct bare bare;
	size_t next = 0;
	bare_open(&bare, arguments);
	for (enum bare_line line; (line = bare_write_line(&bare)) != LINE_NONE;)
		for (size_t i = 0; line >= LINE_STARTED && i < executions[line]; i++) {
			if (next == bare.count)
				refuse("there are too few executions for this journal");
			execute(context, &bare.executions[next++]);
		}
	close(bare.copy);
	if (next != bare.count)
		refuse("there are more executions than this journal needs");
}
