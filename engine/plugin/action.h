/*
 * action.h - one call of an action: what it would run, observing, applying. It judges nothing but what commands said.
 */
#pragma once

#include "engine/connection/connection.h"
#include "engine/plugin/plugins.h"

#define CONTROLLER_ID "controller"

/* The engine's own machine, by a local connection: where a call without executor runs. It stands in no inventory. */
const struct host *action_controller(void);

struct plugin_processes; /* processes.h */

struct call {
	const struct action *action;
	const struct inventory *inventory;
	struct connections *connections;    /* NULL: nothing may be run (offline) */
	struct plugin_processes *processes; /* NULL: no process plugin is started */
	const struct host *subject;	    /* whom it is about; NULL for actions without a host */
	const struct host *executor;	    /* where it runs; NULL: the controller itself */
	const char *user;		    /* as whom to connect; NULL: the inventory's */
	const struct value *inputs;	    /* complete (action_inputs) */
	const char *run_id;
	/* May be NULL. Not called when an input is secret: pieces of a stream cannot be searched for secrets. */
	void (*on_output)(void *context, bool is_stderr, const char *data, size_t length);
	/* May be NULL. How far a process plugin says that it is: a map that may have text, done, total (protocol.h). */
	void (*on_progress)(void *context, const struct value *progress);
	/* May be NULL. A process plugin is about to run the first command of its apply's scope on that host. -1: it may not. */
	int (*on_scope)(void *context, const struct host *host, struct error *err);
	void *context;
};

enum observation_kind {
	OBSERVED_STATE,	       /* state is a map */
	OBSERVED_ABSENT,       /* the object is not there */
	OBSERVED_UNOBSERVABLE, /* nothing is known: why says the reason. Never evidence for anything */
};

struct observation {
	enum observation_kind kind;
	const struct value *state; /* OBSERVED_STATE: map of attributes (values may be unknown); else NULL */
	const char *why;
	bool transient;	   /* it passes by itself: wait */
	bool fatal;	   /* it does not pass by itself: waiting for it after an apply is no use */
	bool lost_contact; /* UNOBSERVABLE because the host could not be reached (not because of what it said) */
};

/* One command that was run, for the journal. Secret stdin never appears. */
struct evidence {
	const char *command; /* as a person would type it */
	int exit_code;	     /* -1: a signal, or not known */
	const char *signal;  /* or NULL */
	const char *output;  /* bounded, valid UTF-8; a cut is marked in the text with its length and digest */
	const char *errors;
	const struct value *output_value; /* the same text, but with the secrets in it, and secret then; NULL: the same */
	const struct value *errors_value;
	int64_t elapsed;
};

/* Replaces in call->inputs the names of replication sets (`replica: true`) by the sets. -1: there is none of that name. */
int action_name_sets(struct arena *arena, struct call *call, struct error *err);

/* Always gives an observation: a command that cannot be run makes it unobservable. -1 only for templates that fail
 * (ERROR_INVALID) and for ERROR_CANCELLED, ERROR_IDENTITY. Works in the arena. evidence may be NULL. */
int action_observe(struct arena *arena, const struct call *call, int64_t deadline, struct observation *ret_observation,
		   struct evidence *ret_evidence, struct error *err);

enum apply_result {
	APPLY_DONE,    /* it ended and its exit (for a task: by `success`) says that it went well */
	APPLY_FAILED,  /* it ended and says that it did not */
	APPLY_REFUSED, /* it certainly did not start: err says why */
	APPLY_UNKNOWN, /* contact was lost, or time ran out: err says which; whatever it did must be observed */
};

/* scope: the name it runs under. before may be NULL (then a template that reads it is refused). A task's outputs (what the
 * reading keys in its apply say) go to *ret_outputs, which may be NULL. For everything but APPLY_DONE err is filled. */
enum apply_result action_apply(struct arena *arena, const struct call *call, const struct observation *before,
			       const char *scope, int64_t deadline, struct evidence *ret_evidence,
			       const struct value **ret_outputs, struct error *err);

/* Text for an error: runs the platform's diagnose command if there is one. "" otherwise; never fails. */
const char *action_diagnose(struct arena *arena, const struct call *call, const struct observation *before, int64_t deadline);

/* The host on which a manifest's apply runs. NULL: none is known before; what a process plugin asks for is told by on_scope. */
const struct host *action_apply_host(struct arena *arena, const struct call *call);

enum action_part { PART_OBSERVE, PART_APPLY };
/* The exact command lines as list of strings (unknown parts shown as ?); empty where there is none. What goes to stdin is told
 * behind it: "# stdin: 12 bytes", "# stdin: ?", "# stdin: •••". */
int action_command_texts(struct arena *arena, const struct call *call, enum action_part part, const struct observation *before,
			 const struct value **ret_texts, struct error *err);

/* Templates of the action over this call: object key (NULL: none), desired (NULL: none), effect, touches, leaves. Unknown
 * inputs give VALUE_UNKNOWN parts; an unknown effect is the worst one, with *ret_known false. A result that is tainted is an
 * error. */
int action_object(struct arena *arena, const struct call *call, const struct value **ret_key, struct error *err);
int action_desired(struct arena *arena, const struct call *call, const struct value **ret_desired, struct error *err);
int action_effect(struct arena *arena, const struct call *call, enum action_effect *ret_effect, bool *ret_known,
		  struct error *err);
bool action_repeatable(struct arena *arena, const struct call *call); /* a task in doubt may simply be done again */
int action_touches(struct arena *arena, const struct call *call, const struct value **ret_patterns, struct error *err);
int action_leaves(struct arena *arena, const struct call *call, const struct value **ret_attributes, struct error *err);
/* What a plan says of a change from `before`. NULL: nothing, or it cannot be known now. */
const char *action_note(struct arena *arena, const struct call *call, const struct observation *before);
/* The attribute that an event wish is about. NULL: no event wish; a `when` that is not known counts as true. */
int action_event(struct arena *arena, const struct call *call, const char **ret_token, struct error *err);
/* The id of the host on which the action runs by itself (from `via`); NULL: the subject; "controller" for the engine's machine.
 */
int action_via(struct arena *arena, const struct call *call, const char **ret_host, struct error *err);
