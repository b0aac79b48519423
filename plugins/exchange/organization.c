/*
 * organization.c - one search finds the server, one more all that is beneath it.
 */
#include "plugins/exchange/organization.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"

static const struct {
	const char *attribute;
	size_t offset; /* of the text in struct storage */
} texts[] = {
	{"cn", offsetof(struct storage, name)},
	{"msExchESEParamLogFilePath", offsetof(struct storage, log)},
	{"msExchESEParamSystemPath", offsetof(struct storage, system)},
	{"msExchESEParamCircularLog", offsetof(struct storage, circular)},
	{"msExchEDBFile", offsetof(struct storage, database)},
	{"msExchSLVFile", offsetof(struct storage, streaming)},
	{"msExchEDBOffline", offsetof(struct storage, offline)},
};

static char **text_of(struct storage *storage, size_t index)
{
	return (char **)((char *)storage + texts[index].offset);
}

/* Where the objects of Exchange are: beneath the configuration partition; malloc'ed. */
static char *services(struct directory *directory, struct error *err)
{
	static const char *const attributes[] = {"configurationNamingContext", NULL};
	LDAPMessage *root;
	if (directory_search(directory, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, &root, err) < 0)
		return NULL;
	CLEANUP_FREE char *partition = directory_text(directory, ldap_first_entry(directory->ldap, root), attributes[0]);
	ldap_msgfree(root);
	if (partition)
		return memory_printf("CN=Microsoft Exchange,CN=Services,%s", partition);
	error_set(err, ERROR_FAILED, "%s does not name its configuration partition", directory->server);
	return NULL;
}

static char *dn_of(struct directory *directory, LDAPMessage *entry)
{
	char *dn = ldap_get_dn(directory->ldap, entry);
	char *copy = dn ? strdup(dn) : NULL;
	ldap_memfree(dn);
	return copy;
}

/* What stands above in a DN: behind the first comma that is not escaped. "" at the top. */
static const char *parent_of(const char *dn)
{
	while (*dn && *dn != ',')
		dn += *dn == '\\' && dn[1] ? 2 : 1;
	return *dn ? dn + 1 : dn;
}

static bool has_class(struct directory *directory, LDAPMessage *entry, const char *name)
{
	struct berval **values = ldap_get_values_len(directory->ldap, entry, "objectClass");
	bool found = false;
	for (size_t i = 0; values && values[i]; i++)
		found = found || (values[i]->bv_len == strlen(name) && strncasecmp(values[i]->bv_val, name, strlen(name)) == 0);
	ldap_value_free_len(values);
	return found;
}

static void read_storage(struct directory *directory, LDAPMessage *entry, struct storage *storage)
{
	storage->kind = has_class(directory, entry, "msExchStorageGroup") ? STORAGE_GROUP
			: has_class(directory, entry, "msExchPublicMDB")  ? STORAGE_PUBLIC
									  : STORAGE_MAILBOX;
	storage->dn = dn_of(directory, entry);
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		*text_of(storage, i) = directory_text(directory, entry, texts[i].attribute);
}

static void name_groups(struct exchange_server *server)
{
	for (size_t i = 0; i < server->count; i++)
		for (size_t k = 0; k < server->count && server->items[i].kind != STORAGE_GROUP; k++)
			if (server->items[k].kind == STORAGE_GROUP &&
			    strcasecmp(parent_of(server->items[i].dn), server->items[k].dn) == 0)
				server->items[i].group = strdup(server->items[k].name);
}

/* A group, then its stores; by name. */
static int by_place(const void *left, const void *right)
{
	const struct storage *a = left, *b = right;
	const char *of_a = a->group ? a->group : a->name, *of_b = b->group ? b->group : b->name;
	int order = strcasecmp(of_a, of_b);
	if (order == 0)
		order = (a->kind != STORAGE_GROUP) - (b->kind != STORAGE_GROUP);
	return order ? order : strcasecmp(a->name, b->name);
}

static int read_items(struct directory *directory, struct exchange_server *server, struct error *err)
{
	const char *attributes[COUNT_OF(texts) + 2] = {"objectClass"};
	LDAPMessage *found;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		attributes[i + 1] = texts[i].attribute;
	if (directory_search(directory, server->dn, LDAP_SCOPE_SUBTREE,
			     "(|(objectClass=msExchStorageGroup)(objectClass=msExchMDB))", attributes, 0, &found, err) < 0)
		return -1;
	int count = found ? ldap_count_entries(directory->ldap, found) : 0;
	server->items = memory_alloc((size_t)(count > 0 ? count : 1) * sizeof(*server->items));
	bool whole = true;
	for (LDAPMessage *entry = count > 0 ? ldap_first_entry(directory->ldap, found) : NULL; entry;
	     entry = ldap_next_entry(directory->ldap, entry)) {
		struct storage *storage = &server->items[server->count++];
		read_storage(directory, entry, storage);
		whole = whole && storage->dn && storage->name;
	}
	ldap_msgfree(found);
	if (!whole)
		return error_set(err, ERROR_REFUSED,
				 "the directory does not show the names of what %s has: may this user read it?", server->name);
	name_groups(server);
	qsort(server->items, server->count, sizeof(*server->items), by_place);
	return 0;
}

static int find_entry(struct directory *directory, const char *name, struct exchange_server *server, struct error *err)
{
	static const char *const attributes[] = {"cn", NULL};
	CLEANUP_FREE char *base = services(directory, err);
	CLEANUP_FREE char *escaped = directory_escape(name);
	CLEANUP_FREE char *filter = memory_printf("(&(objectClass=msExchExchangeServer)(cn=%s))", escaped);
	LDAPMessage *found;
	if (!base || directory_search(directory, base, LDAP_SCOPE_SUBTREE, filter, attributes, 0, &found, err) < 0)
		return -1;
	int count = found ? ldap_count_entries(directory->ldap, found) : 0;
	LDAPMessage *entry = count == 1 ? ldap_first_entry(directory->ldap, found) : NULL;
	server->dn = entry ? dn_of(directory, entry) : NULL;
	server->name = entry ? directory_text(directory, entry, "cn") : NULL;
	ldap_msgfree(found);
	if (server->dn && server->name)
		return 0;
	if (count > 1)
		return error_set(err, ERROR_CONFLICT, "the organization has %d Exchange servers with the name %s", count, name);
	error_set(err, ERROR_NOT_FOUND, "no Exchange server with the name %s is beneath %s, as far as this user may see", name,
		  base);
	return error_hint(err,
			  "give the name that the Exchange System Manager shows, and a user who may view the organization");
}

int exchange_server_find(struct directory *directory, const char *name, struct exchange_server *ret_server, struct error *err)
{
	*ret_server = (struct exchange_server){0};
	if (find_entry(directory, name, ret_server, err) < 0 || read_items(directory, ret_server, err) < 0)
		return -1;
	if (ret_server->count)
		return 0;
	error_set(err, ERROR_NOT_FOUND, "%s has no storage groups, as far as this user may see", ret_server->dn);
	return error_hint(err, "Exchange 2010 and later keep none: ask its own cmdlets there");
}

void exchange_server_free(struct exchange_server *server)
{
	for (size_t i = 0; i < server->count; i++) {
		free(server->items[i].dn);
		free(server->items[i].group);
		for (size_t k = 0; k < COUNT_OF(texts); k++)
			free(*text_of(&server->items[i], k));
	}
	free(server->items);
	free(server->dn);
	free(server->name);
	*server = (struct exchange_server){0};
}

int storage_change(struct directory *directory, const struct storage *storage, const char *attribute, const char *old,
		   const char *value, struct error *err)
{
	char *before[] = {(char *)old, NULL}, *after[] = {(char *)value, NULL};
	LDAPMod take = {.mod_op = LDAP_MOD_DELETE, .mod_type = (char *)attribute, .mod_values = before};
	LDAPMod give = {.mod_op = LDAP_MOD_ADD, .mod_type = (char *)attribute, .mod_values = after};
	LDAPMod *changes[] = {old ? &take : &give, old ? &give : NULL, NULL};
	int result = ldap_modify_ext_s(directory->ldap, storage->dn, changes, NULL, NULL);
	if (result == LDAP_SUCCESS)
		return 0;
	directory_error(directory, result, err, "cannot change %s of %s", attribute, storage->dn);
	if (result != LDAP_NO_SUCH_ATTRIBUTE && result != LDAP_TYPE_OR_VALUE_EXISTS)
		return -1;
	error_clear(err);
	return error_set(err, ERROR_CONFLICT, "%s of %s has been changed by another since it was looked at", attribute,
			 storage->dn);
}
