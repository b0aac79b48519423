/*
 * anchor.h - places outside the state directory to which heads are exported as checkpoint lines (checkpoint.h), so that records
 * cut from the end of a journal are missed. An anchor is worth what the place is worth: whoever can change both proves nothing.
 *
 *   file    appended to and synced, under a lock (flock); made if it is not there
 *   syslog  a datagram to the log's socket: "<85>Mar  1 03:12:45 standin[PID]: LINE" (RFC 3164, authpriv.notice)
 *   git     a note (git-notes(1)) to HEAD of a repository, in a ref of its own; by the git program. To push it is the
 *           repository's own affair
 *
 * No anchor stops a run: what cannot be exported is told. Nothing waits for git but anchors_finish.
 */
#pragma once

#include <stddef.h>

#define ANCHOR_GIT_REF	     "refs/notes/standin"
#define ANCHOR_SYSLOG_SOCKET "/dev/log"

struct anchors;

struct anchors *anchors_new(void);
void anchors_add_file(struct anchors *anchors, const char *path);
void anchors_add_syslog(struct anchors *anchors, const char *socket_path);
void anchors_add_git(struct anchors *anchors, const char *repository, const char *ref);

/* line: with its LF. warn gets one line of text for each anchor that did not take it, the first time. */
void anchors_export(struct anchors *anchors, const char *line, size_t length, void (*warn)(void *context, const char *text),
		    void *context);
/* Waits for what is on its way, not for ever. */
void anchors_finish(struct anchors *anchors, void (*warn)(void *context, const char *text), void *context);
void anchors_free(struct anchors *anchors); /* NULL is nothing */
