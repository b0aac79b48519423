/*
 * account.c - attributes of a computer account, and the few writes that there are.
 *
 * A rename is two writes, because the directory has two names: the attributes first, at once and only if the name is free; then
 * the entry. Between them the account is seen with both names, which is no wish of anybody, so that it is done again.
 */
#include "plugins/ad/account.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"

#define DISABLED		    0x0002
#define PASSWORD_NOT_REQUIRED	    0x0020
#define WORKSTATION		    0x1000
#define DOMAIN_CONTROLLER	    0x2000
#define READ_ONLY_CONTROLLER	    0x04000000
#define GROUP_CONTROLLERS	    516
#define GROUP_READ_ONLY_CONTROLLERS 521

#define TREE_DELETE	    "1.2.840.113556.1.4.805"
#define COMPUTERS_CONTAINER "AA312825768811D1ADED00C04FD8D5CD"
#define RANDOM_PASSWORD	    32 /* characters */

static const char *const attributes[] = {
	"objectSid",   "cn",	      "sAMAccountName",	    "dNSHostName",    "servicePrincipalName",
	"description", "whenCreated", "userAccountControl", "primaryGroupID", "pwdLastSet",
	NULL};

static char *lower(char *text)
{
	for (char *c = text; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return text;
}

/* --- reading --- */

static long number_of(struct directory *directory, LDAPMessage *entry, const char *attribute)
{
	CLEANUP_FREE char *text = directory_text(directory, entry, attribute);
	return text ? strtol(text, NULL, 10) : 0;
}

static int by_text(const void *a, const void *b)
{
	return strcasecmp((*(struct berval *const *)a)->bv_val, (*(struct berval *const *)b)->bv_val);
}

static json_t *sorted_texts(struct directory *directory, LDAPMessage *entry, const char *attribute)
{
	struct berval **values = ldap_get_values_len(directory->ldap, entry, attribute);
	int count = ldap_count_values_len(values);
	json_t *list = json_array();
	if (count)
		qsort(values, (size_t)count, sizeof(*values), by_text);
	for (int i = 0; i < count; i++)
		json_array_append_new(list, json_stringn(values[i]->bv_val, values[i]->bv_len));
	ldap_value_free_len(values);
	return list;
}

static int read_sid(struct directory *directory, LDAPMessage *entry, char ret_sid[SID_SIZE])
{
	struct berval **values = ldap_get_values_len(directory->ldap, entry, "objectSid");
	bool good = values && values[0] && sid_text((const unsigned char *)values[0]->bv_val, values[0]->bv_len, ret_sid);
	ldap_value_free_len(values);
	return good ? 0 : -1;
}

static int has_children(struct directory *directory, const char *dn, bool *ret_children, struct error *err)
{
	static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
	LDAPMessage *found;
	if (directory_search(directory, dn, LDAP_SCOPE_ONELEVEL, "(objectClass=*)", nothing, 1, &found, err) < 0)
		return -1;
	*ret_children = ldap_count_entries(directory->ldap, found) > 0;
	ldap_msgfree(found);
	return 0;
}

/* A rename that has been half done shows: no name that anybody wishes for. */
static json_t *shown_name(const struct account *account)
{
	return strcasecmp(account->name, account->entry) == 0
		       ? json_string(account->name)
		       : json_sprintf("%s (its entry is CN=%s)", account->name, account->entry);
}

static int read_account(struct directory *directory, LDAPMessage *entry, struct account *account, struct error *err)
{
	CLEANUP_FREE char *dns = lower(directory_text(directory, entry, "dNSHostName"));
	CLEANUP_FREE char *created = directory_text(directory, entry, "whenCreated");
	CLEANUP_FREE char *password = directory_text(directory, entry, "pwdLastSet");
	char *dn = ldap_get_dn(directory->ldap, entry);
	long control = number_of(directory, entry, "userAccountControl"), group = number_of(directory, entry, "primaryGroupID");
	bool children = false;
	account->dn = dn ? strdup(dn) : NULL;
	ldap_memfree(dn);
	account->name = lower(directory_text(directory, entry, "sAMAccountName"));
	account->entry = directory_text(directory, entry, "cn");
	account->description = directory_text(directory, entry, "description");
	if (!account->dn || !account->name || !account->entry || read_sid(directory, entry, account->sid) < 0)
		return error_set(err, ERROR_REFUSED,
				 "the directory does not show what identifies an account: may this user read it?");
	account->name[strcspn(account->name, "$")] = '\0';
	account->found = true;
	account->domain_controller = (control & (DOMAIN_CONTROLLER | READ_ONLY_CONTROLLER)) || group == GROUP_CONTROLLERS ||
				     group == GROUP_READ_ONLY_CONTROLLERS;
	if (has_children(directory, account->dn, &children, err) < 0)
		return -1;
	account->state = json_pack(
		"{ss,ss,so,ss*,so,sb,sb,sb,ss*,ss*,ss*,ss}", "sid", account->sid, "dn", account->dn, "name",
		shown_name(account), "dns_name", dns, "spns", sorted_texts(directory, entry, "servicePrincipalName"), "enabled",
		!(control & DISABLED), "domain_controller", account->domain_controller, "children", children, "description",
		account->description, "created", created, "password_set", password, "server", directory->server);
	return account->state ? 0
			      : error_set(err, ERROR_FAILED, "the account %s has attributes that are no UTF-8", account->name);
}

static int check_domain(struct directory *directory, const char *sid, struct error *err)
{
	static const char *const wanted[] = {"objectSid", NULL};
	char own[SID_SIZE] = "";
	LDAPMessage *found;
	if (directory_search(directory, directory->base, LDAP_SCOPE_BASE, "(objectClass=*)", wanted, 0, &found, err) < 0)
		return -1;
	LDAPMessage *entry = found ? ldap_first_entry(directory->ldap, found) : NULL;
	int outcome = entry ? read_sid(directory, entry, own) : -1;
	ldap_msgfree(found);
	if (outcome < 0)
		return error_set(err, ERROR_REFUSED, "the directory does not show its own SID");
	if (sid_is_of(sid, own))
		return 0;
	error_set(err, ERROR_INVALID, "the SID %s is not of this domain (%s): this directory knows nothing of it", sid, own);
	return error_hint(err, "take it from ad.computer, or from the evidence of a run that did");
}

int account_find(struct directory *directory, const char *sid, const char *name, struct account *ret_account, struct error *err)
{
	CLEANUP_BUFFER struct buffer filter = {0};
	CLEANUP_FREE char *escaped = directory_escape(sid ? sid : name);
	LDAPMessage *found;
	*ret_account = (struct account){0};
	if (sid && check_domain(directory, sid, err) < 0)
		return -1;
	buffer_printf(&filter,
		      sid ? "(&(objectClass=computer)(objectSid=%s))" : "(&(objectClass=computer)(sAMAccountName=%s$))",
		      escaped);
	if (directory_search(directory, directory->base, LDAP_SCOPE_SUBTREE, buffer_text(&filter), attributes, 0, &found, err) <
	    0)
		return -1;
	LDAPMessage *entry = found ? ldap_first_entry(directory->ldap, found) : NULL;
	int outcome = entry ? read_account(directory, entry, ret_account, err) : 0;
	ldap_msgfree(found);
	return outcome;
}

void account_free(struct account *account)
{
	free(account->dn);
	free(account->name);
	free(account->entry);
	free(account->description);
	json_decref(account->state);
	*account = (struct account){0};
}

/* --- writing --- */

/* The account, whatever it is called at that moment. */
static void identity(const struct account *account, struct buffer *ret_dn)
{
	buffer_printf(ret_dn, "<SID=%s>", account->sid);
}

int account_delete(struct directory *directory, const struct account *account, bool children, struct error *err)
{
	CLEANUP_BUFFER struct buffer dn = {0};
	LDAPControl tree = {.ldctl_oid = (char *)TREE_DELETE, .ldctl_iscritical = 1}, *controls[] = {&tree, NULL};
	identity(account, &dn);
	int result = ldap_delete_ext_s(directory->ldap, buffer_text(&dn), children ? controls : NULL, NULL);
	return result == LDAP_SUCCESS ? 0 : directory_error(directory, result, err, "cannot delete %s", account->dn);
}

/* host/MAIL2 -> host/MAIL1, host/mail2.lab.example:25 -> host/mail1.lab.example:25; others stay. malloc'ed. */
static char *renamed_spn(const char *spn, const char *old, const char *name, const char *domain)
{
	CLEANUP_BUFFER struct buffer out = {0};
	const char *slash = strchr(spn, '/'), *host = slash ? slash + 1 : NULL;
	size_t label = host ? strcspn(host, ".:/") : 0, whole = host ? strcspn(host, ":/") : 0;
	if (!host || label != strlen(old) || strncasecmp(host, old, label) != 0)
		return strdup(spn);
	buffer_append(&out, spn, (size_t)(host - spn));
	if (whole > label) {
		buffer_printf(&out, "%s.%s", name, domain);
	} else {
		for (const char *c = name; *c; c++)
			buffer_add_char(&out, (char)toupper((unsigned char)*c));
	}
	buffer_add(&out, host + whole);
	return buffer_take(&out);
}

static char **renamed_spns(const struct account *account, const char *name, const char *domain)
{
	const json_t *spns = json_object_get(account->state, "spns");
	size_t count = json_array_size(spns), kept = 0;
	char **list = memory_alloc((count + 1) * sizeof(*list));
	for (size_t i = 0; i < count; i++) {
		char *spn = renamed_spn(json_string_value(json_array_get(spns, i)), account->entry, name, domain);
		char *again = renamed_spn(spn, account->name, name, domain); /* half done before: either name may stand there */
		bool known = false;
		for (size_t k = 0; k < kept; k++)
			known = known || strcasecmp(list[k], again) == 0;
		free(spn);
		if (known)
			free(again);
		else
			list[kept++] = again;
	}
	return list;
}

/* As directories write computers' names. */
static void add_upper(struct buffer *out, const char *name)
{
	for (const char *c = name; *c; c++)
		buffer_add_char(out, (char)toupper((unsigned char)*c));
}

static int rename_attributes(struct directory *directory, const struct account *account, const char *name, const char *domain,
			     struct error *err)
{
	CLEANUP_BUFFER struct buffer dn = {0};
	CLEANUP_BUFFER struct buffer sam = {0};
	CLEANUP_BUFFER struct buffer dns = {0};
	char **spns = renamed_spns(account, name, domain);
	add_upper(&sam, name);
	buffer_add_char(&sam, '$');
	buffer_printf(&dns, "%s.%s", name, domain);
	char *sams[] = {sam.data, NULL}, *hosts[] = {dns.data, NULL};
	LDAPMod of_sam = {.mod_op = LDAP_MOD_REPLACE, .mod_type = (char *)"sAMAccountName", .mod_values = sams};
	LDAPMod of_dns = {.mod_op = LDAP_MOD_REPLACE, .mod_type = (char *)"dNSHostName", .mod_values = hosts};
	LDAPMod of_spns = {.mod_op = LDAP_MOD_REPLACE, .mod_type = (char *)"servicePrincipalName", .mod_values = spns};
	LDAPMod *changes[] = {&of_sam, &of_dns, spns[0] ? &of_spns : NULL, NULL};
	identity(account, &dn);
	int result = ldap_modify_ext_s(directory->ldap, buffer_text(&dn), changes, NULL, NULL);
	for (size_t i = 0; spns[i]; i++)
		free(spns[i]);
	free(spns);
	return result == LDAP_SUCCESS ? 0
				      : directory_error(directory, result, err, "cannot rename %s to %s", account->dn, name);
}

static int rename_entry(struct directory *directory, const struct account *account, const char *name, struct error *err)
{
	CLEANUP_BUFFER struct buffer entry = {0};
	if (strcasecmp(account->entry, name) == 0)
		return 0;
	buffer_add(&entry, "CN=");
	add_upper(&entry, name);
	int result = ldap_rename_s(directory->ldap, account->dn, buffer_text(&entry), NULL, 1, NULL, NULL);
	return result == LDAP_SUCCESS
		       ? 0
		       : directory_error(directory, result, err, "cannot rename %s to %s", account->dn, buffer_text(&entry));
}

int account_rename(struct directory *directory, const struct account *account, const char *name, const char *domain,
		   struct error *err)
{
	int outcome = rename_entry(directory, account, name, err);
	return outcome < 0 ? outcome : rename_attributes(directory, account, name, domain, err);
}

int account_create(struct directory *directory, const char *name, const char *domain, const char *container,
		   const char *description, struct error *err)
{
	CLEANUP_BUFFER struct buffer dn = {0};
	CLEANUP_BUFFER struct buffer sam = {0};
	CLEANUP_BUFFER struct buffer dns = {0};
	CLEANUP_BUFFER struct buffer control = {0};
	buffer_add(&dn, "CN=");
	add_upper(&dn, name);
	buffer_printf(&dn, ",%s", container);
	add_upper(&sam, name);
	buffer_add_char(&sam, '$');
	buffer_printf(&dns, "%s.%s", name, domain);
	buffer_printf(&control, "%d", WORKSTATION | PASSWORD_NOT_REQUIRED); /* until a host joins it has no password */
	const struct {
		const char *attribute;
		const char *text;
	} what[] = {{"objectClass", "computer"},
		    {"sAMAccountName", buffer_text(&sam)},
		    {"userAccountControl", buffer_text(&control)},
		    {"dNSHostName", buffer_text(&dns)},
		    {"description", description}};
	LDAPMod mods[COUNT_OF(what)], *list[COUNT_OF(what) + 1] = {NULL};
	char *values[COUNT_OF(what)][2];
	for (size_t i = 0; i < COUNT_OF(what) && what[i].text; i++) {
		values[i][0] = (char *)what[i].text;
		values[i][1] = NULL;
		mods[i] = (LDAPMod){.mod_op = LDAP_MOD_ADD, .mod_type = (char *)what[i].attribute, .mod_values = values[i]};
		list[i] = &mods[i];
	}
	int result = ldap_add_ext_s(directory->ldap, buffer_text(&dn), list, NULL, NULL);
	return result == LDAP_SUCCESS ? 0 : directory_error(directory, result, err, "cannot add %s", buffer_text(&dn));
}

/* A password as unicodePwd takes it: in quotes, UTF-16 little endian. */
static int random_password(char ret_password[2 * (RANDOM_PASSWORD + 2)])
{
	static const char letters[64 + 1] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
	unsigned char bytes[RANDOM_PASSWORD];
	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return -1;
	memset(ret_password, 0, 2 * (RANDOM_PASSWORD + 2));
	ret_password[0] = ret_password[2 * (RANDOM_PASSWORD + 1)] = '"';
	for (size_t i = 0; i < RANDOM_PASSWORD; i++)
		ret_password[2 * (i + 1)] = letters[bytes[i] % 64];
	explicit_bzero(bytes, sizeof(bytes));
	return 0;
}

int account_reset(struct directory *directory, const struct account *account, struct error *err)
{
	char password[2 * (RANDOM_PASSWORD + 2)];
	if (random_password(password) < 0)
		return error_set(err, ERROR_FAILED, "this machine has no random numbers");
	struct berval value = {.bv_len = sizeof(password), .bv_val = password}, *values[] = {&value, NULL};
	LDAPMod change = {
		.mod_op = LDAP_MOD_REPLACE | LDAP_MOD_BVALUES, .mod_type = (char *)"unicodePwd", .mod_bvalues = values};
	LDAPMod *changes[] = {&change, NULL};
	CLEANUP_BUFFER struct buffer dn = {0};
	identity(account, &dn);
	int result = ldap_modify_ext_s(directory->ldap, buffer_text(&dn), changes, NULL, NULL);
	explicit_bzero(password, sizeof(password));
	return result == LDAP_SUCCESS ? 0 : directory_error(directory, result, err, "cannot reset %s", account->dn);
}

char *account_container(struct directory *directory, struct error *err)
{
	static const char *const nothing[] = {LDAP_NO_ATTRS, NULL};
	CLEANUP_BUFFER struct buffer known = {0};
	LDAPMessage *found;
	buffer_printf(&known, "<WKGUID=%s,%s>", COMPUTERS_CONTAINER, directory->base);
	if (directory_search(directory, buffer_text(&known), LDAP_SCOPE_BASE, "(objectClass=*)", nothing, 0, &found, err) < 0)
		return NULL;
	LDAPMessage *entry = found ? ldap_first_entry(directory->ldap, found) : NULL;
	char *dn = entry ? ldap_get_dn(directory->ldap, entry) : NULL;
	char *copy = dn ? strdup(dn) : NULL;
	ldap_memfree(dn);
	ldap_msgfree(found);
	if (!copy)
		error_set(err, ERROR_NOT_FOUND, "the domain has no container for computers that this user may see");
	return copy;
}
