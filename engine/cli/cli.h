/*
 * cli.h - what the verbs share: their table, options, exit codes.
 *
 * One file a verb; main.c is the only place where everything meets. Only this layer prints and exits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/execute/outcome.h"

#define STANDIN_VERSION "0.1"

enum exit_code {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,     /* a step failed; finally has run */
	EXIT_INVALID = 2,    /* wrong usage, or a document that does not validate */
	EXIT_UNFINISHED = 3, /* the run stopped and can be resumed: unknown state, full disk, a question nobody could answer */
	EXIT_LOCKED = 4,     /* another run holds the lock, or works on it */
	EXIT_CANCELLED = 5,  /* a person cancelled it; finally has run */
	EXIT_REFUSED = 6,    /* the plan no longer holds, or the policy forbids it; nothing was done */
	EXIT_CORRUPT = 7,    /* a journal does not verify */
	EXIT_SYSTEM = 8,     /* the local system refused: file, permission, connection */
};

struct option {
	const char *name;     /* "input" for --input */
	char letter;	      /* 'i' for -i, or 0 */
	const char *argument; /* what to call its argument in the help, or NULL: it has none */
	const char *help;
};

#define OPTIONS_LIMIT	16
#define ARGUMENTS_LIMIT 1024
#define FORMATS_LIMIT	6

struct verb {
	const char *name;  /* "audit verify" has two words */
	const char *usage; /* behind the name: "RUNBOOK [options]" */
	const char *summary;
	const char *description;
	struct option options[OPTIONS_LIMIT]; /* ends with a NULL name */
	const char *formats[FORMATS_LIMIT];   /* what -o knows, the usual one first; NULL: text and json */
	const char *examples;		      /* lines "command  # comment" */
	size_t least, most;		      /* arguments that are no options */
	int (*run)(const struct verb *verb, int argc, char **argv);
};

extern const struct verb verb_validate, verb_explain, verb_fmt, verb_schema, verb_plan, verb_run, verb_resume, verb_attach,
	verb_answer, verb_cancel, verb_skip, verb_abandon, verb_runs, verb_show, verb_report, verb_audit_verify, verb_audit_key,
	verb_audit_list, verb_audit_search, verb_audit_show, verb_actions, verb_eval, verb_history, verb_diff, verb_approve;
extern const struct verb verb_replica_explain, verb_replica_define, verb_replica_connect, verb_replica_wait,
	verb_replica_status, verb_replica_points, verb_replica_sync, verb_replica_verify, verb_replica_pause,
	verb_replica_resume, verb_replica_disconnect, verb_replica_promote, verb_replica_restore, verb_replica_drop;

/* Parsed options: given by name, in order. */
struct options {
	const struct verb *verb;
	const char *names[64];
	const char *values[64];
	size_t count;
	const char *arguments[ARGUMENTS_LIMIT];
	size_t arguments_count;
	const char *format; /* of the verb's: the one that was asked for, or the usual one */
	bool json;	    /* it is json */
};

/* 0; or an exit code plus one to return at once (help was printed: EXIT_FINE + 1; wrong usage: EXIT_INVALID + 1). */
int options_parse(const struct verb *verb, int argc, char **argv, struct options *ret_options);
bool options_has(const struct options *options, const char *name);
const char *options_get(const struct options *options, const char *name); /* the last; NULL: not given */
/* {NAME: VALUE} of all --name NAME=VALUE. -1: one has no "=" (told). */
int options_pairs(const struct options *options, const char *name, struct arena *arena, const struct value **ret_map);

void verb_help(const struct verb *verb, FILE *out);
void verb_manual(const struct verb *verb, FILE *out); /* scdoc source of its man page */
void rules_manual(FILE *out);			      /* explain.c: that of standin-rules(7) */
void print_escaped(const char *text, FILE *out);      /* so that scdoc takes it as plain text */

/* What the last of the words may become, on stdout (complete.c). verb: the one that the first `words` of them name, or NULL. */
int complete(const struct verb *const *verbs, size_t count, const struct verb *verb, int words, int argc, char **argv);

/* Like fprintf, but nothing in it moves a cursor or sets a colour: control characters become visible escapes (lines stay). For
 * everything that holds text of a file, a host or a command line. */
void print_safely(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "standin: message" and "hint: ..." on stderr; the exit code that fits. Clears err. */
int tell_error(struct error *err);
void print_value(const struct value *value); /* as JSON, for -o json */
int exit_code_for(enum outcome outcome);

/* How a runbook is named, for the descriptions of the verbs that take one. */
#define NAMES_OF_RUNBOOKS                                                                                                      \
	"\nA runbook is PATH, PATH@REV or REPO//PATH@REV: the file as it lies there, or as it is in a commit (branch, tag, "   \
	"id), "                                                                                                                \
	"with all that it calls and uses."

/* Options that several verbs have. */
#define OPTION_INVENTORY                                                                                                       \
	{                                                                                                                      \
		"inventory", 'i', "FILE",                                                                                      \
			"the hosts (default: $STANDIN_INVENTORY, inventory.yaml beside the runbook or here, "                  \
			"/etc/standin/inventory.yaml)"                                                                         \
	}
#define OPTION_PLUGINS                                                                                                         \
	{                                                                                                                      \
		"plugins", 0, "FOLDER", "the plugins (default: $STANDIN_PLUGINS, or those that came with standin)"             \
	}
#define OPTION_OUTPUT                                                                                                          \
	{                                                                                                                      \
		"output", 'o', "FORMAT", "text (default) or json"                                                              \
	}
#define OPTION_STATE                                                                                                           \
	{                                                                                                                      \
		"state", 0, "FOLDER",                                                                                          \
			"where runs are kept (default: $STANDIN_STATE, /var/lib/standin, ~/.local/state/standin)"              \
	}
#define OPTION_ALLOW_DIRTY                                                                                                     \
	{                                                                                                                      \
		"allow-dirty", 0, NULL, "also if the work tree is not as it was committed; journaled"                          \
	}
#define OPTION_INPUT                                                                                                           \
	{                                                                                                                      \
		"input", 0, "NAME=VALUE", "an input of the runbook; may be given several times"                                \
	}
#define OPTION_ANSWER                                                                                                          \
	{                                                                                                                      \
		"answer", 0, "STEP=CHOICE", "answer a question of that step (key or id) beforehand"                            \
	}
