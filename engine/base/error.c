/*
 * error.c - filling, wrapping and freeing of struct error.
 */
#include "engine/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/memory.h"

__attribute__((format(printf, 1, 0))) static char *format_text(const char *format, va_list args)
{
	char *text = NULL;
	return vasprintf(&text, format, args) < 0 ? memory_strdup(format) : text;
}

int error_set(struct error *err, enum error_code code, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	char *message = format_text(format, args);
	va_end(args);
	error_clear(err);
	err->code = code;
	err->message = message;
	return -1;
}

int error_set_errno(struct error *err, int errnum, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	CLEANUP_FREE char *what = format_text(format, args);
	va_end(args);
	enum error_code code = errnum == ENOENT ? ERROR_NOT_FOUND : ERROR_IO;
	error_set(err, code, "%s: %s", what, strerror(errnum));
	if (errnum == ENOSPC || errnum == EDQUOT)
		error_hint(err, "free space on this file system, then go on");
	return -1;
}

int error_wrap(struct error *err, const char *format, ...)
{
	if (!err || err->code == ERROR_OK)
		return -1;
	va_list args;
	va_start(args, format);
	CLEANUP_FREE char *context = format_text(format, args);
	va_end(args);
	char *message = memory_printf("%s: %s", context, error_text(err));
	free(err->message);
	err->message = message;
	return -1;
}

int error_hint(struct error *err, const char *format, ...)
{
	if (!err || err->hint)
		return -1;
	va_list args;
	va_start(args, format);
	err->hint = format_text(format, args);
	va_end(args);
	return -1;
}

void error_clear(struct error *err)
{
	free(err->message);
	free(err->hint);
	*err = ERROR_NONE;
}

void error_move(struct error *to, struct error *from)
{
	if (to) {
		error_clear(to);
		*to = *from;
		*from = ERROR_NONE;
	} else {
		error_clear(from);
	}
}

const char *error_text(const struct error *err)
{
	return err && err->message ? err->message : "";
}

const char *error_code_name(enum error_code code)
{
	static const char *const names[] = {
		[ERROR_OK] = "ok",
		[ERROR_INVALID] = "invalid",
		[ERROR_NOT_FOUND] = "not_found",
		[ERROR_IO] = "io",
		[ERROR_CONNECTION] = "connection",
		[ERROR_IDENTITY] = "identity_mismatch",
		[ERROR_TIMEOUT] = "timeout",
		[ERROR_CONFLICT] = "conflict",
		[ERROR_LOCKED] = "locked",
		[ERROR_CANCELLED] = "cancelled",
		[ERROR_CORRUPT] = "corrupt",
		[ERROR_LIMIT] = "limit",
		[ERROR_FAILED] = "failed",
		[ERROR_REFUSED] = "refused",
	};
	return code < COUNT_OF(names) && names[code] ? names[code] : "unknown";
}
