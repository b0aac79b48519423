/*
 * suggest_test.c - "did you mean": near enough to be meant, and no nearer candidate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include "engine/base/memory.h"
#include "engine/base/suggest.h"

static const char *const keys[] = {"steps",   "step",	       "rescue",       "finally", "retry",
				   "foreach", "service.start", "service.stop", "if"};

static const struct {
	const char *word, *meant; /* NULL: nothing is near enough */
} words[] = {
	{"stpes", "steps"},
	{"stp", "step"},
	{"recsue", "rescue"},
	{"finaly", "finally"},
	{"rety", "retry"},
	{"forEach", "foreach"},
	{"steps", "steps"},
	{"service.strat", "service.start"},
	{"service.sto", "service.stop"},
	{"fi", "if"},
	{"banana", NULL},
	{"service.restore_everything", NULL},
	{"resc", "rescue"},
	{"ba", NULL},
	{"", NULL},
	{"x", NULL},
	{"completely wrong", NULL},
};

static void the_nearest_or_none(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(words); i++) {
		const char *found = suggest(words[i].word, keys, COUNT_OF(keys));
		if (words[i].meant && found)
			assert_string_equal(found, words[i].meant);
		else if (words[i].meant || found)
			fail_msg("'%s': '%s'", words[i].word, found ? found : "nothing");
	}
	assert_null(suggest("steps", keys, 0));
}

static void of_two_as_near_the_first(void **state)
{
	(void)state;
	static const char *const both[] = {"mail2", "mail3"};
	assert_string_equal(suggest("mail1", both, 2), "mail2");
}

static void long_words_are_left_alone(void **state)
{
	(void)state;
	static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"; /* 65 */
	const char *const candidates[] = {text, text + 1};
	assert_null(suggest(text, candidates, 2));
	assert_ptr_equal(suggest(text + 1, candidates, 2), text + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_or_none),
		cmocka_unit_test(of_two_as_near_the_first),
		cmocka_unit_test(long_words_are_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
