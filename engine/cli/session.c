/*
 * session.c - fibers around a run: one that redraws, one that reads answers from the keyboard.
 */
#include "engine/cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/loop.h"
#include "engine/base/memory.h"
#include "engine/base/typed.h"
#include "engine/execute/forecast.h"
#include "engine/report/report.h"

#define TICK (100 * NSEC_PER_MSEC)

struct session {
	struct run_view *view; /* NULL: the records themselves are shown, as JSON */
	struct fiber *ticker;
	struct fiber *keyboard;
	struct arena *arena;	   /* of the question that waits */
	const struct value *waits; /* its `waiting` record, or NULL */
	bool ended;
};

static void on_record(void *context, const struct value *record)
{
	struct session *session = context;
	const char *kind = value_get_text(record, "kind");
	if (strcmp(kind, "waiting") == 0)
		session->waits = value_copy(session->arena, record);
	else if (strcmp(kind, "answered") == 0)
		session->waits = NULL;
	if (session->view) {
		run_view_record(session->view, record);
		return;
	}
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer line = {0};
	json_format(&line, typed_mark(arena, record), JSON_COMPACT); /* as it stands in the journal */
	buffer_add_char(&line, '\n');
	fputs(buffer_text(&line), stdout);
	fflush(stdout);
}

struct execute_listener session_listener(struct session *session)
{
	return (struct execute_listener){.record = on_record, .context = session};
}

static void tick(void *argument)
{
	struct session *session = argument;
	while (!session->ended) {
		run_view_tick(session->view);
		if (loop_sleep(clock_boottime() + TICK) == LOOP_CANCELLED)
			return;
	}
}

/* The choice that a line means: its word, its number, or the only one that begins like it. */
static const char *choice_of(const struct value *choices, const char *line)
{
	const char *found = NULL;
	size_t matches = 0, length = strlen(line);
	char *end;
	unsigned long number = strtoul(line, &end, 10);
	if (length && !*end && number >= 1 && number <= choices->list.count)
		return value_text(choices->list.items[number - 1]);
	for (size_t i = 0; i < choices->list.count && length; i++) {
		const char *choice = value_text(choices->list.items[i]);
		if (strcmp(choice, line) == 0)
			return choice;
		if (strncmp(choice, line, length) == 0) {
			found = choice;
			matches++;
		}
	}
	return matches == 1 ? found : NULL;
}

static void answer(struct session *session, char *line)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (!session->waits)
		return;
	line[strcspn(line, "\r\n")] = '\0';
	const struct value *choices = value_get(session->waits, "choices");
	const char *chosen = choice_of(choices, line);
	if (!chosen) {
		print_safely(stderr, "'%s' is none of: %s\n", line, json_text(arena, choices));
		if (session->view)
			run_view_typed(session->view);
		return;
	}
	struct value *request = value_map(arena);
	value_put(arena, request, "request", value_string(arena, "answer"));
	value_put(arena, request, "step", value_get(session->waits, "step"));
	value_put(arena, request, "answer", value_string(arena, chosen));
	value_put(arena, request, "by", operator_value(arena));
	execute_request(request);
}

static void read_keyboard(void *argument)
{
	struct session *session = argument;
	char line[256];
	while (!session->ended) {
		if (loop_wait_fd(STDIN_FILENO, POLLIN, CLOCK_FOREVER, NULL) == LOOP_CANCELLED)
			return;
		ssize_t got = read(STDIN_FILENO, line, sizeof(line) - 1);
		if (got <= 0)
			return; /* the terminal is gone: the run goes on without it */
		line[got] = '\0';
		if (session->view)
			run_view_typed(session->view);
		answer(session, line);
	}
}

struct session *session_begin(struct loaded *loaded, struct run_store *store, const struct options *options)
{
	struct session *session = memory_alloc(sizeof(*session));
	struct report_style style = report_style_for(stdout);
	style.verbose = options_has(options, "verbose");
	session->arena = arena_new();
	if (!options->json) {
		session->view = run_view_new(stdout, &style, style.terminal);
		struct forecast *forecast = forecast_load(loaded->arena, store, loaded->runbook->name, true);
		run_view_forecast(session->view, forecast_likely(loaded->arena, forecast));
		forecast_free(forecast);
		if (style.terminal)
			session->ticker = fiber_start(tick, session);
	}
	if (isatty(STDIN_FILENO))
		session->keyboard = fiber_start(read_keyboard, session);
	return session;
}

static void end_fiber(struct fiber **fiber)
{
	while (*fiber && !fiber_done(*fiber)) {
		fiber_cancel(*fiber);
		loop_yield();
	}
	if (*fiber)
		fiber_join(*fiber, CLOCK_FOREVER);
	*fiber = NULL;
}

static void session_free(struct session *session)
{
	session->ended = true;
	end_fiber(&session->ticker);
	end_fiber(&session->keyboard);
	if (session->view) {
		run_view_end(session->view);
		run_view_free(session->view);
	}
	fflush(stdout);
	arena_free(session->arena);
	free(session);
}

int session_end(struct session *session, int result, enum outcome outcome, struct error *err)
{
	session_free(session);
	if (result < 0)
		return tell_error(err);
	if (outcome == OUTCOME_STOPPED)
		tell_error(err);
	error_clear(err);
	return exit_code_for(outcome);
}

bool session_confirm(const char *question)
{
	char line[64];
	for (;;) {
		fprintf(stderr, "%s [yes/no] ", question);
		fflush(stderr);
		if (!fgets(line, sizeof(line), stdin) || strcmp(line, "no\n") == 0)
			return false;
		if (strcmp(line, "yes\n") == 0)
			return true;
		fputs("write yes or no, in full\n", stderr);
	}
}
