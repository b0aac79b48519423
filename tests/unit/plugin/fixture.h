/*
 * fixture.h - a manifest written in a test, a host to run it on (this machine, as `box`), and calls of its actions.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/plugin/action.h"

struct fixture {
	struct arena *arena;
	struct host hosts[3]; /* box: this machine; win: a Windows host that nothing is run on; gone: no way leads there */
	struct inventory inventory;
	struct connections *connections;
	struct plugins *plugins;
};

static inline const struct value *json(struct arena *arena, const char *text)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct value *value = NULL;
	if (json_parse(arena, text, strlen(text), &value, &err) < 0)
		fail_msg("%s: %s", text, error_text(&err));
	return value;
}

/* Fails the test with the diagnostics if there are errors. */
static inline void must_be_good(int outcome, struct diagnostics *diagnostics)
{
	CLEANUP_BUFFER struct buffer text = {0};
	if (outcome == 0)
		return;
	diagnostics_print(&text, diagnostics, false);
	fail_msg("%s", buffer_text(&text));
}

static const char *const no_way[] = {"/nonexistent/way", NULL};

/* manifest NULL: the plugins that ship. */
static inline void fixture_open(struct fixture *f, const char *plugin, const char *manifest)
{
	*f = (struct fixture){.arena = arena_new()};
	f->hosts[0] = (struct host){.id = "box", .name = "box", .platform = PLATFORM_LINUX, .transport = TRANSPORT_LOCAL};
	f->hosts[1] = (struct host){
		.id = "win", .name = "win", .platform = PLATFORM_WINDOWS, .transport = TRANSPORT_SSH, .address = "192.0.2.1"};
	f->hosts[0].value =
		json(f->arena, "{\"id\": \"box\", \"name\": \"box\", \"platform\": \"linux\", \"address\": \"127.0.0.1\"}");
	f->hosts[1].value = json(f->arena, "{\"id\": \"win\", \"name\": \"win\", \"platform\": \"windows\"}");
	f->hosts[2] = (struct host){.id = "gone", .name = "gone", .transport = TRANSPORT_COMMAND, .prefix = no_way};
	f->hosts[2].value = json(f->arena, "{\"id\": \"gone\", \"name\": \"gone\", \"platform\": \"linux\"}");
	f->inventory = (struct inventory){.hosts = f->hosts, .hosts_count = 3};
	f->connections = connections_new(&f->inventory);
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, f->arena);
	size_t length = manifest ? strlen(manifest) : 0;
	must_be_good(manifest ? plugins_from_texts(f->arena, &plugin, &manifest, &length, 1, &f->plugins, &diagnostics)
			      : plugins_read(f->arena, "plugins", &f->plugins, &diagnostics),
		     &diagnostics);
}

static inline void fixture_close(struct fixture *f)
{
	connections_free(f->connections);
	arena_free(f->arena);
}
#define CLEANUP_FIXTURE __attribute__((cleanup(fixture_close)))

/* A call on this machine; with NULL: no inputs. */
static inline struct call call_of(struct fixture *f, const char *name, const struct value *with)
{
	const struct action *action = plugins_find(f->plugins, name, NULL);
	assert_non_null(action);
	return (struct call){.action = action,
			     .inventory = &f->inventory,
			     .connections = f->connections,
			     .subject = &f->hosts[0],
			     .executor = &f->hosts[0],
			     .inputs = action_inputs(f->arena, action, with),
			     .run_id = "r1"};
}

static inline int64_t soon(void)
{
	return clock_boottime() + 120 * NSEC_PER_SEC;
}

static inline struct observation observe(struct fixture *f, const struct call *call, struct evidence *evidence)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct observation observation = {0};
	if (action_observe(f->arena, call, soon(), &observation, evidence, &err) < 0)
		fail_msg("%s", error_text(&err));
	return observation;
}

/* "absent", "unobservable: why", or the state as JSON, with " transient" or " fatal" behind it. */
static inline const char *observed(struct fixture *f, const struct call *call)
{
	struct observation o = observe(f, call, NULL);
	if (o.kind == OBSERVED_ABSENT)
		return "absent";
	if (o.kind == OBSERVED_UNOBSERVABLE)
		return arena_printf(f->arena, "unobservable: %s", o.why);
	return arena_printf(f->arena, "%s%s%s", json_text(f->arena, o.state), o.transient ? " transient" : "",
			    o.fatal ? " fatal" : "");
}

static inline const struct value *secret(struct arena *arena, const char *text)
{
	return value_taint(arena, value_string(arena, text));
}
