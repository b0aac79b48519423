/*
 * interpreter.h - the one interpreter, inside: what its files share. Who uses it includes execute.h.
 *
 * It walks a runbook (walk.c), step by step (step.c), and does what its power allows:
 *
 *   POWER_PURE     evaluates; nothing is run on any host (plan --offline)
 *   POWER_OBSERVE  observes, and lays what would be applied over it (plan)
 *   POWER_APPLY    observes, journals the intent, applies, observes (run, resume)
 *
 * In the first two, plan_row.c builds a row per step instance; there is no journal and no way to write. In the third, state.c,
 * task.c, probe.c and gate.c do the work; each asks the history first, so that resume is nothing but the same walk.
 */
#pragma once

#include "engine/base/loop.h"
#include "engine/base/table.h"
#include "engine/execute/execute.h"
#include "engine/execute/history.h"
#include "engine/execute/outcome.h"
#include "engine/plan/overlay.h"
#include "engine/plan/plan.h"

enum power { POWER_PURE, POWER_OBSERVE, POWER_APPLY };

/* The steps that have ended, as expressions see them. Each round of a foreach and each branch of a parallel group has its own
 * on top of what stood when it began, so that none sees another's; they are published when all of them have ended. */
struct scope {
	struct table steps; /* id -> struct value */
	const struct scope *outer;
};

struct invocation { /* a runbook that is being executed, with its own inputs and names: the run's own, or a call's */
	const struct runbook *runbook;
	const struct value *inputs;
	struct scope scope;
	bool preflighted;	       /* its preflight has been done */
	struct invocation *next;       /* all of this interpreter's */
	const struct value *run_value; /* what expressions in its `finally` see as run; NULL: the interpreter's */
};

struct interpreter {
	enum power power;
	const struct execution *execution; /* what to run, with what; borrowed */
	struct arena *arena;		   /* lives as long as the interpreter */
	struct invocation *invocations;
	struct table calls;	       /* instance key of a call -> its invocation */
	struct table done;	       /* instance key without attempts -> last step_finished record */
	const struct value *run_value; /* what expressions see as run */
	/* planning */
	struct overlay *overlay;
	struct plan_builder *plan;
	/* running */
	struct connections *connections; /* NULL: offline */
	struct plugin_processes *processes;
	struct run *run;	 /* borrowed */
	struct journal *journal; /* the run's */
	struct history *history; /* NULL: a new run */
	struct control *control;
	struct table baselines;		/* key without attempts -> token before an event wish's first apply */
	struct table predicted;		/* step key -> plan row, with --plan */
	struct table answered;		/* step key -> the prepared answer that was used up */
	int64_t machine_base;		/* machine time when this process began */
	int64_t process_start;		/* boottime */
	int64_t waited_before;		/* by earlier processes */
	int64_t waited;			/* by this process, for people */
	unsigned branches;		/* of the walk that go on at once: 1, more in a parallel group */
	unsigned asking;		/* how many of them wait for a person */
	int64_t idle_since;		/* boottime since which all of them do; -1: at least one works */
	struct table busy;		/* object -> key of the step that applies to it now */
	unsigned counts[OUTCOME_COUNT]; /* of the steps by how each ended at last */
	struct table counted;		/* of those that may be done again: instance key without attempts -> outcome's name */
	bool conflict;	   /* a step failed because another had changed its object: its groups are not tried again */
	struct error stop; /* why it has to stop (OUTCOME_STOPPED) */
	bool from_reached; /* --from: the step has come */
};

#define STEP_RESERVE ((size_t)256 * 1024) /* bytes that the journal must be able to take before a step begins */

struct frame {			   /* one level of nesting; inner ones inherit */
	const struct frame *outer; /* for names: NULL at the top of an invocation */
	struct invocation *invocation;
	struct scope *scope; /* where its steps are put */
	const char *prefix;  /* instance key of the block's owner with its block name: "", "preflight", "3#2", "3.rescue" */
	const char *block;   /* preflight, steps, rescue, finally */
	const char *as;	     /* name of the foreach item bound here, or NULL */
	const struct value *item;
	const struct host *host; /* the subject, or NULL */
	bool host_unknown;	 /* a plan: which host it will be cannot be known */
	const char *user;	 /* or NULL */
	int64_t deadline;	 /* machine time */
	unsigned depth;
	bool finishing;	   /* inside a finally: a cancel does not end it */
	bool rescuable;	   /* a group around it has a rescue: how its steps ended is kept for the round after that */
	bool repeatable;   /* a group around it may be tried again, or has a rescue */
	bool after_rescue; /* what ended well stays; what failed is observed again */
	bool contingent;   /* a plan: inside a rescue */
	bool maybe;	   /* a plan: an outer `if` or list is unknown */
	const char *why_maybe;
};

/* One attempt of an action step. */
struct attempt {
	const struct step *step;
	const struct frame *frame;
	const char *key;
	const struct action *action;
	unsigned number;     /* from 1 */
	struct arena *arena; /* freed when the attempt is over */
	struct call call;
	const char *name;	     /* as people read it */
	const char *object;	     /* or NULL */
	const struct value *desired; /* or NULL */
	int64_t started;	     /* machine time */
	int64_t deadline;	     /* machine time */
	/* what it comes to */
	struct observation before;
	struct observation after;
	bool has_before, has_after;
	const struct value *outputs;	 /* or NULL */
	struct value *evidence;		 /* list */
	const char *reason;		 /* or NULL */
	const struct value *answered_by; /* the operator who answered its question, or NULL */
	struct approval *approval;	 /* its question is answered by signatures (approval.h); NULL: by a word */
	struct error error;
};

/* environment.c - names in expressions */
struct names {
	struct interpreter *interpreter;
	const struct frame *frame;
	const struct value *result; /* or NULL */
	struct activation activation;
};
void names_init(struct names *names, struct interpreter *interpreter, const struct frame *frame, const struct value *result);
void steps_put(struct interpreter *interpreter, const struct step *step, const struct frame *frame, enum outcome outcome,
	       const struct value *outputs, const struct observation *before, const struct observation *after);
void steps_put_unknown(const struct step *step,
		       const struct frame *frame); /* a plan: it cannot be known what it will have been */
void steps_put_rounds(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
		      const struct value *rounds);
const struct value *steps_round(struct interpreter *interpreter, const struct step *step,
				const struct scope *scope); /* what the step was in that scope: an item of `each` */
void scope_close(struct scope *scope, struct scope *outer); /* all that it has goes to the outer one; freed */
enum truth { TRUTH_FALSE, TRUTH_TRUE, TRUTH_UNKNOWN };
int condition_test(struct interpreter *interpreter, const struct frame *frame, const struct template *condition,
		   const struct value *result, enum truth *ret_truth, struct error *err);
int text_evaluate(struct interpreter *interpreter, const struct frame *frame, const struct template *template,
		  const struct value *result, struct arena *arena, const char **ret_text,
		  struct error *err); /* unknown gives "?" */

/* clock: machine time. It stands still while every branch of the walk waits for a person. */
void machine_branches(struct interpreter *interpreter, int started, int asking); /* changes of the two counts */
int64_t machine_now(const struct interpreter *interpreter);
int64_t machine_to_boottime(const struct interpreter *interpreter, int64_t machine);

/* walk.c: blocks and rounds */
void walk_count(struct interpreter *interpreter, const struct frame *frame, const char *key, enum outcome outcome);
enum outcome outcome_worse(enum outcome total, enum outcome next);
enum outcome walk_step(struct interpreter *interpreter, const struct step *step, const struct frame *frame,
		       const char *key); /* all rounds */
enum outcome walk_round(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key);
/* The items of a step's foreach, journaled. An unknown list is possible in a plan. */
int walk_list(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
	      const struct value **ret_items, struct error *err);
struct frame walk_round_frame(const struct frame *outer, const struct step *step, const struct value *item,
			      struct scope *scope);

/* group.c: groups and calls */
enum outcome group_walk(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key);
struct invocation *invocation_new(struct interpreter *interpreter, const struct runbook *runbook, const struct value *inputs);
/* The preflights of all that a runbook calls, as far as their inputs are known at the start. */
enum outcome group_preflight_calls(struct interpreter *interpreter, const struct frame *frame);

/* parallel.c: a block's steps, and their rounds, at once */
enum outcome parallel_walk(struct interpreter *interpreter, const struct block *block, const struct frame *frame,
			   unsigned max_concurrent);

/* Between two attempts of a step or group: journals that there will be a next one, and waits. OK: go on with it. SKIPPED: the
 * reason is control_skip_reason's. STOPPED, CANCELLED. */
enum outcome retry_pause(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
			 unsigned next, const char *why);
/* May what has failed be tried again? */
bool retry_allowed(const struct interpreter *interpreter, const struct step *step, const struct frame *frame, unsigned number);
/* A step that could not even begin (its `if`, list or host does not evaluate): journaled as failed. Takes err. */
enum outcome walk_fail(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
		       struct error *err);
enum outcome walk_block(struct interpreter *interpreter, const struct block *block, const struct frame *frame);

/* known_secrets.c: reads again what a step gave that a resume takes from the journal. Nothing to do in a new run. */
int secrets_know_again(const struct interpreter *interpreter, const struct step *step, struct error *err);

/* step.c */
enum outcome step_walk(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key);
int output_is_open(const char *name, const struct value *value,
		   struct error *err); /* -1: it is secret, and cannot be journaled */

/* attempt.c */
int frame_resolve(struct interpreter *interpreter, const struct step *step, struct frame *frame, struct error *err);
struct attempt attempt_new(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
			   unsigned number); /* its time begins */
/* Fills call, name, object, desired. */
int attempt_prepare(struct interpreter *interpreter, struct attempt *attempt, struct error *err);
const struct value *attempt_result(struct attempt *attempt); /* what `result` is */
void attempt_free(struct attempt *attempt);
/* expectation.c: does its `expect` hold? -1: no, and err says what was observed instead. */
int attempt_expect(struct interpreter *interpreter, struct attempt *attempt, struct error *err);
enum outcome attempt_fail(struct attempt *attempt, struct error *err); /* takes err; FAILED */
/* The way to where the action is applied. */
struct connection *call_connection(const struct call *call);
void attempt_note_evidence(struct attempt *attempt, const struct evidence *evidence);
/* Observe once and note the evidence. deadline: machine time. */
int attempt_observe(struct interpreter *interpreter, struct attempt *attempt, int64_t deadline,
		    struct observation *ret_observation, struct error *err);

/* state.c, task.c, probe.c, gate.c: one attempt with POWER_APPLY */
enum outcome state_perform(struct interpreter *interpreter, struct attempt *attempt);
enum outcome task_perform(struct interpreter *interpreter, struct attempt *attempt);
enum outcome probe_perform(struct interpreter *interpreter, struct attempt *attempt);
enum outcome intrinsic_perform(struct interpreter *interpreter, struct attempt *attempt);
bool action_is_intrinsic(const struct action *action);
enum outcome attempt_wait(struct interpreter *interpreter, struct attempt *attempt,
			  int64_t nanoseconds); /* OK, or CANCELLED/STOPPED/SKIPPED */
/* A pause between two looks. Only an immediate stop or a skip ends it: a cancel lets the step finish. */
enum outcome attempt_pause(struct interpreter *interpreter, struct attempt *attempt);
/* Is this the walk after a rescue, over a step that had failed before it? */
bool failed_before_rescue(const struct interpreter *interpreter, const struct attempt *attempt);

/* Ask a person: *ret_answer is one of choices. FAILED: nobody can be asked (error filled), STOPPED, CANCELLED. */
enum outcome gate_ask(struct interpreter *interpreter, struct attempt *attempt, const char *gate, const char *message,
		      const char *const *choices, size_t count, bool closed_without_terminal, const char **ret_answer);

/* plan_row.c */
enum outcome plan_action(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key);
void plan_group(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
		const char *name, const char *verdict, const char *why);
void plan_skip(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
	       const char *why);

/* scopes.c - the named scope of an attempt's apply, and the hosts on which it may run */
struct scopes {
	struct interpreter *interpreter;
	struct attempt *attempt;
	char *name;		   /* owned */
	const struct value *hosts; /* ids, as they are journaled; NULL: nothing was intended yet */
};
void scopes_init(struct scopes *scopes, struct interpreter *interpreter, struct attempt *attempt); /* after attempt_prepare */
void scopes_free(struct scopes *scopes);
/* Journals the intent: something will be applied, on these hosts. */
int scopes_intend(struct scopes *scopes, const struct value *baseline);
/* On all hosts; once something was intended. See scope.h. */
int scopes_wait(const struct scopes *scopes, int64_t deadline, struct error *err);
int scopes_end(const struct scopes *scopes, int64_t deadline, struct error *err);

/* record.c - journal records. All return 0, or -1 with interpreter->stop filled. */
int record(struct interpreter *interpreter, const char *kind, struct value *fields, enum journal_durability durability);
struct value *record_fields(struct interpreter *interpreter, struct arena *arena, const char *key);
int record_started(struct interpreter *interpreter, const struct attempt *attempt);
int record_intent(struct interpreter *interpreter, const struct attempt *attempt, const struct scopes *scopes,
		  const struct value *baseline);
int record_scope(struct interpreter *interpreter, const struct attempt *attempt, const struct value *hosts);
int record_finished(struct interpreter *interpreter, const struct attempt *attempt, enum outcome outcome);
int record_skipped(struct interpreter *interpreter, const struct step *step, const struct frame *frame, const char *key,
		   unsigned number, const char *reason);
int record_group(struct interpreter *interpreter, const char *kind, const char *key, const char *name, unsigned number,
		 unsigned depth, enum outcome outcome, int64_t elapsed);
int record_retry(struct interpreter *interpreter, const char *key, unsigned next, unsigned attempts, int64_t delay,
		 const char *reason);
int record_list(struct interpreter *interpreter, const char *key, const struct value *items);
int record_note(struct interpreter *interpreter, const char *key, const char *text);
/* For done, where anybody will ask. */
void record_remember(struct interpreter *interpreter, const struct frame *frame, const char *key, const struct value *finished);
enum outcome stop_now(struct interpreter *interpreter, struct error *err); /* takes err; STOPPED */

/* control.c - requests of people: the inbox, the terminal, signals */
struct control *control_start(struct interpreter *interpreter, struct error *err);
void control_end(struct control *control);
/* The fiber that calls works on the run from now on (or no longer): an immediate stop wakes it. */
void control_branch_begins(struct interpreter *interpreter);
void control_branch_ends(struct interpreter *interpreter);
bool control_cancelled(const struct interpreter *interpreter);
bool control_stopping(const struct interpreter *interpreter);				 /* at once, resumably */
const char *control_skip_reason(const struct interpreter *interpreter, const char *key); /* NULL: not to be skipped */
const struct value *control_skipped(const struct interpreter *interpreter); /* plain step key -> reason, by request */
void control_sign(struct interpreter *interpreter); /* signatures are asked for: from now on no skip is accepted */
/* Each answer is given once; NULL: not answered yet. */
const char *control_take_answer(const struct interpreter *interpreter, const char *key, const struct value **ret_by);
void control_waits_for(struct interpreter *interpreter, const struct attempt *attempt, const char *const *choices,
		       size_t count);
void control_waits_no_more(struct interpreter *interpreter, const char *key);
struct signal_point *control_changed(const struct interpreter *interpreter); /* signalled when any of these may have changed */
