/*
 * processes.c - which worker runs which program, and how often it may be started.
 */
#include "engine/plugin/processes.h"

#include <signal.h>
#include <stdarg.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/plugin/confine.h"
#include "engine/plugin/worker.h"

#define START_TIME (10 * NSEC_PER_SEC)
#define END_TIME   (2 * NSEC_PER_SEC)

struct slot {
	struct slot *next;
	const struct plugin_program *program;
	struct worker *worker; /* NULL: none runs */
	unsigned starts;
	char *why; /* the last one ended; owned; NULL: none has */
	struct fiber_lock starting;
};

struct plugin_processes {
	struct slot *slots;
	void (*note)(void *context, const char *text);
	void *context;
};

struct plugin_processes *plugin_processes_new(void (*note)(void *context, const char *text), void *context)
{
	struct plugin_processes *processes = memory_alloc(sizeof(*processes));
	*processes = (struct plugin_processes){.note = note, .context = context};
	signal(SIGPIPE, SIG_IGN); /* a plugin that has closed its stdin is no reason to die */
	return processes;
}

void processes_note(struct plugin_processes *processes, const char *format, ...)
{
	va_list args;
	CLEANUP_BUFFER struct buffer text = {0};
	if (!processes->note)
		return;
	va_start(args, format);
	buffer_vprintf(&text, format, args);
	va_end(args);
	processes->note(processes->context, buffer_text(&text));
}

static struct slot *slot_for(struct plugin_processes *processes, const struct plugin_program *program)
{
	for (struct slot *slot = processes->slots; slot; slot = slot->next)
		if (slot->program == program)
			return slot;
	struct slot *slot = memory_alloc(sizeof(*slot));
	slot->program = program;
	slot->next = processes->slots;
	processes->slots = slot;
	return slot;
}

static void tell_unconfined(struct plugin_processes *processes, const struct slot *slot, unsigned unconfined)
{
	for (unsigned bit = 0; slot->starts == 1 && bit < UNCONFINED_BITS; bit++)
		if (unconfined & (1u << bit))
			processes_note(processes, "the plugin %s is not confined in %s", slot->program->plugin,
				       unconfined_text((enum unconfined)(1u << bit)));
}

static void drop_worker(struct slot *slot)
{
	if (!slot->worker || !slot->worker->over)
		return;
	free(slot->why);
	slot->why = memory_strdup(slot->worker->why ? slot->worker->why : "it ended");
	worker_release(take(slot->worker));
}

static int start(struct plugin_processes *processes, struct slot *slot, int64_t deadline, struct error *err)
{
	struct worker *worker;
	unsigned unconfined = 0;
	int64_t latest = clock_boottime() + START_TIME;
	if (slot->starts >= PROCESS_STARTS) {
		error_set(err, ERROR_LIMIT, "the plugin %s has ended %u times and is not started again: %s",
			  slot->program->plugin, slot->starts, slot->why ? slot->why : "it could not be started");
		error_hint(err, "mend the plugin; then resume the run, which starts it anew");
		return -1;
	}
	slot->starts++;
	if (worker_start(processes, slot->program, deadline < latest ? deadline : latest, &worker, &unconfined, err) < 0) {
		free(slot->why);
		slot->why = memory_strdup(err ? error_text(err) : NULL);
		return -1;
	}
	slot->worker = worker;
	tell_unconfined(processes, slot, unconfined);
	return 0;
}

int processes_worker(struct plugin_processes *processes, const struct plugin_program *program, int64_t deadline,
		     struct worker **ret_worker, struct error *err)
{
	if (!processes)
		return error_set(err, ERROR_FAILED, "the plugin %s is not started: working offline", program->plugin);
	struct slot *slot = slot_for(processes, program);
	enum loop_wake wake = fiber_lock_take(&slot->starting, deadline);
	if (wake != LOOP_READY)
		return error_set(err, wake == LOOP_TIMEOUT ? ERROR_TIMEOUT : ERROR_CANCELLED,
				 "the plugin %s did not start in time", program->plugin);
	drop_worker(slot);
	int outcome = slot->worker ? 0 : start(processes, slot, deadline, err);
	if (outcome == 0) {
		slot->worker->users++;
		*ret_worker = slot->worker;
	}
	fiber_lock_release(&slot->starting);
	return outcome;
}

void plugin_processes_free(struct plugin_processes *processes)
{
	while (processes && processes->slots) {
		struct slot *slot = processes->slots;
		processes->slots = slot->next;
		if (slot->worker) {
			worker_end(slot->worker, clock_boottime() + END_TIME);
			worker_release(slot->worker);
		}
		free(slot->why);
		free(slot);
	}
	free(processes);
}
