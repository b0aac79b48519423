/*
 * orders.c - do runbooks that belong together start their services in the same order? Each is looked at once: what it starts is
 * known from its examination, or it is read here. Equal orders are kept once, so a large set costs no more than its runbooks.
 */
#include <stdint.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/lint/services.h"
#include "engine/lint/set.h"
#include "engine/lint/way.h"

void orders_free(struct lint_set *set)
{
	for (size_t i = 0; i < set->orders_count; i++)
		table_free(&set->orders[i].places);
}

void lint_started_of(struct arena *arena, const struct runbook *runbook, const struct plugins *plugins,
		     struct lint_started *ret_started)
{
	struct started_list list;
	services_started(arena, plugins, runbook->document, &list);
	ret_started->services = arena_alloc(arena, list.count * sizeof(*ret_started->services));
	ret_started->count = list.count;
	for (size_t i = 0; i < list.count; i++)
		ret_started->services[i] = list.items[i].service;
}

void lint_sets_know(struct lint_sets *sets, const char *path, const struct lint_started *started)
{
	struct lint_started *copy = ARENA_NEW(sets->arena, struct lint_started);
	copy->services = arena_alloc(sets->arena, started->count * sizeof(*copy->services));
	copy->count = started->count;
	for (size_t i = 0; i < started->count; i++)
		copy->services[i] = arena_strdup(sets->arena, started->services[i]);
	table_put(&sets->known, path, copy);
}

/* Its own mistakes are told when it is validated itself. */
static void read_member(struct arena *arena, const struct member *member, const struct plugins *plugins,
			struct lint_started *ret_started)
{
	struct diagnostics diagnostics;
	struct runbook runbook = {0};
	const struct source *source;
	diagnostics_init(&diagnostics, arena);
	if (member->starts && document_read(arena, member->path, &source, &runbook.document, &diagnostics) == 0)
		lint_started_of(arena, &runbook, plugins, ret_started);
}

static void add_order(struct lint_sets *sets, struct lint_set *set, struct table *seen, const char *runbook,
		      const struct lint_started *started)
{
	CLEANUP_BUFFER struct buffer key = {0};
	for (size_t i = 0; i < started->count; i++)
		buffer_printf(&key, "%zu:%s", strlen(started->services[i]), started->services[i]);
	if (started->count < 2 || table_get(seen, buffer_text(&key)))
		return;
	table_put(seen, buffer_text(&key), set);
	struct order *order =
		arena_grow(sets->arena, &set->orders, &set->orders_count, &set->orders_capacity, sizeof(*set->orders));
	*order = (struct order){.runbook = runbook};
	for (size_t i = 0; i < started->count; i++)
		table_put(&order->places, started->services[i], (void *)(uintptr_t)(i + 1));
}

void lint_set_compare(struct lint_sets *sets, struct lint_set *set, const struct plugins *plugins)
{
	struct table seen = {0};
	for (size_t i = 0; !set->compared && i < set->members_count; i++) {
		const struct member *member = set->members[i];
		const struct lint_started *known = table_get(&sets->known, member->path);
		CLEANUP_ARENA struct arena *arena = arena_new();
		struct lint_started read = {0};
		if (!known)
			read_member(arena, member, plugins, &read);
		add_order(sets, set, &seen, member->runbook, known ? known : &read);
	}
	set->compared = true;
	table_free(&seen);
}

static uintptr_t place_in(const struct order *order, const char *service)
{
	return (uintptr_t)table_get(&order->places, service);
}

/* The first two services that the other starts the other way round: the later one, and the first that it should be before. */
static bool differ(const char *const *services, size_t count, const struct order *other, size_t *ret_earlier, size_t *ret_later)
{
	uintptr_t highest = 0;
	for (size_t later = 0; later < count; later++) {
		uintptr_t place = place_in(other, services[later]);
		if (place > highest)
			highest = place;
		if (!place || place >= highest)
			continue;
		*ret_later = later;
		*ret_earlier = 0;
		while (place_in(other, services[*ret_earlier]) < place)
			(*ret_earlier)++;
		return true;
	}
	return false;
}

static const struct order *find_other(const struct lint_set *set, const char *const *services, size_t count,
				      size_t *ret_earlier, size_t *ret_later)
{
	for (size_t i = 0; i < set->orders_count; i++)
		if (differ(services, count, &set->orders[i], ret_earlier, ret_later))
			return &set->orders[i];
	return NULL;
}

bool lint_set_differs(const struct lint_set *set, const struct lint_started *started)
{
	size_t earlier, later;
	return find_other(set, started->services, started->count, &earlier, &later) != NULL;
}

void lint_services(const struct lint *lint)
{
	struct started_list own;
	size_t earlier, later;
	if (!lint->set || !lint->set->orders_count)
		return;
	services_started(lint->arena, lint->plugins, lint->runbook->document, &own);
	const char **services = arena_alloc(lint->arena, own.count * sizeof(*services));
	for (size_t i = 0; i < own.count; i++)
		services[i] = own.items[i].service;
	const struct order *other = find_other(lint->set, services, own.count, &earlier, &later);
	if (!other)
		return;
	struct diagnostic *diagnostic =
		lint_tell(lint, "lint/service-order", own.items[later].at, "'%s' is started before '%s' here, in %s after it",
			  services[earlier], services[later], other->runbook);
	diagnostic_hint(lint->diagnostics, diagnostic, "one of the two is wrong: make the orders the same");
}
