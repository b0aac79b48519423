/*
 * set.h - inside of this folder: what set.c keeps of runbooks that belong together, and orders.c of the services they start.
 */
#pragma once

#include "engine/base/table.h"
#include "engine/lint/lint.h"

struct order { /* in which services are started */
	const char *runbook;
	struct table places; /* service -> its place, from 1 */
};

struct member { /* a file of a folder */
	const char *path;
	const char *runbook; /* its name */
	const char *kind;    /* or NULL */
	bool starts;	     /* its text names an action that starts services */
};

struct lint_set {
	const char *name;   /* the first part: "mail" */
	struct table kinds; /* that there are */
	const struct member **members;
	size_t members_count, members_capacity;
	struct order *orders; /* each different one once; none until lint_set_compare */
	size_t orders_count, orders_capacity;
	bool compared;
};

struct folder {
	const char *path;
	struct member *members;
	size_t count, capacity;
};

struct lint_sets {
	struct arena *arena;
	struct table folders; /* path -> struct folder */
	struct table sets;    /* "FOLDER NAME" -> struct lint_set */
	struct table known;   /* path -> struct lint_started */
	struct lint_set **all;
	size_t count, capacity;
};

void orders_free(struct lint_set *set);
