/*
 * lead.h - one session of an enrolled set, from either end: over a channel (channel.h) to the enrolled peer, with what came of
 * it kept in the set's history (history.h).
 */
#pragma once

#include "plugins/replica/agent/home.h"
#include "plugins/replica/result.h"

enum lead_work {
	LEAD_CYCLE,
	LEAD_PLAN, /* what a cycle would do */
	LEAD_VERIFY,
	LEAD_ANEW,   /* the same, but it does not go on where one was interrupted */
	LEAD_LOOK,   /* the same at a replica that was promoted */
	LEAD_REPAIR, /* compare by content, and send what differs */
};

/* Leads one as the source. ERROR_LOCKED: this set's source is at work already. */
int lead_source(const char *home, const struct set *set, enum lead_work work, const struct cycle_events *events,
		struct source_result *ret_result, struct error *err);
/* Serves whoever has connected, if it is the enrolled peer. socket is closed. */
int lead_target(const char *home, const struct set *set, int socket, struct error *err);

/* How long the agent's clock says that this is: a test's hour takes no hour (STANDIN_AGENT_CLOCK, a factor). */
int64_t lead_pace(int64_t nanoseconds);
