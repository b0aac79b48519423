/*
 * sid.h - security identifiers: from the directory's bytes to S-1-5-21-... and their domain.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SID_SIZE 185 /* of the longest text, 15 sub-authorities, with its NUL */

/* false: these bytes are none. */
bool sid_text(const unsigned char *data, size_t length, char ret_text[SID_SIZE]);
size_t sid_length(const unsigned char *data, size_t available); /* 0: it is not whole */
/* Is sid one of the domain whose own is that? S-1-5-21-1-2-3-1103 is of S-1-5-21-1-2-3. */
bool sid_is_of(const char *sid, const char *domain);
