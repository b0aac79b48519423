/*
 * greeting.c - one small script that tells what stands at the other end, and proves on the way that arguments arrive unharmed.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/connection/driver.h"
#include "engine/connection/wrap.h"

/* Only builtins but for id: it runs each time a connection opens. $1 is the canary. */
static const char SCRIPT[] =
	"tell() { v=; { read -r v <\"$2\"; } 2>/dev/null; printf '%s=%s\\n' \"$1\" \"$v\"; }\n"
	"echo standin-greeting\n"
	"tell boot_id /proc/sys/kernel/random/boot_id\n"
	"tell machine_id /etc/machine-id\n"
	"tell hostname /proc/sys/kernel/hostname\n"
	"if [ -d /run/systemd/system ] && command -v systemd-run >/dev/null; then echo systemd=1; else echo systemd=0; fi\n"
	"echo uid=$(id -u)\n"
	"printf 'canary=%s' \"$1\"\n";

static const char CANARY[] = "a'b\"c\\d\\\\e$f`g!h*i\tj\nk \xc3\xa4 %h #l;m&n|";

struct answers {
	struct greeting greeting;
	uid_t uid;
};

static bool find_answer(const char *text, const char *key, char *ret_value, size_t size)
{
	CLEANUP_FREE char *start = memory_printf("\n%s=", key);
	const char *at = strstr(text, start);
	if (!at)
		return false;
	at += strlen(start);
	size_t length = strcspn(at, "\n");
	if (length >= size)
		return false;
	memcpy(ret_value, at, length);
	ret_value[length] = '\0';
	return true;
}

static int parse(const struct command_result *result, struct answers *answers, struct error *err)
{
	const char *text = strstr(result->output.data, "standin-greeting\n");
	char systemd[4] = "", uid[16] = "";
	struct greeting *greeting = &answers->greeting;
	if (!text || !find_answer(text, "boot_id", greeting->boot_id, sizeof(greeting->boot_id)) ||
	    !find_answer(text, "machine_id", greeting->machine_id, sizeof(greeting->machine_id)) ||
	    !find_answer(text, "hostname", greeting->hostname, sizeof(greeting->hostname)) ||
	    !find_answer(text, "systemd", systemd, sizeof(systemd)) || !find_answer(text, "uid", uid, sizeof(uid)) || !uid[0])
		return error_set(err, ERROR_CONNECTION, "the host does not run a plain sh command (exit %d): %.200s",
				 result->exit_code, result->errors.total ? result->errors.data : result->output.data);
	const char *canary = strstr(text, "\ncanary=");
	if (!canary || strcmp(canary + strlen("\ncanary="), CANARY) != 0) {
		error_set(err, ERROR_CONNECTION, "arguments do not arrive there unchanged");
		return error_hint(
			err,
			"the login shell of that user has to be a POSIX shell, and a command prefix must pass on arguments");
	}
	answers->uid = (uid_t)strtoul(uid, NULL, 10);
	greeting->systemd = systemd[0] == '1';
	greeting->root = answers->uid == 0;
	return 0;
}

static int ask(struct connection *connection, bool no_become, int64_t deadline, struct answers *answers, struct error *err)
{
	struct command command = {
		.argv = (const char *const[]){"sh", "-c", SCRIPT, "sh", CANARY, NULL},
		.no_become = no_become,
		.deadline = deadline,
	};
	struct command_result result;
	*answers = (struct answers){0};
	int outcome = connection_run_bare(connection, &command, &result, err);
	if (outcome == 0 && become_applies(connection, &command) && !strstr(result.output.data, "standin-greeting\n"))
		outcome = become_refused(connection, &result, err);
	else if (outcome == 0)
		outcome = parse(&result, answers, err);
	command_result_free(&result);
	return outcome;
}

static int learn(struct connection *connection, int64_t deadline, struct error *err)
{
	struct answers answers = {0};
	connection->plain_root = false;
	if (ask(connection, true, deadline, &answers, err) < 0)
		return -1;
	connection->plain_root = answers.greeting.root;
	if (become_applies(connection, &(struct command){0}) && ask(connection, false, deadline, &answers, err) < 0)
		return -1;
	connection->greeting = answers.greeting;
	connection->uid = answers.uid;
	connection->greeted = connection->opened;
	return 0;
}

int greeting_learn(struct connection *connection, int64_t deadline, struct error *err)
{
	enum loop_wake wake = fiber_lock_take(&connection->greeting_lock, deadline);
	if (wake == LOOP_TIMEOUT)
		return error_set(err, ERROR_TIMEOUT, "time ran out while the connection was being opened");
	if (wake == LOOP_CANCELLED)
		return error_set(err, ERROR_CANCELLED, "cancelled while the connection was being opened");
	int outcome = connection->driver->open(connection, deadline, err);
	if (outcome == 0 && connection->host->platform == PLATFORM_WINDOWS)
		connection->greeting = (struct greeting){0}; /* nothing is asked of windows hosts yet */
	else if (outcome == 0 && connection->greeted != connection->opened)
		outcome = learn(connection, deadline, err);
	fiber_lock_release(&connection->greeting_lock);
	return outcome;
}
