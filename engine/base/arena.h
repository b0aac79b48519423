/*
 * arena.h - memory that is freed all at once.
 *
 * A document, a runbook, a plan or one step's evaluation owns an arena; whatever belongs to it is allocated there and never
 * freed singly. Memory is zeroed. Running out of memory ends the process (see memory.h): no caller checks for NULL.
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is fine */

void *arena_alloc(struct arena *arena, size_t size); /* zeroed, aligned for any type */
void *arena_copy(struct arena *arena, const void *data, size_t size);
char *arena_strdup(struct arena *arena, const char *text);		/* NULL stays NULL */
char *arena_strndup(struct arena *arena, const char *text, size_t len); /* always NUL-terminated; may hold NULs inside */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Grow an array that lives in the arena: returns a place for one more element and raises *count.
 * *items may move; the old copy stays in the arena until it is freed (amortized doubling). */
void *arena_grow(struct arena *arena, void *items, size_t *count, size_t *capacity, size_t size);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type)))

size_t arena_used(const struct arena *arena); /* bytes handed out so far */

static inline void arena_freep(struct arena **arena)
{
	arena_free(*arena);
}
#define CLEANUP_ARENA __attribute__((cleanup(arena_freep)))
