/*
 * directory_call.h - what every action that works on a directory does with its call: opening a connection from its inputs
 * (domain, server, user, password, security), and answering. It knows nothing of what is read or written there.
 *
 * With directory.h it is the directory code of all plugins: plugins/exchange is linked with these two as well.
 */
#pragma once

#include "engine/plugin/standin_plugin.h"
#include "plugins/ad/directory.h"

int directory_open_for(const struct standin_call *call, struct directory *ret_directory, struct error *err);

/* The answer to an observation that could not be made; out of reach is told from all other reasons. */
json_t *directory_cannot_tell(const struct standin_call *call, const struct error *err);

/* Answers to an apply: before the first write, and after one, where what is in doubt must be looked at and is not told as a
 * failure. */
json_t *directory_not_begun(const struct error *err);
json_t *directory_not_written(const struct directory *directory, const struct error *err);
json_t *directory_refuse(const char *hint, const char *format, ...) __attribute__((format(printf, 2, 3)));
