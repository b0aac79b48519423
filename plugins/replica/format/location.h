/*
 * location.h - where a path really lies: in which file system, and where in that. Two paths lie in one another whatever
 * symbolic links and bind mounts lead to them. Of paths of one kernel only: clock_boot_id says whether it is.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"

#define LOCATION_PATH_LIMIT 4095

struct real_place {
	uint64_t device;		    /* of the file system, as proc(5) has it in mountinfo: major << 32 | minor */
	char path[LOCATION_PATH_LIMIT + 1]; /* from the root of the file system; "" is that root */
};

/* path need not be there yet: then it is where it would be made. */
int location_of(const char *path, struct real_place *ret_location, struct error *err);
/* NULL, or the path of `inner` from `outer` ("": the same); borrowed from inner. */
const char *location_within(const struct real_place *inner, const struct real_place *outer);

/* Does path lie on a file system of its own, and not on the one that is mounted at "/"? ERROR_REFUSED: it
 * does not. */
int location_demand_mount(const char *path, struct error *err);

/* Where the file system of path is mounted; malloc'ed. */
int location_mount_point(const char *path, char **ret_point, struct error *err);

struct location_mount { /* a line of mountinfo */
	uint64_t id, device;
	char root[LOCATION_PATH_LIMIT + 1];  /* what of its file system is mounted; "" is all */
	char point[LOCATION_PATH_LIMIT + 1]; /* where; "" is "/" */
};
/* For tests: false if it is no such line. */
bool location_parse_mount(const char *line, struct location_mount *ret_mount);
