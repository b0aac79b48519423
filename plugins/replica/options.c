/*
 * options.c - options by a table: name, kind, field.
 */
#include "plugins/replica/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>

#include "engine/base/memory.h"

enum kind { TEXT, NUMBER, FLAG };

static const struct {
	const char *name;
	enum kind kind;
	size_t field;
} options[] = {
	{"set", TEXT, offsetof(struct options, set)},
	{"state", TEXT, offsetof(struct options, state)},
	{"root", TEXT, offsetof(struct options, root)},
	{"store", TEXT, offsetof(struct options, store)},
	{"device", TEXT, offsetof(struct options, device)},
	{"rules", TEXT, offsetof(struct options, rules)},
	{"term", NUMBER, offsetof(struct options, term)},
	{"consistent", FLAG, offsetof(struct options, consistent)},
	{"mounted", FLAG, offsetof(struct options, mounted)},
	{"replace-foreign", FLAG, offsetof(struct options, replace_foreign)},
};

static bool parse_number(const char *text, uint64_t *ret_number)
{
	char *end;
	errno = 0;
	*ret_number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && !errno;
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
	case FLAG:
		*(bool *)field = true;
	}
	return true;
}

bool options_parse(int argc, char **argv, struct options *ret_options)
{
	struct option known[COUNT_OF(options) + 1] = {0};
	for (size_t i = 0; i < COUNT_OF(options); i++)
		known[i] = (struct option){.name = options[i].name, .has_arg = options[i].kind != FLAG};
	for (int index = 0, got; (got = getopt_long(argc, argv, "+", known, &index)) != -1;)
		if (got || !set_field((size_t)index, optarg, ret_options))
			return false;
	ret_options->command = argv + optind;
	return true;
}
