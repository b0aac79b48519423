/*
 * examinations.c - what the processes say of each document, kept as bytes until all is known.
 */
#include "engine/cli/examinations.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/workers.h"

struct said { /* by the process that examined it, in its bytes */
	char *first;
	char *again; /* NULL: what it said first holds */
};

/* What a process says of a document: head, lints of an inventory, findings. */
struct head {
	bool unchanged, linted, inventory;
	const char *runbook;
	struct lint_started started;
};

static const char *path_of(const struct examinations *examinations, size_t item)
{
	return value_text(examinations->paths->list.items[item]);
}

static void write_head(struct buffer *out, const struct examination *examination)
{
	const struct head head = {.unchanged = examination->unchanged,
				  .linted = examination->linted,
				  .inventory = examination->inventory.path != NULL,
				  .started = {.count = examination->started.count}};
	buffer_append(out, &head, sizeof(head));
	bytes_put_text(out, examination->runbook);
	for (size_t i = 0; i < examination->started.count; i++)
		bytes_put_text(out, examination->started.services[i]);
}

static void read_head(struct arena *arena, const char **bytes, struct head *ret_head)
{
	memcpy(ret_head, *bytes, sizeof(*ret_head));
	*bytes += sizeof(*ret_head);
	ret_head->runbook = bytes_get_text(bytes);
	ret_head->started.services = arena_alloc(arena, ret_head->started.count * sizeof(*ret_head->started.services));
	for (size_t i = 0; i < ret_head->started.count; i++)
		ret_head->started.services[i] = bytes_get_text(bytes);
}

/* In any of the processes. */
static void work(void *context, size_t item, struct buffer *out)
{
	struct examinations *examinations = context;
	struct examination examination;
	examine(&examinations->examiner, path_of(examinations, item), &examination);
	write_head(out, &examination);
	if (examination.inventory.path)
		file_findings_write(out, &examination.inventory);
	file_findings_write(out, &examination.own);
	examination_free(&examination);
}

static void accept(void *context, size_t item, const char *data, size_t length)
{
	struct examinations *examinations = context;
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char *bytes = data;
	struct head head;
	read_head(arena, &bytes, &head);
	if (head.runbook)
		lint_sets_know(examinations->examiner.sets, path_of(examinations, item), &head.started);
	examinations->said[item].first = memory_copy(data, length);
}

/* ------------------------------------------------------------------------------------------ orders of services, once all are
 * known */

static void work_again(void *context, size_t item, struct buffer *out)
{
	const struct examinations *examinations = context;
	work(context, examinations->again[item], out);
}

static void accept_again(void *context, size_t item, const char *data, size_t length)
{
	struct examinations *examinations = context;
	examinations->said[examinations->again[item]].again = memory_copy(data, length);
}

static bool starts_otherwise(struct examinations *examinations, size_t item)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	const char *path = path_of(examinations, item), *bytes = examinations->said[item].first;
	struct head head;
	read_head(arena, &bytes, &head);
	if (head.unchanged || !head.linted || head.started.count < 2)
		return false;
	const struct plugins *plugins = examiner_plugins(&examinations->examiner, path);
	struct lint_set *set = plugins ? lint_set_of(examinations->examiner.sets, path, head.runbook, plugins) : NULL;
	if (!set)
		return false;
	lint_set_compare(examinations->examiner.sets, set, plugins);
	return lint_set_differs(set, &head.started);
}

static int map(struct examinations *examinations, const struct workers *workers, size_t count, const size_t *items,
	       struct error *err)
{
	size_t done;
	if (workers_map(workers, count, &done, err) == 0)
		return 0;
	return error_wrap(err, "%s", path_of(examinations, items ? items[done] : done));
}

/* Those whose services start in another order than elsewhere are examined a second time, now that this is known. */
int examinations_make(struct examinations *examinations, unsigned jobs, struct error *err)
{
	const struct workers first = {.work = work, .accept = accept, .context = examinations, .limit = jobs};
	const struct workers second = {.work = work_again, .accept = accept_again, .context = examinations, .limit = jobs};
	size_t count = examinations->paths->list.count, again = 0;
	examinations->said = memory_alloc(count * sizeof(*examinations->said));
	examinations->again = memory_alloc(count * sizeof(*examinations->again));
	if (map(examinations, &first, count, NULL, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (starts_otherwise(examinations, i))
			examinations->again[again++] = i;
	return map(examinations, &second, again, examinations->again, err);
}

static void read_findings(struct arena *arena, const char **bytes, const struct head *head, struct examined *ret_examined)
{
	if (head->inventory)
		file_findings_read(arena, bytes, &ret_examined->inventory);
	file_findings_read(arena, bytes, &ret_examined->own);
}

void examinations_get(const struct examinations *examinations, size_t item, struct arena *arena, struct examined *ret_examined)
{
	const struct said *said = &examinations->said[item];
	const char *bytes = said->first;
	struct head head;
	*ret_examined = (struct examined){0};
	read_head(arena, &bytes, &head);
	read_findings(arena, &bytes, &head, ret_examined);
	ret_examined->unchanged = head.unchanged;
	if (!said->again)
		return;
	bytes = said->again;
	read_head(arena, &bytes, &head);
	read_findings(arena, &bytes, &head, ret_examined);
}

void examinations_free(struct examinations *examinations)
{
	for (size_t i = 0; examinations->said && i < examinations->paths->list.count; i++) {
		free(examinations->said[i].first);
		free(examinations->said[i].again);
	}
	free(examinations->said);
	free(examinations->again);
	examiner_free(&examinations->examiner);
}
