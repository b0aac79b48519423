/*
 * ssh_identity.c - is the host that answers the host that was asked for?
 *
 * The only evidence is its host key, compared with the one that the inventory pins. known_hosts is not read: during a failover
 * names and addresses move between machines, and it is exactly then that "ssh to mail1" must not reach mail2.
 */
#include <arpa/inet.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/memory.h"
#include "engine/connection/ssh_session.h"

static const char DEFAULT_TYPES[] = "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,ssh-rsa";

/* Ask the server for the kind of key that is pinned. */
void ssh_identity_prefer(struct ssh_session *session, const struct host *host)
{
	size_t length = host->host_key ? strcspn(host->host_key, " ") : 0;
	CLEANUP_FREE char *wanted =
		memory_printf("%.*s%s%s", (int)length, length ? host->host_key : "", length ? "," : "", DEFAULT_TYPES);
	if (libssh2_session_method_pref(session->libssh2, LIBSSH2_METHOD_HOSTKEY, wanted) < 0)
		libssh2_session_method_pref(session->libssh2, LIBSSH2_METHOD_HOSTKEY, DEFAULT_TYPES);
}

/* "type base64" as it stands in a .pub file; the type is the first string inside the key itself. */
static char *presented_key(struct ssh_session *session)
{
	size_t length = 0;
	int type;
	const char *blob = libssh2_session_hostkey(session->libssh2, &length, &type);
	struct buffer line = {0};
	uint32_t name;
	if (!blob || length < sizeof(name))
		return NULL;
	memcpy(&name, blob, sizeof(name));
	name = ntohl(name);
	if (name > length - sizeof(uint32_t))
		return NULL;
	buffer_append(&line, blob + sizeof(uint32_t), name);
	buffer_add_char(&line, ' ');
	base64_encode(&line, blob, length);
	return buffer_take(&line);
}

/* Comments and the amount of white space do not matter. */
static bool same_key(const char *pinned, const char *presented)
{
	size_t type = strcspn(presented, " ");
	const char *key = presented + type + 1;
	if (!pinned || strncmp(pinned, presented, type) != 0 || (pinned[type] != ' ' && pinned[type] != '\t'))
		return false;
	pinned += type + strspn(pinned + type, " \t");
	size_t length = strcspn(pinned, " \t\n");
	return strlen(key) == length && strncmp(pinned, key, length) == 0;
}

static const struct host *owner_of(const struct inventory *inventory, const struct host *asked, const char *presented)
{
	for (size_t i = 0; inventory && i < inventory->hosts_count; i++)
		if (strcmp(inventory->hosts[i].id, asked->id) != 0 && same_key(inventory->hosts[i].host_key, presented))
			return &inventory->hosts[i];
	return NULL;
}

static int mismatch(const struct connection *connection, const char *expected, const char *presented, struct error *err)
{
	const struct host *host = connection->host;
	const struct host *other = owner_of(connection->inventory, host, presented);
	if (other) {
		error_set(err, ERROR_IDENTITY,
			  "the host that answers at %s port %d is %s: it presents the host key pinned for %s", host->address,
			  host->port, other->id, other->id);
		return error_hint(err,
				  "does %s hold an address of %s? `address` must be a management address that no step moves",
				  other->id, host->id);
	}
	error_set(err, ERROR_IDENTITY,
		  "the host that answers at %s port %d is not the one that is pinned: it presents %s, pinned is %s",
		  host->address, host->port, presented, expected);
	return error_hint(
		err, "if the host was reinstalled, read its key at its console (cat /etc/ssh/ssh_host_*_key.pub) and pin that");
}

int ssh_identity_check(struct ssh_session *session, const struct connection *connection, char **first_key, struct error *err)
{
	const struct host *host = connection->host;
	CLEANUP_FREE char *presented = presented_key(session);
	if (!presented)
		return error_set(err, ERROR_CONNECTION, "the host presents no key");
	const char *expected = host->host_key ? host->host_key : *first_key;
	if (expected)
		return same_key(expected, presented) ? 0 : mismatch(connection, expected, presented, err);
	const struct host *other = owner_of(connection->inventory, host, presented);
	if (other)
		return mismatch(connection, "none", presented, err);
	if (value_get_bool(host->value, "trust_on_first_use", false)) {
		*first_key = take(presented);
		return 0;
	}
	error_set(err, ERROR_IDENTITY, "no host key is pinned for this host, so nothing tells that the right one answers");
	return error_hint(
		err,
		"it presents a key; compare it with the one at its console, then pin it in the inventory: host_key: \"%s\"",
		presented);
}
