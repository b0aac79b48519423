/*
 * since.c - see since.h.
 */
#include "engine/report/since.h"

#include <stdio.h>
#include <string.h>

#include "engine/base/clock.h"

struct since_clock since_clock = {clock_wall, clock_boottime, clock_boot_id};

static bool same_boot(const struct since *since, const char *boot)
{
	return boot && since->boot[0] && strncmp(since->boot, boot, sizeof(since->boot) - 1) == 0;
}

static int64_t after_start(const struct since *since, int64_t wall)
{
	return wall > since->wall ? wall - since->wall : 0;
}

int64_t since_record(struct since *since, const struct value *record)
{
	const char *boot = value_get_text(record, "boot"), *text = value_get_text(record, "wall");
	int64_t up = value_get_int(record, "up", 0), wall = since->wall;
	bool dated = text && clock_parse_wall(text, &wall) == 0;
	if (!since->begun) {
		since->begun = true;
		since->wall = wall;
	}
	int64_t at = dated ? after_start(since, wall) : since->latest;
	if (same_boot(since, boot)) {
		at = since->at + up - since->up;
	} else if (boot) {
		snprintf(since->boot, sizeof(since->boot), "%s", boot);
		since->at = at;
		since->up = up;
	}
	if (at > since->latest)
		since->latest = at;
	return since->latest;
}

int64_t since_now(const struct since *since)
{
	int64_t now = same_boot(since, since_clock.boot_id()) ? since->at + since_clock.boottime() - since->up
							      : after_start(since, since_clock.wall());
	return now > since->latest ? now : since->latest;
}

void since_format(int64_t nanoseconds, char ret_text[SINCE_TEXT_SIZE])
{
	long long tenths = nanoseconds / (NSEC_PER_SEC / 10), seconds = tenths / 10;
	if (seconds < 3600)
		snprintf(ret_text, SINCE_TEXT_SIZE, "%02lld:%02lld.%lld", seconds / 60, seconds % 60, tenths % 10);
	else
		snprintf(ret_text, SINCE_TEXT_SIZE, "%lld:%02lld:%02lld.%lld", seconds / 3600, seconds / 60 % 60, seconds % 60,
			 tenths % 10);
}
