/*
 * observe.c - looking at an object without changing it. Whatever goes wrong on the way makes it unobservable, never absent.
 */
#include "engine/base/memory.h"
#include "engine/plugin/process_call.h"
#include "engine/plugin/read.h"

static int unobservable(struct observation *observation, const char *why)
{
	*observation = (struct observation){.kind = OBSERVED_UNOBSERVABLE, .why = why};
	return 0;
}

static bool is_final(enum error_code code)
{
	return code == ERROR_CANCELLED || code == ERROR_IDENTITY || code == ERROR_REFUSED || code == ERROR_INVALID;
}

static int no_contact(struct arena *arena, struct observation *observation, struct error *err)
{
	if (is_final(err->code))
		return -1;
	unobservable(observation, arena_strdup(arena, error_text(err)));
	observation->lost_contact = err->code == ERROR_CONNECTION || err->code == ERROR_TIMEOUT;
	error_clear(err);
	return 0;
}

static const char *exit_text(struct arena *arena, const struct prepared *prepared, const struct transcript *transcript)
{
	const char *said = transcript_excerpt(arena, transcript, NULL);
	return arena_printf(arena, "`%s` on %s ended with %s%s%s", prepared->command.argv[0], prepared->host->id,
			    transcript_end(arena, transcript), *said ? ": " : "", said);
}

static int read_observation(struct arena *arena, const struct call_names *names, const struct action_command *command,
			    const struct prepared *prepared, const struct transcript *transcript,
			    struct observation *observation, struct error *err)
{
	struct state_read read;
	enum exit_meaning meaning = read_exit(command, prepared->host->platform, transcript->exit_code);
	if (meaning == EXIT_UNOBSERVABLE)
		return unobservable(observation, exit_text(arena, prepared, transcript));
	if (meaning == EXIT_ABSENT) {
		*observation = (struct observation){.kind = OBSERVED_ABSENT};
		return 0;
	}
	if (read_state(arena, names, command, transcript, &read, err) < 0)
		return -1;
	if (!read.state)
		return unobservable(observation, arena_printf(arena, "`%s` on %s: %s", prepared->command.argv[0],
							      prepared->host->id, read.why));
	*observation = (struct observation){
		.kind = OBSERVED_STATE, .state = read.state, .transient = read.transient, .fatal = read.fatal};
	return 0;
}

int action_observe(struct arena *arena, const struct call *call, int64_t deadline, struct observation *ret_observation,
		   struct evidence *ret_evidence, struct error *err)
{
	const struct action_command *command = call->action->platforms[call_executor(call)->platform].observe;
	const struct call_names names = {.call = call};
	struct prepared prepared;
	struct transcript transcript;
	CLEANUP_ERROR struct error trouble = ERROR_NONE;
	if (call->action->program)
		return process_observe(arena, call, deadline, ret_observation, ret_evidence, err);
	if (ret_evidence)
		*ret_evidence = (struct evidence){.exit_code = -1};
	if (!command)
		return unobservable(ret_observation,
				    arena_printf(arena, "%s cannot observe from %s: it has no command for that platform",
						 call->action->name, call_executor(call)->id));
	if (command_prepare(arena, call, command, NULL, &prepared, err) < 0)
		return -1;
	if (!prepared.command.argv)
		return unobservable(ret_observation,
				    arena_printf(arena, "%s is not asked to observe anything", call->action->name));
	if (prepared.unknown)
		return unobservable(ret_observation, arena_printf(arena, "what `%s` needs is not known yet", prepared.unknown));
	int ran = transcript_run(arena, call, &prepared, NULL, deadline, &transcript, &trouble);
	if (ret_evidence)
		*ret_evidence = transcript.evidence;
	if (ran == 0)
		return read_observation(arena, &names, command, &prepared, &transcript, ret_observation, err);
	if (no_contact(arena, ret_observation, &trouble) == 0)
		return 0;
	if (err)
		error_move(err, &trouble);
	return -1;
}
