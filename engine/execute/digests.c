/*
 * digests.c - what a plan and a run rest on, by SHA-256: runbooks, inventory, inputs, plugins. A saved plan holds for these
 * only.
 */
#include <string.h>

#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/execute/execute.h"
#include "engine/plugin/program.h"
#include "engine/runbook/replica.h"

static const struct value *digest_of(struct arena *arena, const void *data, size_t length)
{
	char digest[HASH_HEX_SIZE];
	hash_hex(data, length, digest);
	return value_string(arena, digest);
}

struct used {
	struct arena *arena;
	const struct plugins *plugins;
	struct value *digests;
};

/* A program that is not there counts as well: it would be another one as soon as it is. */
static const struct value *plugin_digest(struct arena *arena, const struct plugin *plugin)
{
	char program[HASH_HEX_SIZE] = "none", digest[HASH_HEX_SIZE];
	if (!plugin->program)
		return digest_of(arena, plugin->text, plugin->text_length);
	program_digest(plugin->program, program, NULL);
	hash_hex2(plugin->text, plugin->text_length, program, strlen(program), digest);
	return value_string(arena, digest);
}

static bool add_plugin(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	struct used *used = context;
	const struct action *action = step->uses ? plugins_find(used->plugins, step->uses, NULL) : NULL;
	const struct plugin *plugin = action ? plugins_of(used->plugins, action) : NULL;
	if (plugin && !value_get(used->digests, plugin->name))
		value_put(used->arena, used->digests, plugin->name, plugin_digest(used->arena, plugin));
	return true;
}

static const struct value *set_digests(struct arena *arena, const struct inventory *inventory)
{
	struct value *digests = value_map(arena);
	for (size_t i = 0; i < inventory->replicas_count; i++) {
		const struct replica *replica = &inventory->replicas[i];
		value_put(arena, digests, replica->name, digest_of(arena, replica->source->text, replica->source->length));
	}
	return digests;
}

const struct value *execute_digests(struct arena *arena, const struct execution *execution, const char *inventory_text,
				    size_t inventory_length)
{
	struct value *digests = value_map(arena);
	const struct source *source = execution->runbook->source;
	struct used used = {.arena = arena, .plugins = execution->plugins, .digests = value_map(arena)};
	const char *inputs = json_text(arena, execution->inputs);
	struct value *called = value_map(arena);
	runbook_visit(execution->runbook, add_plugin, &used);
	for (size_t i = 0; i < execution->runbook->called_count; i++) {
		const struct source *text = execution->runbook->called[i]->source;
		runbook_visit(execution->runbook->called[i], add_plugin, &used);
		value_put(arena, called, text->name, digest_of(arena, text->text, text->length));
	}
	value_put(arena, digests, "runbook", digest_of(arena, source->text, source->length));
	value_put(arena, digests, "called", called);
	value_put(arena, digests, "inventory", digest_of(arena, inventory_text, inventory_length));
	value_put(arena, digests, "inputs", digest_of(arena, inputs, strlen(inputs)));
	value_put(arena, digests, "plugins", used.digests);
	if (execution->inventory && execution->inventory->replicas_count)
		value_put(arena, digests, "replicas", set_digests(arena, execution->inventory));
	if (execution->commit)
		value_put(arena, digests, "commit", value_string(arena, execution->commit));
	return digests;
}
