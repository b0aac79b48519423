/*
 * editor_test.c - the schema for editors takes what validate takes, and refuses what is wrong about an action's inputs. Run
 * from the top of the repository.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glob.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/plugin/editor.h"

struct world {
	struct arena *arena;
	struct schema *schema;
};

static int open_world(void **state)
{
	static struct world world;
	struct diagnostics diagnostics;
	struct plugins *plugins;
	struct error err = ERROR_NONE;
	world.arena = arena_new();
	diagnostics_init(&diagnostics, world.arena);
	assert_int_equal(plugins_read(world.arena, "plugins", &plugins, &diagnostics), 0);
	if (schema_compile(world.arena, editor_schema(world.arena, plugins), &world.schema, &err) < 0)
		fail_msg("%s", error_text(&err));
	*state = &world;
	return 0;
}

static int close_world(void **state)
{
	arena_free(((struct world *)*state)->arena);
	return 0;
}

static bool conforms(const struct world *world, const char *path, struct buffer *why)
{
	struct diagnostics diagnostics;
	const struct source *source;
	const struct value *value;
	diagnostics_init(&diagnostics, world->arena);
	assert_int_equal(document_read(world->arena, path, &source, &value, &diagnostics), 0);
	bool good = schema_check(world->schema, value, &(struct schema_options){0}, &diagnostics);
	diagnostics_print(why, &diagnostics, false);
	return good;
}

static void what_ships_conforms(void **state)
{
	glob_t found;
	assert_int_equal(glob("runbooks/*/*.yaml", 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		CLEANUP_BUFFER struct buffer why = {0};
		if (!strstr(found.gl_pathv[i], "inventory") && !conforms(*state, found.gl_pathv[i], &why))
			fail_msg("%s", buffer_text(&why));
	}
	globfree(&found);
}

static void wrong_inputs_do_not(void **state)
{
	static const char *const faulty[] = {"unknown-action", "with-enum", "with-missing",
					     "with-misspelt",  "with-type", "with-unknown"};
	for (size_t i = 0; i < COUNT_OF(faulty); i++) {
		CLEANUP_BUFFER struct buffer why = {0};
		CLEANUP_FREE char *path = memory_printf("tests/cases/validate/%s.yaml", faulty[i]);
		if (conforms(*state, path, &why))
			fail_msg("%s conforms", path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(what_ships_conforms), cmocka_unit_test(wrong_inputs_do_not)};
	return cmocka_run_group_tests(tests, open_world, close_world);
}
