/*
 * process_fixture.h - a process plugin whose program stands in processes/, and calls of it.
 */
#pragma once

#include "tests/unit/plugin/fixture.h"

#include <stdlib.h>

#include "engine/base/file.h"
#include "engine/base/loop.h"
#include "engine/plugin/processes.h"
#include "engine/plugin/program.h"

struct process_fixture {
	struct fixture f;
	struct plugin_processes *processes;
	struct buffer notes; /* a line each */
};

static inline void keep_note(void *context, const char *text)
{
	buffer_printf(context, "%s\n", text);
}

static const char process_manifest[] =
	"plugin: bad\n"
	"process: {run: [bad.py, %s], protocol: 1, network: %s}\n"
	"actions:\n"
	"  wish:\n"
	"    summary: x\n"
	"    kind: state\n"
	"    effect: reversible\n"
	"    inputs: {password: {type: string, optional: true}, path: {type: string, optional: true}, peer: {host: true, "
	"optional: true}}\n"
	"    outputs: {text: {type: string}, number: {type: integer}, list: {type: array, items: {type: string}}}\n"
	"    object: thing/${{ host.id }}\n"
	"    desired: {text: done}\n"
	"    secrets: [password]\n"
	"  task:\n"
	"    summary: x\n"
	"    kind: task\n"
	"    effect: reversible\n"
	"    outputs: {text: {type: string}, list: {type: array}}\n";

/* The program is the one in processes/, called with mode. */
static inline void process_open(struct process_fixture *p, const char *mode, bool network)
{
	CLEANUP_FREE char *manifest = memory_printf(process_manifest, mode, network ? "true" : "false");
	*p = (struct process_fixture){0};
	fixture_open(&p->f, "bad", manifest);
	CLEANUP_FREE char *folder = realpath("tests/unit/plugin/processes", NULL);
	assert_non_null(folder);
	p->f.plugins->items[0].program->folder = arena_strdup(p->f.arena, folder);
	p->processes = plugin_processes_new(keep_note, &p->notes);
}

static inline void process_close(struct process_fixture *p)
{
	plugin_processes_free(p->processes);
	buffer_free(&p->notes);
	fixture_close(&p->f);
}
#define CLEANUP_PROCESS __attribute__((cleanup(process_close)))

static inline struct call process_call(struct process_fixture *p, const char *action, const struct value *with)
{
	struct call call = call_of(&p->f, action, with);
	call.processes = p->processes;
	return call;
}

/* As observed(), for the wish without inputs. */
static inline const char *process_observed(struct process_fixture *p, const struct value *with, int64_t deadline)
{
	struct call call = process_call(p, "bad.wish", with);
	struct observation o;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (action_observe(p->f.arena, &call, deadline, &o, NULL, &err) < 0)
		return arena_printf(p->f.arena, "error: %s", error_text(&err));
	if (o.kind == OBSERVED_ABSENT)
		return "absent";
	if (o.kind == OBSERVED_UNOBSERVABLE)
		return arena_printf(p->f.arena, "unobservable%s: %s", o.lost_contact ? " (no contact)" : "", o.why);
	return arena_printf(p->f.arena, "%s%s%s", json_text(p->f.arena, o.state), o.transient ? " transient" : "",
			    o.fatal ? " fatal" : "");
}

/* Starts it, whatever its mode is, so that a short deadline later on is not used up by that. */
static inline void process_start(struct process_fixture *p)
{
	const char *said = process_observed(p, json(p->f.arena, "{\"path\": \"/started\"}"), soon());
	assert_string_equal(said, "{\"text\":\"started\"}");
}

static inline const char *process_applied(struct process_fixture *p, const char *action, const struct value *with,
					  const char *scope, int64_t deadline)
{
	static const char *const names[] = {
		[APPLY_DONE] = "done", [APPLY_FAILED] = "failed", [APPLY_REFUSED] = "refused", [APPLY_UNKNOWN] = "unknown"};
	struct call call = process_call(p, action, with);
	const struct value *outputs = NULL;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	enum apply_result result = action_apply(p->f.arena, &call, NULL, scope, deadline, NULL, &outputs, &err);
	return arena_printf(p->f.arena, "%s%s%s%s%s%s%s", names[result], err.message ? ": " : "", error_text(&err),
			    err.hint ? " / " : "", err.hint ? err.hint : "", outputs ? " " : "",
			    outputs ? json_text(p->f.arena, outputs) : "");
}

static inline void assert_part(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in '%s'", part, text);
}

static inline const char *list_item(struct process_fixture *p, const char *state, size_t index)
{
	const struct value *list = value_get(json(p->f.arena, state), "list");
	assert_true(value_is(list, VALUE_LIST) && index < list->list.count);
	return value_text(list->list.items[index]);
}
