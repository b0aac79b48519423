/*
 * wait.h - the action wait: a set has a complete recovery point, of which both ends say the same, and nothing is under way.
 */
#pragma once

#include "plugins/replica/ends/work.h"

json_t *wait_observe(struct standin_call *call);
json_t *wait_apply(struct standin_call *call); /* there is nothing to do but to look again */
json_t *wait_describe(struct standin_call *call, const char *part);
