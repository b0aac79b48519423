/*
 * pace.c - limits by the time of day.
 */
#include "plugins/replica/line/pace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/clock.h"

#define PIECE (64u * 1024) /* bytes that are written at once */

/* --- texts --- */

static bool take_time(const char **at, unsigned *ret_minute)
{
	unsigned hours, minutes;
	int used = 0;
	if (sscanf(*at, "%2u:%2u%n", &hours, &minutes, &used) != 2 || used != 5 || minutes > 59 ||
	    hours * 60 + minutes > 24 * 60)
		return false;
	*ret_minute = hours * 60 + minutes;
	*at += used;
	return true;
}

static bool take_rate(const char **at, uint64_t *ret_rate)
{
	static const char units[] = "KMG";
	char *end;
	if (**at < '0' || **at > '9')
		return false;
	errno = 0;
	*ret_rate = strtoull(*at, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	if (errno || !*ret_rate || *ret_rate > (UINT64_C(1) << 40) >> shift)
		return false;
	*ret_rate <<= shift;
	*at = end + (unit != NULL);
	return true;
}

static bool take_limit(const char **at, struct pace_limits *limits)
{
	if (limits->count == PACE_LIMITS)
		return false;
	unsigned from = 0, to = 0;
	*at += strspn(*at, " ");
	if (strlen(*at) > 5 && (*at)[2] == ':') {
		if (!take_time(at, &from) || *(*at)++ != '-' || !take_time(at, &to) || *(*at)++ != ' ')
			return false;
		*at += strspn(*at, " ");
	}
	limits->items[limits->count].from = from;
	limits->items[limits->count].to = to;
	if (!take_rate(at, &limits->items[limits->count].rate))
		return false;
	limits->count++;
	*at += strspn(*at, " ");
	return true;
}

int pace_parse(const char *text, struct pace_limits *ret_limits, struct error *err)
{
	struct pace_limits limits = {.count = 0};
	const char *at = text;
	bool good = take_limit(&at, &limits);
	while (good && *at == ',') {
		at++;
		good = take_limit(&at, &limits);
	}
	if (!good || *at) {
		error_set(err, ERROR_INVALID, "\"%s\" is no limit of bandwidth, from its byte %zu on", text,
			  (size_t)(at - text) + 1);
		return error_hint(
			err, "write a rate in bytes a second (500K, 10M), or rates by time: 08:00-18:00 1M, 18:00-08:00 20M");
	}
	*ret_limits = limits;
	return 0;
}

uint64_t pace_rate(const struct pace_limits *limits, unsigned minute)
{
	for (size_t i = 0; i < limits->count; i++) {
		unsigned from = limits->items[i].from, to = limits->items[i].to;
		bool matches = from == to || (from < to ? minute >= from && minute < to : minute >= from || minute < to);
		if (matches)
			return limits->items[i].rate;
	}
	return 0;
}

/* --- the stream --- */

static unsigned minute_of_day(void)
{
	time_t now = time(NULL);
	struct tm local;
	localtime_r(&now, &local);
	return (unsigned)local.tm_hour * 60 + (unsigned)local.tm_min;
}

static void sleep_for(int64_t nanoseconds)
{
	struct timespec left = {.tv_sec = nanoseconds / NSEC_PER_SEC, .tv_nsec = nanoseconds % NSEC_PER_SEC};
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* Tokens that have come since, at this rate, which gives `size` of them at most. */
static void fill(struct paced *paced, uint64_t rate, uint64_t size)
{
	int64_t now = paced->clock.now(), elapsed = now - paced->filled;
	if (!paced->filled || elapsed >= NSEC_PER_SEC)
		paced->tokens = size;
	else
		paced->tokens += (uint64_t)elapsed * rate / (uint64_t)NSEC_PER_SEC;
	if (paced->tokens > size)
		paced->tokens = size;
	paced->filled = now;
}

/* Waits until `length` bytes may go; at most PIECE. */
static void wait_for(struct paced *paced, size_t length)
{
	for (;;) {
		uint64_t rate = pace_rate(paced->limits, paced->clock.minute());
		if (!rate)
			return;
		fill(paced, rate, rate / 4 > length ? rate / 4 : length);
		if (paced->tokens >= length) {
			paced->tokens -= length;
			return;
		}
		/* not longer than a second at a time: the limit may become another */
		double seconds = (double)(length - paced->tokens) / (double)rate;
		paced->clock.sleep(seconds >= 0.9 ? 9 * NSEC_PER_SEC / 10 : (int64_t)(seconds * (double)NSEC_PER_SEC) + 1);
	}
}

static int write_paced(struct stream *stream, const void *data, size_t length, struct error *err)
{
	struct paced *paced = (struct paced *)stream;
	int result = 0;
	for (size_t done = 0, some; result == 0 && done < length; done += some) {
		some = length - done < PIECE ? length - done : PIECE;
		wait_for(paced, some);
		result = paced->inner->write(paced->inner, (const char *)data + done, some, err);
	}
	stream->bytes_out = paced->inner->bytes_out;
	return result;
}

static ssize_t read_paced(struct stream *stream, void *data, size_t limit, struct error *err)
{
	struct paced *paced = (struct paced *)stream;
	ssize_t got = paced->inner->read(paced->inner, data, limit, err);
	stream->bytes_in = paced->inner->bytes_in;
	return got;
}

void paced_init(struct paced *ret_paced, struct stream *inner, const struct pace_limits *limits, const struct pace_clock *clock)
{
	*ret_paced = (struct paced){.stream = *inner, .inner = inner, .limits = limits};
	ret_paced->stream.read = read_paced;
	ret_paced->stream.write = write_paced;
	if (clock)
		ret_paced->clock = *clock;
	if (!ret_paced->clock.now)
		ret_paced->clock.now = clock_boottime;
	if (!ret_paced->clock.minute)
		ret_paced->clock.minute = minute_of_day;
	if (!ret_paced->clock.sleep)
		ret_paced->clock.sleep = sleep_for;
}
