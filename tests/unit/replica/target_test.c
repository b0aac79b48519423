/*
 * target_test.c - a source that lies: whatever it sends, nothing outside the store is touched, and the point stays as it is or
 * becomes what was whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/target/recovery.h"
#include "plugins/replica/session.h"

static char folder[] = "/tmp/standin-target-XXXXXX";
static char *store_path, *victim, *secret;
static const char *device; /* the replica is this loop device; NULL: a tree */
static struct identity me = {{1}}, first_point = {{10}}, second_point = {{20}};

/* --- a session that was written beforehand --- */

static struct stream script_stream;
static struct frame_writer script;
static uint64_t records;

static void open_script(void)
{
	FILE *file = tmpfile();
	script_stream = stream_of_fds("the script", -1, dup(fileno(file)));
	fclose(file);
	script = (struct frame_writer){.stream = &script_stream};
	records = 0;
}

static void say_hello(const char *set, const struct identity *source, uint64_t term)
{
	struct hello hello = {.version = PROTOCOL_VERSION, .source = *source, .term = term};
	snprintf(hello.set, sizeof(hello.set), "%s", set);
	open_script();
	assert_int_equal(send_hello(&script, &hello, NULL), 0);
}

static void say_begin(unsigned flags, const struct identity *base, const struct identity *point)
{
	struct begin begin = {.flags = flags, .base = base ? *base : (struct identity){{0}}, .point = *point, .seed = 7};
	assert_int_equal(send_begin(&script, &begin, NULL), 0);
}

static void say(const struct record *record)
{
	record_put(frame_begin(&script), record);
	assert_int_equal(frame_end(&script, FRAME_CHANGES, NULL), 0);
	records++;
}

static void say_end(void)
{
	const struct batch_end end = {.records = records};
	assert_int_equal(send_end(&script, &end, NULL), 0);
}

static struct record *name_record(enum record_kind kind, const char *name, const char *path)
{
	static struct record record;
	memset(&record, 0, sizeof(record));
	record.kind = kind;
	snprintf(record.name, sizeof(record.name), "%s", name);
	snprintf(record.path, sizeof(record.path), "%s", path);
	record.meta.mode = S_IFREG | 0666;
	record.meta.uid = 12345;
	return &record;
}

static void say_folder(const char *path)
{
	say(name_record(RECORD_FOLDER, "", path));
}

static void say_file(const char *name, const char *content)
{
	struct record *record = name_record(RECORD_MAKE, name, "");
	record->data = (const uint8_t *)content;
	record->data_length = record->meta.size = strlen(content);
	record->digest = digest_content(7, content, strlen(content));
	say(record);
}

static void say_symlink(const char *name, const char *aim)
{
	struct record *record = name_record(RECORD_MAKE, name, "");
	record->meta.mode = S_IFLNK | 0777;
	record->data = (const uint8_t *)aim;
	record->data_length = strlen(aim);
	say(record);
}

static int serve(struct error *err)
{
	int nowhere = open("/dev/null", O_WRONLY);
	lseek(script_stream.output, 0, SEEK_SET);
	struct stream stream = stream_of_fds("the script", script_stream.output, nowhere);
	int result = target_serve(&(struct target_options){.store = store_path, .device = device}, &stream, err);
	close(nowhere);
	close(script_stream.output);
	frame_writer_free(&script);
	return result;
}

/* --- what must hold --- */

static int setup(void **state)
{
	(void)state;
	umask(0);
	strcpy(strrchr(folder, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(folder));
	store_path = file_join(folder, "store");
	victim = file_join(folder, "victim");
	secret = file_join(victim, "secret");
	assert_int_equal(mkdir(victim, 0755), 0);
	assert_int_equal(file_write_durable(secret, "secret", 6, 0600, NULL), 0);
	say_hello("set", &me, 1);
	say_begin(BEGIN_FRESH, NULL, &first_point);
	say_folder("");
	say_file("file", "one");
	say_end();
	assert_int_equal(serve(NULL), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(file_remove_tree(folder, NULL), 0);
	free(store_path);
	free(victim);
	free(secret);
	return 0;
}

static void expect_victim_untouched(void)
{
	struct stat status;
	char *text;
	size_t length;
	assert_int_equal(stat(secret, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(status.st_nlink, 1);
	assert_int_not_equal(status.st_uid, 12345);
	assert_int_equal(file_read(secret, 100, &text, &length, NULL), 0);
	assert_string_equal(text, "secret");
	free(text);
	assert_int_equal(unlink(secret), 0);
	assert_int_equal(rmdir(victim), 0); /* nothing was added */
}

static struct point point_now(void)
{
	struct store store;
	assert_int_equal(recovery_open(store_path, &store, NULL), 0);
	struct point point = store.point;
	store_close(&store);
	return point;
}

static void expect_refused(enum error_code code, const char *message)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	assert_int_equal(serve(&err), -1);
	assert_string_equal(error_text(&err), message);
	assert_int_equal(err.code, code);
	struct point point = point_now();
	assert_int_equal(point.generation, 1);
	assert_true(identity_equal(&point.point, &first_point));
	CLEANUP_FREE char *file = file_join(store_path, "tree-1/file");
	assert_true(file_exists(file));
	expect_victim_untouched();
}

static void test_through_a_link_in_a_first_mirror(void **state)
{
	(void)state;
	say_hello("set", &me, 1);
	say_begin(BEGIN_FRESH, NULL, &second_point);
	say_folder("");
	say_symlink("x", victim);
	say_folder("x");
	say_file("planted", "bad");
	say_end();
	expect_refused(ERROR_NOT_FOUND, "FOLDER x: there is no folder the new tree/x");
}

static void test_links_to_what_is_outside(void **state)
{
	(void)state;
	say_hello("set", &me, 1);
	say_begin(BEGIN_FRESH, NULL, &second_point);
	say_folder("");
	say_symlink("x", victim);
	say(name_record(RECORD_LINK, "mine", "x/secret"));
	say_end();
	expect_refused(ERROR_NOT_FOUND, "LINK mine: there is no folder the new tree/x");
}

/* Differences are applied as far as they fit; what does not is a conflict, and the next session compares by content. */
static void test_through_links_in_a_cycle(void **state)
{
	(void)state;
	say_hello("set", &me, 1);
	say_begin(0, &first_point, &second_point);
	say_folder("");
	say_symlink("x", victim);
	say_symlink("y", secret);
	say(name_record(RECORD_META, "y", ""));
	say(name_record(RECORD_PATCH, "y", ""));
	struct record *data = name_record(RECORD_DATA_AT, "", "");
	data->data = (const uint8_t *)"bad";
	data->data_length = 3;
	say(data);
	struct record *done = name_record(RECORD_DONE, "", "");
	done->length = 3;
	say(done);
	say(name_record(RECORD_LINK, "z", "x/secret"));
	say(name_record(RECORD_MOVE, "w", "x/secret"));
	say_folder("x");
	say_file("planted", "bad");
	say(name_record(RECORD_DELETE, "secret", ""));
	say_end();
	assert_int_equal(serve(NULL), 0);
	struct point point = point_now();
	assert_true(identity_equal(&point.point, &second_point));
	assert_int_equal(point.conflicts, 7); /* META, PATCH, LINK, MOVE; FOLDER and the two below it */
	expect_victim_untouched();
}

static void say_cycle(void)
{
	say_hello("set", &me, 1);
	say_begin(0, &first_point, &second_point);
	say_folder("");
}

static void test_what_was_not_sent_whole(void **state)
{
	(void)state;
	say_cycle();
	say_file("file", "two");
	records++;
	say_end();
	expect_refused(ERROR_CORRUPT, "the batch is not complete: 2 of 3 records");
}

static void test_content_of_another_digest(void **state)
{
	(void)state;
	say_cycle();
	struct record *record = name_record(RECORD_MAKE, "file", "");
	record->data = (const uint8_t *)"two";
	record->data_length = record->meta.size = 3;
	record->digest = digest_content(7, "twO", 3);
	say(record);
	say_end();
	expect_refused(ERROR_CORRUPT, "MAKE file: what was received is not what was sent: its digest is another");
}

static void test_a_record_of_the_log(void **state)
{
	(void)state;
	say_cycle();
	say(name_record(RECORD_STAGED, "file", ""));
	say_end();
	expect_refused(ERROR_CORRUPT, "STAGED file: a STAGED record where none may be");
}

static void test_data_of_nothing(void **state)
{
	(void)state;
	say_cycle();
	struct record *data = name_record(RECORD_DATA_AT, "", "");
	data->data = (const uint8_t *)"x";
	data->data_length = 1;
	say(data);
	expect_refused(ERROR_CORRUPT, "DATA: a DATA record where none may be");
}

/* What COPY and CHUNKS_OF read from. */
static void test_files_of_the_replica_and_nothing_else(void **state)
{
	static const struct {
		const char *folder, *name;
	} outside[] = {{"", "link"}, {"links", "secret"}, {"", "fifo"}, {"", "links"}, {"", "none"}, {"none", "file"}};
	struct store store;
	int fd;
	(void)state;
	CLEANUP_FREE char *link = file_join(store_path, "tree-1/link"), *links = file_join(store_path, "tree-1/links"),
			  *fifo = file_join(store_path, "tree-1/fifo");
	assert_true(symlink(secret, link) == 0 && symlink(victim, links) == 0 && mkfifo(fifo, 0600) == 0);
	assert_int_equal(store_look(store_path, &store, NULL), 0);
	for (size_t i = 0; i < COUNT_OF(outside); i++)
		assert_int_equal(store_open_file(&store, outside[i].folder, outside[i].name, &fd, NULL), -1);
	assert_int_equal(store_open_file(&store, "", "file", &fd, NULL), 0);
	close(fd);
	store_close(&store);
}

static void say_streamed(const char *name)
{
	struct record *make = name_record(RECORD_MAKE, name, "");
	make->flags = RECORD_STREAMED;
	make->meta.size = 3;
	say(make);
}

static void say_copy(uint64_t offset, uint64_t length, uint64_t from)
{
	struct record *copy = name_record(RECORD_COPY, "", "");
	copy->offset = offset;
	copy->length = length;
	copy->from = from;
	say(copy);
}

static void test_a_copy_beyond_the_end(void **state)
{
	(void)state;
	say_cycle();
	say_streamed("file");
	say_copy(0, 3, 1);
	expect_refused(ERROR_CONFLICT, "COPY: the file that is to be copied from is shorter");
}

static void test_a_copy_of_nothing(void **state)
{
	(void)state;
	say_cycle();
	say_streamed("other");
	say_copy(0, 3, 0);
	expect_refused(ERROR_NOT_FOUND, "COPY: there is no file other in the replica");
}

static void test_copies_that_overlap(void **state)
{
	(void)state;
	say_cycle();
	say_streamed("file");
	say_copy(0, 3, 0);
	say_copy(2, 1, 0);
	expect_refused(ERROR_CORRUPT, "COPY: a copy that overlaps, or is onto a device");
}

static void test_a_name_without_a_folder(void **state)
{
	(void)state;
	say_hello("set", &me, 1);
	say_begin(0, &first_point, &second_point);
	say_file("file", "two");
	expect_refused(ERROR_CORRUPT, "MAKE file: a MAKE record where none may be");
}

static void test_a_lower_term(void **state)
{
	(void)state;
	assert_int_equal(store_raise_term(store_path, 5, NULL), 0);
	say_hello("set", &me, 4);
	expect_refused(ERROR_REFUSED, "the set is at term 5; the source has term 4 and may not write");
}

static void test_a_batch_of_who_only_looks(void **state)
{
	struct hello hello = {.version = PROTOCOL_VERSION, .set = "set", .source = me, .term = 1, .features = FEATURE_LOOK};
	(void)state;
	open_script();
	assert_int_equal(send_hello(&script, &hello, NULL), 0);
	say_begin(0, &first_point, &second_point);
	expect_refused(ERROR_CORRUPT, "a batch of who only looks");
}

static void test_another_source(void **state)
{
	(void)state;
	struct identity other = {{2}};
	char message[512];
	snprintf(message, sizeof(message),
		 "the store %s belongs to the set set of another source (01000000000000000000000000000000)", store_path);
	say_hello("set", &other, 1);
	expect_refused(ERROR_CONFLICT, message);
}

static void test_another_version(void **state)
{
	struct hello hello = {.version = 99, .set = "set"};
	(void)state;
	open_script();
	send_hello(&script, &hello, NULL);
	expect_refused(ERROR_INVALID, "the source speaks version 99 of the protocol, this agent version 2");
}

/* --- a replica that is a device: its one object, of its own size, and nothing else --- */

#define DEVICE_SIZE (1024 * 1024)

static int loop_fd;
static char loop_path[32];

static void attach_loop(void)
{
	CLEANUP_FREE char *image = file_join(folder, "image");
	int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC), backing = open(image, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(control >= 0 && backing >= 0);
	assert_int_equal(ftruncate(backing, DEVICE_SIZE), 0);
	int tries = 0, result;
	do { /* somebody else may take the free one */
		snprintf(loop_path, sizeof(loop_path), "/dev/loop%d", ioctl(control, LOOP_CTL_GET_FREE));
		loop_fd = open(loop_path, O_RDWR | O_CLOEXEC);
		assert_true(loop_fd >= 0);
		result = ioctl(loop_fd, LOOP_SET_FD, backing);
		if (result < 0)
			close(loop_fd);
	} while (result < 0 && ++tries < 100);
	assert_int_equal(result, 0);
	close(control);
	close(backing);
}

static struct record *volume_record(enum record_kind kind)
{
	struct record *record = name_record(kind, "volume", "");
	record->flags = kind == RECORD_MAKE ? RECORD_STREAMED : 0;
	record->meta.size = DEVICE_SIZE;
	return record;
}

static struct record *range_record(enum record_kind kind, uint64_t offset, uint64_t length)
{
	static uint8_t bytes[4096];
	struct record *record = name_record(kind, "", "");
	memset(bytes, 'x', sizeof(bytes));
	record->offset = offset;
	record->length = length;
	record->data = bytes;
	record->data_length = kind == RECORD_DATA_AT ? length : 0;
	return record;
}

static void say_mirror(const struct identity *point)
{
	static uint8_t content[DEVICE_SIZE];
	memset(content, 'x', 4096);
	say_hello("set", &me, 1);
	say_begin(BEGIN_FRESH, NULL, point);
	say_folder("");
	say(volume_record(RECORD_MAKE));
	say(range_record(RECORD_DATA_AT, 0, 4096));
	struct record *done = range_record(RECORD_DONE, 0, DEVICE_SIZE);
	done->digest = digest_content(7, content, sizeof(content));
	say(done);
	say_end();
}

static int setup_device(void **state)
{
	strcpy(strrchr(folder, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(folder));
	store_path = file_join(folder, "store");
	victim = secret = NULL;
	attach_loop();
	device = loop_path;
	(void)state;
	say_mirror(&first_point);
	assert_int_equal(serve(NULL), 0);
	return 0;
}

static int teardown_device(void **state)
{
	device = NULL;
	ioctl(loop_fd, LOOP_CLR_FD);
	close(loop_fd);
	return teardown(state);
}

static void expect_device_untouched(const char *message)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *expected = memory_printf("%s%s", message, loop_path);
	uint8_t block[8192], byte = 0;
	assert_int_equal(serve(&err), -1);
	assert_string_equal(error_text(&err), expected);
	assert_int_equal(err.code, ERROR_REFUSED);
	struct point point = point_now();
	assert_int_equal(point.generation, 1);
	assert_int_equal(pread(loop_fd, block, sizeof(block), 0), sizeof(block));
	for (size_t i = 0; i < sizeof(block); i++)
		byte |= block[i] ^ (i < 4096 ? 'x' : 0);
	assert_int_equal(byte, 0);
}

static void test_a_second_mirror_onto_a_device(void **state)
{
	(void)state;
	say_mirror(&second_point);
	expect_device_untouched("a new mirror would destroy the recovery point on ");
}

static void say_patch(void)
{
	say_cycle();
	say(volume_record(RECORD_PATCH));
	say(range_record(RECORD_DATA_AT, 4096, 4096));
}

static void test_what_is_beyond_the_device(void **state)
{
	(void)state;
	say_patch();
	say(range_record(RECORD_DATA_AT, DEVICE_SIZE - 1, 2));
	expect_device_untouched("DATA: it does not fit the device ");
	say_patch();
	say(range_record(RECORD_HOLE, 8192, INT64_MAX - 8192));
	expect_device_untouched("HOLE: it does not fit the device ");
	say_patch();
	say(range_record(RECORD_DONE, 0, DEVICE_SIZE + 4096));
	expect_device_untouched("DONE: it does not fit the device ");
}

static void test_what_is_no_volume(void **state)
{
	static const enum record_kind kinds[] = {RECORD_META, RECORD_MAKE_FOLDER, RECORD_DELETE, RECORD_MAKE};
	(void)state;
	for (size_t i = 0; i < COUNT_OF(kinds); i++) {
		CLEANUP_FREE char *message =
			memory_printf("%s volume: it does not fit the device ", record_kind_name(kinds[i]));
		say_cycle();
		say(volume_record(kinds[i]));
		expect_device_untouched(message);
	}
	say_cycle();
	say(name_record(RECORD_PATCH, "other", ""));
	expect_device_untouched("PATCH other: it does not fit the device ");
	say_cycle();
	say_folder("x");
	expect_device_untouched("FOLDER x: it does not fit the device ");
}

/* --- a device that has no point yet, but something on it: what was listed is patched in its place --- */

static int setup_begun(void **state)
{
	struct store store;
	strcpy(strrchr(folder, '-'), "-XXXXXX");
	assert_non_null(mkdtemp(folder));
	store_path = file_join(folder, "store");
	victim = secret = NULL;
	attach_loop();
	device = loop_path;
	(void)state;
	assert_int_equal(store_open(store_path, &store, NULL, NULL), 0);
	struct point point = {.seed = 7};
	snprintf(point.device, sizeof(point.device), "%s", loop_path);
	assert_int_equal(store_write_point(&store, &point, NULL), 0);
	store_close(&store);
	return 0;
}

static void say_listed_patch(bool listed)
{
	say_hello("set", &me, 1);
	if (listed)
		assert_int_equal(send_list(&script, true, NULL, NULL), 0);
	say_begin(BEGIN_ANYWAY, NULL, &first_point);
	say_folder("");
	say(volume_record(RECORD_PATCH));
	say(range_record(RECORD_DATA_AT, 4096, 4096));
}

static uint8_t byte_at(off_t offset)
{
	uint8_t byte = 0xff;
	assert_int_equal(ioctl(loop_fd, BLKFLSBUF, 0), 0);
	assert_int_equal(pread(loop_fd, &byte, 1, offset), 1);
	return byte;
}

static void expect_no_point(const char *message)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *expected = memory_printf("%s%s", message, loop_path);
	assert_int_equal(serve(&err), -1);
	assert_string_equal(error_text(&err), expected);
	struct point point = point_now();
	assert_int_equal(point.generation, 0);
}

static void test_a_device_that_was_not_listed(void **state)
{
	(void)state;
	say_listed_patch(false);
	say(range_record(RECORD_DONE, 0, DEVICE_SIZE));
	say_end();
	assert_int_equal(serve(NULL), 0); /* it was told, and the batch is read and dropped */
	struct point point = point_now();
	assert_int_equal(point.generation, 0);
	assert_int_equal(byte_at(4096), 0);
}

static void test_a_patch_in_place(void **state)
{
	(void)state;
	say_listed_patch(true); /* and no end: it was written to, but is no point */
	assert_int_equal(serve(NULL), 0);
	struct point point = point_now();
	assert_int_equal(point.generation, 0);
	assert_int_equal(byte_at(4096), 'x');
	say_listed_patch(true);
	say(range_record(RECORD_DONE, 0, DEVICE_SIZE));
	say_end();
	assert_int_equal(serve(NULL), 0);
	point = point_now();
	assert_int_equal(point.generation, 1);
	assert_int_equal(point.tree, 1);
}

static void test_what_does_not_fit_in_place(void **state)
{
	(void)state;
	say_listed_patch(true);
	say(range_record(RECORD_DATA_AT, DEVICE_SIZE - 1, 2));
	expect_no_point("DATA: it does not fit the device ");
	say_listed_patch(true);
	say(range_record(RECORD_HOLE, 8192, INT64_MAX - 8192));
	expect_no_point("HOLE: it does not fit the device ");
	say_listed_patch(true);
	say(name_record(RECORD_CANCEL, "", "")); /* what is half written cannot be taken back */
	expect_no_point("CANCEL: it does not fit the device ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_through_a_link_in_a_first_mirror, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_to_what_is_outside, setup, teardown),
		cmocka_unit_test_setup_teardown(test_through_links_in_a_cycle, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_was_not_sent_whole, setup, teardown),
		cmocka_unit_test_setup_teardown(test_content_of_another_digest, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_record_of_the_log, setup, teardown),
		cmocka_unit_test_setup_teardown(test_data_of_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_of_the_replica_and_nothing_else, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_copy_beyond_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_copy_of_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_copies_that_overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_name_without_a_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_lower_term, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_batch_of_who_only_looks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_source, setup, teardown),
		cmocka_unit_test_setup_teardown(test_another_version, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_second_mirror_onto_a_device, setup_device, teardown_device),
		cmocka_unit_test_setup_teardown(test_what_is_beyond_the_device, setup_device, teardown_device),
		cmocka_unit_test_setup_teardown(test_what_is_no_volume, setup_device, teardown_device),
		cmocka_unit_test_setup_teardown(test_a_device_that_was_not_listed, setup_begun, teardown_device),
		cmocka_unit_test_setup_teardown(test_a_patch_in_place, setup_begun, teardown_device),
		cmocka_unit_test_setup_teardown(test_what_does_not_fit_in_place, setup_begun, teardown_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
