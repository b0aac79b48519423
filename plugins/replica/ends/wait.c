/*
 * wait.c - both ends are asked: after a connect the source still remembers the point of an earlier term, and the target that it
 * was promoted.
 */
#include "plugins/replica/ends/wait.h"

#include "engine/base/memory.h"

static bool is_idle(const struct seen *seen)
{
	return strcmp(seen_state(seen), "idle") == 0;
}

static const json_t *of(const struct work *work, enum end end, const char *key)
{
	return json_object_get(work->seen[end].status, key);
}

static bool same(const struct work *work, const char *key)
{
	const json_t *source = of(work, END_SOURCE, key), *target = of(work, END_TARGET, key);
	return source && target && json_equal(source, target);
}

static bool is_ready(const struct work *work)
{
	const json_t *limit = json_object_get(work->call->inputs, "age");
	bool young = !json_is_number(limit) || json_number_value(of(work, END_TARGET, "age")) <= json_number_value(limit);
	return is_idle(&work->seen[END_SOURCE]) && is_idle(&work->seen[END_TARGET]) && same(work, "point") &&
	       same(work, "term") && json_integer_value(of(work, END_TARGET, "generation")) > 0 && young;
}

/* Does trying again not help? The agent goes on trying whatever it was. */
static bool is_lasting(const struct work *work)
{
	static const char *const passing[] = {"connection", "timeout", "locked", "cancelled"};
	const char *code = json_string_value(of(work, END_SOURCE, "code"));
	if (strcmp(seen_state(&work->seen[END_SOURCE]), "failed") != 0)
		return false;
	for (size_t i = 0; code && i < sizeof(passing) / sizeof(*passing); i++)
		if (strcmp(code, passing[i]) == 0)
			return false;
	return true;
}

static void put(json_t *state, const char *key, const json_t *value)
{
	if (value && !json_is_null(value))
		json_object_set(state, key, (json_t *)value);
}

json_t *wait_observe(struct standin_call *call)
{
	CLEANUP_WORK struct work work;
	json_t *answer;
	if (look_at_both(call, &work, &answer) < 0)
		return answer;
	json_t *state = json_pack("{sb,ss,ss}", "ready", (int)is_ready(&work), "source", seen_state(&work.seen[END_SOURCE]),
				  "target", seen_state(&work.seen[END_TARGET]));
	put(state, "generation", of(&work, END_TARGET, "generation"));
	put(state, "age", of(&work, END_TARGET, "age"));
	put(state, "progress", of(&work, END_SOURCE, "progress"));
	put(state, "error", of(&work, END_SOURCE, "error"));
	answer = standin_state(state);
	if (is_lasting(&work))
		json_object_set_new(answer, "fatal", json_true());
	return answer;
}

/* What the source could not do may be possible by now (a store that was not mounted): it is asked to try at once, and what it
 * says then is true of now. */
json_t *wait_apply(struct standin_call *call)
{
	CLEANUP_WORK struct work work;
	json_t *answer;
	if (look_at_both(call, &work, &answer) < 0) {
		json_decref(answer);
		return standin_done(NULL); /* what follows is a look, which says why */
	}
	if (is_lasting(&work) && !run(&work, END_SOURCE, agent_argv("sync", set_name(&work)), NULL, "trying again", NULL))
		return json_incref(work.failure);
	return standin_done(NULL);
}

json_t *wait_describe(struct standin_call *call, const char *part)
{
	const json_t *set = json_object_get(call->inputs, "set");
	json_t *commands = json_array();
	for (enum end end = 0; strcmp(part, "observe") == 0 && end < ENDS; end++)
		json_array_append_new(commands,
				      standin_command(json_string_value(json_object_get(set, end_name(end))),
						      look_argv(json_string_value(json_object_get(set, "name"))), false));
	return commands;
}
