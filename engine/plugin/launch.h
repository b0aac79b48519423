/*
 * launch.h - start a plugin's program: clean environment, a session and a private folder of its own, confined (confine.h).
 *
 * What it says and hears afterwards is worker.h's.
 */
#pragma once

#include "engine/base/process.h"
#include "engine/plugin/private_folder.h"
#include "engine/plugin/program.h"

struct launched {
	struct process process;
	struct private_folder folder; /* the caller removes it when the process has ended */
	unsigned unconfined;	      /* bits of enum unconfined */
};

int launch(const struct plugin_program *program, int64_t deadline, struct launched *ret_launched, struct error *err);
