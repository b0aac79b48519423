/*
 * guard.c - guards of a source.
 */
#include "plugins/replica/source/guard.h"

#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "plugins/replica/format/location.h"

/* Does a rule have the store, or a folder above it, out? Both paths as the rules see them: in the tree. */
static bool is_out(const struct rules *rules, const char *place, const char *below)
{
	if (!rules)
		return false;
	CLEANUP_FREE char *path = memory_printf("%s%s%s", place, *place && *below ? "/" : "", below);
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!rules_include(rules, path, true, NULL))
			return true;
		*slash = '/';
	}
	return !rules_include(rules, path, true, NULL);
}

static int demand_apart(const struct source *source, const struct forest_root *root, const struct real_place *store,
			struct error *err)
{
	struct real_place here;
	if (location_of(root->path, &here, err) < 0)
		return -1;
	const char *below = location_within(store, &here);
	if (below && !is_out(source->rules, root->place, below)) {
		error_set(err, ERROR_REFUSED, "the store lies in what is replicated (%s, at %s): it would replicate itself",
			  root->path, *below ? below : "its root");
		return error_hint(err, "give the store a place of its own, or leave it out by a rule (- /%s%s%s/)", root->place,
				  *root->place ? "/" : "", below);
	}
	if (!location_within(&here, store))
		return 0;
	error_set(err, ERROR_REFUSED, "%s lies in the store itself: it would replicate the replica", root->path);
	return error_hint(err, "name the source, not its replica");
}

/* Asks of each source; those of one that is the whole tree, too. */
static int each_root(const struct source *source, const struct real_place *store,
		     int (*ask)(const struct source *source, const struct forest_root *root, const struct real_place *store,
				struct error *err),
		     struct error *err)
{
	const struct forest_root whole = {.path = source->root, .place = ""};
	if (source->root)
		return ask(source, &whole, store, err);
	for (size_t i = 0; i < source->root_count; i++) {
		struct forest_root root = source->roots[i];
		root.place = root.place ? root.place : root.path;
		root.place += strspn(root.place, "/");
		if (ask(source, &root, store, err) < 0)
			return -1;
	}
	return 0;
}

int guard_apart(const struct source *source, const struct welcome *welcome, struct error *err)
{
	if (strcmp(welcome->boot, clock_boot_id()) != 0)
		return 0; /* another host */
	return each_root(source, &welcome->store, demand_apart, err);
}

static int demand_mount(const struct source *source, const struct forest_root *root, const struct real_place *store,
			struct error *err)
{
	(void)source, (void)store;
	return location_demand_mount(root->path, err);
}

int guard_mounted(const struct source *source, struct error *err)
{
	return source->mounted ? each_root(source, NULL, demand_mount, err) : 0;
}
