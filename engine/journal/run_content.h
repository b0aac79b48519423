/*
 * run_content.h - whether a run directory still holds all that the run executed. The journal says what that is: its run_opened
 * record holds the manifest's digest, the manifest those of runbooks, inventory and plugins; a `resumed` record that of an
 * edited runbook. Internal to journal/.
 */
#pragma once

#include "engine/journal/run_store.h"

struct run_content;

struct run_content *run_content_new(void);
void run_content_free(struct run_content *content); /* NULL is nothing */
/* A verified line of the kinds run_opened and resumed, in order. */
void run_content_note(struct run_content *content, const char *line, size_t length);
/* What is missing or not what it was; NULL: nothing. malloc'ed. */
char *run_content_problem(const struct run_content *content, const struct run_store *store, const char *id);
