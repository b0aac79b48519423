/*
 * trap.c - a rough reading of one line, only good enough to propose its quoted form. It decides nothing about valid YAML,
 * except for a ' #' that cuts a quote or bracket open.
 */
#include "engine/document/trap.h"

#include <ctype.h>
#include <string.h>

#include "engine/document/layout.h"

/* One `key: value` or list item on a line, as its author may have meant it. Offsets into the source. */
struct entry {
	size_t key, key_length; /* length 0: a list item */
	size_t value, value_end;
	bool flow;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static size_t line_end(const struct source *source, size_t offset)
{
	size_t end = offset + strcspn(source->text + offset, "\n");
	return end > offset && source->text[end - 1] == '\r' ? end - 1 : end;
}

/* Does the quote at offset open a string? Not the apostrophe of "don't"; but the prefixes of CEL (r'..', b"..") do. */
static bool opens_quote(const char *text, size_t start, size_t offset)
{
	if (text[offset] != '"' && text[offset] != '\'')
		return false;
	size_t word = offset;
	while (word > start && is_word(text[word - 1]))
		word--;
	if (word == offset)
		return true;
	return offset - word <= 2 && strspn(text + word, "rRbB") >= offset - word;
}

/* The offset behind the string that opens at offset, or end when it does not close. */
static size_t skip_quoted(const char *text, size_t offset, size_t end, bool *closed)
{
	char quote = text[offset++];
	while (offset < end && text[offset] != quote)
		offset += text[offset] == '\\' && offset + 1 < end ? 2 : 1;
	*closed = offset < end;
	return *closed ? offset + 1 : end;
}

static bool is_comment(const char *text, size_t start, size_t offset)
{
	return text[offset] == '#' && offset > start && isblank((unsigned char)text[offset - 1]);
}

/* Walks over a value up to what ends it outside of quotes and brackets: a comment, or in a flow collection a comma or closing
 * bracket. Returns the end; *ret_open: a quote or bracket is still open there. */
static size_t value_extent(const char *text, size_t start, size_t end, bool flow, bool *ret_open)
{
	unsigned depth = 0;
	bool closed = true;
	size_t i = start;
	while (i < end) {
		if (opens_quote(text, start, i)) {
			i = skip_quoted(text, i, end, &closed);
			continue;
		}
		if (!depth && (is_comment(text, start, i) || (flow && strchr(",}]", text[i]))))
			break;
		if (strchr("([{", text[i]))
			depth++;
		else if (strchr(")]}", text[i]) && depth)
			depth--;
		i++;
	}
	*ret_open = depth || !closed;
	while (i > start && isblank((unsigned char)text[i - 1]))
		i--;
	return i;
}

/* Reads `name:` at offset; the value's offset, or offset itself if there is no key. */
static size_t skip_key(const char *text, size_t offset, size_t end, size_t *ret_length)
{
	size_t i = offset;
	while (i < end && (is_word(text[i]) || text[i] == '-' || text[i] == '.'))
		i++;
	*ret_length = 0;
	if (i == offset || text[i] != ':' || (i + 1 < end && !isblank((unsigned char)text[i + 1])))
		return offset;
	*ret_length = i - offset;
	i++;
	while (i < end && isblank((unsigned char)text[i]))
		i++;
	return i;
}

static struct entry entry_at(const struct source *source, size_t offset, size_t end, bool flow)
{
	struct entry entry = {.key = offset, .flow = flow};
	bool open;
	entry.value = skip_key(source->text, offset, end, &entry.key_length);
	entry.value_end = value_extent(source->text, entry.value, end, flow, &open);
	return entry;
}

static size_t skip_blanks(const char *text, size_t offset)
{
	return offset + strspn(text + offset, " \t");
}

/* Where the block entry of the line begins: behind indentation and list dashes. */
static size_t block_start(const struct source *source, size_t place)
{
	size_t i = skip_blanks(source->text, layout_line_start(source, place));
	while (source->text[i] == '-' && isblank((unsigned char)source->text[i + 1]))
		i = skip_blanks(source->text, i + 1);
	return i;
}

/* The last flow entry that begins before place: behind '{', '[' or ','. 0 if there is none on this line. */
static size_t flow_start(const struct source *source, size_t from, size_t place)
{
	const char *text = source->text;
	size_t found = 0;
	unsigned parentheses = 0;
	for (size_t i = from; i < place; i++) {
		bool closed;
		if (opens_quote(text, from, i)) {
			i = skip_quoted(text, i, place, &closed) - 1;
		} else if (strncmp(text + i, "${{", 3) == 0) {
			i += 2;
		} else if (text[i] == '(') {
			parentheses++;
		} else if (text[i] == ')' && parentheses) {
			parentheses--;
		} else if (strchr("{[,", text[i]) && !parentheses) {
			found = skip_blanks(text, i + 1);
		}
	}
	return found;
}

static bool holds(const struct source *source, const struct entry *entry, const char *what)
{
	return memmem(source->text + entry->value, entry->value_end - entry->value, what, strlen(what));
}

/* Text goes on behind the quote or bracket that the value begins with. */
static bool goes_on(const struct source *source, const struct entry *entry)
{
	const char *text = source->text;
	bool closed = false;
	size_t i = entry->value;
	if (strchr("\"'", text[i])) {
		i = skip_quoted(text, i, entry->value_end, &closed);
	} else {
		for (unsigned depth = 0; i < entry->value_end && !closed; i++) {
			depth += strchr("[{", text[i]) ? 1 : 0;
			closed = strchr("]}", text[i]) && --depth == 0;
		}
	}
	return closed && i < entry->value_end;
}

static const char *explain(const struct source *source, const struct entry *entry)
{
	char first = source->text[entry->value];
	if (entry->value >= entry->value_end)
		return NULL;
	if (first == '!')
		return "a value that begins with '!' is a YAML tag";
	if (strchr("\"'", first))
		return goes_on(source, entry) ? "text continues after the closing quote" : NULL;
	if (strchr("[{", first))
		return goes_on(source, entry) ? "text continues after the closing bracket" : NULL;
	if (first == '&')
		return "a value that begins with '&' is a YAML anchor";
	if (first == '*')
		return "a value that begins with '*' is a YAML alias";
	if ((first == '|' || first == '>') &&
	    entry->value_end - entry->value > strspn(source->text + entry->value, "|>+-0123456789"))
		return "a value that begins with '|' or '>' is a block of text on the lines below";
	if (strchr("%@`", first))
		return "an unquoted value cannot begin with '%', '@' or '`'";
	if (first != ':' && holds(source, entry, ": "))
		return "': ' inside an unquoted value";
	if (entry->flow && holds(source, entry, "${{"))
		return "'${{ }}' inside { } or [ ] must be quoted";
	if (entry->flow && (holds(source, entry, "[") || holds(source, entry, "{")))
		return "a bracket inside an unquoted value inside { } or [ ]";
	return NULL;
}

/* The value in quotes: single ones, unless only double ones need no escape. */
static void append_quoted(struct buffer *out, const char *text, size_t length)
{
	bool has_single = memchr(text, '\'', length), has_double = memchr(text, '"', length) || memchr(text, '\\', length);
	char quote = has_single && !has_double ? '"' : '\'';
	buffer_add_char(out, quote);
	for (size_t i = 0; i < length; i++) {
		buffer_add_char(out, text[i]);
		if (text[i] == quote)
			buffer_add_char(out, quote);
	}
	buffer_add_char(out, quote);
}

static void hint_quoted(const struct source *source, const struct entry *entry, struct diagnostics *diagnostics,
			struct diagnostic *diagnostic)
{
	CLEANUP_BUFFER struct buffer fix = {0};
	if (entry->key_length)
		buffer_printf(&fix, "%.*s: ", (int)entry->key_length, source->text + entry->key);
	append_quoted(&fix, source->text + entry->value, entry->value_end - entry->value);
	diagnostic_hint(diagnostics, diagnostic, "quote the whole value: %s", buffer_text(&fix));
}

static bool report_entry(const struct source *source, const struct entry *entry, size_t place, struct diagnostics *diagnostics)
{
	const char *what = place >= entry->value && place <= entry->value_end ? explain(source, entry) : NULL;
	if (!what)
		return false;
	struct span at = {source, entry->value, entry->value_end - entry->value};
	hint_quoted(source, entry, diagnostics, diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/unquoted", at, "%s", what));
	return true;
}

bool trap_report(const struct source *source, size_t place, bool flow, struct diagnostics *diagnostics)
{
	size_t start = block_start(source, place);
	size_t end = line_end(source, start);
	if (place < start)
		return false;
	size_t inner = flow ? flow_start(source, start, place) : 0;
	struct entry entry = entry_at(source, inner ? inner : start, end, flow);
	if (report_entry(source, &entry, place, diagnostics))
		return true;
	entry = entry_at(source, start, end, false);
	return inner && report_entry(source, &entry, place, diagnostics);
}

void trap_check_cut(const struct span *scalar, struct diagnostics *diagnostics)
{
	const struct source *source = scalar->source;
	size_t end = scalar->offset + scalar->length, comment = skip_blanks(source->text, end);
	if (comment == end || source->text[comment] != '#')
		return;
	size_t start = layout_line_start(source, end) > scalar->offset ? layout_line_start(source, end) : scalar->offset;
	bool open, open_with_comment;
	value_extent(source->text, start, end, false, &open);
	struct entry entry = entry_at(source, block_start(source, start), line_end(source, end), false);
	size_t whole = value_extent(source->text, start, line_end(source, end), false, &open_with_comment);
	if (!open || open_with_comment || whole <= comment)
		return;
	if (entry.value != scalar->offset)
		entry = (struct entry){.value = scalar->offset, .value_end = whole};
	struct diagnostic *found =
		diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/unquoted", (struct span){source, comment, 1},
				"' #' begins a comment and cuts this value off");
	hint_quoted(source, &entry, diagnostics, found);
}
