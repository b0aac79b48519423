/*
 * findings.h - what validate has found, for programs: each takes results, [{path, valid, diagnostics, silenced, known}] as
 * engine/lint/findings.h makes them.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/base/value.h"

/* SARIF 2.1.0 (OASIS). rules: [{id, severity, title, reason, fix, example}], all of them. What is silenced or known is there as
 * a suppressed result. */
void report_findings_sarif(struct buffer *out, const struct value *results, const struct value *rules, const char *version);

/* JUnit XML as Jenkins, GitLab and others read it: one suite a file, one case a finding; a file without any has one case that
 * passes. strict: warnings are failures as well; else they are told in the case's output. */
void report_findings_junit(struct buffer *out, const struct value *results, bool strict);

/* Workflow commands of GitHub (Gitea and Forgejo read them, too): one line a finding. */
void report_findings_github(struct buffer *out, const struct value *results);
