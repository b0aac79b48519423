/*
 * replica.c - replication sets: one document, a folder of them. What the schema cannot say is said here; whether an agent can
 * do what is asked is the agent's to say.
 */
#include "engine/runbook/replica.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/document/document.h"
#include "engine/runbook/fields.h"
#include "engine/schema/product.h"

#define SUFFIX ".yaml"

struct reader {
	struct fields fields;
	const struct inventory *inventory; /* or NULL */
	const struct value *document;
};

static const struct value *text_or(struct arena *arena, const struct value *value, const char *fallback)
{
	return value ? value : fallback ? value_string(arena, fallback) : value_null();
}

/* Written duration -> whole seconds; NULL: not given. Less than one counts as one. */
static const struct value *seconds(const struct reader *reader, const struct value *map, const char *key)
{
	if (!value_get(map, key))
		return NULL;
	int64_t nanoseconds = fields_duration(&reader->fields, map, key, 0);
	return value_int(reader->fields.arena, (nanoseconds + NSEC_PER_SEC - 1) / NSEC_PER_SEC);
}

/* --- hosts --- */

static void check_host(const struct reader *reader, const char *key)
{
	const struct inventory *inventory = reader->inventory;
	const struct value *id = value_get(reader->document, key);
	if (!inventory || inventory_host(inventory, value_text(id)))
		return;
	const char **ids = arena_alloc(reader->fields.arena, (inventory->hosts_count + 1) * sizeof(*ids));
	for (size_t i = 0; i < inventory->hosts_count; i++)
		ids[i] = inventory->hosts[i].id;
	struct diagnostic *diagnostic = diagnostics_add(reader->fields.diagnostics, SEVERITY_ERROR, "replica/host", id->at,
							"the inventory has no host '%s'", value_text(id));
	diagnostic_suggest(reader->fields.diagnostics, diagnostic, value_text(id), ids, inventory->hosts_count);
}

static void check_hosts(const struct reader *reader)
{
	const struct value *source = value_get(reader->document, "source"), *target = value_get(reader->document, "target");
	check_host(reader, "source");
	check_host(reader, "target");
	if (strcmp(value_text(source), value_text(target)) == 0)
		diagnostics_add(reader->fields.diagnostics, SEVERITY_ERROR, "replica/host", target->at,
				"source and target are the same host, '%s': a replica that dies with its source is none",
				value_text(target));
}

static void put_route(const struct reader *reader, struct value *set)
{
	struct arena *arena = reader->fields.arena;
	const struct value *route = value_get(reader->document, "route");
	const struct host *target = inventory_host(reader->inventory, value_get_text(reader->document, "target"));
	value_put(arena, set, "address", text_or(arena, value_get(route, "address"), target ? target->address : NULL));
	value_put(arena, set, "port", value_int(arena, value_get_int(route, "port", REPLICA_PORT)));
}

/* --- what is protected, and where it stands in the replica --- */

static bool is_within(const char *inner, const char *outer)
{
	size_t length = strlen(outer);
	return !length || (strncmp(inner, outer, length) == 0 && (inner[length] == '/' || !inner[length]));
}

static void check_mapping(const struct reader *reader, const struct value *paths, size_t index)
{
	const struct value *written = value_get(reader->document, "paths")->list.items[index];
	const char *to = value_get_text(paths->list.items[index], "to");
	for (size_t i = 0; i < index; i++) {
		const char *other = value_get_text(paths->list.items[i], "to");
		if (!is_within(to, other) && !is_within(other, to))
			continue;
		struct diagnostic *diagnostic = diagnostics_add(reader->fields.diagnostics, SEVERITY_ERROR, "replica/mapping",
								written->at, "in the replica this would stand where %s stands",
								value_get_text(paths->list.items[i], "path"));
		diagnostic_hint(reader->fields.diagnostics, diagnostic, "give each a place of its own: {path: %s, to: NAME}",
				value_get_text(paths->list.items[index], "path"));
		return;
	}
}

/* One alone is the replica's root; several stand in it one to one. */
static const struct value *paths_of(const struct reader *reader)
{
	struct arena *arena = reader->fields.arena;
	const struct value *written = value_get(reader->document, "paths");
	struct value *paths = value_list(arena);
	for (size_t i = 0; i < written->list.count; i++) {
		const struct value *one = written->list.items[i];
		const char *path = value_text(one) ? value_text(one) : value_get_text(one, "path");
		struct value *entry = value_map(arena);
		value_put(arena, entry, "path", value_string(arena, path));
		value_put(arena, entry, "to", text_or(arena, value_get(one, "to"), written->list.count > 1 ? path + 1 : ""));
		value_append(arena, paths, entry);
		check_mapping(reader, paths, i);
	}
	return paths;
}

/* --- how --- */

static const struct value *orphans_of(const struct reader *reader)
{
	struct arena *arena = reader->fields.arena;
	const struct value *written = value_get(reader->document, "orphans"), *older = seconds(reader, written, "older");
	struct value *orphans = value_map(arena);
	const char *mode = value_text(written) ? value_text(written) : value_get_text(written, "mode");
	value_put(arena, orphans, "mode", value_string(arena, mode ? mode : "delete"));
	value_put(arena, orphans, "to", text_or(arena, value_get(written, "to"), NULL));
	value_put(arena, orphans, "older", older ? older : value_int(arena, 0));
	return orphans;
}

static const struct value *consistency_of(const struct reader *reader)
{
	struct arena *arena = reader->fields.arena;
	const struct value *written = value_get(reader->document, "consistency");
	const char *mode = value_text(written) ? value_text(written) : written ? "commands" : "none";
	struct value *consistency = value_map(arena);
	value_put(arena, consistency, "mode", value_string(arena, mode));
	value_put(arena, consistency, "quiesce", text_or(arena, value_get(written, "quiesce"), NULL));
	value_put(arena, consistency, "thaw", text_or(arena, value_get(written, "thaw"), NULL));
	return consistency;
}

static const struct {
	const char *unit;
	int64_t bytes;
} units[] = {
	{"B", 1},
	{"kB", 1000},
	{"MB", 1000000},
	{"GB", 1000000000},
	{"KiB", 1024},
	{"MiB", 1024 * 1024},
	{"GiB", 1024 * 1024 * 1024},
};

static int64_t rate_of(const char *text)
{
	char *unit;
	int64_t number = strtoll(text, &unit, 10);
	for (size_t i = 0; i < COUNT_OF(units); i++)
		if (strcmp(units[i].unit, unit) == 0)
			return number * units[i].bytes;
	return 0; /* the schema admits no other */
}

static const struct value *limits_of(const struct reader *reader)
{
	struct arena *arena = reader->fields.arena;
	const struct value *written = value_get(reader->document, "limits");
	struct value *limits = value_list(arena);
	for (size_t i = 0; written && i < written->list.count; i++) {
		const struct value *one = written->list.items[i];
		struct value *limit = value_map(arena);
		value_put(arena, limit, "from", text_or(arena, value_get(one, "from"), "00:00"));
		value_put(arena, limit, "to", text_or(arena, value_get(one, "to"), "24:00"));
		value_put(arena, limit, "rate", value_int(arena, rate_of(value_get_text(one, "rate"))));
		value_append(arena, limits, limit);
	}
	return limits;
}

/* {every: SECONDS, repair: true or false}, or null. */
static const struct value *verify_of(const struct reader *reader)
{
	struct arena *arena = reader->fields.arena;
	const struct value *written = value_get(reader->document, "verify");
	const struct value *every =
		value_is(written, VALUE_MAP) ? seconds(reader, written, "every") : seconds(reader, reader->document, "verify");
	if (!every)
		return value_null();
	struct value *verify = value_map(arena);
	value_put(arena, verify, "every", every);
	value_put(arena, verify, "repair", value_bool(value_get_bool(written, "repair", false)));
	return verify;
}

static const struct value *set_of(const struct reader *reader)
{
	struct arena *arena = reader->fields.arena;
	const struct value *document = reader->document, *every = seconds(reader, document, "schedule");
	const struct value *rules = value_get(document, "rules");
	struct value *set = value_map(arena);
	value_put(arena, set, "name", value_get(document, "replica"));
	value_put(arena, set, "source", value_get(document, "source"));
	value_put(arena, set, "target", value_get(document, "target"));
	value_put(arena, set, "paths", paths_of(reader));
	value_put(arena, set, "rules", rules ? rules : value_list(arena));
	value_put(arena, set, "store", value_get(document, "store"));
	value_put(arena, set, "device", text_or(arena, value_get(document, "device"), NULL));
	value_put(arena, set, "mounted", value_bool(value_get_bool(document, "mounted", false)));
	put_route(reader, set);
	value_put(arena, set, "orphans", orphans_of(reader));
	value_put(arena, set, "consistency", consistency_of(reader));
	value_put(arena, set, "every", every ? every : value_null());
	value_put(arena, set, "limits", limits_of(reader));
	value_put(arena, set, "compression", text_or(arena, value_get(document, "compression"), "auto"));
	value_put(arena, set, "owners", text_or(arena, value_get(document, "owners"), "id"));
	value_put(arena, set, "verify", verify_of(reader));
	value_put(arena, set, "keep", value_int(arena, value_get_int(document, "keep", 0)));
	return set;
}

static void check_name(const struct reader *reader, const struct source *source)
{
	const struct value *name = value_get(reader->document, "replica");
	const char *slash = strrchr(source->name, '/'), *file = slash ? slash + 1 : source->name;
	size_t length = strlen(value_text(name));
	if (strcmp(source->name, "-") == 0 ||
	    (strncmp(file, value_text(name), length) == 0 && strcmp(file + length, SUFFIX) == 0))
		return;
	struct diagnostic *diagnostic = diagnostics_add(reader->fields.diagnostics, SEVERITY_ERROR, "replica/name", name->at,
							"the set '%s' stands in the file '%s'", value_text(name), file);
	diagnostic_hint(reader->fields.diagnostics, diagnostic, "sets are found by their file's name: call it %s" SUFFIX,
			value_text(name));
}

int replica_from_source(struct arena *arena, const struct source *source, const struct inventory *inventory,
			struct replica *ret_replica, struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	struct reader reader = {.fields = {.arena = arena, .diagnostics = diagnostics}, .inventory = inventory};
	if (document_parse(arena, source, &reader.document, diagnostics) < 0 ||
	    !schema_check(schema_product("replica"), reader.document, &(struct schema_options){0}, diagnostics))
		return -1;
	check_name(&reader, source);
	check_hosts(&reader);
	*ret_replica = (struct replica){
		.name = value_get_text(reader.document, "replica"), .source = source, .value = set_of(&reader)};
	return diagnostics->errors > errors ? -1 : 0;
}

/* --- a folder of them --- */

void replicas_add(struct arena *arena, struct inventory *inventory, const struct replica *replica)
{
	*(struct replica *)arena_grow(arena, &inventory->replicas, &inventory->replicas_count, &inventory->replicas_capacity,
				      sizeof(*replica)) = *replica;
}

static int read_one(struct arena *arena, const struct tree *tree, const char *folder, const char *file,
		    struct inventory *inventory, struct diagnostics *diagnostics)
{
	const struct source *source;
	struct replica replica;
	size_t length = strlen(file), suffix = strlen(SUFFIX);
	if (length <= suffix || strcmp(file + length - suffix, SUFFIX) != 0 ||
	    inventory_replica(inventory, arena_strndup(arena, file, length - suffix)))
		return 0;
	if (tree_open(tree, arena, arena_printf(arena, "%s/%s", folder, file), &source, diagnostics) < 0 ||
	    replica_from_source(arena, source, inventory, &replica, diagnostics) < 0)
		return -1;
	replicas_add(arena, inventory, &replica);
	return 0;
}

int replicas_read(struct arena *arena, const struct tree *tree, const char *folder, struct inventory *inventory,
		  struct diagnostics *diagnostics)
{
	const char *const *names;
	size_t count;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int result = 0;
	if (!tree_has(tree, folder))
		return 0;
	if (tree_list(tree, arena, folder, &names, &count, &err) < 0) {
		diagnostics_add(diagnostics, SEVERITY_ERROR, "replica/read", (struct span){0},
				"the folder of replication sets: %s", error_text(&err));
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		if (read_one(arena, tree, folder, names[i], inventory, diagnostics) < 0)
			result = -1;
	return result;
}

const struct replica *inventory_replica(const struct inventory *inventory, const char *name)
{
	for (size_t i = 0; inventory && name && i < inventory->replicas_count; i++)
		if (strcmp(inventory->replicas[i].name, name) == 0)
			return &inventory->replicas[i];
	return NULL;
}

const char *replica_advice(struct arena *arena, const struct inventory *inventory, const char *name)
{
	size_t count = inventory ? inventory->replicas_count : 0;
	const char **names = arena_alloc(arena, (count + 1) * sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = inventory->replicas[i].name;
	const char *nearest = suggest(name, names, count);
	if (nearest)
		return arena_printf(arena, "did you mean '%s'?", nearest);
	return arena_printf(arena, "write replica/%s" SUFFIX " beside the runbook or the inventory", name);
}
