/*
 * range.c - bytes, or zeros that take no space.
 */
#include "plugins/replica/tree/range.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/fault.h"
#include "plugins/replica/tree/volume.h"

/* A hole up to the end of a file takes the rest of its last block with it: else that block would stay, full of zeros. */
static uint64_t hole_length(int fd, const struct record *hole)
{
	struct stat status;
	const uint64_t end = hole->offset + hole->length;
	bool last = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && end >= (uint64_t)status.st_size;
	return last ? hole->length + (DIGEST_BLOCK - end % DIGEST_BLOCK) % DIGEST_BLOCK : hole->length;
}

int range_write(int fd, const struct record *range, struct error *err)
{
	int fault = fault_hit("range");
	if (fault)
		return error_set_errno(err, fault, "cannot write it");
	if (range->kind == RECORD_HOLE)
		return volume_zero(fd, range->offset, hole_length(fd, range), err);
	for (size_t done = 0; done < range->data_length;) {
		ssize_t written = pwrite(fd, range->data + done, range->data_length - done, (off_t)(range->offset + done));
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "cannot write it");
		done += (size_t)written;
	}
	return 0;
}
