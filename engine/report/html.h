/*
 * html.h - text into HTML: whatever stands in a journal stays text. Internal to report/.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/report/page.h"

/* Made printable first (no control, no bidirectional character), then escaped. NULL is nothing. Newlines stay. */
void html_text(struct buffer *out, const char *text);
/* The format's own text is HTML; each argument of %s is text, and escaped. */
void html_putf(struct buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *html_class(enum ink ink); /* as run_html.css names it */
