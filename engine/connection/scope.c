/*
 * scope.c - scopes by systemd, or by a session of their own with a file that tells its leader.
 *
 * With systemd: `systemd-run --scope`. It registers itself in the new unit and then turns into the command: stdin, exit code,
 * signal, environment and every byte of the arguments are the command's own, which a transient *service* cannot promise (it
 * expands $ and %, and reports a death by TERM as success). Without: scope_functions, a script that writes the file and then
 * turns into the command.
 */
#include "engine/connection/scope.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/base/memory.h"
#include "engine/connection/wrap.h"

#define NAME_LIMIT  ((size_t)120)
#define NAME_DIGEST ((size_t)16)
#define FOLDER_SIZE 64
#define POLL_FIRST  (50 * NSEC_PER_MSEC)
#define POLL_LAST   (1 * NSEC_PER_SEC)

/* look PID: its state, session and start time. alive FILE: the leader named in it (pid, start time) is that very process, and
 * runs. */
#define LOOK                                                                                                                   \
	"look() { { read -r line </proc/$1/stat; } 2>/dev/null || return 1; set -- ${line##*) }; "                             \
	"state=$1 session=$4 start=${20}; }\n"                                                                                 \
	"alive() { p= s=; { read -r p s <\"$1\"; } 2>/dev/null; "                                                              \
	"[ -n \"$p\" ] && look \"$p\" && [ \"$start\" = \"$s\" ] && [ \"$state\" != Z ]; }\n"

/* leader: this shell leads its session; start is set then. begin FOLDER NAME COMMAND: this session becomes the scope, this
 * shell the command. The file is complete before the command begins. Files of scopes that are over are cleared away by later
 * ones, many at once: looking at them is time that each step takes. An empty file is one that is being written. */
const char scope_functions[] =
	LOOK "leader() { look $$ && [ \"$session\" = $$ ]; }\n"
	     "refuse() { echo \"standin: no scope: $1\" >&2; exit 1; }\n"
	     "many() { [ $# -ge 64 ]; }\n"
	     "begin() {\n"
	     "d=$1 n=$2 f=$1/$2.scope own=$start old=; shift 2\n"
	     "[ -d \"$d\" ] || mkdir -m 700 \"$d\" 2>/dev/null\n"
	     "[ -d \"$d\" ] && [ ! -L \"$d\" ] && [ -O \"$d\" ] || refuse \"$d is no folder of this user\"\n"
	     "! alive \"$f\" || refuse \"$n still runs\"\n"
	     "if many \"$d\"/*.scope; then\n"
	     "  for g in \"$d\"/*.scope; do\n"
	     "    [ ! -s \"$g\" ] || alive \"$g\" || { [ -n \"$p\" ] && kill -0 -- \"-$p\" 2>/dev/null; } || old=\"$old $g\"\n"
	     "  done\n"
	     "  rm -f -- $old\n"
	     "fi\n"
	     "echo \"$$ $own\" >\"$f\" || refuse \"cannot write $f\"\n"
	     "[ ! -e \"$d/closed/$n\" ] || { rm -f -- \"$f\"; refuse \"$n is closed\"; }\n"
	     "STANDIN_SCOPE=\"$n/\"; export STANDIN_SCOPE\n"
	     "exec \"$@\"\n"
	     "}\n";

/* scope_functions, folder, name, command. A scope's processes are found by their session, so it has to be a new one: this
 * shell's if it leads one. */
#define BEGIN "eval \"$1\"; leader || refuse \"/proc is not there\"; shift; begin \"$@\""
static const char ENTER[] = "eval \"$1\"; leader || exec setsid -w sh -c '" BEGIN "' sh \"$@\"\n"
			    "shift; begin \"$@\"";

/* All processes of a scope: its session, while that is known to be this scope's, and whoever still carries its name in the
 * environment. */
#define MEMBERS                                                                                                                \
	LOOK "d=$1 n=$2 f=$1/$2.scope ours=; shift 2; alive \"$f\" && ours=1; leader=$p\n"                                     \
	     "members() { list=\n"                                                                                             \
	     "for e in $(grep -lsF -- \"STANDIN_SCOPE=$n/\" /proc/[0-9]*/environ); do\n"                                       \
	     "  e=${e#/proc/}; e=${e%/environ}; look \"$e\" && [ \"$state\" != Z ] || continue\n"                              \
	     "  list=\"$list $e\"; [ \"$session\" != \"$leader\" ] || ours=1\n"                                                \
	     "done\n"                                                                                                          \
	     "[ -n \"$ours\" ] || return 0\n"                                                                                  \
	     "for e in /proc/[0-9]*; do\n"                                                                                     \
	     "  look \"${e#/proc/}\" && [ \"$session\" = \"$leader\" ] && [ \"$state\" != Z ] && list=\"$list ${e#/proc/}\"\n" \
	     "done; return 0; }\n"

/* Who begins writes his file, then looks for this one; who closes writes this one, then looks for the other's: one of them sees
 * the other. What is left of a day ago is nobody's any more. A folder of their own: each command lists the scopes' files. */
#define CLOSE                                                                                                                  \
	"d=$1; [ -d \"$d\" ] || mkdir -m 700 \"$d\" 2>/dev/null\n"                                                             \
	"{ [ -d \"$d\" ] && [ ! -L \"$d\" ] && [ -O \"$d\" ] && mkdir -p \"$d/closed\" && : >\"$d/closed/$2\"; } || "          \
	"{ echo \"cannot write into $d\" >&2; exit 1; }\n"                                                                     \
	"find \"$d/closed\" -type f -mmin +1440 -exec rm -f -- {} +\n"

static const char SESSION_FIND[] = MEMBERS "members; [ -n \"$list\" ] && echo running || echo none";

/* Seconds by the clock, not by rounds: on a busy host a round takes long. */
static const char SESSION_END[] = CLOSE MEMBERS "now() { read -r up line </proc/uptime; up=${up%%.*}; }\n"
						"now; begun=$up told=\n"
						"while members; [ -n \"$list\" ]; do\n"
						"  [ -n \"$told\" ] || { kill -TERM $list; kill -CONT $list; } 2>/dev/null\n"
						"  told=1; now\n"
						"  [ $((up - begun)) -le 2 ] || kill -KILL $list 2>/dev/null\n"
						"  [ $((up - begun)) -le 60 ] || { echo \"still there:$list\" >&2; exit 1; }\n"
						"  sleep 0.05\n"
						"done\n"
						"rm -f -- \"$f\"";

/* Where systemd is not told that a control group became empty (version 1 in a container), the unit outlives its processes: ask
 * the group. */
static const char UNIT_FIND[] = "c=$(systemctl show --property=ControlGroup --value -- \"$2.scope\") || exit 1\n"
				"[ -n \"$c\" ] || { echo none; exit 0; }\n"
				"for r in '' /unified /systemd; do\n"
				"  while read -r p; do echo running; exit 0; done <\"/sys/fs/cgroup$r$c/cgroup.procs\"\n"
				"done 2>/dev/null\n"
				"echo none";

/* $0 is the folder, then name, command. */
static const char UNIT_ENTER[] = "[ ! -e \"$0/closed/$1\" ] || { echo \"standin: no scope: $1 is closed\" >&2; exit 1; }\n"
				 "shift; exec \"$@\"";

static const char UNIT_END[] = CLOSE "out=$(systemctl stop -- \"$2.scope\" 2>&1); code=$?\n"
				     "[ $code -eq 0 ] || [ $code -eq 5 ] || { echo \"$out\" >&2; exit 1; }";

static bool name_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr(".:_-", c));
}

char *scope_name(const char *run, const char *step, unsigned attempt, uint64_t record)
{
	char *name = memory_printf("standin-%s-%s-%u.%" PRIu64, run, step, attempt, record);
	char digest[HASH_HEX_SIZE];
	size_t length = strlen(name);
	bool exact = length <= NAME_LIMIT;
	hash_hex(name, length, digest);
	for (char *c = name; *c; c++) {
		exact = exact && name_char(*c);
		*c = name_char(*c) ? *c : '_';
	}
	if (exact)
		return name;
	size_t kept = length < NAME_LIMIT - NAME_DIGEST - 1 ? length : NAME_LIMIT - NAME_DIGEST - 1;
	char *longer = memory_printf("%.*s-%.*s", (int)kept, name, (int)NAME_DIGEST, digest);
	free(name);
	return longer;
}

static bool by_systemd(const struct connection *connection)
{
	return connection->greeting.systemd && connection->greeting.root;
}

static const char *folder(struct arena *arena, const struct connection *connection)
{
	return connection->uid == 0 ? "/run/standin" : arena_printf(arena, "/tmp/standin-%u", (unsigned)connection->uid);
}

bool scope_name_valid(const char *name)
{
	size_t length = strlen(name);
	for (size_t i = 0; i < length; i++)
		if (!name_char(name[i]))
			return false;
	return length > 0 && length <= NAME_LIMIT && isalnum((unsigned char)name[0]);
}

size_t scope_add(struct words *words, const struct connection *connection, const char *name)
{
	if (by_systemd(connection)) {
		words_add_all(words, (const char *const[]){"systemd-run", "--scope", "--quiet", "--collect",
							   "--property=TimeoutStopSec=2s", NULL});
		words_add(words, arena_printf(words->arena, "--unit=%s.scope", name));
		words_add_all(words, (const char *const[]){"--", "sh", "-c", UNIT_ENTER, folder(words->arena, connection), name,
							   NULL});
		return 0;
	}
	words_add_all(words, (const char *const[]){"sh", "-c", ENTER, "sh", scope_functions, folder(words->arena, connection),
						   name, NULL});
	return words->count - 2;
}

struct scope_script {
	const char *unit;
	const char *session;
};

static int run_script(struct connection *connection, const struct scope_script *script, const char *name, int64_t deadline,
		      struct command_result *ret_result, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	*ret_result = (struct command_result){.exit_code = -1};
	if (!scope_name_valid(name))
		return error_set(err, ERROR_INVALID, "\"%s\" cannot be a scope's name", name);
	if (connection->host->platform == PLATFORM_WINDOWS)
		return error_set(err, ERROR_INVALID, "scopes cannot be looked for on windows hosts yet");
	if (greeting_learn(connection, deadline, err) < 0)
		return -1;
	struct command command = {.deadline = deadline};
	const char *text = by_systemd(connection) ? script->unit : script->session;
	command.argv = (const char *const[]){"sh", "-c", text, "sh", folder(arena, connection), name, NULL};
	if (connection_run_bare(connection, &command, ret_result, err) < 0)
		return -1;
	if (ret_result->exit_code == 0)
		return 0;
	const char *said = ret_result->errors.data;
	return error_set(err, ERROR_CONNECTION, "exit %d: %.*s", ret_result->exit_code, (int)strcspn(said, "\n"), said);
}

int scope_find(struct connection *connection, const char *name, int64_t deadline, enum scope_state *ret_state,
	       struct error *err)
{
	static const struct scope_script script = {UNIT_FIND, SESSION_FIND};
	struct command_result result;
	int outcome = run_script(connection, &script, name, deadline, &result, err);
	if (outcome == 0)
		*ret_state = strcmp(result.output.data, "running\n") == 0 ? SCOPE_RUNNING : SCOPE_NONE;
	command_result_free(&result);
	return outcome < 0 ? error_wrap(err, "%s: looking for the scope %s", connection->host->id, name) : 0;
}

int scope_end(struct connection *connection, const char *name, int64_t deadline, struct error *err)
{
	static const struct scope_script script = {UNIT_END, SESSION_END};
	struct command_result result;
	int outcome = run_script(connection, &script, name, deadline, &result, err);
	command_result_free(&result);
	return outcome < 0 ? error_wrap(err, "%s: ending the scope %s", connection->host->id, name) : 0;
}

static int close_scope(struct connection *connection, const char *name, int64_t deadline, struct error *err)
{
	static const struct scope_script script = {CLOSE, CLOSE};
	struct command_result result;
	int outcome = run_script(connection, &script, name, deadline, &result, err);
	command_result_free(&result);
	return outcome < 0 ? error_wrap(err, "%s: closing the scope %s", connection->host->id, name) : 0;
}

int scope_wait(struct connection *connection, const char *name, int64_t deadline, struct error *err)
{
	int64_t pause = POLL_FIRST;
	if (close_scope(connection, name, deadline, err) < 0)
		return -1;
	for (;;) {
		enum scope_state state = SCOPE_NONE;
		if (scope_find(connection, name, deadline, &state, err) < 0)
			return -1;
		if (state == SCOPE_NONE)
			return 0;
		int64_t next = clock_boottime() + pause;
		switch (loop_sleep(next < deadline ? next : deadline)) {
		case LOOP_CANCELLED:
			return error_set(err, ERROR_CANCELLED, "cancelled while the scope %s still ran", name);
		default:
			if (clock_boottime() >= deadline)
				return error_set(err, ERROR_TIMEOUT, "%s: the scope %s still runs", connection->host->id, name);
		}
		pause = pause * 2 < POLL_LAST ? pause * 2 : POLL_LAST;
	}
}
