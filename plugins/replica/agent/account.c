/*
 * account.c - what a session did.
 */
#include "plugins/replica/agent/account.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/base/value.h"
#include "plugins/replica/agent/history.h"
#include "plugins/replica/target/points.h"
#include "plugins/replica/tree/owners.h"

#define NAMES_TOLD   100  /* names in a status */
#define LINES_LOOKED 1000 /* of the history, for a point */

static double seconds(int64_t nanoseconds)
{
	return (double)nanoseconds / (double)NSEC_PER_SEC;
}

static void put_int(struct arena *arena, struct value *map, const char *key, uint64_t number)
{
	value_put(arena, map, key, value_int(arena, (int64_t)number));
}

static void put_text(struct arena *arena, struct value *map, const char *key, const char *text)
{
	CLEANUP_BUFFER struct buffer repaired = {0};
	utf8_append_repaired(&repaired, text, strlen(text));
	value_put(arena, map, key, value_string(arena, buffer_text(&repaired)));
}

static void put_time(struct arena *arena, struct value *map, const char *key, int64_t wall)
{
	char text[CLOCK_TEXT_SIZE];
	clock_format_wall(wall, text);
	put_text(arena, map, key, text);
}

static uint64_t left_of(uint64_t total, uint64_t done)
{
	return total > done ? total - done : 0; /* it may have grown since it was counted */
}

/* What is done, what is left, and when it will be, if the rest goes on as what was done. */
static void put_cycle(struct arena *arena, struct value *out, const struct cycle_progress *now, double elapsed)
{
	uint64_t left = left_of(now->bytes_total, now->bytes), total = now->bytes + left;
	double rate = elapsed > 0 ? (double)now->bytes / elapsed : 0;
	value_put(arena, out, "percent", value_double(arena, total ? 100 * (double)now->bytes / (double)total : 0));
	put_int(arena, out, "files", now->files);
	put_int(arena, out, "files_left", left_of(now->files_total, now->files));
	put_int(arena, out, "bytes", now->bytes);
	put_int(arena, out, "bytes_left", left);
	put_int(arena, out, "content", now->content);
	put_int(arena, out, "rate", (uint64_t)rate);
	value_put(arena, out, "eta", rate > 0 ? value_double(arena, (double)left / rate) : value_null());
}

void account_progress(const struct account *account, const struct cycle_progress *progress, const struct stream *stream)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct value *out = value_map(arena);
	double elapsed = seconds(clock_boottime() - account->began);
	put_time(arena, out, "began", account->wall);
	value_put(arena, out, "seconds", value_double(arena, elapsed));
	if (progress->files_total || progress->files)
		put_cycle(arena, out, progress, elapsed);
	put_int(arena, out, "wire_out", stream->bytes_out);
	put_int(arena, out, "wire_in", stream->bytes_in);
	if (progress->content && stream->bytes_out) /* bytes of content for one on the line */
		value_put(arena, out, "compression",
			  value_double(arena, (double)progress->content / (double)stream->bytes_out));
	progress_write(account->folder, out);
}

static bool is_zero(const struct digest *digest)
{
	static const struct digest zero;
	return digest_equal(digest, &zero);
}

/* The first of the names that the point lacks, because the file system here cannot keep them. */
static void put_unkept(struct arena *arena, struct value *out, const struct store *store)
{
	struct unkept unkept = {0};
	struct value *list = value_list(arena);
	if (store_read_unkept(store, store->point.generation, &unkept, NULL) < 0 || !unkept.live)
		return unkept_free(&unkept);
	for (size_t i = 0; i < unkept.count && list->list.count < NAMES_TOLD; i++) {
		struct value *item = value_map(arena);
		if (!unkept.items[i].reason)
			continue;
		put_text(arena, item, "path", unkept.items[i].path);
		put_text(arena, item, "why", unkept_why(unkept.items[i].reason));
		value_append(arena, list, item);
	}
	value_put(arena, out, "skipped_paths", list);
	unkept_free(&unkept);
}

/* Names of the source that are none here: what they own has their number. */
static void put_unknown_owners(struct arena *arena, struct value *out, const struct store *store)
{
	CLEANUP_FREE char *path = store_file(store, "owners"), *text = NULL;
	struct owners owners = {0};
	struct value *list = value_list(arena);
	size_t length;
	if (file_read(path, OWNERS_FILE_LIMIT, &text, &length, NULL) == 0 && owners_parse(text, &owners, NULL) == 0)
		for (size_t i = 0; i < owners.count && list->list.count < NAMES_TOLD; i++)
			if (!owners.all[i].known)
				value_append(
					arena, list,
					value_string(arena, arena_printf(arena, "%s %s", owners.all[i].group ? "group" : "user",
									 owners.all[i].name)));
	if (list->list.count)
		value_put(arena, out, "unknown_owners", list);
	owners_free(&owners);
}

void account_store(struct arena *arena, struct value *out, const struct store *store)
{
	const struct point *point = &store->point;
	char id[IDENTITY_HEX];
	identity_hex(&point->point, id);
	put_int(arena, out, "term", point->term);
	put_int(arena, out, "generation", point->generation);
	put_text(arena, out, "point", id);
	if (point->generation) {
		CLEANUP_FREE char *tree = store_tree(store, point->tree);
		put_text(arena, out, "path", point->device[0] ? point->device : tree);
		put_time(arena, out, "time", point->time);
		value_put(arena, out, "age", value_double(arena, seconds(clock_wall() - point->time)));
		put_text(arena, out, "consistency", point->consistent ? "consistent" : "fuzzy");
	}
	value_put(arena, out, "volume", value_bool(point->device[0] || !is_zero(&point->content)));
	if (point_loss(point) >= 0) {
		put_time(arena, out, "promoted_at", point->promoted_at);
		value_put(arena, out, "rpo", value_double(arena, point_loss(point)));
	}
	if (point->promoted)
		put_int(arena, out, "promoted_point", point->copy_of ? point->copy_of : point->generation);
	put_text(arena, out, "by", consistency_name(point->consistency));
	put_int(arena, out, "unstable", point->unstable);
	put_int(arena, out, "skipped", point->skipped);
	put_int(arena, out, "conflicts", point->conflicts);
	put_unkept(arena, out, store);
	put_unknown_owners(arena, out, store);
}

/* --- the points that there are, the oldest first --- */

static int add_point(struct arena *arena, const struct store *store, uint64_t number, struct value *list, struct error *err)
{
	struct store one = *store; /* the same, at another point */
	bool last = number == store->point.generation;
	if (!last && points_read(store, number, &one.point, err) < 0)
		return -1;
	struct value *item = value_map(arena);
	account_store(arena, item, &one);
	value_put(arena, item, "id", value_get(item, "point"));
	value_put(arena, item, "point", value_int(arena, (int64_t)number));
	if (!last) {
		CLEANUP_FREE char *path = points_tree(store, number);
		value_put(arena, item, "path", value_string(arena, path));
	}
	value_append(arena, list, item);
	return 0;
}

int account_points(const char *path, struct arena *arena, struct value *list, struct error *err)
{
	CLEANUP_FREE uint64_t *numbers = NULL;
	struct store store;
	size_t count = 0;
	if (store_look(path, &store, err) < 0)
		return -1;
	int result = points_list(&store, &numbers, &count, err);
	for (size_t i = 0; result == 0 && i < count; i++)
		if (numbers[i] != store.point.generation) /* its copy: the next batch is being applied */
			result = add_point(arena, &store, numbers[i], list, err);
	if (result == 0 && store.point.generation)
		result = add_point(arena, &store, store.point.generation, list, err);
	store_close(&store);
	return result;
}

static const struct value *continued_value(struct arena *arena, const struct source_continued *continued)
{
	struct value *map = value_map(arena);
	put_text(arena, map, "from", continued->from);
	put_time(arena, map, "begun", continued->begun);
	put_int(arena, map, "files", continued->files);
	return map;
}

const struct value *account_result(struct arena *arena, const struct source_result *result)
{
	const struct cycle_count *count = &result->count;
	const struct {
		const char *name;
		uint64_t number;
	} numbers[] = {
		{"folders", count->folders},	  {"files", count->files},	  {"others", count->others},
		{"bytes", count->bytes},	  {"made", count->made},	  {"patched", count->patched},
		{"changed", count->changed},	  {"linked", count->linked},	  {"deleted", count->deleted},
		{"renamed", count->renamed},	  {"moved", count->moved},	  {"orphans", count->orphans},
		{"records", count->records},	  {"content", count->content},	  {"unstable", count->unstable},
		{"skipped", count->skipped},	  {"wire_out", result->wire_out}, {"wire_in", result->wire_in},
		{"plain_out", result->plain_out},
	};
	struct value *map = value_map(arena);
	char point[IDENTITY_HEX];
	identity_hex(&result->point, point);
	put_text(arena, map, "way", result->way);
	put_int(arena, map, "generation", result->generation);
	put_text(arena, map, "point", point);
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		put_int(arena, map, numbers[i].name, numbers[i].number);
	if (result->continued.begun)
		value_put(arena, map, "continued", continued_value(arena, &result->continued));
	return map;
}

/* --- the history --- */

static struct value *begin_entry(const struct account *account, struct arena *arena, const struct error *why, const char *done)
{
	struct value *entry = value_map(arena);
	put_time(arena, entry, "time", account->wall);
	value_put(arena, entry, "seconds", value_double(arena, seconds(clock_boottime() - account->began)));
	put_int(arena, entry, "term", account->term);
	put_text(arena, entry, "result", why->code ? "failed" : done);
	if (!why->code)
		return entry;
	put_text(arena, entry, "code", error_code_name(why->code));
	put_text(arena, entry, "error", error_text(why));
	if (why->hint)
		put_text(arena, entry, "hint", why->hint);
	return entry;
}

/* The line first: if this process dies before the rest, the line is found. */
static int note(const struct account *account, const char *name, const struct value *entry, struct error *err)
{
	return history_add(account->folder, entry, err) < 0 ? -1 : history_keep(account->folder, name, entry, err);
}

static bool has_point(const struct value *entry, const char *point)
{
	const char *its = value_get_text(entry, "point");
	return its && strcmp(its, point) == 0;
}

static bool is_noted(const struct account *account, const char *point, struct arena *arena)
{
	struct value *list;
	if (has_point(history_kept(account->folder, "last", arena), point))
		return true;
	if (history_read(account->folder, arena, LINES_LOOKED, &list, NULL) < 0)
		return false;
	for (size_t i = 0; i < list->list.count; i++)
		if (has_point(list->list.items[i], point))
			return true;
	return false;
}

/* An agent that died between the commit at the target and its note of it: this is what is known of that session now. */
static int note_lost(const struct account *account, const struct source_found *found, struct arena *arena, struct error *err)
{
	char point[IDENTITY_HEX];
	identity_hex(&found->point, point);
	if (identity_is_none(&found->point) || is_noted(account, point, arena))
		return 0;
	struct value *entry = value_map(arena);
	put_time(arena, entry, "time", found->sent);
	put_text(arena, entry, "result", "committed");
	value_put(arena, entry, "way", value_null());
	put_int(arena, entry, "generation", found->generation);
	put_text(arena, entry, "point", point);
	value_put(arena, entry, "noted_later", value_bool(true));
	return history_add(account->folder, entry, err); /* not the last: its term and its own time are not known */
}

int account_source(const struct account *account, const struct source_result *result, const struct error *why,
		   struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (note_lost(account, &result->found, arena, err) < 0)
		return -1;
	bool verified = !why->code && strcmp(result->way, "verify") == 0;
	struct value *entry = begin_entry(account, arena, why, verified ? "verified" : "committed");
	if (why->code)
		return history_add(account->folder, entry, err);
	const struct value *fields = account_result(arena, result);
	for (size_t i = 0; i < fields->map.count; i++)
		value_put(arena, entry, value_text(fields->map.entries[i].key), fields->map.entries[i].value);
	if (!verified) {
		put_time(arena, entry, "point_time", result->time);
		put_text(arena, entry, "by", consistency_name(account->consistency));
	}
	return note(account, verified ? "verified" : "last", entry, err);
}

int account_target(const struct account *account, const struct point *before, const struct point *now,
		   const struct stream *wire, const struct error *why, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	if (!why->code && now->generation == before->generation)
		return 0; /* it listed what there is: nothing to tell */
	struct value *entry = begin_entry(account, arena, why, "committed");
	put_int(arena, entry, "generation", now->generation);
	put_int(arena, entry, "wire_in", wire->bytes_in);
	put_int(arena, entry, "wire_out", wire->bytes_out);
	return history_add(account->folder, entry, err);
}

bool account_last_verify(const char *folder, int64_t *ret_wall)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char *time = value_get_text(history_kept(folder, "verified", arena), "time");
	return time && clock_parse_wall(time, ret_wall) == 0;
}
