/*
 * points.h - earlier recovery points of a store, beside the last one, where its file system can share blocks.
 *
 *     STORE/points/N/   point number N, as it was before the next one was applied
 *       point           what STORE/point was (point.h)
 *       tree/           what STORE/tree-N was, sharing its blocks (copy.h)
 *     STORE/points/part   one that is being made
 *
 * One is made when a batch that changes something is received whole, before any of it is applied; it is on disk before that. A
 * crash before: it is made again, when the batch is. Points that changed nothing are not kept twice.
 */
#pragma once

#include "plugins/replica/target/store.h"

/* ERROR_REFUSED: the store cannot keep more than one point. */
int points_possible(const struct store *store, struct error *err);
/* Keeps the last point, unless that was done. */
int points_keep(const struct store *store, struct error *err);
/* Only as many are left as the store keeps, the last one with them. */
int points_prune(const struct store *store, struct error *err);

/* The numbers of those that are kept, from the oldest; *ret_numbers is malloc'ed. */
int points_list(const struct store *store, uint64_t **ret_numbers, size_t *ret_count, struct error *err);
int points_read(const struct store *store, uint64_t number, struct point *ret_point, struct error *err);
char *points_tree(const struct store *store, uint64_t number); /* malloc'ed path */
/* Makes STORE/tree-`tree` what point `number` was. */
int points_restore(const struct store *store, uint64_t number, uint64_t tree, struct error *err);
