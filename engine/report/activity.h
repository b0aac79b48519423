/*
 * activity.h - what is going on in a run at this moment. Internal to report/.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct activity { /* a step that runs, waits for a person, or waits to be tried again. Texts are owned */
	char *step, *name, *host;
	int64_t began; /* time since the run's start */
	int64_t attempt, attempts;
	int64_t percent;  /* -1: not known */
	char *text;	  /* of its last progress */
	int64_t retry_at; /* time since the start; 0: it is not waiting to be tried again */
	char *message;	  /* of a gate; NULL: no person is waited for */
	char *choices;	  /* "[go on] [abort]" */
	int64_t until;	  /* when the gate gives up; 0: never */
	int64_t told;	  /* when its progress was last printed on a pipe */
};

struct activities {
	struct activity *items; /* in the order they began; owned */
	size_t count;
};

struct activity *activities_find(const struct activities *activities,
				 const char *step); /* NULL: none. Valid until the next change */
/* The one that is there, or a new one. */
struct activity *activities_begin(struct activities *activities, const char *step, const char *name, const char *host,
				  int64_t at);
void activities_end(struct activities *activities, const char *step);
/* A step or group that waited to be tried again has begun: "3" waits no longer when "3#2" or "3.1#2" starts. */
void activities_end_retry(struct activities *activities, const char *step);
void activities_clear(struct activities *activities);
void activity_replace(char **text, const char *with); /* with: copied, or NULL */
