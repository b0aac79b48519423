/*
 * suggest.c - the nearest word (optimal string alignment distance: insert, delete, replace, swap neighbours).
 */
#include "engine/base/suggest.h"

#include <string.h>

#define WORD_LIMIT	64
#define COMPLETED_LEAST 3

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t rows[3][WORD_LIMIT + 1];
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];
		row[0] = i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = smaller(above[j - 1] + (a[i - 1] != b[j - 1]), 1 + smaller(above[j], row[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = smaller(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

/* The only candidate that begins with word: "int" for "integer". */
static const char *completed(const char *word, size_t length, const char *const *candidates, size_t count)
{
	const char *found = NULL;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(word, candidates[i], length) != 0)
			continue;
		if (found)
			return NULL;
		found = candidates[i];
	}
	return found;
}

const char *suggest(const char *word, const char *const *candidates, size_t count)
{
	size_t length = strlen(word);
	const char *best = NULL;
	size_t best_distance = (length + 2) / 3; /* a third of the letters may be wrong */
	if (length > WORD_LIMIT)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t candidate_length = strlen(candidates[i]);
		if (candidate_length > WORD_LIMIT)
			continue;
		size_t found = distance(word, length, candidates[i], candidate_length);
		if (found < best_distance || (found == best_distance && !best && found < length)) {
			best = candidates[i];
			best_distance = found;
		}
	}
	if (!best && length >= COMPLETED_LEAST)
		best = completed(word, length, candidates, count);
	return best;
}
