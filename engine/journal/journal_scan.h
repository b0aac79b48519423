/*
 * journal_scan.h - the lines of a journal file in order, each verified, none parsed. journal_open, journal_read, the tail and
 * the verification of a whole store are built on it. It never writes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/journal/journal.h"

struct journal_scan {
	int fd;			  /* borrowed; read by offset, its position is left alone */
	uint64_t sequence;	  /* of the last record; 0: none yet */
	char head[HASH_HEX_SIZE]; /* its hash */
	uint64_t end;		  /* offset behind its newline */
	/* what was read from there on */
	char *data; /* owned */
	size_t length;
	size_t capacity;
	size_t start;  /* of what is not consumed, in data */
	bool complete; /* the file's end was seen */
};

struct journal_scan_line {
	const char *text; /* without newline; valid until the next call */
	size_t length;
};

void journal_scan_begin(struct journal_scan *scan, int fd);
void journal_scan_free(struct journal_scan *scan);
/* 1: the next record; 0: there are no more whole lines; -1: ERROR_CORRUPT "record 17: ...", or ERROR_IO. */
int journal_scan_next(struct journal_scan *scan, struct journal_scan_line *ret_line, struct error *err);
/* Forget what was read ahead, and look at the file again: it may have grown, or have been cut. */
void journal_scan_again(struct journal_scan *scan);
/* After 0: what stands behind the last newline. ERROR_CORRUPT when that is a whole record and a damaged line end. */
int journal_scan_torn(const struct journal_scan *scan, struct journal_torn *ret_torn, struct error *err);
