/*
 * restore.h - the action restore: after a failover the old source's data becomes what the promoted replica is. Only what
 * differs is sent. So for each path of the set, one after the other; or for an earlier recovery point, another place (`to`),
 * another host (`host`), which is the source in what follows.
 *
 *     source                                             target, promoted
 *     adopt: its folder is a store's tree (adopt.h)
 *     define SET-restore, target         <-- certificates -->   define SET-restore, source: the promoted tree
 *     start                              <--- what differs ---  sync
 *     promote, stop, release, drop                              drop
 *     restored: a mark in the set's folder, which term of the target it has
 *
 * Each step may be done again, so that an interrupted restore goes on. Nobody may use the data meanwhile: a device that is
 * mounted at either end is refused.
 */
#pragma once

#include "plugins/replica/ends/work.h"

bool restored(const struct work *work); /* does the source have what the target was promoted with? */

json_t *restore_observe(struct standin_call *call);
json_t *restore_apply(struct standin_call *call);
json_t *restore_describe(struct standin_call *call, const char *part);
