/*
 * history_text.c - the versions of a runbook, each with its runs, as text.
 */
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "engine/report/fields.h"
#include "engine/report/page.h"
#include "engine/report/report.h"
#include "engine/report/words.h"

#define COMMIT_SHOWN 12
#define INDENT	     (COMMIT_SHOWN + 2)

static const struct {
	const char *state;
	enum ink ink;
	const char *text;
} states[] = {
	{"none", INK_DIM, "not signed"},
	{"good", INK_GOOD, "signed by %s"},
	{"bad", INK_BAD, "signed, but the signature does not match"},
	{"stranger", INK_BAD, "signed with a key that may not: %s"},
	{"revoked", INK_BAD, "signed by %s with a key that is revoked"},
	{"expired", INK_WARN, "signed by %s with a key that has expired"},
	{"unchecked", INK_WARN, "signed; no policy says who may"},
};

static void put_time(struct page *page, enum ink ink, const char *text)
{
	if (strlen(text) > 19)
		page_putf(page, ink, "%.10s %.8sZ", text, text + 11);
	else
		page_put(page, ink, text);
}

static void put_signature(struct page *page, const struct value *signature)
{
	const char *state = field_text(signature, "state", "none"), *who = field_text(signature, "signer", NULL);
	for (size_t i = 0; i < COUNT_OF(states); i++) {
		if (strcmp(states[i].state, state) != 0)
			continue;
		const char *place = strstr(states[i].text, "%s");
		const char *name = who ? who : field_text(signature, "key", "somebody");
		page_line(page, INDENT, INDENT + 2);
		page_putf(page, states[i].ink, "%.*s%s%s", place ? (int)(place - states[i].text) : 1000, states[i].text,
			  place ? name : "", place ? place + 2 : "");
		page_end(page);
	}
}

static void put_run(struct page *page, const struct value *run, unsigned indent)
{
	const char *outcome = field_text(run, "outcome", "unfinished");
	char duration[DURATION_TEXT_SIZE] = "";
	int64_t elapsed = field_duration(run, "elapsed", 0);
	CLEANUP_BUFFER struct buffer person = {0};
	if (elapsed > 0)
		duration_short(elapsed, duration);
	field_append_person(&person, value_get(run, "operator"));
	page_line(page, indent, indent + 4);
	page_putf(page, INK_BOLD, "%s  ", field_text(run, "id", "?"));
	page_cell(page, outcome_look(outcome)->ink, outcome, 10);
	page_cell(page, INK_PLAIN, duration, 8);
	if (person.length)
		page_putf(page, INK_DIM, "by %s", person.data);
	const struct value *changed = value_get(run, "changed");
	if (value_is(changed, VALUE_LIST) && changed->list.count)
		page_put(page, INK_WARN, "  (not as it was committed)");
	page_end(page);
}

static void put_runs(struct page *page, const struct value *runs, unsigned indent)
{
	for (size_t i = value_is(runs, VALUE_LIST) ? runs->list.count : 0; i-- > 0;) /* newest first, as the versions */
		put_run(page, runs->list.items[i], indent);
}

static void put_version(struct page *page, const struct value *version)
{
	const struct value *author = value_get(version, "author");
	page_line(page, 0, INDENT);
	page_putf(page, INK_WARN, "%.*s  ", COMMIT_SHOWN, field_text(version, "commit", "?"));
	put_time(page, INK_PLAIN, field_text(version, "time", ""));
	page_putf(page, INK_PLAIN, "  %s <%s>", field_text(author, "name", "?"), field_text(author, "email", "?"));
	page_end(page);
	page_line(page, INDENT, INDENT);
	page_put(page, INK_BOLD, field_text(version, "subject", ""));
	if (!field_text(version, "blob", NULL))
		page_put(page, INK_BAD, "  (removed here)");
	page_end(page);
	put_signature(page, value_get(version, "signature"));
	put_runs(page, value_get(version, "runs"), INDENT);
}

void report_history(struct buffer *out, const struct value *history, const struct report_style *style)
{
	struct page page = {.out = out, .style = style};
	const struct value *versions = value_get(history, "versions"), *others = value_get(history, "other_runs");
	page_putf(&page, INK_BOLD, "%s", field_text(history, "path", "?"));
	page_putf(&page, INK_PLAIN, "  in %s, as of %s (%.*s)", field_text(history, "repository", "?"),
		  field_text(history, "rev", "HEAD"), COMMIT_SHOWN, field_text(history, "commit", "?"));
	page_end(&page);
	for (size_t i = 0; value_is(versions, VALUE_LIST) && i < versions->list.count; i++) {
		page_end(&page);
		put_version(&page, versions->list.items[i]);
	}
	if (!value_is(others, VALUE_LIST) || !others->list.count)
		return;
	page_end(&page);
	page_put(&page, INK_BOLD, "Runs of what is not in this history");
	page_end(&page);
	put_runs(&page, others, 2);
}
