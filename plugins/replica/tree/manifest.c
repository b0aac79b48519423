/*
 * manifest.c - manifests from front to end, in windows of a fixed size.
 */
#include "plugins/replica/tree/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

static const char magic[8] = "STNDMAN1";

#define WINDOW (256u * 1024)

/* An entry behind its name, as it stands in the file. */
struct __attribute__((packed)) fixed {
	uint32_t mode, uid, gid, nlink;
	uint64_t dev, ino;
	int64_t mtime;
	uint32_t mtime_nanoseconds;
	int64_t ctime;
	uint32_t ctime_nanoseconds;
	uint64_t size, rdev;
	struct digest content, attributes;
};

/* --- writing --- */

struct manifest_writer {
	int fd;
	char *path;
	struct buffer window;
	struct checksum *checksum;
	uint64_t entries;
	struct error failed; /* the first failure; told at the end */
};

static void flush(struct manifest_writer *writer)
{
	checksum_add(writer->checksum, writer->window.data, writer->window.length);
	if (writer->failed.code == ERROR_OK)
		file_append(writer->fd, writer->path, writer->window.data, writer->window.length, &writer->failed);
	buffer_reset(&writer->window);
}

int manifest_create(const char *path, const struct identity *point, uint64_t seed, struct manifest_writer **ret_writer,
		    struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create %s", path);
	struct manifest_writer *writer = memory_alloc(sizeof(*writer));
	writer->fd = fd;
	writer->path = memory_strdup(path);
	writer->checksum = checksum_new();
	buffer_append(&writer->window, magic, sizeof(magic));
	buffer_append(&writer->window, point, sizeof(*point));
	wire_put_u64(&writer->window, seed);
	*ret_writer = writer;
	return 0;
}

static void put_entry(struct manifest_writer *writer, char tag, const char *name, const struct entry *entry)
{
	size_t length = strlen(name);
	const struct meta *meta = &entry->meta;
	const struct fixed fixed = {
		.mode = htole32(meta->mode),
		.uid = htole32(meta->uid),
		.gid = htole32(meta->gid),
		.nlink = htole32(entry->nlink),
		.dev = htole64(entry->dev),
		.ino = htole64(entry->ino),
		.mtime = (int64_t)htole64((uint64_t)meta->mtime.seconds),
		.mtime_nanoseconds = htole32(meta->mtime.nanoseconds),
		.ctime = (int64_t)htole64((uint64_t)entry->ctime.seconds),
		.ctime_nanoseconds = htole32(entry->ctime.nanoseconds),
		.size = htole64(meta->size),
		.rdev = htole64(meta->rdev),
		.content = entry->content,
		.attributes = entry->attributes,
	};
	buffer_add_char(&writer->window, tag);
	wire_put_u16(&writer->window, (uint16_t)length);
	buffer_append(&writer->window, name, length);
	buffer_append(&writer->window, &fixed, sizeof(fixed));
	writer->entries++;
	if (writer->window.length >= WINDOW)
		flush(writer);
}

void manifest_folder(struct manifest_writer *writer, const char *path, const struct entry *self)
{
	if (writer)
		put_entry(writer, 'F', path, self);
}

void manifest_entry(struct manifest_writer *writer, const struct entry *entry)
{
	if (writer)
		put_entry(writer, 'e', entry->name, entry);
}

uint64_t manifest_entries(const struct manifest_writer *writer)
{
	return writer->entries;
}

int manifest_flush(struct manifest_writer *writer, struct manifest_sum *ret_sum, struct error *err)
{
	flush(writer);
	if (writer->failed.code != ERROR_OK)
		return error_set(err, writer->failed.code, "%s", error_text(&writer->failed));
	off_t length = lseek(writer->fd, 0, SEEK_CUR);
	if (length < 0)
		return error_set_errno(err, errno, "cannot write %s", writer->path);
	*ret_sum = (struct manifest_sum){(uint64_t)length, checksum_end(writer->checksum), writer->entries};
	return file_sync(writer->fd, writer->path, err);
}

/* Of the next `length` bytes; what is too short has another. */
static struct checksum *sum_bytes(int fd, uint64_t length)
{
	CLEANUP_FREE char *window = memory_alloc(WINDOW);
	struct checksum *checksum = checksum_new();
	while (length) {
		ssize_t got = read(fd, window, length < WINDOW ? length : WINDOW);
		if (got <= 0)
			break;
		checksum_add(checksum, window, (size_t)got);
		length -= (uint64_t)got;
	}
	return checksum;
}

int manifest_end_at(const char *path, const struct manifest_sum *sum, struct error *err)
{
	CLEANUP_BUFFER struct buffer end = {0};
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	struct checksum *checksum = sum_bytes(fd, sum->length);
	bool same = lseek(fd, 0, SEEK_CUR) == (off_t)sum->length && checksum_end(checksum) == sum->sum;
	buffer_add_char(&end, 'E');
	wire_put_u64(&end, sum->entries);
	checksum_add(checksum, end.data, end.length);
	wire_put_u64(&end, checksum_end(checksum));
	checksum_free(checksum);
	if (!same)
		return error_set(err, ERROR_CORRUPT, "%s is not what its mark is about", path);
	if (ftruncate(fd, (off_t)sum->length) < 0)
		return error_set_errno(err, errno, "cannot cut %s", path);
	return file_append(fd, path, end.data, end.length, err);
}

int manifest_finish(struct manifest_writer *writer, bool sync, struct error *err)
{
	buffer_add_char(&writer->window, 'E');
	wire_put_u64(&writer->window, writer->entries);
	flush(writer);
	wire_put_u64(&writer->window, checksum_end(writer->checksum));
	flush(writer);
	if (writer->failed.code != ERROR_OK) {
		error_move(err, &writer->failed);
		return -1;
	}
	return sync ? file_sync(writer->fd, writer->path, err) : 0;
}

void manifest_free(struct manifest_writer *writer)
{
	if (!writer)
		return;
	close(writer->fd);
	free(writer->path);
	buffer_free(&writer->window);
	checksum_free(writer->checksum);
	error_clear(&writer->failed);
	free(writer);
}

/* --- reading --- */

struct manifest_reader {
	int fd;
	char *path;
	char window[WINDOW];
	size_t used, summed, length; /* in the window: given out, in the checksum, there */
	struct checksum *checksum;
	struct identity point;
	uint64_t seed, entries;
	uint64_t given, folder_at; /* bytes of the file that were given out; where the folder begins */
	bool partial;		   /* from the middle: there is no checksum */
	bool ended;
	char tag; /* of what comes next */
	struct manifest_folder folder;
	struct buffer names; /* the folder's path, then the entries' names, each with its NUL */
	size_t capacity;     /* of folder.entries */
};

static int damaged(const struct manifest_reader *reader, const char *what, struct error *err)
{
	return error_set(err, ERROR_CORRUPT, "%s is damaged: %s", reader->path, what);
}

static int get_bytes(struct manifest_reader *reader, size_t length, const void **ret_bytes, struct error *err)
{
	while (reader->length - reader->used < length) {
		checksum_add(reader->checksum, reader->window + reader->summed, reader->used - reader->summed);
		memmove(reader->window, reader->window + reader->used, reader->length - reader->used);
		reader->length -= reader->used;
		reader->used = reader->summed = 0;
		ssize_t got = read(reader->fd, reader->window + reader->length, sizeof(reader->window) - reader->length);
		if (got < 0)
			return error_set_errno(err, errno, "cannot read %s", reader->path);
		if (got == 0)
			return damaged(reader, "it ends too early", err);
		reader->length += (size_t)got;
	}
	*ret_bytes = reader->window + reader->used;
	reader->used += length;
	reader->given += length;
	return 0;
}

static int get_end(struct manifest_reader *reader, struct error *err)
{
	const void *bytes;
	if (get_bytes(reader, 8, &bytes, err) < 0)
		return -1;
	struct wire count = wire_of(bytes, 8);
	uint64_t entries = wire_u64(&count);
	checksum_add(reader->checksum, reader->window + reader->summed, reader->used - reader->summed);
	reader->summed = reader->used;
	uint64_t sum = checksum_end(reader->checksum);
	if (get_bytes(reader, 8, &bytes, err) < 0)
		return -1;
	struct wire check = wire_of(bytes, 8);
	if (!reader->partial && (wire_u64(&check) != sum || entries != reader->entries))
		return damaged(reader, "its checksum is another", err);
	reader->ended = true;
	return 0;
}

static int get_tag(struct manifest_reader *reader, struct error *err)
{
	const void *tag;
	if (get_bytes(reader, 1, &tag, err) < 0)
		return -1;
	reader->tag = *(const char *)tag;
	if (reader->tag == 'E')
		return get_end(reader, err);
	return reader->tag == 'F' || reader->tag == 'e' ? 0 : damaged(reader, "an unknown tag", err);
}

/* The name goes to the names; *ret_at says where. */
static int get_entry(struct manifest_reader *reader, struct entry *ret_entry, size_t *ret_at, struct error *err)
{
	const void *bytes;
	if (get_bytes(reader, 2, &bytes, err) < 0)
		return -1;
	struct wire wire = wire_of(bytes, 2);
	uint16_t length = wire_u16(&wire);
	if (length > ENTRY_PATH_LIMIT)
		return damaged(reader, "a name is too long", err);
	if (get_bytes(reader, length, &bytes, err) < 0)
		return -1;
	if (reader->tag == 'F' ? !path_is_valid(bytes, length) : !name_is_valid(bytes, length))
		return damaged(reader, "a name is none", err);
	*ret_at = reader->names.length;
	buffer_append(&reader->names, bytes, length);
	buffer_append(&reader->names, "", 1);
	if (get_bytes(reader, sizeof(struct fixed), &bytes, err) < 0)
		return -1;
	struct fixed fixed;
	memcpy(&fixed, bytes, sizeof(fixed));
	*ret_entry = (struct entry){
		.dev = le64toh(fixed.dev),
		.ino = le64toh(fixed.ino),
		.nlink = le32toh(fixed.nlink),
		.ctime = {(int64_t)le64toh((uint64_t)fixed.ctime), le32toh(fixed.ctime_nanoseconds)},
		.meta =
			{
				.mode = le32toh(fixed.mode),
				.uid = le32toh(fixed.uid),
				.gid = le32toh(fixed.gid),
				.mtime = {(int64_t)le64toh((uint64_t)fixed.mtime), le32toh(fixed.mtime_nanoseconds)},
				.size = le64toh(fixed.size),
				.rdev = le64toh(fixed.rdev),
			},
		.content = fixed.content,
		.attributes = fixed.attributes,
	};
	reader->entries++;
	return get_tag(reader, err);
}

int manifest_open(const char *path, struct manifest_reader **ret_reader, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	struct manifest_reader *reader = memory_alloc(sizeof(*reader));
	reader->fd = fd;
	reader->path = memory_strdup(path);
	reader->checksum = checksum_new();
	const void *bytes;
	int result = get_bytes(reader, sizeof(magic) + sizeof(reader->point) + 8, &bytes, err);
	if (result == 0) {
		struct wire wire = wire_of(bytes, sizeof(magic) + sizeof(reader->point) + 8);
		if (memcmp(wire_bytes(&wire, sizeof(magic)), magic, sizeof(magic)) != 0)
			result = damaged(reader, "it is no manifest, or of another version", err);
		memcpy(&reader->point, wire_bytes(&wire, sizeof(reader->point)), sizeof(reader->point));
		reader->seed = wire_u64(&wire);
	}
	if (result < 0 || get_tag(reader, err) < 0) {
		manifest_close(reader);
		return -1;
	}
	*ret_reader = reader;
	return 0;
}

uint64_t manifest_offset(const struct manifest_reader *reader)
{
	return reader->folder_at;
}

int manifest_open_at(const char *path, uint64_t offset, struct manifest_reader **ret_reader, struct error *err)
{
	struct manifest_reader *reader;
	if (manifest_open(path, &reader, err) < 0)
		return -1;
	reader->partial = true;
	reader->used = reader->summed = reader->length = 0;
	reader->given = offset;
	int result = lseek(reader->fd, (off_t)offset, SEEK_SET) < 0 ? error_set_errno(err, errno, "cannot read %s", path)
								    : get_tag(reader, err);
	if (result < 0)
		manifest_close(reader);
	else
		*ret_reader = reader;
	return result;
}

bool manifest_is_whole(const char *path)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	CLEANUP_FREE char *window =
		memory_alloc(WINDOW + 8); /* the last 8 bytes so far are not in the sum: they may be the sum */
	struct checksum *checksum = checksum_new();
	ssize_t got = 0;
	size_t held = 0;
	while (fd >= 0 && (got = read(fd, window + held, WINDOW)) > 0) {
		size_t length = held + (size_t)got;
		held = length < 8 ? length : 8;
		checksum_add(checksum, window, length - held);
		memmove(window, window + length - held, held);
	}
	struct wire end = wire_of(window, held);
	bool whole = fd >= 0 && got == 0 && held == 8 && wire_u64(&end) == checksum_end(checksum);
	checksum_free(checksum);
	return whole;
}

const struct identity *manifest_point(const struct manifest_reader *reader)
{
	return &reader->point;
}

uint64_t manifest_seed(const struct manifest_reader *reader)
{
	return reader->seed;
}

static struct entry *next_slot(struct manifest_reader *reader)
{
	struct manifest_folder *folder = &reader->folder;
	if (folder->count == reader->capacity) {
		reader->capacity = reader->capacity ? reader->capacity * 2 : 256;
		folder->entries = memory_resize(folder->entries, reader->capacity * sizeof(*folder->entries));
	}
	return &folder->entries[folder->count++];
}

int manifest_next(struct manifest_reader *reader, const struct manifest_folder **ret_folder, struct error *err)
{
	struct manifest_folder *folder = &reader->folder;
	size_t at;
	if (reader->ended)
		return 0;
	if (reader->tag != 'F')
		return damaged(reader, "an entry without its folder", err);
	buffer_reset(&reader->names);
	folder->count = 0;
	reader->folder_at = reader->given - 1; /* its tag was read */
	if (get_entry(reader, &folder->self, &at, err) < 0)
		return -1;
	while (!reader->ended && reader->tag == 'e') {
		struct entry *entry = next_slot(reader);
		if (get_entry(reader, entry, &at, err) < 0)
			return -1;
		entry->allocated = at; /* until the names stay where they are */
	}
	folder->path = reader->names.data;
	folder->self.name = "";
	for (size_t i = 0; i < folder->count; i++) {
		folder->entries[i].name = reader->names.data + folder->entries[i].allocated;
		folder->entries[i].allocated = 0;
	}
	*ret_folder = folder;
	return 1;
}

void manifest_close(struct manifest_reader *reader)
{
	if (!reader)
		return;
	close(reader->fd);
	free(reader->path);
	checksum_free(reader->checksum);
	buffer_free(&reader->names);
	free(reader->folder.entries);
	free(reader);
}
