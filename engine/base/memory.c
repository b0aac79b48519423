/*
 * memory.c - allocation that cannot fail.
 */
#include "engine/base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *check(void *block)
{
	if (!block) {
		static const char text[] = "standin: out of memory; the journal is intact, resume the run\n";
		if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0) {
			/* nothing is left to say it with */
		}
		abort();
	}
	return block;
}

void *memory_alloc(size_t size)
{
	return check(calloc(1, size ? size : 1));
}

void *memory_resize(void *block, size_t size)
{
	return check(realloc(block, size ? size : 1));
}

void *memory_copy(const void *block, size_t size)
{
	void *copy = memory_resize(NULL, size);
	return size ? memcpy(copy, block, size) : copy;
}

char *memory_strdup(const char *text)
{
	return text ? check(strdup(text)) : NULL;
}

char *memory_printf(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = NULL;
	int length = vasprintf(&text, format, args);
	va_end(args);
	return check(length < 0 ? NULL : text);
}
