/*
 * apply.c - changing something, or doing a task; and asking for the reason when it failed. Whether a state was reached is not
 * judged here: that is seen by observing.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/regex.h"
#include "engine/base/utf8.h"
#include "engine/plugin/process_call.h"
#include "engine/plugin/read.h"

#define DIAGNOSIS_LIMIT 4096 /* bytes */

/* How an apply is judged, known before it runs: a mistake in it must not be found behind the deed. */
struct judgement {
	const struct value *exits; /* a list of integers; NULL: 0 */
	struct regex *pattern;	   /* NULL: none */
	struct regex_list ignore;
};

static int refuse(const struct call *call, const char *what, const char *why, struct error *err)
{
	return error_set(err, ERROR_INVALID, "%s, `%s`: %s", call->action->name, what, why);
}

static int read_success(struct arena *arena, const struct call_names *names, const struct template *template,
			struct judgement *judgement, struct error *err)
{
	const struct value *success;
	if (!template)
		return 0;
	if (call_evaluate_open(arena, names, template, "success", &success, err) < 0)
		return -1;
	if (success->type == VALUE_NULL)
		return 0;
	if (success->type != VALUE_MAP)
		return refuse(names->call, "success", "not a map such as {exits: [0], regex: done}", err);
	judgement->exits = value_get(success, "exits");
	if (judgement->exits && judgement->exits->type != VALUE_LIST)
		return refuse(names->call, "success", "`exits` is not a list of exit codes", err);
	for (size_t i = 0; judgement->exits && i < judgement->exits->list.count; i++)
		if (judgement->exits->list.items[i]->type != VALUE_INT)
			return refuse(names->call, "success", "`exits` holds something that is no exit code", err);
	const struct value *pattern = value_get(success, "regex");
	return pattern ? read_compile(arena, names, pattern, "success", &judgement->pattern, err) : 0;
}

static int read_ignore(struct arena *arena, const struct call_names *names, const struct template *template,
		       struct judgement *judgement, struct error *err)
{
	const struct value *list;
	if (!template)
		return 0;
	if (call_evaluate_open(arena, names, template, "ignore", &list, err) < 0)
		return -1;
	if (list->type == VALUE_NULL)
		return 0;
	if (list->type != VALUE_LIST)
		return refuse(names->call, "ignore", "not a list of patterns", err);
	judgement->ignore.items = arena_alloc(arena, (list->list.count + 1) * sizeof(*judgement->ignore.items));
	for (size_t i = 0; i < list->list.count; i++)
		if (read_compile(arena, names, list->list.items[i], "ignore",
				 &judgement->ignore.items[judgement->ignore.count++], err) < 0)
			return -1;
	return 0;
}

static int read_judgement(struct arena *arena, const struct call_names *names, const struct action_command *command,
			  struct judgement *judgement, struct error *err)
{
	struct regex *outputs; /* compiled to find its mistakes */
	*judgement = (struct judgement){0};
	if (read_success(arena, names, command->success, judgement, err) < 0 ||
	    read_ignore(arena, names, command->ignore, judgement, err) < 0)
		return -1;
	return read_pattern(arena, names, command->regex, "regex", &outputs, err);
}

static bool exit_is_good(const struct judgement *judgement, int exit_code)
{
	if (!judgement->exits)
		return exit_code == 0;
	for (size_t i = 0; i < judgement->exits->list.count; i++)
		if (judgement->exits->list.items[i]->integer == exit_code)
			return true;
	return false;
}

static bool said(const struct regex *pattern, const struct said *said)
{
	const struct value *texts[] = {said->head, said->tail};
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		if (texts[i] && regex_match(pattern, texts[i]->string.data, texts[i]->string.length, NULL, NULL) == 1)
			return true;
	return false;
}

static const struct {
	int exit_code;
	const char *hint;
} exit_hints[] = {
	{126, "it is there, but may not be executed: see its mode, and as whom the step connects"},
	{127, "there is no such program on that host, or it is not in PATH: install it, or give its whole path"},
	{255, "255 is also what ssh itself ends with: was this host asked to reach another one?"},
};

static enum apply_result failed(struct arena *arena, const struct call *call, const struct prepared *prepared,
				const struct transcript *transcript, const char *how, const struct judgement *judgement,
				struct error *err)
{
	const char *text = transcript_excerpt(arena, transcript, &judgement->ignore);
	error_set(err, ERROR_FAILED, "%s: `%s` on %s %s%s%s", call->action->name, prepared->command.argv[0], prepared->host->id,
		  how, *text ? ": " : "", text);
	for (size_t i = 0; i < COUNT_OF(exit_hints); i++)
		if (exit_hints[i].exit_code == transcript->exit_code)
			error_hint(err, "%s", exit_hints[i].hint);
	return APPLY_FAILED;
}

static enum apply_result judge(struct arena *arena, const struct call_names *names, const struct action_command *command,
			       const struct prepared *prepared, const struct transcript *transcript,
			       const struct judgement *judgement, const struct value **ret_outputs, struct error *err)
{
	const struct call *call = names->call;
	struct state_read read;
	if (!exit_is_good(judgement, transcript->exit_code)) {
		const char *how = arena_printf(arena, "ended with %s", transcript_end(arena, transcript));
		return failed(arena, call, prepared, transcript, how, judgement, err);
	}
	if (judgement->pattern && !said(judgement->pattern, &transcript->heard.output) &&
	    !said(judgement->pattern, &transcript->heard.errors))
		return failed(arena, call, prepared, transcript, "did not say what `success` waits for", judgement, err);
	if (call->action->kind != ACTION_TASK)
		return APPLY_DONE;
	if (read_state(arena, names, command, transcript, &read, err) < 0)
		return APPLY_FAILED;
	if (!read.state) {
		const char *how = arena_printf(arena, "ended well, but its outputs cannot be read: %s", read.why);
		return failed(arena, call, prepared, transcript, how, judgement, err);
	}
	if (ret_outputs)
		*ret_outputs = read.state;
	return APPLY_DONE;
}

enum apply_result action_apply(struct arena *arena, const struct call *call, const struct observation *before,
			       const char *scope, int64_t deadline, struct evidence *ret_evidence,
			       const struct value **ret_outputs, struct error *err)
{
	const struct host *executor = call_executor(call);
	const struct action_command *command = call->action->platforms[executor->platform].apply;
	const struct call_names names = {.call = call, .before = before};
	struct judgement judgement;
	struct prepared prepared;
	struct transcript transcript;
	if (call->action->program)
		return process_apply(arena, call, before, scope, deadline, ret_evidence, ret_outputs, err);
	if (ret_evidence)
		*ret_evidence = (struct evidence){.exit_code = -1};
	if (!command) {
		error_set(err, ERROR_INVALID, "%s cannot be applied from %s: it has no command for that platform",
			  call->action->name, executor->id);
		return APPLY_REFUSED;
	}
	if (command_prepare(arena, call, command, before, &prepared, err) < 0 ||
	    read_judgement(arena, &names, command, &judgement, err) < 0)
		return APPLY_REFUSED;
	if (prepared.unknown || !prepared.command.argv) {
		refuse(call, prepared.unknown ? prepared.unknown : "run",
		       prepared.unknown ? "what it needs is not known" : "there is no program to run", err);
		return APPLY_REFUSED;
	}
	int ran = transcript_run(arena, call, &prepared, scope, deadline, &transcript, err);
	if (ret_evidence)
		*ret_evidence = transcript.evidence;
	if (ran < 0)
		return transcript.started ? APPLY_UNKNOWN : APPLY_REFUSED;
	return judge(arena, &names, command, &prepared, &transcript, &judgement, ret_outputs, err);
}

const struct host *action_apply_host(struct arena *arena, const struct call *call)
{
	const struct action_command *command = call->action->platforms[call_executor(call)->platform].apply;
	const struct host *host;
	if (call->action->program || !command || command_host(arena, call, command, &host, NULL) < 0)
		return NULL;
	return host;
}

/* The end of the text, from the beginning of a line, safe to print. */
static const char *diagnosis(struct arena *arena, const struct said *said)
{
	const struct value *text = said->tail ? said->tail : said->head;
	const char *start = text->string.data;
	size_t length = text->string.length;
	while (length && strchr(" \r\n", start[length - 1]))
		length--;
	if (length > DIAGNOSIS_LIMIT) {
		const char *line = memchr(start + length - DIAGNOSIS_LIMIT, '\n', DIAGNOSIS_LIMIT);
		const char *from = line ? line + 1 : start + length - DIAGNOSIS_LIMIT;
		length -= (size_t)(from - start);
		start = from;
	}
	CLEANUP_BUFFER struct buffer out = {0};
	utf8_append_printable(&out, start, length, true);
	return arena_strndup(arena, buffer_text(&out), out.length);
}

const char *action_diagnose(struct arena *arena, const struct call *call, const struct observation *before, int64_t deadline)
{
	const struct action_command *command = call->action->platforms[call_executor(call)->platform].diagnose;
	struct prepared prepared;
	struct transcript transcript;
	CLEANUP_ERROR struct error err = ERROR_NONE; /* the step has failed already: why this fails too does not matter */
	if (call->action->program)
		return process_diagnose(arena, call, before, deadline);
	if (!command || command_prepare(arena, call, command, before, &prepared, &err) < 0 || prepared.unknown ||
	    !prepared.command.argv || transcript_run(arena, call, &prepared, NULL, deadline, &transcript, &err) < 0)
		return "";
	return diagnosis(arena, &transcript.shown.output);
}
