/*
 * agent_run.c - what runs on a host for a set, for as long as it is connected: the source's schedule, the target's port.
 *
 * It does nothing itself. Each session is led or served by a child, which may die at any instant (recovery.h); so a peer that
 * is hostile meets a process that has just begun, and SIGTERM ends all at once. What is asked for (a new set.json, `paused`,
 * `disconnected`) lies in the set's folder, and is noticed there.
 *
 *     source   due ──► child leads a cycle ──► next is due a period after this one began; after a failure a while later; so
 * with a verify target   connection ──► child: handshake, then serves; so many at a time, some places being the peer's
 * address's own
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/agent/account.h"
#include "plugins/replica/agent/agent.h"
#include "plugins/replica/agent/history.h"
#include "plugins/replica/agent/lead.h"
#include "plugins/replica/line/tcp.h"

#define PLACES_PEER   4 /* connections at a time from the peer's address */
#define PLACES_OTHERS 8
#define PLACES	      (PLACES_PEER + PLACES_OTHERS)
#define RETRY_FIRST   NSEC_PER_SEC
#define RETRY_LAST    (60 * NSEC_PER_SEC)
#define RETRY_REFUSED (300 * NSEC_PER_SEC) /* what does not go away by waiting */

enum job { /* of a source; one at a time */
	   JOB_CYCLE,
	   JOB_VERIFY,
	   JOBS,
};

struct child {
	pid_t pid; /* 0: a free place */
	bool peer; /* it connected from the peer's address */
};

struct runner {
	const char *home, *name;
	struct arena *arena; /* of set */
	struct set set;
	int signals, watch, listener; /* listener: -1 at a source */
	struct child children[PLACES];
	int64_t began;	     /* boottime: of the last job */
	int64_t due[JOBS];   /* boottime: of the next, CLOCK_FOREVER for none */
	int64_t retry[JOBS]; /* nanoseconds until the next, if this one fails */
	enum job job;	     /* that was begun last */
	bool held;	     /* paused or disconnected */
};

/* --- children --- */

static unsigned count_children(const struct runner *runner, bool peer)
{
	unsigned count = 0;
	for (size_t i = 0; i < PLACES; i++)
		count += runner->children[i].pid && runner->children[i].peer == peer;
	return count;
}

static void add_child(struct runner *runner, pid_t pid, bool peer)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (runner->children[i].pid)
			continue;
		runner->children[i] = (struct child){pid, peer};
		return;
	}
}

static void become_child(const struct runner *runner, pid_t parent)
{
	sigset_t none;
	sigemptyset(&none);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(runner->signals);
	close(runner->watch);
	if (runner->listener >= 0)
		close(runner->listener);
}

static void end_children(struct runner *runner)
{
	for (size_t i = 0; i < PLACES; i++) {
		if (!runner->children[i].pid)
			continue;
		kill(runner->children[i].pid, SIGTERM);
		waitpid(runner->children[i].pid, NULL, 0);
		runner->children[i].pid = 0;
	}
}

/* --- the source --- */

/* Of this term: a replica that was promoted meanwhile stays so until it is written to. */
static bool has_point(const struct runner *runner)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_FREE char *folder = home_set_file(runner->home, runner->name, "");
	const struct value *last = history_kept(folder, "last", arena);
	return last && value_get_int(last, "term", 0) == (int64_t)runner->set.term;
}

static int64_t period(const struct runner *runner, enum job job)
{
	int64_t seconds = job == JOB_CYCLE ? runner->set.every : runner->set.verify_every;
	return seconds ? lead_pace(seconds * NSEC_PER_SEC) : CLOCK_FOREVER;
}

static int64_t later(int64_t from, int64_t wait)
{
	return wait == CLOCK_FOREVER ? CLOCK_FOREVER : from + wait;
}

/* A verify is due a period after the last one, also if the agent was started anew since. */
static int64_t next_verify(const struct runner *runner)
{
	CLEANUP_FREE char *folder = home_set_file(runner->home, runner->name, "");
	int64_t wall, wait = period(runner, JOB_VERIFY);
	if (wait != CLOCK_FOREVER && account_last_verify(folder, &wall) && wall <= clock_wall())
		wait -= clock_wall() - wall;
	return later(clock_boottime(), wait);
}

/* A cycle at once, but for a set without a schedule that has a point. */
static void begin_schedule(struct runner *runner)
{
	bool on = runner->set.role == SET_SOURCE && !runner->held;
	bool at_once = on && (runner->set.every || !has_point(runner));
	runner->retry[JOB_CYCLE] = runner->retry[JOB_VERIFY] = RETRY_FIRST;
	runner->due[JOB_CYCLE] = at_once ? clock_boottime() : CLOCK_FOREVER;
	runner->due[JOB_VERIFY] = on ? next_verify(runner) : CLOCK_FOREVER;
}

static int lead(const struct runner *runner, enum lead_work work, struct source_result *ret_result, struct error *err)
{
	static const struct cycle_events none;
	return lead_source(runner->home, &runner->set, work, &none, ret_result, err);
}

/* The exit code is 0 or an error code. */
static void do_job(const struct runner *runner)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct source_result result;
	int failed = lead(runner, runner->job == JOB_CYCLE ? LEAD_CYCLE : LEAD_VERIFY, &result, &err);
	if (failed == 0 && runner->job == JOB_VERIFY && runner->set.repair && result.count.records)
		failed = lead(runner, LEAD_REPAIR, &result, &err);
	if (failed == 0)
		_exit(0);
	agent_fail(&err);
	_exit((int)err.code);
}

static int start_job(struct runner *runner, struct error *err)
{
	runner->job = runner->due[JOB_VERIFY] < runner->due[JOB_CYCLE] ? JOB_VERIFY : JOB_CYCLE;
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return error_set_errno(err, errno, "cannot start a cycle");
	if (pid == 0) {
		become_child(runner, parent);
		do_job(runner);
	}
	runner->began = clock_boottime();
	runner->due[runner->job] = CLOCK_FOREVER;
	add_child(runner, pid, true);
	return 0;
}

static bool lasts(int code)
{
	return code == ERROR_REFUSED || code == ERROR_IDENTITY || code == ERROR_INVALID;
}

static void plan_next(struct runner *runner, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : ERROR_FAILED;
	int64_t *due = &runner->due[runner->job], *retry = &runner->retry[runner->job];
	if (runner->held)
		return;
	if (code == ERROR_OK) {
		*retry = RETRY_FIRST;
		*due = later(runner->began, period(runner, runner->job));
		return;
	}
	*due = clock_boottime() + lead_pace(lasts(code) ? RETRY_REFUSED : *retry);
	*retry = *retry * 2 < RETRY_LAST ? *retry * 2 : RETRY_LAST;
}

/* --- the target --- */

static void serve(const struct runner *runner, int socket)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	_exit(lead_target(runner->home, &runner->set, socket, &err) < 0 ? agent_fail(&err) : 0);
}

static int accept_one(struct runner *runner, struct error *err)
{
	CLEANUP_CLOSE int socket = -1;
	if (tcp_accept(runner->listener, &socket, err) < 0)
		return -1;
	if (socket < 0)
		return 0;
	bool peer = tcp_is_from(socket, runner->set.peer.address);
	if (count_children(runner, peer) >= (peer ? PLACES_PEER : PLACES_OTHERS))
		return 0; /* closed again, without a word */
	pid_t parent = getpid(), pid = fork();
	if (pid < 0)
		return error_set_errno(err, errno, "cannot serve a connection");
	if (pid == 0) {
		become_child(runner, parent);
		serve(runner, socket);
	}
	add_child(runner, pid, peer);
	return 0;
}

/* --- what happens --- */

static void reap(struct runner *runner)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (size_t i = 0; i < PLACES; i++) {
			if (runner->children[i].pid != pid)
				continue;
			runner->children[i].pid = 0;
			if (runner->set.role == SET_SOURCE)
				plan_next(runner, status);
		}
}

/* True: it is to end. */
static bool take_signals(struct runner *runner)
{
	struct signalfd_siginfo info;
	bool end = false;
	while (read(runner->signals, &info, sizeof(info)) == sizeof(info))
		end |= info.ssi_signo != SIGCHLD;
	reap(runner);
	return end;
}

static void look_at_flags(struct runner *runner)
{
	runner->held = home_flag(runner->home, runner->name, "paused") || home_is_disconnected(runner->home, &runner->set);
}

static int open_port(struct runner *runner, struct error *err)
{
	if (runner->listener >= 0)
		close(runner->listener);
	runner->listener = -1;
	return runner->set.role == SET_TARGET ? tcp_listen(runner->set.peer.port, &runner->listener, err) : 0;
}

static int load(struct runner *runner, struct error *err)
{
	struct arena *arena = arena_new();
	struct set set;
	if (home_load(runner->home, runner->name, arena, &set, err) < 0) {
		arena_free(arena);
		return -1;
	}
	arena_free(runner->arena);
	runner->arena = arena;
	runner->set = set;
	return 0;
}

/* A session under way goes on under another schedule or other rules, but not for another peer or term. */
static int reload(struct runner *runner, struct error *err)
{
	CLEANUP_FREE char *certificate = memory_strdup(runner->set.peer.certificate);
	CLEANUP_FREE char *store = memory_strdup(runner->set.store);
	const struct set was = runner->set;
	bool was_held = runner->held;
	if (load(runner, err) < 0)
		return -1;
	const struct set *set = &runner->set;
	look_at_flags(runner);
	bool other = was.term != set->term || was.role != set->role || strcmp(certificate, set->peer.certificate) != 0 ||
		     (store && set->store && strcmp(store, set->store) != 0);
	if (other || (runner->held && !was_held))
		end_children(runner);
	if ((was.role != set->role || was.peer.port != set->peer.port) && open_port(runner, err) < 0)
		return -1;
	if (other || was_held != runner->held || was.every != set->every || was.verify_every != set->verify_every)
		begin_schedule(runner);
	home_take(runner->home, runner->name);
	return 0;
}

/* 1: what was asked for has changed; 0: something else did; -1: the set is gone. */
static int take_changes(const struct runner *runner)
{
	static const char *const names[] = {"set.json", "paused", "disconnected"};
	char bytes[4096] __attribute__((aligned(8)));
	int changed = 0;
	for (ssize_t got; (got = read(runner->watch, bytes, sizeof(bytes))) > 0;)
		for (ssize_t at = 0; at < got;) {
			const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
			at += (ssize_t)(sizeof(*event) + event->len);
			if (event->mask & IN_DELETE_SELF)
				return -1;
			for (size_t i = 0; event->len && i < COUNT_OF(names); i++)
				changed |= strcmp(event->name, names[i]) == 0;
		}
	return changed;
}

static int time_left(const struct runner *runner)
{
	int64_t due = runner->due[JOB_CYCLE] < runner->due[JOB_VERIFY] ? runner->due[JOB_CYCLE] : runner->due[JOB_VERIFY];
	if (due == CLOCK_FOREVER || count_children(runner, true) > 0)
		return -1;
	int64_t left = due - clock_boottime();
	return left <= 0 ? 0 : left > 3600 * NSEC_PER_SEC ? 3600 * 1000 : (int)(left / NSEC_PER_MSEC + 1);
}

static int go_on(struct runner *runner, struct error *err)
{
	for (;;) {
		struct pollfd fds[] = {{.fd = runner->signals, .events = POLLIN},
				       {.fd = runner->watch, .events = POLLIN},
				       {.fd = runner->listener, .events = POLLIN}};
		if (poll(fds, COUNT_OF(fds), time_left(runner)) < 0 && errno != EINTR)
			return error_set_errno(err, errno, "cannot wait");
		if (fds[0].revents && take_signals(runner))
			return 0;
		int changed = fds[1].revents ? take_changes(runner) : 0;
		if (changed < 0)
			return 0;
		if (changed && reload(runner, err) < 0)
			return -1;
		if (!changed && fds[2].revents && accept_one(runner, err) < 0)
			return -1;
		if (time_left(runner) == 0 && start_job(runner, err) < 0)
			return -1;
	}
}

/* --- beginning and end --- */

/* To systemd, sd_notify(3): the port is open, the set was understood. */
static void say_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	if (length < 2 || length >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, length);
	if (to.sun_path[0] == '@')
		to.sun_path[0] = '\0';
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (struct sockaddr *)&to,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}

static int watch(struct runner *runner, struct error *err)
{
	CLEANUP_FREE char *folder = home_set_file(runner->home, runner->name, "");
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	runner->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	runner->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (runner->signals < 0 || runner->watch < 0 ||
	    inotify_add_watch(runner->watch, folder, IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF) < 0)
		return error_set_errno(err, errno, "cannot watch %s", folder);
	return 0;
}

int agent_run(const struct options *options)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct runner runner = {.home = options->home, .name = options->set, .listener = -1, .signals = -1, .watch = -1};
	CLEANUP_CLOSE int lock = -1;
	pid_t holder;
	/* watched before it is read: no change is missed; and the lock comes last: who holds it is ready */
	if (load(&runner, &err) < 0 || watch(&runner, &err) < 0 || load(&runner, &err) < 0 || open_port(&runner, &err) < 0 ||
	    home_lock(runner.home, runner.name, "run", &lock, &holder, &err) < 0)
		return agent_fail(&err);
	look_at_flags(&runner);
	begin_schedule(&runner);
	home_take(runner.home, runner.name);
	say_ready();
	int failed = go_on(&runner, &err);
	end_children(&runner);
	arena_free(runner.arena);
	return failed < 0 ? agent_fail(&err) : 0;
}
