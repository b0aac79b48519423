/*
 * control.c - what people ask of a running run: answers, cancel, skip. From the inbox, from this terminal, by signals; each is
 * journaled before it counts.
 *
 * SIGINT once: cancel (finish the step, run finally). SIGINT again, or SIGTERM: stop here and now, resumably. SIGHUP: the
 * terminal is gone; the run goes on without it.
 */
#include <poll.h>
#include <signal.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/approval.h"
#include "engine/journal/inbox.h"

struct question {
	const char *step; /* instance key */
	const char *const *choices;
	size_t choices_count;
	struct approval *approval; /* it is answered by signatures; NULL: by a word */
};

struct control {
	struct interpreter *interpreter;
	struct inbox *inbox;
	struct fiber *inbox_fiber;
	struct fiber *signal_fiber;
	struct fiber **branches; /* those that walk the runbook: an immediate stop wakes them, whatever they wait for */
	size_t branches_count;
	struct signal_point changed;
	bool cancelled;
	bool stopping;
	struct table answers;	    /* step key -> the accepted request that was not taken yet */
	struct table skips;	    /* plain step key -> reason */
	struct value *skipped;	    /* the same in order, in the interpreter's arena */
	bool signing;		    /* signatures have been asked for: what they are over stays as it is */
	struct question *questions; /* that wait for a person now */
	size_t questions_count;
};

static struct control *active; /* the one run of this process, for execute_request */

struct request {
	const struct value *value;
	const char *step; /* its instance key, or NULL */
	const char *why;  /* not accepted, because; or NULL */
};

static bool names_step(const struct control *control, const char *asked, const char *key)
{
	const struct step *step = runbook_step(control->interpreter->execution->runbook, asked);
	CLEANUP_FREE char *plain = plain_key(key);
	return strcmp(asked, key) == 0 || strcmp(asked, plain) == 0 || (step && strcmp(step->key, plain) == 0);
}

static void accept_cancel(struct control *control, struct request *request)
{
	request->why = NULL;
	control->cancelled = true;
}

/* The question that is meant: the step's, or the only one. */
static const struct question *find_question(const struct control *control, const char *step)
{
	if (!step)
		return control->questions_count == 1 ? &control->questions[0] : NULL;
	for (size_t i = 0; i < control->questions_count; i++)
		if (names_step(control, step, control->questions[i].step))
			return &control->questions[i];
	return NULL;
}

static void accept_answer(struct control *control, struct request *request)
{
	const char *answer = value_get_text(request->value, "answer");
	const struct question *question = find_question(control, request->step);
	if (!question) {
		request->why = control->questions_count > 1 && !request->step ? "several steps wait: say which with --step"
									      : "no such step waits for an answer";
		return;
	}
	request->step = question->step;
	request->why = "it is none of the choices";
	if (question->approval && answer && strcmp(answer, "approve") == 0) {
		request->why = "a word is not enough to approve it: it wants signatures (standin approve)";
		return;
	}
	for (size_t i = 0; answer && i < question->choices_count; i++)
		if (strcmp(question->choices[i], answer) == 0)
			request->why = NULL;
	if (!request->why)
		table_put(&control->answers, question->step, value_copy(control->interpreter->arena, request->value));
}

/* The gate that is meant: the step's, or the only one that wants signatures. */
static struct approval *find_approval(const struct control *control, const char *step)
{
	struct approval *found = NULL;
	for (size_t i = 0; i < control->questions_count; i++) {
		struct approval *approval = control->questions[i].approval;
		if (!approval || (step && !names_step(control, step, approval->step)))
			continue;
		if (found)
			return NULL;
		found = approval;
	}
	return found;
}

static void accept_approve(struct control *control, struct request *request)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct approval *approval = find_approval(control, request->step);
	if (!approval) {
		request->why = "no such step waits for signatures";
		return;
	}
	request->step = approval->step;
	if (approval_take(control->interpreter, approval, request->value, &err) < 0)
		request->why = arena_strdup(control->interpreter->arena, error_text(&err));
}

static void put_skip(struct control *control, const char *step, const char *reason)
{
	CLEANUP_FREE char *plain = plain_key(step);
	struct arena *arena = control->interpreter->arena;
	table_put(&control->skips, plain, arena_printf(arena, "skipped by an operator: %s", reason));
	value_put(arena, control->skipped, arena_strdup(arena, plain), value_string(arena, arena_strdup(arena, reason)));
}

static void accept_skip(struct control *control, struct request *request)
{
	const char *reason = value_get_text(request->value, "reason");
	const struct step *step = request->step ? runbook_step(control->interpreter->execution->runbook, request->step) : NULL;
	bool signed_gate = (step && approval_gate(step)) || (request->step && find_approval(control, request->step));
	if (!reason || !*reason)
		request->why = "a reason is needed";
	else if (signed_gate)
		request->why = "it cannot be left out: signatures are wanted there";
	else if (control->signing)
		request->why =
			"signatures have been asked for, and what is signed is what is executed: cancel, or abandon the run "
			"and start one whose runbook leaves the step out";
	else if (!step && !(request->step && find_question(control, request->step)))
		request->why = "there is no such step";
	if (request->why)
		return;
	if (step)
		request->step = step->key;
	put_skip(control, request->step, reason);
}

static const struct {
	const char *name;
	void (*accept)(struct control *control, struct request *request);
} kinds[] = {{"cancel", accept_cancel}, {"answer", accept_answer}, {"skip", accept_skip}, {"approve", accept_approve}};

static const struct value *field(const struct value *map, const char *name)
{
	const struct value *value = value_get(map, name);
	return value ? value : value_null();
}

static void journal_request(struct control *control, const struct request *request)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	static const char *const copied[] = {"request", "reason", "answer", "by", "id"};
	struct value *fields = value_map(arena);
	for (size_t i = 0; i < COUNT_OF(copied); i++)
		value_put(arena, fields, copied[i], field(request->value, copied[i]));
	value_put(arena, fields, "step", request->step ? value_string(arena, request->step) : value_null());
	value_put(arena, fields, "accepted", value_bool(!request->why));
	value_put(arena, fields, "why", request->why ? value_string(arena, request->why) : value_null());
	record(control->interpreter, "request", fields, JOURNAL_SYNC);
}

static void handle(struct control *control, const struct value *value)
{
	struct request request = {
		.value = value, .step = value_get_text(value, "step"), .why = "it is no request that a run knows"};
	const char *name = value_get_text(value, "request");
	for (size_t i = 0; name && i < COUNT_OF(kinds); i++) {
		if (strcmp(kinds[i].name, name) != 0)
			continue;
		request.why = NULL;
		kinds[i].accept(control, &request);
	}
	journal_request(control, &request);
	loop_signal(&control->changed);
}

static void read_inbox(void *argument)
{
	struct control *control = argument;
	for (;;) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		const struct value *request;
		while ((request = inbox_next(control->inbox, arena))) {
			handle(control, request);
			inbox_done(control->inbox);
		}
		if (loop_wait_fd(inbox_fd(control->inbox), POLLIN, CLOCK_FOREVER, NULL) == LOOP_CANCELLED)
			return;
	}
}

static void request_cancel(struct control *control)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *request = value_map(arena);
	value_put(arena, request, "request", value_string(arena, "cancel"));
	value_put(arena, request, "reason", value_string(arena, "interrupted at the terminal"));
	value_put(arena, request, "by", control->interpreter->execution->operator);
	handle(control, request);
}

static void read_signals(void *argument)
{
	struct control *control = argument;
	for (;;) {
		int interrupts = loop_take_signal(SIGINT);
		if (loop_take_signal(SIGTERM) || interrupts > 1 || (interrupts && control->cancelled)) {
			control->stopping = true;
			for (size_t i = 0; i < control->branches_count; i++)
				fiber_cancel(control->branches[i]);
		} else if (interrupts)
			request_cancel(control);
		if (loop_take_signal(SIGHUP))
			record_note(control->interpreter, NULL, "the terminal is gone; the run goes on (standin attach)");
		loop_signal(&control->changed);
		if (loop_wait_signal(&loop_signals, CLOCK_FOREVER) == LOOP_CANCELLED)
			return;
	}
}

struct control *control_start(struct interpreter *interpreter, struct error *err)
{
	static const int watched[] = {SIGINT, SIGTERM, SIGHUP};
	struct control *control = memory_alloc(sizeof(*control));
	control->interpreter = interpreter;
	control->skipped = value_map(interpreter->arena);
	control->signing = interpreter->history && interpreter->history->gates_count;
	if (inbox_open(interpreter->run, &control->inbox, err) < 0) {
		free(control);
		return NULL;
	}
	control->cancelled = interpreter->execution->abandoning || (interpreter->history && interpreter->history->cancelled);
	for (size_t i = 0; interpreter->history && i < interpreter->history->skips_count; i++)
		put_skip(control, value_get_text(interpreter->history->skips[i], "step"),
			 value_get_text(interpreter->history->skips[i], "reason"));
	for (size_t i = 0; i < COUNT_OF(watched); i++)
		loop_watch_signal(watched[i]);
	control->inbox_fiber = fiber_start(read_inbox, control);
	control->signal_fiber = fiber_start(read_signals, control);
	active = control;
	interpreter->control = control;
	control_branch_begins(interpreter);
	return control;
}

static void end_fiber(struct fiber *fiber)
{
	while (!fiber_done(fiber)) {
		fiber_cancel(fiber);
		loop_yield();
	}
	fiber_join(fiber, CLOCK_FOREVER);
}

void control_end(struct control *control)
{
	active = NULL;
	end_fiber(control->inbox_fiber);
	end_fiber(control->signal_fiber);
	inbox_close(control->inbox);
	free(control->branches);
	free(control->questions);
	table_free(&control->answers);
	table_free(&control->skips);
	free(control);
}

void execute_request(const struct value *request)
{
	if (active)
		handle(active, request);
}

bool control_cancelled(const struct interpreter *interpreter)
{
	return interpreter->control->cancelled;
}

bool control_stopping(const struct interpreter *interpreter)
{
	return interpreter->control->stopping || interpreter->stop.code != ERROR_OK;
}

/* The rounds of a foreach are left out with their step: 3.1[0][2] with 3.1. */
const char *control_skip_reason(const struct interpreter *interpreter, const char *key)
{
	CLEANUP_FREE char *plain = plain_key(key);
	const char *reason = table_get(&interpreter->control->skips, plain);
	CLEANUP_FREE char *step = key_without_rounds(plain);
	return reason ? reason : table_get(&interpreter->control->skips, step);
}

void control_sign(struct interpreter *interpreter)
{
	interpreter->control->signing = true;
}

const struct value *control_skipped(const struct interpreter *interpreter)
{
	return interpreter->control->skipped;
}

const char *control_take_answer(const struct interpreter *interpreter, const char *key, const struct value **ret_by)
{
	struct control *control = interpreter->control;
	const struct value *request = table_get(&control->answers, key);
	if (!request)
		return NULL;
	table_put(&control->answers, key, NULL);
	if (value_get(request, "by"))
		*ret_by = value_get(request, "by");
	return value_get_text(request, "answer");
}

void control_waits_for(struct interpreter *interpreter, const struct attempt *attempt, const char *const *choices, size_t count)
{
	struct control *control = interpreter->control;
	size_t place = control->questions_count++;
	control->questions = memory_resize(control->questions, control->questions_count * sizeof(*control->questions));
	control->questions[place] = (struct question){
		.step = attempt->key, .choices = choices, .choices_count = count, .approval = attempt->approval};
}

void control_waits_no_more(struct interpreter *interpreter, const char *key)
{
	struct control *control = interpreter->control;
	for (size_t i = 0; i < control->questions_count; i++)
		if (control->questions[i].step == key)
			control->questions[i] = control->questions[--control->questions_count];
}

void control_branch_begins(struct interpreter *interpreter)
{
	struct control *control = interpreter->control;
	size_t place = control->branches_count++;
	control->branches = memory_resize(control->branches, control->branches_count * sizeof(struct fiber *));
	control->branches[place] = fiber_current();
}

void control_branch_ends(struct interpreter *interpreter)
{
	struct control *control = interpreter->control;
	for (size_t i = 0; i < control->branches_count; i++)
		if (control->branches[i] == fiber_current())
			control->branches[i] = control->branches[--control->branches_count];
}

struct signal_point *control_changed(const struct interpreter *interpreter)
{
	return &interpreter->control->changed;
}
