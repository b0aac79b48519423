/*
 * call_names.h - what the templates of an action see when it is called, and their evaluation with errors that say where.
 */
#pragma once

#include "engine/plugin/action.h"

struct call_names {
	const struct call *call;
	const struct observation *before; /* NULL: not observed */
	const struct value *result;	  /* NULL: not visible */
};

/* what: the key in the manifest, for errors. -1: ERROR_INVALID. */
int call_evaluate(struct arena *arena, const struct call_names *names, const struct template *template, const char *what,
		  const struct value **ret_value, struct error *err);
/* As call_evaluate, for places where a secret must not arrive: an error that names the input. */
int call_evaluate_open(struct arena *arena, const struct call_names *names, const struct template *template, const char *what,
		       const struct value **ret_value, struct error *err);

/* A scalar as a person would write it; NULL for what has no such form (lists, maps, null, unknown). In the arena. */
const struct value *call_text(struct arena *arena, const struct value *value);

/* A template that names a host by its id or its inventory entry. *ret_id NULL: it is null. It is in the inventory, or the
 * controller. */
int call_host_id(struct arena *arena, const struct call_names *names, const struct template *template, const char **ret_id,
		 struct error *err);

/* The host on which the action runs: the executor, or the controller. */
const struct host *call_executor(const struct call *call);
