/*
 * audit_store.c - audit_store STATE RECORDS KEY ANCHOR: a state directory with one closed run of so many records, signed at
 * intervals and exported to a file. What is measured reads it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/base/memory.h"
#include "engine/journal/checkpoint_write.h"

static void warn(void *context, const char *text)
{
	(void)context;
	fprintf(stderr, "audit_store: %s\n", text);
}

/* Such as an engine writes for a step: of about 400 bytes. */
static const struct value *step_finished(struct arena *arena, unsigned long number)
{
	struct value *fields = value_map(arena), *state = value_map(arena), *after = value_map(arena);
	value_put(arena, state, "state", value_string(arena, number % 3 ? "active" : "inactive"));
	value_put(arena, after, "state", state);
	value_put(arena, fields, "step", value_printf(arena, "3.%lu", number));
	value_put(arena, fields, "name", value_printf(arena, "Start the service number %lu", number));
	value_put(arena, fields, "outcome", value_string(arena, "changed"));
	value_put(arena, fields, "after", after);
	value_put(arena, fields, "elapsed", value_int(arena, 123456789));
	return fields;
}

static int write_run(struct run *run, unsigned long count, struct error *err)
{
	CLEANUP_ARENA struct arena *none = arena_new();
	if (journal_append(run->journal, "run_opened", NULL, JOURNAL_SYNC, err) < 0 ||
	    run_index_opened(run, value_map(none), err) < 0)
		return -1;
	for (unsigned long i = 2; i < count; i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		if (journal_append(run->journal, "step_finished", step_finished(arena, i), JOURNAL_BUFFERED, err) < 0)
			return -1;
	}
	if (journal_append(run->journal, "run_finished", NULL, JOURNAL_SYNC, err) < 0)
		return -1;
	return run_index_closed(run, "changed", err);
}

int main(int argc, char **argv)
{
	struct run_store *store = NULL;
	struct run *run = NULL;
	struct audit_key *key = NULL;
	struct error err = ERROR_NONE;
	if (argc != 5)
		return 2;
	int result = audit_key_load(argv[3], &key, &err);
	if (result == 0)
		result = run_store_open(argv[1], &store, &err);
	if (result == 0)
		result = run_create(store, &run, &err);
	if (result == 0) {
		struct anchors *anchors = anchors_new();
		anchors_add_file(anchors, argv[4]);
		run_checkpoints_begin(run, &(struct checkpoint_policy){.key = key,
								       .anchors = anchors,
								       .every_records = CHECKPOINT_RECORDS,
								       .every_time = CHECKPOINT_TIME,
								       .warn = warn});
		result = write_run(run, strtoul(argv[2], NULL, 10), &err);
		run_close(run);
		anchors_free(anchors);
	}
	run_store_close(store);
	audit_key_free(key);
	if (result < 0)
		fprintf(stderr, "audit_store: %s\n", error_text(&err));
	error_clear(&err);
	return result < 0;
}
