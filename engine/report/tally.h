/*
 * tally.h - how much of a run is done: "7/15 steps". Internal to report/.
 *
 * Counted are the steps of the run's outline (groups and rescues apart); a foreach counts as many as its list has items once
 * that is known, and a step that is tried again still counts once. What a group left out when it ended counts as done.
 */
#pragma once

#include <stddef.h>

#include "engine/base/value.h"

struct tally;

struct tally *tally_new(void);
void tally_free(struct tally *tally);
void tally_record(struct tally *tally, const struct value *record);
size_t tally_total(const struct tally *tally); /* 0: no outline */
size_t tally_done(const struct tally *tally);
