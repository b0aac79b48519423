/*
 * editor.h - a JSON Schema for editors: that of runbooks, and behind `uses` each action with its summary and its inputs.
 */
#pragma once

#include "engine/plugin/plugins.h"

/* A schema of draft 2020-12 that needs no other document. An input may always be a ${{ }}, too. */
const struct value *editor_schema(struct arena *arena, const struct plugins *plugins);
