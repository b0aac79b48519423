/*
 * directory.h - a connection to one domain controller: found, authenticated, encrypted, every call with a time limit.
 *
 * The ticket is this process's own: obtained from the password, kept in memory, never in a file or from another's cache. It
 * knows nothing of computers: that is account.h's.
 */
#pragma once

#include <ldap.h>
#include <stdbool.h>

#include "engine/base/error.h"

#define DIRECTORY_TIME 10 /* seconds for one call to the directory */

struct directory_access {
	const char *domain;
	const char *server; /* NULL: those that the DNS names, one after the other */
	const char *user;
	const char *password;
	const char *security; /* kerberos, starttls, ldaps */
};

struct directory {
	LDAP *ldap;
	char *server; /* owned: who answers */
	char *base;   /* owned: DC=lab,DC=example */
	int code;     /* of the last call that failed: an LDAP result code */
};

/* ERROR_CONNECTION: none could be reached; others: it did not let us in. */
int directory_open(const struct directory_access *access, struct directory *ret_directory, struct error *err);
void directory_close(struct directory *directory);
#define CLEANUP_DIRECTORY __attribute__((cleanup(directory_close)))

/* NULL ended attributes; *ret_result is to be freed by ldap_msgfree, NULL if base is not there. limit: 0 none, else at most so
 * many entries. */
int directory_search(struct directory *directory, const char *base, int scope, const char *filter,
		     const char *const *attributes, int limit, LDAPMessage **ret_result, struct error *err);
/* One text of one attribute of one object; malloc'ed. NULL: it has none. */
char *directory_text(struct directory *directory, LDAPMessage *entry, const char *attribute);

/* After a write failed: may it have happened all the same? */
bool directory_in_doubt(const struct directory *directory);
/* result is that of a call of libldap; what it was for is told by the format. Always -1. */
int directory_error(struct directory *directory, int result, struct error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* For a search's filter: * ( ) \ and NUL escaped; malloc'ed. */
char *directory_escape(const char *text);
