/*
 * organization.h - an Exchange server as the organization's configuration in the directory describes it: its storage groups and
 * stores. Reading, and changing one attribute of one of them. Which change is wished for is exchange.c's.
 *
 * Exchange 2000 to 2007 keep this in the configuration partition, beneath CN=Microsoft Exchange,CN=Services: an organization,
 * its administrative groups, their servers (msExchExchangeServer), each with an information store that holds storage groups
 * (msExchStorageGroup), and these the stores (msExchPrivateMDB for mailboxes, msExchPublicMDB for public folders). From 2010 on
 * there are no storage groups.
 */
#pragma once

#include "plugins/ad/directory.h"

enum storage_kind { STORAGE_GROUP, STORAGE_MAILBOX, STORAGE_PUBLIC };

/* All owned; a text that the directory does not have (or does not show) is NULL. */
struct storage {
	enum storage_kind kind;
	char *dn;
	char *name;
	char *group;	 /* of a store: the name of its storage group */
	char *log;	 /* of a group: the folder of its transaction logs (msExchESEParamLogFilePath) */
	char *system;	 /* of a group: the folder of its checkpoint (msExchESEParamSystemPath) */
	char *circular;	 /* of a group: "1" if it logs in a circle (msExchESEParamCircularLog); none is "0" */
	char *database;	 /* of a store: msExchEDBFile */
	char *streaming; /* of a store: msExchSLVFile; none from 2007 on */
	char *offline;	 /* of a store: "TRUE" if it is not mounted at startup (msExchEDBOffline); none is "FALSE" */
};

struct exchange_server {
	char *dn;	       /* owned */
	char *name;	       /* owned; as the organization writes it */
	struct storage *items; /* owned; each group before its stores, by name */
	size_t count;
};

/* ERROR_NOT_FOUND: the organization has no such server, or none with storage groups, as far as this user may see. */
int exchange_server_find(struct directory *directory, const char *name, struct exchange_server *ret_server, struct error *err);
void exchange_server_free(struct exchange_server *server);
#define CLEANUP_SERVER __attribute__((cleanup(exchange_server_free)))

/* Only if the attribute still is `old` (NULL: has no value). ERROR_CONFLICT: it is not. */
int storage_change(struct directory *directory, const struct storage *storage, const char *attribute, const char *old,
		   const char *value, struct error *err);
