/*
 * head_claims.c - see head_claims.h.
 */
#include "engine/journal/head_claims.h"

#include <string.h>

#include "engine/base/memory.h"

void head_claims_add(struct head_claims *claims, const struct head_claim *claim)
{
	if (claims->count == claims->capacity) {
		claims->capacity = claims->capacity ? claims->capacity * 2 : 16;
		claims->items = memory_resize(claims->items, claims->capacity * sizeof(*claims->items));
	}
	claims->items[claims->count++] = *claim;
}

void head_claims_add_checkpoints(struct head_claims *claims, const struct checkpoint_list *list, enum claim_source source,
				 const char *store, const char *run)
{
	for (size_t i = 0; list && i < list->count; i++) {
		const struct checkpoint *checkpoint = &list->items[i];
		if (strcmp(checkpoint->run, run) == 0 && strcmp(checkpoint->store, store) == 0)
			head_claims_add(claims, &(struct head_claim){.records = checkpoint->records,
								     .head = checkpoint->head,
								     .source = source,
								     .wall = checkpoint->wall,
								     .key = checkpoint->key});
	}
}

static int by_records(const void *a, const void *b)
{
	const struct head_claim *first = a, *second = b;
	if (first->records != second->records)
		return first->records < second->records ? -1 : 1;
	return (int)first->source - (int)second->source;
}

void head_claims_sort(struct head_claims *claims)
{
	if (claims->count)
		qsort(claims->items, claims->count, sizeof(*claims->items), by_records);
}

void head_claims_meet(struct head_claims *claims, uint64_t sequence, const char *head)
{
	for (; claims->next < claims->count && claims->items[claims->next].records <= sequence; claims->next++) {
		struct head_claim *claim = &claims->items[claims->next];
		claim->held = claim->records == sequence && strcmp(claim->head, head) == 0;
	}
}

const struct head_claim *head_claims_last(const struct head_claims *claims, enum claim_source source)
{
	for (size_t i = claims->count; i-- > 0;)
		if (claims->items[i].source == source)
			return &claims->items[i];
	return NULL;
}

static char *missing(const struct head_claim *claim, uint64_t found)
{
	static const char *const when[] = {[CLAIM_OPENED] = "it was opened",
					   [CLAIM_CLOSED] = "it was closed",
					   [CLAIM_SIGNED] = "it was signed",
					   [CLAIM_ANCHORED] = "its head was exported to the anchor"};
	return memory_printf("records are missing: it has %llu, and had %llu when %s%s%s", (unsigned long long)found,
			     (unsigned long long)claim->records, when[claim->source], claim->wall ? " at " : "",
			     claim->wall ? claim->wall : "");
}

static char *different(const struct head_claim *claim, uint64_t found)
{
	unsigned long long number = claim->records;
	switch (claim->source) {
	case CLAIM_OPENED:
		return memory_strdup("it is not the journal that the index knows: another one stands in its place");
	case CLAIM_CLOSED:
		return found > claim->records ? memory_printf("record %llu is not the one with which it was closed", number)
					      : memory_strdup("its last record is not the one with which it was closed");
	case CLAIM_SIGNED:
		return memory_printf("record %llu is not the one that was signed at %s", number, claim->wall);
	default:
		return memory_printf("record %llu is not the one whose hash was exported to the anchor at %s", number,
				     claim->wall);
	}
}

char *head_claims_wrong(const struct head_claims *claims, uint64_t found, uint64_t *ret_record)
{
	for (size_t i = 0; i < claims->count && claims->items[i].records <= found; i++) {
		if (claims->items[i].held)
			continue;
		*ret_record = claims->items[i].records;
		return different(&claims->items[i], found);
	}
	return NULL;
}

/* A wrong record is told by the first claim, missing ones by that which knows most of them: the last. */
char *head_claims_problem(const struct head_claims *claims, uint64_t found, uint64_t *ret_record)
{
	const struct head_claim *closed = head_claims_last(claims, CLAIM_CLOSED),
				*last = claims->count ? &claims->items[claims->count - 1] : NULL;
	char *wrong = head_claims_wrong(claims, found, ret_record);
	if (wrong || !last)
		return wrong;
	if (last->records > found) {
		*ret_record = found + 1;
		return missing(last, found);
	}
	if (!closed || found == closed->records)
		return NULL;
	*ret_record = closed->records + 1;
	return memory_printf("it goes on after it was closed: %llu records, %llu when it was closed", (unsigned long long)found,
			     (unsigned long long)closed->records);
}

void head_claims_free(struct head_claims *claims)
{
	free(claims->items);
	*claims = (struct head_claims){0};
}
