/*
 * volume.c - devices and images by their descriptors, and what sysfs says of a device.
 */
#include "plugins/replica/tree/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

bool volume_is_one(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && (S_ISBLK(status.st_mode) || S_ISREG(status.st_mode));
}

bool volume_is_device(int fd)
{
	struct stat status;
	return fstat(fd, &status) == 0 && S_ISBLK(status.st_mode);
}

static int in_use(const char *path, enum volume_use use, struct error *err)
{
	error_set(err, ERROR_REFUSED, "%s is mounted or otherwise in use", path);
	if (use == VOLUME_WRITE)
		return error_hint(err,
				  "unmount it (findmnt, lsblk, swapon tell who has it): a replica is nobody's before promote");
	return error_hint(err,
			  "give a snapshot of it as --root, or freeze what is mounted there (fsfreeze --freeze) for the time "
			  "of the cycle and say --consistent");
}

static int check(int fd, const char *path, enum volume_use use, struct error *err)
{
	struct entry entry;
	if (use == VOLUME_WRITE && !volume_is_device(fd))
		return error_set(err, ERROR_INVALID, "%s is no block device", path);
	if (volume_look(fd, &entry, err) < 0)
		return error_wrap(err, "%s", path);
	if (entry.meta.size < VOLUME_MINIMUM)
		return error_set(err, ERROR_INVALID, "%s has %" PRIu64 " bytes; a volume has %u at least", path,
				 entry.meta.size, VOLUME_MINIMUM);
	return 0;
}

/* An agent that was killed may have the device for a moment longer than its lock. */
static int open_patiently(const char *path, int flags)
{
	const int64_t deadline = clock_boottime() + NSEC_PER_SEC;
	int fd;
	while ((fd = open(path, flags)) < 0 && errno == EBUSY && clock_boottime() < deadline)
		poll(NULL, 0, 20);
	return fd;
}

int volume_open(const char *path, enum volume_use use, int *ret_fd, struct error *err)
{
	struct stat status;
	int flags = use == VOLUME_WRITE ? O_RDWR : O_RDONLY;
	if (use != VOLUME_READ_ANY && stat(path, &status) == 0 && S_ISBLK(status.st_mode))
		flags |= O_EXCL; /* of a device: fails while the kernel uses it, and keeps it from being used */
	CLEANUP_CLOSE int fd = open_patiently(path, flags | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == EBUSY ? in_use(path, use, err) : error_set_errno(err, errno, "cannot open %s", path);
	if (check(fd, path, use, err) < 0)
		return -1;
	*ret_fd = take_fd(fd);
	return 0;
}

/* --- the key of a device --- */

static bool read_line(const char *path, char *ret_text, size_t size)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, ret_text, size - 1);
	ret_text[got > 0 ? got : 0] = '\0';
	return got > 0;
}

/* A file of the disk in sysfs; of a partition: of the whole disk, through which it can be written to as well. */
static bool read_disk(dev_t device, const char *name, char *ret_text, size_t size)
{
	char path[128];
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", major(device), minor(device));
	const char *up = access(path, F_OK) == 0 ? "../" : "";
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s%s", major(device), minor(device), up, name);
	return read_line(path, ret_text, size);
}

/* https://docs.kernel.org/block/stat.html: reads, 3 more; writes, merges, sectors, ticks; 3 more; discards, merges, sectors */
static bool count_writes(dev_t device, int64_t *ret_count)
{
	char text[512];
	uint64_t reads, written, discarded; /* sectors, the last two; a flush is a write of none */
	if (!read_disk(device, "stat", text, sizeof(text)) ||
	    sscanf(text, "%" SCNu64 " %*u %*u %*u %*u %*u %" SCNu64 " %*u %*u %*u %*u %*u %*u %" SCNu64, &reads, &written,
		   &discarded) != 3 ||
	    !reads)
		return false;
	*ret_count = (int64_t)((written + discarded) & INT64_MAX);
	return true;
}

static void make_key(struct entry *entry)
{
	struct {
		char boot[64], sequence[64];
		uint64_t device;
	} disk = {.device = entry->dev};
	bool known = read_line("/proc/sys/kernel/random/boot_id", disk.boot, sizeof(disk.boot)) &&
		     read_disk((dev_t)entry->dev, "diskseq", disk.sequence, sizeof(disk.sequence));
	entry->ino = checksum_of(0, &disk, sizeof(disk));
	entry->ctime = (struct entry_time){0};
	if (known && count_writes((dev_t)entry->dev, &entry->ctime.seconds))
		return;
	ssize_t random = getrandom(&entry->ino, sizeof(entry->ino), 0);
	(void)random; /* it gives 8 bytes, or the kernel is broken */
}

static int look_at_device(int fd, struct entry *entry, struct error *err)
{
	uint64_t size;
	if (ioctl(fd, BLKGETSIZE64, &size) < 0)
		return error_set_errno(err, errno, "cannot tell its size");
	/* A file system that is mounted writes past what is cached for us: forget it. */
	if (fsync(fd) < 0 || ioctl(fd, BLKFLSBUF, 0) < 0)
		return error_set_errno(err, errno, "cannot flush it");
	entry->meta.size = entry->allocated = size;
	make_key(entry);
	return 0;
}

int volume_look(int fd, struct entry *ret_entry, struct error *err)
{
	struct statx status;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &status) < 0)
		return error_set_errno(err, errno, "cannot look at it");
	entry_from_statx(ret_entry, VOLUME_NAME, &status);
	ret_entry->nlink = 1;
	ret_entry->meta = (struct meta){.mode = S_IFREG | 0600, .size = status.stx_size};
	if (S_ISREG(status.stx_mode))
		return 0;
	ret_entry->dev = makedev(status.stx_rdev_major, status.stx_rdev_minor);
	return look_at_device(fd, ret_entry, err);
}

/* --- zeros --- */

static int write_zeros(int fd, uint64_t offset, uint64_t length, struct error *err)
{
	static const uint8_t zeros[256 * 1024];
	while (length) {
		ssize_t written = pwrite(fd, zeros, length < sizeof(zeros) ? length : sizeof(zeros), (off_t)offset);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, errno, "cannot write zeros");
		offset += (uint64_t)written;
		length -= (uint64_t)written;
	}
	return 0;
}

int volume_zero(int fd, uint64_t offset, uint64_t length, struct error *err)
{
	if (!length || fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != EINVAL && errno != EREMOTEIO)
		return error_set_errno(err, errno, "cannot punch a hole");
	return write_zeros(fd, offset, length, err); /* the device cannot discard, or not in such pieces */
}

/* --- what is there --- */

static int read_zeros(int fd, uint64_t offset, size_t length, bool *ret_zeros, struct error *err)
{
	CLEANUP_FREE char *bytes = memory_alloc(length);
	ssize_t got = pread(fd, bytes, length, (off_t)offset);
	if (got < 0)
		return error_set_errno(err, errno, "cannot read it");
	for (ssize_t i = 0; i < got; i++)
		*ret_zeros &= !bytes[i];
	return 0;
}

int volume_is_blank(int fd, bool *ret_blank, struct error *err)
{
	const uint64_t part = 1024 * 1024;
	off_t size = lseek(fd, 0, SEEK_END);
	if (size < 0)
		return error_set_errno(err, errno, "cannot tell its size");
	*ret_blank = true;
	if (read_zeros(fd, 0, part, ret_blank, err) < 0)
		return -1;
	return (uint64_t)size > part ? read_zeros(fd, (uint64_t)size - part, part, ret_blank, err) : 0;
}
