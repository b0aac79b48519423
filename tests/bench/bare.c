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

struct list {
	struct execution *items;
	size_t count;
	size_t next;
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

static struct list read_executions(const char *path)
{
	struct text text = read_file(path);
	const char **strings = allocate((text.length + 1) * sizeof(*strings)); /* more than enough */
	struct list list = {.items = allocate((text.length + 1) * sizeof(*list.items))};
	const char **next = strings;
	for (const char *at = text.data, *end = at + text.length; at < end;) {
		struct execution *execution = &list.items[list.count++];
		execution->argv = next;
		for (; *at; at += strlen(at) + 1)
			*next++ = at;
		execution->argc = (size_t)(next - execution->argv);
		*next++ = NULL;
		at++;
	}
	return list;
}

static bool is_kind(const char *line, size_t length, const char *kind)
{
	const char *found = memmem(line, length, ",\"kind\":\"", 9);
	size_t kind_length = strlen(kind);
	return found && (size_t)(line + length - found) > 9 + kind_length && memcmp(found + 9, kind, kind_length) == 0 &&
	       found[9 + kind_length] == '"';
}

static void execute_next(struct list *list, bare_execute execute, void *context)
{
	if (list->next == list->count) {
		fputs("there are too few executions for this journal\n", stderr);
		exit(1);
	}
	execute(context, &list->items[list->next++]);
}

void bare_replay(char *const arguments[3], bare_execute execute, void *context)
{
	static const char *const synced[] = {"run_opened", "intent", "run_finished"};
	struct list list = read_executions(arguments[0]);
	struct text journal = read_file(arguments[1]);
	int fd = open(arguments[2], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		bare_fail(arguments[2]);
	for (char *line = journal.data, *end = line + journal.length; line < end;) {
		size_t length = strcspn(line, "\n") + 1;
		if (write(fd, line, length) != (ssize_t)length)
			bare_fail(arguments[2]);
		for (size_t i = 0; i < sizeof(synced) / sizeof(*synced); i++)
			if (is_kind(line, length, synced[i]) && fdatasync(fd) < 0)
				bare_fail(arguments[2]);
		if (is_kind(line, length, "step_started")) {
			execute_next(&list, execute, context);
		} else if (is_kind(line, length, "intent")) {
			execute_next(&list, execute, context);
			execute_next(&list, execute, context);
		}
		line += length;
	}
	close(fd);
	if (list.next == list.count)
		return;
	fputs("there are more executions than this journal needs\n", stderr);
	exit(1);
}
