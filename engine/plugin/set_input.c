/*
 * set_input.c - inputs that name replication sets: templates and processes get the set itself.
 */
#include <string.h>

#include "engine/plugin/action.h"
#include "engine/plugin/manifest.h"
#include "engine/runbook/replica.h"

static int set_of(struct arena *arena, const struct call *call, const char *input, const struct value *given,
		  const struct value **ret_value, struct error *err)
{
	const char *name = value_text(given);
	const struct replica *replica = inventory_replica(call->inventory, name);
	*ret_value = given;
	if (!name) /* not known yet, or null; of what is neither the schema has spoken */
		return 0;
	if (!replica) {
		error_set(err, ERROR_INVALID, "%s: `%s`: there is no replication set '%s'", call->action->name, input, name);
		return error_hint(err, "%s", replica_advice(arena, call->inventory, name));
	}
	*ret_value = replica->value;
	return 0;
}

int action_name_sets(struct arena *arena, struct call *call, struct error *err)
{
	if (!call->action->replicas || !call->action->replicas[0])
		return 0;
	struct value *inputs = value_map(arena);
	for (size_t i = 0; i < call->inputs->map.count; i++) {
		const struct value_entry *entry = &call->inputs->map.entries[i];
		const struct value *value = entry->value;
		if (manifest_has(call->action->replicas, value_text(entry->key)) &&
		    set_of(arena, call, value_text(entry->key), entry->value, &value, err) < 0)
			return -1;
		value_put_key(arena, inputs, entry->key, value);
	}
	call->inputs = inputs;
	return 0;
}
