/*
 * file.h - local files, and the few writes on which durability depends.
 *
 * Everything that must survive a power cut goes through file_append, file_sync and file_write_durable, so that tests can fail
 * the Nth call, or kill the process between any two (fault.h; the points are "write", "sync", "rename" and "sync_folder"). A
 * failed sync is final: the caller stops, it does not retry.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "engine/base/buffer.h"
#include "engine/base/error.h"

#define FILE_NO_LIMIT ((size_t)-1)

/* Reads the whole file; more than limit bytes is ERROR_LIMIT. *ret_data is malloc'ed and NUL-terminated. */
int file_read(const char *path, size_t limit, char **ret_data, size_t *ret_length, struct error *err);
int file_read_fd(int fd, const char *name, size_t limit, char **ret_data, size_t *ret_length, struct error *err);
/* Writes a temporary file beside path, syncs it, renames it over path, syncs the folder: old or new content, never half. */
int file_write_durable(const char *path, const void *data, size_t length, mode_t mode, struct error *err);
/* Writes all bytes at the end; a short write is undone by truncating to where the file ended before, then an error. */
int file_append(int fd, const char *name, const void *data, size_t length, struct error *err);
int file_sync(int fd, const char *name, struct error *err);   /* fdatasync */
int file_sync_folder_of(const char *path, struct error *err); /* makes a creation, renaming or removal of path durable */
int file_make_folders(const char *path, mode_t mode, struct error *err); /* mkdir -p, durable */
bool file_exists(const char *path);
int file_remove_tree(const char *path, struct error *err);
char *file_join(const char *folder, const char *name); /* malloc'ed "folder/name" */
const char *file_base_name(const char *path);	       /* borrowed, behind the last slash */
