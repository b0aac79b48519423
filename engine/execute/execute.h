/*
 * execute.h - plan, run and resume a runbook.
 */
#pragma once

#include "engine/execute/outcome.h"
#include "engine/journal/run_store.h"
#include "engine/plugin/action.h"
#include "engine/plugin/plugins.h"
#include "engine/runbook/runbook.h"

/* What is executed, with what. Everything is borrowed. */
struct execution {
	const struct runbook *runbook;
	const struct inventory *inventory;
	const struct plugins *plugins;
	const struct value *inputs;	/* converted (runbook_inputs) */
	const struct value *given;	/* as they were given: what is stored (a secret's name, not its value) */
	const struct value *digests;	/* {runbook, inventory, inputs, plugins: {name: digest}}, and commit if one was named */
	const char *commit;		/* the one that was named to be executed, or NULL: files are */
	const struct value *library;	/* which version it is (library/README.md), or NULL: it lies in no repository */
	const struct value *operator;	/* {user, uid, host, pid} */
	const struct value *plan;	/* to hold the run to, or NULL */
	const struct value *evidence;	/* {runbook: {name: earlier run}}, or NULL */
	const struct value *answers;	/* {step key: answer} given beforehand, or NULL */
	const struct value *amended;	/* {path, sha256} of the edited runbook with which a resume goes on, or NULL */
	const struct source *approvers; /* whose signatures count, as the repository's policy says; NULL: it does not */
	const struct source *revoked;	/* keys that do not, of the same policy; or NULL */
	const char *from;		/* start at this step (key or id), or NULL */
	bool terminal;			/* a person can be asked here */
	bool abandoning; /* execute_resume: nothing more is done but the `finally` of what was begun; the last record is the
			    caller's */
};

/* Walks without the right to apply. offline: nothing is even observed. */
int execute_plan(struct arena *arena, const struct execution *execution, bool offline, const struct value **ret_plan,
		 struct error *err);

/* A new run in a run directory that was just created, or (resume) the rest of one that was begun. listener sees every record
 * that is appended. *ret_outcome is OUTCOME_STOPPED when it has to be resumed later: err then says why. -1: it could not begin.
 */
struct execute_listener {
	void (*record)(void *context, const struct value *record);
	void *context;
};
int execute_run(const struct execution *execution, struct run *run, const struct execute_listener *listener,
		enum outcome *ret_outcome, struct error *err);
int execute_resume(const struct execution *execution, struct run *run, const struct journal_torn *torn,
		   const struct execute_listener *listener, enum outcome *ret_outcome, struct error *err);

/* Requests of the person at this terminal, while execute_run or execute_resume works: the same as those from the inbox. */
void execute_request(const struct value *request);

/* The key of a step before `from` (a step's key or id) that wants signatures and would be left out by beginning there; NULL:
 * none. */
const char *execute_gate_before(const struct runbook *runbook, const char *from);

/* Could the gates be judged that a new run certainly comes to? ERROR_INVALID: one wants not to be approved by who asks, and it
 * cannot be told who asks. */
int execute_check_gates(const struct execution *execution, struct error *err);

/* Digests of what would be executed, for plans and journals. */
const struct value *execute_digests(struct arena *arena, const struct execution *execution, const char *inventory_text,
				    size_t inventory_length);
