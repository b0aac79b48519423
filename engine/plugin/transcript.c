/*
 * transcript.c - running a prepared command, and cleaning what it said.
 *
 * It is kept twice: as it was heard, because values are compared as they are; and as it may be shown. The order matters there:
 * secrets are taken out of the bytes as they came, then what is no UTF-8 is repaired, then evidence is cut to its size.
 */
#include "engine/plugin/transcript.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/regex.h"
#include "engine/base/utf8.h"
#include "engine/plugin/redact.h"

#define EXCERPT_LINES 3
#define EXCERPT_LIMIT 400 /* bytes */

/* *hidden is set if a secret was there. */
static const struct value *clean(struct arena *arena, const struct redaction *redaction, const char *data, size_t length,
				 bool cut_before, bool cut_after, bool *hidden)
{
	CLEANUP_BUFFER struct buffer open = {0};
	CLEANUP_BUFFER struct buffer text = {0};
	*hidden |= redact(redaction, data, length, cut_before, cut_after, &open) > 0;
	for (char *nul = open.data; nul && (nul = memchr(nul, 0, open.length - (size_t)(nul - open.data)));)
		*nul = (char)0xff; /* no UTF-8 either: becomes U+FFFD */
	utf8_append_repaired(&text, buffer_text(&open), open.length);
	return value_string_n(arena, buffer_text(&text), text.length);
}

static struct said listen(struct arena *arena, const struct redaction *redaction, const struct capture *capture, bool *hidden)
{
	bool cut = capture->head < capture->length || capture->total > capture->length;
	const char *data = capture->data ? capture->data : "";
	struct said said = {.head = clean(arena, redaction, data, capture->head, false, cut, hidden)};
	if (cut)
		said.tail = clean(arena, redaction, data + capture->head, capture->length - capture->head, true, false, hidden);
	return said;
}

static struct streams listen_to_both(struct arena *arena, const struct redaction *redaction,
				     const struct command_result *result, bool *hidden)
{
	return (struct streams){.output = listen(arena, redaction, &result->output, hidden),
				.errors = listen(arena, redaction, &result->errors, hidden)};
}

/* Back to the beginning of the character that place is in. */
static size_t character_start(const struct value *text, size_t place)
{
	while (place > 0 && place < text->string.length && ((unsigned char)text->string.data[place] & 0xc0) == 0x80)
		place--;
	return place;
}

/* secret: not even its digest is told. */
static const char *evidence_text(struct arena *arena, const struct said *said, const struct capture *capture, bool secret)
{
	const struct value *head = said->head, *tail = said->tail ? said->tail : head;
	if (!said->tail && head->string.length <= EVIDENCE_LIMIT)
		return head->string.data;
	size_t half = EVIDENCE_LIMIT / 2;
	size_t first = character_start(head, head->string.length < half ? head->string.length : half);
	size_t last = character_start(tail, tail->string.length < half ? 0 : tail->string.length - half);
	return arena_printf(arena, "%.*s\n[... cut here; %llu bytes in all%s%s]\n%s", (int)first, head->string.data,
			    (unsigned long long)capture->total, secret ? "" : ", SHA-256 ", secret ? "" : capture->digest,
			    tail->string.data + last);
}

static struct redaction secrets_of(struct arena *arena, const struct call *call, const struct prepared *prepared)
{
	struct redaction redaction = {0};
	if (call->inputs)
		redaction_add(arena, &redaction, call->inputs);
	if (prepared->secret_input && prepared->input)
		redaction_add(arena, &redaction, value_taint(arena, prepared->input));
	return redaction;
}

/* The same as a value: what was heard, secret if that may not be shown. */
static const struct value *evidence_value(struct arena *arena, const struct said *heard, const struct capture *capture,
					  const char *shown, bool secret)
{
	const char *text = evidence_text(arena, heard, capture, secret);
	return strcmp(text, shown) == 0 ? value_string(arena, shown) : value_taint(arena, value_string(arena, text));
}

/* secret: it was given one, so that not even a digest of what it said is kept. */
static void fill(struct arena *arena, const struct redaction *redaction, const struct command_result *result, bool secret,
		 struct transcript *transcript)
{
	struct evidence *evidence = &transcript->evidence;
	static const struct redaction nothing;
	transcript->started = result->started;
	transcript->shown = listen_to_both(arena, redaction, result, &transcript->hidden);
	transcript->heard = transcript->hidden ? listen_to_both(arena, &nothing, result, &secret) : transcript->shown;
	secret |= transcript->hidden;
	evidence->output = evidence_text(arena, &transcript->shown.output, &result->output, secret);
	evidence->errors = evidence_text(arena, &transcript->shown.errors, &result->errors, secret);
	evidence->output_value = evidence_value(arena, &transcript->heard.output, &result->output, evidence->output, secret);
	evidence->errors_value = evidence_value(arena, &transcript->heard.errors, &result->errors, evidence->errors, secret);
	evidence->elapsed = result->elapsed;
}

/* An error may quote what the host said. */
static void clean_error(struct arena *arena, const struct redaction *redaction, struct error *err)
{
	if (!err || !redaction->count)
		return;
	CLEANUP_FREE char *hint = take(err->hint);
	const char *message = error_text(err);
	bool hidden = false;
	error_set(err, err->code, "%s", clean(arena, redaction, message, strlen(message), false, false, &hidden)->string.data);
	if (hint)
		error_hint(err, "%s", hint);
}

int transcript_run(struct arena *arena, const struct call *call, const struct prepared *prepared, const char *scope,
		   int64_t deadline, struct transcript *ret_transcript, struct error *err)
{
	struct redaction redaction = secrets_of(arena, call, prepared);
	const bool given = redaction.count > 0;
	redaction_add_known(arena, &redaction, call->inventory);
	struct command command = prepared->command;
	struct command_result result = {0};
	command.scope = scope;
	command.deadline = deadline;
	if (!given) { /* pieces of a stream cannot be searched for secrets */
		command.on_output = call->on_output;
		command.context = call->context;
	}
	*ret_transcript = (struct transcript){.exit_code = -1};
	ret_transcript->evidence.command = prepared_text(arena, prepared);
	ret_transcript->evidence.exit_code = -1;
	int ran = -1;
	if (!call->connections) {
		error_set(err, ERROR_CONNECTION, "nothing is run on %s: working offline", prepared->host->id);
	} else {
		const char *user = prepared->host == call->executor ? call->user : NULL;
		ran = connection_run(connections_get(call->connections, prepared->host, user), &command, &result, err);
	}
	redaction_add_known(arena, &redaction, call->inventory); /* sudo's password was read meanwhile */
	fill(arena, &redaction, &result, given, ret_transcript);
	if (ran < 0) {
		clean_error(arena, &redaction, err);
	} else {
		ret_transcript->exit_code = ret_transcript->evidence.exit_code = result.exit_code;
		ret_transcript->evidence.signal = result.signal[0] ? arena_strdup(arena, result.signal) : NULL;
	}
	command_result_free(&result);
	return ran;
}

const char *transcript_end(struct arena *arena, const struct transcript *transcript)
{
	if (transcript->exit_code < 0)
		return arena_printf(arena, "signal %s", transcript->evidence.signal ? transcript->evidence.signal : "unknown");
	return arena_printf(arena, "exit code %d", transcript->exit_code);
}

static bool is_ignored(const struct regex_list *ignore, const char *line, size_t length)
{
	for (size_t i = 0; ignore && i < ignore->count; i++)
		if (regex_match(ignore->items[i], line, length, NULL, NULL) == 1)
			return true;
	return false;
}

struct line {
	const char *text;
	size_t length; /* bytes */
};

/* Puts the lines that say something at the end of lines; returns how many of EXCERPT_LINES are there. */
static size_t last_lines(const struct value *text, const struct regex_list *ignore, struct line lines[EXCERPT_LINES])
{
	const char *start = text->string.data, *end = start + text->string.length;
	size_t count = 0;
	while (end > start && count < EXCERPT_LINES) {
		const char *line = end;
		while (line > start && line[-1] != '\n')
			line--;
		size_t length = (size_t)(end - line);
		while (length && strchr(" \t\r", line[length - 1]))
			length--;
		if (length && !is_ignored(ignore, line, length))
			lines[EXCERPT_LINES - ++count] = (struct line){line, length};
		end = line > start ? line - 1 : start;
	}
	return count;
}

const char *transcript_excerpt(struct arena *arena, const struct transcript *transcript, const struct regex_list *ignore)
{
	const struct said *streams[] = {&transcript->shown.errors, &transcript->shown.output};
	struct line lines[EXCERPT_LINES];
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(streams) && !count; i++)
		count = last_lines(streams[i]->tail ? streams[i]->tail : streams[i]->head, ignore, lines);
	CLEANUP_BUFFER struct buffer out = {0};
	for (size_t i = EXCERPT_LINES - count; i < EXCERPT_LINES; i++) {
		if (out.length)
			buffer_add(&out, "; ");
		utf8_append_printable(&out, lines[i].text, lines[i].length, false);
	}
	struct value whole = {.type = VALUE_STRING, .string = {buffer_text(&out), out.length}};
	if (out.length <= EXCERPT_LIMIT)
		return arena_strndup(arena, whole.string.data, whole.string.length);
	return arena_printf(arena, "%.*s...", (int)character_start(&whole, EXCERPT_LIMIT), whole.string.data);
}
