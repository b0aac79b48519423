/*
 * known_secrets.c - what an earlier process of this run gave to a host, a host can say back in this one. So whatever is taken
 * from the journal instead of being done names the secrets that are read again: only what is known can be kept out of what is
 * kept.
 *
 * Not here: secrets in lists and inputs; those are evaluated anew in every process.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/execute/interpreter.h"

struct reading {
	const struct interpreter *interpreter;
	struct arena *arena;
	struct error *err;
	int result;
};

static void read_again(void *context, const char *const *parts, size_t count, struct span at)
{
	struct reading *reading = context;
	const struct value *ignored; /* the inventory remembers it */
	(void)at;
	if (count > 1 && strcmp(parts[0], "secrets") == 0 && reading->result == 0)
		reading->result = secret_read(reading->arena, reading->interpreter->execution->inventory, parts[1], &ignored,
					      reading->err);
}

int secrets_know_again(const struct interpreter *interpreter, const struct step *step, struct error *err)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct reading reading = {.interpreter = interpreter, .arena = arena, .err = err};
	if (!interpreter->history || !step->with)
		return 0;
	template_visit_names(step->with, read_again, &reading);
	if (reading.result < 0) {
		error_wrap(err, "what hosts say cannot be kept safely");
		error_hint(err, "this run gave it to a host, which may say it back: make it readable again, then resume");
	}
	return reading.result;
}
