/*
 * execute.c - from the first record to the last: preflight, steps, finally.
 */
#include "engine/execute/execute.h"

#include <string.h>

#include "engine/base/fault.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/execute/approval.h"
#include "engine/plugin/processes.h"

/* What people should know about the process of a plugin. */
static void note_process(void *context, const char *text)
{
	struct interpreter *interpreter = context;
	if (interpreter->journal)
		record_note(interpreter, NULL, text);
}

static void interpreter_init(struct interpreter *interpreter, struct arena *arena, const struct execution *execution,
			     enum power power)
{
	*interpreter =
		(struct interpreter){.power = power, .execution = execution, .arena = arena, .branches = 1, .idle_since = -1};
	invocation_new(interpreter, execution->runbook, execution->inputs);
	interpreter->process_start = clock_boottime();
	if (power != POWER_PURE)
		interpreter->connections = connections_new(execution->inventory);
	interpreter->processes = plugin_processes_new(power == POWER_APPLY ? note_process : NULL, interpreter);
}

static void interpreter_free(struct interpreter *interpreter)
{
	for (struct invocation *invocation = interpreter->invocations; invocation; invocation = invocation->next)
		table_free(&invocation->scope.steps);
	table_free(&interpreter->calls);
	table_free(&interpreter->busy);
	table_free(&interpreter->done);
	table_free(&interpreter->counted);
	table_free(&interpreter->predicted);
	table_free(&interpreter->answered);
	table_free(&interpreter->baselines);
	overlay_free(interpreter->overlay);
	history_free(interpreter->history);
	error_clear(&interpreter->stop);
	plugin_processes_free(interpreter->processes);
	if (interpreter->connections)
		connections_free(interpreter->connections);
}

static struct frame top_frame(const struct interpreter *interpreter, const char *prefix, const char *block)
{
	return (struct frame){.invocation = interpreter->invocations,
			      .scope = &interpreter->invocations->scope,
			      .prefix = prefix,
			      .block = block,
			      .deadline = CLOCK_FOREVER};
}

static enum outcome walk_top(struct interpreter *interpreter, const struct block *block, const char *prefix, const char *name)
{
	struct frame frame = top_frame(interpreter, prefix, name);
	frame.finishing = strcmp(name, "finally") == 0;
	return walk_block(interpreter, block, &frame);
}

/* Its own, then those of what it calls: all before anything is changed. */
static enum outcome walk_preflights(struct interpreter *interpreter)
{
	enum outcome outcome = walk_top(interpreter, &interpreter->execution->runbook->preflight, "preflight", "preflight");
	if (!outcome_is_good(outcome))
		return outcome;
	struct frame frame = top_frame(interpreter, "", "preflight");
	return outcome_worse(outcome, group_preflight_calls(interpreter, &frame));
}

/* --- plan --- */

static const struct value *plan_header(struct arena *arena, const struct execution *execution, bool offline)
{
	const struct runbook *runbook = execution->runbook;
	struct value *header = value_map(arena);
	struct value *locks = value_list(arena);
	char created[CLOCK_TEXT_SIZE];
	clock_format_wall(clock_wall(), created);
	for (size_t i = 0; i < runbook->locks_count; i++)
		value_append(arena, locks, value_string(arena, runbook->locks[i]));
	value_put(arena, header, "standin_plan", value_int(arena, PLAN_VERSION));
	value_put(arena, header, "runbook", value_string(arena, runbook->name));
	value_put(arena, header, "kind", value_string(arena, runbook->kind));
	value_put(arena, header, "summary", runbook->summary ? value_string(arena, runbook->summary) : value_null());
	value_put(arena, header, "created", value_string(arena, created));
	value_put(arena, header, "offline", value_bool(offline));
	value_put(arena, header, "digests", execution->digests);
	value_put(arena, header, "inputs", execution->inputs);
	value_put(arena, header, "objectives", runbook->objectives);
	value_put(arena, header, "locks", locks);
	return header;
}

static const struct value *run_value(struct arena *arena, const struct execution *execution, const char *id,
				     const char *outcome)
{
	struct value *value = value_map(arena);
	value_put(arena, value, "id", id ? value_string(arena, id) : value_unknown());
	value_put(arena, value, "runbook", value_string(arena, execution->runbook->name));
	value_put(arena, value, "kind", value_string(arena, execution->runbook->kind));
	value_put(arena, value, "operator", execution->operator);
	value_put(arena, value, "outcome", outcome ? value_string(arena, outcome) : value_unknown());
	return value;
}

int execute_plan(struct arena *arena, const struct execution *execution, bool offline, const struct value **ret_plan,
		 struct error *err)
{
	(void)err;
	struct interpreter interpreter;
	interpreter_init(&interpreter, arena, execution, offline ? POWER_PURE : POWER_OBSERVE);
	interpreter.overlay = overlay_new(arena);
	interpreter.plan = plan_builder_new(arena);
	interpreter.run_value = run_value(arena, execution, NULL, NULL);
	walk_preflights(&interpreter);
	walk_top(&interpreter, &execution->runbook->steps, "", "steps");
	walk_top(&interpreter, &execution->runbook->finally, "finally", "finally");
	*ret_plan = plan_builder_finish(interpreter.plan, plan_header(arena, execution, offline));
	interpreter_free(&interpreter);
	return 0;
}

/* --- run --- */

struct outline {
	struct arena *arena;
	struct value *list;
	const struct value *step, *id, *uses, *depth; /* the keys of its maps, made once */
	const struct value *last_uses, *last_depth;   /* of the step before: often the same */
};

static bool outline_step(void *context, const struct step *step, unsigned depth)
{
	struct outline *outline = context;
	struct value *entry = value_map(outline->arena);
	value_put_key(outline->arena, entry, outline->step, value_string(outline->arena, step->key));
	value_put_key(outline->arena, entry, outline->id, step->id ? value_string(outline->arena, step->id) : value_null());
	if (step->uses && !value_is_text(outline->last_uses, step->uses))
		outline->last_uses = value_string(outline->arena, step->uses);
	if (!outline->last_depth || outline->last_depth->integer != depth)
		outline->last_depth = value_int(outline->arena, depth);
	value_put_key(outline->arena, entry, outline->uses, step->uses ? outline->last_uses : value_null());
	value_put_key(outline->arena, entry, outline->depth, outline->last_depth);
	value_append(outline->arena, outline->list, entry);
	return true;
}

static const struct value *plan_digest(struct arena *arena, const struct value *plan)
{
	char digest[HASH_HEX_SIZE];
	if (!plan)
		return value_null();
	const char *text = json_text(arena, plan);
	hash_hex(text, strlen(text), digest);
	return value_string(arena, digest);
}

static struct value *opened_fields(struct arena *arena, const struct execution *execution, const struct run *run)
{
	const struct runbook *runbook = execution->runbook;
	struct value *fields = value_map(arena);
	struct outline outline = {
		.arena = arena,
		.list = value_list(arena),
		.step = value_string(arena, "step"),
		.id = value_string(arena, "id"),
		.uses = value_string(arena, "uses"),
		.depth = value_string(arena, "depth"),
	};
	struct value *locks = value_list(arena);
	runbook_visit(runbook, outline_step, &outline);
	for (size_t i = 0; i < runbook->locks_count; i++)
		value_append(arena, locks, value_string(arena, runbook->locks[i]));
	value_put(arena, fields, "run", value_string(arena, run->id));
	value_put(arena, fields, "runbook", value_string(arena, runbook->name));
	value_put(arena, fields, "file", value_string(arena, runbook->source->name));
	value_put(arena, fields, "runbook_kind", value_string(arena, runbook->kind));
	value_put(arena, fields, "summary", runbook->summary ? value_string(arena, runbook->summary) : value_null());
	value_put(arena, fields, "operator", execution->operator);
	value_put(arena, fields, "inputs", execution->inputs);
	value_put(arena, fields, "objectives", runbook->objectives);
	value_put(arena, fields, "locks", locks);
	value_put(arena, fields, "digests", execution->digests);
	if (*run->manifest)
		value_put(arena, fields, "manifest", value_string(arena, run->manifest));
	value_put(arena, fields, "library", execution->library ? execution->library : value_null());
	value_put(arena, fields, "plan", plan_digest(arena, execution->plan));
	value_put(arena, fields, "from", execution->from ? value_string(arena, execution->from) : value_null());
	value_put(arena, fields, "outline", outline.list);
	return fields;
}

static void predict(struct interpreter *interpreter, const struct value *plan)
{
	const struct value *rows = value_get(plan, "rows");
	for (size_t i = 0; value_is(rows, VALUE_LIST) && i < rows->list.count; i++)
		table_put(&interpreter->predicted, value_get_text(rows->list.items[i], "step"), rows->list.items[i]);
}

/* What the runbook declares as its outputs; an output that cannot be told is null. */
static const struct value *run_outputs(struct interpreter *interpreter, enum outcome outcome)
{
	const struct runbook *runbook = interpreter->execution->runbook;
	struct frame frame = top_frame(interpreter, "", "steps");
	struct value *outputs = value_map(interpreter->arena);
	struct names names;
	names_init(&names, interpreter, &frame, NULL);
	for (size_t i = 0; i < runbook->outputs_count && outcome_is_good(outcome); i++) {
		const struct value *value = value_null();
		if (template_evaluate(runbook->outputs[i].value, &names.activation, interpreter->arena, &value, NULL, NULL) < 0)
			value = value_null();
		value_put(interpreter->arena, outputs, runbook->outputs[i].name, value);
	}
	return outputs;
}

static int finish(struct interpreter *interpreter, enum outcome outcome)
{
	struct arena *arena = interpreter->arena;
	struct value *fields = value_map(arena), *counts = value_map(arena);
	int64_t waited = interpreter->waited_before + interpreter->waited;
	for (int i = 0; i < OUTCOME_COUNT; i++)
		value_put(arena, counts, outcome_name((enum outcome)i), value_int(arena, interpreter->counts[i]));
	value_put(arena, fields, "outcome", value_string(arena, outcome_name(outcome)));
	value_put(arena, fields, "elapsed", value_int(arena, machine_now(interpreter)));
	value_put(arena, fields, "waited", value_int(arena, waited));
	value_put(arena, fields, "counts", counts);
	value_put(arena, fields, "outputs", run_outputs(interpreter, outcome));
	if (record(interpreter, "run_finished", fields, JOURNAL_SYNC) < 0)
		return -1;
	/* the index last: once it says closed, nothing is left to do */
	if (run_unlock_all(interpreter->run, &interpreter->stop) < 0)
		return -1;
	return run_index_closed(interpreter->run, outcome_name(outcome), &interpreter->stop);
}

static enum outcome walk_all(struct interpreter *interpreter)
{
	const struct execution *execution = interpreter->execution;
	const struct runbook *runbook = execution->runbook;
	enum outcome outcome = walk_preflights(interpreter);
	if (!outcome_is_good(outcome))
		return outcome; /* nothing was changed: there is nothing to put right */
	enum outcome steps = walk_top(interpreter, &runbook->steps, "", "steps");
	outcome = outcome == OUTCOME_CHANGED && steps == OUTCOME_OK ? outcome : steps;
	if (outcome == OUTCOME_STOPPED)
		return outcome;
	interpreter->run_value = run_value(interpreter->arena, execution, interpreter->run->id, outcome_name(outcome));
	enum outcome last = walk_top(interpreter, &runbook->finally, "finally", "finally");
	return last == OUTCOME_STOPPED || (outcome_is_good(outcome) && !outcome_is_good(last)) ? last : outcome;
}

/* Whatever else there is to do first, this comes after it. */
static void hint_resume(struct error *err, const char *run)
{
	char *first = take(err->hint);
	if (first && strstr(first, "standin resume"))
		error_hint(err, "%s", first);
	else if (first)
		error_hint(err, "%s; then: standin resume %s", first, run);
	else
		error_hint(err, "the run is not finished; go on with: standin resume %s", run);
	free(first);
}

static int walk_run(struct interpreter *interpreter, enum outcome *ret_outcome, struct error *err)
{
	interpreter->control = control_start(interpreter, err);
	if (!interpreter->control)
		return -1;
	enum outcome outcome = walk_all(interpreter);
	if (outcome != OUTCOME_STOPPED && !interpreter->execution->abandoning && finish(interpreter, outcome) < 0)
		outcome = OUTCOME_STOPPED;
	control_end(interpreter->control);
	*ret_outcome = outcome;
	if (outcome != OUTCOME_STOPPED)
		return 0;
	if (interpreter->stop.code == ERROR_OK)
		error_set(&interpreter->stop, ERROR_CANCELLED, "stopped by a signal");
	error_move(err, &interpreter->stop);
	hint_resume(err, interpreter->run->id);
	return 0;
}

static void attach_run(struct interpreter *interpreter, struct run *run, const struct execute_listener *listener)
{
	interpreter->run = run;
	interpreter->journal = run->journal;
	interpreter->run_value = run_value(interpreter->arena, interpreter->execution, run->id, "running");
	interpreter->from_reached = !interpreter->execution->from;
	predict(interpreter, interpreter->execution->plan);
	if (listener)
		journal_listen(run->journal, listener->record, listener->context);
}

static int record_opened(const struct execution *execution, struct run *run, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new(); /* of its own: the outline is as long as the runbook */
	const struct value *fields = opened_fields(arena, execution, run);
	if (journal_append(run->journal, "run_opened", fields, JOURNAL_SYNC, err) < 0)
		return -1;
	return run_index_opened(run, fields, err);
}

int execute_run(const struct execution *execution, struct run *run, const struct execute_listener *listener,
		enum outcome *ret_outcome, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct interpreter interpreter;
	interpreter_init(&interpreter, arena, execution, POWER_APPLY);
	attach_run(&interpreter, run, listener);
	int result = record_opened(execution, run, err);
	if (result == 0)
		result = walk_run(&interpreter, ret_outcome, err);
	interpreter_free(&interpreter);
	return result;
}

static int record_resumed(struct interpreter *interpreter, const struct journal_torn *torn, struct error *err)
{
	struct arena *arena = interpreter->arena;
	struct value *fields = value_map(arena), *cut = value_map(arena);
	value_put(arena, cut, "bytes", value_int(arena, (int64_t)torn->bytes));
	value_put(arena, cut, "digest", value_string(arena, torn->digest));
	value_put(arena, fields, "operator", interpreter->execution->operator);
	value_put(arena, fields, "torn", torn->bytes ? cut : value_null());
	value_put(arena, fields, "amended", interpreter->execution->amended ? interpreter->execution->amended : value_null());
	return journal_append(interpreter->journal, "resumed", fields, JOURNAL_SYNC, err);
}

/* Killed before its first record was written: it has not begun, so it begins now. */
static bool not_begun(const struct interpreter *interpreter)
{
	return !interpreter->history->opened;
}

int execute_resume(const struct execution *execution, struct run *run, const struct journal_torn *torn,
		   const struct execute_listener *listener, enum outcome *ret_outcome, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct interpreter interpreter;
	interpreter_init(&interpreter, arena, execution, POWER_APPLY);
	attach_run(&interpreter, run, listener);
	CLEANUP_FREE char *path = run_journal_path(run->store, run->id);
	int result = history_read(arena, path, &interpreter.history, err);
	if (result == 0) {
		interpreter.machine_base = interpreter.history->machine;
		interpreter.waited_before = interpreter.history->waited;
		if (execution->amended && approval_check_amended(&interpreter, err) < 0) {
			interpreter_free(&interpreter);
			return -1;
		}
		result = not_begun(&interpreter) ? journal_append(run->journal, "run_opened",
								  opened_fields(arena, execution, run), JOURNAL_SYNC, err)
						 : record_resumed(&interpreter, torn, err);
	}
	if (result == 0)
		result = walk_run(&interpreter, ret_outcome, err);
	interpreter_free(&interpreter);
	return result;
}
