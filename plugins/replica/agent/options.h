/*
 * options.h - the command line of standin-agent, as fields: one table in options.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "plugins/replica/source/cycle.h"
#include "plugins/replica/line/pace.h"

#define OPTIONS_SOURCES 64

struct options {	  /* texts are borrowed from the command line; NULL, 0, false: not given */
	const char *home; /* HOME_DEFAULT (home.h) if it is not given */
	const char *set, *state, *root, *store, *rules, *device, *aside, *place;
	struct forest_root sources[OPTIONS_SOURCES];
	size_t source_count;
	uint64_t term; /* from 1 */
	uint64_t count;
	uint64_t keep, point;
	enum cycle_orphans orphans;
	int64_t orphan_age; /* nanoseconds */
	unsigned owners;    /* 1: by name */
	enum compression compression;
	enum consistency consistency;
	const char *quiesce, *thaw;
	int64_t quiesce_limit; /* nanoseconds */
	struct pace_limits limits;
	int64_t progress; /* nanoseconds between lines of progress; -1: none */
	bool consistent, mounted, replace_foreign, dry_run, json, repair, empty, rehash, promoted, from_start;
	char **command; /* what stands behind the options */
};

/* false: an option that is none, or a value that is not what it should be. */
bool options_parse(int argc, char **argv, struct options *ret_options);
