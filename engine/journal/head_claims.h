/*
 * head_claims.h - what others say about a journal: that it had so many records, and with which hash. The index says it of a
 * run, checkpoints and anchors of runs and the index. While the journal is scanned each claim is held against it. Internal to
 * journal/.
 */
#pragma once

#include "engine/journal/checkpoint.h"

enum claim_source { CLAIM_OPENED, CLAIM_CLOSED, CLAIM_SIGNED, CLAIM_ANCHORED };

struct head_claim {
	uint64_t records;
	const char *head; /* borrowed */
	enum claim_source source;
	const char *wall, *key; /* borrowed; of a checkpoint */
	bool held;		/* the journal has that record, with that hash */
};

struct head_claims {		  /* zero-initialized */
	struct head_claim *items; /* owned; head_claims_sort: by records */
	size_t count, capacity;
	size_t next; /* the first that has not been held against the journal */
};

void head_claims_add(struct head_claims *claims, const struct head_claim *claim);
/* Those of the list that are about this journal. The list has to live as long. */
void head_claims_add_checkpoints(struct head_claims *claims, const struct checkpoint_list *list, enum claim_source source,
				 const char *store, const char *run);
void head_claims_sort(struct head_claims *claims);
/* The journal has a record of this number with this hash; called in order. */
void head_claims_meet(struct head_claims *claims, uint64_t sequence, const char *head);
const struct head_claim *head_claims_last(const struct head_claims *claims, enum claim_source source); /* NULL: none */
/* What does not agree with a journal of so many records; NULL: all does. malloc'ed. ret_record: which one. */
char *head_claims_problem(const struct head_claims *claims, uint64_t found, uint64_t *ret_record);
/* The same, of the records that are there only: of a journal that does not verify any further. */
char *head_claims_wrong(const struct head_claims *claims, uint64_t found, uint64_t *ret_record);
void head_claims_free(struct head_claims *claims);
