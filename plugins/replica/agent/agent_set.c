/*
 * agent_set.c - verbs that change what this host knows of a set, and of itself.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/value.h"
#include "plugins/replica/agent/agent.h"
#include "plugins/replica/line/certificate.h"
#include "plugins/replica/agent/home.h"

#define WAIT_TIME (10 * NSEC_PER_SEC)
#define LOOK_TIME 20 /* milliseconds */

/* --- enroll --- */

static int enroll(const char *home, struct arena *arena, struct value *out, struct error *err)
{
	CLEANUP_FREE char *key = home_file(home, "key.pem"), *certificate = home_file(home, "certificate.pem"), *pem = NULL;
	char fingerprint[FINGERPRINT_SIZE];
	size_t length;
	if (file_make_folders(home, 0700, err) < 0)
		return -1;
	if (chmod(home, 0700) < 0)
		return error_set_errno(err, errno, "cannot make %s private", home);
	if (certificate_make(key, certificate, err) < 0 || file_read(certificate, SET_JSON_LIMIT, &pem, &length, err) < 0)
		return -1;
	if (certificate_check(pem, fingerprint, err) < 0)
		return error_wrap(err, "%s", certificate);
	value_put(arena, out, "fingerprint", value_string(arena, fingerprint));
	value_put(arena, out, "certificate", value_string(arena, pem));
	return 0;
}

int agent_enroll(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct value *out = value_map(arena);
	return enroll(options->home, arena, out, &err) < 0 ? agent_fail(&err) : agent_print(out);
}

/* --- define, drop --- */

static int print_set(struct arena *arena, const char *name, const char *key, const struct value *value)
{
	struct value *out = value_map(arena);
	value_put(arena, out, "set", value_string(arena, name));
	value_put(arena, out, key, value);
	return agent_print(out);
}

/* An agent that runs has taken it over when this returns, so that who connects next meets no other. */
static void await_agent(const struct options *options, const char *name)
{
	CLEANUP_FREE char *lock = home_set_file(options->home, name, "run");
	int64_t deadline = clock_boottime() + WAIT_TIME;
	while (!home_is_taken(options->home, name) && lock_holder(lock) > 0 && clock_boottime() < deadline)
		poll(NULL, 0, LOOK_TIME);
}

int agent_define(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *text = NULL;
	size_t length;
	struct set set;
	if (file_read_fd(STDIN_FILENO, "stdin", SET_JSON_LIMIT, &text, &length, &err) < 0 ||
	    home_define(options->home, arena, text, length, &set, &err) < 0)
		return agent_fail(&err);
	await_agent(options, set.name);
	struct value *out = value_map(arena);
	value_put(arena, out, "set", value_string(arena, set.name));
	value_put(arena, out, "role", value_string(arena, set_role_name(set.role)));
	value_put(arena, out, "term", value_int(arena, (int64_t)set.term));
	return agent_print(out);
}

/* Whoever leads or serves a session of it ends; what is under way is dropped. No other begins: they look for what was asked
 * for first (lead.c). */
static void end_session(const struct options *options, const struct set *set)
{
	CLEANUP_FREE char *lock =
		set->role == SET_SOURCE ? home_set_file(options->home, set->name, "leader") : file_join(set->store, "lock");
	int64_t deadline = clock_boottime() + WAIT_TIME;
	for (pid_t holder; (holder = lock_holder(lock)) > 0 && clock_boottime() < deadline; poll(NULL, 0, LOOK_TIME))
		kill(holder, SIGTERM);
}

static int load(const struct options *options, struct arena *arena, struct set *ret_set, struct error *err)
{
	return home_load(options->home, options->set, arena, ret_set, err);
}

int agent_drop(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct set set = {0};
	if (load(options, arena, &set, &err) < 0 && err.code != ERROR_NOT_FOUND)
		return agent_fail(&err);
	bool known = err.code != ERROR_NOT_FOUND;
	CLEANUP_FREE char *run = home_set_file(options->home, options->set, "run");
	error_clear(&err);
	if (known && lock_holder(run)) {
		error_set(&err, ERROR_LOCKED, "the agent runs for the set %s", options->set);
		error_hint(&err, "`standin-agent stop --set %s` first", options->set);
		return agent_fail(&err);
	}
	if (known)
		end_session(options, &set);
	if (known && home_drop(options->home, options->set, &err) < 0)
		return agent_fail(&err);
	/* the replica is not the agent's to delete: it may be the only copy */
	return print_set(arena, options->set, "left",
			 known && set.role == SET_TARGET ? value_string(arena, set.store) : value_null());
}

/* --- pause, resume, disconnect: they last, over restarts, until the contrary is asked for --- */

static int set_paused(const struct options *options, bool paused)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct set set;
	if (load(options, arena, &set, &err) < 0 || home_set_flag(options->home, set.name, "paused", paused, &err) < 0)
		return agent_fail(&err);
	if (paused)
		end_session(options, &set);
	return print_set(arena, set.name, "paused", value_bool(paused));
}

int agent_pause(const struct options *options)
{
	return set_paused(options, true);
}

int agent_resume(const struct options *options)
{
	return set_paused(options, false);
}

int agent_disconnect(const struct options *options)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct set set;
	if (load(options, arena, &set, &err) < 0 || home_disconnect(options->home, &set, &err) < 0)
		return agent_fail(&err);
	end_session(options, &set);
	return print_set(arena, set.name, "disconnected", value_int(arena, (int64_t)set.term));
}
