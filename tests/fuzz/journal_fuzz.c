/*
 * journal_fuzz.c - any bytes as a journal: journal_read answers with records or ERROR_CORRUPT, never with a crash.
 *
 * An even first byte: the rest is the file. An odd one: each line of the rest becomes a record whose frame and hash are right,
 * because no random bytes ever get past a digest; so the parser behind it is reached.
 *
 *   clang-14 -std=gnu17 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined -o /tmp/journal_fuzz \
 *       tests/fuzz/journal_fuzz.c engine/journal/journal_[frs]*.c engine/base/[!lp]*.c \
 *       $(pkg-config --libs jansson libcrypto libpcre2-8) -lm
 *   /tmp/journal_fuzz -max_total_time=60
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"
#include "engine/journal/journal.h"
#include "engine/journal/journal_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_record(struct buffer *file, unsigned number, char hash[HASH_HEX_SIZE], const char *text, size_t length)
{
	size_t start = file->length;
	buffer_printf(file, "{\"seq\":%u,\"prev\":\"%s\"", number, hash);
	buffer_append(file, text, length);
	hash_hex(file->data + start, file->length - start, hash);
	buffer_printf(file, ",\"hash\":\"%s\"}\n", hash);
}

static void add_records(struct buffer *file, const char *text, size_t length)
{
	char hash[HASH_HEX_SIZE] = JOURNAL_NO_HASH;
	for (unsigned number = 1; length; number++) {
		const char *newline = memchr(text, '\n', length);
		size_t line = newline ? (size_t)(newline - text) : length;
		add_record(file, number, hash, text, line);
		text += line + !!newline;
		length -= line + !!newline;
	}
}

static bool visit(void *context, const struct value *record)
{
	uint64_t *records = context;
	++*records;
	if (!value_get_text(record, "kind"))
		abort();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_BUFFER struct buffer file = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct journal_torn torn;
	uint64_t records = 0;
	if (!size)
		return 0;
	if (data[0] & 1)
		add_records(&file, (const char *)data + 1, size - 1);
	else
		buffer_append(&file, data + 1, size - 1);
	CLEANUP_CLOSE int fd = memfd_create("journal", MFD_CLOEXEC);
	CLEANUP_FREE char *path = memory_printf("/proc/self/fd/%d", fd);
	if (fd < 0 || (file.length && write(fd, file.data, file.length) != (ssize_t)file.length))
		abort();
	if (journal_read(path, visit, &records, &torn, &err) < 0 &&
	    (err.code != ERROR_CORRUPT || !strstr(error_text(&err), "record ")))
		abort();
	return 0;
}
