/*
 * text.c - one pass over the bytes of a file. It knows nothing of YAML's structure.
 */
#include "engine/document/text.h"

#include "engine/base/memory.h"
#include "engine/base/utf8.h"
#include "engine/document/document.h"

struct character_class {
	uint32_t first, last;
	const char *rule;
	const char *what;
	const char *hint;
};

static const char CONTROL_HINT[] = "write it as an escape in a double-quoted string, such as \"\\x1b\"";
static const char BIDI_HINT[] =
	"it makes text look different from what it is; if it is wanted, write \"\\u202e\" in double quotes";
static const char BREAK_HINT[] = "YAML 1.1 ends a line here and YAML 1.2 does not; write it as an escape in double quotes";

static const struct character_class refused[] = {
	{0x00, 0x00, "yaml/nul", "a NUL byte", "is this a binary file, or UTF-16? Save it as UTF-8"},
	{0x01, 0x08, "yaml/control-character", "a control character", CONTROL_HINT},
	{0x0b, 0x0c, "yaml/control-character", "a control character", CONTROL_HINT},
	{0x0d, 0x0d, "yaml/control-character", "a carriage return that ends no line", "end lines with \\n or \\r\\n"},
	{0x0e, 0x1f, "yaml/control-character", "a control character", CONTROL_HINT},
	{0x7f, 0x84, "yaml/control-character", "a control character", CONTROL_HINT},
	{0x85, 0x85, "yaml/line-separator", "a line separator", BREAK_HINT},
	{0x86, 0x9f, "yaml/control-character", "a control character", CONTROL_HINT},
	{0x061c, 0x061c, "yaml/bidi", "a bidirectional control character", BIDI_HINT},
	{0x200e, 0x200f, "yaml/bidi", "a bidirectional control character", BIDI_HINT},
	{0x2028, 0x2029, "yaml/line-separator", "a line separator", BREAK_HINT},
	{0x202a, 0x202e, "yaml/bidi", "a bidirectional control character", BIDI_HINT},
	{0x2066, 0x2069, "yaml/bidi", "a bidirectional control character", BIDI_HINT},
	{0xfeff, 0xfeff, "yaml/byte-order-mark", "a byte order mark inside the text", "remove it: it is invisible"},
	{0xfffe, 0xffff, "yaml/control-character", "a noncharacter", CONTROL_HINT},
};

static const struct character_class *class_of(uint32_t code)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (code >= refused[i].first && code <= refused[i].last)
			return &refused[i];
	return NULL;
}

static bool is_ordinary(const struct source *source, size_t offset, uint32_t code)
{
	if ((code >= 0x20 && code < 0x7f) || code == '\n' || code == '\t')
		return true;
	if (code == '\r')
		return source->text[offset + 1] == '\n'; /* the text ends with a NUL */
	return code == 0xfeff && offset == 0;
}

static bool check_size(const struct source *source, struct diagnostics *diagnostics)
{
	if (source->length <= DOCUMENT_SIZE_LIMIT)
		return true;
	diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/size", (struct span){source, 0, 0},
			"the file has %zu bytes; at most %d are allowed", source->length, DOCUMENT_SIZE_LIMIT);
	return false;
}

bool text_check(const struct source *source, struct diagnostics *diagnostics)
{
	bool fine = check_size(source, diagnostics);
	for (size_t i = 0; fine && i < source->length;) {
		uint32_t code;
		if (source->text[i] >= 0x20 && source->text[i] < 0x7f) { /* nearly always */
			i++;
			continue;
		}
		size_t size = utf8_decode(source->text + i, source->length - i, &code);
		if (!size) {
			struct diagnostic *found = diagnostics_add(diagnostics, SEVERITY_ERROR, "yaml/encoding",
								   (struct span){source, i, 1}, "this byte is not UTF-8");
			diagnostic_hint(diagnostics, found, "save the file as UTF-8");
			return false;
		}
		const struct character_class *class = is_ordinary(source, i, code) ? NULL : class_of(code);
		if (class) {
			struct diagnostic *found =
				diagnostics_add(diagnostics, SEVERITY_ERROR, class->rule, (struct span){source, i, size},
						"%s (U+%04X) is not allowed here", class->what, code);
			diagnostic_hint(diagnostics, found, "%s", class->hint);
			return false;
		}
		i += size;
	}
	return fine;
}
