/*
 * schema.c - standin schema: JSON Schemas for editors and other programs.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/cli/load.h"
#include "engine/plugin/editor.h"
#include "engine/schema/product.h"

static int print_runbook(const struct options *options)
{
	struct loaded loaded;
	loaded_init(&loaded);
	int result = load_plugins(&loaded, options) < 0 ? EXIT_INVALID : EXIT_FINE;
	print_diagnostics(stderr, &loaded.diagnostics);
	if (result == EXIT_FINE)
		print_value(editor_schema(loaded.arena, loaded.plugins));
	loaded_free(&loaded);
	return result;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	static const char *const others[] = {"inventory", "plugin", "replica", "audit", "policy"};
	struct options options;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	const char *wanted = options.arguments_count ? options.arguments[0] : "runbook";
	if (strcmp(wanted, "runbook") == 0)
		return print_runbook(&options);
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (strcmp(wanted, others[i]) == 0) {
			fputs(schema_product_text(wanted), stdout);
			return EXIT_FINE;
		}
	print_safely(stderr,
		     "standin schema: there is none of '%s'\nhint: there are runbook, inventory, plugin, replica, audit and "
		     "policy\n",
		     wanted);
	return EXIT_INVALID;
}

const struct verb verb_schema = {
	.name = "schema",
	.usage = "[runbook | inventory | plugin | replica | audit | policy] [options]",
	.summary = "print a JSON Schema for editors",
	.description =
		"That of runbooks (the default) has every action of the plugins that are there, with its inputs: an editor "
		"with "
		"yaml-language-server completes and checks them. Put it into a file, and name that in a runbook's first line: "
		"# yaml-language-server: $schema=FILE\n"
		"Exit codes: 0, or 2 if there is no such schema or the plugins are wrong.",
	.options = {OPTION_PLUGINS},
	.formats = {"json"},
	.examples = "  standin schema > .standin/runbook.schema.json\n  standin schema inventory\n"
		    "  standin schema --plugins plugins\n",
	.least = 0,
	.most = 1,
	.run = run,
};
