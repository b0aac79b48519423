/*
 * arena.c - a list of blocks; allocation moves a mark inside the newest one.
 */
#include "engine/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/memory.h"

#define FIRST_BLOCK   1024
#define LARGEST_BLOCK (256 * 1024)

struct block {
	struct block *older;
	size_t size; /* usable bytes */
	size_t used;
	alignas(max_align_t) char data[];
};

struct arena {
	struct block *newest;
	size_t next_size; /* of the next ordinary block */
	size_t handed_out;
};

struct arena *arena_new(void)
{
	struct arena *arena = memory_alloc(sizeof(*arena));
	arena->next_size = FIRST_BLOCK;
	return arena;
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->newest; block;) {
		struct block *older = block->older;
		free(block);
		block = older;
	}
	free(arena);
}

static struct block *block_new(struct arena *arena, size_t size)
{
	struct block *block = memory_resize(NULL, sizeof(*block) + size); /* zeroed as it is handed out */
	block->size = size;
	block->used = 0;
	block->older = arena->newest;
	arena->newest = block;
	return block;
}

/* As it comes: what was there before is still in it. */
static void *hand_out(struct arena *arena, size_t size)
{
	const size_t alignment = alignof(max_align_t);
	size = size ? (size + alignment - 1) / alignment * alignment : alignment;
	struct block *block = arena->newest;
	if (!block || block->size - block->used < size) {
		size_t wanted = arena->next_size > size ? arena->next_size : size;
		block = block_new(arena, wanted);
		if (arena->next_size < LARGEST_BLOCK)
			arena->next_size *= 2;
	}
	void *result = block->data + block->used;
	block->used += size;
	arena->handed_out += size;
	return result;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(hand_out(arena, size), 0, size);
}

void *arena_copy(struct arena *arena, const void *data, size_t size)
{
	void *copy = hand_out(arena, size);
	if (size)
		memcpy(copy, data, size);
	return copy;
}

char *arena_strndup(struct arena *arena, const char *text, size_t len)
{
	char *copy = hand_out(arena, len + 1);
	if (len)
		memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return text ? arena_strndup(arena, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	char brief[256]; /* most are: then it is formatted once */
	va_list again;
	va_copy(again, args);
	int length = vsnprintf(brief, sizeof(brief), format, args);
	char *text = hand_out(arena, (size_t)length + 1);
	if ((size_t)length < sizeof(brief))
		memcpy(text, brief, (size_t)length + 1);
	else
		vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}

void *arena_grow(struct arena *arena, void *items, size_t *count, size_t *capacity, size_t size)
{
	void **array = items;
	if (*count == *capacity) {
		size_t larger = *capacity ? *capacity * 2 : 2;
		void *moved = arena_alloc(arena, larger * size);
		if (*count)
			memcpy(moved, *array, *count * size);
		*array = moved;
		*capacity = larger;
	}
	return (char *)*array + (*count)++ * size;
}

size_t arena_used(const struct arena *arena)
{
	return arena->handed_out;
}
