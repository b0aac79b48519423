/*
 * confine.h - what a process gives up before it becomes a plugin's program. Called in the child, between fork and exec.
 *
 * In this order: resource limits, capabilities, no new privileges, files (Landlock), system calls (seccomp). Nothing of it can
 * be taken back.
 *
 * What it can still do: compute, write to its private folder, read the listed files, the system's programs and libraries and a
 * few files of /etc (names, certificates, time zone), and with `network` open internet sockets. It keeps the engine's user, but
 * as root no capability.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct confinement {
	const char *const *readable; /* files it may read and execute, NULL-terminated */
	const char *const *listable; /* folders whose names it may read, NULL-terminated */
	const char *writable;	     /* its private folder */
	bool network;
};

/* What could not be confined on this machine, as bits; told to people. */
enum unconfined {
	UNCONFINED_FILES = 1 << 0,	  /* no Landlock */
	UNCONFINED_CALLS = 1 << 1,	  /* no seccomp */
	UNCONFINED_NETWORK = 1 << 2,	  /* neither keeps it from the network */
	UNCONFINED_CAPABILITIES = 1 << 3, /* root's could not be dropped */
	UNCONFINED_LIMITS = 1 << 4,
	UNCONFINED_SIGNALS = 1 << 5, /* it could signal other processes of the same user (Landlock before version 6) */
};
#define UNCONFINED_BITS 6
const char *unconfined_text(enum unconfined bit); /* "files: this kernel has no Landlock" */

/* Bits of what could not be done. -1: even giving up new privileges failed, it must not go on. */
int confine(const struct confinement *confinement);

/* confine_files.c, confine_calls.c: 0, or what could not be done. */
int confine_files(const struct confinement *confinement);
int confine_calls(const struct confinement *confinement);
