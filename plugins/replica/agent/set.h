/*
 * set.h - what one end is told of a replication set: set.json, which the engine writes and `define` takes. Every field is
 * checked here, so that nothing behind it has to; what cannot be done is refused with its reason. No file is looked at.
 *
 *     {"set": "mail", "role": "source" or "target", "term": 1,
 *      "sources": [{"path": "/srv/mail", "to": ""}],                 a source's: what is protected, and where in the replica:
 *                                                                   without "to" one alone is all of it, several are at their
 * paths "rules": ["- *.tmp"],                                         rules.h "orphans": {"mode": "delete" or "keep" or "move",
 * "to": "/srv/orphans", "older": SECONDS}, "consistency": {"mode": "none" or "snapshot" or "reflink" or "commands", "quiesce":
 * [ARGV], "thaw": [ARGV]}, "schedule": {"every": SECONDS} or null,                       null: only when it is asked for
 *      "limits": [{"from": "08:00", "to": "18:00", "rate": BYTES A SECOND}],
 *      "owners": "id" or "name",
 *      "compression": "auto" or "zstd" or "none", "keep": N,
 *      "store": "/replica/mail", "device": null or "/dev/vg/mail",   a target's
 *      "mounted": false,                                             true: refused while no file system is mounted for the
 * store "peer": {"address": "10.0.0.2", "port": 7411, "certificate": PEM}}
 *
 * peer is the other end; port is where the target listens, at both. One set has one source and one target.
 */
#pragma once

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "plugins/replica/line/compression.h"
#include "plugins/replica/source/cycle.h"
#include "plugins/replica/line/pace.h"

#define SET_JSON_LIMIT	(1024u * 1024) /* bytes */
#define SET_ITEMS_LIMIT 1024u	       /* sources, rules, limits */

struct value;

enum set_role {
	SET_SOURCE,
	SET_TARGET,
};

/* All that it points to belongs to the arena it was parsed into. */
struct set {
	char name[PROTOCOL_SET_LIMIT + 1]; /* [a-z0-9][a-z0-9_-]* : it is a folder's and a unit's name, too */
	enum set_role role;
	uint64_t term;			   /* from 1 */
	const struct forest_root *sources; /* a place of "" is the replica's root */
	size_t source_count;
	const char *rules;   /* one a line; "" if there are none */
	bool owners_by_name; /* owners.h */
	enum cycle_orphans orphans;
	const char *orphans_to;			  /* or NULL */
	int64_t orphans_older;			  /* seconds */
	enum consistency consistency;		  /* freeze.h; never GIVEN */
	const char *const *quiesce, *const *thaw; /* NULL-terminated argvs, or NULL */
	int64_t every;				  /* seconds between the beginnings of two cycles; 0: no schedule */
	int64_t verify_every;			  /* the same for comparing by content */
	bool repair;				  /* what that finds */
	struct pace_limits limits;
	enum compression compression;
	int64_t keep;
	const char *store;  /* NULL at a source that was not told */
	const char *device; /* or NULL */
	bool mounted, replace_foreign;
	struct {
		const char *address; /* a name or a number */
		unsigned port;
		const char *certificate; /* PEM */
	} peer;
};

bool set_name_is_valid(const char *name);
const char *set_role_name(enum set_role role);
int set_parse(struct arena *arena, const struct value *json, struct set *ret_set, struct error *err);
/* Is path this folder, or below it? Both are as set_parse lets them by. */
bool path_is_within(const char *path, const char *folder);
