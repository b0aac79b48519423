/*
 * lint_test.c - each runbook in tests/cases/lint beside the exact text of `standin validate`: one fault each, and near misses
 * (NAME-fine.yaml) that must be silent. STANDIN_UPDATE=1 writes the texts anew; read the difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "engine/base/table.h"
#include "engine/document/document.h"
#include "engine/lint/lint.h"
#include "engine/lint/rules.h"
#include "engine/lint/silence.h"
#include "engine/plan/check.h"
#include "tests/unit/document/cases.h"

#define LEAST_CASES 130
#define FOLDER	    "tests/cases/lint"

struct world {
	struct arena *arena;
	struct plugins *plugins;
	struct inventory *inventory;
	struct lint_sets *sets;
	struct table seen; /* rules that a case has found */
	char folder[64];   /* the plugins that ship, and those of the cases */
};

static void link_all(const char *from, const char *to)
{
	struct dirent **entries;
	int count = scandir(from, &entries, NULL, alphasort);
	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		CLEANUP_FREE char *source = file_join(from, entries[i]->d_name);
		CLEANUP_FREE char *absolute = realpath(source, NULL);
		CLEANUP_FREE char *target = file_join(to, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && !strchr(entries[i]->d_name, '.'))
			assert_int_equal(symlink(absolute, target), 0);
		free(entries[i]);
	}
	free(entries);
}

static int open_world(void **state)
{
	static struct world world = {.folder = "/tmp/standin-lint-XXXXXX"};
	struct diagnostics diagnostics;
	world.arena = arena_new();
	diagnostics_init(&diagnostics, world.arena);
	assert_non_null(mkdtemp(world.folder));
	link_all("plugins", world.folder);
	link_all(FOLDER "/plugins", world.folder);
	plugins_read(world.arena, world.folder, &world.plugins, &diagnostics);
	inventory_read(world.arena, &tree_of_files, "tests/cases/validate/inventory", &world.inventory, &diagnostics);
	world.sets = lint_sets_new(world.arena);
	*state = &world;
	return diagnostics.count != 0;
}

static int close_world(void **state)
{
	struct world *world = *state;
	file_remove_tree(world->folder, NULL);
	lint_sets_free(world->sets);
	table_free(&world->seen);
	arena_free(world->arena);
	return 0;
}

/* As validate of the command line does it. */
static void run_case(const char *path, struct buffer *out, void *context)
{
	struct world *world = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct runbook *runbook;
	struct diagnostics diagnostics;
	struct silenced_list silenced;
	diagnostics_init(&diagnostics, arena);
	runbook_read(arena, path, world->inventory, &runbook, &diagnostics);
	assert_non_null(runbook);
	runbook_check(runbook, world->plugins, &diagnostics);
	bool right = diagnostics.errors == 0;
	struct lint_set *set = lint_set_of(world->sets, path, runbook->name, world->plugins);
	if (set)
		lint_set_compare(world->sets, set, world->plugins);
	if (right)
		lint_runbook(runbook, world->plugins, world->inventory, set, &diagnostics);
	diagnostics_sort(&diagnostics);
	silences_apply(runbook, right, &diagnostics, &silenced);
	diagnostics_sort(&diagnostics);
	diagnostics_print(out, &diagnostics, false);
	for (size_t i = 0; i < diagnostics.count; i++) {
		assert_int_equal(diagnostics.items[i].severity, rules_find(diagnostics.items[i].rule)->severity);
		table_put(&world->seen, diagnostics.items[i].rule, world);
	}
	if (!diagnostics.count)
		buffer_printf(out, "valid%s\n", silenced.count ? ", silenced" : "");
}

static void every_case(void **state)
{
	int failed;
	assert_true(cases_walk(FOLDER, run_case, *state, &failed) >= LEAST_CASES);
	assert_int_equal(failed, 0);
}

static bool is_silent(const char *name)
{
	CLEANUP_FREE char *path = memory_printf(FOLDER "/%s-fine.expected", name);
	CLEANUP_FREE char *text = NULL;
	size_t length;
	return file_read(path, FILE_NO_LIMIT, &text, &length, NULL) == 0 && strncmp(text, "valid", strlen("valid")) == 0;
}

/* Hosts are an inventory's: see below. */
static void every_lint_is_found_and_has_a_near_miss_that_is_silent(void **state)
{
	const struct world *world = *state;
	size_t count;
	const struct rule *rules = rules_all(&count);
	for (size_t i = 0; i < count; i++) {
		const char *name = rules[i].id + strlen("lint/");
		if (strncmp(rules[i].id, "lint/", strlen("lint/")) != 0 || strcmp(name, "unpinned-host") == 0)
			continue;
		if (!table_get(&world->seen, rules[i].id) || !is_silent(name))
			fail_msg("%s: no case finds it, or %s-fine.yaml is not silent", rules[i].id, name);
	}
}

static void near_misses_are_silent(void **state)
{
	struct dirent **entries;
	int count = scandir(FOLDER, &entries, case_is_yaml, alphasort);
	(void)state;
	for (int i = 0; i < count; i++) {
		char *fine = strstr(entries[i]->d_name, "-fine.yaml");
		if (fine)
			*fine = '\0';
		if (fine && !is_silent(entries[i]->d_name))
			fail_msg("%s-fine.yaml is not silent", entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
}

static void inventory_of(const char *text, struct buffer *out)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct diagnostics diagnostics;
	struct inventory *inventory;
	const struct value *document;
	diagnostics_init(&diagnostics, arena);
	const struct source *source = document_source(arena, "i.yaml", text, strlen(text));
	assert_int_equal(document_parse(arena, source, &document, &diagnostics), 0);
	assert_int_equal(inventory_from_value(arena, "i.yaml", document, &inventory, &diagnostics), 0);
	lint_inventory(inventory, &diagnostics);
	diagnostics_sort(&diagnostics);
	diagnostics_print(out, &diagnostics, false);
}

static void hosts_without_a_pinned_key(void **state)
{
	(void)state;
	CLEANUP_BUFFER struct buffer out = {0};
	inventory_of(
		"standin: \"1\"\nhosts:\n  a: {address: 192.0.2.1}\n"
		"  b: {address: 192.0.2.2, host_key: \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==\"}\n  c: {connection: local}\n"
		"  d: {connection: local, vars: {db_password: hunter2}}\n",
		&out);
	assert_string_equal(
		buffer_text(&out),
		"i.yaml:3:3: warning: the key of host 'a' is not pinned [lint/unpinned-host]\n"
		" 3 |   a: {address: 192.0.2.1}\n   |   ^\n"
		"   = hint: add host_key, as `ssh-keyscan -t ed25519 192.0.2.1` prints it; compare it at the console\n"
		"i.yaml:6:46: error: this looks like a secret, in plain text [lint/clear-secret]\n"
		" 6 |   d: {connection: local, vars: {db_password: hunter2}}\n"
		"   |                                              ^^^^^^^\n"
		"   = hint: declare it under `secrets` of the inventory and read secrets.NAME; then change the secret "
		"itself\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_case),
		cmocka_unit_test(every_lint_is_found_and_has_a_near_miss_that_is_silent),
		cmocka_unit_test(near_misses_are_silent),
		cmocka_unit_test(hosts_without_a_pinned_key),
	};
	return cmocka_run_group_tests(tests, open_world, close_world);
}
