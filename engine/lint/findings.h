/*
 * findings.h - what validate has found in all files together: diagnostics that have left their document, with a fingerprint
 * that stays the same when lines above are added, and the mark whether they count.
 */
#pragma once

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/table.h"
#include "engine/base/value.h"
#include "engine/document/diagnostic.h"
#include "engine/lint/silence.h"

enum standing {
	FINDING_COUNTS,
	FINDING_SILENCED, /* in the runbook, with a reason */
	FINDING_KNOWN,	  /* the baseline has it */
};

struct finding {
	const char *path; /* which of validate's arguments led to it */
	enum severity severity;
	const char *rule;
	const char *message;
	const char *hint;	  /* or NULL */
	const char *file;	  /* NULL: about no particular place */
	struct location from, to; /* to: behind the last character */
	const char *fingerprint;  /* hexadecimal */
	enum standing standing;
	const char *reason; /* of FINDING_SILENCED */
};

struct findings {
	struct arena *arena; /* borrowed: everything is kept there */
	struct finding *items;
	size_t count, capacity;
	struct value *files;	   /* paths that were looked at, in order */
	struct table fingerprints; /* those that are taken */
	struct table places;	   /* what is found where */
	struct table known;	   /* fingerprints of the baseline */
};

void findings_init(struct findings *findings, struct arena *arena);
void findings_free(struct findings *findings); /* not the arena */
/* Copies what the diagnostics of one file say (sorted before by diagnostics_sort); silenced may be NULL. Those that do not
 * count (the baseline has them) or are there already (several files lead to the same place) are taken out of the diagnostics.
 */
void findings_add(struct findings *findings, const char *path, struct diagnostics *diagnostics,
		  const struct silenced_list *silenced);
size_t findings_count(const struct findings *findings, enum severity severity); /* those that count */

/* For -o json and the report layer: [{path, valid, diagnostics: [...], silenced: [...]}], one entry a file. */
const struct value *findings_value(struct arena *arena, const struct findings *findings);

/* baseline.c: a file {"findings": [{rule, file, fingerprint, message}]} of what is known. Only what could be silenced is: an
 * error of the language stays one. Read before findings are added, it makes those that it has FINDING_KNOWN. */
int baseline_read(struct findings *findings, const char *path, struct error *err);
int baseline_write(const struct findings *findings, const char *path, struct error *err);
size_t baseline_gone(const struct findings *findings); /* how many of the baseline's were not found */
