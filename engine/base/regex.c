/*
 * regex.c - PCRE2, with its memory in an arena and its work counted.
 *
 * PCRE2's own match limit counts anew for each place at which a match could begin, so it does not bound a search. Automatic
 * callouts count every pattern item that is tried, for the whole search.
 */
#define PCRE2_CODE_UNIT_WIDTH 8

#include "engine/base/regex.h"

#include <pcre2.h>
#include <string.h>

#define NESTING_LIMIT  50 /* parentheses; bounds the stack that compiling takes */
#define HEAP_LIMIT_KIB 16384

struct regex {
	pcre2_code *code;
	size_t group_count;
	const char **group_names;
	uint32_t *group_numbers;
};

struct search {
	uint64_t steps;
};

static void *allocate(size_t size, void *arena)
{
	return arena_alloc(arena, size);
}

static void leave(void *block, void *arena)
{
	(void)block; /* the arena frees it */
	(void)arena;
}

static int compile_failed(int code, size_t offset, struct error *err)
{
	PCRE2_UCHAR message[256];

	if (code == PCRE2_ERROR_TOO_MANY_CAPTURES || pcre2_get_error_message(code, message, sizeof(message)) < 0)
		strcpy((char *)message, "too many groups");
	return error_set(err, ERROR_INVALID, "invalid regular expression: %s (at offset %zu)", (char *)message, offset);
}

/* The name table has rows of two bytes group number, then the name. */
static void read_groups(struct arena *arena, struct regex *regex)
{
	uint32_t count = 0, width = 0;
	PCRE2_SPTR row = NULL;

	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMEENTRYSIZE, &width);
	pcre2_pattern_info(regex->code, PCRE2_INFO_NAMETABLE, &row);
	regex->group_count = count;
	regex->group_names = arena_alloc(arena, count * sizeof(*regex->group_names));
	regex->group_numbers = arena_alloc(arena, count * sizeof(*regex->group_numbers));
	for (uint32_t i = 0; i < count; i++, row += width) {
		regex->group_numbers[i] = (uint32_t)row[0] << 8 | row[1];
		regex->group_names[i] = arena_strdup(arena, (const char *)row + 2);
	}
}

int regex_compile(struct arena *arena, const char *pattern, size_t length, unsigned flags, struct regex **ret_regex,
		  size_t *ret_offset, struct error *err)
{
	uint32_t options =
		PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | PCRE2_AUTO_CALLOUT;
	pcre2_general_context *memory = pcre2_general_context_create(allocate, leave, arena);
	pcre2_compile_context *context = pcre2_compile_context_create(memory);
	struct regex *regex = ARENA_NEW(arena, struct regex);
	size_t offset = 0;
	int code = 0;

	if (ret_offset)
		*ret_offset = 0;
	if (length > REGEX_PATTERN_LIMIT)
		return error_set(err, ERROR_LIMIT, "the regular expression is longer than %d bytes", REGEX_PATTERN_LIMIT);
	options |= flags & REGEX_LINES ? PCRE2_MULTILINE : 0;
	options |= flags & REGEX_CASELESS ? PCRE2_CASELESS : 0;
	pcre2_set_newline(context, flags & REGEX_LINES ? PCRE2_NEWLINE_ANYCRLF : PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(context, NESTING_LIMIT);
	regex->code = pcre2_compile((PCRE2_SPTR)pattern, length, options, &code, &offset, context);
	if (!regex->code) {
		if (ret_offset)
			*ret_offset = offset;
		return compile_failed(code, offset, err);
	}
	read_groups(arena, regex);
	*ret_regex = regex;
	return 0;
}

static int count_step(pcre2_callout_block *block, void *data)
{
	struct search *search = data;

	(void)block;
	return ++search->steps > REGEX_STEP_LIMIT ? PCRE2_ERROR_MATCHLIMIT : 0;
}

static int match_failed(int code, struct error *err)
{
	PCRE2_UCHAR message[256];

	if (code == PCRE2_ERROR_MATCHLIMIT || code == PCRE2_ERROR_DEPTHLIMIT || code == PCRE2_ERROR_HEAPLIMIT) {
		error_set(err, ERROR_LIMIT, "the regular expression was given up: it takes too many steps on this text");
		return error_hint(err, "avoid repeats inside of repeats, such as (a+)+");
	}
	if (pcre2_get_error_message(code, message, sizeof(message)) < 0)
		message[0] = '\0';
	return error_set(err, ERROR_INVALID, "the regular expression failed: %s", (char *)message);
}

static int search(const struct regex *regex, pcre2_match_data *data, const char *text, size_t length, uint64_t *ret_steps,
		  struct error *err)
{
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	struct search state = {0};
	int code;

	pcre2_set_callout(context, count_step, &state);
	pcre2_set_match_limit(context, REGEX_STEP_LIMIT);
	pcre2_set_heap_limit(context, HEAP_LIMIT_KIB);
	code = pcre2_match(regex->code, (PCRE2_SPTR)text, length, 0, 0, data, context);
	pcre2_match_context_free(context);
	if (ret_steps)
		*ret_steps = state.steps;
	if (code == PCRE2_ERROR_NOMATCH)
		return 0;
	return code < 0 ? match_failed(code, err) : 1;
}

int regex_match(const struct regex *regex, const char *text, size_t length, uint64_t *ret_steps, struct error *err)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	int result = search(regex, data, text, length, ret_steps, err);

	pcre2_match_data_free(data);
	return result;
}

int regex_match_groups(const struct regex *regex, const char *text, size_t length, struct arena *arena,
		       const struct value **ret_groups, struct error *err)
{
	pcre2_general_context *memory = pcre2_general_context_create(NULL, NULL, NULL);
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(regex->code, memory);
	int result = search(regex, data, text, length, NULL, err);

	if (result == 1) {
		const PCRE2_SIZE *bounds = pcre2_get_ovector_pointer(data);
		struct value *groups = value_map(arena);

		for (size_t i = 0; i < regex->group_count; i++) {
			size_t start = bounds[2 * regex->group_numbers[i]], end = bounds[2 * regex->group_numbers[i] + 1];

			if (start != PCRE2_UNSET && end >= start)
				value_put(arena, groups, regex->group_names[i],
					  value_string_n(arena, text + start, end - start));
		}
		*ret_groups = groups;
	}
	pcre2_match_data_free(data);
	pcre2_general_context_free(memory);
	return result;
}

size_t regex_group_count(const struct regex *regex)
{
	return regex->group_count;
}

const char *regex_group_name(const struct regex *regex, size_t index)
{
	return regex->group_names[index];
}
