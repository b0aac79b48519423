/*
 * batch.h - a batch at the target: received record by record, then applied from its log.
 *
 * FRESH: objects are made in their places in a new tree, there is no log. So is what a device is patched with that has no point
 * yet: a first mirror that goes on (store_is_begun). Otherwise they are staged and logged; batch_seal
 * makes the log durable (from then on the batch is received), batch_apply brings it into the tree, any number of times. The log
 * is what came over the line in the same frames: BEGIN, CHANGES with STAGED and PATCHED instead of content, END.
 */
#pragma once

#include "engine/base/table.h"
#include "plugins/replica/line/protocol.h"
#include "plugins/replica/format/record.h"
#include "plugins/replica/target/store.h"

struct batch;

int batch_begin(const struct store *store, const struct begin *begin, struct batch **ret_batch, struct error *err);
int batch_add(struct batch *batch, const uint8_t *records, size_t length, struct error *err); /* one CHANGES frame */
int batch_seal(struct batch *batch, const struct batch_end *end, struct error *err); /* complete and on disk, or an error */
void batch_free(struct batch *batch);						     /* NULL is fine */

/* apply.c */
/* 1: there is a sealed log, and this is what it says; 0: there is none. */
int batch_sealed(const struct store *store, struct begin *ret_begin, struct batch_end *ret_end, struct error *err);
/* touched gets the paths of the folders in which something may have changed (seen.h). */
/* unkept: what the point before lacks; then what this one does. */
int batch_apply(const struct store *store, struct table *touched, struct unkept *unkept, uint64_t *ret_conflicts,
		struct error *err);
