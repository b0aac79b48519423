/*
 * inbox.h - how another process talks to the engine that runs a run: one JSON file a request, put into the run's inbox by
 * rename.
 *
 * The engine journals each request before it acts on it ("request" record), then deletes the file. Whoever asked watches the
 * journal for the outcome.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/journal/run_store.h"

/* request: {"request": "answer"|"cancel"|"skip", "step": ..., "answer": ..., "reason": ..., "by": {user, uid, host}, "id":
 * random}. ERROR_NOT_FOUND when no engine works on the run. */
int inbox_send(struct run_store *store, const char *run, const struct value *request, struct error *err);

struct inbox;
/* Creates the folder, watches it (inotify). */
int inbox_open(const struct run *run, struct inbox **ret_inbox, struct error *err);
int inbox_fd(const struct inbox *inbox); /* to wait on for POLLIN */
/* The oldest request that is not done, in the arena; NULL when there is none. Call it until then: one POLLIN can stand for
 * several. A file that is no request is set aside (NAME.rejected) with a note beside it (NAME.note). */
const struct value *inbox_next(struct inbox *inbox, struct arena *arena);
void inbox_done(struct inbox *inbox); /* the one that inbox_next returned last is journaled: delete it */
void inbox_close(struct inbox *inbox);
