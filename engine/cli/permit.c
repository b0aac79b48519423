/*
 * permit.c - asking the policy of a repository before anything is run out of it.
 */
#include "engine/library/permit.h"

#include <string.h>

#include "engine/base/memory.h"
#include "engine/cli/load.h"

struct last_run { /* of the same path */
	const struct loaded *loaded;
	const struct options *options;
	const struct value *found;
};

static bool note_run(void *context, const struct value *record)
{
	struct last_run *last = context;
	if (value_is_text(value_get(record, "kind"), "run_opened") &&
	    version_is_run(last->loaded->version, value_get(record, "library")))
		last->found = value_copy(last->loaded->arena, record);
	return true;
}

static int find_last_run(void *context, const struct value **ret_last, struct error *err)
{
	struct last_run *last = context;
	struct run_store *store;
	const char *state = options_get(last->options, "state");
	*ret_last = NULL;
	if (!run_store_exists(state)) /* nothing has run yet */
		return 0;
	if (run_store_open(state, &store, err) < 0)
		return -1;
	int result = run_index_visit(store, note_run, last, err);
	run_store_close(store);
	*ret_last = last->found;
	return result;
}

/* Who may approve is said where it is said what may be run; a run keeps what it has begun with. */
static int load_approvers(struct loaded *loaded, struct diagnostics *diagnostics)
{
	struct policy *policy = NULL;
	if (!loaded->version || !loaded->version->repository)
		return 0;
	if (policy_read(loaded->arena, loaded->version->repository, &policy, diagnostics) < 0)
		return -1;
	loaded->execution.approvers = policy ? policy->approvers : NULL;
	loaded->execution.revoked = policy && policy->approvers ? policy->revoked_keys : NULL;
	return 0;
}

/* Puts what is granted to what will be journaled. */
static int ask(struct loaded *loaded, const struct options *options, struct diagnostics *diagnostics)
{
	const struct value *granted;
	struct last_run last = {.loaded = loaded, .options = options};
	struct value *library = (struct value *)loaded->execution.library; /* ours: load_library made it just now */
	const struct permit_request request = {.version = loaded->version,
					       .library = library,
					       .allow_dirty = options_has(options, "allow-dirty"),
					       .last_run = find_last_run,
					       .context = &last};
	if (permit(loaded->arena, &request, &granted, diagnostics) < 0 || load_approvers(loaded, diagnostics) < 0)
		return -1;
	if (library) {
		value_put(loaded->arena, library, "allow_dirty", value_bool(request.allow_dirty));
		value_put(loaded->arena, library, "policy", granted ? granted : value_null());
	}
	return 0;
}

int permit_run(struct loaded *loaded, const struct options *options)
{
	struct diagnostics reasons;
	diagnostics_init(&reasons, loaded->arena);
	if (ask(loaded, options, &reasons) == 0)
		return 0;
	print_diagnostics(stderr, &reasons);
	return EXIT_REFUSED;
}

void permit_plan(struct loaded *loaded, const struct options *options)
{
	struct diagnostics reasons;
	diagnostics_init(&reasons, loaded->arena);
	if (ask(loaded, options, &reasons) == 0)
		return;
	struct diagnostics ignored; /* a policy that cannot be read is among the reasons already */
	diagnostics_init(&ignored, loaded->arena);
	load_approvers(loaded, &ignored);
	for (size_t i = 0; i < reasons.count; i++) {
		reasons.items[i].severity = SEVERITY_WARNING;
		reasons.items[i].message = arena_printf(loaded->arena, "a run would be refused: %s", reasons.items[i].message);
	}
	print_diagnostics(stderr, &reasons);
}
