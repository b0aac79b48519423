/*
 * run_store_test.c - the state directory, run ids, content. Locks: run_lock_test.c; the index: run_verify_test.c.
 */
#include "tests/unit/journal/run_fixture.h"

static mode_t mode_of(const char *folder, const char *name)
{
	CLEANUP_FREE char *path = file_join(folder, name);
	struct stat status;
	assert_int_equal(lstat(path, &status), 0);
	return status.st_mode & 07777;
}

static void only_the_owner_can_look_inside(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	umask(0);
	struct run_store *store = store_in(folder);
	struct run *run = opened_run(store);
	struct error err = ERROR_NONE;
	CLEANUP_ARENA struct arena *arena = arena_new();
	char digest[HASH_HEX_SIZE];
	assert_good(lock_as(run, "mail", &err), &err);
	assert_good(run_content_put(run, "x", 1, digest, &err), &err);
	assert_good(run_manifest_write(run, value_map(arena), &err), &err);
	CLEANUP_FREE char *content = memory_printf("content/%s", digest);
	static const char *const folders[] = {".", "runs", "locks"}, *const files[] = {"index.jsonl", "index.lock",
										       "locks/mail"};
	for (size_t i = 0; i < COUNT_OF(folders); i++)
		assert_int_equal(mode_of(run_store_path(store), folders[i]), 0700);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		assert_int_equal(mode_of(run_store_path(store), files[i]), 0600);
	assert_int_equal(mode_of(run->folder, "."), 0700);
	assert_int_equal(mode_of(run->folder, "inbox"), 0700);
	assert_int_equal(mode_of(run->folder, "content"), 0700);
	assert_int_equal(mode_of(run->folder, "journal.jsonl"), 0600);
	assert_int_equal(mode_of(run->folder, "manifest.json"), 0600);
	assert_int_equal(mode_of(run->folder, "lock"), 0600);
	assert_int_equal(mode_of(run->folder, content), 0600);
	assert_true(run_store_free_bytes(store) > 0);
	run_close(run);
	run_store_close(store);
	umask(022);
}

static void a_state_directory_that_others_can_write_is_refused(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct error err = ERROR_NONE;
	struct run_store *store;
	chmod(folder, 0777);
	assert_int_equal(run_store_open(folder, &store, &err), -1);
	assert_non_null(strstr(err.hint, "chmod 700 /tmp/"));
	assert_error(&err, ERROR_INVALID, "other users can write to");
	chmod(folder, 0700);
	CLEANUP_FREE char *runs = file_join(folder, "runs");
	assert_int_equal(symlink("/tmp", runs), 0);
	assert_int_equal(run_store_open(folder, &store, &err), -1);
	assert_error(&err, ERROR_INVALID, "is not a directory");
}

static void the_environment_says_where(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	CLEANUP_FREE char *path = file_join(folder, "a/b/");
	struct error err = ERROR_NONE;
	struct run_store *store;
	setenv("STANDIN_STATE", path, 1);
	assert_good(run_store_open(NULL, &store, &err), &err);
	path[strlen(path) - 1] = '\0';
	assert_string_equal(run_store_path(store), path);
	run_store_close(store);
	unsetenv("STANDIN_STATE");
}

static void ids_are_unique_and_sort_by_time(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	char previous[32] = "";
	bool chance = false;
	for (unsigned i = 0; i < 50; i++) {
		struct run *run = run_in(store);
		assert_int_equal(strlen(run->id), strlen("20260301-031245-7f3a19c4"));
		assert_true(strcmp(previous, run->id) < 0);
		chance |= *previous && strcmp(previous + 20, run->id + 20) != 0;
		strcpy(previous, run->id);
		run_close(run);
	}
	assert_true(chance); /* another controller's run of the same moment has another id */
	char **ids, *latest;
	size_t count;
	assert_good(run_list(store, &ids, &count, &err), &err);
	assert_int_equal(count, 50);
	assert_good(run_find(store, "latest", &latest, &err), &err);
	assert_string_equal(latest, previous);
	assert_string_equal(ids[0], previous);
	assert_true(strcmp(ids[0], ids[49]) > 0);
	for (size_t i = 0; i < count; i++)
		free(ids[i]);
	free(ids);
	free(latest);
	run_store_close(store);
}

static void two_processes_never_get_the_same_id(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	pid_t children[8];
	for (size_t i = 0; i < COUNT_OF(children); i++)
		children[i] = child_start(NULL, "create", folder);
	for (size_t i = 0; i < COUNT_OF(children); i++)
		assert_int_equal(child_wait(children[i]), 0);
	char **ids;
	size_t count;
	assert_good(run_list(store, &ids, &count, &err), &err);
	assert_int_equal(count, 8 * 10);
	for (size_t i = 0; i < count; i++)
		free(ids[i]);
	free(ids);
	run_store_close(store);
}

static void create_ten(const char *folder)
{
	struct run_store *store = store_in(folder);
	for (unsigned i = 0; i < 10; i++)
		run_close(opened_run(store));
	run_store_close(store);
}

static void a_run_is_found_by_prefix(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	static const char *const ids[] = {"20260301-031245-7f3a", "20260301-041245-0001", "20260302-000000-ffff"};
	char *found = NULL;
	assert_int_equal(run_find(store, "latest", &found, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, "none was ever started");
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		CLEANUP_FREE char *path = memory_printf("%s/runs/%s", run_store_path(store), ids[i]);
		mkdir(path, 0700);
	}
	assert_good(run_find(store, "20260301-03", &found, &err), &err);
	assert_string_equal(found, ids[0]);
	free(found);
	assert_good(run_find(store, ids[1], &found, &err), &err);
	free(found);
	assert_int_equal(run_find(store, "20260301", &found, &err), -1);
	assert_string_equal(err.hint, "it could be 20260301-041245-0001 or 20260301-031245-7f3a");
	assert_error(&err, ERROR_INVALID, "more than one run begins with '20260301'");
	assert_int_equal(run_find(store, "20260301-031245-7f3b", &found, &err), -1);
	assert_string_equal(err.hint, "did you mean 20260301-031245-7f3a?");
	assert_error(&err, ERROR_NOT_FOUND, "there is no run '20260301-031245-7f3b'");
	assert_int_equal(run_find(store, "../locks", &found, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, NULL);
	assert_int_equal(run_find(store, "", &found, &err), -1);
	error_clear(&err);
	struct run *run;
	assert_int_equal(run_open(store, "latest", &run, NULL, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, "run 20260302-000000-ffff has no journal");
	run_store_close(store);
}

static void a_run_is_opened_to_go_on(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	struct journal_torn torn;
	struct run *run = opened_run(store), *again;
	CLEANUP_FREE char *id = memory_strdup(run->id), *path = run_journal_path(store, id);
	assert_true(run_is_active(store, id));
	run_close(run);
	assert_false(run_is_active(store, id));
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_APPEND);
	assert_int_equal(write(fd, "{\"s", 3), 3);
	assert_good(run_open(store, "latest", &again, &torn, &err), &err);
	assert_int_equal(torn.bytes, 3);
	assert_string_equal(again->id, id);
	assert_int_equal(journal_sequence(again->journal), 1);
	assert_true(run_is_active(store, id));
	run_close(again);
	assert_int_equal(pwrite(fd, "x", 1, 30), 1); /* O_APPEND: goes to the end */
	assert_int_equal(write(fd, "\n", 1), 1);
	assert_int_equal(run_open(store, "latest", &again, &torn, &err), -1);
	assert_error(&err, ERROR_CORRUPT, ": record 2: it does not have the form of a record");
	assert_false(run_is_active(store, id));
	run_store_close(store);
}

static void content_is_kept_by_its_digest(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	struct run *run = run_in(store);
	char digest[HASH_HEX_SIZE], *data;
	size_t length;
	assert_good(run_content_put(run, "abc", 3, digest, &err), &err);
	assert_string_equal(digest, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_good(run_content_put(run, "abc", 3, digest, &err), &err);
	assert_good(run_content_get(run, digest, &data, &length, &err), &err);
	assert_int_equal(length, 3);
	assert_string_equal(data, "abc");
	free(data);
	assert_int_equal(run_content_get(run, "../journal.jsonl", &data, &length, &err), -1);
	assert_error(&err, ERROR_INVALID, "is no digest");
	CLEANUP_FREE char *path = memory_printf("%s/content/%s", run->folder, digest), *target = file_join(folder, "target");
	assert_int_equal(truncate(path, 2), 0);
	assert_int_equal(run_content_get(run, digest, &data, &length, &err), -1);
	assert_error(&err, ERROR_CORRUPT, "the stored content ba7816bf8f01... does not match its digest");
	unlink(path);
	assert_int_equal(symlink(target, path), 0); /* neither read through nor written through */
	assert_int_equal(run_content_get(run, digest, &data, &length, &err), -1);
	error_clear(&err);
	assert_good(run_content_put(run, "abc", 3, digest, &err), &err);
	assert_false(file_exists(target));
	assert_good(run_content_get(run, digest, &data, &length, &err), &err);
	free(data);
	unlink(path);
	assert_int_equal(run_content_get(run, digest, &data, &length, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, NULL);
	run_close(run);
	run_store_close(store);
}

static void a_manifest_is_read_back(void **state)
{
	(void)state;
	SCRATCH *folder = scratch_new();
	struct run_store *store = store_in(folder);
	struct error err = ERROR_NONE;
	struct run *run = run_in(store);
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *manifest = fields_with(arena, "path", "mail/failover.yaml"), *read;
	assert_int_equal(run_manifest_read(run, arena, &read, &err), -1);
	assert_error(&err, ERROR_NOT_FOUND, "was killed before it began; nothing was done");
	assert_good(run_manifest_write(run, manifest, &err), &err);
	assert_good(run_manifest_read(run, arena, &read, &err), &err);
	assert_true(value_equal(manifest, read));
	CLEANUP_FREE char *path = file_join(run->folder, "manifest.json");
	assert_int_equal(truncate(path, 5), 0);
	assert_int_equal(run_manifest_read(run, arena, &read, &err), -1);
	assert_error(&err, ERROR_CORRUPT, "its manifest is damaged");
	run_close(run);
	run_store_close(store);
}

int main(int argc, char **argv)
{
	if (argc == 4) {
		create_ten(argv[3]);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_owner_can_look_inside),
		cmocka_unit_test(a_state_directory_that_others_can_write_is_refused),
		cmocka_unit_test(the_environment_says_where),
		cmocka_unit_test(ids_are_unique_and_sort_by_time),
		cmocka_unit_test(two_processes_never_get_the_same_id),
		cmocka_unit_test(a_run_is_found_by_prefix),
		cmocka_unit_test(a_run_is_opened_to_go_on),
		cmocka_unit_test(content_is_kept_by_its_digest),
		cmocka_unit_test(a_manifest_is_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
