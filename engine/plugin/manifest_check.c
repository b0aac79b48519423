/*
 * manifest_check.c - what is wrong with an action though its shape is right: names that nothing sees, attributes that nobody
 * declares, secrets outside of stdin, parts that its kind lacks or has no use for.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/regex.h"
#include "engine/plugin/manifest.h"

/* What a template sees or may hold beyond the names that all see. */
enum sight {
	SEES_BEFORE = 1 << 0,
	SEES_RESULT = 1 << 1,
	MAY_BE_SECRET = 1 << 2,
};

struct check {
	const struct manifest *manifest;
	const struct action *action;
	const struct value *document;
	const char *const *inputs; /* declared names */
	size_t inputs_count;
	const char *const *outputs;
	size_t outputs_count;
	const char *const *results; /* outputs, and what else `result` has */
	size_t results_count;
	unsigned sight; /* of the template that is being looked at */
};

static void suggest_among(const struct check *check, struct diagnostic *diagnostic, const char *word, const char *const *words,
			  size_t count)
{
	diagnostic_suggest(check->manifest->fields.diagnostics, diagnostic, word, words, count);
}

static void hint(const struct check *check, struct diagnostic *diagnostic, const char *text)
{
	diagnostic_hint(check->manifest->fields.diagnostics, diagnostic, "%s", text);
}

static void check_attribute(const struct check *check, const char *name, struct span at)
{
	if (manifest_has(check->outputs, name))
		return;
	struct diagnostic *diagnostic = manifest_error(check->manifest, "plugin/attribute", at,
						       "'%s' is not among the outputs of %s", name, check->action->name);
	if (check->outputs_count)
		suggest_among(check, diagnostic, name, check->outputs, check->outputs_count);
	else
		diagnostic_hint(check->manifest->fields.diagnostics, diagnostic, "declare it: `outputs: {%s: {type: string}}`",
				name);
}

/* Names in templates. */

static void check_input(const struct check *check, const char *name, struct span at)
{
	if (name && !manifest_has(check->inputs, name)) {
		struct diagnostic *diagnostic =
			manifest_error(check->manifest, "plugin/input", at, "%s has no input '%s'", check->action->name, name);
		suggest_among(check, diagnostic, name, check->inputs, check->inputs_count);
		return;
	}
	const char *secret = name ? name : check->action->secrets[0]; /* all inputs at once hold the secret ones too */
	if ((check->sight & MAY_BE_SECRET) || !secret || !manifest_has(check->action->secrets, secret))
		return;
	struct diagnostic *diagnostic = manifest_error(check->manifest, "plugin/secret", at,
						       "the input '%s' may be secret, but this is not `stdin`", secret);
	hint(check, diagnostic, "arguments, environment and journal can be read by others: pass it by `stdin`");
}

static void check_observed(const struct check *check, const char *name, struct span at)
{
	if (name)
		check_attribute(check, name, at);
}

static void check_result(const struct check *check, const char *name, struct span at)
{
	if (!name || manifest_has(check->results, name))
		return;
	struct diagnostic *diagnostic = manifest_error(check->manifest, "plugin/attribute", at, "the result of %s has no '%s'",
						       check->action->name, name);
	suggest_among(check, diagnostic, name, check->results, check->results_count);
}

static const struct {
	const char *name;
	unsigned sight; /* needed to see it */
	void (*check)(const struct check *check, const char *name, struct span at);
	const char *where; /* for what it is visible in */
} roots[] = {
	{"inputs", 0, check_input, NULL},
	{"host", 0, NULL, NULL},
	{"via", 0, NULL, NULL},
	{"run", 0, NULL, NULL},
	{"before", SEES_BEFORE, check_observed, "it is only there in `apply`, `diagnose` and `note`"},
	{"result", SEES_RESULT, check_result, "it is only there in `set`"},
};

static void unknown_name(const struct check *check, const char *name, struct span at)
{
	const char *words[COUNT_OF(roots)];
	size_t count = 0;
	for (size_t i = 0; i < COUNT_OF(roots); i++)
		if ((roots[i].sight & check->sight) == roots[i].sight)
			words[count++] = roots[i].name;
	struct diagnostic *diagnostic = manifest_error(check->manifest, "plugin/unknown-name", at, "unknown name '%s'", name);
	suggest_among(check, diagnostic, name, words, count);
}

static void check_name(void *context, const char *const *parts, size_t count, struct span at)
{
	const struct check *check = context;
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		if (strcmp(roots[i].name, parts[0]) != 0)
			continue;
		if ((roots[i].sight & check->sight) != roots[i].sight)
			hint(check,
			     manifest_error(check->manifest, "plugin/unknown-name", at, "`%s` is not visible here", parts[0]),
			     roots[i].where);
		else if (roots[i].check)
			roots[i].check(check, count > 1 ? parts[1] : NULL, at);
		return;
	}
	unknown_name(check, parts[0], at);
}

static void check_template(struct check *check, const struct template *template, unsigned sight)
{
	check->sight = sight;
	if (template)
		template_visit_names(template, check_name, check);
}

static void check_action_templates(struct check *check)
{
	const struct action *action = check->action;
	const struct template *templates[] = {action->effect,	  action->repeatable, action->object,  action->desired,
					      action->event_when, action->leaves,     action->touches, action->via};
	for (size_t i = 0; i < COUNT_OF(templates); i++)
		check_template(check, templates[i], 0);
	check_template(check, action->note, SEES_BEFORE);
}

/* Attributes. */

static void check_keys(const struct check *check, const struct value *map)
{
	for (size_t i = 0; value_is(map, VALUE_MAP) && i < map->map.count; i++)
		check_attribute(check, value_text(map->map.entries[i].key), map->map.entries[i].key->at);
}

static void check_groups(const struct check *check, const struct value *pattern)
{
	struct regex *regex;
	if (!value_text(pattern) || template_has(pattern->string.data, pattern->string.length) ||
	    regex_compile(check->manifest->fields.arena, pattern->string.data, pattern->string.length, REGEX_LINES, &regex,
			  NULL, NULL) < 0)
		return;
	for (size_t i = 0; i < regex_group_count(regex); i++)
		check_attribute(check, regex_group_name(regex, i), pattern->at);
}

static void check_desired(const struct check *check, const struct value *desired)
{
	const struct schema_options options = {.templates = true, .path = "desired"};
	check_keys(check, desired);
	if (value_is(desired, VALUE_MAP) && check->action->outputs_schema)
		schema_check(check->action->outputs_schema, desired, &options, check->manifest->fields.diagnostics);
}

static void check_secrets(const struct check *check, const struct value *secrets)
{
	for (size_t i = 0; value_is(secrets, VALUE_LIST) && i < secrets->list.count; i++) {
		const char *name = value_text(secrets->list.items[i]);
		if (manifest_has(check->inputs, name))
			continue;
		struct diagnostic *diagnostic = manifest_error(check->manifest, "plugin/input", secrets->list.items[i]->at,
							       "%s has no input '%s'", check->action->name, name);
		suggest_among(check, diagnostic, name, check->inputs, check->inputs_count);
	}
}

/* Commands. */

static const struct {
	const char *key;
	bool in_tasks; /* has a use in a task's apply */
	const char *instead;
} apply_keys[] = {
	{"exits", false, "what an apply's exit means is said by `success`"},
	{"transient", false, "only observations are waited through"},
	{"fatal", false, "only observations are waited through"},
	{"regex", true, "a state is read by `observe`"},
	{"pairs", true, "a state is read by `observe`"},
	{"json", true, "a state is read by `observe`"},
	{"lines", true, "a state is read by `observe`"},
	{"map", true, "a state is read by `observe`"},
	{"set", true, "a state is read by `observe`"},
};

/* Keys that the shape admits in every apply, though only tasks have outputs of their own. */
static void check_apply_keys(const struct check *check, const struct value *apply)
{
	bool task = check->action->kind == ACTION_TASK;
	for (size_t i = 0; i < COUNT_OF(apply_keys); i++) {
		const struct value *value = value_get(apply, apply_keys[i].key);
		if (value && !(task && apply_keys[i].in_tasks))
			hint(check,
			     manifest_error(check->manifest, "plugin/useless", value->at, "`%s` has no use in this `apply`",
					    apply_keys[i].key),
			     apply_keys[i].instead);
	}
}

static void check_command(struct check *check, const struct action_command *command, const struct value *document,
			  unsigned sight)
{
	if (!command)
		return;
	const struct template *templates[] = {command->run,   command->environment, command->via,   command->become,
					      command->regex, command->success,	    command->ignore};
	for (size_t i = 0; i < COUNT_OF(templates); i++)
		check_template(check, templates[i], sight);
	check_template(check, command->input, sight | MAY_BE_SECRET);
	check_template(check, command->set, sight | SEES_RESULT);
	check_groups(check, value_get(document, "regex"));
	check_keys(check, value_get(document, "set"));
	if (command->lines)
		check_attribute(check, command->lines, value_get(document, "lines")->at);
}

/* Kinds: what each must and must not have. */

enum need { MAY, MUST, MUST_NOT };

static const struct {
	const char *name;
	enum need object, wish, observe, apply;
} kinds[] = {
	[ACTION_STATE] = {"state", MUST, MUST, MUST, MUST},
	[ACTION_TASK] = {"task", MUST_NOT, MAY, MAY, MUST},
	[ACTION_PROBE] = {"probe", MAY, MUST_NOT, MUST, MUST_NOT},
	[ACTION_GATE] = {"gate", MUST_NOT, MUST_NOT, MUST_NOT, MUST_NOT},
};

static void check_need(const struct check *check, enum need need, bool present, struct span at, const char *what)
{
	const char *kind = kinds[check->action->kind].name, *name = check->action->name;
	if (need == MUST && !present)
		manifest_error(check->manifest, "plugin/incomplete", at, "%s is a %s and needs %s", name, kind, what);
	if (need == MUST_NOT && present)
		manifest_error(check->manifest, "plugin/useless", at, "%s is a %s and cannot have %s", name, kind, what);
}

static void check_platform(struct check *check, const struct action_platform *platform, const struct value *document)
{
	const struct action *action = check->action;
	if (!document)
		return;
	check_need(check, kinds[action->kind].observe, platform->observe, document->at, "`observe`");
	check_need(check, kinds[action->kind].apply, platform->apply, document->at, "`apply`");
	if (action->kind == ACTION_TASK && action->desired && !platform->observe)
		manifest_error(check->manifest, "plugin/incomplete", document->at, "%s has `desired` and needs `observe`",
			       action->name);
	check_command(check, platform->observe, value_get(document, "observe"), 0);
	check_command(check, platform->apply, value_get(document, "apply"), SEES_BEFORE);
	check_command(check, platform->diagnose, value_get(document, "diagnose"), SEES_BEFORE);
	check_apply_keys(check, value_get(document, "apply"));
}

static void check_effect(const struct check *check)
{
	const struct action *action = check->action;
	const struct value *effect = value_get(check->document, "effect");
	bool changes = action->kind == ACTION_STATE || action->kind == ACTION_TASK;
	if (!effect && changes)
		hint(check,
		     manifest_error(check->manifest, "plugin/incomplete", action->at, "%s does not say its effect",
				    action->name),
		     "write `effect: reversible`, `irreversible`, or `read` if it changes nothing");
	if (effect && !changes && !value_is_text(effect, "read"))
		manifest_error(check->manifest, "plugin/effect", effect->at, "%s is a %s: its effect is read", action->name,
			       kinds[action->kind].name);
}

/* What observes and applies is the process. */
static void check_process(const struct check *check)
{
	if (check->action->kind == ACTION_GATE)
		manifest_error(check->manifest, "plugin/useless", check->action->at, "%s: a process plugin has no gates",
			       check->action->name);
}

static void check_kind(struct check *check)
{
	const struct action *action = check->action;
	const struct value *linux_part = value_get(check->document, "linux"), *windows = value_get(check->document, "windows");
	bool intrinsic = strcmp(action->plugin, "core") == 0;
	bool wish = value_get(check->document, "desired") || value_get(check->document, "event");
	check_need(check, kinds[action->kind].object, value_get(check->document, "object"), action->at, "`object`");
	check_need(check, kinds[action->kind].wish, wish, action->at, "`desired` or `event`");
	check_effect(check);
	if (action->program) {
		check_process(check);
		return;
	}
	if (!linux_part && !windows && !intrinsic)
		hint(check, manifest_error(check->manifest, "plugin/incomplete", action->at, "%s does nothing", action->name),
		     "add `linux:` or `windows:` with its commands");
	check_platform(check, &action->platforms[PLATFORM_LINUX], linux_part);
	check_platform(check, &action->platforms[PLATFORM_WINDOWS], windows);
}

static void list_results(struct check *check)
{
	static const char *const said[] = {RESULT_OUTPUT, RESULT_ERRORS, RESULT_EXIT};
	const char **names =
		arena_alloc(check->manifest->fields.arena, (check->outputs_count + COUNT_OF(said) + 1) * sizeof(*names));
	memcpy(names, check->outputs, check->outputs_count * sizeof(*names));
	memcpy(names + check->outputs_count, said, sizeof(said));
	check->results = names;
	check->results_count = check->outputs_count + COUNT_OF(said);
}

void manifest_check(const struct manifest *manifest, const struct action *action, const struct value *document)
{
	struct arena *arena = manifest->fields.arena;
	struct check check = {.manifest = manifest, .action = action, .document = document};
	const struct value *event = value_get(document, "event");
	check.inputs = manifest_keys(arena, action->inputs, &check.inputs_count);
	check.outputs = manifest_keys(arena, action->outputs, &check.outputs_count);
	list_results(&check);
	check_secrets(&check, value_get(document, "secrets"));
	check_action_templates(&check);
	check_desired(&check, value_get(document, "desired"));
	check_keys(&check, value_get(document, "leaves"));
	if (value_get(event, "token"))
		check_attribute(&check, action->event_token, value_get(event, "token")->at);
	check_kind(&check);
}
