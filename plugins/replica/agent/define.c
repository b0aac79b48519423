/*
 * define.c - taking a set's description over: what this host, and what the set has been through, have to say to it.
 */
#include <fnmatch.h>
#include <inttypes.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "plugins/replica/line/certificate.h"
#include "plugins/replica/agent/home.h"
#include "plugins/replica/format/location.h"
#include "plugins/replica/target/points.h"
#include "plugins/replica/tree/rules.h"
#include "plugins/replica/target/store.h"

struct defining {
	const char *home;
	struct arena *arena;
	const struct set *set, *before; /* before: NULL if the set is new */
};

/* What is moved is renamed, so it stays in the file system of the replica. */
static int check_orphans(const struct defining *what, struct error *err)
{
	const struct set *set = what->set;
	CLEANUP_FREE char *orphans = file_join(set->store ? set->store : "", "orphans");
	if (!set->orphans_to || strcmp(set->orphans_to, orphans) == 0)
		return 0;
	error_set(err, ERROR_INVALID, "orphans: to: what is moved lies in orphans/ of the store, not in %s", set->orphans_to);
	return error_hint(err, "leave it out");
}

static int check_certificate(const struct defining *what, struct error *err)
{
	char fingerprint[FINGERPRINT_SIZE];
	return certificate_check(what->set->peer.certificate, fingerprint, err) < 0 ? error_wrap(err, "peer: certificate") : 0;
}

static int check_term(const struct defining *what, struct error *err)
{
	const struct set *set = what->set, *before = what->before;
	if (!before)
		return 0;
	if (set->term < before->term)
		return error_set(err, ERROR_REFUSED, "the set is at term %" PRIu64 " here; %" PRIu64 " is lower", before->term,
				 set->term);
	if (set->term > before->term)
		return 0;
	bool cut = home_is_disconnected(what->home, before);
	if (!cut && set->role == before->role)
		return 0;
	error_set(err, ERROR_REFUSED,
		  cut ? "the set was disconnected at term %" PRIu64 : "the set has the other role at term %" PRIu64, set->term);
	return error_hint(err, "connect it with a higher term");
}

/* What the store has been through counts more than what the agent was told. */
static int check_store(const struct defining *what, struct error *err)
{
	const struct set *set = what->set;
	struct store store;
	uint64_t term;
	if (set->role != SET_TARGET || !file_exists(set->store))
		return 0;
	if (store_look(set->store, &store, err) < 0)
		return -1;
	int result = store_read_term(&store, &term, err);
	if (result == 0 && (term > set->term || (store.point.promoted && store.point.term >= set->term))) {
		result = error_set(err, ERROR_REFUSED, "the store %s is at term %" PRIu64 "%s", set->store,
				   term > store.point.term ? term : store.point.term,
				   store.point.promoted ? ": it was promoted" : "");
		error_hint(err, "connect it with a higher term");
	}
	if (result == 0 && set->keep > 1)
		result = points_possible(&store, err);
	store_close(&store);
	return result;
}

/* Is this folder in, and all that lead to it? */
static bool includes(const struct rules *rules, char *path)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		bool in = rules_include(rules, path, true, NULL);
		*slash = '/';
		if (!in)
			return false;
	}
	return rules_include(rules, path, true, NULL);
}

/* Nothing that changes by being replicated may be replicated, and the key stays on its host. */
static int check_home(const struct defining *what, struct error *err)
{
	const struct set *set = what->set;
	struct rules *rules = NULL;
	for (size_t i = 0; set->role == SET_SOURCE && i < set->source_count; i++) {
		const char *path = set->sources[i].path;
		if (!path_is_within(what->home, path))
			continue;
		const char *rest = what->home + strlen(path);
		CLEANUP_FREE char *below = memory_strdup(rest + (*rest == '/'));
		if (rules_parse(set->rules, &rules, err) < 0)
			return -1;
		bool in = includes(rules, below);
		rules_free(rules);
		if (!in)
			continue;
		error_set(err, ERROR_INVALID, "sources: %s holds this agent's own folder, %s", path, what->home);
		return error_hint(err, "leave it out by a rule: \"- /%s\"", below);
	}
	return 0;
}

static bool is_own_certificate(const struct defining *what)
{
	CLEANUP_FREE char *path = home_file(what->home, "certificate.pem"), *text = NULL;
	char own[FINGERPRINT_SIZE], peer[FINGERPRINT_SIZE];
	size_t length;
	return file_read(path, SET_JSON_LIMIT, &text, &length, NULL) == 0 && certificate_check(text, own, NULL) == 0 &&
	       certificate_check(what->set->peer.certificate, peer, NULL) == 0 && strcmp(own, peer) == 0;
}

static int check_loop(const struct defining *what, struct error *err)
{
	if (is_own_certificate(what))
		return error_set(err, ERROR_INVALID, "peer: this is the certificate of this very agent: a set needs two hosts");
	return 0;
}

static int check_mounted(const struct defining *what, struct error *err)
{
	const struct set *set = what->set;
	if (set->role == SET_TARGET && set->mounted)
		return location_demand_mount(set->store, err);
	for (size_t i = 0; set->role == SET_SOURCE && set->mounted && i < set->source_count; i++)
		if (location_demand_mount(set->sources[i].path, err) < 0)
			return -1;
	return 0;
}

/* Of the other sets on this host, none may use the same. */
static int check_others(const struct defining *what, struct error *err)
{
	const struct set *set = what->set;
	const char *const *names;
	size_t count;
	if (home_sets(what->home, what->arena, &names, &count, err) < 0)
		return -1;
	for (size_t i = 0; set->role == SET_TARGET && i < count; i++) {
		struct set other;
		if (strcmp(names[i], set->name) == 0 || home_load(what->home, names[i], what->arena, &other, NULL) < 0 ||
		    other.role != SET_TARGET || home_is_disconnected(what->home, &other))
			continue;
		if (other.peer.port == set->peer.port)
			return error_set(err, ERROR_CONFLICT, "peer: port %u: the set %s listens there", set->peer.port,
					 other.name);
		if (path_is_within(other.store, set->store) || path_is_within(set->store, other.store))
			return error_set(err, ERROR_CONFLICT, "store: %s is that of the set %s, or lies in it", other.store,
					 other.name);
		if (set->device && other.device && strcmp(set->device, other.device) == 0)
			return error_set(err, ERROR_CONFLICT, "device: %s is that of the set %s", set->device, other.name);
	}
	return 0;
}

/* The kernel hands these out as it finds disks: after a boot /dev/sdb may be another one, and would be read as the source, or
 * written over. A set lives through boots. */
static int check_disk(const char *key, const char *path, struct error *err)
{
	static const char *const found[] = {"sd[a-z]*",	  "hd[a-z]*",	  "vd[a-z]*", "xvd[a-z]*",
					    "nvme[0-9]*", "mmcblk[0-9]*", "dm-[0-9]*"};
	for (size_t i = 0; path && strncmp(path, "/dev/", 5) == 0 && i < COUNT_OF(found); i++) {
		if (fnmatch(found[i], path + 5, FNM_PATHNAME) != 0)
			continue;
		error_set(err, ERROR_INVALID, "%s: %s may be the name of another disk after the next boot", key, path);
		return error_hint(err,
				  "name it by what stays: /dev/disk/by-id/..., by-partuuid/..., or /dev/VOLUME-GROUP/NAME");
	}
	return 0;
}

static int check_disks(const struct defining *what, struct error *err)
{
	const struct set *set = what->set;
	for (size_t i = 0; set->role == SET_SOURCE && i < set->source_count; i++)
		if (check_disk("sources", set->sources[i].path, err) < 0)
			return -1;
	return set->role == SET_TARGET ? check_disk("device", set->device, err) : 0;
}

static int check_all(const struct defining *what, struct error *err)
{
	static int (*const checks[])(const struct defining *what, struct error *err) = {
		check_orphans, check_certificate, check_term,	 check_store, check_home,
		check_loop,    check_disks,	  check_mounted, check_others};
	for (size_t i = 0; i < COUNT_OF(checks); i++)
		if (checks[i](what, err) < 0)
			return -1;
	return 0;
}

int home_define(const char *home, struct arena *arena, const char *text, size_t length, struct set *ret_set, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	const struct value *json;
	struct set set, before;
	if (json_parse(arena, text, length, &json, err) < 0 || set_parse(arena, json, &set, err) < 0)
		return -1;
	bool known = home_load(home, set.name, arena, &before, &why) == 0;
	if (!known && why.code != ERROR_NOT_FOUND) {
		error_move(err, &why);
		return -1;
	}
	const struct defining what = {home, arena, &set, known ? &before : NULL};
	CLEANUP_FREE char *path = home_set_file(home, set.name, "set.json"), *folder = home_set_file(home, set.name, "");
	const char *stored = json_text(arena, json);
	if (check_all(&what, err) < 0 || file_make_folders(folder, 0700, err) < 0 ||
	    file_write_durable(path, stored, strlen(stored), 0600, err) < 0)
		return -1;
	*ret_set = set;
	return 0;
}
