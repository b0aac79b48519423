/*
 * run_gantt.h - a run's timeline as an SVG picture (a Gantt chart). Internal to report/.
 */
#pragma once

#include "engine/base/buffer.h"
#include "engine/report/story.h"

void run_gantt(struct buffer *out, const struct story *story);
