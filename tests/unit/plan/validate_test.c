/*
 * validate_test.c - what an author is told: each runbook in tests/cases/validate beside the exact text of `standin validate`,
 * with the plugins that ship and the inventory of that folder. STANDIN_UPDATE=1 writes the texts anew; read the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/plan/check.h"
#include "tests/unit/document/cases.h"

#define LEAST_CASES 135
#define FOLDER	    "tests/cases/validate"

struct world {
	struct arena *arena;
	struct plugins *plugins;
	struct inventory *inventory;
};

static void must_be_silent(const struct diagnostics *diagnostics)
{
	CLEANUP_BUFFER struct buffer text = {0};
	diagnostics_print(&text, diagnostics, false);
	assert_string_equal(buffer_text(&text), "");
}

static int open_world(void **state)
{
	static struct world world;
	struct diagnostics diagnostics;
	world.arena = arena_new();
	diagnostics_init(&diagnostics, world.arena);
	plugins_read(world.arena, "plugins", &world.plugins, &diagnostics);
	inventory_read(world.arena, &tree_of_files, FOLDER "/inventory", &world.inventory, &diagnostics);
	must_be_silent(&diagnostics);
	*state = &world;
	return 0;
}

static int close_world(void **state)
{
	arena_free(((struct world *)*state)->arena);
	return 0;
}

/* As load_runbook of the command line does it. */
static void run_case(const char *path, struct buffer *out, void *context)
{
	const struct world *world = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct runbook *runbook;
	struct diagnostics diagnostics;
	diagnostics_init(&diagnostics, arena);
	int result = runbook_read(arena, path, world->inventory, &runbook, &diagnostics);
	assert_int_equal(result<0, diagnostics.errors> 0);
	if (runbook)
		runbook_check(runbook, world->plugins, &diagnostics);
	diagnostics_sort(&diagnostics);
	diagnostics_print(out, &diagnostics, false);
	if (!diagnostics.count)
		buffer_add(out, "valid\n");
}

static void every_case(void **state)
{
	int failed;
	assert_true(cases_walk(FOLDER, run_case, *state, &failed) >= LEAST_CASES);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_case, open_world, close_world),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
