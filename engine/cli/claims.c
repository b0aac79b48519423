/*
 * claims.c - a run's claims on its locks: taken when it begins, taken again by whoever goes on with it or ends it.
 */
#include "engine/base/clock.h"
#include "engine/cli/load.h"

static const struct value *claim_value(struct arena *arena, const struct run *run, const char *runbook)
{
	struct value *claim = value_map(arena);
	char opened[CLOCK_TEXT_SIZE];
	clock_format_wall(clock_wall(), opened);
	value_put(arena, claim, "run", value_string(arena, run->id));
	value_put(arena, claim, "runbook", value_string(arena, runbook));
	value_put(arena, claim, "opened", value_string(arena, opened));
	value_put(arena, claim, "operator", operator_value(arena));
	return claim;
}

int claims_take(struct run *run, const struct runbook *runbook, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *claim = claim_value(arena, run, runbook->name);
	for (size_t i = 0; i < runbook->locks_count; i++)
		if (run_lock(run, runbook->locks[i], claim, err) < 0)
			return -1;
	return 0;
}

int claims_retake(struct run *run, const struct value *opened, bool ended, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *locks = value_get(opened, "locks");
	const struct value *claim = claim_value(arena, run, value_get_text(opened, "runbook"));
	for (size_t i = 0; value_is(locks, VALUE_LIST) && i < locks->list.count; i++) {
		struct error why = ERROR_NONE;
		if (run_lock(run, value_text(locks->list.items[i]), claim, &why) == 0)
			continue;
		if (!ended) {
			error_move(err, &why);
			return -1;
		}
		error_clear(&why); /* another run has it by now: a claim of a run that has ended is void */
	}
	return 0;
}
