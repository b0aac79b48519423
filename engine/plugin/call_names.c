/*
 * call_names.c - the names of a call: inputs, host, via, run, before, result.
 */
#include "engine/plugin/call_names.h"

#include <string.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/expression/evaluate.h"

/* The engine's own machine: it stands in no inventory. */
static const struct host controller = {
	.id = CONTROLLER_ID,
	.name = CONTROLLER_ID,
	.platform = PLATFORM_LINUX,
	.transport = TRANSPORT_LOCAL,
	.connect_timeout = 10 * NSEC_PER_SEC,
};

const struct host *action_controller(void)
{
	return &controller;
}

const struct host *call_executor(const struct call *call)
{
	return call->executor ? call->executor : &controller;
}

static const struct value *host_value(struct arena *arena, const struct host *host)
{
	if (host->value)
		return host->value;
	struct value *value = value_map(arena);
	value_put(arena, value, "id", value_string(arena, host->id));
	value_put(arena, value, "name", value_string(arena, host->name));
	value_put(arena, value, "platform", value_string(arena, host->platform == PLATFORM_WINDOWS ? "windows" : "linux"));
	return value;
}

static const struct value *failure(struct arena *arena, const char *why)
{
	struct value *value = value_new(arena, VALUE_ERROR);
	value->string.data = why;
	value->string.length = strlen(why);
	return value;
}

typedef const struct value *root_function(const struct call_names *names, struct arena *arena);

static const struct value *root_inputs(const struct call_names *names, struct arena *arena)
{
	return names->call->inputs ? names->call->inputs : value_map(arena);
}

static const struct value *root_host(const struct call_names *names, struct arena *arena)
{
	if (!names->call->subject)
		return failure(arena, "the step is about no host; give it one with `host:`");
	return host_value(arena, names->call->subject);
}

static const struct value *root_via(const struct call_names *names, struct arena *arena)
{
	return host_value(arena, call_executor(names->call));
}

static const struct value *root_run(const struct call_names *names, struct arena *arena)
{
	struct value *run = value_map(arena);
	value_put(arena, run, "id", names->call->run_id ? value_string(arena, names->call->run_id) : value_unknown());
	return run;
}

static const struct value *root_before(const struct call_names *names, struct arena *arena)
{
	(void)arena;
	if (!names->before || names->before->kind == OBSERVED_UNOBSERVABLE)
		return value_unknown();
	return names->before->kind == OBSERVED_ABSENT ? value_null() : names->before->state;
}

static const struct value *root_result(const struct call_names *names, struct arena *arena)
{
	(void)arena;
	return names->result;
}

static const struct {
	const char *name;
	root_function *get;
} roots[] = {
	{"inputs", root_inputs}, {"host", root_host},	  {"via", root_via},
	{"run", root_run},	 {"before", root_before}, {"result", root_result},
};

/* An optional input that was not given is null when it is read by name; has() looks into the map and finds nothing. */
static const struct value *unset_input(const struct call_names *names, const char *name)
{
	if (strncmp(name, "inputs.", 7) != 0 || strchr(name + 7, '.') || value_get(names->call->inputs, name + 7))
		return NULL;
	return value_get(names->call->action->inputs, name + 7) ? value_null() : NULL;
}

static const struct value *resolve(void *context, const char *name, struct arena *arena)
{
	const struct call_names *names = context;
	for (size_t i = 0; i < COUNT_OF(roots); i++)
		if (strcmp(roots[i].name, name) == 0)
			return roots[i].get(names, arena);
	return unset_input(names, name);
}

int call_evaluate(struct arena *arena, const struct call_names *names, const struct template *template, const char *what,
		  const struct value **ret_value, struct error *err)
{
	const struct activation activation = {.resolve = resolve, .context = (void *)names};
	struct span at = {0};
	if (template_evaluate(template, &activation, arena, ret_value, &at, err) == 0)
		return 0;
	if (!at.source)
		return error_wrap(err, "%s, `%s`", names->call->action->name, what);
	struct location location = source_locate(at.source, at.offset);
	return error_wrap(err, "%s, `%s` (%s:%u:%u)", names->call->action->name, what, at.source->name, location.line,
			  location.column);
}

struct search {
	const struct value *inputs;
	const char *found; /* the first secret input that the template reads */
};

static void find_secret(void *context, const char *const *parts, size_t count, struct span at)
{
	(void)at;
	struct search *search = context;
	if (search->found || count < 2 || strcmp(parts[0], "inputs") != 0)
		return;
	const struct value *input = value_get(search->inputs, parts[1]);
	if (input && value_is_secret(input))
		search->found = parts[1];
}

int call_evaluate_open(struct arena *arena, const struct call_names *names, const struct template *template, const char *what,
		       const struct value **ret_value, struct error *err)
{
	if (call_evaluate(arena, names, template, what, ret_value, err) < 0)
		return -1;
	if (!value_is_secret(*ret_value))
		return 0;
	struct search search = {.inputs = names->call->inputs};
	template_visit_names(template, find_secret, &search);
	error_set(err, ERROR_INVALID, "%s, `%s`: %s%s%s is secret and may not stand here", names->call->action->name, what,
		  search.found ? "the input '" : "a value", search.found ? search.found : "", search.found ? "'" : "");
	return error_hint(err, "others can read arguments, environment and journal: a secret may only be passed by `stdin`");
}

const struct value *call_text(struct arena *arena, const struct value *value)
{
	static const bool written[VALUE_ERROR + 1] = {
		[VALUE_BOOL] = true,   [VALUE_INT] = true,	 [VALUE_UINT] = true,	  [VALUE_DOUBLE] = true,
		[VALUE_STRING] = true, [VALUE_TIMESTAMP] = true, [VALUE_DURATION] = true,
	};
	if (!written[value->type])
		return NULL;
	if (value->type == VALUE_STRING)
		return value;
	CLEANUP_BUFFER struct buffer buffer = {0};
	append_as_string(&buffer, value);
	struct value *text = value_string_n(arena, buffer_text(&buffer), buffer.length);
	text->secret = value->secret;
	return text;
}

static int unknown_host(struct arena *arena, const struct call_names *names, const char *id, struct error *err)
{
	const struct inventory *inventory = names->call->inventory;
	size_t count = inventory ? inventory->hosts_count : 0;
	const char **ids = arena_alloc(arena, (count + 1) * sizeof(*ids));
	for (size_t i = 0; i < count; i++)
		ids[i] = inventory->hosts[i].id;
	const char *nearest = suggest(id, ids, count);
	error_set(err, ERROR_INVALID, "%s, `via`: the inventory has no host '%s'", names->call->action->name, id);
	if (nearest)
		error_hint(err, "did you mean '%s'?", nearest);
	return -1;
}

int call_host_id(struct arena *arena, const struct call_names *names, const struct template *template, const char **ret_id,
		 struct error *err)
{
	const struct value *value;
	if (call_evaluate_open(arena, names, template, "via", &value, err) < 0)
		return -1;
	const char *id = value->type == VALUE_MAP ? value_get_text(value, "id") : value_text(value);
	if (!id && value->type != VALUE_NULL)
		return error_set(err, ERROR_INVALID, "%s, `via`: %s", names->call->action->name,
				 value->type == VALUE_UNKNOWN ? "the host is not known" : "not the id of a host");
	if (id && strcmp(id, CONTROLLER_ID) != 0 && !inventory_host(names->call->inventory, id))
		return unknown_host(arena, names, id, err);
	*ret_id = id;
	return 0;
}
