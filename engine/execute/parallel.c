/*
 * parallel.c - the steps of a block, and the rounds of their foreach, at once: each a fiber, at most so many of them.
 *
 * One that fails lets the others finish and starts no new ones. A resume goes on with all that had been begun. In a plan they
 * are walked one after the other, each from the overlay that stood at the start; two that change the same object are an error
 * there (and, found late, where they run: state.c).
 */
#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

struct branch {
	struct branches *all;
	const struct step *step;
	const char *key;
	const struct value *item; /* of its round of a foreach; NULL: not one of a foreach */
	struct scope scope;	  /* what became of its steps */
	enum outcome outcome;
	struct fiber *fiber;	       /* NULL: not begun, or ended */
	struct overlay_layers *layers; /* a plan: what it laid */
};

struct branches {
	struct interpreter *interpreter;
	const struct frame *frame;
	struct branch *items;
	size_t count, capacity;
	struct signal_point ended;
	enum outcome total;
};

/* --- what there is to do --- */

static void add(struct branches *branches, const struct step *step, const char *key, const struct value *item)
{
	struct branch *branch = arena_grow(branches->interpreter->arena, &branches->items, &branches->count,
					   &branches->capacity, sizeof(*branches->items));
	*branch = (struct branch){.all = branches, .step = step, .key = key, .item = item};
}

static void add_rounds(struct branches *branches, const struct step *step, const char *key)
{
	struct interpreter *interpreter = branches->interpreter;
	const struct value *items = value_unknown();
	struct error err = ERROR_NONE;
	if (walk_list(interpreter, step, branches->frame, key, &items, &err) < 0) {
		enum outcome outcome = interpreter->stop.code ? stop_now(interpreter, &err)
							      : walk_fail(interpreter, step, branches->frame, key, &err);
		branches->total = outcome_worse(branches->total, outcome);
		return;
	}
	if (items->type == VALUE_UNKNOWN) { /* a plan: one row stands for all */
		add(branches, step, key, NULL);
		return;
	}
	steps_put_rounds(interpreter, step, branches->frame, value_list(interpreter->arena)); /* there may be none */
	for (size_t i = 0; i < items->list.count; i++)
		add(branches, step, arena_printf(interpreter->arena, "%s[%zu]", key, i), items->list.items[i]);
}

static void collect(struct branches *branches, const struct block *block)
{
	branches->capacity = block->count; /* more only where there is a foreach */
	branches->items = arena_alloc(branches->interpreter->arena, block->count * sizeof(*branches->items));
	for (size_t i = 0; i < block->count; i++) {
		const char *key = arena_printf(branches->interpreter->arena, "%s.%zu", branches->frame->prefix, i + 1);
		if (block->steps[i].foreach)
			add_rounds(branches, &block->steps[i], key);
		else
			add(branches, &block->steps[i], key, NULL);
	}
}

static void walk_branch(struct branch *branch)
{
	struct interpreter *interpreter = branch->all->interpreter;
	struct frame frame = *branch->all->frame;
	if (branch->item)
		frame = walk_round_frame(branch->all->frame, branch->step, branch->item, &branch->scope);
	frame.scope = &branch->scope;
	branch->scope.outer = branch->all->frame->scope;
	branch->outcome = branch->item ? walk_round(interpreter, branch->step, &frame, branch->key)
				       : walk_step(interpreter, branch->step, &frame, branch->key);
}

/* Outputs become visible after the group; the rounds of a foreach in their order. */
static void publish(struct branches *branches)
{
	struct arena *arena = branches->interpreter->arena;
	for (size_t i = 0; i < branches->count;) {
		const struct step *step = branches->items[i].step;
		struct value *each = value_list(arena);
		bool rounds = branches->items[i].item;
		for (; i < branches->count && branches->items[i].step == step; i++) {
			if (rounds && step->id)
				value_append(arena, each, steps_round(branches->interpreter, step, &branches->items[i].scope));
			scope_close(&branches->items[i].scope, branches->frame->scope);
		}
		if (rounds)
			steps_put_rounds(branches->interpreter, step, branches->frame, each);
	}
}

/* --- planning --- */

static void report_conflict(struct branches *branches, const struct branch *branch, const char *object)
{
	struct interpreter *interpreter = branches->interpreter;
	const char *why = arena_printf(
		interpreter->arena, "another step of this parallel group changes %s too: put them one after the other", object);
	plan_group(interpreter, branch->step, branches->frame, branch->key, "conflict", "fail", why);
}

static void plan_branches(struct branches *branches)
{
	struct overlay *overlay = branches->interpreter->overlay;
	size_t mark = overlay_mark(overlay);
	struct table changed = {0};
	for (size_t i = 0; i < branches->count; i++) {
		struct branch *branch = &branches->items[i];
		walk_branch(branch);
		branch->layers = overlay_cut(overlay, mark);
		const char *object = overlay_conflict(&changed, branch->layers);
		if (object)
			report_conflict(branches, branch, object);
	}
	table_free(&changed);
	for (size_t i = 0; i < branches->count; i++)
		overlay_restore(overlay, branches->items[i].layers);
}

/* --- running --- */

static void run_branch(void *argument)
{
	struct branch *branch = argument;
	struct interpreter *interpreter = branch->all->interpreter;
	control_branch_begins(interpreter);
	machine_branches(interpreter, 1, 0);
	walk_branch(branch);
	machine_branches(interpreter, -1, 0);
	control_branch_ends(interpreter);
	loop_signal(&branch->all->ended);
}

static unsigned running(const struct branches *branches)
{
	unsigned count = 0;
	for (size_t i = 0; i < branches->count; i++)
		count += branches->items[i].fiber != NULL;
	return count;
}

static void reap(struct branches *branches)
{
	for (size_t i = 0; i < branches->count; i++) {
		struct branch *branch = &branches->items[i];
		if (!branch->fiber || !fiber_done(branch->fiber))
			continue;
		fiber_join(branch->fiber, CLOCK_FOREVER);
		branch->fiber = NULL;
		branches->total = outcome_worse(branches->total, branch->outcome);
	}
}

/* What an earlier process had begun may still run on its host: it is looked after, whatever has become of the others. */
static bool may_start(const struct branches *branches, const struct branch *branch)
{
	const struct interpreter *interpreter = branches->interpreter;
	if (history_has_begun(interpreter->history, branch->key) && !control_stopping(interpreter))
		return true;
	return outcome_is_good(branches->total) && !control_stopping(interpreter) &&
	       (!control_cancelled(interpreter) || branches->frame->finishing);
}

static void run_branches(struct branches *branches, unsigned max_concurrent)
{
	size_t next = 0;
	bool left_out = false;
	while (next < branches->count || running(branches)) {
		while (next < branches->count && running(branches) < max_concurrent) {
			struct branch *branch = &branches->items[next++];
			if (may_start(branches, branch))
				branch->fiber = fiber_start(run_branch, branch);
			else
				left_out = true;
		}
		if (!running(branches))
			continue;
		loop_wait_signal(&branches->ended, CLOCK_FOREVER); /* a cancelled wait looks again, too */
		reap(branches);
	}
	if (left_out && outcome_is_good(branches->total))
		branches->total = control_stopping(branches->interpreter) ? OUTCOME_STOPPED : OUTCOME_CANCELLED;
}

enum outcome parallel_walk(struct interpreter *interpreter, const struct block *block, const struct frame *frame,
			   unsigned max_concurrent)
{
	struct branches branches = {.interpreter = interpreter, .frame = frame, .total = OUTCOME_OK};
	collect(&branches, block);
	if (interpreter->power != POWER_APPLY) {
		plan_branches(&branches);
	} else if (outcome_is_good(branches.total)) {
		machine_branches(interpreter, -1, 0); /* this one only waits for the others */
		run_branches(&branches, max_concurrent);
		machine_branches(interpreter, 1, 0);
	}
	publish(&branches);
	return branches.total;
}
