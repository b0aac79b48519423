/*
 * transfer.c - whole files to and from a host, by commands: so sudo, prefixes and pinned keys hold for them as well.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"
#include "engine/connection/driver.h"

#define NO_SUCH_FILE 44

/* A line that breaks off looks like the end of stdin: only a file of the full length is put in place. */
static const char UPLOAD[] = "umask 077; set -C; t=$1.$4; trap 'rm -f -- \"$t\"' EXIT\n"
			     "cat >\"$t\" || exit 1\n"
			     "[ \"$(wc -c <\"$t\")\" -eq \"$3\" ] || { echo 'the data broke off' >&2; exit 1; }\n"
			     "chmod \"$2\" \"$t\" && sync -- \"$t\" && mv -f -- \"$t\" \"$1\"";
static const char DOWNLOAD[] = "[ -e \"$1\" ] || exit 44; exec head -c \"$2\" -- \"$1\"";

static int check_path(const char *path, struct error *err)
{
	if (path[0] == '/')
		return 0;
	error_set(err, ERROR_INVALID, "%s is no absolute path", path);
	return error_hint(err, "what a relative path is relative to differs between hosts and users: begin it with /");
}

static int refused(const char *verb, const char *path, const struct command_result *result, struct error *err)
{
	if (result->exit_code == NO_SUCH_FILE)
		return error_set(err, ERROR_NOT_FOUND, "cannot %s %s: there is no such file", verb, path);
	const char *text = result->errors.data;
	return error_set(err, ERROR_IO, "cannot %s %s: %.*s", verb, path, (int)strcspn(text, "\n"), text);
}

static int run(struct connection *connection, const char *verb, const char *path, const struct command *command,
	       struct error *err)
{
	struct command_result result;
	int outcome = connection_run(connection, command, &result, err);
	if (outcome == 0 && result.exit_code != 0) {
		refused(verb, path, &result, err);
		outcome = error_wrap(err, "%s", connection->host->id);
	}
	command_result_free(&result);
	return outcome;
}

int connection_upload(struct connection *connection, const void *data, size_t length, const char *remote_path, unsigned mode,
		      int64_t deadline, struct error *err)
{
	char size[32], bits[16], suffix[40];
	uint64_t random[2];
	if (check_path(remote_path, err) < 0)
		return -1;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		abort(); /* cannot happen for so few bytes */
	snprintf(size, sizeof(size), "%zu", length);
	snprintf(bits, sizeof(bits), "%04o", mode & 07777);
	snprintf(suffix, sizeof(suffix), "standin-%016" PRIx64, random[0] ^ random[1]);
	struct command command = {
		.argv = (const char *const[]){"sh", "-c", UPLOAD, "sh", remote_path, bits, size, suffix, NULL},
		.input = data,
		.input_length = length,
		.deadline = deadline,
	};
	return run(connection, "write", remote_path, &command, err);
}

static void collect(void *context, bool is_stderr, const char *data, size_t length)
{
	if (!is_stderr)
		buffer_append(context, data, length);
}

int connection_download(struct connection *connection, const char *remote_path, size_t limit, int64_t deadline, char **ret_data,
			size_t *ret_length, struct error *err)
{
	CLEANUP_BUFFER struct buffer content = {0};
	char most[32];
	if (check_path(remote_path, err) < 0)
		return -1;
	if (limit > (size_t)INT64_MAX)
		limit = (size_t)INT64_MAX - 1;
	snprintf(most, sizeof(most), "%zu", limit + 1);
	struct command command = {
		.argv = (const char *const[]){"sh", "-c", DOWNLOAD, "sh", remote_path, most, NULL},
		.deadline = deadline,
		.on_output = collect,
		.context = &content,
	};
	if (run(connection, "read", remote_path, &command, err) < 0)
		return -1;
	if (content.length > limit)
		return error_set(err, ERROR_LIMIT, "%s: %s is longer than %zu bytes", connection->host->id, remote_path, limit);
	*ret_length = content.length;
	*ret_data = buffer_take(&content);
	return 0;
}
