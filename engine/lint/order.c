/*
 * order.c - what has to come before what when one host stands in for another. Which action does what is its manifest's to say.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/lint/way.h"

static bool is_kind(const struct lint *lint, const char *kind)
{
	return lint->runbook->kind && strcmp(lint->runbook->kind, kind) == 0;
}

/* Does an action of the same plugin have this role? Then the runbook works with what that role is about. */
static bool plugin_has_role(const struct lint *lint, const struct action *action, enum action_role role)
{
	const struct plugin *plugin = plugins_of(lint->plugins, action);
	for (size_t i = 0; plugin && i < plugin->actions_count; i++)
		if (plugin->actions[i].roles & role)
			return true;
	return false;
}

static bool comes_before(const struct lint *lint, size_t index, enum action_role role)
{
	for (size_t i = 0; i < index; i++)
		if (!lint->way[i].preflight && has_role(&lint->way[i], role))
			return true;
	return false;
}

static bool is_on_the_way(const struct lint *lint, enum action_role role)
{
	return comes_before(lint, lint->way_count, role);
}

static void tell_step(const struct lint *lint, const char *rule, size_t index, const char *message, const char *hint)
{
	const struct way_step *way_step = &lint->way[index];
	struct diagnostic *diagnostic = lint_tell(lint, rule, step_span(way_step->shown), "%s %s",
						  way_step->action ? way_step->action->name : "this", message);
	diagnostic_hint(lint->diagnostics, diagnostic, "%s", hint);
}

static bool always(const struct lint *lint, size_t index)
{
	(void)lint;
	(void)index;
	return true;
}

/* The directory is what the account and the name are in: an action of the same plugin deletes accounts. */
static bool is_of_directory(const struct lint *lint, size_t index)
{
	return plugin_has_role(lint, lint->way[index].action, ROLE_DELETE_ACCOUNT);
}

static bool has_promote(const struct lint *lint, size_t index)
{
	(void)index;
	return is_on_the_way(lint, ROLE_PROMOTE);
}

/* In a failover: a step of role `later` must have one of role `earlier` before it. Only the first that has not is told. */
static const struct {
	const char *rule;
	unsigned later;
	enum action_role earlier;
	bool (*counts)(const struct lint *lint, size_t index);
	const char *message, *hint;
} orders[] = {
	{"lint/name-before-fence", ROLE_TAKE_NAME, ROLE_FENCE, always,
	 "takes over a name or an address whose old owner is not fenced yet",
	 "fence the source first, with network.isolate or host.shutdown"},
	{"lint/name-before-delete", ROLE_TAKE_NAME, ROLE_DELETE_ACCOUNT, is_of_directory,
	 "gives a name in the directory whose old owner's account is not deleted yet",
	 "delete the source's account first, by its SID: ad.delete_computer"},
	{"lint/promote-before-fence", ROLE_PROMOTE, ROLE_FENCE, always, "promotes the replica while the source is not fenced",
	 "fence the source first: what it takes in after the promotion is lost"},
	{"lint/start-before-promote", ROLE_MOUNT | ROLE_START, ROLE_PROMOTE, has_promote,
	 "comes before the replica is promoted", "move it behind the step that promotes"},
};

static void check_order(const struct lint *lint, size_t row)
{
	for (size_t i = 0; i < lint->way_count; i++) {
		if (lint->way[i].preflight || !has_role(&lint->way[i], (enum action_role)orders[row].later) ||
		    !orders[row].counts(lint, i) || comes_before(lint, i, orders[row].earlier))
			continue;
		tell_step(lint, orders[row].rule, i, orders[row].message, orders[row].hint);
		return;
	}
}

/* A replica is used, and mounted or started from, and never promoted. */
static void check_promote(const struct lint *lint)
{
	bool used = false;
	for (size_t i = 0; i < lint->way_count; i++) {
		const struct way_step *way_step = &lint->way[i];
		used |= way_step->action && plugin_has_role(lint, way_step->action, ROLE_PROMOTE);
		if (!used || way_step->preflight || !(has_role(way_step, ROLE_MOUNT) || has_role(way_step, ROLE_START)))
			continue;
		tell_step(lint, "lint/no-promote", i, "works on a replica that no step promotes",
			  "promote the replica before it, after the fence");
		return;
	}
}

void lint_order(const struct lint *lint)
{
	if (!is_kind(lint, "failover"))
		return;
	for (size_t i = 0; i < COUNT_OF(orders); i++)
		check_order(lint, i);
	if (!is_on_the_way(lint, ROLE_PROMOTE))
		check_promote(lint);
}

void lint_gate(const struct lint *lint)
{
	bool gated = false;
	if (!is_kind(lint, "failover") && !is_kind(lint, "switchover") && !is_kind(lint, "failback"))
		return;
	for (size_t i = 0; i < lint->way_count && !gated; i++) {
		const struct way_step *way_step = &lint->way[i];
		gated = has_role(way_step, ROLE_DATA_GATE);
		if (gated || !way_step->action || effect_of(lint, way_step->step, way_step->action) != EFFECT_IRREVERSIBLE)
			continue;
		tell_step(lint, "lint/irreversible-before-gate", i,
			  "cannot be undone, and nothing before it has looked at the data",
			  way_step->action->kind == ACTION_TASK ? "put a gate before it, such as file.read or core.approve; if "
								  "it can be undone, say so: effect: reversible"
								: "put a gate before it, such as file.read or core.approve");
		return;
	}
}

static bool changes(const struct lint *lint, const struct way_step *way_step)
{
	const struct action *action = way_step->action;
	if (!action || way_step->preflight || (action->roles & ROLE_NOTE))
		return false;
	return (action->kind == ACTION_STATE || action->kind == ACTION_TASK) &&
	       effect_of(lint, way_step->step, action) != EFFECT_READ;
}

void lint_client_check(const struct lint *lint)
{
	size_t last = lint->way_count;
	bool checked = true;
	if (!is_kind(lint, "failover") && !is_kind(lint, "switchover"))
		return;
	for (size_t i = 0; i < lint->way_count; i++) {
		if (changes(lint, &lint->way[i])) {
			last = i;
			checked = false;
		}
		checked |= has_role(&lint->way[i], ROLE_CLIENT_CHECK) && !lint->way[i].preflight;
	}
	if (last == lint->way_count || checked)
		return;
	tell_step(lint, "lint/no-client-check", last, "is the last change, and no client's check comes after it",
		  "end with what a client does, such as mail.login or host.reachable with a port");
}
