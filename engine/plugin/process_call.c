/*
 * process_call.c - observing and applying by a process plugin. What goes wrong on the way is never evidence: it makes an
 * observation unobservable and an apply unknown, unless the process was certainly not asked.
 */
#include "engine/plugin/process_call.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/connection/scope.h"
#include "engine/plugin/process_message.h"
#include "engine/plugin/worker.h"

#define DESCRIBE_TIME	(5 * NSEC_PER_SEC)
#define SCOPE_END_TIME	(15 * NSEC_PER_SEC)
#define DIAGNOSIS_LIMIT ((size_t)4096)

struct question {
	struct exchange exchange;
	struct value *message;
	const char *unknown; /* the input that is not known: nothing can be asked */
	int64_t began;
};

static int prepare(struct arena *arena, const struct call *call, const char *name, enum message_kind answer, int64_t deadline,
		   struct question *question, struct error *err)
{
	*question = (struct question){.began = clock_boottime()};
	question->exchange =
		(struct exchange){.arena = arena, .call = call, .answer_kind = answer, .may_ask = true, .deadline = deadline};
	return process_message(arena, call, name, deadline, &question->message, &question->exchange.hosts, &question->unknown,
			       err);
}

static void question_free(struct question *question)
{
	buffer_free(&question->exchange.did);
	error_clear(&question->exchange.final);
}
#define CLEANUP_QUESTION __attribute__((cleanup(question_free)))

static const char *plain_text(struct arena *arena, const struct call *call)
{
	return arena_printf(arena, "%s (process plugin)", call->action->name);
}

static void note_evidence(struct arena *arena, const struct question *question, int exit_code, const struct error *err,
			  struct evidence *ret_evidence)
{
	if (!ret_evidence)
		return;
	*ret_evidence = (struct evidence){
		.command = plain_text(arena, question->exchange.call),
		.exit_code = exit_code,
		.output = arena_strdup(arena, buffer_text(&question->exchange.did)),
		.errors = arena_strdup(arena, error_text(err)),
		.elapsed = clock_boottime() - question->began,
	};
}

static bool is_final(enum error_code code)
{
	return code == ERROR_CANCELLED || code == ERROR_IDENTITY || code == ERROR_REFUSED || code == ERROR_INVALID;
}

static int blind(struct arena *arena, const char *why, struct observation *observation)
{
	*observation = (struct observation){.kind = OBSERVED_UNOBSERVABLE, .why = arena_strdup(arena, why)};
	return 0;
}

int process_observe(struct arena *arena, const struct call *call, int64_t deadline, struct observation *ret_observation,
		    struct evidence *ret_evidence, struct error *err)
{
	CLEANUP_QUESTION struct question question;
	CLEANUP_ERROR struct error trouble = ERROR_NONE;
	bool asked;
	if (ret_evidence)
		*ret_evidence = (struct evidence){.exit_code = -1};
	if (prepare(arena, call, "observe", MESSAGE_OBSERVATION, deadline, &question, err) < 0)
		return -1;
	if (question.unknown)
		return blind(arena, arena_printf(arena, "what the input '%s' is, is not known yet", question.unknown),
			     ret_observation);
	int answered = exchange_ask(&question.exchange, question.message, &asked, &trouble);
	note_evidence(arena, &question, answered == 0 ? 0 : -1, &trouble, ret_evidence);
	if (answered == 0) {
		process_read_observation(arena, call, &question.exchange.answer, ret_observation);
		return 0;
	}
	if (!is_final(trouble.code))
		return blind(arena, error_text(&trouble), ret_observation);
	if (err)
		error_move(err, &trouble);
	return -1;
}

/* Nobody answers for what was begun on hosts in its name: it is ended there. */
static void end_scopes(const struct exchange *exchange)
{
	for (size_t i = 0; i < exchange->scoped_count; i++) {
		CLEANUP_ERROR struct error ignored = ERROR_NONE; /* then it is seen when the object is observed */
		const struct host *host = exchange->scoped[i].host;
		const struct call *call = exchange->call;
		struct connection *connection =
			connections_get(call->connections, host, host == call->executor ? call->user : NULL);
		scope_end(connection, exchange->scope, clock_boottime() + SCOPE_END_TIME, &ignored);
	}
}

enum apply_result process_apply(struct arena *arena, const struct call *call, const struct observation *before,
				const char *scope, int64_t deadline, struct evidence *ret_evidence,
				const struct value **ret_outputs, struct error *err)
{
	CLEANUP_QUESTION struct question question;
	CLEANUP_ERROR struct error trouble = ERROR_NONE;
	enum apply_result result;
	bool asked;
	if (ret_evidence)
		*ret_evidence = (struct evidence){.exit_code = -1};
	if (prepare(arena, call, "apply", MESSAGE_APPLIED, deadline, &question, err) < 0)
		return APPLY_REFUSED;
	if (question.unknown) {
		error_set(err, ERROR_INVALID, "%s: what the input '%s' is, is not known", call->action->name, question.unknown);
		return APPLY_REFUSED;
	}
	question.exchange.applies = true;
	question.exchange.scope = scope;
	value_put(arena, question.message, "before", process_before(arena, before));
	if (exchange_ask(&question.exchange, question.message, &asked, &trouble) == 0) {
		result = process_read_applied(arena, call, &question.exchange.answer, ret_outputs, &trouble);
	} else {
		result = asked ? APPLY_UNKNOWN : APPLY_REFUSED;
	}
	bool broken_off = question.exchange.recalled || result == APPLY_UNKNOWN;
	if (broken_off && trouble.code != ERROR_CANCELLED) /* who is stopped leaves them to the resume */
		end_scopes(&question.exchange);
	if (question.exchange.recalled && result == APPLY_FAILED)
		error_wrap(&trouble, "time is up");
	note_evidence(arena, &question, result == APPLY_DONE ? 0 : result == APPLY_FAILED ? 1 : -1, &trouble, ret_evidence);
	if (result != APPLY_DONE)
		error_move(err, &trouble);
	return result;
}

const char *process_diagnose(struct arena *arena, const struct call *call, const struct observation *before, int64_t deadline)
{
	CLEANUP_QUESTION struct question question;
	CLEANUP_ERROR struct error ignored = ERROR_NONE; /* the step has failed already: why this fails too does not matter */
	CLEANUP_BUFFER struct buffer out = {0};
	bool asked;
	if (prepare(arena, call, "diagnose", MESSAGE_DIAGNOSIS, deadline, &question, &ignored) < 0 || question.unknown)
		return "";
	value_put(arena, question.message, "before", process_before(arena, before));
	if (exchange_ask(&question.exchange, question.message, &asked, &ignored) < 0)
		return "";
	const struct value *text = value_get(question.exchange.answer.shown, "text");
	size_t length = text->string.length;
	while (length && strchr(" \r\n", text->string.data[length - 1]))
		length--;
	size_t start = length > DIAGNOSIS_LIMIT ? length - DIAGNOSIS_LIMIT : 0;
	utf8_append_printable(&out, text->string.data + start, length - start, true);
	return arena_strndup(arena, buffer_text(&out), out.length);
}

static bool describes(const struct call *call, int64_t deadline)
{
	CLEANUP_ERROR struct error ignored = ERROR_NONE;
	struct worker *worker;
	if (processes_worker(call->processes, call->action->program, deadline, &worker, &ignored) < 0)
		return false;
	bool answer = worker->describes;
	worker_release(worker);
	return answer;
}

void process_command_texts(struct arena *arena, const struct call *call, enum action_part part,
			   const struct observation *before, struct value *texts)
{
	CLEANUP_QUESTION struct question question;
	CLEANUP_ERROR struct error ignored = ERROR_NONE; /* a plan says less then */
	struct value *described = value_list(arena);
	int64_t deadline = clock_boottime() + DESCRIBE_TIME;
	bool asked;
	if (prepare(arena, call, "describe", MESSAGE_DESCRIPTION, deadline, &question, &ignored) == 0 && !question.unknown &&
	    describes(call, deadline)) {
		question.exchange.may_ask = false;
		value_put(arena, question.message, "part", value_string(arena, part == PART_OBSERVE ? "observe" : "apply"));
		value_put(arena, question.message, "before", process_before(arena, before));
		if (exchange_ask(&question.exchange, question.message, &asked, &ignored) == 0 &&
		    process_read_description(arena, call, question.exchange.answer.shown, described) && described->list.count) {
			for (size_t i = 0; i < described->list.count; i++)
				value_append(arena, texts, described->list.items[i]);
			return;
		}
	}
	value_append(arena, texts, value_string(arena, plain_text(arena, call)));
}
