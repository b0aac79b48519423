/*
 * owners.h - owners and groups by name: the source says once a batch which name a number has there (record.h, OWNER), the
 * target gives what has that number the number of that name here. Who is asked is the host's own name service (nsswitch.conf).
 *
 * STORE/owners keeps what was said, for as long as the store is filled by name, so that a listing can tell the source's
 * numbers:
 *
 *     standin-owners 1
 *     user 1001 2001 alice         number at the source, number here, name; "?" before the name: it is none here, and the
 *     group 100 100 ?users         number stays as it is at the source; no name: it has none at the source
 *
 * One that nobody has told of is OWNERS_UNKNOWN in a listing: it differs from all, and is set right.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"
#include "engine/base/table.h"
#include "plugins/replica/format/entry.h"

#define OWNERS_UNKNOWN	  (UINT32_MAX - 1)
#define OWNERS_LIMIT	  1000000u
#define OWNERS_FILE_LIMIT (256u * 1024 * 1024) /* bytes */

struct owner {
	bool group, known; /* known: the name is one here, or there is none at the source */
	uint32_t there, here;
	char *name; /* owned; "": it has none at the source */
};

/* Zeros: none. */
struct owners {
	struct owner *all;
	size_t count, capacity;
	struct table by_number, by_here;
	bool changed; /* since it was read: in all but what was added */
	bool grown;
};

void owners_free(struct owners *owners);
/* What the source says; asks the name service. Again: nothing new. false: there are too many. */
bool owners_add(struct owners *owners, bool group, uint32_t there, const char *name);
bool owners_tell(struct owners *owners, bool group, uint32_t there); /* at the source: this one was named */
bool owners_has(const struct owners *owners, bool group, uint32_t there);
/* Numbers of the source become this host's, and the other way round: owner, group, and in the ACLs among the attributes. */
void owners_to_here(const struct owners *owners, struct meta *meta, uint8_t *attributes, size_t length);
void owners_to_there(const struct owners *owners, struct meta *meta);
void owners_attributes_to_there(const struct owners *owners, uint8_t *attributes, size_t length);
/* Calls each for every number in them. */
int owners_each(const struct meta *meta, const uint8_t *attributes, size_t length,
		int (*each)(void *argument, bool group, uint32_t number, struct error *err), void *argument, struct error *err);

/* At the source: the name of a number, "" if there is none. Into name. */
void owners_name(bool group, uint32_t number, char ret_name[ENTRY_NAME_LIMIT + 1]);

/* Asks the name service again; what has another number now is `changed`. No file: none, *ret_there false. */
int owners_read(const char *path, struct owners *ret_owners, bool *ret_there, struct error *err);
int owners_parse(const char *text, struct owners *ret_owners, struct error *err);
int owners_write(const char *path, const struct owners *owners, struct error *err);
