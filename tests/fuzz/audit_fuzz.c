/*
 * audit_fuzz.c - any bytes as what an audit reads. The first byte says what the rest is:
 *   'c'  a file of checkpoints; and a log in which some may stand
 *   'j'  the records of a run and of the index, each line made a record whose frame and hash are right: searched and verified
 *   'p'  a time as somebody wrote it
 * Nothing crashes; what is no checkpoint is none, and a period does not end before it begins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/base/period.h"
#include "engine/journal/audit_search.h"
#include "engine/journal/journal_frame.h"
#include "engine/journal/run_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RUN "20260301-031245-7f3a19c4"

static char *folder; /* as long as the process: its files are overwritten */

static void remove_folder(void)
{
	file_remove_tree(folder, NULL);
}

static void make_folder(void)
{
	folder = memory_strdup("/dev/shm/standin-fuzz-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	atexit(remove_folder);
	CLEANUP_FREE char *run = memory_printf("%s/runs/" RUN, folder);
	if (file_make_folders(run, 0700, NULL) < 0)
		abort();
}

static void put(const char *name, const struct buffer *text)
{
	CLEANUP_FREE char *path = file_join(folder, name);
	FILE *file = fopen(path, "w");
	if (!file || fwrite(buffer_text(text), 1, text->length, file) != text->length || fclose(file))
		abort();
}

static void add_records(struct buffer *out, const char *text, size_t length)
{
	char hash[HASH_HEX_SIZE] = JOURNAL_NO_HASH;
	for (unsigned number = 1; length; number++) {
		const char *newline = memchr(text, '\n', length);
		size_t line = newline ? (size_t)(newline - text) : length, start = out->length;
		buffer_printf(out, "{\"seq\":%u,\"prev\":\"%s\"", number, hash);
		buffer_append(out, text, line);
		hash_hex(out->data + start, out->length - start, hash);
		buffer_printf(out, ",\"hash\":\"%s\"}\n", hash);
		text += line + !!newline;
		length -= line + !!newline;
	}
}

static void ignore_value(void *context, const struct value *value)
{
	(void)context;
	if (!value_get_text(value, "run"))
		abort();
}

static void ignore_error(void *context, const char *id, const struct error *err)
{
	(void)context;
	if (!*id || !*error_text(err))
		abort();
}

static void ignore_verdict(void *context, const struct run_verdict *verdict)
{
	(void)context;
	if (verdict->problem && !*verdict->problem)
		abort();
}

static void audit(const char *text, size_t length)
{
	CLEANUP_BUFFER struct buffer journal = {0}, raw = {0};
	struct run_store *store;
	struct audit_filter filter = {.since = 0, .until = INT64_MAX, .text = "a", .host = "a*", .operator= "a" };
	struct audit_filter all = {.since = INT64_MIN, .until = INT64_MAX};
	struct audit_visitor visitor = {ignore_value, ignore_value, ignore_error, NULL};
	add_records(&journal, text, length);
	buffer_append(&raw, text, length);
	put("runs/" RUN "/journal.jsonl", &journal);
	put("runs/" RUN "/manifest.json", &raw);
	put("index.jsonl", &journal);
	if (run_store_open(folder, &store, NULL) < 0 || audit_search(store, &filter, &visitor, NULL) < 0 ||
	    audit_search(store, &all, &visitor, NULL) < 0 ||
	    run_store_verify(store, &(struct run_verify_options){.id = NULL}, ignore_verdict, NULL, NULL) < 0)
		abort();
	run_store_close(store);
}

static void checkpoints(const char *text, size_t length)
{
	CLEANUP_BUFFER struct buffer raw = {0}, line = {0};
	CLEANUP_FREE char *path = file_join(folder, "log");
	struct checkpoint_list strict, found = {0};
	buffer_append(&raw, text, length);
	put("log", &raw);
	if (checkpoint_list_read(path, &strict, NULL) < 0 || checkpoint_list_find(path, &found, NULL) < 0)
		abort();
	for (size_t i = 0; i < strict.count; i++) { /* what was read can be written */
		struct checkpoint again;
		buffer_reset(&line);
		checkpoint_format(&line, &strict.items[i], NULL);
		if (!strpbrk(strict.items[i].run, "\"\\") && checkpoint_parse(line.data, line.length - 1, &again, NULL) < 0 &&
		    !strpbrk(strict.items[i].store, "\"\\") && !strpbrk(strict.items[i].head, "\"\\"))
			abort();
	}
	checkpoint_list_free(&strict);
	checkpoint_list_free(&found);
}

static void period(const char *text, size_t length)
{
	struct period period;
	CLEANUP_FREE char *copy = strndup(text, length);
	if (period_parse(copy, INT64_C(1770000000000000000), &period, NULL) == 0 && period.end < period.begin)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		char mark;
		void (*read)(const char *text, size_t length);
	} kinds[] = {{'c', checkpoints}, {'j', audit}, {'p', period}};
	if (!folder)
		make_folder();
	for (size_t i = 0; size && i < COUNT_OF(kinds); i++)
		if (data[0] == (uint8_t)kinds[i].mark)
			kinds[i].read((const char *)data + 1, size - 1);
	return 0;
}
