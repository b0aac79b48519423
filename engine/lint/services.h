/*
 * services.h - inside of this folder: in which order a runbook starts services, as far as it can be told without a run. It
 * looks at the document itself: of the other runbooks of a set nothing else is needed, and reading is most of the work.
 */
#pragma once

#include "engine/plugin/plugins.h"

struct started {
	const char *service;
	struct span at; /* the action of the step that starts it */
};

struct started_list {
	struct started *items;
	size_t count, capacity;
};

/* From literal names, and from foreach over a list or over an input's default. Each service once, where it is started first.
 * What is not as a runbook should be is passed over. */
void services_started(struct arena *arena, const struct plugins *plugins, const struct value *document,
		      struct started_list *ret_list);
