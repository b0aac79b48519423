/*
 * document.c - drives libyaml and hands its events to the composer. libyaml stays in this file.
 *
 * libyaml counts places in characters; the offsets of a span are bytes. It stops at its first error; what the composer finds
 * before that is reported too.
 */
#include "engine/document/document.h"

#include <string.h>
#include <yaml.h>

#include "engine/base/memory.h"
#include "engine/document/compose.h"
#include "engine/document/layout.h"
#include "engine/document/text.h"
#include "engine/document/trap.h"
#include "engine/document/wording.h"

#define CHECKPOINT 256 /* characters between two known byte offsets */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

struct reader {
	yaml_parser_t parser;
	struct composer composer;
	const struct source *source;
	size_t begin;	     /* bytes before the text: a byte order mark */
	size_t *checkpoints; /* byte offset of every 256th character */
	size_t characters;
	size_t values;
	bool seen; /* a document */
};

/* The text is known to be UTF-8: the first byte says it. */
static size_t character_size(const struct source *source, size_t offset)
{
	unsigned char first = (unsigned char)source->text[offset];
	return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

static void count_characters(struct reader *reader, struct arena *arena)
{
	const struct source *source = reader->source;
	reader->checkpoints = arena_alloc(arena, (source->length / CHECKPOINT + 1) * sizeof(*reader->checkpoints));
	for (size_t i = reader->begin; i < source->length; i += character_size(source, i)) {
		if (reader->characters % CHECKPOINT == 0)
			reader->checkpoints[reader->characters / CHECKPOINT] = i;
		reader->characters++;
	}
}

static size_t offset_of(const struct reader *reader, const yaml_mark_t *mark)
{
	if (mark->index >= reader->characters)
		return reader->source->length;
	if (reader->begin + reader->characters == reader->source->length)
		return reader->begin + mark->index; /* nothing but ASCII */
	size_t offset = reader->checkpoints[mark->index / CHECKPOINT];
	for (size_t i = mark->index % CHECKPOINT; i > 0; i--)
		offset += character_size(reader->source, offset);
	return offset;
}

/* Behind `count` tags and anchors, and the white space and comments that follow them. */
static size_t skip_properties(const struct source *source, size_t offset, int count)
{
	const char *text = source->text;
	for (; count > 0; count--) {
		offset += strcspn(text + offset, " \t\r\n,[]{}");
		for (;;) {
			offset += strspn(text + offset, " \t\r\n");
			if (text[offset] != '#')
				break;
			offset += strcspn(text + offset, "\n");
		}
	}
	return offset;
}

static struct node node_of(const struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor,
			   const yaml_char_t *tag)
{
	size_t start = offset_of(reader, &event->start_mark), end = offset_of(reader, &event->end_mark);
	size_t begin = skip_properties(reader->source, start, (anchor ? 1 : 0) + (tag ? 1 : 0));
	if (event->type == YAML_SCALAR_EVENT && begin > end)
		begin = end; /* an anchor with nothing behind it */
	return (struct node){
		.at = {reader->source, begin, begin < end ? end - begin : 0},
		.properties = start,
		.anchor = (const char *)anchor,
		.tag = (const char *)tag,
	};
}

static int take_scalar(struct reader *reader, const yaml_event_t *event)
{
	struct node node = node_of(reader, event, event->data.scalar.anchor, event->data.scalar.tag);
	enum scalar_style style = SCALAR_QUOTED;
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		style = SCALAR_PLAIN;
	if (event->data.scalar.style == YAML_LITERAL_SCALAR_STYLE || event->data.scalar.style == YAML_FOLDED_SCALAR_STYLE)
		style = SCALAR_BLOCK;
	while (style == SCALAR_BLOCK && node.at.length &&
	       strchr("\r\n", reader->source->text[node.at.offset + node.at.length - 1]))
		node.at.length--;
	return compose_scalar(&reader->composer, &node, (const char *)event->data.scalar.value, event->data.scalar.length,
			      style);
}

static int take_alias(struct reader *reader, const yaml_event_t *event)
{
	size_t start = offset_of(reader, &event->start_mark), end = offset_of(reader, &event->end_mark);
	struct span at = {reader->source, start, end - start};
	return compose_alias(&reader->composer, at, (const char *)event->data.alias.anchor);
}

static int take_list(struct reader *reader, const yaml_event_t *event)
{
	struct node node = node_of(reader, event, event->data.sequence_start.anchor, event->data.sequence_start.tag);
	node.flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	return compose_begin(&reader->composer, &node, VALUE_LIST);
}

static int take_map(struct reader *reader, const yaml_event_t *event)
{
	struct node node = node_of(reader, event, event->data.mapping_start.anchor, event->data.mapping_start.tag);
	node.flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	return compose_begin(&reader->composer, &node, VALUE_MAP);
}

static int take_document(struct reader *reader, const yaml_event_t *event)
{
	size_t start = offset_of(reader, &event->start_mark), end = offset_of(reader, &event->end_mark);
	if (!reader->seen) {
		reader->seen = true;
		reader->composer.last_end = end;
		layout_check_directives(reader->source, end, reader->composer.diagnostics);
		return 0;
	}
	struct diagnostic *found =
		diagnostics_add(reader->composer.diagnostics, SEVERITY_ERROR, "yaml/several-documents",
				(struct span){reader->source, start, end - start}, "a second document begins here");
	diagnostic_hint(reader->composer.diagnostics, found, "a file holds one document: put the other into a file of its own");
	return -1;
}

static int count_value(struct reader *reader, const yaml_event_t *event)
{
	if (event->type != YAML_SCALAR_EVENT && event->type != YAML_SEQUENCE_START_EVENT && event->type != YAML_MAPPING_START_EVENT)
		return 0;
	if (++reader->values <= DOCUMENT_VALUES_LIMIT)
		return 0;
	struct diagnostic *found = diagnostics_add(reader->composer.diagnostics, SEVERITY_ERROR, "yaml/size",
						   (struct span){reader->source, offset_of(reader, &event->start_mark), 1},
						   "the document holds more than 200,000 values");
	diagnostic_hint(reader->composer.diagnostics, found, "split it: one runbook can `call` others, `foreach` repeats a step");
	return -1;
}

static int take_event(struct reader *reader, const yaml_event_t *event)
{
	if (count_value(reader, event) < 0)
		return -1;
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return take_document(reader, event);
	case YAML_SCALAR_EVENT:
		return take_scalar(reader, event);
	case YAML_ALIAS_EVENT:
		return take_alias(reader, event);
	case YAML_SEQUENCE_START_EVENT:
		return take_list(reader, event);
	case YAML_MAPPING_START_EVENT:
		return take_map(reader, event);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		compose_end(&reader->composer, offset_of(reader, &event->end_mark));
		return 0;
	case YAML_STREAM_END_EVENT:
		layout_check_gap(reader->source, reader->composer.last_end, reader->source->length,
				 reader->composer.diagnostics);
		return 0;
	default:
		return 0;
	}
}

/* What the parser was in the middle of, if that began on another line: "" or " (the map begun in line 3)". */
static const char *begun(const struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	if (!parser->context || parser->context_mark.line == parser->problem_mark.line)
		return "";
	const char *what = strstr(parser->context, "flow")		 ? "the bracket opened"
			   : strstr(parser->context, "block mapping")	 ? "the map begun"
			   : strstr(parser->context, "block collection") ? "the list begun"
									 : NULL;
	if (!what)
		return "";
	return arena_printf(reader->composer.arena, " (%s in line %zu)", what, parser->context_mark.line + 1);
}

/* `- name: a` with a deeper `uses: b` below it: the key that YAML takes for more of the value above. */
static bool report_deep_key(const struct reader *reader, size_t colon)
{
	const struct source *source = reader->source;
	size_t start = layout_line_start(source, colon);
	size_t key = start + strspn(source->text + start, " ");
	if (!start || source->text[colon] != ':' || memchr(source->text + key, ' ', colon - key))
		return false;
	struct diagnostic *found = diagnostics_add(reader->composer.diagnostics, SEVERITY_ERROR, "yaml/indentation",
						   (struct span){source, key, colon - key},
						   "this key is indented too deeply: YAML reads it as part of the value above");
	diagnostic_hint(reader->composer.diagnostics, found, "indent it like the keys above it");
	return true;
}

/* A better explanation than the parser's, where there is one. */
static bool report_known(struct reader *reader, size_t problem, const struct wording *wording)
{
	bool flow = reader->parser.flow_level > 0 || compose_in_flow(&reader->composer);
	if (wording->at_context || strcmp(wording->rule, "yaml/directive") == 0)
		return false;
	if (trap_report(reader->source, problem, flow, reader->composer.diagnostics))
		return true;
	return strcmp(reader->parser.problem, "mapping values are not allowed in this context") == 0 &&
	       report_deep_key(reader, problem);
}

/* The text ends inside of a bracket: the bracket is the place to show. */
static bool is_unclosed(const struct reader *reader, size_t problem)
{
	const char *rest = reader->source->text + problem;
	return reader->parser.context && strstr(reader->parser.context, "flow") && !rest[strspn(rest, " \t\r\n")];
}

/* Where what is unfinished began: the parser does not always say so for brackets. */
static size_t context_of(const struct reader *reader)
{
	const struct composer *composer = &reader->composer;
	size_t context = offset_of(reader, &reader->parser.context_mark);
	const struct level *level = composer->depth ? &composer->levels[composer->depth - 1] : NULL;
	return level && level->flow && context >= reader->source->length ? level->container->at.offset : context;
}

static void report_syntax(struct reader *reader)
{
	struct diagnostics *diagnostics = reader->composer.diagnostics;
	const yaml_parser_t *parser = &reader->parser;
	const struct wording *wording = wording_find(parser->problem);
	size_t problem = offset_of(reader, &parser->problem_mark);
	if (reader->source->text[problem] == '\t')
		wording = wording_find("found a tab character that violates indentation");
	else if (is_unclosed(reader, problem))
		wording = wording_find(WORDING_UNCLOSED);
	else if (report_known(reader, problem, wording))
		return;
	bool at_context = wording->at_context && parser->context;
	size_t place = at_context ? context_of(reader) : problem;
	struct span at = {reader->source, place, place < reader->source->length}; /* nothing stands behind the end */
	struct diagnostic *found =
		diagnostics_add(diagnostics, SEVERITY_ERROR, wording->rule, at, "%s%s",
				wording->message ? wording->message : parser->problem, at_context ? "" : begun(reader));
	if (wording->hint)
		diagnostic_hint(diagnostics, found, "%s", wording->hint);
}

static void read_events(struct reader *reader)
{
	for (bool more = true; more;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&reader->parser, &event)) {
			report_syntax(reader);
			return;
		}
		more = take_event(reader, &event) == 0 && event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
}

/* A last line without its newline is a line all the same: a block scalar must not depend on it. */
static const char *whole_lines(struct arena *arena, const struct reader *reader, size_t *ret_length)
{
	const char *text = reader->source->text + reader->begin;
	*ret_length = reader->source->length - reader->begin;
	if (!*ret_length || text[*ret_length - 1] == '\n')
		return text;
	return arena_printf(arena, "%.*s\n", (int)(*ret_length)++, text);
}

static const struct value *empty_document(struct arena *arena, const struct source *source)
{
	struct value *null = value_new(arena, VALUE_NULL);
	null->at.source = source;
	return null;
}

int document_parse(struct arena *arena, const struct source *source, const struct value **ret_value,
		   struct diagnostics *diagnostics)
{
	size_t errors_before = diagnostics->errors;
	if (!text_check(source, diagnostics))
		return -1;
	struct reader *reader = memory_alloc(sizeof(*reader));
	reader->source = source;
	reader->begin = strncmp(source->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0 ? strlen(BYTE_ORDER_MARK) : 0;
	reader->composer.arena = arena;
	reader->composer.source = source;
	reader->composer.diagnostics = diagnostics;
	count_characters(reader, arena);
	if (!yaml_parser_initialize(&reader->parser))
		abort(); /* no memory */
	yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
	size_t length;
	const char *text = whole_lines(arena, reader, &length);
	yaml_parser_set_input_string(&reader->parser, (const unsigned char *)text, length);
	read_events(reader);
	yaml_parser_delete(&reader->parser);
	const struct value *root = reader->composer.root;
	free(reader);
	if (diagnostics->errors > errors_before)
		return -1;
	*ret_value = root ? root : empty_document(arena, source);
	return 0;
}
