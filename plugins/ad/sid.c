/*
 * sid.c - [revision, count, authority (6, big endian), sub-authorities (4 each, little endian)]
 */
#include "plugins/ad/sid.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define HEAD	   8
#define SUBS_LIMIT 15

size_t sid_length(const unsigned char *data, size_t available)
{
	if (available < HEAD || data[0] != 1 || data[1] > SUBS_LIMIT)
		return 0;
	size_t length = HEAD + 4u * data[1];
	return length <= available ? length : 0;
}

bool sid_text(const unsigned char *data, size_t length, char ret_text[SID_SIZE])
{
	uint64_t authority = 0;
	if (length < HEAD || sid_length(data, length) != length)
		return false;
	for (int i = 2; i < HEAD; i++)
		authority = authority << 8 | data[i];
	int end = snprintf(ret_text, SID_SIZE, "S-1-%" PRIu64, authority);
	for (const unsigned char *sub = data + HEAD; sub < data + length; sub += 4)
		end += snprintf(ret_text + end, SID_SIZE - (size_t)end, "-%" PRIu32,
				(uint32_t)(sub[0] | sub[1] << 8 | sub[2] << 16 | (uint32_t)sub[3] << 24));
	return true;
}

bool sid_is_of(const char *sid, const char *domain)
{
	size_t length = strlen(domain);
	return strncmp(sid, domain, length) == 0 && sid[length] == '-' && sid[length + 1] && !strchr(sid + length + 1, '-');
}
