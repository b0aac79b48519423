/*
 * capture.h - fills a struct capture: head and tail are kept, the rest only counted and digested, in bounded memory.
 */
#pragma once

#include "engine/connection/connection.h"

struct digest_state;

struct capture_writer {
	struct capture *capture;
	size_t capacity;	     /* bytes allocated for capture->data */
	struct digest_state *digest; /* NULL until more came than is kept */
};

void capture_start(struct capture_writer *writer, struct capture *capture);
void capture_write(struct capture_writer *writer, const char *data, size_t length);
void capture_finish(struct capture_writer *writer); /* brings the tail into order, writes the digest; always call it */
