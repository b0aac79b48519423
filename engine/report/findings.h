/*
 * findings.h - what validate has found, for programs: each takes results, [{path, valid, diagnostics, silenced, known}] as
 * engine/lint/findings.h makes them.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/value.h"

/* Forges take paths as seen from the top of the repository. Both absolute, without a slash at the end; "" is "/". */
struct sarif_root {
	const char *folder; /* that top; outside of any repository: here */
	const char *here;   /* what the results' relative paths are seen from */
};

/* SARIF 2.1.0 (OASIS). rules: [{id, severity, title, reason, fix, example}], all of them. What is silenced or known is there as
 * a suppressed result. */
void report_findings_sarif(struct buffer *out, const struct value *results, const struct value *rules,
			   const struct sarif_root *root, const char *version);

/* JUnit XML as Jenkins, GitLab and others read it: one suite a file, one case a finding; a file without any has one case that
 * passes. strict: warnings are failures as well; else they are told in the case's output. */
void report_findings_junit(struct buffer *out, const struct value *results, bool strict);

/* Workflow commands of GitHub (Gitea and Forgejo read them, too): one line a finding. */
void report_findings_github(struct buffer *out, const struct value *results);
