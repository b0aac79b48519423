/*
 * buffer.c - growing byte buffers.
 */
#include "engine/base/buffer.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/memory.h"

static void reserve(struct buffer *buffer, size_t more)
{
	size_t needed = buffer->length + more + 1;
	if (needed <= buffer->capacity)
		return;
	size_t larger = buffer->capacity ? buffer->capacity : 64;
	while (larger < needed)
		larger *= 2;
	buffer->data = memory_resize(buffer->data, larger);
	buffer->capacity = larger;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
	reserve(buffer, length);
	if (length)
		memcpy(buffer->data + buffer->length, data, length);
	buffer->length += length;
	buffer->data[buffer->length] = '\0';
}

void buffer_add(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char c)
{
	buffer_append(buffer, &c, 1);
}

void buffer_vprintf(struct buffer *buffer, const char *format, va_list args)
{
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	if (length > 0) {
		reserve(buffer, (size_t)length);
		vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, again);
		buffer->length += (size_t)length;
	}
	va_end(again);
}

void buffer_printf(struct buffer *buffer, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	buffer_vprintf(buffer, format, args);
	va_end(args);
}

void buffer_consume(struct buffer *buffer, size_t length)
{
	if (length >= buffer->length) {
		buffer_reset(buffer);
		return;
	}
	memmove(buffer->data, buffer->data + length, buffer->length - length + 1);
	buffer->length -= length;
}

void buffer_reset(struct buffer *buffer)
{
	buffer->length = 0;
	if (buffer->data)
		buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){0};
}

char *buffer_take(struct buffer *buffer)
{
	char *data = buffer->data ? buffer->data : memory_strdup("");
	*buffer = (struct buffer){0};
	return data;
}

const char *buffer_text(const struct buffer *buffer)
{
	return buffer->data ? buffer->data : "";
}
