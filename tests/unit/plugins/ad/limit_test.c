/*
 * limit_test.c - a call's work in a process of its own: its answer comes through, its death is told for what it is. That time
 * ends is shown where time passes: tests/lab/domain_faults.bats.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <unistd.h>

#include "plugins/ad/limit.h"

static json_t *answer_within(double seconds, const char *message, json_t *(*work)(struct standin_call *call))
{
	json_t *asked = json_pack("{ss,sf}", "message", message, "time_left", seconds);
	struct standin_call call = {.message = asked};
	json_t *answer = limit_call(&call, work);
	json_decref(asked);
	return answer;
}

static json_t *answer_of(const char *message, json_t *(*work)(struct standin_call *call))
{
	return answer_within(60, message, work); /* more than the limit: that counts */
}

static const char *text_at(const json_t *answer, const char *outer, const char *inner)
{
	return json_string_value(inner ? json_object_get(json_object_get(answer, outer), inner)
				       : json_object_get(answer, outer));
}

static json_t *tells_its_process(struct standin_call *call)
{
	(void)call;
	return standin_state(json_pack("{sI}", "pid", (json_int_t)getpid()));
}

static json_t *tells_much(struct standin_call *call)
{
	(void)call;
	char text[300001];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return standin_state(json_pack("{ss}", "text", text));
}

static json_t *dies(struct standin_call *call)
{
	(void)call;
	limit_doing("asking %s", "dc1");
	raise(SIGKILL);
	return NULL;
}

static json_t *is_silent(struct standin_call *call)
{
	(void)call;
	limit_doing("asking %s for a ticket", "dc1");
	pause();
	return NULL;
}

static json_t *dies_writing(struct standin_call *call)
{
	limit_writing();
	return dies(call);
}

static void the_answer_comes_from_another_process(void **state)
{
	(void)state;
	json_t *answer = answer_of("observe", tells_its_process);
	json_int_t pid = json_integer_value(json_object_get(json_object_get(answer, "state"), "pid"));
	assert_true(pid > 0 && pid != getpid());
	json_decref(answer);
}

static void more_than_a_pipe_holds(void **state)
{
	(void)state;
	json_t *answer = answer_of("observe", tells_much);
	assert_int_equal(strlen(text_at(answer, "state", "text")), 300000);
	json_decref(answer);
}

static void a_death_is_no_answer(void **state)
{
	(void)state;
	json_t *answer = answer_of("observe", dies);
	assert_non_null(
		strstr(text_at(answer, "unobservable", NULL), "asking dc1, and then it ended without a word (signal 9)"));
	assert_true(json_is_true(json_object_get(answer, "unreachable")));
	json_decref(answer);
}

static void silence_ends_with_the_time_of_the_call(void **state)
{
	(void)state;
	json_t *answer = answer_within(1.2, "observe", is_silent);
	assert_non_null(
		strstr(text_at(answer, "unobservable", NULL), "asking dc1 for a ticket, and no answer within 1 seconds"));
	json_decref(answer);
}

static void of_an_apply_it_depends_on_whether_it_was_writing(void **state)
{
	(void)state;
	json_t *answer = answer_of("apply", dies);
	assert_string_equal(text_at(answer, "result", NULL), "failed");
	assert_non_null(strstr(text_at(answer, "error", "message"), "asking dc1"));
	json_decref(answer);
	answer = answer_of("apply", dies_writing);
	assert_string_equal(text_at(answer, "result", NULL), "unknown");
	json_decref(answer);
	answer = answer_of("apply", dies); /* what the last call was at is forgotten */
	assert_string_equal(text_at(answer, "result", NULL), "failed");
	json_decref(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_comes_from_another_process),
		cmocka_unit_test(more_than_a_pipe_holds),
		cmocka_unit_test(a_death_is_no_answer),
		cmocka_unit_test(silence_ends_with_the_time_of_the_call),
		cmocka_unit_test(of_an_apply_it_depends_on_whether_it_was_writing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
