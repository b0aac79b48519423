/*
 * compose.c - a stack of open lists and maps. Everything that only concerns the layout of the text is asked of layout.h.
 */
#include "engine/document/compose.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/document/layout.h"
#include "engine/document/scalar.h"
#include "engine/document/trap.h"

#define CORE_TAG "tag:yaml.org,2002:"

static struct diagnostic *report(struct composer *composer, const char *rule, struct span at, const char *message)
{
	if (composer->refused)
		return NULL;
	return diagnostics_add(composer->diagnostics, SEVERITY_ERROR, rule, at, "%s", message);
}

static struct level *top(struct composer *composer)
{
	return composer->depth ? &composer->levels[composer->depth - 1] : NULL;
}

static long indent_of(struct composer *composer)
{
	return composer->depth ? top(composer)->indent : -1;
}

bool compose_in_flow(struct composer *composer)
{
	return composer->depth && top(composer)->flow;
}

static bool expects_key(struct composer *composer)
{
	struct level *level = top(composer);
	return level && level->container->type == VALUE_MAP && !level->key && !level->drop;
}

/* Look at what stands between the last node and this one. */
static void pass_gap(struct composer *composer, size_t from, size_t to)
{
	if (from > composer->last_end) {
		layout_check_gap(composer->source, composer->last_end, from, composer->diagnostics);
		if (composer->source->text[from - 1] == '?')
			report(composer, "yaml/syntax", (struct span){composer->source, from - 1, 1},
			       "a '?' must be quoted here");
	}
	if (to > composer->last_end)
		composer->last_end = to;
}

/* `{message: Hello, world}`: YAML reads a key 'world' without a value. */
static void check_flow_value(struct composer *composer, const struct level *level, const struct value *value)
{
	const struct value *key = level->key;
	const char *text = composer->source->text;
	if (!level->flow || !level->key_plain || value->type != VALUE_NULL || value->at.length)
		return;
	size_t behind = key->at.offset + key->at.length;
	if (text[behind + strspn(text + behind, " \t\r\n")] == ':')
		return;
	struct diagnostic *found = report(composer, "yaml/missing-value", key->at, "this key has no value");
	if (memchr(key->string.data, ':', key->string.length))
		diagnostic_hint(composer->diagnostics, found, "a space is missing behind its ':'");
	else
		diagnostic_hint(composer->diagnostics, found, "if it belongs to the text before the comma, quote that text");
}

static void attach(struct composer *composer, const struct value *value, size_t nodes, unsigned height)
{
	struct level *level = top(composer);
	if (!level) {
		composer->root = value;
		return;
	}
	level->nodes += nodes;
	if (height > level->height)
		level->height = height;
	if (level->container->type == VALUE_LIST) {
		value_append(composer->arena, level->container, value);
	} else if (level->key) {
		check_flow_value(composer, level, value);
		value_put_key(composer->arena, level->container, level->key, value);
	}
	level->key = NULL;
	level->drop = false;
}

/* An anchor or alias ends where its name ends; libyaml lets `&a:b` pass as `&a` with the value ":b". */
static void check_name(struct composer *composer, size_t offset, const char *name)
{
	const char *text = composer->source->text;
	if (!name || (text[offset] != '&' && text[offset] != '*') || text[offset + 1 + strlen(name)] != ':')
		return;
	struct span at = {composer->source, offset, strlen(name) + 2};
	report(composer, "yaml/alias", at, "the name of an anchor or alias holds only letters, digits, '-' and '_'");
}

static void name_anchor(struct composer *composer, const char *name, struct span at, const struct value *value, size_t nodes,
			unsigned height)
{
	if (!name)
		return;
	if (composer->anchors.count == ANCHOR_LIMIT)
		report(composer, "yaml/alias", at, "too many anchors: at most 1,000 are allowed");
	struct anchor anchor = {name, value, nodes, height};
	anchors_add(&composer->anchors, composer->arena, &anchor);
}

static void report_tag(struct composer *composer, const struct node *node)
{
	struct span at = {composer->source, node->properties, node->at.offset - node->properties};
	char second = composer->source->text[node->properties + 1];
	if (second != '!' && second != '<' &&
	    trap_report(composer->source, node->properties, compose_in_flow(composer), composer->diagnostics))
		return;
	struct diagnostic *found = report(composer, "yaml/tag", at, "this tag is not supported");
	diagnostic_hint(composer->diagnostics, found, "quote a value that begins with '!'");
}

/* The type that a core tag demands; false if the tag is not one of those. */
static bool tag_type(const char *tag, enum value_type *ret_type)
{
	static const struct {
		const char *name;
		enum value_type type;
	} tags[] = {
		{"str", VALUE_STRING}, {"int", VALUE_INT},  {"float", VALUE_DOUBLE}, {"bool", VALUE_BOOL},
		{"null", VALUE_NULL},  {"seq", VALUE_LIST}, {"map", VALUE_MAP},
	};
	size_t prefix = strlen(CORE_TAG);
	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		if (strncmp(tag, CORE_TAG, prefix) == 0 && strcmp(tag + prefix, tags[i].name) == 0) {
			*ret_type = tags[i].type;
			return true;
		}
	}
	return false;
}

static const struct value *tagged_scalar(struct composer *composer, const struct node *node, const char *text, size_t length)
{
	enum value_type type;
	if (!tag_type(node->tag, &type)) {
		report_tag(composer, node);
		type = VALUE_STRING;
	}
	struct value *string = value_string_n(composer->arena, text, length);
	string->at = node->at;
	if (type == VALUE_STRING)
		return string;
	const struct value *value = scalar_resolve(composer->arena, text, length, node->at, composer->diagnostics);
	if (type == VALUE_DOUBLE && value->type == VALUE_INT) {
		struct value *real = value_double(composer->arena, (double)value->integer);
		real->at = node->at;
		return real;
	}
	if (value->type != type)
		report(composer, "yaml/tag", node->at, "this value is not of the type that its tag says");
	return value;
}

static const struct value *scalar_value(struct composer *composer, const struct node *node, const char *text, size_t length,
					enum scalar_style style)
{
	if (node->tag)
		return tagged_scalar(composer, node, text, length);
	if (style == SCALAR_PLAIN)
		return scalar_resolve(composer->arena, text, length, node->at, composer->diagnostics);
	struct value *string = value_string_n(composer->arena, text, length);
	string->at = node->at;
	return string;
}

static void check_scalar_layout(struct composer *composer, const struct node *node, enum scalar_style style)
{
	if (style == SCALAR_BLOCK)
		layout_check_block_scalar(&node->at, indent_of(composer), composer->diagnostics);
	else if (style == SCALAR_QUOTED)
		layout_check_continuation(&node->at, indent_of(composer), false, composer->diagnostics);
	else if (compose_in_flow(composer))
		layout_check_flow_plain(&node->at, composer->diagnostics);
	if (style == SCALAR_PLAIN)
		trap_check_cut(&node->at, composer->diagnostics);
}

static void refuse_key(struct composer *composer, const char *rule, struct span at, const char *message, const char *hint)
{
	struct diagnostic *found = report(composer, rule, at, message);
	if (hint)
		diagnostic_hint(composer->diagnostics, found, "%s", hint);
	top(composer)->drop = true;
}

/* A key is its text, whatever a value of that text would be: `1060:` is the key "1060". */
static void take_key(struct composer *composer, const struct node *node, const char *text, size_t length, bool plain)
{
	struct level *level = top(composer);
	level->nodes++;
	if (node->tag)
		report_tag(composer, node);
	if (plain && strcmp(text, "<<") == 0) {
		refuse_key(composer, "yaml/merge-key", node->at, "merge keys are not supported",
			   "write the keys out, or quote the key");
		return;
	}
	if (plain && !length) {
		refuse_key(composer, "yaml/key", node->at, "a key is missing before this ':'", NULL);
		return;
	}
	struct value *key = value_string_n(composer->arena, text, length);
	key->at = node->at;
	level->key = key;
	level->key_plain = plain;
	name_anchor(composer, node->anchor, node->at, key, 1, 0);
}

int compose_scalar(struct composer *composer, const struct node *node, const char *text, size_t length, enum scalar_style style)
{
	pass_gap(composer, node->properties, node->at.offset + node->at.length);
	check_name(composer, node->properties, node->anchor);
	check_scalar_layout(composer, node, style);
	if (memchr(text, 0, length)) {
		struct diagnostic *found =
			report(composer, "yaml/nul", node->at, "a NUL character is not allowed, even as \\0");
		diagnostic_hint(composer->diagnostics, found, "commands, names and paths cannot hold one");
	}
	if (expects_key(composer)) {
		take_key(composer, node, text, length, style == SCALAR_PLAIN);
		return 0;
	}
	const struct value *value = scalar_value(composer, node, text, length, style);
	name_anchor(composer, node->anchor, node->at, value, 1, 0);
	attach(composer, value, 1, 0);
	return 0;
}

static void report_alias(struct composer *composer, struct span at, const char *name)
{
	const char *nearest = anchors_suggest(&composer->anchors, composer->arena, name);
	const char *behind = composer->source->text + at.offset + at.length;
	bool alone = strchr("\r\n#,]}", behind[strspn(behind, " \t")]); /* the text's NUL too */
	if (!nearest && !alone && trap_report(composer->source, at.offset, compose_in_flow(composer), composer->diagnostics))
		return;
	struct diagnostic *found = diagnostics_add(composer->diagnostics, SEVERITY_ERROR, "yaml/alias", at,
						   "there is no anchor '&%s' before this", name);
	if (nearest)
		diagnostic_hint(composer->diagnostics, found, "did you mean '*%s'?", nearest);
	else
		diagnostic_hint(composer->diagnostics, found, "if text is meant, quote it: '*%s'", name);
}

/* The aliased value as it stands here: the same content, with the alias as its place. */
static const struct value *alias_value(struct composer *composer, const struct anchor *anchor, struct span at)
{
	struct value *copy = arena_copy(composer->arena, anchor->value, sizeof(*anchor->value));
	copy->at = at;
	return copy;
}

static int use_anchor(struct composer *composer, const struct anchor *anchor, struct span at)
{
	composer->aliased += anchor->nodes;
	if (composer->aliased > DOCUMENT_ALIAS_LIMIT) {
		report(composer, "yaml/alias", at, "the aliases of this document stand for more than 10,000 values");
		return -1;
	}
	if (composer->depth + anchor->height > DOCUMENT_DEPTH_LIMIT) {
		report(composer, "yaml/depth", at, "with this alias, lists and maps are nested deeper than 64 levels");
		return -1;
	}
	const struct value *value = alias_value(composer, anchor, at);
	if (!expects_key(composer)) {
		attach(composer, value, anchor->nodes, anchor->height);
	} else if (value->type == VALUE_STRING) {
		top(composer)->key = value;
		top(composer)->key_plain = false;
	} else {
		refuse_key(composer, "yaml/key", at, "this key is not text", NULL);
	}
	return 0;
}

int compose_alias(struct composer *composer, struct span at, const char *name)
{
	pass_gap(composer, at.offset, at.offset + at.length);
	check_name(composer, at.offset, name);
	const struct anchor *anchor = anchors_find(&composer->anchors, name);
	if (anchor)
		return use_anchor(composer, anchor, at);
	report_alias(composer, at, name);
	if (expects_key(composer))
		top(composer)->drop = true;
	else
		attach(composer, value_null(), 1, 0);
	return 0;
}

static void refuse_complex_key(struct composer *composer, const struct node *node)
{
	const char *text = composer->source->text;
	bool braces = node->at.offset > 0 && text[node->at.offset] == '{' && text[node->at.offset - 1] == '{';
	struct span at = {composer->source, node->at.offset, 1};
	struct diagnostic *found = report(composer, "yaml/key", at, "a list or map cannot be a key");
	diagnostic_hint(composer->diagnostics, found, "%s",
			braces ? "an expression is written \"${{ ... }}\", in quotes" : "quote the key, if text is meant");
	composer->refused++;
}

int compose_begin(struct composer *composer, const struct node *node, enum value_type type)
{
	enum value_type tagged = type;
	struct span first = {composer->source, node->at.offset, 1};
	pass_gap(composer, node->properties, node->at.offset);
	if (composer->depth == DOCUMENT_DEPTH_LIMIT) {
		report(composer, "yaml/depth", first, "lists and maps are nested deeper than 64 levels");
		return -1;
	}
	if (node->tag && (!tag_type(node->tag, &tagged) || tagged != type))
		report_tag(composer, node);
	bool is_key = expects_key(composer);
	if (is_key)
		refuse_complex_key(composer, node);
	struct value *container = value_new(composer->arena, type);
	container->at = node->at;
	long indent = indent_of(composer);
	if (!node->flow) /* only then: many flow collections may stand in one long line */
		indent = (long)(node->at.offset - layout_line_start(composer->source, node->at.offset));
	composer->levels[composer->depth++] = (struct level){
		.container = container,
		.anchor = arena_strdup(composer->arena, node->anchor),
		.flow = node->flow,
		.is_key = is_key,
		.indent = indent,
		.nodes = 1,
	};
	return 0;
}

static int compare_keys(const void *left, const void *right)
{
	const struct value *a = *(const struct value *const *)left, *b = *(const struct value *const *)right;
	size_t common = a->string.length < b->string.length ? a->string.length : b->string.length;
	int order = memcmp(a->string.data, b->string.data, common);
	if (!order)
		order = (a->string.length > b->string.length) - (a->string.length < b->string.length);
	return order ? order : (a->at.offset > b->at.offset) - (a->at.offset < b->at.offset);
}

static void report_duplicate(struct composer *composer, const struct value *first, const struct value *again)
{
	struct diagnostic *found = diagnostics_add(composer->diagnostics, SEVERITY_ERROR, "yaml/duplicate-key", again->at,
						   "duplicate key '%s'", again->string.data);
	diagnostic_hint(composer->diagnostics, found, "the first one is in line %u",
			source_locate(composer->source, first->at.offset).line);
}

static void check_duplicates(struct composer *composer, const struct value *map)
{
	if (map->map.count < 2)
		return;
	const struct value **keys = memory_alloc(map->map.count * sizeof(*keys));
	for (size_t i = 0; i < map->map.count; i++)
		keys[i] = map->map.entries[i].key;
	qsort(keys, map->map.count, sizeof(*keys), compare_keys);
	const struct value *first = keys[0];
	for (size_t i = 1; i < map->map.count; i++) {
		if (first->string.length == keys[i]->string.length &&
		    memcmp(first->string.data, keys[i]->string.data, first->string.length) == 0)
			report_duplicate(composer, first, keys[i]);
		else
			first = keys[i];
	}
	free(keys);
}

void compose_end(struct composer *composer, size_t end)
{
	struct level level = *top(composer);
	composer->depth--;
	if (level.flow)
		pass_gap(composer, end, end);
	else if (end > composer->last_end)
		end = composer->last_end;
	if (end < level.container->at.offset)
		end = level.container->at.offset;
	level.container->at.length = end - level.container->at.offset;
	if (level.flow && !compose_in_flow(composer))
		layout_check_continuation(&level.container->at, indent_of(composer), true, composer->diagnostics);
	if (level.container->type == VALUE_MAP)
		check_duplicates(composer, level.container);
	if (level.is_key) {
		composer->refused--;
		top(composer)->drop = true;
		return;
	}
	name_anchor(composer, level.anchor, level.container->at, level.container, level.nodes, level.height + 1);
	attach(composer, level.container, level.nodes, level.height + 1);
}
