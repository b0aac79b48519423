/*
 * request.h - asking something of a run that another process works on, and waiting for its reply.
 */
#pragma once

#include "engine/base/arena.h"
#include "engine/base/error.h"
#include "engine/journal/run_store.h"

/* Completes the request (id, by), puts it into the run's inbox and waits until the engine has journaled whether it is accepted.
 * run: an id, a unique prefix of one, or "latest". seen: called for each record that the run journals meanwhile (NULL: none).
 * ERROR_INVALID: it is not accepted, and why; ERROR_TIMEOUT: no reply yet. */
int request_send(struct run_store *store, const char *run, struct value *request, struct arena *arena,
		 void (*seen)(void *context, const struct value *record), void *context, struct error *err);
