/*
 * rights.h - what a user may do, read from the directory's own permissions (security descriptors) and the user's groups. It
 * tries nothing.
 */
#pragma once

#include "plugins/ad/directory.h"

struct rights {
	bool add;    /* a computer in the container */
	bool modify; /* the account: its names */
	bool delete; /* the account */
};

/* account: the DN of one, or NULL: any in the container. */
int rights_read(struct directory *directory, const char *container, const char *account, struct rights *ret_rights,
		struct error *err);
