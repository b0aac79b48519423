/*
 * replica.h - replication sets as people write them: replica/NAME.yaml beside a runbook or the inventory. What a set becomes
 * for actions and plugins; nothing here replicates anything.
 *
 * The value of a set, as an action's templates and a plugin's process see it (units in brackets):
 *     name, source, target     its name; the hosts' ids
 *     paths                    [{path, to}]: to is a path in the replica, "" its root
 *     rules                    ["- *.tmp"]
 *     store, device            on the target; device null: a folder in the store
 *     mounted                  true: refused while no file system is mounted for the store
 *     address, port            where the target's agent listens
 *     orphans                  {mode, to or null, older [seconds]}
 *     consistency              {mode: none | snapshot | reflink | commands, quiesce, thaw: argument vectors}
 *     every                    [seconds], null: only when asked
 *     limits                   [{from, to, rate [bytes a second]}]
 *     compression, keep        auto | zstd | none; how many earlier points
 */
#pragma once

#include "engine/document/tree.h"
#include "engine/runbook/inventory.h"

#define REPLICA_PORT 7411

struct replica {
	const char *name;
	const struct source *source; /* the document, for the run directory */
	const struct value *value;
};

/* One document. -1: errors among the diagnostics. inventory may be NULL: then hosts are not checked. */
int replica_from_source(struct arena *arena, const struct source *source, const struct inventory *inventory,
			struct replica *ret_replica, struct diagnostics *diagnostics);

/* All of FOLDER/NAME.yaml become sets of the inventory, but for names that it has already. No such folder: nothing. */
int replicas_read(struct arena *arena, const struct tree *tree, const char *folder, struct inventory *inventory,
		  struct diagnostics *diagnostics);
void replicas_add(struct arena *arena, struct inventory *inventory, const struct replica *replica);

const struct replica *inventory_replica(const struct inventory *inventory, const char *name); /* NULL: there is none */
/* Of those that there are the nearest name; else where one would be looked for. */
const char *replica_advice(struct arena *arena, const struct inventory *inventory, const char *name);
