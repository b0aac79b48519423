/*
 * format.h - a document's text as everybody lays it out: no spaces at line ends, one line end at the end, two spaces a level,
 * the keys of a step in one order. Quotes, line breaks, comments and flow collections stay as they are.
 *
 * What is said never changes: after each change the text is read again, and a change that makes another value of it is not
 * made.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/document/diagnostic.h"

/* -1: it is no document (diagnostics say why), *out is empty. */
int document_format(const struct source *source, struct buffer *out, struct diagnostics *diagnostics);
