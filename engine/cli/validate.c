/*
 * validate.c - standin validate: is a runbook right, as far as can be told without any host. Documents are examined (examine.h)
 * by as many processes as there are CPUs; here is told, in the order of the documents, what they have found.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/examinations.h"
#include "engine/cli/paths.h"
#include "engine/library/repository.h"
#include "engine/lint/rules.h"
#include "engine/report/findings.h"
#include "engine/report/report.h"

struct validation {
	const struct options *options;
	struct examinations examinations;
	struct findings findings;
	size_t unchanged; /* how many are as at --changed-since */
	bool text;	  /* findings are printed, with their lines */
};

static void tell(const struct validation *validation, const struct file_findings *found)
{
	if (!validation->text)
		return;
	for (size_t i = 0; i < found->count; i++)
		fputs(found->items[i].shown, stderr);
	if (found->count && found->dropped)
		fprintf(stderr, "... and %zu more\n", found->dropped);
}

static void accept(struct validation *validation, struct file_findings *found)
{
	findings_add(&validation->findings, found);
	tell(validation, found);
}

/* An inventory's lints are told once, with the first runbook that it was read for. */
static void tell_examination(struct validation *validation, size_t item)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct examined examined;
	examinations_get(&validation->examinations, item, arena, &examined);
	if (examined.inventory.path && !findings_has_file(&validation->findings, examined.inventory.path))
		accept(validation, &examined.inventory);
	if (examined.unchanged) {
		validation->unchanged++;
		return;
	}
	accept(validation, &examined.own);
	if (validation->text && !examined.own.errors)
		print_safely(stdout, "%s: valid\n", value_text(validation->examinations.paths->list.items[item]));
}

static void print_json(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	json_format(&text, findings_value(arena, findings), JSON_INDENTED);
	puts(buffer_text(&text));
}

/* The work tree that we are in; none: the folder that we are in. */
static struct sarif_root root_of(struct arena *arena)
{
	struct repository *repository = NULL;
	char here[PATH_MAX] = "";
	struct sarif_root root = {
		.here = arena_strdup(arena, getcwd(here, sizeof(here)) && strcmp(here, "/") != 0 ? here : "")};
	root.folder = root.here;
	if (repository_find(".", &repository, NULL) == 0 && repository && !repository_is_bare(repository))
		root.folder = arena_strdup(arena, repository_folder(repository));
	repository_close(repository);
	return root;
}

static void print_sarif(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	const struct sarif_root root = root_of(arena);
	report_findings_sarif(&text, findings_value(arena, findings), rules_value(arena), &root, STANDIN_VERSION);
	fputs(buffer_text(&text), stdout);
}

static void print_junit(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_junit(&text, findings_value(arena, findings), false);
	fputs(buffer_text(&text), stdout);
}

static void print_junit_strict(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_junit(&text, findings_value(arena, findings), true);
	fputs(buffer_text(&text), stdout);
}

static void print_github(struct arena *arena, const struct findings *findings)
{
	CLEANUP_BUFFER struct buffer text = {0};
	report_findings_github(&text, findings_value(arena, findings));
	fputs(buffer_text(&text), stdout);
}

static const struct {
	const char *format;
	void (*print)(struct arena *arena, const struct findings *findings);
	void (*print_strict)(struct arena *arena, const struct findings *findings);
} outputs[] = {
	{"json", print_json, print_json},
	{"sarif", print_sarif, print_sarif},
	{"junit", print_junit, print_junit_strict},
	{"github", print_github, print_github},
};

static int end_baseline(struct validation *validation)
{
	struct error err = ERROR_NONE;
	const char *path = options_get(validation->options, "write-baseline");
	if (path && baseline_write(&validation->findings, path, &err) < 0)
		return tell_error(&err);
	size_t refused = path ? baseline_refused(&validation->findings) : 0;
	if (refused)
		print_safely(stderr,
			     "standin validate: %zu error%s not in the baseline: what stops every run cannot rest; mend %s, "
			     "validate ends "
			     "with 2 until then\n",
			     refused, refused == 1 ? " is" : "s are", refused == 1 ? "it" : "them");
	size_t gone = baseline_gone(&validation->findings);
	if (!path && gone)
		print_safely(stderr,
			     "standin validate: %zu of the baseline's findings are gone; write it anew with --write-baseline\n",
			     gone);
	return 0;
}

static int finish(struct validation *validation)
{
	const struct options *options = validation->options;
	CLEANUP_ARENA struct arena *arena = arena_new();
	bool strict = options_has(options, "strict");
	for (size_t i = 0; i < COUNT_OF(outputs); i++)
		if (strcmp(outputs[i].format, options->format) == 0)
			(strict ? outputs[i].print_strict : outputs[i].print)(arena, &validation->findings);
	int failed = end_baseline(validation);
	if (failed || options_has(options, "write-baseline"))
		return failed;
	bool invalid = findings_count(&validation->findings, SEVERITY_ERROR) ||
		       (strict && findings_count(&validation->findings, SEVERITY_WARNING));
	return invalid ? EXIT_INVALID : EXIT_FINE;
}

/* Each argument: a file, or a folder of them. In a folder, what is neither runbook nor inventory nor manifest is passed over.
 */
static const struct value *all_paths(struct arena *arena, const struct options *options)
{
	struct value *all = value_list(arena);
	for (size_t i = 0; i < options->arguments_count; i++) {
		const struct value *paths = paths_of(arena, options->arguments[i]);
		for (size_t k = 0; k < paths->list.count; k++)
			value_append(arena, all, paths->list.items[k]);
	}
	return all;
}

static int validate_all(struct validation *validation, unsigned jobs)
{
	struct error err = ERROR_NONE;
	if (examinations_make(&validation->examinations, jobs, &err) < 0)
		return tell_error(&err);
	for (size_t i = 0; i < validation->examinations.paths->list.count; i++)
		tell_examination(validation, i);
	return 0;
}

static int read_jobs(const struct options *options, unsigned *ret_jobs)
{
	const char *text = options_get(options, "jobs");
	char *end = NULL;
	unsigned long jobs = text ? strtoul(text, &end, 10) : 0;
	*ret_jobs = (unsigned)jobs;
	if (!text || (text[0] >= '1' && text[0] <= '9' && !*end && jobs <= 1000))
		return 0;
	print_safely(stderr, "standin validate: --jobs takes a number from 1 on, not '%s'\n", text);
	return EXIT_INVALID;
}

static int read_options(struct validation *validation, unsigned *ret_jobs)
{
	struct error err = ERROR_NONE;
	const char *baseline = options_get(validation->options, "baseline");
	if (baseline && baseline_read(&validation->findings, baseline, &err) < 0)
		return tell_error(&err);
	return read_jobs(validation->options, ret_jobs);
}

static enum shown shown_as(bool text)
{
	return !text ? SHOWN_NOT : report_style_for(stderr).colour ? SHOWN_COLOURED : SHOWN_PLAIN;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	unsigned jobs;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct validation validation = {.options = &options, .text = strcmp(options.format, "text") == 0};
	validation.examinations.examiner = (struct examiner){.options = &options,
							     .shown = shown_as(validation.text),
							     .sets = lint_sets_new(arena),
							     .since = {.rev = options_get(&options, "changed-since")}};
	findings_init(&validation.findings, arena);
	int result = read_options(&validation, &jobs);
	if (!result) {
		validation.examinations.paths = all_paths(arena, &options);
		result = validate_all(&validation, jobs);
	}
	if (!result)
		result = finish(&validation);
	if (validation.text && validation.unchanged)
		print_safely(stdout, "%zu as at %s: left out\n", validation.unchanged,
			     validation.examinations.examiner.since.rev);
	examinations_free(&validation.examinations);
	findings_free(&validation.findings);
	return result;
}

const struct verb verb_validate = {
	.name = "validate",
	.usage = "PATH... [options]",
	.summary = "check runbooks without touching any host",
	.description =
		"Reads each runbook (or inventory, replication set, plugin.yaml, or .standin/policy.yaml; of a folder, all of "
		"them), checks its shape, its names, its expressions, and each step against the action that it uses; then it "
		"lints: what an interpreter can know would go wrong. All problems are shown at once; `standin explain RULE` "
		"tells "
		"more of each.\n"
		"With an inventory (found or given), hosts and secrets are checked too." NAMES_OF_RUNBOOKS "\n"
		"A finding that is as it should be is silenced at its step, with the reason: lint: {ignore: [{rule: RULE, "
		"reason: TEXT}]}. A baseline keeps those that were there before, but for errors that stop every run.\n"
		"With -o json, sarif, junit or github it prints to the standard output.\n"
		"Exit codes: 0 no errors (there may be warnings); 2 errors, or warnings with --strict, or wrong usage; 8 a "
		"baseline "
		"that cannot be read or written, or a process of its own that died.",
	.options = {OPTION_INVENTORY,
		    OPTION_PLUGINS,
		    {"output", 'o', "FORMAT", "text (default), json, sarif, junit or github"},
		    OPTION_CHANGED_SINCE,
		    {"jobs", 0, "N", "by how many processes (default: one a CPU, few for few documents)"},
		    {"strict", 0, NULL, "warnings fail, too"},
		    {"baseline", 0, "FILE", "findings that this file has do not count"},
		    {"write-baseline", 0, "FILE",
		     "write what is found to this file; ends with 0, and tells of errors that it does not take"}},
	.formats = {"text", "json", "sarif", "junit", "github"},
	.examples = "  standin validate runbooks/mail/*.yaml\n"
		    "  standin validate runbooks --strict -o junit              # a whole folder, for a CI job\n"
		    "  standin validate runbooks --write-baseline lint.json     # begin with what is there\n"
		    "  standin validate runbooks --baseline lint.json           # only what is new\n"
		    "  standin validate runbooks --changed-since origin/main    # what a change request touches\n"
		    "  standin validate plugins/service/plugin.yaml\n"
		    "  standin validate .standin/policy.yaml\n"
		    "  standin validate -i lab.yaml -o json failover.yaml\n",
	.least = 1,
	.most = ARGUMENTS_LIMIT,
	.run = run,
};
