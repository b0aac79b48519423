/*
 * private_folder.h - the one folder that a plugin's process may write to, and that goes with it.
 *
 * It is locked as long as its engine lives: what an engine that was killed has left behind is removed when the next one is
 * made.
 */
#pragma once

#include "engine/base/error.h"

struct private_folder {
	char *path; /* owned; below TMPDIR or /tmp */
	int lock;   /* descriptor */
};

int private_folder_make(struct private_folder *ret_folder, struct error *err);
void private_folder_remove(struct private_folder *folder); /* with all that is in it */
