/*
 * anchor.c - see anchor.h.
 */
#include "engine/journal/anchor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/process.h"

#define GIT_SECONDS 20 /* how long anchors_finish waits for one git */

struct anchor {
	int (*export)(struct anchor *anchor, const char *line, size_t length, struct error *err);
	char *target;		/* owned; path of the file, the socket, the repository */
	char *ref;		/* owned; git only */
	struct process process; /* git that runs; pid 0 or -1: none */
	struct buffer pending;	/* lines for the next one */
	bool told;		/* that it does not work: once is enough */
};

struct anchors {
	struct anchor *items;
	size_t count;
};

struct anchors *anchors_new(void)
{
	return memory_alloc(sizeof(struct anchors));
}

static void add(struct anchors *anchors, const struct anchor *anchor)
{
	anchors->items = memory_resize(anchors->items, (anchors->count + 1) * sizeof(*anchors->items));
	anchors->items[anchors->count++] = *anchor;
}

/* ---- file ---- */

/* A line that was cut short by a crash must not swallow the next one. */
static int end_last_line(int fd, const char *path, struct error *err)
{
	struct stat status;
	char last;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID, "%s is no regular file", path);
	if (!status.st_size || (pread(fd, &last, 1, status.st_size - 1) == 1 && last == '\n'))
		return 0;
	return file_append(fd, path, "\n", 1, err);
}

static int export_file(struct anchor *anchor, const char *line, size_t length, struct error *err)
{
	CLEANUP_CLOSE int fd = open(anchor->target, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0640);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", anchor->target);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return error_set_errno(err, errno, "cannot lock %s", anchor->target);
	if (end_last_line(fd, anchor->target, err) < 0 || file_append(fd, anchor->target, line, length, err) < 0)
		return -1;
	return file_sync(fd, anchor->target, err);
}

void anchors_add_file(struct anchors *anchors, const char *path)
{
	add(anchors, &(struct anchor){.export = export_file, .target = memory_strdup(path)});
}

/* ---- syslog ---- */

static int export_syslog(struct anchor *anchor, const char *line, size_t length, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (strlen(anchor->target) >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, "%s is too long for a socket's path", anchor->target);
	strcpy(address.sun_path, anchor->target);
	CLEANUP_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	CLEANUP_BUFFER struct buffer message = {0};
	char when[32];
	struct tm local;
	time_t now = time(NULL);
	strftime(when, sizeof(when), "%b %e %H:%M:%S", localtime_r(&now, &local));
	buffer_printf(&message, "<85>%s standin[%d]: ", when, (int)getpid());
	buffer_append(&message, line, length - 1);
	if (fd < 0 || sendto(fd, message.data, message.length, MSG_NOSIGNAL, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, errno, "cannot send to the system log at %s", anchor->target);
	return 0;
}

void anchors_add_syslog(struct anchors *anchors, const char *socket_path)
{
	add(anchors, &(struct anchor){.export = export_syslog, .target = memory_strdup(socket_path)});
}

/* ---- git ---- */

static int start_git(struct anchor *anchor, struct error *err)
{
	const char *const argv[] = {"git",
				    "-C",
				    anchor->target,
				    "-c",
				    "user.name=standin",
				    "-c",
				    "user.email=standin@localhost",
				    "notes",
				    "--ref",
				    anchor->ref,
				    "append",
				    "-m",
				    buffer_text(&anchor->pending),
				    "HEAD",
				    NULL};
	if (!anchor->pending.length)
		return 0;
	if (process_start(argv, NULL, &anchor->process, err) < 0)
		return -1;
	closep(&anchor->process.input);
	anchor->process.input = -1;
	buffer_reset(&anchor->pending);
	return 0;
}

static int git_failed(struct anchor *anchor, struct error *err)
{
	char said[512];
	ssize_t got = read(anchor->process.errors, said, sizeof(said) - 1);
	said[got > 0 ? got : 0] = '\0';
	said[strcspn(said, "\n")] = '\0';
	return error_set(err, ERROR_FAILED, "git could not add a note in %s%s%s", anchor->target, *said ? ": " : "", said);
}

/* 1: none runs any more; 0: one still does; -1: it has failed. Not in the event loop: nothing else may happen meanwhile. */
static int end_git(struct anchor *anchor, int milliseconds, struct error *err)
{
	struct pollfd poller = {.fd = anchor->process.pidfd, .events = POLLIN};
	siginfo_t info = {0};
	if (anchor->process.pid <= 0)
		return 1;
	if (poll(&poller, 1, milliseconds) <= 0)
		return 0;
	if (waitid(P_PIDFD, (id_t)anchor->process.pidfd, &info, WEXITED | WNOHANG) < 0 || !info.si_pid)
		return 0;
	anchor->process.pid = -1;
	bool good = info.si_code == CLD_EXITED && info.si_status == 0;
	int result = good ? 1 : git_failed(anchor, err);
	process_free(&anchor->process);
	return result;
}

static int export_git(struct anchor *anchor, const char *line, size_t length, struct error *err)
{
	CLEANUP_ERROR struct error next = ERROR_NONE;
	buffer_append(&anchor->pending, line, length);
	int ended = end_git(anchor, 0, err);
	if (ended && start_git(anchor, ended < 0 ? &next : err) < 0)
		return -1;
	return ended < 0 ? -1 : 0;
}

void anchors_add_git(struct anchors *anchors, const char *repository, const char *ref)
{
	add(anchors, &(struct anchor){.export = export_git,
				      .target = memory_strdup(repository),
				      .ref = memory_strdup(ref),
				      .process = {.pid = -1, .pidfd = -1, .input = -1, .output = -1, .errors = -1}});
}

/* ---- all of them ---- */

static void tell(struct anchor *anchor, struct error *err, void (*warn)(void *context, const char *text), void *context)
{
	CLEANUP_FREE char *text = memory_printf("the journal's head could not be exported: %s", error_text(err));
	if (!anchor->told)
		warn(context, text);
	anchor->told = true;
	error_clear(err);
}

void anchors_export(struct anchors *anchors, const char *line, size_t length, void (*warn)(void *context, const char *text),
		    void *context)
{
	for (size_t i = 0; i < anchors->count; i++) {
		struct error err = ERROR_NONE;
		if (anchors->items[i].export(&anchors->items[i], line, length, &err) < 0)
			tell(&anchors->items[i], &err, warn, context);
	}
}

static void finish_git(struct anchor *anchor, void (*warn)(void *context, const char *text), void *context)
{
	for (int round = 0; round < 2; round++) {
		struct error err = ERROR_NONE;
		int ended = end_git(anchor, GIT_SECONDS * 1000, &err);
		if (ended == 0)
			error_set(&err, ERROR_TIMEOUT, "git in %s did not end in %d seconds", anchor->target, GIT_SECONDS);
		else if (ended > 0 && start_git(anchor, &err) < 0)
			ended = -1;
		if (err.code)
			tell(anchor, &err, warn, context);
		if (ended <= 0 || anchor->process.pid <= 0)
			return;
	}
}

void anchors_finish(struct anchors *anchors, void (*warn)(void *context, const char *text), void *context)
{
	for (size_t i = 0; i < anchors->count; i++)
		if (anchors->items[i].export == export_git)
			finish_git(&anchors->items[i], warn, context);
}

void anchors_free(struct anchors *anchors)
{
	if (!anchors)
		return;
	for (size_t i = 0; i < anchors->count; i++) {
		struct anchor *anchor = &anchors->items[i];
		if (anchor->export == export_git)
			process_free(&anchor->process);
		free(anchor->target);
		free(anchor->ref);
		buffer_free(&anchor->pending);
	}
	free(anchors->items);
	free(anchors);
}
