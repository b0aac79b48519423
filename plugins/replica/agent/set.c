/*
 * set.c - set.json, field by field.
 */
#include "plugins/replica/agent/set.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/base/value.h"
#include "plugins/replica/tree/rules.h"

#define PATH_LIMIT   4095
#define ARGV_LIMIT   64
#define MONTHS_LIMIT (INT64_C(366) * 86400) /* seconds: longer is a mistake */

struct reading {
	struct arena *arena;
	struct set *set;
	struct error *err;
};

typedef int read_field(const struct reading *in, const struct value *value);

struct field {
	const char *name;
	read_field *read;
	bool required;
};

/* --- single values --- */

static int wrong(const struct reading *in, const char *must)
{
	return error_set(in->err, ERROR_INVALID, "must be %s", must);
}

/* Text without NULs; NULL and an error if it is none or too long. */
static const char *take_text(const struct reading *in, const struct value *value, size_t limit)
{
	const char *text = value_text(value);
	if (text && strlen(text) == value->string.length && value->string.length <= limit)
		return text;
	error_set(in->err, ERROR_INVALID, "must be a text of at most %zu bytes", limit);
	return NULL;
}

/* One without its slash at the end, without "", "." and ".." between slashes. */
static bool is_clean_path(const char *path)
{
	for (const char *at = path; *at;) {
		size_t length = strcspn(at, "/");
		if (length == 0 || (length == 1 && at[0] == '.') || (length == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += length;
		if (*at == '/' && !*++at)
			return false;
	}
	return true;
}

static int take_path(const struct reading *in, const struct value *value, const char **ret_path)
{
	const char *path = take_text(in, value, PATH_LIMIT);
	if (!path)
		return -1;
	if (path[0] != '/' || !is_clean_path(path + 1) || strchr(path, '\n'))
		return wrong(in, "an absolute path without '..', '.', '//' and a '/' at its end");
	*ret_path = path;
	return 0;
}

static int take_choice(const struct reading *in, const struct value *value, const char *const *names, size_t count,
		       unsigned *ret_choice)
{
	CLEANUP_BUFFER struct buffer all = {0};
	for (size_t i = 0; i < count; i++) {
		if (value_is_text(value, names[i])) {
			*ret_choice = (unsigned)i;
			return 0;
		}
		buffer_printf(&all, "%s%s", i == 0 ? "" : i + 1 < count ? ", " : " or ", names[i]);
	}
	return wrong(in, buffer_text(&all));
}

static int take_number(const struct reading *in, const struct value *value, int64_t least, int64_t most, int64_t *ret_number)
{
	if (!value_is(value, VALUE_INT) || value->integer < least || value->integer > most)
		return error_set(in->err, ERROR_INVALID, "must be a whole number from %lld to %lld", (long long)least,
				 (long long)most);
	*ret_number = value->integer;
	return 0;
}

static int take_list(const struct reading *in, const struct value *value, size_t limit)
{
	if (value_is(value, VALUE_LIST) && value->list.count <= limit)
		return 0;
	return error_set(in->err, ERROR_INVALID, "must be a list of at most %zu", limit);
}

/* --- maps --- */

static const struct field *find_field(const struct field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(fields[i].name, name) == 0)
			return &fields[i];
	return NULL;
}

static int unknown_field(const struct reading *in, const struct field *fields, size_t count, const char *name)
{
	const char *names[32];
	for (size_t i = 0; i < count; i++)
		names[i] = fields[i].name;
	const char *meant = suggest(name, names, count);
	error_set(in->err, ERROR_INVALID, "there is no field '%s'", name);
	return meant ? error_hint(in->err, "did you mean '%s'?", meant) : -1;
}

static int take_map(const struct reading *in, const struct value *value, const struct field *fields, size_t count)
{
	if (!value_is(value, VALUE_MAP))
		return wrong(in, "a map");
	for (size_t i = 0; i < value->map.count; i++) {
		const char *name = value_text(value->map.entries[i].key);
		const struct field *field = find_field(fields, count, name);
		if (!field)
			return unknown_field(in, fields, count, name);
		if (field->read(in, value->map.entries[i].value) < 0)
			return error_wrap(in->err, "%s", name);
	}
	for (size_t i = 0; i < count; i++)
		if (fields[i].required && !value_get(value, fields[i].name))
			return error_set(in->err, ERROR_INVALID, "the field '%s' is missing", fields[i].name);
	return 0;
}

/* --- the fields --- */

bool set_name_is_valid(const char *name)
{
	size_t length = strlen(name);
	return length > 0 && length <= PROTOCOL_SET_LIMIT && name[0] != '-' && name[0] != '_' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == length;
}

static int read_name(const struct reading *in, const struct value *value)
{
	const char *name = take_text(in, value, PROTOCOL_SET_LIMIT);
	if (!name)
		return -1;
	if (!set_name_is_valid(name))
		return wrong(in, "a name of a-z, 0-9, '_' and '-'");
	strcpy(in->set->name, name); /* NOLINT: bounded by take_text */
	return 0;
}

static const char *const roles[] = {[SET_SOURCE] = "source", [SET_TARGET] = "target"};

const char *set_role_name(enum set_role role)
{
	return roles[role];
}

static int read_role(const struct reading *in, const struct value *value)
{
	return take_choice(in, value, roles, COUNT_OF(roles), &in->set->role);
}

static int read_term(const struct reading *in, const struct value *value)
{
	int64_t term = 0;
	if (take_number(in, value, 1, INT64_MAX, &term) < 0)
		return -1;
	in->set->term = (uint64_t)term;
	return 0;
}

/* Items of a list are read one by one into a place of their own. */
struct item {
	struct reading in; /* first: a reader of an item's field gets this */
	void *place;
};

static void *place_of(const struct reading *in)
{
	return ((const struct item *)in)->place;
}

static int read_source_path(const struct reading *in, const struct value *value)
{
	return take_path(in, value, &((struct forest_root *)place_of(in))->path);
}

static int read_source_to(const struct reading *in, const struct value *value)
{
	const char *to = take_text(in, value, PATH_LIMIT);
	if (!to)
		return -1;
	if (!is_clean_path(to))
		return wrong(in, "a path below the replica, without '..', '.', '//' and a '/' at its ends; or empty");
	((struct forest_root *)place_of(in))->place = to;
	return 0;
}

static const struct field source_fields[] = {
	{"path", read_source_path, true},
	{"to", read_source_to, false},
};

static int take_items(const struct reading *in, const struct value *value, const struct field *fields, size_t count,
		      void *items, size_t size)
{
	for (size_t i = 0; i < value->list.count; i++) {
		const struct item item = {*in, (char *)items + i * size};
		if (take_map(&item.in, value->list.items[i], fields, count) < 0)
			return error_wrap(in->err, "[%zu]", i);
	}
	return 0;
}

static int read_sources(const struct reading *in, const struct value *value)
{
	if (take_list(in, value, SET_ITEMS_LIMIT) < 0)
		return -1;
	struct forest_root *sources = arena_alloc(in->arena, (value->list.count + 1) * sizeof(*sources));
	in->set->sources = sources;
	in->set->source_count = value->list.count;
	if (value->list.count == 1)
		sources[0].place = "";
	return take_items(in, value, source_fields, COUNT_OF(source_fields), sources, sizeof(*sources));
}

static int read_rules(const struct reading *in, const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	struct rules *rules;
	if (take_list(in, value, SET_ITEMS_LIMIT) < 0)
		return -1;
	for (size_t i = 0; i < value->list.count; i++) {
		const char *rule = take_text(in, value->list.items[i], PATH_LIMIT);
		if (!rule || strchr(rule, '\n'))
			return rule ? wrong(in, "one rule an item") : -1;
		buffer_printf(&text, "%s\n", rule);
	}
	if (rules_parse(buffer_text(&text), &rules, in->err) < 0)
		return -1;
	rules_free(rules);
	in->set->rules = arena_strdup(in->arena, buffer_text(&text));
	return 0;
}

static int read_orphans_mode(const struct reading *in, const struct value *value)
{
	static const char *const names[] = {[ORPHANS_DELETE] = "delete", [ORPHANS_KEEP] = "keep", [ORPHANS_MOVE] = "move"};
	return take_choice(in, value, names, COUNT_OF(names), &in->set->orphans);
}

static int read_orphans_to(const struct reading *in, const struct value *value)
{
	return value_is(value, VALUE_NULL) ? 0 : take_path(in, value, &in->set->orphans_to);
}

static int read_orphans_older(const struct reading *in, const struct value *value)
{
	return take_number(in, value, 0, INT64_C(100) * MONTHS_LIMIT, &in->set->orphans_older);
}

static const struct field orphans_fields[] = {
	{"mode", read_orphans_mode, true},
	{"to", read_orphans_to, false},
	{"older", read_orphans_older, false},
};

static int read_orphans(const struct reading *in, const struct value *value)
{
	if (take_map(in, value, orphans_fields, COUNT_OF(orphans_fields)) < 0)
		return -1;
	if (in->set->orphans != ORPHANS_MOVE && in->set->orphans_to)
		return error_set(in->err, ERROR_INVALID, "'to' belongs to the mode move, and to no other");
	return 0;
}

static int read_consistency_mode(const struct reading *in, const struct value *value)
{
	static const char *const names[] = {[CONSISTENCY_NONE] = "none",
					    [CONSISTENCY_SNAPSHOT] = "snapshot",
					    [CONSISTENCY_REFLINK] = "reflink",
					    [CONSISTENCY_COMMANDS] = "commands"};
	return take_choice(in, value, names, COUNT_OF(names), &in->set->consistency);
}

static int take_argv(const struct reading *in, const struct value *value, const char *const **ret_argv)
{
	if (value_is(value, VALUE_NULL))
		return 0;
	if (take_list(in, value, ARGV_LIMIT) < 0)
		return -1;
	if (!value->list.count)
		return 0;
	const char **argv = arena_alloc(in->arena, (value->list.count + 1) * sizeof(*argv));
	for (size_t i = 0; i < value->list.count; i++)
		if (!(argv[i] = take_text(in, value->list.items[i], PATH_LIMIT)))
			return -1;
	if (argv[0][0] != '/')
		return wrong(in, "a program by its absolute path, and its arguments");
	*ret_argv = argv;
	return 0;
}

static int read_quiesce(const struct reading *in, const struct value *value)
{
	return take_argv(in, value, &in->set->quiesce);
}

static int read_thaw(const struct reading *in, const struct value *value)
{
	return take_argv(in, value, &in->set->thaw);
}

static const struct field consistency_fields[] = {
	{"mode", read_consistency_mode, true},
	{"quiesce", read_quiesce, false},
	{"thaw", read_thaw, false},
};

static int read_consistency(const struct reading *in, const struct value *value)
{
	if (take_map(in, value, consistency_fields, COUNT_OF(consistency_fields)) < 0)
		return -1;
	if (in->set->consistency == CONSISTENCY_COMMANDS && !in->set->quiesce)
		return error_set(in->err, ERROR_INVALID, "the mode commands needs 'quiesce'");
	if (in->set->consistency == CONSISTENCY_NONE && in->set->quiesce)
		return error_set(in->err, ERROR_INVALID, "'quiesce' does not belong to the mode none");
	if (!in->set->quiesce != !in->set->thaw)
		return error_set(in->err, ERROR_INVALID,
				 "'quiesce' and 'thaw' belong together: what is stopped is started again");
	return 0;
}

static int read_every(const struct reading *in, const struct value *value)
{
	return take_number(in, value, 1, MONTHS_LIMIT, &in->set->every);
}

static const struct field schedule_fields[] = {{"every", read_every, true}};

static int read_schedule(const struct reading *in, const struct value *value)
{
	return value_is(value, VALUE_NULL) ? 0 : take_map(in, value, schedule_fields, COUNT_OF(schedule_fields));
}

struct set_limit {
	unsigned from, to; /* minutes of the day */
	int64_t rate;
};

/* "08:30"; "24:00" is an end. */
static int take_minute(const struct reading *in, const struct value *value, unsigned *ret_minute)
{
	const char *text = value_text(value);
	unsigned hour, minute;
	if (!text || strlen(text) != 5 || strspn(text, "0123456789:") != 5 || sscanf(text, "%2u:%2u", &hour, &minute) != 2 ||
	    text[2] != ':' || hour > 24 || minute > 59 || (hour == 24 && minute))
		return wrong(in, "a time of day such as 08:30");
	*ret_minute = hour * 60 + minute;
	return 0;
}

static int read_limit_from(const struct reading *in, const struct value *value)
{
	return take_minute(in, value, &((struct set_limit *)place_of(in))->from);
}

static int read_limit_to(const struct reading *in, const struct value *value)
{
	return take_minute(in, value, &((struct set_limit *)place_of(in))->to);
}

static int read_limit_rate(const struct reading *in, const struct value *value)
{
	return take_number(in, value, 1024, INT64_MAX, &((struct set_limit *)place_of(in))->rate);
}

static const struct field limit_fields[] = {
	{"from", read_limit_from, true},
	{"to", read_limit_to, true},
	{"rate", read_limit_rate, true},
};

static int read_limits(const struct reading *in, const struct value *value)
{
	struct set_limit limits[PACE_LIMITS] = {0};
	if (take_list(in, value, PACE_LIMITS) < 0 ||
	    take_items(in, value, limit_fields, COUNT_OF(limit_fields), limits, sizeof(*limits)) < 0)
		return -1;
	struct pace_limits *all = &in->set->limits;
	all->count = value->list.count;
	for (size_t i = 0; i < all->count; i++) {
		all->items[i].from = limits[i].from;
		all->items[i].to = limits[i].to;
		all->items[i].rate = (uint64_t)limits[i].rate;
	}
	return 0;
}

static int read_compression(const struct reading *in, const struct value *value)
{
	static const char *const names[] = {
		[COMPRESSION_AUTO] = "auto", [COMPRESSION_ZSTD] = "zstd", [COMPRESSION_NONE] = "none"};
	return take_choice(in, value, names, COUNT_OF(names), &in->set->compression);
}

static int read_owners(const struct reading *in, const struct value *value)
{
	static const char *const names[] = {"id", "name"};
	unsigned choice;
	if (take_choice(in, value, names, COUNT_OF(names), &choice) < 0)
		return -1;
	in->set->owners_by_name = choice;
	return 0;
}

static int read_keep(const struct reading *in, const struct value *value)
{
	return take_number(in, value, 0, 10000, &in->set->keep);
}

static int read_store(const struct reading *in, const struct value *value)
{
	return value_is(value, VALUE_NULL) ? 0 : take_path(in, value, &in->set->store);
}

static int read_device(const struct reading *in, const struct value *value)
{
	return value_is(value, VALUE_NULL) ? 0 : take_path(in, value, &in->set->device);
}

static int take_bool(const struct reading *in, const struct value *value, bool *ret_bool)
{
	if (!value_is(value, VALUE_BOOL))
		return wrong(in, "true or false");
	*ret_bool = value->boolean;
	return 0;
}

static int read_mounted(const struct reading *in, const struct value *value)
{
	return take_bool(in, value, &in->set->mounted);
}

static int read_replace_foreign(const struct reading *in, const struct value *value)
{
	return take_bool(in, value, &in->set->replace_foreign);
}

static int read_verify_every(const struct reading *in, const struct value *value)
{
	return take_number(in, value, 1, MONTHS_LIMIT, &in->set->verify_every);
}

static int read_repair(const struct reading *in, const struct value *value)
{
	return take_bool(in, value, &in->set->repair);
}

static const struct field verify_fields[] = {
	{"every", read_verify_every, true},
	{"repair", read_repair, false},
};

static int read_verify(const struct reading *in, const struct value *value)
{
	return value_is(value, VALUE_NULL) ? 0 : take_map(in, value, verify_fields, COUNT_OF(verify_fields));
}

static int read_address(const struct reading *in, const struct value *value)
{
	in->set->peer.address = take_text(in, value, 255);
	if (!in->set->peer.address)
		return -1;
	size_t length = strlen(in->set->peer.address);
	const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_%";
	return length && strspn(in->set->peer.address, allowed) == length ? 0 : wrong(in, "an IP address or a host's name");
}

static int read_port(const struct reading *in, const struct value *value)
{
	int64_t port = 0;
	if (take_number(in, value, 1, 65535, &port) < 0)
		return -1;
	in->set->peer.port = (unsigned)port;
	return 0;
}

static int read_certificate(const struct reading *in, const struct value *value)
{
	in->set->peer.certificate = take_text(in, value, 16384);
	return in->set->peer.certificate ? 0 : -1;
}

static const struct field peer_fields[] = {
	{"address", read_address, true},
	{"port", read_port, true},
	{"certificate", read_certificate, true},
};

static int read_peer(const struct reading *in, const struct value *value)
{
	return take_map(in, value, peer_fields, COUNT_OF(peer_fields));
}

static const struct field set_fields[] = {
	{"set", read_name, true},
	{"role", read_role, true},
	{"term", read_term, true},
	{"sources", read_sources, false},
	{"rules", read_rules, false},
	{"orphans", read_orphans, false},
	{"consistency", read_consistency, false},
	{"schedule", read_schedule, false},
	{"limits", read_limits, false},
	{"compression", read_compression, false},
	{"owners", read_owners, false},
	{"keep", read_keep, false},
	{"store", read_store, false},
	{"device", read_device, false},
	{"mounted", read_mounted, false},
	{"replace_foreign", read_replace_foreign, false},
	{"verify", read_verify, false},
	{"peer", read_peer, true},
};

/* --- the whole --- */

bool path_is_within(const char *path, const char *folder)
{
	size_t length = strlen(folder);
	if (length == 1) /* the root */
		return true;
	return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* Where in the replica it is. */
static const char *place_in_replica(const struct forest_root *root)
{
	return root->place ? root->place : root->path + 1;
}

static int check_sources(const struct set *set, struct error *err)
{
	for (size_t i = 0; i < set->source_count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(place_in_replica(&set->sources[i]), place_in_replica(&set->sources[j])) == 0)
				return error_set(err, ERROR_INVALID, "sources: %s and %s have the same place in the replica",
						 set->sources[j].path, set->sources[i].path);
	return 0;
}

int set_parse(struct arena *arena, const struct value *json, struct set *ret_set, struct error *err)
{
	struct set set = {.rules = ""};
	const struct reading in = {arena, &set, err};
	if (take_map(&in, json, set_fields, COUNT_OF(set_fields)) < 0 || check_sources(&set, err) < 0)
		return -1;
	if (set.role == SET_SOURCE && !set.source_count)
		return error_set(err, ERROR_INVALID, "a source needs 'sources': what is to be protected");
	if (set.role == SET_TARGET && !set.store)
		return error_set(err, ERROR_INVALID, "a target needs 'store': the folder that keeps the replica");
	*ret_set = set;
	return 0;
}
