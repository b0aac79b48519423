/*
 * ssh_auth.c - log in by public key: the identity file of the inventory; or else the agent's keys, then the user's own.
 */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/connection/ssh_key.h"
#include "engine/connection/ssh_session.h"

struct attempt {
	const char *user;
	const char *file;     /* for a key file */
	LIBSSH2_AGENT *agent; /* for the agent */
	struct libssh2_agent_publickey *identity;
};

struct login {
	struct ssh_session *session;
	const char *user;
	int64_t deadline;
	struct buffer tried; /* for people: what was offered, and why it did not do */
	bool rsa;	     /* an RSA key was among it */
	bool locked;	     /* a key with a passphrase was among it */
};

const char *ssh_user(const struct connection *connection)
{
	if (connection->user)
		return connection->user;
	const struct passwd *self = getpwuid(geteuid());
	return self ? self->pw_name : "root";
}

static ssize_t try_file(struct ssh_session *session, void *argument)
{
	const struct attempt *attempt = argument;
	return libssh2_userauth_publickey_fromfile_ex(session->libssh2, attempt->user, (unsigned)strlen(attempt->user), NULL,
						      attempt->file, "");
}

/* Speaking to the agent blocks: it is a local process. */
static ssize_t try_agent(struct ssh_session *session, void *argument)
{
	const struct attempt *attempt = argument;
	(void)session;
	return libssh2_agent_userauth(attempt->agent, attempt->user, attempt->identity);
}

static ssize_t list_methods(struct ssh_session *session, void *argument)
{
	const struct attempt *attempt = argument;
	const char *methods = libssh2_userauth_list(session->libssh2, attempt->user, (unsigned)strlen(attempt->user));
	if (methods)
		return strstr(methods, "publickey") ? 1 : 0;
	return libssh2_userauth_authenticated(session->libssh2) ? 2 : libssh2_session_last_errno(session->libssh2);
}

static void note(struct login *login, const char *what, const char *why)
{
	buffer_printf(&login->tried, "%s%s (%s)", login->tried.length ? ", " : "", what, why);
}

/* 1: logged in; 0: not with this key; -1: error. */
static int use_file(struct login *login, const char *path, struct error *err)
{
	struct ssh_key_kind kind;
	struct attempt attempt = {.user = login->user, .file = path};
	ssize_t value = 0;
	if (ssh_key_inspect(path, &kind, err) < 0)
		return -1;
	login->rsa |= kind.rsa;
	login->locked |= kind.locked;
	if (kind.locked) {
		note(login, path, "needs a passphrase");
		return 0;
	}
	if (session_call(login->session, try_file, &attempt, login->deadline, &value, err) < 0)
		return -1;
	if (value == 0)
		return 1;
	note(login, path, value == LIBSSH2_ERROR_FILE ? "cannot be read as a private key" : kind.name);
	return 0;
}

static int use_agent_key(struct login *login, struct attempt *attempt, struct error *err)
{
	ssize_t value = 0;
	if (session_call(login->session, try_agent, attempt, login->deadline, &value, err) < 0)
		return -1;
	if (value == 0)
		return 1;
	CLEANUP_FREE char *what = memory_printf("agent key %s", attempt->identity->comment ? attempt->identity->comment : "");
	note(login, what, "refused");
	return 0;
}

static int use_agent_keys(struct login *login, LIBSSH2_AGENT *agent, struct error *err)
{
	struct attempt attempt = {.user = login->user, .agent = agent};
	/* RSA last: a server lets us try only a few. */
	for (int rsa = 0; rsa < 2; rsa++) {
		struct libssh2_agent_publickey *before = NULL;
		while (libssh2_agent_get_identity(agent, &attempt.identity, before) == 0) {
			before = attempt.identity;
			if (ssh_key_blob_is_rsa(before->blob, before->blob_len) != (rsa == 1))
				continue;
			login->rsa |= rsa == 1;
			int outcome = use_agent_key(login, &attempt, err);
			if (outcome != 0)
				return outcome;
		}
	}
	return 0;
}

static int use_agent(struct login *login, struct error *err)
{
	int outcome = 0;
	if (!getenv("SSH_AUTH_SOCK"))
		return 0;
	LIBSSH2_AGENT *agent = libssh2_agent_init(login->session->libssh2);
	if (agent && libssh2_agent_connect(agent) == 0 && libssh2_agent_list_identities(agent) == 0)
		outcome = use_agent_keys(login, agent, err);
	else
		note(login, "agent", "does not answer");
	if (agent) {
		libssh2_agent_disconnect(agent);
		libssh2_agent_free(agent);
	}
	return outcome;
}

static int use_own_files(struct login *login, struct error *err)
{
	static const char *const names[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
	const struct passwd *self = getpwuid(geteuid());
	const char *home = getenv("HOME") ? getenv("HOME") : self ? self->pw_dir : "/";
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		CLEANUP_FREE char *path = memory_printf("%s/.ssh/%s", home, names[i]);
		int outcome = access(path, F_OK) == 0 ? use_file(login, path, err) : 0;
		if (outcome != 0)
			return outcome;
	}
	return 0;
}

static int refused(struct login *login, struct error *err)
{
	struct attempt attempt = {.user = login->user};
	ssize_t methods = 1;
	struct error ignored = ERROR_NONE;
	if (session_call(login->session, list_methods, &attempt, login->deadline, &methods, &ignored) < 0) {
		error_clear(&ignored);
		methods = 1;
	}
	if (methods == 2)
		return 0; /* a server that asks for nothing */
	error_set(err, ERROR_CONNECTION, "cannot log in as %s: %s%s", login->user,
		  methods == 0 ? "the host takes no public keys; " : "none of these keys was accepted: ",
		  login->tried.length ? buffer_text(&login->tried) : "there is no key to offer");
	if (login->rsa)
		return error_hint(err, "sshd since 8.8 refuses RSA keys from libssh2 1.10, which signs with SHA-1 only; "
				       "make an Ed25519 key (ssh-keygen -t ed25519) and name it as identity_file");
	if (login->locked)
		return error_hint(err, "add the key to an ssh-agent (ssh-add), or use one without a passphrase");
	return error_hint(
		err, "set identity_file in the inventory, and put its public half into ~%s/.ssh/authorized_keys on that host",
		login->user);
}

int ssh_authenticate(struct ssh_session *session, const struct connection *connection, int64_t deadline, struct error *err)
{
	struct login login = {.session = session, .user = ssh_user(connection), .deadline = deadline};
	const char *file = connection->host->identity_file;
	int outcome = file ? use_file(&login, file, err) : use_agent(&login, err);
	if (outcome == 0 && !file)
		outcome = use_own_files(&login, err);
	if (outcome == 0)
		outcome = refused(&login, err);
	buffer_free(&login.tried);
	return outcome < 0 ? -1 : 0;
}
