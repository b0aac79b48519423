/*
 * findings_github.c - workflow commands: ::error file=...,line=...::message. A value ends where its escape is missing, so what
 * a file says cannot begin a command of its own.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/report/findings.h"

/* '%' and line ends always; in a property also what ends it. */
static void add_escaped(struct buffer *out, const char *text, const char *specials)
{
	CLEANUP_BUFFER struct buffer printable = {0};
	utf8_append_printable(&printable, text, strlen(text), true);
	for (const char *c = buffer_text(&printable); *c; c++) {
		if (strchr(specials, *c))
			buffer_printf(out, "%%%02X", (unsigned char)*c);
		else
			buffer_add_char(out, *c);
	}
}

static void add_property(struct buffer *out, const char *name, const char *text)
{
	buffer_printf(out, "%s=", name);
	add_escaped(out, text, "%\r\n:,");
}

static void add_numbers(struct buffer *out, const struct value *finding)
{
	static const char *const keys[][2] = {
		{"line", "line"}, {"col", "column"}, {"endLine", "end_line"}, {"endColumn", "end_column"}};
	for (size_t i = 0; value_get(finding, "line") && i < COUNT_OF(keys); i++)
		buffer_printf(out, ",%s=%lld", keys[i][0], (long long)value_get_int(finding, keys[i][1], 0));
}

static void add_command(struct buffer *out, const struct value *finding, const char *path)
{
	const char *severity = value_get_text(finding, "severity"), *file = value_get_text(finding, "file");
	const char *hint = value_get_text(finding, "hint");
	buffer_printf(out, "::%s ", strcmp(severity, "note") == 0 ? "notice" : severity);
	add_property(out, "file", file ? file : path);
	add_numbers(out, finding);
	buffer_add_char(out, ',');
	add_property(out, "title", value_get_text(finding, "rule"));
	buffer_add(out, "::");
	add_escaped(out, value_get_text(finding, "message"), "%\r\n");
	if (hint) {
		buffer_add(out, "%0A");
		add_escaped(out, hint, "%\r\n");
	}
	buffer_add_char(out, '\n');
}

void report_findings_github(struct buffer *out, const struct value *results)
{
	for (size_t i = 0; i < results->list.count; i++) {
		const struct value *entry = results->list.items[i], *list = value_get(entry, "diagnostics");
		for (size_t k = 0; k < list->list.count; k++)
			add_command(out, list->list.items[k], value_get_text(entry, "path"));
	}
}
