/*
 * load.c - a runbook from its file or text, and every runbook that it calls: each is read once, none calls itself. What a call
 * gives is checked here; what steps refer to is names.c's.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/document.h"
#include "engine/runbook/build.h"
#include "engine/runbook/foreign.h"
#include "engine/runbook/names.h"
#include "engine/runbook/places.h"
#include "engine/schema/product.h"

struct loading { /* one runbook that is being read; outer ones call it */
	const struct loading *caller;
	const struct source *source;
	const struct inventory *inventory;
	const struct tree *tree;
	struct runbook *root; /* of the whole; NULL in the root itself until it is built */
	struct arena *arena;
	struct diagnostics *diagnostics;
	unsigned depth;
};

static struct runbook *load(const struct loading *loading);

static const char *beside(struct arena *arena, const char *caller, const char *path)
{
	const char *slash = strrchr(caller, '/');
	if (path[0] == '/' || !slash)
		return path;
	return arena_printf(arena, "%.*s/%s", (int)(slash - caller), caller, path);
}

static struct runbook *loaded_already(const struct runbook *root, const char *path)
{
	for (size_t i = 0; i < root->called_count; i++)
		if (strcmp(root->called[i]->source->name, path) == 0)
			return root->called[i];
	return NULL;
}

static bool goes_round(const struct loading *loading, const char *path)
{
	for (; loading; loading = loading->caller)
		if (strcmp(loading->source->name, path) == 0)
			return true;
	return false;
}

static struct diagnostic *refuse_call(const struct loading *loading, const struct step *step, const char *rule,
				      const char *what)
{
	return diagnostics_add(loading->diagnostics, SEVERITY_ERROR, rule, step->uses_at, "%s", what);
}

static const char *const *input_names(struct arena *arena, const struct runbook *runbook)
{
	const char **names = arena_alloc(arena, (runbook->inputs_count + 1) * sizeof(*names));
	for (size_t i = 0; i < runbook->inputs_count; i++)
		names[i] = runbook->inputs[i].name;
	return names;
}

/* What a call gives must be declared there, and what is needed there must be given. */
static void check_call_inputs(const struct loading *loading, const struct step *step)
{
	const struct runbook *callee = step->callee;
	const struct value *with = step->with_value;
	if (callee->misshapen || (step->misshapen && !with))
		return;
	for (size_t i = 0; value_is(with, VALUE_MAP) && i < with->map.count; i++) {
		const char *name = value_text(with->map.entries[i].key);
		bool declared = false;
		for (size_t k = 0; k < callee->inputs_count && !declared; k++)
			declared = strcmp(callee->inputs[k].name, name) == 0;
		if (declared)
			continue;
		struct diagnostic *diagnostic =
			diagnostics_add(loading->diagnostics, SEVERITY_ERROR, "call/input", with->map.entries[i].key->at,
					"%s has no input '%s'", callee->name, name);
		diagnostic_suggest(loading->diagnostics, diagnostic, name, input_names(loading->arena, callee),
				   callee->inputs_count);
	}
	for (size_t k = 0; k < callee->inputs_count; k++) {
		const struct input *input = &callee->inputs[k];
		if (!input->default_value && !input->optional && !value_get(with, input->name))
			diagnostics_add(loading->diagnostics, SEVERITY_ERROR, "call/input", step->uses_at,
					"%s needs the input '%s'", callee->name, input->name);
	}
}

static struct runbook *load_callee(const struct loading *caller, const struct step *step, const char *path)
{
	struct loading loading = *caller;
	loading.caller = caller;
	loading.depth++;
	if (goes_round(caller, path)) {
		refuse_call(caller, step, "call/cycle", "this call goes round in a circle: that runbook is calling already");
		return NULL;
	}
	if (loading.depth > CALL_DEPTH_LIMIT) {
		refuse_call(caller, step, "call/depth", "calls are nested too deep");
		return NULL;
	}
	struct runbook *known = loaded_already(caller->root, path);
	if (known)
		return known;
	if (tree_open(caller->tree, caller->arena, path, &loading.source, caller->diagnostics) < 0) {
		diagnostic_hint(caller->diagnostics,
				refuse_call(caller, step, "call/missing", "the runbook that it calls cannot be read"),
				"write its path as seen from the folder of this one");
		return NULL;
	}
	struct runbook *callee = load(&loading);
	if (!callee)
		return NULL;
	struct runbook **slot = arena_grow(caller->arena, &caller->root->called, &caller->root->called_count,
					   &caller->root->called_capacity, sizeof(struct runbook *));
	*slot = callee;
	return callee;
}

struct calls {
	const struct loading *loading;
	struct runbook *runbook;
};

static bool load_call(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	const struct calls *calls = context;
	if (step->form != STEP_CALL || !step->call)
		return true;
	const char *path = beside(calls->loading->arena, calls->loading->source->name, step->call);
	struct runbook *callee = load_callee(calls->loading, step, path);
	if (!callee)
		return true;
	((struct step *)step)->callee = callee; /* the step is ours: it is still being built */
	check_call_inputs(calls->loading, step);
	for (size_t i = 0; i < callee->locks_count; i++)
		runbook_add_lock(calls->loading->arena, calls->runbook, callee->locks[i]);
	return true;
}

static struct runbook *load(const struct loading *outer)
{
	struct loading loading = *outer;
	const struct value *document;
	if (document_parse(loading.arena, loading.source, &document, loading.diagnostics) < 0)
		return NULL;
	struct fields fields = {.arena = loading.arena, .diagnostics = loading.diagnostics};
	fields.told_from = loading.diagnostics->count;
	places_check(document, loading.diagnostics);
	schema_check(schema_product("runbook"), document, &(struct schema_options){.advise = foreign_key}, loading.diagnostics);
	fields.told_to = loading.diagnostics->count;
	if (document->type != VALUE_MAP || loading.diagnostics->dropped) /* more than anybody reads: nothing to add */
		return NULL;
	struct runbook *runbook = runbook_build(&fields, loading.source, document);
	if (!loading.root)
		loading.root = runbook;
	struct calls calls = {.loading = &loading, .runbook = runbook};
	runbook_visit(runbook, load_call, &calls);
	names_check(runbook, loading.inventory, loading.diagnostics);
	runbook_check_defaults(loading.arena, runbook, loading.inventory, loading.diagnostics);
	return runbook;
}

int runbook_from_source(struct arena *arena, const struct source *source, const struct inventory *inventory,
			const struct tree *tree, struct runbook **ret_runbook, struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	*ret_runbook = NULL;
	struct loading loading = {.source = source,
				  .inventory = inventory,
				  .tree = tree ? tree : &tree_of_files,
				  .arena = arena,
				  .diagnostics = diagnostics};
	struct runbook *runbook = load(&loading);
	if (!runbook)
		return -1;
	*ret_runbook = runbook;
	return diagnostics->errors > errors ? -1 : 0;
}

int runbook_read(struct arena *arena, const char *path, const struct inventory *inventory, struct runbook **ret_runbook,
		 struct diagnostics *diagnostics)
{
	const struct source *source;
	*ret_runbook = NULL;
	if (tree_open(&tree_of_files, arena, path, &source, diagnostics) < 0)
		return -1;
	return runbook_from_source(arena, source, inventory, &tree_of_files, ret_runbook, diagnostics);
}
