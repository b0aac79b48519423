/*
 * findings_junit.c - JUnit XML: files as suites, findings as cases.
 */
#include "engine/report/findings.h"
#include "engine/report/html.h"

struct tally {
	int cases, failures;
};

static bool is_failure(const struct value *finding, bool strict)
{
	return value_is_text(value_get(finding, "severity"), "error") || strict;
}

static struct tally tally_of(const struct value *diagnostics, bool strict)
{
	struct tally tally = {0};
	for (size_t i = 0; i < diagnostics->list.count; i++) {
		tally.cases++;
		tally.failures += is_failure(diagnostics->list.items[i], strict);
	}
	if (!tally.cases)
		tally.cases = 1;
	return tally;
}

static void add_case(struct buffer *out, const struct value *finding, const char *path, bool strict)
{
	bool failure = is_failure(finding, strict);
	int line = (int)value_get_int(finding, "line", 0), column = (int)value_get_int(finding, "column", 0);
	const char *file = value_get_text(finding, "file"), *hint = value_get_text(finding, "hint");
	const char *message = value_get_text(finding, "message"), *rule = value_get_text(finding, "rule");
	file = file ? file : path;
	html_putf(out, "    <testcase classname=\"%s\" name=\"%s, line %d\" time=\"0\">\n      ", path, rule, line);
	if (failure)
		html_putf(out, "<failure message=\"%s\" type=\"%s\">", message, rule);
	else
		html_putf(out, "<system-out>");
	html_putf(out, "%s:%d:%d: %s: %s [%s]", file, line, column, value_get_text(finding, "severity"), message, rule);
	if (hint)
		html_putf(out, "\n%s", hint);
	html_putf(out, failure ? "</failure>\n    </testcase>\n" : "</system-out>\n    </testcase>\n");
}

static void add_suite(struct buffer *out, const struct value *entry, bool strict)
{
	const struct value *diagnostics = value_get(entry, "diagnostics");
	const char *path = value_get_text(entry, "path");
	struct tally tally = tally_of(diagnostics, strict);
	html_putf(out, "  <testsuite name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"0\" skipped=\"0\" time=\"0\">\n", path,
		  tally.cases, tally.failures);
	for (size_t i = 0; i < diagnostics->list.count; i++)
		add_case(out, diagnostics->list.items[i], path, strict);
	if (!diagnostics->list.count)
		html_putf(out, "    <testcase classname=\"%s\" name=\"valid\" time=\"0\"/>\n", path);
	html_putf(out, "  </testsuite>\n");
}

void report_findings_junit(struct buffer *out, const struct value *results, bool strict)
{
	struct tally all = {0};
	for (size_t i = 0; i < results->list.count; i++) {
		struct tally one = tally_of(value_get(results->list.items[i], "diagnostics"), strict);
		all.cases += one.cases;
		all.failures += one.failures;
	}
	buffer_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	html_putf(out, "<testsuites name=\"standin validate\" tests=\"%d\" failures=\"%d\" errors=\"0\" time=\"0\">\n",
		  all.cases, all.failures);
	for (size_t i = 0; i < results->list.count; i++)
		add_suite(out, results->list.items[i], strict);
	buffer_add(out, "</testsuites>\n");
}
