/*
 * request.c - standin answer, cancel, skip: ask something of a run that another process works on.
 */
#include <string.h>
#include <sys/random.h>

#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/cli/request.h"
#include "engine/journal/inbox.h"
#include "engine/journal/journal.h"

#define ANSWER_TIMEOUT (10 * NSEC_PER_SEC)

static const char *random_id(struct arena *arena)
{
	unsigned char bytes[8];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		memset(bytes, 0, sizeof(bytes));
	return arena_printf(arena, "%02x%02x%02x%02x%02x%02x%02x%02x", bytes[0], bytes[1], bytes[2], bytes[3], bytes[4],
			    bytes[5], bytes[6], bytes[7]);
}

/* The engine journals every request with whether it was accepted: that is the reply. */
static int wait_for_reply(struct journal_tail *tail, const char *id, void (*seen)(void *context, const struct value *record),
			  void *context, struct error *err)
{
	int64_t deadline = clock_boottime() + ANSWER_TIMEOUT;
	const struct value *record;
	int got;
	while ((got = journal_tail_next(tail, deadline, &record, err)) == 1) {
		if (seen)
			seen(context, record);
		if (!value_is_text(value_get(record, "kind"), "request") || !value_is_text(value_get(record, "id"), id))
			continue;
		if (value_get_bool(record, "accepted", false))
			return 0;
		return error_set(err, ERROR_INVALID, "not accepted: %s", value_get_text(record, "why"));
	}
	if (got < 0)
		return -1;
	error_set(err, ERROR_TIMEOUT, "the run has not taken the request yet");
	return error_hint(err, "it stays in the inbox and is taken when the engine comes to it; standin attach shows the run");
}

int request_send(struct run_store *store, const char *run_name, struct value *request, struct arena *arena,
		 void (*seen)(void *context, const struct value *record), void *context, struct error *err)
{
	CLEANUP_FREE char *id = NULL;
	struct journal_tail *tail;
	const char *request_id = random_id(arena);
	if (run_find(store, run_name, &id, err) < 0)
		return -1;
	CLEANUP_FREE char *path = run_journal_path(store, id);
	value_put(arena, request, "id", value_string(arena, request_id));
	value_put(arena, request, "by", operator_value(arena));
	if (journal_tail_open(path, &tail, err) < 0)
		return -1;
	int result = inbox_send(store, id, request, err);
	if (result == 0)
		result = wait_for_reply(tail, request_id, seen, context, err);
	journal_tail_close(tail);
	return result;
}

static void put_option(struct arena *arena, struct value *request, const struct options *options, const char *name)
{
	const char *given = options_get(options, name);
	if (given)
		value_put(arena, request, name, value_string(arena, given));
}

/* Arguments: answer [RUN] CHOICE, cancel [RUN], skip [RUN] STEP. */
static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct run_store *store;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *request = value_map(arena);
	bool run_given = options.arguments_count == verb->most;
	const char *last = options.arguments_count ? options.arguments[options.arguments_count - 1] : NULL;
	value_put(arena, request, "request", value_string(arena, verb->name));
	if (verb == &verb_answer)
		value_put(arena, request, "answer", value_string(arena, last));
	if (verb == &verb_skip)
		value_put(arena, request, "step", value_string(arena, last));
	put_option(arena, request, &options, "step");
	put_option(arena, request, &options, "reason");
	if (run_store_open_existing(options_get(&options, "state"), &store, &err) < 0)
		return tell_error(&err);
	int result = request_send(store, run_given ? options.arguments[0] : "latest", request, arena, NULL, NULL, &err);
	run_store_close(store);
	if (result < 0)
		return tell_error(&err);
	puts("accepted");
	return EXIT_FINE;
}

#define OPTION_REASON                                                                                                          \
	{                                                                                                                      \
		"reason", 'r', "TEXT", "why; it is journaled"                                                                  \
	}

const struct verb verb_answer = {
	.name = "answer",
	.usage = "[RUN] CHOICE [options]",
	.summary = "answer the question that a run waits with",
	.description = "Answers from another terminal. `standin attach` shows the question and its choices. The answer is "
		       "journaled with who gave it.",
	.options = {OPTION_STATE, {"step", 0, "STEP", "only if this step asks"}, OPTION_REASON},
	.examples = "  standin answer continue\n  standin answer 20260301-031245-7f3a19c4 stop --reason 'wrong host'\n",
	.least = 1,
	.most = 2,
	.run = run,
};

const struct verb verb_cancel = {
	.name = "cancel",
	.usage = "[RUN] [options]",
	.summary = "end a run in good order",
	.description = "The step that is being done is finished, then what stands in `finally` is done, then the run ends as "
		       "cancelled.",
	.options = {OPTION_STATE, OPTION_REASON},
	.examples = "  standin cancel --reason 'the source is back'\n",
	.least = 0,
	.most = 1,
	.run = run,
};

const struct verb verb_skip = {
	.name = "skip",
	.usage = "[RUN] STEP --reason TEXT [options]",
	.summary = "leave out a step of a run",
	.description =
		"The step (key or id) is skipped when it comes; one that waits, or is between two attempts, is skipped "
		"now. Journaled with the reason.\n"
		"Once signatures have been asked for (standin approve) it is refused: what is signed is what is executed.",
	.options = {OPTION_STATE, OPTION_REASON},
	.examples = "  standin skip 4.2 --reason 'postfix is not used here'\n",
	.least = 1,
	.most = 2,
	.run = run,
};
