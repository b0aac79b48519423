/*
 * run_html.c - a run as one self-contained page: legible on a phone and on paper, without scripts, fonts or pictures from
 * elsewhere.
 *
 * What it tells is the story's (story.h), as in run_report.c; how it looks is run_html.css. The timeline is run_gantt.c.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/report/fields.h"
#include "engine/report/html.h"
#include "engine/report/report.h"
#include "engine/report/run_gantt.h"
#include "engine/report/since.h"
#include "engine/report/story.h"
#include "engine/report/words.h"

__asm__(".section .rodata\nrun_html_style: .incbin \"engine/report/run_html.css\"\n.byte 0\n.previous\n");
extern const char run_html_style[];

#define OUTPUT_LIMIT 4000 /* bytes shown of a command's output, its end */
#define LINES_LIMIT  6	  /* of a command: a longer one is folded away */

/* ---- small parts ---- */

static void badge(struct buffer *out, const char *outcome)
{
	html_putf(out, "<span class=\"badge %s\">%s</span>", html_class(outcome_look(outcome)->ink),
		  outcome ? outcome : "running");
}

static void tile(struct buffer *out, enum ink ink, const char *value, const char *what)
{
	html_putf(out, "<div class=\"tile\"><b class=\"%s\">%s</b><span>%s</span></div>\n", html_class(ink), value, what);
}

static void duration_tile(struct buffer *out, int64_t nanoseconds, const char *what)
{
	char text[DURATION_TEXT_SIZE];
	duration_format(nanoseconds, text);
	tile(out, INK_PLAIN, nanoseconds ? text : "0s", what);
}

static void row(struct buffer *out, const char *name, const char *text)
{
	if (text && *text)
		html_putf(out, "<tr><th>%s</th><td>%s</td></tr>\n", name, text);
}

/* ---- head ---- */

static void rto_tile(struct buffer *out, const struct story *story)
{
	char text[DURATION_TEXT_SIZE];
	struct story_rto rto = story_rto(story);
	if (!rto.objective)
		return;
	duration_short(rto.objective, text);
	CLEANUP_FREE char *what = memory_printf("RTO: %s allowed", text);
	tile(out, rto.ink, rto.word, what);
}

/* What was lost is known where the runbook says so itself: by an output of that name. */
static void rpo_tile(struct buffer *out, const struct story *story)
{
	char allowed[DURATION_TEXT_SIZE], lost[DURATION_TEXT_SIZE];
	struct story_rpo rpo = story_rpo(story);
	if (!rpo.objective)
		return;
	duration_short(rpo.objective, allowed);
	duration_short(rpo.lost, lost);
	CLEANUP_FREE char *what = rpo.known ? memory_printf("RPO: %s lost, %s allowed", rpo.lost ? lost : "0s", allowed)
					    : memory_printf("RPO: %s allowed; loss not measured", allowed);
	tile(out, rpo.ink, rpo.word, what);
}

static void other_objectives(struct buffer *out, const struct story *story)
{
	const struct value *objectives = value_get(story->opened, "objectives");
	for (size_t i = 0; value_is(objectives, VALUE_MAP) && i < objectives->map.count; i++) {
		CLEANUP_BUFFER struct buffer text = {0};
		const char *key = value_text(objectives->map.entries[i].key);
		if (!key || strcmp(key, "rto") == 0 || strcmp(key, "rpo") == 0)
			continue;
		field_append(&text, objectives->map.entries[i].value);
		tile(out, INK_PLAIN, buffer_text(&text), key);
	}
}

static void put_counts(struct buffer *out, const struct story *story)
{
	const struct value *counts = story_counts(story);
	bool any = false;
	html_putf(out, "<p>");
	for (size_t i = 0; value_is(counts, VALUE_MAP) && i < counts->map.count; i++) {
		const char *outcome = value_text(counts->map.entries[i].key);
		int64_t count = value_get_int(counts, outcome, 0);
		if (count <= 0)
			continue;
		html_putf(out, "%s<span class=\"%s\">%d %s</span>", any ? ", " : "", html_class(outcome_look(outcome)->ink),
			  (int)count, outcome);
		any = true;
	}
	html_putf(out, "</p>\n");
}

/* A host is an entry of the inventory: which one says enough. */
static void append_input(struct buffer *out, const struct value *input)
{
	const char *id = value_get_text(input, "id"), *address = value_get_text(input, "address");
	if (!id || !value_get_text(input, "platform"))
		field_append(out, input);
	else
		buffer_printf(out, "%s%s%s%s", id, address ? " (" : "", address ? address : "", address ? ")" : "");
}

static void put_inputs(struct buffer *out, const struct value *inputs)
{
	for (size_t i = 0; value_is(inputs, VALUE_MAP) && i < inputs->map.count; i++) {
		CLEANUP_BUFFER struct buffer text = {0}, name = {0};
		append_input(&text, inputs->map.entries[i].value);
		buffer_printf(&name, "input %s", value_text(inputs->map.entries[i].key));
		row(out, buffer_text(&name), buffer_text(&text));
	}
}

/* Good, bad, or to be read. */
static const char *proof_class(const struct value *proof)
{
	bool whole = value_get_bool(proof, "whole", false), unproven = value_get_bool(proof, "unproven", false);
	return html_class(unproven ? INK_WARN : whole ? INK_GOOD : INK_BAD);
}

static void put_proof_link(struct buffer *out, const struct value *proof)
{
	if (proof)
		html_putf(out, "<tr><th>journal</th><td><a class=\"%s\" href=\"#verification\">%s</a></td></tr>\n",
			  proof_class(proof), value_get_text(proof, "text"));
}

static void put_head(struct buffer *out, const struct story *story, const struct value *proof)
{
	CLEANUP_BUFFER struct buffer operator= {0}, closer = {0}, version = {0};
	field_append_person(&operator, value_get(story->opened, "operator"));
	field_append_person(&closer, value_get(story->last, "by"));
	field_append_version(&version, value_get(story->opened, "library"));
	html_putf(out, "<header>\n<p class=\"soft\">%s run <span class=\"key\">%s</span></p>\n<h1>%s ",
		  field_text(story->opened, "runbook_kind", "run"), field_text(story->opened, "run", "?"),
		  field_text(story->opened, "runbook", "?"));
	badge(out, story->outcome);
	html_putf(out, "</h1>\n<p>%s</p>\n", value_get_text(story->opened, "summary"));
	put_counts(out, story);
	html_putf(out, "<div class=\"tiles\">\n");
	duration_tile(out, story->elapsed, "in all");
	duration_tile(out, story->machine, "by machines");
	duration_tile(out, story->waited, "waiting for people");
	rto_tile(out, story);
	rpo_tile(out, story);
	other_objectives(out, story);
	html_putf(out, "</div>\n<table>\n");
	row(out, "started", value_get_text(story->opened, "wall"));
	row(out, "ended", value_get_text(story->last, "wall"));
	row(out, "operator", buffer_text(&operator));
	row(out, "version", buffer_text(&version));
	row(out, "closed by", buffer_text(&closer));
	row(out, "reason", value_get_text(story->last, "reason"));
	put_inputs(out, value_get(story->opened, "inputs"));
	put_proof_link(out, proof);
	html_putf(out, "</table>\n</header>\n");
}

/* ---- a step ---- */

static void put_value(struct buffer *out, const char *element, const struct value *value)
{
	CLEANUP_BUFFER struct buffer text = {0};
	if (value && value->type != VALUE_NULL)
		field_append(&text, value);
	else
		buffer_add(&text, "absent");
	html_putf(out, "<%s>%s</%s>", element, buffer_text(&text), element);
}

static void put_changes(struct buffer *out, const struct value *changes)
{
	if (!value_is(changes, VALUE_LIST) || !changes->list.count)
		return;
	html_putf(out, "<table>\n");
	for (size_t i = 0; i < changes->list.count; i++) {
		const struct value *change = changes->list.items[i];
		html_putf(out, "<tr><th>%s</th><td>", field_text(change, "attribute", "?"));
		put_value(out, "del", value_get(change, "before"));
		html_putf(out, " → ");
		put_value(out, "ins", value_get(change, "after"));
		html_putf(out, "</td></tr>\n");
	}
	html_putf(out, "</table>\n");
}

static void put_error(struct buffer *out, const struct value *error)
{
	if (value_get_text(error, "message"))
		html_putf(out, "<p class=\"bad\">%s</p>\n", value_get_text(error, "message"));
	if (value_get_text(error, "hint"))
		html_putf(out, "<p>%s</p>\n", value_get_text(error, "hint"));
}

static void put_output(struct buffer *out, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	if (!length)
		return;
	const char *shown = length > OUTPUT_LIMIT ? text + length - OUTPUT_LIMIT : text;
	html_putf(out, "\n%s%s", shown != text ? "[...] " : "", shown);
}

static size_t count_lines(const char *text)
{
	size_t lines = 1;
	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

/* The command, and the <pre> in which its output may follow. */
static void begin_command(struct buffer *out, const char *text, int64_t code)
{
	int lines = (int)count_lines(text);
	CLEANUP_FREE char *first = memory_printf("%.*s", (int)strcspn(text, "\n"), text);
	if (lines > LINES_LIMIT)
		html_putf(out,
			  "<details class=\"script\"><summary><code>$ %s</code> <span class=\"soft\">%d lines</span></summary>"
			  "<pre>$ %s</pre></details>\n<pre>",
			  first, lines, text);
	else
		html_putf(out, "<pre>$ %s", text);
	if (code)
		html_putf(out, "  <span class=\"bad\">exit %d</span>", (int)code);
}

static void put_evidence(struct buffer *out, const struct value *evidence)
{
	for (size_t i = 0; value_is(evidence, VALUE_LIST) && i < evidence->list.count; i++) {
		const struct value *item = evidence->list.items[i];
		begin_command(out, field_text(item, "command", ""), value_get_int(item, "exit", 0));
		put_output(out, value_get_text(item, "stdout"));
		put_output(out, value_get_text(item, "stderr"));
		html_putf(out, "</pre>\n");
	}
}

static void put_commands(struct buffer *out, const struct value *commands)
{
	for (size_t i = 0; value_is(commands, VALUE_LIST) && i < commands->list.count; i++) {
		const char *text = value_text(commands->list.items[i]);
		begin_command(out, text ? text : "", 0);
		html_putf(out, "</pre>\n");
	}
}

static void put_approvals(struct buffer *out, const struct story_wait *wait)
{
	for (size_t i = 0; i < wait->approvals_count; i++) {
		const struct value *approved = wait->approvals[i];
		html_putf(out, "<p>Approved by <b>%s</b> at %s, with the key %s</p>\n", field_text(approved, "principal", "?"),
			  field_text(approved, "wall", "?"), field_text(approved, "key", "?"));
	}
}

static void put_waits(struct buffer *out, const struct story_step *step)
{
	for (size_t i = 0; i < step->waits_count; i++) {
		const struct value *answered = step->waits[i].answered;
		CLEANUP_BUFFER struct buffer person = {0};
		char waited[DURATION_TEXT_SIZE];
		field_append_person(&person, value_get(answered, "by"));
		duration_format(field_duration(answered, "waited", 0), waited);
		html_putf(out, "<p>Asked: %s</p>\n", value_get_text(step->waits[i].waiting, "message"));
		put_approvals(out, &step->waits[i]);
		if (answered)
			html_putf(out, "<p>Answered <b>%s</b> by %s after %s</p>\n", field_text(answered, "answer", "?"),
				  person.length ? person.data : "?", waited);
		else
			html_putf(out, "<p class=\"warn\">Not answered</p>\n");
	}
}

static void put_step_head(struct buffer *out, const struct story_step *step)
{
	char taken[DURATION_TEXT_SIZE] = "";
	int64_t elapsed = field_duration(step->finished, "elapsed", step->ended - step->began);
	if (step->ended >= 0 && elapsed > 0)
		duration_format(elapsed, taken);
	html_putf(out, "<span class=\"key soft\">%s</span> <b>%s</b> ", step->key, step->name);
	badge(out, step->outcome);
	if (value_is_text(value_get(step->intent, "effect"), "irreversible"))
		html_putf(out, " <span class=\"badge bad\">irreversible</span>");
	html_putf(out, " <span class=\"soft\">%s%s%s %s</span>",
		  step->uses && strcmp(step->uses, step->name) != 0 ? step->uses : "", step->host ? " on " : "", step->host,
		  taken);
	if (step->attempts > 1)
		html_putf(out, " <span class=\"warn\">attempt %d</span>", (int)step->attempts);
}

static bool is_quiet(const struct story_step *step)
{
	return step->outcome && !step->waits_count &&
	       (strcmp(step->outcome, "ok") == 0 || strcmp(step->outcome, "skipped") == 0);
}

static void put_step(struct buffer *out, const struct story *story, const struct story_step *step)
{
	const struct value *evidence = value_get(step->finished, "evidence");
	if (!step->uses) {
		html_putf(out, "<div class=\"group-head\">");
		put_step_head(out, step);
		html_putf(out, "</div>\n");
		return;
	}
	html_putf(out, "<details%s><summary>", is_quiet(step) ? "" : " open");
	put_step_head(out, step);
	html_putf(out, "</summary><div>\n");
	if (value_get_text(step->finished, "reason"))
		html_putf(out, "<p class=\"soft\">%s</p>\n", value_get_text(step->finished, "reason"));
	put_changes(out, story_changes(story, step));
	put_error(out, value_get(step->finished, "error"));
	put_waits(out, step);
	if (value_is(evidence, VALUE_LIST) && evidence->list.count)
		put_evidence(out, evidence);
	else
		put_commands(out, value_get(step->intent, "commands"));
	html_putf(out, "</div></details>\n");
}

/* ---- what else happened ---- */

static void put_event(struct buffer *out, const struct story_event *event)
{
	const struct value *by =
		value_get(event->record, "by") ? value_get(event->record, "by") : value_get(event->record, "operator");
	static const char *const told[] = {"step", "request", "text", "reason", "why"};
	CLEANUP_BUFFER struct buffer person = {0};
	char since[SINCE_TEXT_SIZE];
	field_append_person(&person, by);
	since_format(event->at, since);
	html_putf(out, "<tr><th class=\"key\">%s</th><td>%s", since, field_text(event->record, "kind", "?"));
	for (size_t i = 0; i < COUNT_OF(told); i++)
		if (value_get_text(event->record, told[i]))
			html_putf(out, "%s %s", i > 1 ? ":" : "", value_get_text(event->record, told[i]));
	if (person.length)
		html_putf(out, " <span class=\"soft\">by %s</span>", person.data);
	html_putf(out, "</td></tr>\n");
}

static void put_events(struct buffer *out, const struct story *story)
{
	if (!story->events_count)
		return;
	html_putf(out, "<h2>Retries, requests, resumes</h2>\n<table>\n");
	for (size_t i = 0; i < story->events_count; i++)
		put_event(out, &story->events[i]);
	html_putf(out, "</table>\n");
}

static void put_proof(struct buffer *out, const struct value *proof)
{
	html_putf(out, "<h2 id=\"verification\">Verification</h2>\n<p class=\"%s\">%s</p>\n<table>\n", proof_class(proof),
		  value_get_text(proof, "text"));
	row(out, "last record", value_get_text(proof, "head"));
	row(out, "signature", value_get_text(proof, "signature"));
	row(out, "anchor", value_get_text(proof, "anchor"));
	row(out, "index", value_get_text(proof, "index"));
	html_putf(out, "</table>\n");
}

void report_run_html(struct buffer *out, const struct value *records, const struct value *proof)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct story *story = story_read(arena, records);
	html_putf(out,
		  "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s %s</title>\n<style>\n",
		  field_text(story->opened, "runbook", "run"), field_text(story->opened, "run", ""));
	buffer_add(out, run_html_style);
	html_putf(out, "</style>\n</head>\n<body>\n");
	put_head(out, story, proof);
	if (story->count) {
		html_putf(out, "<h2>Timeline</h2>\n");
		run_gantt(out, story);
		html_putf(out, "<h2>Steps</h2>\n");
	}
	for (size_t i = 0; i < story->count; i++)
		put_step(out, story, &story->steps[i]);
	put_events(out, story);
	if (proof)
		put_proof(out, proof);
	html_putf(out, "<footer>Made from the run's journal by standin.</footer>\n</body>\n</html>\n");
}
