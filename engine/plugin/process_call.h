/*
 * process_call.h - calls of actions whose plugin is a process: what action.h promises, by asking that process (protocol.h).
 */
#pragma once

#include "engine/plugin/action.h"

int process_observe(struct arena *arena, const struct call *call, int64_t deadline, struct observation *ret_observation,
		    struct evidence *ret_evidence, struct error *err);
enum apply_result process_apply(struct arena *arena, const struct call *call, const struct observation *before,
				const char *scope, int64_t deadline, struct evidence *ret_evidence,
				const struct value **ret_outputs, struct error *err);
const char *process_diagnose(struct arena *arena, const struct call *call, const struct observation *before, int64_t deadline);
/* The commands that it says it would run on hosts, else "ACTION (process plugin)". */
void process_command_texts(struct arena *arena, const struct call *call, enum action_part part,
			   const struct observation *before, struct value *texts);
