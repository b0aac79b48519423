/*
 * session.h - a run at a terminal (or a pipe): shows the journal's records as they come, takes answers from the keyboard.
 */
#pragma once

#include "engine/cli/load.h"

struct session;

/* forecast: as forecast_load gives it, borrowed; or NULL. */
struct session *session_new(bool json, bool verbose, const struct value *forecast);
/* Start taking answers and redrawing; execute_listener for execute_run. */
struct execute_listener session_listener(struct session *session);
void session_start(struct session *session);
void session_end(struct session *session);
void session_free(struct session *session);

/* Ask yes or no on the terminal. */
bool session_confirm(const char *question);
