/*
 * read.h - what a command said, as attributes.
 */
#pragma once

#include "engine/plugin/transcript.h"

/* What its exit code means for an observation. A signal is never anything but unobservable. */
enum exit_meaning read_exit(const struct action_command *command, enum host_platform platform, int exit_code);

struct state_read {
	const struct value *state; /* a map, or NULL: it could not be read */
	const char *why;	   /* it could not */
	bool fatal;
	bool transient;
};

/* -1: a template fails (ERROR_INVALID). */
int read_state(struct arena *arena, const struct call_names *names, const struct action_command *command,
	       const struct transcript *transcript, struct state_read *ret_read, struct error *err);

/* A pattern that a template gives: *ret_regex NULL if it gives null, or there is none. what: the key, for errors. */
int read_pattern(struct arena *arena, const struct call_names *names, const struct template *template, const char *what,
		 struct regex **ret_regex, struct error *err);
int read_compile(struct arena *arena, const struct call_names *names, const struct value *pattern, const char *what,
		 struct regex **ret_regex, struct error *err);
