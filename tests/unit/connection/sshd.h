/*
 * sshd.h - a real sshd of the test's own on 127.0.0.1, with keys of its own, and connections to it.
 */
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "support.h"

#ifdef __SANITIZE_ADDRESS__
/* libssh2 1.10 loses two BIGNUMs for each ECDSA key that it reads from a file. */
const char *__asan_default_options(void);
const char *__lsan_default_suppressions(void);
const char *__asan_default_options(void)
{
	return "fast_unwind_on_malloc=0";
}
const char *__lsan_default_suppressions(void)
{
	return "leak:libssh2_userauth_publickey_fromfile_ex";
}
#endif

struct world {
	char folder[64];
	int port;
	pid_t sshd;
	const char *config; /* more lines of its configuration, or NULL; counts from the next start on */
	char *host_key;	    /* "type base64" */
	char *other_key;    /* of a host that is elsewhere */
	char *identity;
	struct host hosts[2];
	struct inventory inventory;
	struct connections *connections;
	struct connection *here;
};

static inline void run_tool(const char *format, ...) __attribute__((format(printf, 1, 2)));
static inline void run_tool(const char *format, ...)
{
	struct buffer line = {0};
	va_list args;
	va_start(args, format);
	buffer_vprintf(&line, format, args);
	va_end(args);
	if (system(line.data) != 0)
		fail_msg("failed: %s", line.data);
	buffer_free(&line);
}

static inline char *read_key(const char *folder, const char *name)
{
	CLEANUP_FREE char *path = memory_printf("%s/%s.pub", folder, name);
	char *text = NULL;
	size_t length = 0;
	assert_int_equal(file_read(path, 10000, &text, &length, NULL), 0);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static inline int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static inline void write_config(const struct world *world)
{
	CLEANUP_FREE char *path = memory_printf("%s/config", world->folder);
	CLEANUP_FREE char *text =
		memory_printf("ListenAddress 127.0.0.1\nPort %d\nHostKey %s/host\nAuthorizedKeysFile %s/authorized\n"
			      "StrictModes no\nUsePAM no\nPidFile none\nSetEnv SHLVL=5\nMaxStartups 50\nPermitRootLogin yes\n"
			      "PasswordAuthentication no\nKbdInteractiveAuthentication no\n%s",
			      world->port, world->folder, world->folder, world->config ? world->config : "");
	assert_int_equal(file_write_durable(path, text, strlen(text), 0600, NULL), 0);
}

/* Its own log says so: on its port somebody else might answer. False: it has ended. */
static inline bool sshd_listens(const struct world *world, const char *log)
{
	for (;; usleep(5000)) {
		CLEANUP_FREE char *text = NULL;
		size_t length = 0;
		if (file_read(log, 100000, &text, &length, NULL) == 0 && strstr(text, "Server listening on"))
			return true;
		if (waitpid(world->sshd, NULL, WNOHANG) == world->sshd)
			return false;
	}
}

/* The port was free: until sshd takes it another process may, and then it is another port. */
static inline void start_sshd(struct world *world)
{
	CLEANUP_FREE char *config = memory_printf("%s/config", world->folder);
	CLEANUP_FREE char *log = memory_printf("%s/log", world->folder);
	for (int tries = 0; tries < 20; tries++) {
		world->port = free_port();
		world->hosts[0].port = world->port;
		write_config(world);
		unlink(log);
		world->sshd = fork();
		if (world->sshd == 0) {
			execl("/usr/sbin/sshd", "/usr/sbin/sshd", "-D", "-f", config, "-E", log, (char *)NULL);
			_exit(127);
		}
		if (sshd_listens(world, log))
			return;
	}
	fail_msg("sshd does not start: see sshd -D -d -f %s", config);
}

/* All processes whose parent is sshd: one for each connection. */
static inline int signal_sessions(const struct world *world, int signal_number)
{
	int count = 0;
	DIR *proc = opendir("/proc");
	for (struct dirent *entry; (entry = readdir(proc));) {
		char path[300], line[512] = "";
		int parent = 0;
		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		FILE *file = entry->d_name[0] >= '1' && entry->d_name[0] <= '9' ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		if (fgets(line, sizeof(line), file) && strrchr(line, ')') &&
		    sscanf(strrchr(line, ')') + 2, "%*c %d", &parent) == 1 && parent == world->sshd &&
		    kill(atoi(entry->d_name), signal_number) == 0)
			count++;
		fclose(file);
	}
	closedir(proc);
	return count;
}

static inline void stop_sshd(struct world *world)
{
	signal_sessions(world, SIGKILL);
	kill(world->sshd, SIGKILL);
	waitpid(world->sshd, NULL, 0);
}

static inline void forget(struct world *world)
{
	connections_free(world->connections);
	world->connections = connections_new(&world->inventory);
	world->here = connections_get(world->connections, &world->hosts[0], NULL);
}

static inline int set_up(void **state)
{
	struct world *world = memory_alloc(sizeof(*world));
	*state = world;
	unsetenv("SSH_AUTH_SOCK");
	strcpy(world->folder, "/tmp/standin-ssh-test-XXXXXX");
	assert_non_null(mkdtemp(world->folder));
	mkdir("/run/sshd", 0755);
	for (const char *const *name = (const char *const[]){"host", "other", "id", NULL}; *name; name++)
		run_tool("ssh-keygen -q -t ed25519 -N '' -C %s -f %s/%s", *name, world->folder, *name);
	run_tool("ssh-keygen -q -t rsa -b 2048 -N '' -f %s/id_rsa", world->folder);
	run_tool("ssh-keygen -q -t ecdsa -N '' -f %s/id_ecdsa", world->folder);
	run_tool("ssh-keygen -q -t ed25519 -N secret -f %s/locked", world->folder);
	run_tool("cd %s && cat id.pub id_rsa.pub id_ecdsa.pub locked.pub >authorized", world->folder);
	world->host_key = read_key(world->folder, "host");
	world->other_key = read_key(world->folder, "other");
	world->identity = file_join(world->folder, "id");
	world->hosts[0] = make_host("mail1", TRANSPORT_SSH);
	world->hosts[0].address = "127.0.0.1";
	world->hosts[0].host_key = world->host_key;
	world->hosts[0].identity_file = world->identity;
	world->hosts[1] = make_host("mail2", TRANSPORT_SSH);
	world->hosts[1].host_key = world->other_key;
	world->inventory = (struct inventory){.hosts = world->hosts, .hosts_count = 2};
	start_sshd(world);
	world->connections = connections_new(&world->inventory);
	world->here = connections_get(world->connections, &world->hosts[0], NULL);
	return 0;
}

static inline int tear_down(void **state)
{
	struct world *world = *state;
	connections_free(world->connections);
	stop_sshd(world);
	file_remove_tree(world->folder, NULL);
	free(world->host_key);
	free(world->other_key);
	free(world->identity);
	free(world);
	return 0;
}
