/*
 * report.c - what is said about a value, and how much it weighs.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/suggest.h"
#include "engine/base/utf8.h"
#include "engine/schema/check.h"

#define SHOWN_LENGTH 40	 /* characters of a value in a message */
#define CANDIDATES   100 /* words looked at for "did you mean" */

static const struct {
	const char *name, *words;
	enum json_type type;
} types[] = {
	{"string", "a string", TYPE_STRING}, {"integer", "an integer", TYPE_INTEGER},
	{"number", "a number", TYPE_NUMBER}, {"boolean", "a boolean", TYPE_BOOLEAN},
	{"array", "a list", TYPE_ARRAY},     {"object", "a map", TYPE_OBJECT},
	{"null", "null", TYPE_NULL},
};

unsigned type_named(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].type;
	return 0;
}

const char *report_types(struct check *check, unsigned bits)
{
	CLEANUP_BUFFER struct buffer text = {0};
	size_t left = 0;
	if (bits == TYPE_BOOLEAN)
		return "true or false";
	if (bits & TYPE_NUMBER)
		bits &= ~(unsigned)TYPE_INTEGER;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		left += (bits & types[i].type) != 0;
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (!(bits & types[i].type))
			continue;
		left--;
		buffer_printf(&text, "%s%s", types[i].words, left > 1 ? ", " : left == 1 ? " or " : "");
	}
	return arena_strdup(check->scratch, buffer_text(&text));
}

static void append_shortened(struct buffer *out, const char *text, size_t length)
{
	size_t shown = 0;
	for (size_t i = 0; i < SHOWN_LENGTH && shown < length; i++) {
		uint32_t code;
		size_t size = utf8_decode(text + shown, length - shown, &code);
		shown += size ? size : 1;
	}
	utf8_append_printable(out, text, shown, false);
	if (shown < length)
		buffer_add(out, "…");
}

const char *report_value(struct check *check, const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	if (value_is_secret(value))
		return "a secret";
	switch (value->type) {
	case VALUE_STRING:
		buffer_add(&text, "'");
		append_shortened(&text, value->string.data, value->string.length);
		buffer_add(&text, "'");
		break;
	case VALUE_LIST:
		buffer_add(&text, value->list.count ? "a list" : "an empty list");
		break;
	case VALUE_MAP:
		buffer_add(&text, value->map.count ? "a map" : "an empty map");
		break;
	case VALUE_NULL:
		buffer_add(&text, value->at.source && !value->at.length ? "empty" : "null");
		break;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_UINT:
	case VALUE_DOUBLE:
		json_format(&text, value, JSON_COMPACT);
		break;
	default:
		buffer_printf(&text, "a %s", value_type_name(value->type));
	}
	return arena_strdup(check->scratch, buffer_text(&text));
}

static void append_path(struct buffer *out, const struct frame *frame)
{
	if (!frame)
		return;
	append_path(out, frame->parent);
	if (frame->in_place)
		return;
	if (frame->key && frame->key->type == VALUE_STRING)
		buffer_printf(out, "%s%s", out->length ? "." : "", frame->key->string.data);
	else
		buffer_printf(out, "[%zu]", frame->index);
}

/* The nearest place in a text: a computed value has none, but what holds it may. */
static struct span place_of(const struct check *check, const struct value *at)
{
	if (at->at.source)
		return at->at;
	for (const struct frame *frame = check->frame; frame; frame = frame->parent)
		if (frame->instance->at.source)
			return frame->instance->at;
	return (struct span){0};
}

static unsigned long weigh(const struct check *check, enum weight weight)
{
	unsigned deeper = check->level - check->verdict->level;
	if (weight == WEIGHT_VALUE && deeper <= 1)
		return weight;
	return deeper ? 1 : (unsigned long)weight;
}

struct diagnostic *report(struct check *check, enum weight weight, const char *rule, const struct value *at, const char *format,
			  ...)
{
	if (check->verdict)
		check->verdict->weight += weigh(check, weight);
	if (!check->diagnostics)
		return NULL;
	CLEANUP_BUFFER struct buffer message = {0};
	if (!at->at.source) {
		if (check->options->path)
			buffer_add(&message, check->options->path);
		append_path(&message, check->frame);
		if (message.length)
			buffer_add(&message, ": ");
	}
	va_list args;
	va_start(args, format);
	buffer_vprintf(&message, format, args);
	va_end(args);
	return diagnostics_add(check->diagnostics, SEVERITY_ERROR, rule, place_of(check, at), "%s", buffer_text(&message));
}

const char *report_description(const struct check *check, const struct schema_node *node)
{
	const char *description = value_get_text(node->value, "description");
	for (const struct frame *frame = check->frame; frame && !description; frame = frame->in_place ? frame->parent : NULL)
		description = value_get_text(frame->node->value, "description");
	return description;
}

void report_hint(struct check *check, struct diagnostic *diagnostic, const struct schema_node *node)
{
	const char *description = report_description(check, node);
	if (diagnostic && !diagnostic->hint && description)
		diagnostic_hint(check->diagnostics, diagnostic, "%s", description);
}

static bool is_plain(const struct value *value)
{
	return value->type == VALUE_INT || value->type == VALUE_UINT || value->type == VALUE_DOUBLE ||
	       value->type == VALUE_BOOL;
}

/* As its author wrote it: 1.10 is not 1.1. */
static const struct value *as_text(struct check *check, const struct value *value)
{
	const struct span *at = &value->at;
	if (at->source && at->length)
		return value_string_n(check->scratch, at->source->text + at->offset, at->length);
	return value_string(check->scratch, json_text(check->scratch, value));
}

void report_quotes(struct check *check, struct diagnostic *diagnostic, const struct schema_node *node,
		   const struct value *instance)
{
	const struct value *other = NULL;
	if (!diagnostic || diagnostic->hint || value_is_secret(instance))
		return;
	if (is_plain(instance)) {
		other = as_text(check, instance);
		if (check_holds(check, node, other, STEP_IN_PLACE, NULL))
			diagnostic_hint(check->diagnostics, diagnostic, "write it in quotes: \"%s\"", value_text(other));
	} else if (value_text(instance) && instance->string.length <= SHOWN_LENGTH &&
		   json_parse(check->scratch, value_text(instance), instance->string.length, &other, NULL) == 0 &&
		   is_plain(other) && check_holds(check, node, other, STEP_IN_PLACE, NULL)) {
		diagnostic_hint(check->diagnostics, diagnostic, "write it without quotes: %s", value_text(instance));
	}
}

void report_allowed(struct check *check, const struct part *part, const struct value *instance,
		    const struct value *const *allowed, size_t count)
{
	CLEANUP_BUFFER struct buffer list = {0};
	const char *words[CANDIDATES], *nearest = NULL;
	size_t words_count = 0;
	for (size_t i = 0; i < count; i++) {
		buffer_printf(&list, "%s%s", i ? ", " : "", report_value(check, allowed[i]));
		if (allowed[i]->type == VALUE_STRING && words_count < CANDIDATES)
			words[words_count++] = allowed[i]->string.data;
	}
	bool slip = is_plain(instance) && check_holds(check, part->owner, as_text(check, instance), STEP_IN_PLACE, NULL);
	struct diagnostic *found = report(check, WEIGHT_VALUE, "schema/value", instance, "must be %s%s, but is %s%s",
					  count > 1 ? "one of "
					  : slip    ? "the text "
						    : "",
					  buffer_text(&list),
					  !slip				 ? ""
					  : instance->type == VALUE_BOOL ? "the boolean "
									 : "the number ",
					  report_value(check, instance));
	if (found && count > 1 && instance->type == VALUE_STRING && !value_is_secret(instance))
		nearest = suggest(instance->string.data, words, words_count);
	if (nearest)
		diagnostic_hint(check->diagnostics, found, "did you mean '%s'?", nearest);
	report_quotes(check, found, part->owner, instance);
	report_hint(check, found, part->owner);
}
