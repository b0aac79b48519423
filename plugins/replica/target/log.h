/*
 * log.h - the log of a sealed batch (recovery.h), read from the front.
 */
#pragma once

#include "plugins/replica/target/batch.h"

int log_open(const struct store *store, struct error *err); /* a descriptor, the caller's; or -1 */
/* Calls on_changes (may be NULL) for each frame of records between BEGIN and END. */
int log_read(int fd, struct begin *ret_begin, struct batch_end *ret_end,
	     int (*on_changes)(void *context, const struct frame *frame, struct error *err), void *context, struct error *err);
