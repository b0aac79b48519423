/*
 * source.c - from byte offsets to lines and columns.
 */
#include "engine/base/source.h"

#include "engine/base/utf8.h"

struct location source_locate(const struct source *source, size_t offset)
{
	if (offset > source->length)
		offset = source->length;
	unsigned line = 1;
	size_t line_start = 0;
	for (size_t i = 0; i < offset; i++) {
		if (source->text[i] == '\n') {
			line++;
			line_start = i + 1;
		}
	}
	size_t column = utf8_count(source->text + line_start, offset - line_start) + 1;
	return (struct location){.line = line, .column = (unsigned)column};
}
