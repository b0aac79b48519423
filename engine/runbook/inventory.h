/*
 * inventory.h - the hosts by their fixed ids, how to reach them, and where secrets come from.
 *
 * The inventory says what was declared; what a host is called *now* comes from a probe. Everything lives in the arena it was
 * read into.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/document/diagnostic.h"
#include "engine/document/tree.h"

enum host_platform { PLATFORM_LINUX, PLATFORM_WINDOWS };
enum host_shell { SHELL_POWERSHELL, SHELL_CMD };
enum host_transport { TRANSPORT_LOCAL, TRANSPORT_SSH, TRANSPORT_COMMAND };

struct host {
	const char *id;	     /* the key in `hosts:`; never reused */
	const char *name;    /* declared name; defaults to id */
	const char *address; /* management address; NULL for local */
	enum host_platform platform;
	enum host_shell shell; /* windows: who starts the commands; SHELL_CMD: the host has no PowerShell */
	enum host_transport transport;
	const char *user;	     /* ssh: NULL means the operator's own */
	int port;		     /* ssh: default 22 */
	const char *identity_file;   /* ssh: private key, NULL: agent or the user's default keys */
	const char *host_key;	     /* ssh: pinned "type base64"; NULL: not pinned (refused unless trust_on_first_use) */
	const char *const *prefix;   /* command: argument vector put before every command; NULL-terminated */
	bool become;		     /* run commands through sudo */
	const char *become_user;     /* default root */
	const char *become_password; /* name of the secret, or NULL for password-less sudo */
	int64_t connect_timeout;     /* nanoseconds; default 10 s */
	const struct value *value;   /* the whole entry with id and defaults, as expressions see it */
	struct span at;
};

struct secret {
	const char *name;
	const char *env; /* one of these three is set */
	const char *file;
	const char *const *command; /* NULL-terminated; its stdout without the last newline */
	struct span at;
};

struct secrets_known { /* the values that were read so far, so that they can be taken out of what hosts say */
	struct arena *arena;
	const struct value **items;
	size_t count;
	size_t capacity;
	size_t oldest; /* the next to be replaced, when there are too many */
};

struct inventory {
	struct host *hosts;
	size_t hosts_count;
	struct secret *secrets;
	size_t secrets_count;
	struct replica *replicas; /* replication sets (replica.h), read beside it */
	size_t replicas_count, replicas_capacity;
	struct secrets_known *known;  /* NULL in an inventory that a test made by hand: nothing is remembered */
	const struct value *document; /* the whole, for the run directory */
	const char *path;
};

/* Reads out of the tree, checks against the schema, builds. -1: errors among the diagnostics. */
int inventory_read(struct arena *arena, const struct tree *tree, const char *path, struct inventory **ret_inventory,
		   struct diagnostics *diagnostics);
int inventory_from_value(struct arena *arena, const char *path, const struct value *document, struct inventory **ret_inventory,
			 struct diagnostics *diagnostics);

const struct host *inventory_host(const struct inventory *inventory, const char *id); /* NULL: unknown */

/* The secret's value (tainted string) in the arena. Reads anew at each call, but for the environment after secrets_guard. */
int secret_read(struct arena *arena, const struct inventory *inventory, const char *name, const struct value **ret_value,
		struct error *err);
/* Before anything is read or started: no core file of this process, nobody but root may look into it, and the variables that
 * hold secrets leave the environment, so that neither a child nor /proc shows them. Does nothing where there are no secrets. */
void secrets_guard(const struct inventory *inventory);
