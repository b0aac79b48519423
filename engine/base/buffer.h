/*
 * buffer.h - bytes that grow. Always NUL-terminated behind the last byte, so that data can be read as a C string.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct buffer {
	char *data;	 /* owned; NULL while empty */
	size_t length;	 /* bytes in use, without the NUL */
	size_t capacity; /* bytes allocated */
};

void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_add(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);
void buffer_printf(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buffer_vprintf(struct buffer *buffer, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
void buffer_consume(struct buffer *buffer, size_t length); /* drop bytes from the front */
void buffer_reset(struct buffer *buffer);		   /* empty, memory kept */
void buffer_free(struct buffer *buffer);
char *buffer_take(struct buffer *buffer); /* the bytes as a malloc'ed string (never NULL); the buffer is empty after */
const char *buffer_text(const struct buffer *buffer); /* never NULL */

#define CLEANUP_BUFFER __attribute__((cleanup(buffer_free)))
