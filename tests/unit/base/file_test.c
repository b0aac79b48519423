/*
 * file_test.c - durable writes under every fault, and the rest of local files.
 */
#include "tests/unit/base/scratch.h"

#include <dirent.h>
#include <sys/resource.h>

static int write_new(const char *folder)
{
	CLEANUP_FREE char *path = file_join(folder, "claim");
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (file_write_durable(path, "new", 3, 0640, &err) == 0)
		return 0;
	return err.code == ERROR_IO ? 1 : 2;
}

/* Entries in the folder, to see what is left lying around. */
static int entries_in(const char *folder)
{
	int count = 0;
	DIR *entries = opendir(folder);
	assert_non_null(entries);
	for (struct dirent *entry; (entry = readdir(entries));)
		count += entry->d_name[0] != '.';
	closedir(entries);
	return count;
}

static const struct {
	const char *fault;
	int result;
	const char *content;
	int entries;
} durable[] = {
	{NULL, 0, "new", 1},
	{"write:1:28", 1, "old", 1},
	{"sync:1:5", 1, "old", 1},
	{"rename:1:5", 1, "old", 1},
	{"sync_folder:1:5", 1, "new", 1}, /* it is there, but may not stay: the caller is told */
	{"write:1:kill", -SIGKILL, "old", 2},
	{"sync:1:kill", -SIGKILL, "old", 2},
	{"rename:1:kill", -SIGKILL, "old", 2},
	{"sync_folder:1:kill", -SIGKILL, "new", 1},
};

static void old_or_new_never_half(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(durable); i++) {
		SCRATCH *folder = scratch_new();
		CLEANUP_FREE char *path = file_join(folder, "claim");
		assert_int_equal(file_write_durable(path, "old", 3, 0600, NULL), 0);
		assert_int_equal(child_run(durable[i].fault, "write_new", folder), durable[i].result);
		CLEANUP_FREE char *content = content_of(folder, "claim");
		assert_string_equal(content, durable[i].content);
		assert_int_equal(entries_in(folder), durable[i].entries);
	}
}

static void the_mode_is_the_one_asked_for(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "claim");
	struct stat status;
	mode_t mask = umask(077);
	assert_int_equal(file_write_durable(path, "", 0, 0644, NULL), 0);
	umask(mask);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_int_equal(status.st_size, 0);
}

static void a_place_that_is_not_there(void **state)
{
	(void)state;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(file_write_durable("/nonexistent/claim", "x", 1, 0600, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_string_equal(error_text(&err), "cannot create a file beside /nonexistent/claim: No such file or directory");
}

static int append_record(const char *folder)
{
	CLEANUP_FREE char *path = file_join(folder, "journal");
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (file_append(fd, "journal", "two\n", 4, &err) < 0)
		return strcmp(error_text(&err), "cannot write journal: No space left on device") == 0 &&
				       strcmp(err.hint, "free space on this file system, then go on") == 0
			       ? 1
			       : 2;
	return file_sync(fd, "journal", &err) < 0 ? 3 : 0;
}

static const struct {
	const char *fault;
	int result;
	const char *content;
} appends[] = {
	{NULL, 0, "one\ntwo\n"},
	{"write:1:28", 1, "one\n"},
	{"write:1:kill", -SIGKILL, "one\n"},
	{"sync:1:5", 3, "one\ntwo\n"},
	{"sync:1:kill", -SIGKILL, "one\ntwo\n"},
};

static void a_record_is_whole_or_not_there(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(appends); i++) {
		SCRATCH *folder = scratch_new();
		CLEANUP_FREE char *path = file_join(folder, "journal");
		assert_int_equal(file_write_durable(path, "one\n", 4, 0600, NULL), 0);
		assert_int_equal(child_run(appends[i].fault, "append_record", folder), appends[i].result);
		CLEANUP_FREE char *content = content_of(folder, "journal");
		assert_string_equal(content, appends[i].content);
	}
}

/* A limit on the file's size lets the first half through: what was written of it goes again. */
static int append_too_much(const char *folder)
{
	CLEANUP_FREE char *path = file_join(folder, "journal");
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC);
	CLEANUP_FREE char *record = memory_alloc(100);
	memset(record, 'x', 100);
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 64, .rlim_max = 64});
	CLEANUP_ERROR struct error err = ERROR_NONE;
	return file_append(fd, "journal", record, 100, &err) == -1 && err.code == ERROR_IO ? 0 : 1;
}

static void a_short_write_is_undone(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "journal");
	assert_int_equal(file_write_durable(path, "one\n", 4, 0600, NULL), 0);
	assert_int_equal(child_run(NULL, "append_too_much", folder), 0);
	CLEANUP_FREE char *content = content_of(folder, "journal");
	assert_string_equal(content, "one\n");
}

static int sync_fails(const char *folder)
{
	CLEANUP_CLOSE int fd = open(folder, O_RDONLY | O_CLOEXEC);
	CLEANUP_ERROR struct error err = ERROR_NONE;
	return file_sync(fd, "journal", &err) == -1 && err.code == ERROR_IO &&
			       strcmp(error_text(&err), "cannot sync journal to disk: Input/output error") == 0 &&
			       strcmp(err.hint,
				      "do not trust this disk: copy the state directory elsewhere and resume there") == 0
		       ? 0
		       : 1;
}

static void a_failed_sync_says_what_it_means(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	assert_int_equal(child_run("sync:1:5", "sync_fails", folder), 0);
}

static void reading(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "f");
	CLEANUP_FREE char *large = memory_alloc(100000);
	memset(large, 'x', 100000);
	assert_int_equal(file_write_durable(path, large, 100000, 0600, NULL), 0);
	for (size_t limit = 99999; limit <= 100001; limit++) {
		CLEANUP_FREE char *data = NULL;
		size_t length = 0;
		CLEANUP_ERROR struct error err = ERROR_NONE;
		int result = file_read(path, limit, &data, &length, &err);
		assert_int_equal(result, limit < 100000 ? -1 : 0);
		assert_int_equal(err.code, result ? ERROR_LIMIT : ERROR_OK);
		assert_int_equal(length, result ? 0 : 100000);
		if (result == 0)
			assert_int_equal(data[length], '\0');
	}
}

static void what_cannot_be_read(void **state)
{
	(void)state;
	CLEANUP_ERROR struct error err = ERROR_NONE;
	char *data = NULL;
	size_t length;
	assert_int_equal(file_read("/nonexistent", FILE_NO_LIMIT, &data, &length, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_string_equal(error_text(&err), "cannot open /nonexistent: No such file or directory");
	assert_int_equal(file_read("/tmp", FILE_NO_LIMIT, &data, &length, &err), -1);
	assert_string_equal(error_text(&err), "cannot read /tmp: Is a directory");
	assert_null(data);
}

static void folders_are_made_as_deep_as_needed(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *deep = file_join(folder, "a/b//c/");
	CLEANUP_FREE char *file = file_join(folder, "a/file");
	CLEANUP_FREE char *below = file_join(file, "x");
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(file_make_folders(deep, 0700, &err), 0);
	assert_int_equal(file_make_folders(deep, 0700, &err), 0);
	assert_true(file_exists(deep));
	assert_int_equal(file_write_durable(file, "", 0, 0600, NULL), 0);
	assert_int_equal(file_make_folders(file, 0700, &err), -1); /* there, but no folder */
	assert_int_equal(file_make_folders(below, 0700, &err), -1);
	assert_int_equal(file_make_folders("", 0700, &err), -1);
	assert_int_equal(err.code, ERROR_NOT_FOUND);
	assert_int_equal(file_make_folders("/", 0700, NULL), 0);
}

static void trees_are_removed_links_not_followed(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *keep = file_join(folder, "keep/inner");
	CLEANUP_FREE char *tree = file_join(folder, "tree");
	CLEANUP_FREE char *deep = file_join(folder, "tree/x/y");
	CLEANUP_FREE char *link = file_join(folder, "tree/x/link");
	CLEANUP_FREE char *target = file_join(folder, "keep");
	assert_int_equal(file_make_folders(keep, 0700, NULL), 0);
	assert_int_equal(file_make_folders(deep, 0700, NULL), 0);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(file_remove_tree(tree, NULL), 0);
	assert_false(file_exists(tree));
	assert_true(file_exists(keep));
	assert_int_equal(file_remove_tree(tree, NULL), 0); /* gone is gone */
}

static const struct {
	const char *folder, *name, *joined;
} joins[] = {{"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"/", "b", "/b"}, {"", "b", "/b"}};

static const struct {
	const char *path, *name;
} names[] = {{"a/b.yaml", "b.yaml"}, {"b", "b"}, {"/b", "b"}, {"a/", ""}};

static void paths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(joins); i++) {
		CLEANUP_FREE char *joined = file_join(joins[i].folder, joins[i].name);
		assert_string_equal(joined, joins[i].joined);
	}
	for (size_t i = 0; i < COUNT_OF(names); i++)
		assert_string_equal(file_base_name(names[i].path), names[i].name);
}

static const struct child children[] = {{"write_new", write_new},
					{"append_record", append_record},
					{"append_too_much", append_too_much},
					{"sync_fails", sync_fails}};

int main(int argc, char **argv)
{
	int child = child_main(argc, argv, children, COUNT_OF(children));
	if (child >= 0)
		return child;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(old_or_new_never_half),
		cmocka_unit_test(the_mode_is_the_one_asked_for),
		cmocka_unit_test(a_place_that_is_not_there),
		cmocka_unit_test(a_record_is_whole_or_not_there),
		cmocka_unit_test(a_short_write_is_undone),
		cmocka_unit_test(a_failed_sync_says_what_it_means),
		cmocka_unit_test(reading),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(folders_are_made_as_deep_as_needed),
		cmocka_unit_test(trees_are_removed_links_not_followed),
		cmocka_unit_test(paths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
