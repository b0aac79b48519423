/*
 * run_store.h - the state directory: run directories, the index of runs, locks and claims.
 *
 *   STATE/index.jsonl             chain of run_opened / run_closed records, each with the run's head hash (journal.h's format)
 *   STATE/index.lock              held for as long as one record is appended to it
 *   STATE/locks/NAME              JSON: the claim {run, opened, operator, runbook}; empty when free. The process that works
 *                                 with it holds a flock
 *   STATE/runs/ID/journal.jsonl
 *   STATE/runs/ID/lock            JSON: {pid, host} of the process that works on it, or did last. That process holds a flock
 *   STATE/runs/ID/content/        everything that is executed, by content: file name = SHA-256
 *   STATE/runs/ID/manifest.json   what the content is: {runbook: {path, sha256}, inventory: {...}, plugins: {name: {path,
 *                                 sha256}}, inputs}
 *   STATE/runs/ID/checkpoints.jsonl   signed statements of the journal's head (checkpoint.h); STATE/checkpoints.jsonl: of
 *                                 the index's
 *   STATE/runs/ID/inbox/          requests to the engine that runs it (answer, cancel, skip), one JSON file each
 * STATE is $STANDIN_STATE, else /var/lib/standin for root, else $XDG_STATE_HOME/standin, else ~/.local/state/standin. Mode
 * 0700; one that belongs to another user, or that others can write to, is refused.
 *
 * A lock has two parts. The process's lock dies with the process. The claim stays in the file until the run is closed: a lock
 * with an unfinished run admits only that run's resume or abandon.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/journal/journal.h"

struct run_store;

int run_store_open(const char *path /* NULL: as above */, struct run_store **ret_store, struct error *err);
/* For who only reads: ERROR_NOT_FOUND where there is none, and nothing is made. */
int run_store_open_existing(const char *path, struct run_store **ret_store, struct error *err);
bool run_store_exists(const char *path /* NULL: as above */); /* opening makes it; who only looks asks first */
void run_store_close(struct run_store *store);
const char *run_store_path(const struct run_store *store);

/* Ids sort by time and are unique, also among controllers: 20260301-031245-7f3a19c4. */
struct run {
	char id[32];
	char *folder;		 /* owned */
	struct journal *journal; /* owned; NULL when only read */
	struct run_store *store; /* borrowed */
	int lock_fd;		 /* of the run's own process lock (STATE/runs/ID/lock); -1: not held */
	int *named_locks;	 /* fds of the named locks it holds */
	size_t named_locks_count;
	char manifest[HASH_HEX_SIZE];	     /* digest of its manifest.json once that is written or read; "": not yet */
	struct run_checkpoints *checkpoints; /* owned; NULL: none are made (checkpoint_write.h) */
};

/* A new run directory with its process lock held. */
int run_create(struct run_store *store, struct run **ret_run, struct error *err);
/* An existing one to go on with: takes the process lock; ERROR_LOCKED names pid and host of the holder. id may be a unique
 * prefix, or "latest". */
int run_open(struct run_store *store, const char *id, struct run **ret_run, struct journal_torn *ret_torn, struct error *err);
void run_close(struct run *run); /* releases process locks; claims stay */

/* Resolves a prefix or "latest"; malloc'ed. */
int run_find(struct run_store *store, const char *id, char **ret_id, struct error *err);
/* Newest first. malloc'ed array of malloc'ed ids. */
int run_list(struct run_store *store, char ***ret_ids, size_t *ret_count, struct error *err);
char *run_journal_path(const struct run_store *store, const char *id); /* malloc'ed */
bool run_is_active(struct run_store *store, const char *id);	       /* some process works on it now */

/* Content by digest: what was stored can be read back, verified. */
int run_content_put(struct run *run, const void *data, size_t length, char ret_digest[HASH_HEX_SIZE], struct error *err);
int run_content_get(const struct run *run, const char *digest, char **ret_data, size_t *ret_length, struct error *err);
int run_manifest_write(struct run *run, const struct value *manifest, struct error *err);
int run_manifest_read(struct run *run, struct arena *arena, const struct value **ret_manifest, struct error *err);

/* Named locks, sorted by the caller, taken at the start. ERROR_LOCKED: message names the run, its operator, since when, and
 * whether its process lives; the hint says what is admitted (resume or abandon). claim: {run, opened (RFC 3339), runbook,
 * operator {user, host}}; it is written unless the run's own stands there from before. A claim whose run has ended (its journal
 * verifies and its last record is run_finished or abandoned) is void. */
int run_lock(struct run *run, const char *name, const struct value *claim, struct error *err);
int run_unlock_all(struct run *run, struct error *err); /* the run is closed: claims are cleared, locks released */

/* The index: opened and closed with the journal's head. */
int run_index_opened(struct run *run, const struct value *fields, struct error *err);
int run_index_closed(struct run *run, const char *outcome, struct error *err);
/* Every record of the index, in order, as journal_read gives them; none where there is no index yet. */
int run_index_visit(const struct run_store *store, bool (*visit)(void *context, const struct value *record), void *context,
		    struct error *err);
/* 1: the index says that this run is closed; 0: it does not; -1: it cannot be read. */
int run_index_has_closed(const struct run_store *store, const char *id, struct error *err);
/* Is there still room to work: bytes free on the state directory's file system. */
uint64_t run_store_free_bytes(const struct run_store *store);
