/*
 * step_diff_test.c - which steps belong together, what moved, what changed.
 */
#include "engine/library/step_diff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/document/document.h"

static const struct value *parse(struct arena *arena, const char *text)
{
	struct diagnostics diagnostics;
	const struct value *document;
	diagnostics_init(&diagnostics, arena);
	if (document_parse(arena, document_source(arena, "r.yaml", text, strlen(text)), &document, &diagnostics) < 0)
		fail_msg("%s", diagnostics.items[0].message);
	return document;
}

/* One line a step: "+ KEY WHAT", "~ KEY WHAT field: before -> after". */
static const char *told(struct arena *arena, const char *before, const char *after)
{
	const struct value *diff = step_diff(arena, parse(arena, before), parse(arena, after));
	struct buffer out = {0};
	const struct value *lists[] = {value_get(diff, "fields"), value_get(diff, "steps")};
	for (size_t i = 0; i < lists[0]->list.count; i++)
		buffer_printf(&out, "%s: %s -> %s\n", value_get_text(lists[0]->list.items[i], "field"),
			      json_text(arena, value_get(lists[0]->list.items[i], "before")),
			      json_text(arena, value_get(lists[0]->list.items[i], "after")));
	for (size_t i = 0; i < lists[1]->list.count; i++) {
		const struct value *step = lists[1]->list.items[i], *fields = value_get(step, "fields");
		const char *was = value_get_text(step, "before"), *is = value_get_text(step, "after");
		bool both = was && is;
		buffer_printf(&out, "%s %s%s%s", value_get_text(step, "change"), was ? was : "", both ? " -> " : "",
			      is ? is : "");
		for (size_t f = 0; both && f < fields->list.count; f++)
			buffer_printf(&out, ", %s: %s -> %s", value_get_text(fields->list.items[f], "field"),
				      json_text(arena, value_get(fields->list.items[f], "before")),
				      json_text(arena, value_get(fields->list.items[f], "after")));
		buffer_add(&out, "\n");
	}
	const char *text = arena_strdup(arena, buffer_text(&out));
	buffer_free(&out);
	return text;
}

static const struct {
	const char *name, *before, *after, *expected;
} cases[] = {
	{"layout, comments and the order of keys do not count", "steps: [{uses: a.b, host: x, with: {p: 1, q: 2}}]",
	 "# a comment\nsteps:\n  - host: x\n    uses: a.b\n    with: {q: 2, p: 1}\n", ""},
	{"a field, deep inside", "steps: [{uses: a.b, retry: {attempts: 3, delay: 1s}}]",
	 "steps: [{uses: a.b, retry: {attempts: 5, delay: 1s}, host: x}]",
	 "changed 1 -> 1, retry.attempts: 3 -> 5, host: null -> \"x\"\n"},
	{"one put before the others moves nobody", "steps: [{uses: a.a}, {uses: b.b}]",
	 "steps: [{uses: n.n}, {uses: a.a}, {uses: b.b}]", "added 1\n"},
	{"one taken out moves nobody", "steps: [{uses: n.n}, {uses: a.a}, {uses: b.b}]", "steps: [{uses: a.a}, {uses: b.b}]",
	 "removed 1\n"},
	{"of a swap one has moved", "steps: [{uses: a.a}, {uses: b.b}]", "steps: [{uses: b.b}, {uses: a.a}]", "moved 1 -> 2\n"},
	{"the last one goes first: only that has moved", "steps: [{uses: a.a}, {uses: b.b}, {uses: c.c}, {uses: d.d}]",
	 "steps: [{uses: d.d}, {uses: a.a}, {uses: b.b}, {uses: c.c}]", "moved 4 -> 1\n"},
	{"into a group, and changed on the way", "steps: [{id: x, uses: a.a, host: h}, {group: G, steps: [{uses: b.b}]}]",
	 "steps: [{group: G, steps: [{uses: b.b}, {id: x, uses: a.a, host: i}]}]", "moved 1 -> 1.2, host: \"h\" -> \"i\"\n"},
	{"an id is stronger than what is done", "steps: [{id: x, uses: a.a}, {id: y, uses: a.a}]",
	 "steps: [{id: y, uses: a.a}, {id: x, uses: c.c}]", "moved 1 -> 2, uses: \"a.a\" -> \"c.c\"\n"},
	{"a new id is a new step", "steps: [{id: x, uses: a.a}]", "steps: [{id: y, uses: a.a}]", "added 1\nremoved 1\n"},
	{"an id that is given to a step", "steps: [{uses: a.a, with: {n: 1}}]", "steps: [{id: y, uses: a.a, with: {n: 1}}]",
	 "changed 1 -> 1, id: null -> \"y\"\n"},
	{"the same work with other inputs, in order", "steps: [{uses: a.a, with: {n: 1}}, {uses: a.a, with: {n: 2}}]",
	 "steps: [{uses: a.a, with: {n: 1}}, {uses: a.a, with: {n: 3}}]", "changed 2 -> 2, with.n: 2 -> 3\n"},
	{"a group that is called otherwise keeps its steps", "steps: [{group: A, steps: [{uses: a.a}, {uses: b.b}]}]",
	 "steps: [{group: B, steps: [{uses: a.a}, {uses: b.b}]}]", "changed 1 -> 1, group: \"A\" -> \"B\"\n"},
	{"another action by the same name", "steps: [{name: Fence, uses: a.a}]", "steps: [{name: Fence, uses: b.b}]",
	 "changed 1 -> 1, uses: \"a.a\" -> \"b.b\"\n"},
	{"blocks of their own", "preflight: [{uses: a.a}]\nsteps: [{group: G, steps: [{uses: b.b}], rescue: [{uses: c.c}]}]",
	 "steps: [{group: G, steps: [{uses: b.b}], finally: [{uses: c.c}]}]\nfinally: [{uses: a.a}]",
	 "moved 1.rescue.1 -> 1.finally.1\nmoved preflight.1 -> finally.1\n"},
	{"into a group, under a name, with the same inputs", "steps: [{uses: a.a, with: {n: 1}}]",
	 "steps: [{group: G, steps: [{name: N, uses: a.a, with: {n: 1}}]}]", "added 1\nmoved 1 -> 1.1, name: null -> \"N\"\n"},
	{"a group that is new, with what is in it", "steps: [{uses: a.a}]",
	 "steps: [{uses: a.a}, {group: G, steps: [{uses: b.b}]}]", "added 2\nadded 2.1\n"},
	{"what stands outside of steps", "kind: drill\nobjectives: {rto: 1m}\ninputs: {a: {type: string}}\nsteps: []",
	 "kind: failover\nobjectives: {rto: 2m}\ninputs: {b: {type: string}}\nsteps: []",
	 "kind: \"drill\" -> \"failover\"\nobjectives.rto: \"1m\" -> \"2m\"\ninputs.a: {\"type\":\"string\"} -> null\n"
	 "inputs.b: null -> {\"type\":\"string\"}\n"},
	{"neither has to be right", "steps: [7, {}, [1]]\npreflight: 3", "steps: {a: b}", "removed 2\n"},
};

static void differences(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		CLEANUP_ARENA struct arena *arena = arena_new();
		const char *found = told(arena, cases[i].before, cases[i].after);
		if (strcmp(found, cases[i].expected) != 0)
			fail_msg("%s:\n%sinstead of\n%s", cases[i].name, found, cases[i].expected);
		assert_string_equal(told(arena, cases[i].after, cases[i].after), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(differences)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
