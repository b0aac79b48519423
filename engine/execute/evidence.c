/*
 * evidence.c - earlier runs as values, out of their journals.
 */
#include "engine/execute/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/execute/history.h"
#include "engine/execute/outcome.h"

struct digest { /* of one journal */
	struct arena *arena;
	const struct value *opened;
	const struct value *finished;
	struct table ids;    /* a step's place -> its id (text) */
	struct value *steps; /* id -> value */
};

static void note_outline(struct digest *digest)
{
	const struct value *outline = value_get(digest->opened, "outline");
	for (size_t i = 0; value_is(outline, VALUE_LIST) && i < outline->list.count; i++) {
		const char *id = value_get_text(outline->list.items[i], "id");
		if (id)
			table_put(&digest->ids, value_get_text(outline->list.items[i], "step"), id);
	}
}

static const struct value *or_null(const struct value *value)
{
	return value ? value : value_null();
}

static const struct value *step_entry(struct digest *digest, const struct value *record)
{
	struct value *entry = value_map(digest->arena);
	value_put(digest->arena, entry, "outcome", or_null(value_get(record, "outcome")));
	value_put(digest->arena, entry, "outputs", or_null(value_get(record, "outputs")));
	value_put(digest->arena, entry, "before", or_null(value_get(value_get(record, "before"), "state")));
	value_put(digest->arena, entry, "after", or_null(value_get(value_get(record, "after"), "state")));
	return entry;
}

/* Rounds of a foreach stand in `each`, by their index; the last attempt of each counts. */
static void put_round(struct digest *digest, const char *id, size_t index, const struct value *entry)
{
	struct value *step = (struct value *)value_get(digest->steps, id);
	if (!value_get(step, "each")) {
		step = value_map(digest->arena);
		value_put(digest->arena, step, "each", value_list(digest->arena));
		value_put(digest->arena, digest->steps, id, step);
	}
	struct value *each = (struct value *)value_get(step, "each");
	while (each->list.count <= index)
		value_append(digest->arena, each, value_null());
	each->list.items[index] = entry;
}

static void note_step(struct digest *digest, const struct value *record)
{
	const char *step = value_get_text(record, "step");
	CLEANUP_FREE char *place = step ? plain_key(step) : NULL;
	char *round = place ? strchr(place, '[') : NULL;
	if (!place)
		return;
	size_t index = 0;
	if (round) {
		index = strtoul(round + 1, NULL, 10);
		*round = '\0';
	}
	const char *id = table_get(&digest->ids, place);
	if (!id)
		return;
	const struct value *entry = step_entry(digest, value_copy(digest->arena, record));
	if (round)
		put_round(digest, id, index, entry);
	else
		value_put(digest->arena, digest->steps, id, entry);
}

static bool read_record(void *context, const struct value *record)
{
	struct digest *digest = context;
	const char *kind = value_get_text(record, "kind");
	if (strcmp(kind, "run_opened") == 0) {
		digest->opened = value_copy(digest->arena, record);
		note_outline(digest);
	} else if (strcmp(kind, "run_finished") == 0) {
		digest->finished = value_copy(digest->arena, record);
	} else if (strcmp(kind, "step_finished") == 0) {
		note_step(digest, record);
	}
	return true;
}

static const struct value *run_value(struct digest *digest, const char *id)
{
	struct value *run = value_map(digest->arena), *value = value_map(digest->arena);
	value_put(digest->arena, run, "id", value_string(digest->arena, id));
	value_put(digest->arena, run, "outcome", or_null(value_get(digest->finished, "outcome")));
	value_put(digest->arena, run, "started", or_null(value_get(digest->opened, "wall")));
	value_put(digest->arena, value, "run", run);
	value_put(digest->arena, value, "inputs", or_null(value_get(digest->opened, "inputs")));
	value_put(digest->arena, value, "outputs", or_null(value_get(digest->finished, "outputs")));
	value_put(digest->arena, value, "steps", digest->steps);
	return value;
}

/* NULL: it is no finished run of that runbook that ended well. A journal that does not verify is none either. */
static const struct value *read_run(struct arena *arena, struct run_store *store, const char *id, const char *runbook)
{
	CLEANUP_FREE char *path = run_journal_path(store, id);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct digest digest = {.arena = arena, .steps = value_map(arena)};
	struct journal_torn torn;
	bool good = journal_read(path, read_record, &digest, &torn, &err) == 0 && digest.finished &&
		    value_is_text(value_get(digest.opened, "runbook"), runbook) &&
		    outcome_is_good(outcome_from_name(value_get_text(digest.finished, "outcome")));
	table_free(&digest.ids);
	return good ? run_value(&digest, id) : NULL;
}

static int find_latest(struct arena *arena, struct run_store *store, const char *runbook, const struct value **ret_value,
		       struct error *err)
{
	char **ids;
	size_t count;
	if (run_list(store, &ids, &count, err) < 0)
		return -1;
	*ret_value = NULL;
	for (size_t i = 0; i < count; i++) {
		if (!*ret_value)
			*ret_value = read_run(arena, store, ids[i], runbook);
		free(ids[i]);
	}
	free(ids);
	return 0;
}

static int find(struct arena *arena, struct run_store *store, const struct evidence_source *source,
		const struct value **ret_value, struct error *err)
{
	CLEANUP_FREE char *id = NULL;
	if (strcmp(source->run, "latest") == 0) {
		if (find_latest(arena, store, source->runbook, ret_value, err) < 0)
			return -1;
	} else {
		if (run_find(store, source->run, &id, err) < 0)
			return error_wrap(err, "evidence '%s'", source->name);
		*ret_value = read_run(arena, store, id, source->runbook);
	}
	if (*ret_value || source->optional) {
		*ret_value = or_null(*ret_value);
		return 0;
	}
	error_set(err, ERROR_NOT_FOUND, "evidence '%s': there is no verified run of %s that ended well", source->name,
		  source->runbook);
	return error_hint(err, "run %s first; this runbook rests on what it found", source->runbook);
}

static int load_one(struct arena *arena, struct run_store *store, const struct runbook *runbook, struct value *all,
		    struct error *err)
{
	struct value *own = value_map(arena);
	for (size_t i = 0; i < runbook->evidence_count; i++) {
		const struct value *value;
		if (find(arena, store, &runbook->evidence[i], &value, err) < 0)
			return -1;
		value_put(arena, own, runbook->evidence[i].name, value);
	}
	value_put(arena, all, runbook->name, own);
	return 0;
}

bool evidence_wanted(const struct runbook *runbook)
{
	bool wanted = runbook->evidence_count > 0;
	for (size_t i = 0; i < runbook->called_count && !wanted; i++)
		wanted = runbook->called[i]->evidence_count > 0;
	return wanted;
}

int evidence_load(struct arena *arena, struct run_store *store, const struct runbook *runbook,
		  const struct value **ret_evidence, struct error *err)
{
	struct value *all = value_map(arena);
	if (load_one(arena, store, runbook, all, err) < 0)
		return -1;
	for (size_t i = 0; i < runbook->called_count; i++)
		if (load_one(arena, store, runbook->called[i], all, err) < 0)
			return -1;
	*ret_evidence = all;
	return 0;
}
