/*
 * verification.h - a verify that goes on where it was interrupted: which one is under way, since when, and how far it came.
 *
 *     STATE/verify       "work began": removed when all was compared
 *     STATE/preread.*    what this end has read for it (unfinished.h); the target keeps the same for its tree
 *
 * It goes on over later points, too: what counts is whether an object still has the key that it was read with. After
 * VERIFICATION_AGE, or if that is asked for, it begins from the start.
 */
#pragma once

#include "plugins/replica/source/believe.h"
#include "plugins/replica/result.h"

#define VERIFICATION_AGE (7 * 24 * 3600 * NSEC_PER_SEC)

/* For a target that can go on, too; else nothing is kept. */
int verification_begin(struct session *session, struct error *err);
/* What the listings began with, into the result: continued.begun stays 0 if all was read in this session. */
void verification_tell(const struct session *session, struct source_result *result);
void verification_end(struct session *session);
