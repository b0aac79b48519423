/*
 * step_key.c - see step_key.h.
 */
#include "engine/journal/step_key.h"

#include <string.h>

#include "engine/base/memory.h"

char *plain_key(const char *key)
{
	static const char rescued[] = ".rescued";
	char *plain = memory_strdup(key), *to = plain;
	for (const char *from = key; *from;) {
		if (*from == '#')
			from += 1 + strspn(from + 1, "0123456789");
		else if (strncmp(from, rescued, strlen(rescued)) == 0)
			from += strlen(rescued);
		else
			*to++ = *from++;
	}
	*to = '\0';
	return plain;
}

char *key_without_rounds(const char *key)
{
	char *plain = memory_strdup(key), *to = plain;
	for (const char *from = key; *from; from++) {
		if (*from == '[')
			from += strcspn(from, "]");
		else
			*to++ = *from;
	}
	*to = '\0';
	return plain;
}
