/*
 * step_key.h - the names of step instances in records: `3#2.1[0]` is the first round of the first step of group 3, in the
 * group's second attempt; `.rescued` is the walk after a rescue.
 */
#pragma once

/* Without the attempts of its groups, and without the walk after a rescue: where it stands. malloc'ed. */
char *plain_key(const char *key);
/* Without the rounds of a foreach: 5.1 of 5.1[0]. malloc'ed. */
char *key_without_rounds(const char *key);
