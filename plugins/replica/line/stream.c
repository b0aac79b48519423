/*
 * stream.c - a stream of two descriptors.
 */
#include "plugins/replica/line/stream.h"

#include <errno.h>
#include <unistd.h>

static ssize_t read_fd(struct stream *stream, void *data, size_t limit, struct error *err)
{
	for (;;) {
		ssize_t got = read(stream->input, data, limit);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			error_set_errno(err, errno, "cannot read from %s", stream->name);
			if (err)
				err->code = ERROR_CONNECTION;
			return -1;
		}
		stream->bytes_in += (uint64_t)got;
		return got;
	}
}

static int write_fd(struct stream *stream, const void *data, size_t length, struct error *err)
{
	const char *at = data;
	while (length) {
		ssize_t written = write(stream->output, at, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			error_set_errno(err, errno, "cannot write to %s", stream->name);
			if (err && (errno == EPIPE || errno == ECONNRESET))
				err->code = ERROR_CONNECTION;
			return -1;
		}
		stream->bytes_out += (uint64_t)written;
		at += written;
		length -= (size_t)written;
	}
	return 0;
}

struct stream stream_of_fds(const char *name, int input, int output)
{
	return (struct stream){.read = read_fd, .write = write_fd, .name = name, .input = input, .output = output};
}
