/*
 * scope.h - every apply runs in a named scope on its host, so that it can be found and ended as a whole, even by another
 * engine. Whoever waits for one, or ends one, first *closes* it: a command that was sent and has not begun by then never does.
 *
 * On a host with systemd and root: a transient unit. Otherwise: a process group of its own, with a file that holds its pid and
 * start time, in /run/standin (root) or /tmp/standin-UID. The name holds run, step, attempt and the number of the record that
 * announces it, for what is closed stays closed: "standin-RUN-STEP-ATTEMPT.RECORD" with anything but [A-Za-z0-9.:_-] replaced.
 */
#pragma once

#include "engine/connection/connection.h"

char *scope_name(const char *run, const char *step, unsigned attempt,
		 uint64_t record); /* malloc'ed, at most 120 bytes; long ones end in a digest */

enum scope_state { SCOPE_NONE, SCOPE_RUNNING };

int scope_find(struct connection *connection, const char *name, int64_t deadline, enum scope_state *ret_state,
	       struct error *err);
/* Closes it and ends every process in it: TERM, then KILL after two seconds; returns when none is left. No scope of that name:
 * 0. */
int scope_end(struct connection *connection, const char *name, int64_t deadline, struct error *err);
/* Closes it and waits until it has ended by itself. ERROR_TIMEOUT at the deadline. */
int scope_wait(struct connection *connection, const char *name, int64_t deadline, struct error *err);

/* For sh, on hosts without systemd: `leader` is true if the shell can be a scope, and then `begin FOLDER NAME COMMAND` makes it
 * one. No single quote is in it. */
extern const char scope_functions[];
