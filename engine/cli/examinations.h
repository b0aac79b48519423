/*
 * examinations.h - many documents examined, by as many processes as there are CPUs; and once all are known, those again that
 * start services in another order than the runbooks they belong to. How many processes there were cannot be told from what
 * comes out.
 */
#pragma once

#include "engine/cli/examine.h"

struct examinations {
	struct examiner examiner;
	const struct value *paths; /* list: what is examined */
	struct said *said;	   /* of each */
	size_t *again;		   /* which were examined a second time */
};

struct examined {
	bool unchanged;			/* as it was at --changed-since: nothing of it is to be told */
	struct file_findings inventory; /* path NULL: none */
	struct file_findings own;
};

/* jobs: how many processes, 0: as fits. -1: one has died. */
int examinations_make(struct examinations *examinations, unsigned jobs, struct error *err);
void examinations_get(const struct examinations *examinations, size_t item, struct arena *arena, struct examined *ret_examined);
void examinations_free(struct examinations *examinations);
