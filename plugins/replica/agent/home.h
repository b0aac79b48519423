/*
 * home.h - the agent's folder on a host, root-only: who it is, and a folder for each set that it has a part in.
 *
 *     HOME/                    0700; /var/lib/standin-agent
 *       key.pem certificate.pem    certificate.h
 *       sets/NAME/
 *         set.json             set.h
 *         state/               a source's (source.c)
 *         paused               an empty file: what was asked for lasts over a restart
 *         disconnected         the term that it was disconnected at: a higher one connects it again
 *         history, last        history.h
 *         progress             of the session that is under way; nobody's when `leader` is free
 *         run, leader          locks: the agent that runs for this set; the process that leads a session of it
 *         taken                the digest of the set.json that the running agent goes by
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "plugins/replica/agent/set.h"

#define HOME_DEFAULT "/var/lib/standin-agent"

/* All malloc'ed. */
char *home_file(const char *home, const char *name);			  /* HOME/name */
char *home_set_file(const char *home, const char *set, const char *name); /* HOME/sets/SET/name; "" is the folder */

/* ERROR_NOT_FOUND: there is no such set here. */
int home_load(const char *home, const char *name, struct arena *arena, struct set *ret_set, struct error *err);
/* Checks a set's JSON against this host and what it was before, then keeps it. Nothing is half-done. */
int home_define(const char *home, struct arena *arena, const char *text, size_t length, struct set *ret_set, struct error *err);
int home_sets(const char *home, struct arena *arena, const char *const **ret_names, size_t *ret_count, struct error *err);
int home_drop(const char *home, const char *name, struct error *err);

/* A file that is there or not. */
bool home_flag(const char *home, const char *set, const char *flag);
int home_set_flag(const char *home, const char *set, const char *flag, bool on, struct error *err);
int home_disconnect(const char *home, const struct set *set, struct error *err);
bool home_is_disconnected(const char *home, const struct set *set);

/* The agent that runs says that it goes by this set.json, and whether it does is asked. */
void home_take(const char *home, const char *set);
bool home_is_taken(const char *home, const char *set);

/* Locks that die with their process. ERROR_LOCKED: *ret_holder has it. Who holds one must not ask for its holder. */
int home_lock(const char *home, const char *set, const char *name, int *ret_fd, pid_t *ret_holder, struct error *err);
pid_t lock_holder(const char *path); /* 0: nobody */
