/*
 * ends.c - the actions of the replicator that concern both ends of a set at once: define, connect, drop. All others are
 * commands of the manifest.
 *
 * The engine reaches both hosts; this program asks it to look, to put the agent there, to hand each end the other's
 * certificate. From then on the ends know each other and need nobody.
 */
#include "engine/base/memory.h"
#include "plugins/replica/ends/restore.h"
#include "plugins/replica/ends/wait.h"
#include "plugins/replica/ends/work.h"

/* --- what is wished for --- */

/* That which both have; after a promote or a disconnect only a higher one is taken. */
static json_int_t wanted_term(const struct work *work)
{
	json_int_t source = seen_term(&work->seen[END_SOURCE]), target = seen_term(&work->seen[END_TARGET]);
	json_int_t term = source > target ? source : target;
	bool cut = is_promoted(work);
	for (enum end end = 0; end < ENDS; end++)
		cut = cut || strcmp(seen_state(&work->seen[end]), "disconnected") == 0;
	return term < 1 ? 1 : cut ? term + 1 : term;
}

static json_t *wanted_at(const struct work *work, enum end end)
{
	enum end other = end_other(end);
	return wanted_set(work->set, end, wanted_term(work), address_of(work, other), work->certificates[other]);
}

/* --- where an end is on its way, in one word or two --- */

static bool is_defined(const struct work *work, enum end end)
{
	if (!work->certificates[end_other(end)])
		return false;
	json_t *wanted = wanted_at(work, end);
	bool same = wanted_same(work->seen[end].set, wanted);
	json_decref(wanted);
	return same;
}

static const char *stage_of(const struct work *work, enum end end)
{
	const struct seen *seen = &work->seen[end];
	if (!seen->agent)
		return "no agent";
	if (!agent_digest || strcmp(seen->agent, agent_digest) != 0)
		return "another agent";
	if (!seen->certificate)
		return "not enrolled";
	if (!seen->set)
		return "not defined";
	if (end == END_TARGET && is_promoted(work))
		return restored(work) ? "promoted, and restored from" : "promoted";
	if (!is_defined(work, end))
		return "defined otherwise";
	return strcmp(seen_state(seen), "disconnected") == 0 ? "disconnected" : seen_running(seen) ? "running" : "stopped";
}

static json_t *state_of(const struct work *work, bool connects)
{
	json_t *state = json_object();
	for (enum end end = 0; end < ENDS; end++) {
		const char *stage = stage_of(work, end);
		bool stands =
			strcmp(stage, "running") == 0 || strcmp(stage, "stopped") == 0 || strcmp(stage, "disconnected") == 0;
		json_object_set_new(state, end_name(end), json_string(stands && !connects ? "defined" : stage));
	}
	json_object_set_new(state, "term", json_integer(wanted_term(work)));
	return state;
}

/* --- doing --- */

static bool define(struct work *work, enum end end)
{
	json_t *wanted = wanted_at(work, end);
	CLEANUP_FREE char *text = json_dumps(wanted, JSON_COMPACT);
	bool done = wanted_same(work->seen[end].set, wanted) ||
		    run(work, end, agent_argv("define", NULL), text, "cannot define the set", NULL);
	json_decref(wanted);
	return done;
}

/* A unit that runs goes on with what it was begun with. */
static bool stop(struct work *work, enum end end)
{
	return !seen_running(&work->seen[end]) || strcmp(stage_of(work, end), "running") == 0 ||
	       run(work, end, agent_argv("stop", set_name(work)), NULL, "cannot stop", NULL);
}

static bool start(struct work *work, enum end end)
{
	return strcmp(stage_of(work, end), "running") == 0 ||
	       run(work, end, agent_argv("start", set_name(work)), NULL, "cannot start", NULL);
}

static const struct stage {
	bool (*work)(struct work *work, enum end end);
	const char *text;
	bool connects; /* not for define */
} stages[] = {
	{stop, "stopping what was defined otherwise", false},
	{deploy, "putting the agent on both hosts", false},
	{enrol, "enrolling both ends", false},
	{define, "defining the set at both ends", false},
	{start, "starting", true},
};

static bool do_all(struct work *work, bool connects)
{
	static const enum end order[] = {END_TARGET, END_SOURCE}; /* who listens comes first */
	size_t count = sizeof(stages) / sizeof(*stages);
	for (size_t i = 0; i < count; i++) {
		standin_progress(work->call, stages[i].text, (double)i, (double)count);
		for (size_t k = 0; k < ENDS; k++)
			if ((connects || !stages[i].connects) && !work->call->cancelled && !stages[i].work(work, order[k]))
				return false;
	}
	return true;
}

static json_t *refuse_promoted(const struct work *work)
{
	CLEANUP_FREE char *text = memory_printf(
		"%s was promoted at %s (term %lld): what it holds is what counts, and connecting again would overwrite it",
		set_name(work), work->seen[END_TARGET].host, (long long)seen_term(&work->seen[END_TARGET]));
	return standin_failed(text, "restore the source first (replica.restore); then connect with `anew: true`");
}

/* It would wait, and the target stay promoted, for as long as nobody resumes it. */
static json_t *refuse_paused(const struct work *work)
{
	CLEANUP_FREE char *text = memory_printf("%s is paused at %s: it would send nothing, and the target stay promoted",
						set_name(work), work->seen[END_SOURCE].host);
	return standin_failed(text, "replica.resume first");
}

static json_t *apply(struct standin_call *call, bool connects)
{
	CLEANUP_WORK struct work work;
	json_t *answer;
	if (!agent_digest)
		return standin_failed("the agent, standin-agent, does not stand beside the plugin's program",
				      "was it built? see `make all`");
	if (look_at_both(call, &work, &answer) < 0) {
		CLEANUP_FREE char *why = strdup(json_string_value(json_object_get(answer, "unobservable")));
		json_decref(answer);
		return standin_failed(why, NULL);
	}
	if (is_promoted(&work) && !restored(&work) && !json_is_true(json_object_get(call->inputs, "anew")))
		return refuse_promoted(&work);
	if (connects && is_promoted(&work) && strcmp(seen_state(&work.seen[END_SOURCE]), "paused") == 0)
		return refuse_paused(&work);
	return do_all(&work, connects) ? standin_done(NULL) : work.failure ? work.failure : standin_unknown("it was cancelled");
}

static json_t *observe(struct standin_call *call, bool connects)
{
	CLEANUP_WORK struct work work;
	json_t *answer;
	return look_at_both(call, &work, &answer) < 0 ? answer : standin_state(state_of(&work, connects));
}

static json_t *observe_define(struct standin_call *call)
{
	return observe(call, false);
}

static json_t *apply_define(struct standin_call *call)
{
	return apply(call, false);
}

static json_t *observe_connect(struct standin_call *call)
{
	return observe(call, true);
}

static json_t *apply_connect(struct standin_call *call)
{
	return apply(call, true);
}

/* --- drop: the set is known at neither end --- */

static json_t *observe_drop(struct standin_call *call)
{
	CLEANUP_WORK struct work work;
	json_t *answer, *state = NULL;
	if (look_at_both(call, &work, &answer) < 0)
		return answer;
	for (enum end end = 0; end < ENDS; end++) {
		if (!work.seen[end].set)
			continue;
		state = state ? state : json_object();
		json_object_set_new(state, end_name(end), json_string(seen_state(&work.seen[end])));
	}
	return state ? standin_state(state) : standin_absent();
}

static json_t *apply_drop(struct standin_call *call)
{
	CLEANUP_WORK struct work work;
	json_t *answer;
	if (look_at_both(call, &work, &answer) < 0) {
		json_decref(answer);
		return standin_failed("an end cannot be looked at", "drop it when both answer");
	}
	for (enum end end = 0; end < ENDS; end++)
		if (work.seen[end].set &&
		    (!run(&work, end, agent_argv("stop", set_name(&work)), NULL, "cannot stop", NULL) ||
		     !run(&work, end, agent_argv("drop", set_name(&work)), NULL, "cannot drop the set", NULL)))
			return work.failure;
	return standin_done(NULL);
}

/* --- the commands, for a plan --- */

static void describe_agent(json_t *commands, const json_t *set, const char *verb, bool of_set, bool has_stdin)
{
	static const enum end order[] = {END_TARGET, END_SOURCE};
	for (size_t k = 0; k < ENDS; k++) {
		const char *host = json_string_value(json_object_get(set, end_name(order[k])));
		const char *name = of_set ? json_string_value(json_object_get(set, "name")) : NULL;
		json_array_append_new(commands, standin_command(host, agent_argv(verb, name), has_stdin));
	}
}

static json_t *describe(struct standin_call *call, const char *part)
{
	const json_t *set = json_object_get(call->inputs, "set");
	json_t *commands = json_array();
	if (strcmp(part, "observe") == 0) {
		for (enum end end = 0; end < ENDS; end++)
			json_array_append_new(
				commands, standin_command(json_string_value(json_object_get(set, end_name(end))),
							  look_argv(json_string_value(json_object_get(set, "name"))), false));
		return commands;
	}
	if (strcmp(call->action, "drop") == 0) {
		describe_agent(commands, set, "drop", true, false);
		return commands;
	}
	describe_agent(commands, set, "enroll", false, false);
	describe_agent(commands, set, "define", false, true);
	if (strcmp(call->action, "connect") == 0)
		describe_agent(commands, set, "start", true, false);
	return commands;
}

int main(void)
{
	static const struct standin_action actions[] = {
		{"define", observe_define, apply_define, NULL, describe},
		{"connect", observe_connect, apply_connect, NULL, describe},
		{"drop", observe_drop, apply_drop, NULL, describe},
		{"wait", wait_observe, wait_apply, NULL, wait_describe},
		{"restore", restore_observe, restore_apply, NULL, restore_describe},
		{0},
	};
	static const struct standin_plugin plugin = {STANDIN_PLUGIN_HEAD, .actions = actions, .start = agent_read};
	return standin_plugin_main(&plugin);
}
