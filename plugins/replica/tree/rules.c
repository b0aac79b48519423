/*
 * rules.c - include and exclude globs over bytes.
 */
#include "plugins/replica/tree/rules.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"

struct rule {
	char *glob;
	bool include;
	bool folders; /* it had a '/' at its end */
	bool whole;   /* matched against the whole path */
};

struct rules {
	struct rule *items;
	size_t count;
};

/* One [...] at *glob, which is moved behind it. Without a closing bracket it is a plain '['. */
static bool class_match(const char **glob, unsigned char c)
{
	const char *at = *glob + 1;
	bool negated = *at == '!' || *at == '^', found = false;
	at += negated;
	for (bool first = true; *at && (first || *at != ']'); first = false, at++) {
		unsigned char low = (unsigned char)*at, high = low;
		if (at[1] == '-' && at[2] && at[2] != ']') {
			high = (unsigned char)at[2];
			at += 2;
		}
		found |= c >= low && c <= high;
	}
	if (!*at) {
		*glob += 1;
		return c == '[';
	}
	*glob = at + 1;
	return c != '/' && found != negated;
}

/* One character of text against the item at *glob, which is moved behind it. Not for stars. */
static bool item_match(const char **glob, char c)
{
	if (**glob == '?') {
		*glob += 1;
		return c != '/';
	}
	if (**glob == '[')
		return class_match(glob, (unsigned char)c);
	if (**glob == '\\' && (*glob)[1])
		*glob += 1;
	return *(*glob)++ == c;
}

/* The last '*' and the last '**' are where to go back to: time is at most the product of the lengths. */
bool glob_match(const char *glob, const char *text)
{
	const char *star = NULL, *star_text = NULL, *far = NULL, *far_text = NULL;
	while (*text) {
		if (glob[0] == '*' && glob[1] == '*') {
			for (; *glob == '*'; glob++)
				;
			if (*glob == '/' && (far_text = text)) { /* a slash after it also stands for no folder at all */
				far = glob + 1;
				glob = far;
				star = NULL;
				continue;
			}
			far = glob;
			far_text = text;
			star = NULL;
			continue;
		}
		if (*glob == '*') {
			star = ++glob;
			star_text = text;
			continue;
		}
		const char *next = glob;
		if (*glob && item_match(&next, *text)) {
			glob = next;
			text++;
			continue;
		}
		if (star && *star_text != '/') {
			glob = star;
			text = ++star_text;
			continue;
		}
		star = NULL;
		if (!far)
			return false;
		bool after_slash = far[-1] == '/';
		if (after_slash) { /* on to behind the next slash */
			far_text = strchr(far_text, '/');
			if (!far_text)
				return false;
		}
		glob = far;
		text = ++far_text;
	}
	for (; *glob == '*'; glob++)
		;
	return !*glob;
}

static int add_rule(struct rules *rules, const char *line, size_t length, unsigned number, struct error *err)
{
	if (length < 3 || (line[0] != '+' && line[0] != '-') || line[1] != ' ') {
		error_set(err, ERROR_INVALID, "line %u of the rules is no rule", number);
		return error_hint(err, "write \"+ GLOB\" for what is in, \"- GLOB\" for what is out");
	}
	char *glob = memory_alloc(length);
	memcpy(glob, line + 2, length - 2);
	size_t end = length - 2;
	bool folders = end > 1 && glob[end - 1] == '/';
	if (folders)
		glob[--end] = '\0';
	bool whole = strchr(glob, '/') != NULL;
	if (glob[0] == '/')
		memmove(glob, glob + 1, end);
	rules->items = memory_resize(rules->items, (rules->count + 1) * sizeof(*rules->items));
	rules->items[rules->count++] =
		(struct rule){.glob = glob, .include = line[0] == '+', .folders = folders, .whole = whole};
	return 0;
}

int rules_parse(const char *text, struct rules **ret_rules, struct error *err)
{
	struct rules *rules = memory_alloc(sizeof(*rules));
	unsigned number = 1;
	for (const char *line = text; *line; number++) {
		size_t length = strcspn(line, "\n");
		if (length && line[0] != '#' && add_rule(rules, line, length, number, err) < 0) {
			rules_free(rules);
			return -1;
		}
		line += length + (line[length] == '\n');
	}
	*ret_rules = rules;
	return 0;
}

void rules_free(struct rules *rules)
{
	if (!rules)
		return;
	for (size_t i = 0; i < rules->count; i++)
		free(rules->items[i].glob);
	free(rules->items);
	free(rules);
}

bool rules_include(const struct rules *rules, const char *path, bool folder, unsigned *ret_rule)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	for (size_t i = 0; rules && i < rules->count; i++) {
		const struct rule *rule = &rules->items[i];
		if ((rule->folders && !folder) || !glob_match(rule->glob, rule->whole ? path : name))
			continue;
		if (ret_rule)
			*ret_rule = (unsigned)i + 1;
		return rule->include;
	}
	if (ret_rule)
		*ret_rule = 0;
	return true;
}
