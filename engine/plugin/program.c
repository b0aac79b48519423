/*
 * program.c - finding a plugin's files, and knowing them again.
 */
#include "engine/plugin/program.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/buffer.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"

#define PROGRAM_LIMIT ((size_t)256 * 1024 * 1024) /* bytes of one file */

static const char *beside_executable(struct arena *arena, const struct plugin_program *program, const char *file)
{
	char own[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *slash = length > 0 ? memrchr(own, '/', (size_t)length) : NULL;
	return slash ? arena_printf(arena, "%.*s/plugins/%s/%s", (int)(slash - own), own, program->plugin, file) : NULL;
}

const char *program_path(struct arena *arena, const struct plugin_program *program, const char *file)
{
	const char *usual = arena_printf(arena, "%s/%s", program->folder, file);
	const char *built = file_exists(usual) ? NULL : beside_executable(arena, program, file);
	return built && file_exists(built) ? built : usual;
}

bool program_has_file(const struct plugin_program *program, const char *file)
{
	bool found = strcmp(program->argv[0], file) == 0;
	for (size_t i = 0; !found && program->files && program->files[i]; i++)
		found = strcmp(program->files[i], file) == 0;
	return found;
}

static int add_digest(struct arena *arena, const struct plugin_program *program, const char *file, struct buffer *list,
		      struct error *err)
{
	CLEANUP_FREE char *data = NULL;
	size_t length;
	char digest[HASH_HEX_SIZE];
	if (file_read(program_path(arena, program, file), PROGRAM_LIMIT, &data, &length, err) < 0)
		return error_wrap(err, "the program of the plugin %s", program->plugin);
	hash_hex(data, length, digest);
	buffer_printf(list, "%s %s\n", digest, file);
	return 0;
}

int program_digest(const struct plugin_program *program, char ret_digest[HASH_HEX_SIZE], struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer list = {0};
	if (add_digest(arena, program, program->argv[0], &list, err) < 0)
		return -1;
	for (size_t i = 0; program->files && program->files[i]; i++)
		if (add_digest(arena, program, program->files[i], &list, err) < 0)
			return -1;
	hash_hex(list.data, list.length, ret_digest);
	return 0;
}

int program_check(const struct plugin_program *program, struct error *err)
{
	char digest[HASH_HEX_SIZE];
	if (!program->digest)
		return 0;
	if (program_digest(program, digest, err) < 0)
		return -1;
	if (strcmp(digest, program->digest) == 0)
		return 0;
	error_set(err, ERROR_CONFLICT, "the program of the plugin %s (%s/%s) is not the one that the run began with",
		  program->plugin, program->folder, program->argv[0]);
	return error_hint(err, "put back the version with the digest %.16s..., or abandon the run and start a new one",
			  program->digest);
}
