/*
 * log.c - frames as the source sent them, BEGIN to END.
 */
#include "plugins/replica/target/log.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

int log_open(const struct store *store, struct error *err)
{
	CLEANUP_FREE char *path = store_file(store, "batch/log");
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? error_set_errno(err, errno, "cannot open %s", path) : fd;
}

int log_read(int fd, struct begin *ret_begin, struct batch_end *ret_end,
	     int (*on_changes)(void *context, const struct frame *frame, struct error *err), void *context, struct error *err)
{
	struct stream stream = stream_of_fds("the log of the batch", fd, -1);
	struct frame_reader reader = {.stream = &stream};
	struct frame frame;
	int result = expect_frame(&reader, FRAME_BEGIN, &frame, err);
	if (result == 0)
		result = parse_begin(&frame, ret_begin, err);
	while (result == 0) {
		int got = frame_read(&reader, &frame, err);
		if (got <= 0)
			result = got < 0 ? -1 : error_set(err, ERROR_CORRUPT, "the log of the batch has no end");
		else if (frame.type == FRAME_CHANGES)
			result = on_changes ? on_changes(context, &frame, err) : 0;
		else
			break;
	}
	if (result == 0)
		result = parse_end(&frame, ret_end, err);
	frame_reader_free(&reader);
	return result;
}

int batch_sealed(const struct store *store, struct begin *ret_begin, struct batch_end *ret_end, struct error *err)
{
	CLEANUP_ERROR struct error why = ERROR_NONE;
	CLEANUP_CLOSE int fd = log_open(store, &why);
	if (fd < 0 && why.code == ERROR_NOT_FOUND)
		return 0;
	if (fd < 0) {
		error_move(err, &why);
		return -1;
	}
	return log_read(fd, ret_begin, ret_end, NULL, NULL, err) < 0 ? -1 : 1;
}
