/*
 * names.h - which names the file system of a folder can keep, and whether two of them are the same to it.
 */
#pragma once

#include <stdbool.h>

#include "plugins/replica/line/unkept.h"

/* Of a folder and what is made below it: case folding is inherited. */
struct names {
	bool fold; /* names that differ by bytes may be one name: by case, most often */
	bool any;  /* whatever a source has it can keep: nothing needs to be tried */
};

int names_look(int folder, struct names *ret_names, struct error *err);

/* Can something new have this name? Tried, unless any name can. */
enum unkept_reason names_try(const struct names *names, int folder, const char *name);
/* Does an error of making or renaming something tell that the name is why? */
enum unkept_reason names_reason(int errnum);

enum names_found {
	NAMES_NONE,
	NAMES_SAME,  /* this very name is there */
	NAMES_OTHER, /* it is another one's, which is the same to the file system */
};
/* Reads the whole folder if names fold and there is something. */
enum names_found names_find(const struct names *names, int folder, const char *name);
