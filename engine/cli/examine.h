/*
 * examine.h - what `standin validate` finds in one document, without a look at the others' findings.
 *
 * An examiner keeps what documents have in common. Several processes may examine, each with an examiner of its own.
 */
#pragma once

#include "engine/cli/load.h"
#include "engine/cli/since.h"
#include "engine/lint/findings.h"
#include "engine/lint/lint.h"

/* What runbooks in one folder have in common is read once, if nothing is wrong with it; else each tells what it is. */
struct common {
	struct loaded loaded;
	char *folder; /* owned; NULL: nothing is read yet */
};

struct examiner {
	const struct options *options; /* of validate */
	enum shown shown;
	struct lint_sets *sets;
	struct since since;
	struct common common;
};

struct examination {
	bool unchanged; /* as it was at --changed-since: nothing of it is to be told */
	struct file_findings
		inventory; /* lints of the inventory that was read for it; path NULL: none, or it was read before */
	struct file_findings own;
	const char *runbook;	     /* its name, if it is one of the work tree; else NULL */
	struct lint_started started; /* by the runbook */
	bool linted;
	struct loaded loaded; /* holds all of this, but for the inventory's, which the examiner has */
};

void examine(struct examiner *examiner, const char *path, struct examination *ret_examination);
/* Those that a runbook at this path uses; the examiner's, until it looks into another folder. NULL: something is wrong with
 * them. */
const struct plugins *examiner_plugins(struct examiner *examiner, const char *path);
void examination_free(struct examination *examination);
void examiner_free(struct examiner *examiner); /* not the arena of the sets */
