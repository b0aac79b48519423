/*
 * manifest_command.c - a COMMAND of a manifest: its templates compiled, its fixed parts read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/regex.h"
#include "engine/plugin/manifest.h"

static const struct {
	const char *name;
	enum exit_meaning meaning;
} meanings[] = {
	{"ok", EXIT_OK},
	{"absent", EXIT_ABSENT},
	{"unobservable", EXIT_UNOBSERVABLE},
};

static enum exit_meaning read_meaning(const struct value *value)
{
	for (size_t i = 0; i < COUNT_OF(meanings); i++)
		if (value_is_text(value, meanings[i].name))
			return meanings[i].meaning;
	return EXIT_UNOBSERVABLE; /* the schema admits no other word */
}

static void read_exits(const struct manifest *manifest, const struct value *exits, struct action_command *command)
{
	size_t count = exits ? exits->map.count : 0;
	command->exits = arena_alloc(manifest->fields.arena, (count + 1) * sizeof(*command->exits));
	for (size_t i = 0; i < count; i++) {
		const struct value_entry *entry = &exits->map.entries[i];
		const char *code = value_text(entry->key);
		errno = 0;
		unsigned long number = strtoul(code, NULL, 10);
		if (errno || number > UINT32_MAX)
			manifest_error(manifest, "plugin/exit", entry->key->at, "%s is larger than any exit code", code);
		command->exits[command->exits_count++] =
			(struct exit_rule){.code = strcmp(code, "*") == 0 ? EXIT_ANY_OTHER : (int64_t)number,
					   .meaning = read_meaning(entry->value)};
	}
}

/* Where in the text of the document the first `${{` of a value stands. */
static struct span template_place(struct span at)
{
	if (!at.source)
		return at;
	const char *start = at.source->text + at.offset;
	const char *found = memmem(start, at.length, "${{", 3);
	const char *end = found ? memmem(found, at.length - (size_t)(found - start), "}}", 2) : NULL;
	if (!found)
		return at;
	return (struct span){at.source, at.offset + (size_t)(found - start), end ? (size_t)(end - found) + 2 : 3};
}

static const char *read_script(const struct manifest *manifest, const struct value *script)
{
	if (!value_text(script))
		return NULL;
	if (!template_has(script->string.data, script->string.length))
		return script->string.data;
	struct diagnostic *diagnostic =
		manifest_error(manifest, "plugin/script", template_place(script->at), "a script may not contain `${{ }}`");
	diagnostic_hint(manifest->fields.diagnostics, diagnostic,
			"a value would become program text: pass it by `env: {NAME: \"${{ ... }}\"}` and use \"$NAME\"");
	return NULL;
}

static struct template *read_template(const struct manifest *manifest, const struct value *map, const char *key)
{
	return fields_template(&manifest->fields, map, key);
}

/* A pattern that is no template can be compiled now, to find its mistakes. */
static void check_pattern(const struct manifest *manifest, const struct value *pattern)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct regex *regex;
	if (!value_text(pattern) || template_has(pattern->string.data, pattern->string.length))
		return;
	if (regex_compile(manifest->fields.arena, pattern->string.data, pattern->string.length, REGEX_LINES, &regex, NULL,
			  &err) == 0)
		return;
	manifest_error(manifest, "plugin/regex", pattern->at, "%s", error_text(&err));
}

static void check_patterns(const struct manifest *manifest, const struct value *list)
{
	for (size_t i = 0; value_is(list, VALUE_LIST) && i < list->list.count; i++)
		check_pattern(manifest, list->list.items[i]);
}

struct action_command *manifest_command(const struct manifest *manifest, const struct value *map)
{
	struct action_command *command = ARENA_NEW(manifest->fields.arena, struct action_command);
	command->at = map->at;
	command->run = read_template(manifest, map, "run");
	command->script = read_script(manifest, value_get(map, "script"));
	command->environment = read_template(manifest, map, "env");
	command->input = read_template(manifest, map, "stdin");
	command->via = read_template(manifest, map, "via");
	command->become = read_template(manifest, map, "become");
	read_exits(manifest, value_get(map, "exits"), command);
	command->regex = read_template(manifest, map, "regex");
	command->pairs = value_get_bool(map, "pairs", false);
	command->json = value_get_bool(map, "json", false);
	command->lines = value_get_text(map, "lines");
	command->map = value_get(map, "map");
	command->transient = fields_words(&manifest->fields, map, "transient");
	command->fatal = fields_words(&manifest->fields, map, "fatal");
	command->set = read_template(manifest, map, "set");
	command->success = read_template(manifest, map, "success");
	command->ignore = read_template(manifest, map, "ignore");
	check_pattern(manifest, value_get(map, "regex"));
	check_pattern(manifest, value_get(value_get(map, "success"), "regex"));
	check_patterns(manifest, value_get(map, "ignore"));
	return command;
}
