/*
 * utf8.c - UTF-8 decoding, repair and safe display.
 */
#include "engine/base/utf8.h"

#include <string.h>

#include "engine/base/memory.h"

size_t utf8_decode(const char *text, size_t length, uint32_t *ret_code)
{
	const unsigned char *bytes = (const unsigned char *)text;
	if (!length)
		return 0;
	if (bytes[0] < 0x80) {
		*ret_code = bytes[0];
		return 1;
	}
	size_t size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	if (bytes[0] < 0xc2 || bytes[0] > 0xf4 || size > length)
		return 0;
	uint32_t code = bytes[0] & (0x7fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3f);
	}
	if (code < smallest[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return size;
}

size_t utf8_encode(uint32_t code, char ret_text[4])
{
	if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	if (code < 0x80) {
		ret_text[0] = (char)code;
		return 1;
	}
	size_t size = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	static const unsigned char marks[] = {0, 0, 0xc0, 0xe0, 0xf0};
	for (size_t i = size - 1; i > 0; i--) {
		ret_text[i] = (char)(0x80 | (code & 0x3f));
		code >>= 6;
	}
	ret_text[0] = (char)(marks[size] | code);
	return size;
}

bool utf8_valid(const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		uint32_t code;
		size_t size = utf8_decode(text + i, length - i, &code);
		if (!size)
			return false;
		i += size;
	}
	return true;
}

size_t utf8_count(const char *text, size_t length)
{
	size_t count = 0;
	for (size_t i = 0; i < length; count++) {
		uint32_t code;
		size_t size = utf8_decode(text + i, length - i, &code);
		i += size ? size : 1;
	}
	return count;
}

struct range {
	uint32_t first, last;
};

static bool in_ranges(uint32_t code, const struct range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return true;
	return false;
}

static const struct range combining[] = {
	{0x300, 0x36f},	  {0x483, 0x489},   {0x591, 0x5bd},   {0x610, 0x61a},	{0x64b, 0x65f},	  {0x1ab0, 0x1aff},
	{0x1dc0, 0x1dff}, {0x200b, 0x200d}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f},
};
static const struct range wide[] = {
	{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3},	  {0xf900, 0xfaff},
	{0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};
/* Characters that change what others look like: controls, bidirectional marks, separators, the byte order mark. */
static const struct range harmful[] = {
	{0x00, 0x1f},	  {0x7f, 0x9f},	    {0x61c, 0x61c},   {0x200e, 0x200f},
	{0x2028, 0x202e}, {0x2066, 0x2069}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f},
};

size_t utf8_width(const char *text, size_t length)
{
	size_t width = 0;
	for (size_t i = 0; i < length;) {
		uint32_t code = 0;
		size_t size = utf8_decode(text + i, length - i, &code);
		if (!size || !in_ranges(code, combining, COUNT_OF(combining)))
			width += size && in_ranges(code, wide, COUNT_OF(wide)) ? 2 : 1;
		i += size ? size : 1;
	}
	return width;
}

void utf8_append_repaired(struct buffer *out, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		uint32_t code;
		size_t size = utf8_decode(text + i, length - i, &code);
		if (size)
			buffer_append(out, text + i, size);
		else
			buffer_add(out, "\xef\xbf\xbd");
		i += size ? size : 1;
	}
}

bool utf8_is_printable(uint32_t code)
{
	return !in_ranges(code, harmful, COUNT_OF(harmful));
}

void utf8_append_printable(struct buffer *out, const char *text, size_t length, bool keep_lines)
{
	for (size_t i = 0; i < length;) {
		uint32_t code = 0;
		size_t size = utf8_decode(text + i, length - i, &code);
		bool line = keep_lines && (text[i] == '\n' || text[i] == '\t');
		if (!size)
			buffer_printf(out, "\\x%02x", (unsigned char)text[i]);
		else if (line || utf8_is_printable(code))
			buffer_append(out, text + i, size);
		else if (code == '\n')
			buffer_add(out, "\\n");
		else if (code == '\t')
			buffer_add(out, "\\t");
		else
			buffer_printf(out, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
		i += size ? size : 1;
	}
}
