/*
 * memory.h - allocation that cannot fail, and cleanup by attribute.
 *
 * Standin does not try to go on without memory: a half-made decision is worse than a crash, because a crash is resumable.
 */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

void *memory_alloc(size_t size);	       /* zeroed */
void *memory_resize(void *block, size_t size); /* new bytes are not zeroed */
void *memory_copy(const void *block, size_t size);
char *memory_strdup(const char *text); /* NULL stays NULL */
char *memory_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}
#define CLEANUP_FREE __attribute__((cleanup(freep)))

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
#define CLEANUP_CLOSE __attribute__((cleanup(closep)))

/* Hand over what a CLEANUP_ variable owns: take(pointer) returns it and leaves NULL behind. */
#define take(pointer)                                                                                                          \
	({                                                                                                                     \
		__typeof__(pointer) take_ = (pointer);                                                                         \
		(pointer) = NULL;                                                                                              \
		take_;                                                                                                         \
	})
#define take_fd(fd)                                                                                                            \
	({                                                                                                                     \
		int take_ = (fd);                                                                                              \
		(fd) = -1;                                                                                                     \
		take_;                                                                                                         \
	})

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
