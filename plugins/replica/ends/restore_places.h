/*
 * restore_places.h - what a restore brings where: each path of a set from its place in the replica at the target to its place
 * at the destination. What there is at both is looked at first, and refused if it cannot be.
 */
#pragma once

#include "plugins/replica/ends/work.h"

struct restore_place {
	char *from;		     /* at the target: a folder, file, image or device */
	char *path;		     /* at the destination */
	const char *place;	     /* within the replica; "": all of it */
	char *store;		     /* at the destination, for as long as it takes (adopt.h) */
	char *keep;		     /* there: what only the destination had; of a volume, all of it as it was */
	bool volume, device, folder; /* device: at the destination; folder: it holds files; none: a file */
};

struct restore_places {
	struct restore_place *items;
	size_t count;
	json_int_t number; /* of the recovery point */
	char *point;	   /* its id; owned */
};

/* false: work->failure says why not. */
bool restore_places_find(struct work *work, struct restore_places *ret_places);
void restore_places_free(struct restore_places *places);

/* The inputs `to` or `host`: not back to where it came from. */
bool restore_is_elsewhere(const struct standin_call *call);
