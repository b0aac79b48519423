/*
 * names.c - ids, references and scopes. It sees expressions' free names only, not their types.
 */
#include "engine/runbook/names.h"

#include <ctype.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/base/table.h"
#include "engine/runbook/foreign.h"

struct as_scope { /* a foreach's name, visible to what is inside */
	const char *name;
	const struct as_scope *outer;
};

struct parallel_place {	   /* inside which child of which parallel group */
	const char *group; /* keys */
	const char *child;
	const struct parallel_place *outer;
};

enum { SAID_ID, SAID_AS };

struct names {
	const struct runbook *runbook;
	const struct inventory *inventory; /* NULL: hosts and secrets are not checked */
	struct diagnostics *diagnostics;
	struct arena *arena;
	const char **ids; /* of the whole runbook */
	size_t ids_count;
	size_t ids_capacity;
	struct table said[2];	      /* SAID_*: names that a misshapen runbook gives somewhere; else empty */
	struct table steps;	      /* id -> step */
	struct table ended;	      /* ids of the steps that will have ended before the place that is being checked */
	const struct step *step;      /* that is being checked; NULL: behind all of them */
	const struct as_scope *scope; /* at the place that is being checked */
	const struct parallel_place *parallel;
	bool result_visible; /* in until, expect, outputs */
};

static const char *const roots[] = {
	"inputs", "objectives", "steps", "run", "host", "hosts", "evidence", "secrets", "result",
};

/* what: text before the name, rest: text behind it. */
static struct diagnostic *add(const struct names *names, const char *rule, struct span at, const char *what, const char *name,
			      const char *rest)
{
	return diagnostics_add(names->diagnostics, SEVERITY_ERROR, rule, at, "%s'%s'%s", what, name, rest);
}

static bool has(const char *const *words, size_t count, const char *word)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static void must_be_one_of(const struct names *names, const char *rule, struct span at, const char *what, const char *word,
			   const char *const *words, size_t count)
{
	if (has(words, count, word))
		return;
	struct diagnostic *diagnostic = add(names, rule, at, what, word, "");
	diagnostic_suggest(names->diagnostics, diagnostic, word, words, count);
}

static const struct input *find_input(const struct runbook *runbook, const char *name)
{
	for (size_t i = 0; i < runbook->inputs_count; i++)
		if (strcmp(runbook->inputs[i].name, name) == 0)
			return &runbook->inputs[i];
	return NULL;
}

/* Where the shape is wrong, a name may have been declared where it was not understood: it is asked for again once the shape is
 * right. */
static bool may_be_declared(const struct names *names, const char *section)
{
	return names->runbook->misshapen && !value_is(value_get(names->runbook->document, section), VALUE_MAP);
}

/* Of a runbook whose shape is wrong: every `id: NAME` and `as: NAME` at any depth. The depth is bounded by the document's. */
static void collect_said(struct names *names, const struct value *value)
{
	static const char *const keys[] = {"id", "as"};
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		const char *name = value_get_text(value, keys[i]);
		if (name)
			table_put(&names->said[i], name, value);
	}
	for (size_t i = 0; value_is(value, VALUE_MAP) && i < value->map.count; i++)
		collect_said(names, value->map.entries[i].value);
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		collect_said(names, value->list.items[i]);
}

static void check_input(const struct names *names, const char *name, struct span at)
{
	if (find_input(names->runbook, name) || may_be_declared(names, "inputs"))
		return;
	const char **words = arena_alloc(names->arena, (names->runbook->inputs_count + 1) * sizeof(*words));
	for (size_t i = 0; i < names->runbook->inputs_count; i++)
		words[i] = names->runbook->inputs[i].name;
	must_be_one_of(names, "names/input", at, "the runbook declares no input ", name, words, names->runbook->inputs_count);
}

static bool is_inside(const char *key, const char *outer)
{
	size_t length = strlen(outer);
	return strncmp(key, outer, length) == 0 && (key[length] == '.' || key[length] == '\0');
}

/* What is done at once cannot rest on each other: a sibling's outputs are visible after their group. */
static void check_siblings(const struct names *names, const char *name, struct span at)
{
	const struct step *step = table_get(&names->steps, name);
	for (const struct parallel_place *place = names->parallel; step && place; place = place->outer) {
		if (!is_inside(step->key, place->group) || is_inside(step->key, place->child))
			continue;
		struct diagnostic *diagnostic = add(names, "names/parallel", at, "step ", name, " is done at the same time");
		diagnostic_hint(names->diagnostics, diagnostic,
				"its outputs are visible after the parallel group: read them there");
	}
}

static void check_id(const struct names *names, const char *name, struct span at)
{
	check_siblings(names, name, at);
	if (!table_get(&names->steps, name)) {
		if (table_get(&names->said[SAID_ID], name))
			return;
		must_be_one_of(names, "names/step", at, "no step has the id ", name, names->ids, names->ids_count);
		return;
	}
	if (table_get(&names->ended, name))
		return;
	bool itself = names->step && names->step->id && strcmp(names->step->id, name) == 0;
	struct diagnostic *diagnostic = add(names, "names/later", at, "the step ", name, " has not ended here");
	diagnostic_hint(names->diagnostics, diagnostic,
			itself ? "in `until`, `expect` and `outputs` of the step itself, write result.NAME"
			       : "steps are done in the order in which they stand; refer to one that stands before this one");
}

static void check_run(const struct names *names, const char *name, struct span at)
{
	static const char *const known[] = {"id", "runbook", "kind", "operator", "outcome"};
	must_be_one_of(names, "names/run", at, "a run has no ", name, known, COUNT_OF(known));
}

static void check_step_part(const struct names *names, const char *part, struct span at)
{
	static const char *const known[] = {"outputs", "outcome", "before", "after", "each"};
	if (has(known, COUNT_OF(known), part))
		return;
	struct diagnostic *diagnostic = add(names, "names/step-part", at, "a step has no ", part, "");
	if (suggest(part, known, COUNT_OF(known)))
		diagnostic_suggest(names->diagnostics, diagnostic, part, known, COUNT_OF(known));
	else
		diagnostic_hint(
			names->diagnostics, diagnostic,
			"what a step gave is in its outputs: steps.ID.outputs.%s; else there are outcome, before, after, each",
			part);
}

static void check_objective(const struct names *names, const char *name, struct span at)
{
	static const char *const known[] = {"rto", "rpo"};
	if (names->runbook->misshapen)
		return; /* one that is no duration is not among them */
	if (has(known, COUNT_OF(known), name) && !value_get(names->runbook->objectives, name)) {
		struct diagnostic *diagnostic = add(names, "names/objective", at, "the runbook has no objective ", name, "");
		diagnostic_hint(names->diagnostics, diagnostic, "add it: objectives: {%s: 15m}", name);
		return;
	}
	must_be_one_of(names, "names/objective", at, "there is no objective ", name, known, COUNT_OF(known));
}

static bool begins_with_root(const char *text)
{
	size_t length = strcspn(text, ".[");
	for (size_t i = 0; text[length] && i < COUNT_OF(roots); i++)
		if (strlen(roots[i]) == length && strncmp(roots[i], text, length) == 0)
			return true;
	return false;
}

static void check_host(const struct names *names, const char *name, struct span at)
{
	size_t count = names->inventory ? names->inventory->hosts_count : 0;
	const char **words = arena_alloc(names->arena, (count + 1) * sizeof(*words));
	for (size_t i = 0; i < count; i++)
		words[i] = names->inventory->hosts[i].id;
	if (!names->inventory || has(words, count, name))
		return;
	struct diagnostic *diagnostic = add(names, "names/host", at, "the inventory has no host ", name, "");
	if (begins_with_root(name))
		diagnostic_hint(names->diagnostics, diagnostic, "write an expression: ${{ %s }}", name);
	else
		diagnostic_suggest(names->diagnostics, diagnostic, name, words, count);
}

static void check_secret(const struct names *names, const char *name, struct span at)
{
	size_t count = names->inventory ? names->inventory->secrets_count : 0;
	const char **words = arena_alloc(names->arena, (count + 1) * sizeof(*words));
	for (size_t i = 0; i < count; i++)
		words[i] = names->inventory->secrets[i].name;
	if (names->inventory)
		must_be_one_of(names, "names/secret", at, "the inventory declares no secret ", name, words, count);
}

static void check_evidence(const struct names *names, const char *name, struct span at)
{
	size_t count = names->runbook->evidence_count;
	if (may_be_declared(names, "evidence"))
		return;
	const char **words = arena_alloc(names->arena, (count + 1) * sizeof(*words));
	for (size_t i = 0; i < count; i++)
		words[i] = names->runbook->evidence[i].name;
	must_be_one_of(names, "names/evidence", at, "the runbook declares no evidence ", name, words, count);
}

static void check_result(const struct names *names, const char *name, struct span at)
{
	(void)name;
	if (names->result_visible)
		return;
	struct diagnostic *diagnostic = add(names, "names/result", at, "", "result", " is not visible here");
	diagnostic_hint(
		names->diagnostics, diagnostic,
		"it is only there in `until`, `expect` and `outputs` of the step itself; elsewhere write steps.ID.outputs");
}

static const struct {
	const char *root;
	void (*check)(const struct names *names, const char *name, struct span at);
	bool alone; /* also checked without a second part, and shown as a whole */
} references[] = {
	{"inputs", check_input, false},	  {"steps", check_id, false},	       {"hosts", check_host, false},
	{"secrets", check_secret, false}, {"result", check_result, true},      {"objectives", check_objective, false},
	{"run", check_run, false},	  {"evidence", check_evidence, false},
};

static bool in_scope(const struct names *names, const char *name)
{
	for (const struct as_scope *scope = names->scope; scope; scope = scope->outer)
		if (strcmp(scope->name, name) == 0)
			return true;
	return false;
}

/* A bare word that stands for something else here, or NULL. */
static const char *meant_by(const struct names *names, const char *root)
{
	if (find_input(names->runbook, root))
		return arena_printf(names->arena, "did you mean 'inputs.%s'?", root);
	if (table_get(&names->steps, root))
		return arena_printf(names->arena, "did you mean 'steps.%s'?", root);
	if (names->inventory && inventory_host(names->inventory, root))
		return arena_printf(names->arena, "the host is 'hosts.%s'; as text it is quoted: \"%s\"", root, root);
	return foreign_name(root);
}

/* my-key is `my` less `key`. */
static bool subtracted(struct span at)
{
	return at.source && at.offset >= 2 && at.source->text[at.offset - 1] == '-' &&
	       isalnum((unsigned char)at.source->text[at.offset - 2]);
}

static const char *listed(struct arena *arena, const char *const *words, size_t count)
{
	CLEANUP_BUFFER struct buffer list = {0};
	for (size_t i = 0; i < count; i++)
		buffer_printf(&list, "%s%s", i ? ", " : "", words[i]);
	return arena_strdup(arena, buffer_text(&list));
}

static void check_root(const struct names *names, const char *root, struct span at)
{
	if (has(roots, COUNT_OF(roots), root) || in_scope(names, root) || table_get(&names->said[SAID_AS], root) ||
	    (names->runbook->misshapen && strcmp(root, "item") == 0))
		return;
	size_t count = 0, capacity = 0;
	const char **known = NULL;
	for (size_t i = 0; i < COUNT_OF(roots); i++)
		*(const char **)arena_grow(names->arena, &known, &count, &capacity, sizeof(*known)) = roots[i];
	for (const struct as_scope *scope = names->scope; scope; scope = scope->outer)
		*(const char **)arena_grow(names->arena, &known, &count, &capacity, sizeof(*known)) = scope->name;
	struct diagnostic *diagnostic = add(names, "names/unknown", at, "unknown name ", root, "");
	const char *meant =
		subtracted(at) ? "'-' subtracts; where it is part of a key, write map[\"my-key\"]" : meant_by(names, root);
	if (meant)
		diagnostic_hint(names->diagnostics, diagnostic, "%s", meant);
	else if (suggest(root, known, count))
		diagnostic_suggest(names->diagnostics, diagnostic, root, known, count);
	else
		diagnostic_hint(names->diagnostics, diagnostic, "names are %s; text is quoted: \"%s\"",
				listed(names->arena, known, count), root);
}

/* The place of one part of a name, if the text has it letter by letter; else of the whole. */
static struct span part_place(struct span at, const char *const *parts, size_t index)
{
	size_t offset = 0, length = strlen(parts[index]);
	for (size_t i = 0; i < index; i++)
		offset += strlen(parts[i]) + 1;
	if (!at.source || offset + length > at.length ||
	    strncmp(at.source->text + at.offset + offset, parts[index], length) != 0)
		return at;
	return (struct span){at.source, at.offset + offset, length};
}

static void check_name(void *context, const char *const *parts, size_t count, struct span at)
{
	const struct names *names = context;
	check_root(names, parts[0], part_place(at, parts, 0));
	for (size_t i = 0; i < COUNT_OF(references); i++)
		if (strcmp(references[i].root, parts[0]) == 0 && (count > 1 || references[i].alone))
			references[i].check(names, count > 1 ? parts[1] : NULL,
					    references[i].alone ? at : part_place(at, parts, 1));
	if (count > 2 && strcmp(parts[0], "steps") == 0)
		check_step_part(names, parts[2], part_place(at, parts, 2));
}

static void check_template(struct names *names, const struct template *template, bool result_visible)
{
	names->result_visible = result_visible;
	if (template)
		template_visit_names(template, check_name, names);
}

static void check_literal_host(const struct names *names, const struct template *template, struct span at)
{
	const struct value *host;
	if (!template || !template_is_constant(template))
		return;
	if (template_evaluate(template, NULL, names->arena, &host, NULL, NULL) == 0 && value_text(host))
		check_host(names, value_text(host), host->at.source ? host->at : at);
}

static void check_as(const struct names *names, const struct step *step)
{
	if (!step->foreach)
		return;
	bool hides = has(roots, COUNT_OF(roots), step->as) || in_scope(names, step->as);
	if (!hides)
		return;
	struct diagnostic *diagnostic = add(names, "names/shadow", step->as_at, "the item's name ", step->as,
					    " would hide a name that is already there");
	diagnostic_hint(names->diagnostics, diagnostic, "give the item another name with `as:`");
}

static void check_block(struct names *names, const struct block *block);

static void check_step(struct names *names, const struct step *step);

static void check_children(struct names *names, const struct step *step)
{
	struct parallel_place place = {.group = step->key, .outer = names->parallel};
	for (size_t i = 0; i < step->steps.count; i++) {
		place.child = step->steps.steps[i].key;
		names->parallel = step->parallel ? &place : place.outer;
		check_step(names, &step->steps.steps[i]);
	}
	names->parallel = place.outer;
}

static void check_step(struct names *names, const struct step *step)
{
	names->step = step;
	check_template(names, step->foreach, false);
	check_as(names, step);
	struct as_scope scope = {.name = step->as, .outer = names->scope};
	const struct as_scope *outer = names->scope;
	if (step->foreach)
		names->scope = &scope;
	const struct template *plain[] = {step->name, step->with, step->condition, step->host, step->via, step->user};
	for (size_t i = 0; i < COUNT_OF(plain); i++)
		check_template(names, plain[i], false);
	const struct template *after[] = {step->until, step->expect, step->hint};
	for (size_t i = 0; i < COUNT_OF(after); i++)
		check_template(names, after[i], true);
	for (size_t i = 0; i < step->outputs_count; i++)
		check_template(names, step->outputs[i].value, true);
	check_literal_host(names, step->host, step->at);
	check_literal_host(names, step->via, step->at);
	check_children(names, step);
	check_block(names, &step->rescue);
	check_block(names, &step->finally);
	names->scope = outer;
	if (step->id)
		table_put(&names->ended, step->id, step);
}

static void check_block(struct names *names, const struct block *block)
{
	for (size_t i = 0; i < block->count; i++)
		check_step(names, &block->steps[i]);
}

static bool collect_id(void *context, const struct step *step, unsigned depth)
{
	(void)depth;
	struct names *names = context;
	if (!step->id)
		return true;
	if (table_get(&names->steps, step->id)) {
		struct diagnostic *diagnostic =
			add(names, "names/duplicate-id", step->id_at, "the id ", step->id, " is used twice");
		diagnostic_hint(names->diagnostics, diagnostic,
				"ids are unique in a runbook, its groups, rescue and finally included");
		return true;
	}
	const char **slot = arena_grow(names->arena, &names->ids, &names->ids_count, &names->ids_capacity, sizeof(*names->ids));
	*slot = step->id;
	table_put(&names->steps, step->id, step);
	return true;
}

void names_check(const struct runbook *runbook, const struct inventory *inventory, struct diagnostics *diagnostics)
{
	struct names names = {
		.runbook = runbook, .inventory = inventory, .diagnostics = diagnostics, .arena = diagnostics->arena};
	if (runbook->misshapen)
		collect_said(&names, runbook->document);
	runbook_visit(runbook, collect_id, &names);
	check_block(&names, &runbook->preflight);
	check_block(&names, &runbook->steps);
	check_block(&names, &runbook->finally);
	names.step = NULL;
	for (size_t i = 0; i < runbook->outputs_count; i++)
		check_template(&names, runbook->outputs[i].value, false);
	table_free(&names.steps);
	table_free(&names.ended);
	for (size_t i = 0; i < COUNT_OF(names.said); i++)
		table_free(&names.said[i]);
}
