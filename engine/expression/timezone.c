/*
 * timezone.c - what a time zone's clocks show: fixed offsets, and names through the system's zoneinfo (TZif, RFC 8536).
 *
 * Reads the files itself: the C library's time zone is one for the whole process. The file is read anew each time; it is small,
 * and whoever asks often pays for it out of the evaluation's budget.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/expression/timezone.h"

#define ZONE_FOLDER	"/usr/share/zoneinfo"
#define ZONE_FILE_LIMIT (1 << 20)
#define HEADER_SIZE	44

/* One half of a TZif file: the header's counts and where its tables begin. */
struct block {
	const unsigned char *data;
	size_t types; /* ttinfo entries */
	size_t transitions;
	size_t size;	  /* bytes, without the header */
	size_t time_size; /* 4 in the first half, 8 in the second */
};

static uint32_t read_u32(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t read_time(const struct block *block, size_t index)
{
	const unsigned char *at = block->data + index * block->time_size;

	return block->time_size == 4 ? (int32_t)read_u32(at) : (int64_t)((uint64_t)read_u32(at) << 32 | read_u32(at + 4));
}

/* The half whose header stands at data; false if it is cut or does not make sense. */
static bool read_block(const unsigned char *data, size_t length, size_t time_size, struct block *ret_block)
{
	size_t utc_count, standard_count, leap_count, name_length;

	if (length < HEADER_SIZE || memcmp(data, "TZif", 4))
		return false;
	utc_count = read_u32(data + 20);
	standard_count = read_u32(data + 24);
	leap_count = read_u32(data + 28);
	name_length = read_u32(data + 40);
	*ret_block = (struct block){
		.data = data + HEADER_SIZE,
		.types = read_u32(data + 36),
		.transitions = read_u32(data + 32),
		.time_size = time_size,
	};
	if (utc_count > length || standard_count > length || leap_count > length || name_length > length ||
	    ret_block->types > length || ret_block->transitions > length || !ret_block->types)
		return false;
	ret_block->size = ret_block->transitions * (time_size + 1) + ret_block->types * 6 + name_length +
			  leap_count * (time_size + 4) + standard_count + utc_count;
	return ret_block->size <= length - HEADER_SIZE;
}

/* The offset that a transition table gives. After its last entry the rule holds, if there is one. */
static bool table_offset(const struct block *block, int64_t time, bool has_rule, int32_t *ret_offset)
{
	const unsigned char *type_of = block->data + block->transitions * block->time_size;
	const unsigned char *types = type_of + block->transitions;
	size_t low = 0, high = block->transitions, type = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (read_time(block, middle) <= time)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == block->transitions && has_rule)
		return false;
	if (low)
		type = type_of[low - 1];
	if (type >= block->types)
		return false;
	*ret_offset = (int32_t)read_u32(types + type * 6);
	return true;
}

static int zone_file_offset(const unsigned char *data, size_t length, int64_t time, int32_t *ret_offset)
{
	struct block block;
	CLEANUP_FREE char *rule = NULL;
	size_t skip;

	if (!read_block(data, length, 4, &block))
		return -1;
	if (data[4] >= '2') { /* the second half has 64-bit times and the rule for what comes after */
		skip = HEADER_SIZE + block.size;
		if (!read_block(data + skip, length - skip, 8, &block))
			return -1;
		skip += HEADER_SIZE + block.size;
		if (length - skip > 2 && data[skip] == '\n' && data[length - 1] == '\n')
			rule = strndup((const char *)data + skip + 1, length - skip - 2);
	}
	if (table_offset(&block, time, rule != NULL, ret_offset))
		return 0;
	return rule ? timezone_rule_offset(rule, time, ret_offset) : -1;
}

/* "Europe/Berlin", but nothing that leads out of the folder. */
static bool is_zone_name(const char *zone)
{
	size_t length = strlen(zone);

	return length && length < 100 && zone[0] != '/' && !strstr(zone, "..") &&
	       strspn(zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") == length;
}

/* "+02:00", "-09:30", "02:00". */
static bool fixed_offset(const char *zone, int32_t *ret_offset)
{
	const char *digits = zone + (*zone == '+' || *zone == '-');
	int hours, minutes;

	if (strlen(digits) != 5 || digits[2] != ':' || strspn(digits, "0123456789") != 2 ||
	    strspn(digits + 3, "0123456789") != 2)
		return false;
	hours = (digits[0] - '0') * 10 + digits[1] - '0';
	minutes = (digits[3] - '0') * 10 + digits[4] - '0';
	*ret_offset = (*zone == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
	return hours < 24 && minutes < 60;
}

int timezone_offset(const char *zone, int64_t time, int32_t *ret_offset)
{
	CLEANUP_FREE char *path = NULL, *data = NULL;
	size_t length;

	if (fixed_offset(zone, ret_offset))
		return 0;
	*ret_offset = 0;
	if (!strcmp(zone, "UTC") || !strcmp(zone, "Z"))
		return 0;
	if (!is_zone_name(zone))
		return -1;
	path = file_join(ZONE_FOLDER, zone);
	if (file_read(path, ZONE_FILE_LIMIT, &data, &length, NULL))
		return -1;
	return zone_file_offset((const unsigned char *)data, length, time, ret_offset);
}
