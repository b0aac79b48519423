/*
 * changes.c - records into frames.
 */
#include "plugins/replica/source/changes.h"

#include <stdio.h>

#include "plugins/replica/line/protocol.h"
#include "plugins/replica/tree/owners.h"

/* A frame that is not yet full has room for any record. */
_Static_assert(FRAME_FILL + RECORD_DATA + ENTRY_ATTRIBUTES_LIMIT + RECORD_INLINE + 16384 <= FRAME_LIMIT,
	       "a record may not fit");

void changes_folder(struct changes *changes, const char *path)
{
	snprintf(changes->folder, sizeof(changes->folder), "%s", path);
	changes->folder_named = false;
}

static int put(struct changes *changes, const struct record *record, struct error *err)
{
	if (!changes->begun)
		frame_begin(changes->out);
	changes->begun = true;
	record_put(&changes->out->payload, record);
	changes->records++;
	return frame_length(changes->out) >= FRAME_FILL ? changes_flush(changes, err) : 0;
}

/* --- owners by name --- */

static int name_owner(void *argument, bool group, uint32_t number, struct error *err)
{
	static struct record owner = {.kind = RECORD_OWNER};
	struct changes *changes = argument;
	if (owners_has(changes->owners, group, number))
		return 0;
	owners_name(group, number, owner.name);
	owner.number = number;
	owner.flags = (group ? RECORD_GROUP : 0) | (*owner.name ? 0 : RECORD_NAMELESS);
	if (!owners_tell(changes->owners, group, number))
		return error_set(err, ERROR_FAILED, "the source has more than %u owners", OWNERS_LIMIT);
	if (!*owner.name)
		owner.name[0] = '-', owner.name[1] = '\0';
	return put(changes, &owner, err);
}

static int name_owners(struct changes *changes, const struct record *record, struct error *err)
{
	if (!record_has_meta(record->kind))
		return 0;
	return owners_each(&record->meta, record->attributes, record->attributes_length, name_owner, changes, err);
}

int changes_add(struct changes *changes, const struct record *record, struct error *err)
{
	if (changes->stop && *changes->stop)
		return error_set(err, ERROR_CONNECTION, "it is not wanted any more");
	if (!changes->out)
		return 0;
	if (changes->owners && name_owners(changes, record, err) < 0)
		return -1;
	if (!changes->folder_named) {
		static struct record folder = {.kind = RECORD_FOLDER};
		snprintf(folder.path, sizeof(folder.path), "%s", changes->folder);
		changes->folder_named = true;
		if (put(changes, &folder, err) < 0)
			return -1;
	}
	return put(changes, record, err);
}

int changes_flush(struct changes *changes, struct error *err)
{
	if (!changes->begun)
		return 0;
	changes->begun = false;
	return frame_end(changes->out, FRAME_CHANGES, err);
}
