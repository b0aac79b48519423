/*
 * timezone.h - the offset from UTC, in seconds, that holds at a time (seconds since 1970, UTC).
 */
#pragma once

#include <stdint.h>

/* zone: "Europe/Berlin", "UTC", "+02:00", "02:00", "-09:30". -1 if there is no such zone. */
int timezone_offset(const char *zone, int64_t time, int32_t *ret_offset);

/* As a POSIX TZ rule says: "CET-1CEST,M3.5.0,M10.5.0/3". -1 if it is none. timezone_rule.c */
int timezone_rule_offset(const char *rule, int64_t time, int32_t *ret_offset);
