/*
 * findings.h - what validate has found: in one file, as diagnostics that have left their document (file_findings.c); in all
 * files together, with a fingerprint that stays the same when lines above are added, and the mark whether they count
 * (findings.c).
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
	const char *line;	  /* of the place, as far as it tells one place from another; "" */
	const char *shown;	  /* as people read it; NULL: nobody asked for that */
	const char *fingerprint;  /* hexadecimal; of all files together */
	enum standing standing;
	const char *reason; /* of FINDING_SILENCED */
};

struct file_findings {
	const char *path; /* as seen from the working directory */
	struct finding *items;
	size_t count, capacity;
	size_t errors;	/* among them, and those that were dropped */
	size_t dropped; /* more than anybody reads */
};

enum shown { SHOWN_NOT, SHOWN_PLAIN, SHOWN_COLOURED };

/* What the diagnostics of one file (sorted by diagnostics_sort) say, and those that are silenced (may be NULL). It keeps what
 * they keep, in their arena. */
void file_findings_make(const char *path, const struct diagnostics *diagnostics, const struct silenced_list *silenced,
			enum shown shown, struct file_findings *ret_findings);
/* As bytes for another process of this very program, and back: strings then are those of the bytes. The bytes must be whole. */
void file_findings_write(struct buffer *out, const struct file_findings *findings);
void file_findings_read(struct arena *arena, const char **bytes, struct file_findings *ret_findings);
/* A text or NULL among such bytes. */
void bytes_put_text(struct buffer *out, const char *text);
const char *bytes_get_text(const char **bytes);

/* ------------------------------------------------------------------------------------------------------ of all files together
 */

struct found_file {
	const char *path;
	const size_t *findings; /* their places among all */
	size_t count, capacity;
};

struct findings {
	struct arena *arena; /* borrowed: everything is kept there */
	struct finding *items;
	size_t count, capacity;
	struct found_file **files; /* that were looked at, in order */
	size_t files_count, files_capacity;
	struct table paths;	   /* path -> struct found_file */
	struct table fingerprints; /* those that are taken */
	struct table places;	   /* what is found where */
	struct table known;	   /* fingerprints of the baseline */
};

void findings_init(struct findings *findings, struct arena *arena);
void findings_free(struct findings *findings); /* not the arena */
/* Copies what was found in one file, and takes out of *file what does not count (silenced, or the baseline has it) and what is
 * there already (several files lead to the same place). */
void findings_add(struct findings *findings, struct file_findings *file);
bool findings_has_file(const struct findings *findings, const char *path);
size_t findings_count(const struct findings *findings, enum severity severity); /* those that count */

/* For -o json and the report layer: [{path, valid, diagnostics: [...], silenced: [...]}], one entry a file. */
const struct value *findings_value(struct arena *arena, const struct findings *findings);

/* baseline.c: a file {"findings": [{rule, file, fingerprint, message}]} of what is known. Only what could be silenced is: an
 * error of the language stays one. Read before findings are added, it makes those that it has FINDING_KNOWN. */
int baseline_read(struct findings *findings, const char *path, struct error *err);
int baseline_write(const struct findings *findings, const char *path, struct error *err);
size_t baseline_refused(const struct findings *findings); /* how many count, and a baseline does not take them */
size_t baseline_gone(const struct findings *findings);	  /* how many of the baseline's were not found */
