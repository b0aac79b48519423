/*
 * time.c - time limits against the recovery time objective. Only limits that are written count: what an action takes by default
 * is there to end what hangs, and says nothing of how long it is expected to take. Gates wait for people and are not counted.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/lint/way.h"

static int64_t later_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t add_up(int64_t a, int64_t b)
{
	return a > INT64_MAX - b ? INT64_MAX : a + b;
}

/* Between the attempts, all together. */
static int64_t delays_of(const struct retry *retry)
{
	double delay = (double)retry->delay;
	int64_t sum = 0;
	for (unsigned i = 1; i < retry->attempts; i++) {
		double one = delay < (double)retry->max_delay ? delay : (double)retry->max_delay;
		sum = add_up(sum, one < (double)(INT64_MAX / 2) ? (int64_t)one : INT64_MAX / 2);
		delay *= retry->backoff;
	}
	return sum;
}

static int64_t times(int64_t one, unsigned attempts)
{
	int64_t sum = 0;
	for (unsigned i = 0; i < attempts && one; i++)
		sum = add_up(sum, one);
	return sum;
}

static int64_t limit_of_block(const struct lint *lint, const struct block *block, bool parallel);

/* What the step may take by what is written; 0: nothing is. */
static int64_t limit_of(const struct lint *lint, const struct step *step)
{
	const struct action *action = step->uses ? plugins_find(lint->plugins, step->uses, NULL) : NULL;
	if (action && action->kind == ACTION_GATE)
		return 0;
	if (step->form == STEP_GROUP && step->timeout)
		return step->timeout; /* the total */
	int64_t inner = step->form == STEP_GROUP ? limit_of_block(lint, &step->steps, step->parallel) : step->timeout;
	if (step->form == STEP_CALL && !inner && step->callee)
		inner = limit_of_block(lint, &step->callee->steps, false);
	return add_up(times(inner, step->retry.attempts), delays_of(&step->retry));
}

static int64_t limit_of_block(const struct lint *lint, const struct block *block, bool parallel)
{
	int64_t sum = 0;
	for (size_t i = 0; i < block->count; i++) {
		int64_t one = limit_of(lint, &block->steps[i]);
		sum = parallel ? later_of(sum, one) : add_up(sum, one);
	}
	return sum;
}

static const char *shown(const struct lint *lint, int64_t nanoseconds)
{
	int64_t seconds = nanoseconds / NSEC_PER_SEC;
	if (seconds % 60 == 0)
		return arena_printf(lint->arena, "%lldm", (long long)(seconds / 60));
	return arena_printf(lint->arena, "%lldm%llds", (long long)(seconds / 60), (long long)(seconds % 60));
}

static bool tell_single(const struct lint *lint, const struct block *block)
{
	bool told = false;
	for (size_t i = 0; i < block->count; i++) {
		const struct step *step = &block->steps[i];
		int64_t limit = limit_of(lint, step);
		if (limit <= lint->runbook->rto)
			continue;
		told = true;
		if (step->form == STEP_GROUP && !step->timeout && tell_single(lint, &step->steps))
			continue;
		struct diagnostic *diagnostic =
			lint_tell(lint, "lint/timeout-over-rto", step_span(step), "this may take %s, more than the RTO of %s",
				  shown(lint, limit), shown(lint, lint->runbook->rto));
		diagnostic_hint(lint->diagnostics, diagnostic,
				"shorten its timeout or its retries, or admit another objective");
	}
	return told;
}

void lint_time(const struct lint *lint)
{
	const struct runbook *runbook = lint->runbook;
	bool recovers = runbook->kind && (strcmp(runbook->kind, "failover") == 0 || strcmp(runbook->kind, "switchover") == 0);
	if (!recovers || !runbook->rto || tell_single(lint, &runbook->steps))
		return;
	int64_t sum = limit_of_block(lint, &runbook->steps, false);
	const struct value *rto = value_get(value_get(runbook->document, "objectives"), "rto");
	if (sum <= runbook->rto || !rto)
		return;
	struct diagnostic *diagnostic = lint_tell(lint, "lint/timeout-over-rto", rto->at,
						  "the time limits of the steps add up to %s, more than the RTO of %s",
						  shown(lint, sum), shown(lint, runbook->rto));
	diagnostic_hint(lint->diagnostics, diagnostic, "shorten timeouts or retries, or admit another objective");
}
