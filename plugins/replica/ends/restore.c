/*
 * restore.c - a set of its own in the other direction, for as long as the restore takes; one after the other for each path of
 * the set.
 */
#include "plugins/replica/ends/restore.h"

#include "engine/base/buffer.h"
#include "engine/base/memory.h"
#include "plugins/replica/ends/restore_places.h"

struct restore {
	struct work *work;
	struct restore_places places;
	const struct restore_place *at; /* at hand */
	char *name;			/* owned */
	struct buffer keeps;		/* where something was kept */
	json_int_t kept;
};

static void restore_free(struct restore *restore)
{
	restore_places_free(&restore->places);
	buffer_free(&restore->keeps);
	free(restore->name);
}
#define CLEANUP_RESTORE __attribute__((cleanup(restore_free)))

/* --- is it done? --- */

static json_int_t known_term(const struct work *work)
{
	return json_integer_value(json_object_get(work->seen[END_TARGET].status, "term"));
}

bool restored(const struct work *work)
{
	const json_t *mark = work->seen[END_SOURCE].restored;
	const char *point = json_string_value(json_object_get(mark, "point"));
	const char *now = json_string_value(json_object_get(work->seen[END_TARGET].status, "point"));
	return mark && json_integer_value(json_object_get(mark, "term")) == known_term(work) && point && now &&
	       strcmp(point, now) == 0;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* The mark of what this call wishes for; NULL: there is none. */
static const json_t *mark_of(const struct work *work)
{
	bool elsewhere = restore_is_elsewhere(work->call);
	const json_t *mark = elsewhere ? work->seen[END_SOURCE].copy : work->seen[END_SOURCE].restored;
	const json_t *wanted = json_object_get(work->call->inputs, "point");
	const json_t *number = json_is_integer(wanted) ? wanted : json_object_get(work->seen[END_TARGET].status, "generation");
	if (!mark || json_integer_value(json_object_get(mark, "term")) != known_term(work))
		return NULL;
	if (!elsewhere && !json_is_integer(wanted))
		return restored(work) ? mark : NULL;
	const char *to = json_string_value(json_object_get(mark, "to"));
	bool same = same_text(to, standin_input(work->call, "to")) && json_equal(json_object_get(mark, "number"), number);
	return same ? mark : NULL;
}

/* The destination takes the place of the source: it is the end that is looked at, and written to. The set is owned. */
static json_t *destined(const struct standin_call *call)
{
	const char *host = standin_input(call, "host");
	json_t *set = json_copy(json_object_get(call->inputs, "set"));
	if (set && host)
		json_object_set_new(set, "source", json_string(host));
	return set;
}

static json_t *observe(struct standin_call *call, const json_t *set)
{
	CLEANUP_WORK struct work work;
	json_t *answer;
	if (look_at_both_of(call, set, &work, &answer) < 0)
		return answer;
	const json_t *mark = mark_of(&work);
	bool nothing_to_do = !restore_is_elsewhere(call) && !is_promoted(&work);
	json_t *state = json_pack("{sb}", "restored", (int)(mark || nothing_to_do));
	if (mark) {
		json_object_set(state, "kept", json_object_get(mark, "kept"));
		json_object_set(state, "keep", json_object_get(mark, "keep"));
	}
	return standin_state(state);
}

json_t *restore_observe(struct standin_call *call)
{
	json_t *set = destined(call);
	json_t *answer = observe(call, set);
	json_decref(set);
	return answer;
}

/* --- the steps --- */

static const char *orphans_of(const struct standin_call *call)
{
	const json_t *set = json_object_get(call->inputs, "set");
	const char *wanted = standin_input(call, "orphans");
	return strcmp(wanted, "set") == 0 ? json_string_value(json_object_get(json_object_get(set, "orphans"), "mode"))
					  : wanted;
}

static bool keeps(const struct restore *restore)
{
	return strcmp(orphans_of(restore->work->call), "move") == 0;
}

static json_t *opposite(const struct restore *restore, enum end end)
{
	struct work *work = restore->work;
	const struct restore_place *at = restore->at;
	enum end other = end_other(end);
	const char *place = at->volume ? "" : at->place;
	json_t *orphans = json_pack("{ss}", "mode", at->volume ? "delete" : orphans_of(work->call));
	json_t *set = json_pack("{ss,ss,si,s[{ss,ss}],sO,sO*,so,ss,s{ss,sO,ss}}", "set", restore->name, "role",
				end == END_TARGET ? "source" : "target", "term", 1, "sources", "path", at->from, "to", place,
				"rules", json_object_get(work->set, "rules"), "owners", json_object_get(work->set, "owners"),
				"orphans", orphans, "store", at->store, "peer", "address", address_of(work, other), "port",
				json_object_get(work->set, "port"), "certificate", work->certificates[other]);
	if (at->device)
		json_object_set_new(set, "device", json_string(at->path));
	return set;
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
	return restore_is_elsewhere(restore->work->call) ||
	       run(restore->work, END_SOURCE, agent_argv("stop", set_name(restore->work)), NULL, "cannot stop the set", NULL);
}

static bool make_place(struct restore *restore)
{
	const struct restore_place *at = restore->at;
	const char *name = strrchr(at->path, '/');
	CLEANUP_FREE char *above = strndup(at->path, (size_t)(name - at->path));
	if (!restore_is_elsewhere(restore->work->call) || at->device)
		return true;
	return run(restore->work, END_SOURCE, json_pack("[ssss]", "mkdir", "-p", "--", at->folder ? at->path : above), NULL,
		   "cannot make the place", NULL);
}

static void add_option(json_t *argv, const char *name, const char *value)
{
	json_array_append_new(argv, json_string(name));
	json_array_append_new(argv, json_string(value));
}

static json_t *adoption_argv(const struct restore *restore, const char *verb, bool aside)
{
	const struct restore_place *at = restore->at;
	json_t *argv = json_pack("[ssssss]", AGENT_PATH, verb, "--root", at->path, "--store", at->store);
	if (*at->place)
		add_option(argv, "--place", at->place);
	if (aside)
		add_option(argv, "--aside", at->keep);
	return argv;
}

static bool adopt(struct restore *restore)
{
	json_t *argv = adoption_argv(restore, "adopt", restore->at->volume && keeps(restore));
	if (restore_is_elsewhere(restore->work->call))
		json_array_append_new(argv, json_string("--empty"));
	return run(restore->work, END_SOURCE, argv, NULL, "cannot take over what is there", NULL);
}

static bool transfer(struct restore *restore)
{
	return run(restore->work, END_SOURCE, agent_argv("start", restore->name), NULL, "cannot start", NULL) &&
	       run(restore->work, END_TARGET, agent_argv("sync", restore->name), NULL, "cannot send what differs", NULL);
}

static bool promote(struct restore *restore)
{
	return run(restore->work, END_SOURCE,
		   json_pack("[ssssss]", AGENT_PATH, "promote", "--store", restore->at->store, "--term", "2"), NULL,
		   "cannot complete the store", NULL);
}

static bool release(struct restore *restore)
{
	CLEANUP_FREE char *said = NULL;
	if (!run(restore->work, END_SOURCE, agent_argv("stop", restore->name), NULL, "cannot stop", NULL) ||
	    !run(restore->work, END_SOURCE, adoption_argv(restore, "release", true), NULL,
		 "cannot put what has come in its place", &said))
		return false;
	json_t *answer = json_loads(said, 0, NULL);
	json_int_t kept = json_integer_value(json_object_get(answer, "kept"));
	restore->kept += kept;
	if (kept)
		buffer_printf(&restore->keeps, "%s%s", restore->keeps.length ? ", " : "", restore->at->keep);
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
		"umask 077; folder=/var/lib/standin-agent/sets/$1; mkdir -p \"$folder\"; cat >\"$folder/$2.new\"\n"
		"sync \"$folder/$2.new\"; mv -f \"$folder/$2.new\" \"$folder/$2\"";
	struct work *work = restore->work;
	const char *to = standin_input(work->call, "to");
	json_t *what = json_pack("{sI,ss,sI,sI,ss}", "term", known_term(work), "point", restore->places.point, "number",
				 restore->places.number, "kept", restore->kept, "keep",
				 restore->keeps.length ? buffer_text(&restore->keeps) : restore->places.items[0].keep);
	if (to)
		json_object_set_new(what, "to", json_string(to));
	CLEANUP_FREE char *text = json_dumps(what, JSON_COMPACT);
	json_decref(what);
	return run(work, END_SOURCE,
		   json_pack("[sssssss]", "sh", "-e", "-c", KEEP, "sh", set_name(work),
			     restore_is_elsewhere(work->call) ? "copy" : "restored"),
		   text, "cannot note that it is restored", NULL);
}

static const struct {
	bool (*work)(struct restore *restore);
	const char *text;
	bool sends; /* not when the store was complete already */
} steps[] = {
	{enrol_both, "enrolling", true},
	{stop_source, "stopping the set", true},
	{make_place, "making the place", true},
	{adopt, "taking over what is there", true},
	{define_opposite, "defining the way back", true},
	{transfer, "sending what differs", true},
	{promote, "completing", true},
	{release, "putting it in its place", false},
	{drop_opposite, "tidying up", false},
};
#define STEPS (sizeof(steps) / sizeof(*steps))

/* Was an earlier try as far as that all has arrived? */
static bool is_complete(struct restore *restore)
{
	json_t *options = json_pack("{sb}", "scope", 0);
	json_t *ran = standin_run(restore->work->call, restore->work->seen[END_SOURCE].host,
				  json_pack("[ssss]", AGENT_PATH, "status", "--store", restore->at->store), options);
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
static json_t *refused(const struct work *work)
{
	const char *host = json_string_value(json_object_get(work->set, "source"));
	bool cut = strcmp(seen_state(&work->seen[END_TARGET]), "disconnected") == 0;
	if (strcmp(host, work->seen[END_TARGET].host) == 0)
		return standin_failed("the target has it already",
				      "`standin replica status` says at which path; copy it there");
	if (!is_promoted(work) && !restore_is_elsewhere(work->call))
		return standin_failed("the target was not promoted: there is nothing to restore",
				      "a copy of a recovery point goes to another place (to) or host (host)");
	if (!is_promoted(work) && !cut)
		return standin_failed("the target was not promoted: new recovery points would arrive while it is copied",
				      "replica.disconnect first; replica.connect when it is restored");
	return NULL;
}

static json_t *refuse_orphans(const struct restore *restore)
{
	const char *orphans = orphans_of(restore->work->call);
	for (size_t i = 0; i < restore->places.count; i++)
		if (restore->places.items[i].volume && strcmp(orphans, "keep") == 0)
			return standin_failed(
				"what is only on the destination cannot stay in a volume: it becomes what the replica is",
				"orphans: move keeps a copy of the volume as it was; delete does without");
	return NULL;
}

static bool restore_one(struct restore *restore, size_t number)
{
	struct work *work = restore->work;
	restore->at = &restore->places.items[number];
	bool complete = is_complete(restore);
	for (size_t i = 0; i < STEPS; i++) {
		if (complete && steps[i].sends)
			continue;
		standin_progress(work->call, steps[i].text, (double)(number * STEPS + i),
				 (double)(restore->places.count * STEPS));
		if (work->call->cancelled || !steps[i].work(restore))
			return false;
	}
	return true;
}

static json_t *apply(struct standin_call *call, const json_t *set)
{
	CLEANUP_WORK struct work work;
	CLEANUP_RESTORE struct restore restore = {.work = &work};
	json_t *answer;
	if (look_at_both_of(call, set, &work, &answer) < 0) {
		CLEANUP_FREE char *why = strdup(json_string_value(json_object_get(answer, "unobservable")));
		json_decref(answer);
		return standin_failed(why, NULL);
	}
	answer = refused(&work);
	if (answer)
		return answer;
	if (!restore_places_find(&work, &restore.places))
		return work.failure ? work.failure : standin_unknown("it was cancelled");
	answer = refuse_orphans(&restore);
	if (answer)
		return answer;
	restore.name = memory_printf("%s-restore", set_name(&work));
	bool done = true;
	for (size_t i = 0; done && i < restore.places.count; i++)
		done = restore_one(&restore, i);
	if (!done || !mark(&restore))
		return work.failure ? work.failure : standin_unknown("it was cancelled");
	return standin_done(NULL);
}

json_t *restore_apply(struct standin_call *call)
{
	json_t *set = destined(call);
	json_t *answer = apply(call, set);
	json_decref(set);
	return answer;
}

/* --- the commands, for a plan: as they are for a set of one folder; of others only the paths differ --- */

json_t *restore_describe(struct standin_call *call, const char *part)
{
	const json_t *set = json_object_get(call->inputs, "set");
	const char *name = json_string_value(json_object_get(set, "name")), *host = standin_input(call, "host");
	const char *source = host ? host : json_string_value(json_object_get(set, "source"));
	const char *target = json_string_value(json_object_get(set, "target")), *to = standin_input(call, "to");
	json_t *commands = json_array(), *path;
	size_t i;
	if (strcmp(part, "observe") == 0) {
		json_array_append_new(commands, standin_command(source, look_argv(name), false));
		json_array_append_new(commands, standin_command(target, look_argv(name), false));
		return commands;
	}
	CLEANUP_FREE char *back = memory_printf("%s-restore", name);
	json_array_foreach(json_object_get(set, "paths"), i, path)
	{
		const char *root = to ? to : json_string_value(json_object_get(path, "path"));
		json_array_append_new(commands,
				      standin_command(source, json_pack("[ssss]", AGENT_PATH, "adopt", "--root", root), false));
		json_array_append_new(commands, standin_command(source, agent_argv("define", NULL), true));
		json_array_append_new(commands, standin_command(target, agent_argv("define", NULL), true));
		json_array_append_new(commands, standin_command(target, agent_argv("sync", back), false));
		json_array_append_new(
			commands, standin_command(source, json_pack("[ssss]", AGENT_PATH, "release", "--root", root), false));
	}
	return commands;
}
