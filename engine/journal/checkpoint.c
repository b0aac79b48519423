/*
 * checkpoint.c - the line of a checkpoint, written and read.
 */
#include "engine/journal/checkpoint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"

static const char beginning[] = "{\"checkpoint\":1,";
static const char signature_mark[] = ",\"signature\":\"";

#define TEXT_LENGTH(array) (sizeof(array) - 1)
#define SIGNATURE_DIGITS   (AUDIT_SIGNATURE_SIZE - 1)
#define TAIL_LENGTH	   (TEXT_LENGTH(signature_mark) + SIGNATURE_DIGITS + 2)

void checkpoint_format(struct buffer *out, const struct checkpoint *checkpoint, const struct audit_key *key)
{
	size_t start = out->length;
	char wall[CLOCK_TEXT_SIZE];
	struct utsname system;
	clock_format_wall(clock_wall(), wall);
	buffer_printf(out,
		      "%s\"store\":\"%s\",\"run\":\"%s\",\"records\":%llu,\"head\":\"%s\",\"wall\":\"%s\",\"host\":", beginning,
		      checkpoint->store, checkpoint->run, (unsigned long long)checkpoint->records, checkpoint->head, wall);
	const char *host = uname(&system) < 0 ? "unknown" : system.nodename;
	json_quote(out, host, strlen(host));
	if (key) {
		char signature[AUDIT_SIGNATURE_SIZE];
		buffer_printf(out, ",\"key\":\"%s\"", audit_key_name(key));
		audit_key_sign(key, out->data + start, out->length - start, signature);
		buffer_printf(out, "%s%s\"", signature_mark, signature);
	}
	buffer_add(out, "}\n");
}

static bool copy_text(const struct value *map, const char *key, char *ret_text, size_t size, bool whole)
{
	const char *text = value_get_text(map, key);
	size_t length = text ? strlen(text) : 0;
	if (!length || length >= size || (whole && length != size - 1))
		return false;
	memcpy(ret_text, text, length + 1);
	return true;
}

static bool read_members(const struct value *map, struct checkpoint *ret_checkpoint)
{
	struct checkpoint found = {0};
	int64_t records = value_get_int(map, "records", -1);
	found.records = (uint64_t)records;
	bool good = records > 0 && copy_text(map, "store", found.store, sizeof(found.store), true) &&
		    copy_text(map, "run", found.run, sizeof(found.run), false) &&
		    copy_text(map, "head", found.head, sizeof(found.head), true) &&
		    copy_text(map, "wall", found.wall, sizeof(found.wall), false) &&
		    (!value_get(map, "key") || copy_text(map, "key", found.key, sizeof(found.key), true)) &&
		    !value_get(map, "key") == !value_get(map, "signature");
	*ret_checkpoint = found;
	return good;
}

/* The signature covers the bytes before it, so it has to be the last member, and what else was read stands before. */
static bool is_signed(const char *text, size_t length, const char *key)
{
	char signature[AUDIT_SIGNATURE_SIZE];
	if (length < TAIL_LENGTH || memcmp(text + length - 2, "\"}", 2) != 0)
		return false;
	const char *tail = text + length - TAIL_LENGTH;
	if (memcmp(tail, signature_mark, TEXT_LENGTH(signature_mark)) != 0)
		return false;
	memcpy(signature, tail + TEXT_LENGTH(signature_mark), SIGNATURE_DIGITS);
	signature[SIGNATURE_DIGITS] = '\0';
	return audit_key_verifies(key, signature, text, length - TAIL_LENGTH);
}

int checkpoint_parse(const char *text, size_t length, struct checkpoint *ret_checkpoint, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const struct value *map;
	if (length < TEXT_LENGTH(beginning) || memcmp(text, beginning, TEXT_LENGTH(beginning)) != 0 ||
	    json_parse(arena, text, length, &map, NULL) < 0 || !read_members(map, ret_checkpoint))
		return error_set(err, ERROR_INVALID, "it does not have the form of a checkpoint");
	if (*ret_checkpoint->key && !is_signed(text, length, ret_checkpoint->key))
		return error_set(err, ERROR_CORRUPT, "its signature is not one of these bytes by the key %.16s",
				 ret_checkpoint->key);
	return 0;
}

/* ---- lists ---- */

static void add(struct checkpoint_list *list, const struct checkpoint *checkpoint, size_t line)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity ? list->capacity * 2 : 16;
		list->items = memory_resize(list->items, list->capacity * sizeof(*list->items));
	}
	list->items[list->count] = *checkpoint;
	list->items[list->count++].line = line;
}

/* A writer that died within its last line leaves it without an end: the next one cuts it off (checkpoint_write.c). */
int checkpoint_list_read(const char *path, struct checkpoint_list *ret_list, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	size_t length, number = 1;
	*ret_list = (struct checkpoint_list){0};
	if (file_read(path, FILE_NO_LIMIT, &text, &length, &problem) < 0) {
		if (problem.code == ERROR_NOT_FOUND)
			return 0;
		error_move(err, &problem);
		return -1;
	}
	const char *line = text, *end;
	for (; !ret_list->problem && (end = memchr(line, '\n', (size_t)(text + length - line))); line = end + 1, number++) {
		struct checkpoint checkpoint;
		if (checkpoint_parse(line, (size_t)(end - line), &checkpoint, &problem) < 0)
			ret_list->problem = memory_printf("checkpoint %zu: %s", number, error_text(&problem));
		else
			add(ret_list, &checkpoint, number);
		error_clear(&problem);
	}
	ret_list->torn = ret_list->problem ? 0 : (size_t)(text + length - line);
	return 0;
}

static void find_in_line(struct checkpoint_list *list, const char *path, size_t number, const char *line, size_t length)
{
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	struct checkpoint checkpoint;
	const char *begin = memmem(line, length, beginning, TEXT_LENGTH(beginning));
	const char *end = begin ? memrchr(begin, '}', (size_t)(line + length - begin)) : NULL;
	if (!begin)
		return;
	if (!end || checkpoint_parse(begin, (size_t)(end + 1 - begin), &checkpoint, &problem) < 0) {
		list->damaged += problem.code != ERROR_CORRUPT;
		if (problem.code == ERROR_CORRUPT && !list->problem)
			list->problem = memory_printf("%s:%zu: %s", path, number, error_text(&problem));
		return;
	}
	add(list, &checkpoint, number);
}

int checkpoint_list_find(const char *path, struct checkpoint_list *list, struct error *err)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!file)
		return error_set_errno(err, errno, "cannot open the anchor %s", path);
	char *line = NULL;
	size_t capacity = 0, number = 0;
	ssize_t length;
	while ((length = getline(&line, &capacity, file)) > 0)
		find_in_line(list, path, ++number, line, (size_t)length);
	free(line);
	int failed = ferror(file) ? errno : 0;
	if (file != stdin)
		fclose(file);
	return failed ? error_set_errno(err, failed, "cannot read the anchor %s", path) : 0;
}

void checkpoint_list_free(struct checkpoint_list *list)
{
	free(list->items);
	free(list->problem);
	*list = (struct checkpoint_list){0};
}
