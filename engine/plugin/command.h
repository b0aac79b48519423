/*
 * command.h - one command of a manifest, compiled: what to run, how to read what it says, how to judge how it ended.
 *
 * Not what is run in the end: that needs a call's inputs (prepare.h).
 */
#pragma once

#include "engine/expression/template.h"

enum exit_meaning {
	EXIT_OK,     /* the output says what the state is */
	EXIT_ABSENT, /* the object is not there */
	EXIT_UNOBSERVABLE,
};

struct exit_rule {
	int64_t code; /* EXIT_ANY_OTHER for "*" */
	enum exit_meaning meaning;
};

#define EXIT_ANY_OTHER INT64_C(-1)

struct action_command {
	struct template *run;	      /* a list, or NULL: then there is a script */
	const char *script;	      /* text; never a template */
	struct template *environment; /* a map or null; NULL: none */
	struct template *input;	      /* text or null; NULL: none */
	struct template *via;	      /* a host id; NULL: the action's executor */
	struct template *become;      /* a bool; NULL: true, that is as the host says */

	struct exit_rule *exits;
	size_t exits_count;
	struct template *regex; /* text or null; NULL: none */
	bool pairs;
	bool json;
	const char *lines;	      /* an attribute's name, or NULL */
	const struct value *map;      /* captured text -> value, or NULL */
	const char *const *transient; /* NULL-terminated, or NULL */
	const char *const *fatal;     /* NULL-terminated, or NULL */
	struct template *set;	      /* a map; NULL: none */

	struct template *success; /* a map {exits, regex} or null; NULL: exit 0 */
	struct template *ignore;  /* a list of patterns or null; NULL: none */

	struct span at;
};

/* What the attributes of `result` are called beside the captured ones. */
#define RESULT_OUTPUT "stdout"
#define RESULT_ERRORS "stderr"
#define RESULT_EXIT   "exit"
