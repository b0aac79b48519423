/*
 * account.h - computer accounts: found by SID or name, read, changed. It decides nothing about whether they may be: that is
 * ad.c's.
 */
#pragma once

#include <jansson.h>

#include "plugins/ad/directory.h"
#include "plugins/ad/sid.h"

struct account {
	bool found;
	char sid[SID_SIZE];
	char *dn;	   /* owned */
	char *name;	   /* owned; in lower case, without the $ */
	char *entry;	   /* owned; the entry's own name (CN), which a half-done rename leaves behind */
	char *description; /* owned; or NULL */
	bool domain_controller;
	json_t *state; /* what the manifest calls outputs */
};

/* sid or name. Not found is no error. ERROR_INVALID: a SID of another domain, of which this directory can say nothing. */
int account_find(struct directory *directory, const char *sid, const char *name, struct account *ret_account,
		 struct error *err);
void account_free(struct account *account);
#define CLEANUP_ACCOUNT __attribute__((cleanup(account_free)))

int account_delete(struct directory *directory, const struct account *account, bool children, struct error *err);
int account_rename(struct directory *directory, const struct account *account, const char *name, const char *domain,
		   struct error *err);
int account_create(struct directory *directory, const char *name, const char *domain, const char *container,
		   const char *description, struct error *err);
int account_reset(struct directory *directory, const struct account *account, struct error *err);

/* The domain's container for computers; malloc'ed. */
char *account_container(struct directory *directory, struct error *err);
