/*
 * launch.c - fork, confine, exec. Not process_start: between fork and exec the child has to give up what confine.h says.
 *
 * The child tells how far it came through a pipe that exec closes: a report with what could not be confined, or one that says
 * at what it failed. Only the end of that pipe means that the program runs.
 */
#include "engine/plugin/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/loop.h"
#include "engine/base/memory.h"
#include "engine/plugin/confine.h"

#define REPORT_FD 3 /* in the child, behind stdin, stdout and stderr */

enum stage { STAGE_CONFINED, STAGE_FOLDER, STAGE_PRIVILEGES, STAGE_EXEC };

static const char *const stages[] = {
	[STAGE_FOLDER] = "cannot enter its private folder",
	[STAGE_PRIVILEGES] = "cannot give up new privileges",
	[STAGE_EXEC] = "cannot run",
};

struct report {
	enum stage stage;
	int number; /* errno; of STAGE_CONFINED: bits of enum unconfined */
};

/* All that the child needs, made before the fork. */
struct launch {
	const char *path;
	const char **argv;
	const char **environment;
	struct confinement confinement;
	pid_t parent;
	int pipes[4][2]; /* stdin, stdout, stderr, report */
};

static void tell(enum stage stage, int number)
{
	struct report report = {stage, number};
	if (write(REPORT_FD, &report, sizeof(report)) < 0) {
		/* whoever waits sees the end of the pipe and then that of the process */
	}
}

/* First out of the way of the places 0 to 3, then into them; everything else is closed. */
static void arrange_descriptors(const struct launch *launch)
{
	const int ours[] = {launch->pipes[0][0], launch->pipes[1][1], launch->pipes[2][1], launch->pipes[3][1]};
	int high[4];
	for (int i = 0; i < 4; i++)
		high[i] = fcntl(ours[i], F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < 4; i++)
		dup3(high[i], i, i == REPORT_FD ? O_CLOEXEC : 0);
	close_range(REPORT_FD + 1, UINT_MAX, 0);
}

static void reset_signals(void)
{
	sigset_t none;
	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void __attribute__((noreturn)) child(const struct launch *launch)
{
	setsid();
	reset_signals();
	arrange_descriptors(launch);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != launch->parent)
		_exit(127); /* the engine is gone already */
	umask(077);
	if (chdir(launch->confinement.writable) < 0) {
		tell(STAGE_FOLDER, errno);
		_exit(127);
	}
	int unconfined = confine(&launch->confinement);
	if (unconfined < 0) {
		tell(STAGE_PRIVILEGES, errno);
		_exit(127);
	}
	tell(STAGE_CONFINED, unconfined);
	execve(launch->path, (char *const *)launch->argv, (char *const *)launch->environment);
	tell(STAGE_EXEC, errno);
	_exit(127);
}

static void close_pipes(struct launch *launch)
{
	for (int i = 0; i < 4; i++)
		for (int end = 0; end < 2; end++)
			if (launch->pipes[i][end] >= 0)
				close(take_fd(launch->pipes[i][end]));
}

static int open_pipes(struct launch *launch, struct error *err)
{
	for (int i = 0; i < 4; i++)
		launch->pipes[i][0] = launch->pipes[i][1] = -1;
	for (int i = 0; i < 4; i++)
		if (pipe2(launch->pipes[i], O_CLOEXEC) < 0) {
			error_set_errno(err, errno, "cannot make a pipe");
			close_pipes(launch);
			return -1;
		}
	return 0;
}

static int fork_child(struct launch *launch, struct process *process, struct error *err)
{
	*process = (struct process){.pid = -1, .pidfd = -1, .input = -1, .output = -1, .errors = -1};
	if (open_pipes(launch, err) < 0)
		return -1;
	launch->parent = getpid();
	process->pid = fork();
	if (process->pid == 0)
		child(launch);
	if (process->pid > 0)
		process->pidfd = pidfd_open(process->pid, 0);
	if (process->pid < 0 || process->pidfd < 0) {
		error_set_errno(err, errno, "cannot start a process");
		close_pipes(launch);
		return -1;
	}
	process->input = take_fd(launch->pipes[0][1]);
	process->output = take_fd(launch->pipes[1][0]);
	process->errors = take_fd(launch->pipes[2][0]);
	const int fds[] = {process->input, process->output, process->errors, launch->pipes[3][0]};
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK);
	for (int i = 0; i < 3; i++)
		close(take_fd(launch->pipes[i][i == 0 ? 0 : 1]));
	close(take_fd(launch->pipes[3][1]));
	return 0;
}

/* Waits for exec or for what went wrong. */
static int read_reports(const struct plugin_program *program, int fd, int64_t deadline, unsigned *ret_unconfined,
			struct error *err)
{
	bool confined = false;
	for (;;) {
		struct report report;
		ssize_t count = read(fd, &report, sizeof(report));
		if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (loop_wait_fd(fd, POLLIN, deadline, NULL) != LOOP_READY)
				return error_set(err, ERROR_TIMEOUT, "the plugin %s did not start in time", program->plugin);
			continue;
		}
		if (count == (ssize_t)sizeof(report) && report.stage == STAGE_CONFINED) {
			*ret_unconfined = (unsigned)report.number;
			confined = true;
			continue;
		}
		if (count == 0 && confined)
			return 0;
		if (count != (ssize_t)sizeof(report))
			return error_set(err, ERROR_IO, "the plugin %s ended before its program was run", program->plugin);
		if (report.stage == STAGE_EXEC && report.number == EACCES)
			return error_set(err, ERROR_IO,
					 "the plugin %s: %s/%s is not executable (chmod +x), or its interpreter does not stand "
					 "below /usr",
					 program->plugin, program->folder, program->argv[0]);
		return error_set_errno(err, report.number, "the plugin %s: %s %s/%s", program->plugin, stages[report.stage],
				       program->folder, program->argv[0]);
	}
}

static const char **child_environment(struct arena *arena, const struct plugin_program *program, const char *folder)
{
	const char *const variables[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"LANG=C.UTF-8",
		"LC_ALL=C.UTF-8",
		arena_printf(arena, "HOME=%s", folder),
		arena_printf(arena, "TMPDIR=%s", folder),
		arena_printf(arena, "STANDIN_PLUGIN=%s", program->plugin),
		arena_printf(arena, "STANDIN_PLUGIN_FOLDER=%s", program->folder),
#ifdef __SANITIZE_ADDRESS__
		"ASAN_OPTIONS=detect_leaks=0", /* its search for leaks needs ptrace */
#endif
		NULL,
	};
	return arena_copy(arena, variables, sizeof(variables));
}

static void list_files(struct arena *arena, const struct plugin_program *program, struct launch *launch, const char *folder)
{
	size_t arguments = 0, files = 0;
	while (program->argv[arguments])
		arguments++;
	while (program->files && program->files[files])
		files++;
	const char **readable = arena_alloc(arena, (files + 2) * sizeof(*readable));
	const char **listable = arena_alloc(arena, 2 * sizeof(*listable));
	launch->path = program_path(arena, program, program->argv[0]);
	launch->argv = arena_alloc(arena, (arguments + 1) * sizeof(*launch->argv));
	memcpy(launch->argv, program->argv, arguments * sizeof(*launch->argv));
	launch->argv[0] = launch->path;
	readable[0] = launch->path;
	for (size_t i = 0; i < files; i++)
		readable[i + 1] = program_path(arena, program, program->files[i]);
	listable[0] = program->folder;
	launch->confinement = (struct confinement){
		.readable = readable, .listable = listable, .writable = folder, .network = program->network};
	launch->environment = child_environment(arena, program, folder);
}

int launch(const struct plugin_program *program, int64_t deadline, struct launched *ret_launched, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct launch launch = {0};
	struct launched launched = {0};
	if (program_check(program, err) < 0)
		return -1;
	if (private_folder_make(&launched.folder, err) < 0)
		return -1;
	list_files(arena, program, &launch, launched.folder.path);
	int outcome = fork_child(&launch, &launched.process, err);
	if (outcome == 0) {
		outcome = read_reports(program, launch.pipes[3][0], deadline, &launched.unconfined, err);
		close(take_fd(launch.pipes[3][0]));
	}
	if (outcome == 0) {
		*ret_launched = launched;
		return 0;
	}
	process_free(&launched.process);
	private_folder_remove(&launched.folder);
	return -1;
}
