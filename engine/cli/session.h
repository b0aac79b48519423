/*
 * session.h - a run at a terminal (or a pipe): shows the journal's records as they come, takes answers from the keyboard.
 */
#pragma once

#include "engine/cli/load.h"

struct session;

/* Starts taking answers and redrawing. */
struct session *session_begin(struct loaded *loaded, struct run_store *store, const struct options *options);
struct execute_listener session_listener(struct session *session); /* for execute_run, execute_resume */
/* Frees it. result, outcome, err: what that gave; err is told. Returns the exit code. */
int session_end(struct session *session, int result, enum outcome outcome, struct error *err);

/* Ask yes or no on the terminal. */
bool session_confirm(const char *question);
