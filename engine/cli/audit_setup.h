/*
 * audit_setup.h - how runs of this machine are signed and exported.
 *
 * The audit folder is $STANDIN_AUDIT, else /etc/standin for root, else $XDG_CONFIG_HOME/standin, else ~/.config/standin;
 * STANDIN_AUDIT=none: there is none.
 *   audit.key   the private key (audit_key.h); without it nothing is signed
 *   audit.pub   public keys that are trusted: this machine's and earlier ones
 *   audit.yaml  intervals and anchors (schemas/audit.schema.json); without it nothing is exported
 */
#pragma once

#include "engine/cli/cli.h"
#include "engine/journal/checkpoint.h"
#include "engine/journal/checkpoint_write.h"

struct audit_setup {
	struct audit_key *key; /* owned; NULL: unsigned */
	struct checkpoint_policy policy;
};

/* malloc'ed FOLDER/name; NULL: there is no audit folder. */
char *audit_path(const char *name);
/* What is there but cannot be used is an error: a run is not to begin unsigned because a mode is wrong. Prints what is wrong
 * with audit.yaml. */
int audit_setup_load(const struct run_store *store, struct audit_setup *ret_setup, struct error *err);
void audit_setup_free(struct audit_setup *setup);
/* Checkpoints of the run from now on. The setup has to live until run_close. */
void audit_begin(struct audit_setup *setup, struct run *run);

/* Whom to trust: the files of --key, or else audit.pub. */
int audit_trust_load(const struct options *options, struct audit_trust *ret_trust, struct error *err);
/* The files of --anchor. *ret_given: there are any. */
int audit_anchors_load(const struct options *options, struct checkpoint_list *ret_anchors, bool *ret_given, struct error *err);

#define OPTION_ANCHOR                                                                                                          \
	{                                                                                                                      \
		"anchor", 0, "FILE",                                                                                           \
			"exported heads: any text that holds their lines, such as a log; - for stdin; may be given "           \
			"several times"                                                                                        \
	}
#define OPTION_KEY                                                                                                             \
	{                                                                                                                      \
		"key", 0, "FILE",                                                                                              \
			"public keys (PEM) whose signatures count (default: audit.pub in the audit folder); may be given "     \
			"several times"                                                                                        \
	}
