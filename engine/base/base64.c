/*
 * base64.c - base64 by table.
 */
#include "engine/base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buffer *out, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	for (size_t i = 0; i < length; i += 3) {
		size_t have = length - i < 3 ? length - i : 3;
		uint32_t group = (uint32_t)bytes[i] << 16;
		if (have > 1)
			group |= (uint32_t)bytes[i + 1] << 8;
		if (have > 2)
			group |= bytes[i + 2];
		char text[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63], have > 1 ? alphabet[group >> 6 & 63] : '=',
				have > 2 ? alphabet[group & 63] : '='};
		buffer_append(out, text, 4);
	}
}

int base64_decode(struct buffer *out, const char *text, size_t length)
{
	uint32_t group = 0;
	unsigned digits = 0, padding = 0; /* of the group that is being read; padding also when it was the last */
	for (size_t i = 0; i < length; i++) {
		if (strchr(" \t\r\n", text[i]) && text[i])
			continue;
		const char *place = text[i] ? strchr(alphabet, text[i]) : NULL;
		if (text[i] == '=' && digits >= 2)
			padding++;
		else if (!place || padding)
			return -1;
		group = group << 6 | (place ? (uint32_t)(place - alphabet) : 0);
		digits += place != NULL;
		if (digits + padding == 4) {
			char bytes[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};
			buffer_append(out, bytes, 3 - padding);
			group = 0;
			digits = 0;
		}
	}
	return digits ? -1 : 0;
}
