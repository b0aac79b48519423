/*
 * journal_scan.c - reading lines in large blocks and checking the chain.
 */
#include "engine/journal/journal_scan.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/memory.h"
#include "engine/journal/journal_frame.h"

#define BLOCK_SIZE ((size_t)256 * 1024)

void journal_scan_begin(struct journal_scan *scan, int fd)
{
	*scan = (struct journal_scan){.fd = fd, .head = JOURNAL_NO_HASH};
}

void journal_scan_free(struct journal_scan *scan)
{
	free(scan->data);
	*scan = (struct journal_scan){.fd = -1};
}

void journal_scan_again(struct journal_scan *scan)
{
	scan->start = scan->length = 0;
	scan->complete = false;
}

/* Read one more block behind what is there; sets complete at the file's end. */
static int read_more(struct journal_scan *scan, struct error *err)
{
	if (scan->start) {
		scan->length -= scan->start;
		memmove(scan->data, scan->data + scan->start, scan->length);
		scan->start = 0;
	}
	if (scan->length >= JOURNAL_RECORD_LIMIT)
		return error_set(err, ERROR_CORRUPT, "record %llu: it is longer than a record can be",
				 (unsigned long long)scan->sequence + 1);
	if (scan->capacity - scan->length < BLOCK_SIZE) {
		scan->capacity = scan->length * 2 + BLOCK_SIZE;
		scan->data = memory_resize(scan->data, scan->capacity);
	}
	ssize_t got;
	do
		got = pread(scan->fd, scan->data + scan->length, BLOCK_SIZE, (off_t)(scan->end + scan->length));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set_errno(err, errno, "cannot read the journal");
	scan->complete = got == 0;
	scan->length += (size_t)got;
	return 0;
}

int journal_scan_next(struct journal_scan *scan, struct journal_scan_line *ret_line, struct error *err)
{
	size_t searched = 0;
	const char *newline = NULL;
	for (;;) {
		size_t rest = scan->length - scan->start;
		if (rest > searched)
			newline = memchr(scan->data + scan->start + searched, '\n', rest - searched);
		if (newline)
			break;
		if (scan->complete)
			return 0;
		searched = rest;
		if (read_more(scan, err) < 0)
			return -1;
	}
	const char *text = scan->data + scan->start;
	size_t length = (size_t)(newline - text);
	if (journal_frame_check(text, length, scan->sequence + 1, scan->head, scan->head, err) < 0)
		return -1;
	*ret_line = (struct journal_scan_line){.text = text, .length = length};
	scan->sequence++;
	scan->start += length + 1;
	scan->end += length + 1;
	return 1;
}

int journal_scan_torn(const struct journal_scan *scan, struct journal_torn *ret_torn, struct error *err)
{
	size_t length = scan->length - scan->start;
	const char *text = length ? scan->data + scan->start : "";
	char hash[HASH_HEX_SIZE];
	/* A write that was cut short leaves nothing, or zeros, where its last byte belongs. Any other byte there was damaged
	 * later. */
	if (length > 1 && text[length - 1] != '\0' &&
	    journal_frame_check(text, length - 1, scan->sequence + 1, scan->head, hash, NULL) == 0)
		return error_set(err, ERROR_CORRUPT, "record %llu: its line end is damaged",
				 (unsigned long long)scan->sequence + 1);
	*ret_torn = (struct journal_torn){.bytes = length};
	if (length)
		hash_hex(text, length, ret_torn->digest);
	return 0;
}
