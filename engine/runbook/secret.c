/*
 * secret.c - reading a secret from where the inventory says it is. Everything read is tainted, and remembered only to be found
 * again in what hosts say.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/loop.h"
#include "engine/base/memory.h"
#include "engine/base/process.h"
#include "engine/base/utf8.h"
#include "engine/runbook/inventory.h"

#include <poll.h>

#define SECRET_SIZE_LIMIT ((size_t)64 * 1024)
#define COMMAND_TIMEOUT	  (30 * NSEC_PER_SEC)

#define KNOWN_LIMIT 256 /* values; a command may give another one each time */

/* What secrets_guard took out of the environment. The environment is the whole process's, and so is this. */
static struct taken_variable {
	char *name, *text;
	struct taken_variable *next;
} * taken;

static const char *variable(const char *name)
{
	const char *text = getenv(name);
	for (const struct taken_variable *it = taken; it && !text; it = it->next)
		if (strcmp(it->name, name) == 0)
			text = it->text;
	return text;
}

static void take_variable(const char *name)
{
	char *text = getenv(name);
	if (!text)
		return;
	struct taken_variable *variable_taken = memory_alloc(sizeof(*variable_taken));
	*variable_taken = (struct taken_variable){.name = memory_strdup(name), .text = memory_strdup(text), .next = taken};
	taken = variable_taken;
	explicit_bzero(text, strlen(text)); /* where /proc/PID/environ shows it */
	unsetenv(name);
}

void secrets_guard(const struct inventory *inventory)
{
	if (!inventory->secrets_count)
		return;
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	for (size_t i = 0; i < inventory->secrets_count; i++)
		if (inventory->secrets[i].env)
			take_variable(inventory->secrets[i].env);
}

static void remember(struct secrets_known *known, const struct value *secret)
{
	for (size_t i = 0; known && i < known->count; i++)
		if (value_equal(known->items[i], secret))
			return;
	if (!known || !secret->string.length)
		return;
	size_t place = known->count < KNOWN_LIMIT ? known->count : known->oldest++ % KNOWN_LIMIT;
	if (known->count < KNOWN_LIMIT)
		arena_grow(known->arena, &known->items, &known->count, &known->capacity, sizeof(*known->items));
	known->items[place] = value_copy(known->arena, secret);
}

static int read_environment(const struct secret *secret, struct buffer *out, struct error *err)
{
	const char *text = variable(secret->env);
	if (!text) {
		error_set(err, ERROR_NOT_FOUND, "the environment variable %s is not set", secret->env);
		return error_hint(err, "set it for this command only: %s=... standin ...", secret->env);
	}
	buffer_add(out, text);
	return 0;
}

static int read_file(const struct secret *secret, struct buffer *out, struct error *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t length;
	if (file_read(secret->file, SECRET_SIZE_LIMIT, &data, &length, err) < 0)
		return -1;
	buffer_append(out, data, length);
	explicit_bzero(data, length);
	return 0;
}

/* All of the command's stdout. Its stderr is dropped, because it may quote the secret. */
static int read_output(struct process *process, int64_t deadline, struct buffer *out, struct error *err)
{
	char block[4096];
	for (;;) {
		ssize_t got = read(process->output, block, sizeof(block));
		if (got == 0)
			return 0;
		if (got > 0)
			buffer_append(out, block, (size_t)got);
		if (out->length > SECRET_SIZE_LIMIT)
			return error_set(err, ERROR_LIMIT, "its command printed more than %zu bytes", SECRET_SIZE_LIMIT);
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return error_set_errno(err, errno, "cannot read from its command");
		if (got < 0 && loop_wait_fd(process->output, POLLIN, deadline, NULL) != LOOP_READY)
			return error_set(err, ERROR_TIMEOUT, "its command did not end in time");
	}
}

/* Its stderr must be taken, or it would wait for ever, or die of writing to nobody. */
static void drop_errors(void *context)
{
	const struct process *process = context;
	char block[4096];
	while (loop_wait_fd(process->errors, POLLIN, CLOCK_FOREVER, NULL) == LOOP_READY) {
		ssize_t got = read(process->errors, block, sizeof(block));
		if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR))
			return;
	}
}

static int judge(const struct secret *secret, const struct process_exit *end, struct error *err)
{
	if (end->code == 0)
		return 0;
	if (end->signal)
		error_set(err, ERROR_NOT_FOUND, "its command %s was ended by SIG%s", secret->command[0],
			  sigabbrev_np(end->signal));
	else
		error_set(err, ERROR_NOT_FOUND, "its command %s ended with exit code %d", secret->command[0], end->code);
	return error_hint(err, "run it by hand to see why");
}

static int read_command(const struct secret *secret, struct buffer *out, struct error *err)
{
	struct process process;
	struct process_exit end = {0};
	int64_t deadline = clock_boottime() + COMMAND_TIMEOUT;
	if (process_start(secret->command, NULL, &process, err) < 0)
		return -1;
	close(process.input);
	process.input = -1;
	struct fiber *dropping = fiber_start(drop_errors, &process);
	int result = read_output(&process, deadline, out, err);
	if (result == 0)
		result = process_wait(&process, deadline, &end, err);
	if (result == 0)
		result = judge(secret, &end, err);
	fiber_cancel(dropping); /* what it left running may hold the pipe */
	while (fiber_join(dropping, CLOCK_FOREVER) != LOOP_READY) {
	}
	process_free(&process);
	return result;
}

static const struct secret *find(const struct inventory *inventory, const char *name)
{
	for (size_t i = 0; inventory && i < inventory->secrets_count; i++)
		if (strcmp(inventory->secrets[i].name, name) == 0)
			return &inventory->secrets[i];
	return NULL;
}

int secret_read(struct arena *arena, const struct inventory *inventory, const char *name, const struct value **ret_value,
		struct error *err)
{
	const struct secret *secret = find(inventory, name);
	if (!secret)
		return error_set(err, ERROR_NOT_FOUND, "the inventory declares no secret '%s'", name);
	CLEANUP_BUFFER struct buffer text = {0};
	int result = secret->env    ? read_environment(secret, &text, err)
		     : secret->file ? read_file(secret, &text, err)
				    : read_command(secret, &text, err);
	if (result < 0)
		return error_wrap(err, "secret '%s'", name);
	if (text.length && text.data[text.length - 1] == '\n')
		text.data[--text.length] = '\0';
	if (!utf8_valid(buffer_text(&text), text.length))
		return error_set(err, ERROR_INVALID, "secret '%s' is not valid UTF-8", name);
	struct value *value = value_string_n(arena, buffer_text(&text), text.length);
	value->secret = true;
	remember(inventory->known, value);
	*ret_value = value;
	if (text.data)
		explicit_bzero(text.data, text.length);
	return 0;
}
