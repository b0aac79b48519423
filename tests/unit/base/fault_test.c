/*
 * fault_test.c - the points at which a test lets the process die or a call fail.
 */
#include "tests/unit/base/scratch.h"

#include <errno.h>

#include "engine/base/fault.h"

/* Exit code: the number of the hit at which an errno came, 10 more for each of the second kind; 0: none came. */
static int hit_three_times(const char *unused)
{
	(void)unused;
	int result = 0;
	for (int i = 1; i <= 3; i++) {
		if (fault_hit("a.write") == ENOSPC)
			result += i;
		if (fault_hit("b") == EIO)
			result += 10 * i;
	}
	return result;
}

static const struct {
	const char *fault;
	int result;
} faults[] = {
	{NULL, 0},
	{"", 0},
	{"a.write:1:28", 1},
	{"a.write:3:28", 3},
	{"a.write:4:28", 0},
	{"a.write:0:28", 0},
	{"a.write:2:kill", -SIGKILL},
	{"b:2:5", 20},
	{"a.write:1:28,b:3:5", 31},
	{"a.write:1:28,a.write:3:28", 4},
	{"b:2:5,a.write:3:kill", -SIGKILL},
	{"a:1:28", 0},
	{"a.write.more:1:28", 0},
	{"nonsense,b:1:5", 10},
};

static void the_nth_hit_strikes_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		int result = child_run(faults[i].fault, "hit_three_times", "");
		if (result != faults[i].result)
			fail_msg("%s: expected %d, got %d", faults[i].fault ? faults[i].fault : "(not set)", faults[i].result,
				 result);
	}
}

static const struct child children[] = {{"hit_three_times", hit_three_times}};

int main(int argc, char **argv)
{
	int child = child_main(argc, argv, children, COUNT_OF(children));
	if (child >= 0)
		return child;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nth_hit_strikes_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
