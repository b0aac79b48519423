/*
 * become.c - commands through sudo.
 *
 * Whether sudo will ask for its password cannot be known beforehand: rules differ by command, and sudo remembers for a while.
 * So the password is always written first, then a mark; SHED_PASSWORD, run by sudo, drops what sudo has left of it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "engine/base/memory.h"
#include "engine/connection/wrap.h"

#define MARK_BYTES 12

/* $0 is the mark. read takes single bytes from a pipe, so what stands behind the mark is left for the command. */
static const char SHED_PASSWORD[] = "IFS= read -r line; [ \"$line\" = \"$0\" ] || IFS= read -r line; unset line; exec \"$@\"";

const char *become_user(const struct host *host)
{
	return host->become_user ? host->become_user : "root";
}

bool become_applies(const struct connection *connection, const struct command *command)
{
	const struct host *host = connection->host;
	if (!host->become || command->no_become || host->platform == PLATFORM_WINDOWS)
		return false;
	return !(connection->plain_root && strcmp(become_user(host), "root") == 0);
}

static const char *make_mark(struct arena *arena)
{
	unsigned char bytes[MARK_BYTES];
	char text[2 * MARK_BYTES + 1];
	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		abort(); /* cannot happen for so few bytes */
	for (size_t i = 0; i < MARK_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return arena_printf(arena, "standin-%s", text);
}

static int add_password(struct words *words, const struct connection *connection, struct buffer *prelude, struct error *err)
{
	const char *name = connection->host->become_password;
	const struct value *password = NULL;
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (secret_read(arena, connection->inventory, name, &password, err) < 0)
		return error_wrap(err, "the password for sudo");
	if (!value_is(password, VALUE_STRING) || memchr(password->string.data, '\n', password->string.length) ||
	    memchr(password->string.data, '\0', password->string.length)) {
		error_set(err, ERROR_INVALID, "the secret %s cannot be a password: it is not one line of text", name);
		return error_hint(err, "store it without a newline inside");
	}
	const char *mark = make_mark(words->arena);
	buffer_append(prelude, password->string.data, password->string.length);
	buffer_printf(prelude, "\n%s\n", mark);
	explicit_bzero((char *)(uintptr_t)password->string.data, password->string.length);
	words_add_all(words, (const char *const[]){"sudo", "-S", "-p", "", "-u", become_user(connection->host), "--", "sh",
						   "-c", SHED_PASSWORD, mark, NULL});
	return 0;
}

int become_add(struct words *words, const struct connection *connection, struct buffer *prelude, struct error *err)
{
	if (connection->host->become_password)
		return add_password(words, connection, prelude, err);
	become_add_for_people(words, connection->host);
	return 0;
}

void become_add_for_people(struct words *words, const struct host *host)
{
	words_add(words, "sudo");
	if (!host->become_password)
		words_add(words, "-n");
	words_add_all(words, (const char *const[]){"-u", become_user(host), "--", NULL});
}

int become_refused(const struct connection *connection, const struct command_result *result, struct error *err)
{
	const struct host *host = connection->host;
	const char *text = result->errors.data ? result->errors.data : "";
	CLEANUP_FREE char *line = memory_printf("%.*s", (int)strcspn(text, "\n"), text);
	error_set(err, ERROR_REFUSED, "cannot become %s by sudo: %s", become_user(host),
		  line[0] ? line : "it said nothing and ran nothing");
	if (result->exit_code == 127 || strstr(text, "not found"))
		return error_hint(err, "install sudo on that host, or connect as %s and leave out become", become_user(host));
	if (host->become_password)
		return error_hint(err, "check the secret %s, and with `sudo -l` on that host what its user may run",
				  host->become_password);
	return error_hint(err, "name a become password in the inventory, or allow that user NOPASSWD in sudoers");
}
