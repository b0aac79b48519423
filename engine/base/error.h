/*
 * error.h - what happened, why, and what to do next.
 *
 * Functions that can fail return 0, or -1 with *err filled. A struct error starts as ERROR_NONE, is filled once, gets context
 * put before it on the way up (error_wrap), and is freed by whoever owns it. Library code never prints and never exits.
 */
#pragma once

enum error_code {
	ERROR_OK = 0,
	ERROR_INVALID,	  /* input that breaks a rule: runbook, inventory, manifest, argument */
	ERROR_NOT_FOUND,  /* a file, run, host or object that is not there */
	ERROR_IO,	  /* the local system refused: disk full, permission, failed fsync */
	ERROR_CONNECTION, /* contact with a host could not be made or was lost: its state is unknown */
	ERROR_IDENTITY,	  /* the host that answered is not the host that was asked for */
	ERROR_TIMEOUT,	  /* time ran out; the state is unknown */
	ERROR_CONFLICT,	  /* something changed that was promised to stay */
	ERROR_LOCKED,	  /* another run holds it */
	ERROR_CANCELLED,  /* a person or a signal asked to stop */
	ERROR_CORRUPT,	  /* a journal or store that does not verify */
	ERROR_LIMIT,	  /* a bound on size, depth or work was reached */
	ERROR_FAILED,	  /* what was to be done was tried and did not succeed */
	ERROR_REFUSED,	  /* a host did not grant a right: asked again it refuses again, and may lock the account */
};

struct error {
	enum error_code code;
	char *message; /* owned; one line, no trailing full stop needed */
	char *hint;    /* owned; what to do next, or NULL */
};

#define ERROR_NONE ((struct error){0})

/* Fill err (which may be NULL: then the detail is dropped). Always returns -1, so that `return error_set(...)` reads well. */
int error_set(struct error *err, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int error_set_errno(struct error *err, int errnum, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Put "context: " before the message. Always returns -1. */
int error_wrap(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Say what to do next; the first hint wins, because it was given nearest to the cause. Always returns -1. */
int error_hint(struct error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

void error_clear(struct error *err);
void error_move(struct error *to, struct error *from); /* to takes what from owns; from is cleared */
const char *error_text(const struct error *err);       /* message, never NULL */
const char *error_code_name(enum error_code code);     /* "connection", for JSON */

#define CLEANUP_ERROR __attribute__((cleanup(error_clear)))
