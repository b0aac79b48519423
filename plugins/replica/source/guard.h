/*
 * guard.h - what a source makes sure of before it sends anything: that it reads what is meant, and not its own replica.
 */
#pragma once

#include "plugins/replica/session.h"

/* What is protected is mounted, if that is demanded. */
int guard_mounted(const struct source *source, struct error *err);
/* The store is not in what is replicated (unless a rule has it out), nor the other way round. */
int guard_apart(const struct source *source, const struct welcome *welcome, struct error *err);
