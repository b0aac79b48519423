/*
 * log_test.c - the commits that changed a file: branches, merges, removals, what lay there before.
 */
#include "engine/library/log.h"

#include "tests/unit/library/scratch_repository.h"

/* The subjects, newest first; "!" before one that removed the file. */
static const char *log_of(const struct scratch *scratch, const char *path, size_t limit)
{
	struct repository *repository;
	struct log_entry *entries;
	size_t count;
	char head[COMMIT_HEX_SIZE];
	CLEANUP_BUFFER struct buffer out = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (repository_find(inside(scratch, "x"), &repository, &err) < 0 || repository_head(repository, head, &err) < 0 ||
	    repository_log(repository, scratch->arena, head, path, limit, &entries, &count, &err) < 0)
		fail_msg("%s", error_text(&err));
	for (size_t i = 0; i < count; i++) {
		buffer_printf(&out, "%s%s%s", i ? ", " : "", entries[i].blob[0] ? "" : "!", entries[i].subject);
		assert_string_equal(entries[i].author, "Alice");
		assert_string_equal(entries[i].email, "alice@example.org");
		assert_true(entries[i].time >= 1772334765);
	}
	repository_close(repository);
	return arena_strdup(scratch->arena, buffer_text(&out));
}

static void at(const char *minute)
{
	char text[32];
	snprintf(text, sizeof(text), "2026-03-01T03:%s:45Z", minute);
	setenv("GIT_AUTHOR_DATE", text, 1);
	setenv("GIT_COMMITTER_DATE", text, 1);
}

static void what_changed_a_file(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	at("12");
	sh(&scratch, "echo other >other && git add -A && git commit -qm other");
	at("13");
	sh(&scratch, "mkdir mail && echo one >mail/r.yaml && git add -A && git commit -qm one");
	at("14");
	sh(&scratch, "echo more >other && git commit -qam more");
	at("15");
	sh(&scratch, "git rm -q mail/r.yaml && git commit -qm gone");
	at("16");
	sh(&scratch, "mkdir mail && echo two >mail/r.yaml && git add -A && git commit -qm two");
	assert_string_equal(log_of(&scratch, "mail/r.yaml", 0), "two, !gone, one");
	assert_string_equal(log_of(&scratch, "mail/r.yaml", 2), "two, !gone");
	assert_string_equal(log_of(&scratch, "nothing.yaml", 0), "");
	assert_string_equal(log_of(&scratch, "other", 0), "more, other");
}

static void merges(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	scratch_open(&scratch);
	at("12");
	sh(&scratch, "printf '1\\n2\\n3\\n4\\n5\\n6\\n' >r && git add -A && git commit -qm base && git checkout -q -b side");
	at("13");
	sh(&scratch,
	   "sed -i 's/6/six/' r && git commit -qam side && git checkout -q main && git commit -q --allow-empty -m main");
	at("14");
	sh(&scratch, "git merge -q -m merge side");
	assert_string_equal(log_of(&scratch, "r", 0), "side, base"); /* the merge took one side as it was */
	at("15");
	sh(&scratch,
	   "git checkout -q side && sed -i 's/six/VI/' r && git commit -qam other-side && git checkout -q main && sed -i "
	   "'s/1/one/' r && git commit -qam mine");
	at("16");
	sh(&scratch, "git merge -q -m both side");
	const char *log = log_of(&scratch, "r", 0);
	assert_true(strcmp(log, "both, mine, other-side, side, base") == 0 ||
		    strcmp(log, "both, other-side, mine, side, base") == 0);
}

static void what_comes_after_what(void **state)
{
	(void)state;
	CLEANUP_SCRATCH struct scratch scratch;
	struct repository *repository;
	scratch_open(&scratch);
	sh(&scratch,
	   "git commit -q --allow-empty -m a && git checkout -q -b side && git commit -q --allow-empty -m b && git checkout -q "
	   "main && git commit -q --allow-empty -m c");
	const char *a = sh(&scratch, "git rev-parse main~1"), *b = sh(&scratch, "git rev-parse side"),
		   *c = sh(&scratch, "git rev-parse main");
	assert_int_equal(repository_find(inside(&scratch, "x"), &repository, NULL), 0);
	assert_int_equal(repository_descends(repository, c, a, NULL), 1);
	assert_int_equal(repository_descends(repository, a, a, NULL), 1);
	assert_int_equal(repository_descends(repository, a, c, NULL), 0);
	assert_int_equal(repository_descends(repository, b, c, NULL), 0);
	assert_int_equal(repository_descends(repository, "1234567890123456789012345678901234567890", c, NULL), -1);
	repository_close(repository);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changed_a_file),
		cmocka_unit_test(merges),
		cmocka_unit_test(what_comes_after_what),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
