/*
 * guard.c - guards of a source.
 */
#include "plugins/replica/guard.h"

#include <string.h>

#include "engine/base/clock.h"
#include "plugins/replica/location.h"

int guard_mounted(const struct source *source, struct error *err)
{
	return source->mounted ? location_demand_mount(source->root, err) : 0;
}

/* Does a rule have the store, or a folder above it, out? */
static bool is_out(const struct rules *rules, const char *path)
{
	char folder[LOCATION_PATH_LIMIT + 1];
	for (const char *slash = strchr(path, '/'); rules; slash = strchr(slash + 1, '/')) {
		size_t length = slash ? (size_t)(slash - path) : strlen(path);
		memcpy(folder, path, length);
		folder[length] = '\0';
		if (!rules_include(rules, folder, true, NULL))
			return true;
		if (!slash)
			break;
	}
	return false;
}

int guard_apart(const struct source *source, const struct welcome *welcome, struct error *err)
{
	struct location root;
	if (strcmp(welcome->boot, clock_boot_id()) != 0)
		return 0; /* another host */
	if (location_of(source->root, &root, err) < 0)
		return -1;
	const char *store = location_within(&welcome->store, &root);
	if (store && !is_out(source->rules, store)) {
		error_set(err, ERROR_REFUSED, "the store lies in what is replicated (%s, at %s): it would replicate itself",
			  source->root, *store ? store : "its root");
		return error_hint(err, "give the store a place of its own, or leave it out by a rule (- /%s/)", store);
	}
	if (!location_within(&root, &welcome->store))
		return 0;
	error_set(err, ERROR_REFUSED, "%s lies in the store itself: it would replicate the replica", source->root);
	return error_hint(err, "name the source, not its replica");
}
