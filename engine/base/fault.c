/*
 * fault.c - named fault points, read once from the environment.
 */
#include "engine/base/fault.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define POINTS_LIMIT 8
#define KILL	     0 /* no errno */
#define STOP	     (-1)

static struct {
	char name[48];
	long remaining; /* hits until it strikes; 0: spent */
	int errnum;	/* or KILL, STOP */
} points[POINTS_LIMIT];
static int points_count = -1; /* -1: the environment was not read yet */

static void read_environment(void)
{
	points_count = 0;
	const char *text = getenv("STANDIN_FAULT");
	while (text && *text && points_count < POINTS_LIMIT) {
		char what[16] = "";
		if (sscanf(text, "%47[^:]:%ld:%15[^,]", points[points_count].name, &points[points_count].remaining, what) ==
		    3) {
			points[points_count].errnum = strcmp(what, "kill") == 0	  ? KILL
						      : strcmp(what, "stop") == 0 ? STOP
										  : atoi(what);
			points_count++;
		}
		text = strchr(text, ',');
		if (text)
			text++;
	}
}

int fault_hit(const char *point)
{
	if (points_count < 0)
		read_environment();
	int strikes = -1; /* every point counts every hit, also when another one strikes */
	for (int i = 0; i < points_count; i++)
		if (strcmp(points[i].name, point) == 0 && points[i].remaining > 0 && --points[i].remaining == 0)
			strikes = i;
	if (strikes < 0)
		return 0;
	if (points[strikes].errnum == KILL) {
		kill(getpid(), SIGKILL);
		pause();
	}
	if (points[strikes].errnum == STOP)
		kill(getpid(), SIGSTOP);
	return points[strikes].errnum == STOP ? 0 : points[strikes].errnum;
}
