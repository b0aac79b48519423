/*
 * plugins.h - the actions that are there, read from manifests (README.md has the format).
 */
#pragma once

#include "engine/base/error.h"
#include "engine/base/value.h"
#include "engine/document/diagnostic.h"
#include "engine/document/tree.h"
#include "engine/expression/template.h"
#include "engine/runbook/inventory.h"
#include "engine/schema/schema.h"

enum action_kind { ACTION_STATE, ACTION_TASK, ACTION_PROBE, ACTION_GATE };
enum action_effect { EFFECT_READ, EFFECT_REVERSIBLE, EFFECT_IRREVERSIBLE };

/* What an action does in standing in for a host, as its manifest says (`role`); lints look at nothing else. Bits. */
enum action_role {
	ROLE_FENCE = 1 << 0,
	ROLE_DELETE_ACCOUNT = 1 << 1,
	ROLE_TAKE_NAME = 1 << 2,
	ROLE_DATA_GATE = 1 << 3,
	ROLE_PROMOTE = 1 << 4,
	ROLE_MOUNT = 1 << 5,
	ROLE_START = 1 << 6,
	ROLE_CLIENT_CHECK = 1 << 7,
	ROLE_NOTE = 1 << 8,
};

struct action_command; /* command.h */
struct plugin_program; /* program.h */

struct action_platform { /* each NULL where the manifest has none */
	struct action_command *observe;
	struct action_command *apply;
	struct action_command *diagnose;
};

struct action {
	const char *plugin; /* "service" */
	const char *name;   /* "service.start" */
	const char *summary;
	enum action_kind kind;
	unsigned roles; /* ROLE_* */
	struct template *effect;
	struct template *repeatable;	     /* NULL: no */
	const struct value *inputs;	     /* map: input name -> its schema */
	struct schema *inputs_schema;	     /* of the whole `with` map */
	const struct value *outputs;	     /* map: attribute -> its schema, or NULL */
	struct schema *outputs_schema;	     /* of an observed state */
	struct template *object;	     /* NULL: no object (tasks, gates) */
	struct template *desired;	     /* NULL: none; yields a map, or the string "absent" */
	struct template *event_when;	     /* NULL: no event wish (or always, if event_token is set) */
	const char *event_token;	     /* NULL: none */
	struct template *note;		     /* NULL: none */
	struct template *leaves;	     /* NULL: none */
	struct template *touches;	     /* NULL: none; yields a list of patterns */
	struct template *via;		     /* NULL: the subject */
	int64_t stable_for;		     /* nanoseconds; 0 */
	int64_t timeout;		     /* nanoseconds; default 2 minutes */
	int64_t poll;			     /* nanoseconds; default 500 ms */
	const char *const *secrets;	     /* inputs that may be secret, NULL-terminated */
	struct action_platform platforms[2]; /* by enum host_platform */
	const struct plugin_program
		*program;	     /* of a process plugin: it observes and applies; NULL: the platforms' commands do */
	const char *const *hosts;    /* inputs that name hosts (`host: true`), NULL-terminated */
	const char *const *replicas; /* inputs that name replication sets (`replica: true`): they are given as replica.h says */
	struct span at;
};

struct plugin {
	const char *name;
	const char *summary;
	const char *path; /* of its manifest */
	const char *text; /* the manifest as read, for the run directory and its digest */
	size_t text_length;
	struct plugin_program *program; /* of a process plugin, or NULL */
	struct action *actions;
	size_t actions_count;
};

struct plugins {
	struct plugin *items;
	size_t count;
};

/* A folder of plugins: NAME/plugin.yaml below it. */
struct plugins_place {
	const struct tree *tree;
	const char *folder;
	bool manifests_only; /* a plugin that is a program is not taken from here */
};

/* Reads every plugin (sorted) out of the first place that has it. -1: errors among the diagnostics. */
int plugins_read_from(struct arena *arena, const struct plugins_place *places, size_t count, struct plugins **ret_plugins,
		      struct diagnostics *diagnostics);
/* The same from one folder of the file system. */
int plugins_read(struct arena *arena, const char *folder, struct plugins **ret_plugins, struct diagnostics *diagnostics);
/* One plugin.yaml, wherever it lies in the tree; its folder must have the plugin's name. */
int plugin_read(struct arena *arena, const struct tree *tree, const char *path, struct diagnostics *diagnostics);
/* From texts that were stored in a run directory: names and texts in parallel. */
int plugins_from_texts(struct arena *arena, const char *const *names, const char *const *texts, const size_t *lengths,
		       size_t count, struct plugins **ret_plugins, struct diagnostics *diagnostics);
/* NULL: no such action; then *ret_suggestion (may be NULL) is the nearest name, or NULL. */
const struct action *plugins_find(const struct plugins *plugins, const char *name, const char **ret_suggestion);
const struct plugin *plugins_of(const struct plugins *plugins, const struct action *action);

/* The inputs with their defaults filled in. */
const struct value *action_inputs(struct arena *arena, const struct action *action, const struct value *with);
bool action_is_volatile(const struct action *action, const char *attribute);
bool action_input_may_be_secret(const struct action *action, const char *input);
