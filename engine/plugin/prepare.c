/*
 * prepare.c - from templates to argument vectors. Values become arguments, variables and stdin as they are; nothing is ever put
 * into the text of a program.
 *
 * Scripts: linux runs `sh -e -c TEXT`: a command that fails ends the script, except where its exit is looked at (`if`, `&&`,
 * `||`, and all but the last of a pipe). windows runs `powershell.exe -NoProfile -NonInteractive -Command TEXT` with errors
 * that end it; the connection wraps that so that no shell on the way reads it.
 */
#include "engine/plugin/prepare.h"

#include <string.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"

/* Stands for an unknown part until the command line is text: a plain word, so that no shell's quoting changes it. */
#define UNKNOWN_WORD "unknown-c4b1f7d2e95a"

struct preparation {
	struct arena *arena;
	struct call_names names;
	struct prepared *prepared;
	struct error *err;
};

static int refuse(const struct preparation *p, const char *what, const char *why)
{
	return error_set(p->err, ERROR_INVALID, "%s, `%s`: %s", p->names.call->action->name, what, why);
}

/* The text of one argument or variable. */
static int plain_text(const struct preparation *p, const char *what, const struct value *value, const char **ret_text)
{
	if (value->type == VALUE_UNKNOWN) {
		p->prepared->unknown = what;
		*ret_text = UNKNOWN_WORD;
		return 0;
	}
	const struct value *text = call_text(p->arena, value);
	if (!text)
		return refuse(p, what, arena_printf(p->arena, "a %s where text is needed", value_type_name(value->type)));
	if (memchr(text->string.data, 0, text->string.length))
		return refuse(p, what, "a NUL byte, which no program can be given");
	*ret_text = text->string.data;
	return 0;
}

static int run_argv(const struct preparation *p, const struct action_command *command, const char ***ret_argv)
{
	const struct value *list;
	if (call_evaluate_open(p->arena, &p->names, command->run, "run", &list, p->err) < 0)
		return -1;
	if (list->type == VALUE_NULL)
		return 0;
	if (list->type == VALUE_UNKNOWN) {
		struct value *stand_in = value_list(p->arena);
		value_append(p->arena, stand_in, list);
		list = stand_in;
	}
	if (list->type != VALUE_LIST)
		return refuse(p, "run", arena_printf(p->arena, "a %s, not a list of arguments", value_type_name(list->type)));
	const char **argv = arena_alloc(p->arena, (list->list.count + 1) * sizeof(*argv));
	size_t count = 0;
	for (size_t i = 0; i < list->list.count; i++)
		if (list->list.items[i]->type != VALUE_NULL && plain_text(p, "run", list->list.items[i], &argv[count++]) < 0)
			return -1;
	if (count == 0 || !argv[0][0])
		return refuse(p, "run", "there is no program to run");
	*ret_argv = argv;
	return 0;
}

static const char **script_argv(const struct preparation *p, const struct action_command *command)
{
	const char *posix[] = {"sh", "-e", "-c", command->script, NULL};
	const char *powershell[] = {"powershell.exe", "-NoProfile", "-NonInteractive", "-Command", NULL, NULL};
	if (p->prepared->host->platform != PLATFORM_WINDOWS)
		return arena_copy(p->arena, posix, sizeof(posix));
	powershell[4] = arena_printf(p->arena, "$ErrorActionPreference = 'Stop'\n%s", command->script);
	return arena_copy(p->arena, powershell, sizeof(powershell));
}

static int variable(const struct preparation *p, const struct value_entry *entry, const char **ret_variable)
{
	const char *name = value_text(entry->key), *text;
	if (!name || !*name || strchr(name, '=') || strlen(name) != entry->key->string.length)
		return refuse(p, "env", "a variable's name must be text without = and NUL");
	if (plain_text(p, "env", entry->value, &text) < 0)
		return error_wrap(p->err, "variable %s", name);
	*ret_variable = arena_printf(p->arena, "%s=%s", name, text);
	return 0;
}

static int environment(const struct preparation *p, const struct action_command *command)
{
	const struct value *map;
	if (!command->environment)
		return 0;
	if (call_evaluate_open(p->arena, &p->names, command->environment, "env", &map, p->err) < 0)
		return -1;
	if (map->type == VALUE_UNKNOWN)
		p->prepared->unknown = "env";
	if (map->type == VALUE_NULL || map->type == VALUE_UNKNOWN)
		return 0;
	if (map->type != VALUE_MAP)
		return refuse(p, "env", arena_printf(p->arena, "a %s, not a map of variables", value_type_name(map->type)));
	const char **variables = arena_alloc(p->arena, (map->map.count + 1) * sizeof(*variables));
	size_t count = 0;
	for (size_t i = 0; i < map->map.count; i++)
		if (map->map.entries[i].value->type != VALUE_NULL && variable(p, &map->map.entries[i], &variables[count++]) < 0)
			return -1;
	p->prepared->command.environment = variables;
	return 0;
}

static int input(const struct preparation *p, const struct action_command *command)
{
	const struct value *value;
	if (!command->input)
		return 0;
	if (call_evaluate(p->arena, &p->names, command->input, "stdin", &value, p->err) < 0)
		return -1;
	p->prepared->secret_input = value_is_secret(value);
	if (value->type == VALUE_NULL)
		return 0;
	if (value->type == VALUE_UNKNOWN) {
		p->prepared->unknown = "stdin";
		p->prepared->input = value;
		return 0;
	}
	const struct value *text = call_text(p->arena, value);
	if (!text)
		return refuse(p, "stdin", arena_printf(p->arena, "a %s where text is needed", value_type_name(value->type)));
	p->prepared->input = text;
	p->prepared->command.input = text->string.data;
	p->prepared->command.input_length = text->string.length;
	return 0;
}

static int executor(const struct preparation *p, const struct action_command *command)
{
	const char *id;
	p->prepared->host = call_executor(p->names.call);
	if (!command->via)
		return 0;
	if (call_host_id(p->arena, &p->names, command->via, &id, p->err) < 0)
		return -1;
	if (!id)
		return 0;
	p->prepared->host = strcmp(id, CONTROLLER_ID) == 0 ? action_controller() : inventory_host(p->names.call->inventory, id);
	return 0;
}

static int become(const struct preparation *p, const struct action_command *command)
{
	const struct value *value;
	if (!command->become)
		return 0;
	if (call_evaluate_open(p->arena, &p->names, command->become, "become", &value, p->err) < 0)
		return -1;
	if (value->type == VALUE_UNKNOWN)
		p->prepared->unknown = "become";
	else if (value->type != VALUE_BOOL)
		return refuse(p, "become", "neither true nor false");
	p->prepared->command.no_become = value->type == VALUE_BOOL && !value->boolean;
	return 0;
}

/* What cannot be sent to that host is refused here, so that a plan says it too. */
static int check_sendable(const struct preparation *p, const struct action_command *command)
{
	const struct prepared *prepared = p->prepared;
	if (!prepared->command.argv || prepared->unknown)
		return 0;
	if (command->script && prepared->host->platform == PLATFORM_WINDOWS && prepared->host->shell == SHELL_CMD) {
		refuse(p, "script",
		       arena_printf(p->arena, "%s has no PowerShell (`shell: cmd` in the inventory)", prepared->host->id));
		return error_hint(p->err,
				  "this action cannot be done on that host; core.run with a program of the host's own may do");
	}
	if (connection_check_command(prepared->host, &prepared->command, p->err) < 0)
		return error_wrap(p->err, "%s on %s", p->names.call->action->name, prepared->host->id);
	return 0;
}

int command_prepare(struct arena *arena, const struct call *call, const struct action_command *command,
		    const struct observation *before, struct prepared *ret_prepared, struct error *err)
{
	struct preparation p = {
		.arena = arena, .names = {.call = call, .before = before}, .prepared = ret_prepared, .err = err};
	const char **argv = NULL;
	*ret_prepared = (struct prepared){0};
	if (executor(&p, command) < 0)
		return -1;
	if (command->script)
		argv = script_argv(&p, command);
	else if (run_argv(&p, command, &argv) < 0)
		return -1;
	ret_prepared->command.argv = argv;
	if (become(&p, command) < 0 || environment(&p, command) < 0 || input(&p, command) < 0)
		return -1;
	return check_sendable(&p, command);
}

int command_host(struct arena *arena, const struct call *call, const struct action_command *command,
		 const struct host **ret_host, struct error *err)
{
	struct prepared prepared;
	struct preparation p = {.arena = arena, .names = {.call = call}, .prepared = &prepared, .err = err};
	if (executor(&p, command) < 0)
		return -1;
	*ret_host = prepared.host;
	return 0;
}

static void append_known(struct buffer *out, const char *text)
{
	const char *found;
	while ((found = strstr(text, UNKNOWN_WORD))) {
		buffer_append(out, text, (size_t)(found - text));
		buffer_add_char(out, '?');
		text = found + strlen(UNKNOWN_WORD);
	}
	buffer_add(out, text);
}

const char *prepared_text(struct arena *arena, const struct prepared *prepared)
{
	CLEANUP_FREE char *text = connection_command_text(prepared->host, &prepared->command);
	CLEANUP_BUFFER struct buffer out = {0};
	if (prepared->unknown)
		append_known(&out, text);
	else
		buffer_add(&out, text);
	if (prepared->secret_input)
		buffer_add(&out, "  # stdin: •••");
	else if (value_is(prepared->input, VALUE_UNKNOWN))
		buffer_add(&out, "  # stdin: ?");
	else if (prepared->input)
		buffer_printf(&out, "  # stdin: %zu bytes", prepared->input->string.length);
	return arena_strndup(arena, buffer_text(&out), out.length);
}
