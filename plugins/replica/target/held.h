/*
 * held.h - objects of several names whose first name cannot be kept (unkept.h): they wait in batch/ for another one, which is
 * then the one that further names are links to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "engine/base/table.h"

/* Zeros: none. By the path of the first name. */
struct held {
	struct table numbers; /* from 1, in batch/ */
	struct table paths;   /* owned texts: under which name it is kept now */
};

void held_free(struct held *held);
void held_add(struct held *held, const char *path, uint64_t number);
bool held_has(const struct held *held, const char *path, uint64_t *ret_number);
void held_settle(struct held *held, const char *path, const char *kept);
/* Where it is: path itself, if it was never held. Borrowed. */
const char *held_path(const struct held *held, const char *path);
