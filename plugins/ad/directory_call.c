/*
 * directory_call.c - from a call to a connection, and from an error to an answer.
 */
#include "plugins/ad/directory_call.h"

#include <stdarg.h>

#include "engine/base/memory.h"

int directory_open_for(const struct standin_call *call, struct directory *ret_directory, struct error *err)
{
	const struct directory_access access = {
		.domain = standin_input(call, "domain"),
		.server = standin_input(call, "server"),
		.user = standin_input(call, "user"),
		.password = standin_secret(call, "password"),
		.security = standin_input(call, "security"),
	};
	return directory_open(&access, ret_directory, err);
}

static bool is_out_of_reach(const struct error *err)
{
	return err->code == ERROR_CONNECTION || err->code == ERROR_TIMEOUT;
}

json_t *directory_cannot_tell(const struct standin_call *call, const struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	if (err->hint && asprintf(&text, "%s; %s", err->message, err->hint) < 0)
		text = NULL;
	const char *why = text ? text : error_text(err);
	return is_out_of_reach(err) ? standin_unreachable(why) : standin_unobservable(call, why);
}

json_t *directory_refuse(const char *hint, const char *format, ...)
{
	CLEANUP_FREE char *text = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return standin_failed(text ? text : "refused", hint);
}

json_t *directory_not_begun(const struct error *err)
{
	return standin_failed(error_text(err), err->hint);
}

json_t *directory_not_written(const struct directory *directory, const struct error *err)
{
	return directory_in_doubt(directory) ? standin_unknown(error_text(err)) : directory_not_begun(err);
}
