/*
 * services.h - inside of this folder: in which order a runbook starts services, as far as it can be told without a run.
 */
#pragma once

#include "engine/lint/way.h"

struct started {
	const char *service;
	const struct step *step; /* that starts it */
};

struct started_list {
	struct started *items;
	size_t count, capacity;
};

/* From literal names, and from foreach over a list or over an input's default. Each service once, where it is started first. */
void services_started(const struct lint *lint, struct started_list *ret_list);
