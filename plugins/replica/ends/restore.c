/*
 * restore.c - a set of its own in the other direction, for as long as the restore takes.
 */
#include "plugins/replica/ends/restore.h"

#include "engine/base/memory.h"

#define STORE_NAME "/.standin-restore" /* in the folder that is restored: on its file system */
#define KEEP_NAME  "/.standin-only-here"

struct restore {
	struct work *work;
	const char *folder;	   /* at the source */
	const char *tree;	   /* at the target */
	char *name, *store, *keep; /* owned */
	json_int_t kept;
};

static void restore_free(struct restore *restore)
{
	free(restore->name);
	free(restore->store);
	free(restore->keep);
}
#define CLEANUP_RESTORE __attribute__((cleanup(restore_free)))

/* --- is it done? --- */

static json_int_t promoted_term(const struct work *work)
{
	return json_integer_value(json_object_get(work->seen[END_TARGET].status, "term"));
}

bool restored(const struct work *work)
{
	const json_t *mark = work->seen[END_SOURCE].restored;
	const char *point = json_string_value(json_object_get(mark, "point"));
	const char *now = json_string_value(json_object_get(work->seen[END_TARGET].status, "point"));
	return mark && json_integer_value(json_object_get(mark, "term")) == promoted_term(work) && point && now &&
	       strcmp(point, now) == 0;
}

json_t *restore_observe(struct standin_call *call)
{
	CLEANUP_WORK struct work work;
	json_t *answer;
	if (look_at_both(call, &work, &answer) < 0)
		return answer;
	json_t *state = json_pack("{sb}", "restored", (int)(!is_promoted(&work) || restored(&work)));
	if (is_promoted(&work) && restored(&work)) {
		json_object_set(state, "kept", json_object_get(work.seen[END_SOURCE].restored, "kept"));
		json_object_set(state, "keep", json_object_get(work.seen[END_SOURCE].restored, "keep"));
	}
	return standin_state(state);
}

/* --- the steps --- */

static json_t *opposite(const struct restore *restore, enum end end)
{
	struct work *work = restore->work;
	enum end other = end_other(end);
	bool moves = strcmp(standin_input(work->call, "orphans"), "move") == 0;
	json_t *orphans = json_pack("{ss}", "mode", moves ? "move" : "delete");
	return json_pack("{ss,ss,si,s[{ss,ss}],sO,sO*,so,ss,s{ss,sO,ss}}", "set", restore->name, "role",
			 end == END_TARGET ? "source" : "target", "term", 1, "sources", "path", restore->tree, "to", "",
			 "rules", json_object_get(work->set, "rules"), "owners", json_object_get(work->set, "owners"),
			 "orphans", orphans, "store", restore->store, "peer", "address", address_of(work, other), "port",
			 json_object_get(work->set, "port"), "certificate", work->certificates[other]);
}

static bool define_opposite(struct restore *restore)
{
	static const enum end order[] = {END_SOURCE, END_TARGET}; /* who listens comes first */
	bool done = true;
	for (size_t i = 0; done && i < ENDS; i++) {
		json_t *set = opposite(restore, order[i]);
		CLEANUP_FREE char *text = json_dumps(set, JSON_COMPACT);
		done = run(restore->work, order[i], agent_argv("define", NULL), text, "cannot define the way back", NULL);
		json_decref(set);
	}
	return done;
}

static bool enrol_both(struct restore *restore)
{
	struct work *work = restore->work;
	return deploy(work, END_SOURCE) && enrol(work, END_SOURCE) && enrol(work, END_TARGET);
}

/* What the source's agent would read is about to be moved. */
static bool stop_source(struct restore *restore)
{
	return run(restore->work, END_SOURCE, agent_argv("stop", set_name(restore->work)), NULL, "cannot stop the set", NULL);
}

static bool adopt(struct restore *restore)
{
	return run(restore->work, END_SOURCE,
		   json_pack("[ssssss]", AGENT_PATH, "adopt", "--root", restore->folder, "--store", restore->store), NULL,
		   "cannot take the folder over", NULL);
}

static bool transfer(struct restore *restore)
{
	return run(restore->work, END_SOURCE, agent_argv("start", restore->name), NULL, "cannot start", NULL) &&
	       run(restore->work, END_TARGET, agent_argv("sync", restore->name), NULL, "cannot send what differs", NULL);
}

static bool promote(struct restore *restore)
{
	return run(restore->work, END_SOURCE,
		   json_pack("[ssssss]", AGENT_PATH, "promote", "--store", restore->store, "--term", "2"), NULL,
		   "cannot complete the store", NULL);
}

static bool release(struct restore *restore)
{
	CLEANUP_FREE char *said = NULL;
	json_t *argv = json_pack("[ssssssss]", AGENT_PATH, "release", "--root", restore->folder, "--store", restore->store,
				 "--aside", restore->keep);
	if (!run(restore->work, END_SOURCE, agent_argv("stop", restore->name), NULL, "cannot stop", NULL) ||
	    !run(restore->work, END_SOURCE, argv, NULL, "cannot put what has come in its place", &said))
		return false;
	json_t *answer = json_loads(said, 0, NULL);
	restore->kept = json_integer_value(json_object_get(answer, "kept"));
	json_decref(answer);
	return true;
}

static bool drop_opposite(struct restore *restore)
{
	return run(restore->work, END_SOURCE, agent_argv("drop", restore->name), NULL, "cannot drop the way back", NULL) &&
	       run(restore->work, END_TARGET, agent_argv("drop", restore->name), NULL, "cannot drop the way back", NULL);
}

static bool mark(struct restore *restore)
{
	static const char KEEP[] =
		"umask 077; folder=/var/lib/standin-agent/sets/$1; mkdir -p \"$folder\"; cat >\"$folder/restored.new\"\n"
		"sync \"$folder/restored.new\"; mv -f \"$folder/restored.new\" \"$folder/restored\"";
	struct work *work = restore->work;
	json_t *status = work->seen[END_TARGET].status;
	json_t *what = json_pack("{sI,sO,sI,ss}", "term", promoted_term(work), "point", json_object_get(status, "point"),
				 "kept", restore->kept, "keep", restore->keep);
	CLEANUP_FREE char *text = json_dumps(what, JSON_COMPACT);
	json_decref(what);
	return run(work, END_SOURCE, json_pack("[ssssss]", "sh", "-e", "-c", KEEP, "sh", set_name(work)), text,
		   "cannot note that it is restored", NULL);
}

static const struct {
	bool (*work)(struct restore *restore);
	const char *text;
	bool sends; /* not when the store was complete already */
} steps[] = {
	{enrol_both, "enrolling", true},
	{stop_source, "stopping the set", true},
	{adopt, "taking the folder over", true},
	{define_opposite, "defining the way back", true},
	{transfer, "sending what differs", true},
	{promote, "completing", true},
	{release, "putting it in its place", false},
	{drop_opposite, "tidying up", false},
	{mark, "noting it", false},
};

/* Was an earlier try as far as that all has arrived? */
static bool is_complete(struct restore *restore)
{
	json_t *options = json_pack("{sb}", "scope", 0);
	json_t *ran = standin_run(restore->work->call, restore->work->seen[END_SOURCE].host,
				  json_pack("[ssss]", AGENT_PATH, "status", "--store", restore->store), options);
	const char *said = json_string_value(json_object_get(ran, "stdout"));
	json_t *status = said ? json_loads(said, 0, NULL) : NULL;
	const char *state = json_string_value(json_object_get(status, "state"));
	bool complete = state && strcmp(state, "promoted") == 0;
	json_decref(status);
	json_decref(ran);
	json_decref(options);
	return complete;
}

/* What can not be restored so; NULL: it can. New reference. */
static json_t *refused(struct restore *restore)
{
	struct work *work = restore->work;
	const json_t *paths = json_object_get(work->set, "paths");
	if (!is_promoted(work))
		return standin_failed("the target was not promoted: there is nothing to restore", NULL);
	if (json_array_size(paths) != 1 || json_is_string(json_object_get(work->set, "device")))
		return standin_failed("only a set of one folder is restored",
				      "copy it by hand, then connect with `anew: true`");
	restore->folder = json_string_value(json_object_get(json_array_get(paths, 0), "path"));
	restore->tree = json_string_value(json_object_get(work->seen[END_TARGET].status, "path"));
	if (!restore->tree)
		return standin_failed("the target has no recovery point", NULL);
	const char *id = json_string_value(json_object_get(work->call->message, "run"));
	restore->name = memory_printf("%s-restore", set_name(work));
	restore->store = memory_printf("%s" STORE_NAME, restore->folder);
	restore->keep = memory_printf("%s" KEEP_NAME "/%s", restore->folder, id ? id : "restore");
	return NULL;
}

json_t *restore_apply(struct standin_call *call)
{
	CLEANUP_WORK struct work work;
	CLEANUP_RESTORE struct restore restore = {.work = &work};
	json_t *answer;
	if (look_at_both(call, &work, &answer) < 0) {
		CLEANUP_FREE char *why = strdup(json_string_value(json_object_get(answer, "unobservable")));
		json_decref(answer);
		return standin_failed(why, NULL);
	}
	answer = refused(&restore);
	if (answer)
		return answer;
	bool complete = is_complete(&restore);
	size_t count = sizeof(steps) / sizeof(*steps);
	for (size_t i = 0; i < count; i++) {
		if (complete && steps[i].sends)
			continue;
		standin_progress(call, steps[i].text, (double)i, (double)count);
		if (call->cancelled || !steps[i].work(&restore))
			return work.failure ? work.failure : standin_unknown("it was cancelled");
	}
	return standin_done(NULL);
}

json_t *restore_describe(struct standin_call *call, const char *part)
{
	const json_t *set = json_object_get(call->inputs, "set");
	const char *name = json_string_value(json_object_get(set, "name"));
	const char *source = json_string_value(json_object_get(set, "source"));
	const char *target = json_string_value(json_object_get(set, "target"));
	json_t *folder = json_object_get(json_array_get(json_object_get(set, "paths"), 0), "path");
	json_t *commands = json_array();
	if (strcmp(part, "observe") == 0) {
		json_array_append_new(commands, standin_command(source, look_argv(name), false));
		json_array_append_new(commands, standin_command(target, look_argv(name), false));
		return commands;
	}
	CLEANUP_FREE char *back = memory_printf("%s-restore", name);
	CLEANUP_FREE char *store = memory_printf("%s" STORE_NAME, json_string_value(folder));
	json_array_append_new(
		commands,
		standin_command(source, json_pack("[sssOss]", AGENT_PATH, "adopt", "--root", folder, "--store", store), false));
	json_array_append_new(commands, standin_command(source, agent_argv("define", NULL), true));
	json_array_append_new(commands, standin_command(target, agent_argv("define", NULL), true));
	json_array_append_new(commands, standin_command(target, agent_argv("sync", back), false));
	json_array_append_new(
		commands,
		standin_command(source, json_pack("[ssssss]", AGENT_PATH, "promote", "--store", store, "--term", "2"), false));
	json_array_append_new(commands,
			      standin_command(source,
					      json_pack("[sssOss]", AGENT_PATH, "release", "--root", folder, "--store", store),
					      false));
	return commands;
}
