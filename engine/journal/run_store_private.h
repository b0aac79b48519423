/*
 * run_store_private.h - what the files of the run store share among themselves. Nothing outside this folder includes it.
 */
#pragma once

#include "engine/journal/checkpoint.h"
#include "engine/journal/run_store.h"

struct run_store {
	char *path; /* owned; absolute, without links */
};

/* run_store.c */
char *run_folder(const struct run_store *store, const char *id); /* malloc'ed STATE/runs/ID */

/* run_lock.c */
struct run_holder {    /* who works on a run, as the run's lock file says */
	int64_t pid;   /* 0: not known */
	char host[64]; /* "": not known */
};
int run_lock_process(struct run *run, struct error *err); /* sets run->lock_fd */
void run_holder_read(const struct run_store *store, const char *id, struct run_holder *ret_holder);

/* run_index.c */
struct run_index_entry {
	char id[sizeof(((struct run *)0)->id)];
	uint64_t opened_records; /* length of the run's journal when the index learned of it */
	char opened_head[HASH_HEX_SIZE];
	bool closed;
	uint64_t closed_records;
	char closed_head[HASH_HEX_SIZE];
	char closed_key[AUDIT_KEY_SIZE]; /* of the key with which the end was signed; "": it was not */
};
struct run_index {
	struct run_index_entry *entries; /* owned; newest id first */
	size_t count;
	size_t capacity;
	uint64_t records;
	char *problem; /* owned; the index does not verify from some record on, or NULL */
};
/* -1 only if it cannot be read. */
int run_index_load(const struct run_store *store, struct run_index *ret_index, struct error *err);
/* NULL: the index does not know it. */
const struct run_index_entry *run_index_entry(const struct run_index *index, const char *id);
void run_index_free(struct run_index *index);
/* The name of a state directory in checkpoints, from the first record of its index; "" while that has none. */
void run_index_store_name(const char *path, char ret_name[CHECKPOINT_STORE_SIZE]);

/* run_verify.c */
/* Its journal verifies and ends with run_finished or abandoned. */
bool run_has_ended(const struct run_store *store, const char *id);
