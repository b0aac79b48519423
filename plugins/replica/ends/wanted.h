/*
 * wanted.h - what each end of a replication set is told: its set.json (plugins/replica/README.md), made of the set as the
 * engine gives it (engine/runbook/replica.h).
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

enum end { END_SOURCE, END_TARGET, ENDS };

const char *end_name(enum end end); /* "source", "target" */
enum end end_other(enum end end);

/* New reference. own: the address at which this end's peer is found; peer_certificate: PEM. */
json_t *wanted_set(const json_t *set, enum end end, json_int_t term, const char *peer_address, const char *peer_certificate);
/* Is it told the same, whatever the order of keys? A key that one of them leaves out is null. */
bool wanted_same(const json_t *a, const json_t *b);
