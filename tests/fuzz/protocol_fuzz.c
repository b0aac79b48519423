/*
 * protocol_fuzz.c - any bytes as lines of a process plugin: messages, or the reason why they break the protocol; and whatever
 * an answer holds becomes an observation, an outcome or a list of commands that fits the action.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/plugin/plugins.h"
#include "engine/plugin/process_message.h"
#include "engine/plugin/protocol.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char manifest[] = "plugin: demo\n"
			       "process: {run: [demo], protocol: 1}\n"
			       "actions:\n"
			       "  task:\n"
			       "    kind: task\n"
			       "    effect: reversible\n"
			       "    outputs: {text: {type: string, maxLength: 9}, number: {type: integer}, list: {type: array, "
			       "items: {type: string}}}\n";

static const struct plugins *plugins(void)
{
	static struct plugins *read;
	if (!read) {
		struct arena *arena = arena_new(); /* for all inputs */
		struct diagnostics diagnostics;
		const char *name = "demo", *text = manifest;
		size_t length = strlen(manifest);
		diagnostics_init(&diagnostics, arena);
		if (plugins_from_texts(arena, &name, &text, &length, 1, &read, &diagnostics) < 0)
			abort();
	}
	return read;
}

static void read_observation(struct arena *arena, const struct call *call, const struct message *message)
{
	struct observation observation;
	process_read_observation(arena, call, message->fields, &observation);
	if ((observation.kind == OBSERVED_STATE) != (observation.state != NULL))
		abort();
	if (observation.kind == OBSERVED_UNOBSERVABLE && !observation.why)
		abort();
}

static void read_applied(struct arena *arena, const struct call *call, const struct message *message)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *outputs = NULL;
	enum apply_result result = process_read_applied(arena, call, message->fields, &outputs, &err);
	if ((result == APPLY_DONE) != (err.code == ERROR_OK) || (result == APPLY_DONE && !outputs))
		abort();
}

static void read_line(const char *line, size_t length)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_ERROR struct error err = ERROR_NONE;
	static struct host host = {.id = "box", .name = "box", .transport = TRANSPORT_LOCAL};
	const struct call call = {.action = &plugins()->items[0].actions[0], .subject = &host, .executor = &host};
	struct message message;
	if (message_parse(arena, line, length, &message, &err) < 0) {
		if (err.code == ERROR_OK)
			abort();
		return;
	}
	if (message.kind == MESSAGE_OBSERVATION)
		read_observation(arena, &call, &message);
	else if (message.kind == MESSAGE_APPLIED)
		read_applied(arena, &call, &message);
	else if (message.kind == MESSAGE_DESCRIPTION)
		process_read_description(arena, &call, message.fields, value_list(arena));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *line = (const char *)data, *end = line + size;
	while (line < end) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *stop = newline ? newline : end;
		read_line(line, (size_t)(stop - line));
		line = stop + 1;
	}
	return 0;
}
