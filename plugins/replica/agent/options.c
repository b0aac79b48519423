/*
 * options.c - options by a table: name, kind, field.
 */
#include "plugins/replica/agent/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"
#include "plugins/replica/agent/home.h"

enum kind { TEXT, NUMBER, FLAG, DURATION, CHOICE, CONSISTENCY, LIMITS, SOURCE, PLACE };

static const char *const orphans[] = {[ORPHANS_DELETE] = "delete", [ORPHANS_KEEP] = "keep", [ORPHANS_MOVE] = "move", NULL};
static const char *const owners[] = {"id", "name", NULL};
static const char *const compressions[] = {
	[COMPRESSION_AUTO] = "auto", [COMPRESSION_ZSTD] = "zstd", [COMPRESSION_NONE] = "none", NULL};

#define FIELD(name) offsetof(struct options, name)

static const struct {
	const char *name;
	enum kind kind;
	size_t field;
	const char *const *choices; /* NULL at the end; the field is an enum, with these names */
} options[] = {
	{"home", TEXT, FIELD(home), NULL},
	{"set", TEXT, FIELD(set), NULL},
	{"state", TEXT, FIELD(state), NULL},
	{"root", TEXT, FIELD(root), NULL},
	{"source", SOURCE, 0, NULL},
	{"at", PLACE, 0, NULL}, /* of the source before it */
	{"store", TEXT, FIELD(store), NULL},
	{"device", TEXT, FIELD(device), NULL},
	{"aside", TEXT, FIELD(aside), NULL},
	{"place", TEXT, FIELD(place), NULL},
	{"rules", TEXT, FIELD(rules), NULL},
	{"term", NUMBER, FIELD(term), NULL},
	{"count", NUMBER, FIELD(count), NULL},
	{"keep", NUMBER, FIELD(keep), NULL},
	{"point", NUMBER, FIELD(point), NULL},
	{"orphans", CHOICE, FIELD(orphans), orphans},
	{"orphan-age", DURATION, FIELD(orphan_age), NULL},
	{"consistent", FLAG, FIELD(consistent), NULL},
	{"owners", CHOICE, FIELD(owners), owners},
	{"compression", CHOICE, FIELD(compression), compressions},
	{"consistency", CONSISTENCY, FIELD(consistency), NULL},
	{"quiesce", TEXT, FIELD(quiesce), NULL},
	{"thaw", TEXT, FIELD(thaw), NULL},
	{"quiesce-limit", DURATION, FIELD(quiesce_limit), NULL},
	{"limit", LIMITS, FIELD(limits), NULL},
	{"progress", DURATION, FIELD(progress), NULL},
	{"dry-run", FLAG, FIELD(dry_run), NULL},
	{"json", FLAG, FIELD(json), NULL},
	{"repair", FLAG, FIELD(repair), NULL},
	{"from-start", FLAG, FIELD(from_start), NULL},
	{"empty", FLAG, FIELD(empty), NULL},
	{"rehash", FLAG, FIELD(rehash), NULL},
	{"promoted", FLAG, FIELD(promoted), NULL},
	{"mounted", FLAG, FIELD(mounted), NULL},
	{"replace-foreign", FLAG, FIELD(replace_foreign), NULL},
};

static bool parse_number(const char *text, uint64_t *ret_number)
{
	char *end;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
}

static bool parse_choice(const char *const *choices, const char *text, unsigned *ret_choice)
{
	for (unsigned i = 0; choices[i]; i++)
		if (strcmp(choices[i], text) == 0) {
			*ret_choice = i;
			return true;
		}
	return false;
}

static bool add_source(const char *path, struct options *ret_options)
{
	if (ret_options->source_count == OPTIONS_SOURCES)
		return false;
	ret_options->sources[ret_options->source_count++].path = path;
	return true;
}

static bool set_place(const char *place, struct options *ret_options)
{
	if (!ret_options->source_count)
		return false;
	ret_options->sources[ret_options->source_count - 1].place = place;
	return true;
}

static bool set_field(size_t option, char *value, struct options *ret_options)
{
	char *field = (char *)ret_options + options[option].field;
	switch (options[option].kind) {
	case TEXT:
		*(const char **)field = value;
		return true;
	case NUMBER:
		return parse_number(value, (uint64_t *)field);
	case DURATION:
		return duration_parse(value, (int64_t *)field, NULL) == 0;
	case CHOICE:
		return parse_choice(options[option].choices, value, (unsigned *)field);
	case CONSISTENCY:
		return consistency_parse(value, (enum consistency *)field) == 0;
	case LIMITS:
		return pace_parse(value, (struct pace_limits *)field, NULL) == 0;
	case SOURCE:
		return add_source(value, ret_options);
	case PLACE:
		return set_place(value, ret_options);
	case FLAG:
		*(bool *)field = true;
	}
	return true;
}

bool options_parse(int argc, char **argv, struct options *ret_options)
{
	ret_options->progress = -1;
	ret_options->home = HOME_DEFAULT;
	struct option known[COUNT_OF(options) + 1] = {0};
	for (size_t i = 0; i < COUNT_OF(options); i++)
		known[i] = (struct option){.name = options[i].name, .has_arg = options[i].kind != FLAG};
	for (int index = 0, got; (got = getopt_long(argc, argv, "+", known, &index)) != -1;)
		if (got || !set_field((size_t)index, optarg, ret_options))
			return false;
	ret_options->command = argv + optind;
	return true;
}
