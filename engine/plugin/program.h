/*
 * program.h - the program of a process plugin, as its manifest's `process` names it: where its files are, and their digest.
 *
 * It starts nothing: that is processes.h's.
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/hash.h"
#include "engine/base/value.h"

struct plugin_program {
	const char *plugin;	  /* its name */
	const char *folder;	  /* of the manifest, absolute where that could be told */
	const char *const *argv;  /* NULL-terminated; the first is a file of the plugin's, such as example.py */
	const char *const *files; /* what else it consists of, NULL-terminated; it can read nothing else of its folder */
	int64_t protocol;
	bool network;	    /* it may use the network by itself */
	const char *digest; /* what it must still be (in a run), or NULL */
};

/* A file of the plugin's: in its folder, or (a program that was built) in plugins/NAME/ beside the running executable. The path
 * is of the folder when it is in neither. */
const char *program_path(struct arena *arena, const struct plugin_program *program, const char *file);
bool program_has_file(const struct plugin_program *program, const char *file); /* its own name too */

/* Of the program and its files, by name and content. */
int program_digest(const struct plugin_program *program, char ret_digest[HASH_HEX_SIZE], struct error *err);
/* ERROR_CONFLICT: it is not what it was when the run began. */
int program_check(const struct plugin_program *program, struct error *err);
