/*
 * rights.c - which permissions are asked for, and reading them from the directory. How they are decided is permission.c's.
 */
#include "plugins/ad/rights.h"

#include "engine/base/memory.h"
#include "plugins/ad/permission.h"

#define SD_FLAGS "1.2.840.113556.1.4.801"

static const unsigned char attribute_account_name[GUID_SIZE] = {0xd0, 0xbf, 0x0a, 0x3e, 0x6a, 0x12, 0xd0, 0x11,
								0xa0, 0x60, 0x00, 0xaa, 0x00, 0x6c, 0x33, 0xed};

/* --- asking --- */

/* Values of one attribute of one object. Without the part of a descriptor that only auditors may read. */
static int read_values(struct directory *directory, const char *dn, const char *attribute, struct berval ***ret_values,
		       struct error *err)
{
	char which[] = {0x30, 0x03, 0x02, 0x01, 0x07}; /* SEQUENCE { INTEGER owner | group | dacl } */
	LDAPControl control = {.ldctl_oid = (char *)SD_FLAGS, .ldctl_value = {sizeof(which), which}, .ldctl_iscritical = 0};
	LDAPControl *controls[] = {&control, NULL};
	struct timeval time = {.tv_sec = DIRECTORY_TIME};
	char *attributes[] = {(char *)attribute, NULL};
	LDAPMessage *found = NULL;
	int result = ldap_search_ext_s(directory->ldap, dn, LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0,
				       *dn ? controls : NULL, NULL, &time, 0, &found);
	LDAPMessage *entry = result == LDAP_SUCCESS ? ldap_first_entry(directory->ldap, found) : NULL;
	*ret_values = entry ? ldap_get_values_len(directory->ldap, entry, attribute) : NULL;
	ldap_msgfree(found);
	if (result != LDAP_SUCCESS)
		return directory_error(directory, result, err, "cannot read %s", *dn ? dn : "who this user is");
	return *ret_values ? 0
			   : error_set(err, ERROR_REFUSED, "%s of %s may not be read by this user", attribute,
				       *dn ? dn : "the root");
}

static int ask(struct directory *directory, const char *dn, struct berval **token, const struct question *questions,
	       bool *ret_answers, size_t count, struct error *err)
{
	struct berval **values;
	if (read_values(directory, dn, "nTSecurityDescriptor", &values, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		ret_answers[i] =
			permission_granted((const unsigned char *)values[0]->bv_val, values[0]->bv_len, token, &questions[i]);
	ldap_value_free_len(values);
	return 0;
}

int rights_read(struct directory *directory, const char *container, const char *account, struct rights *ret_rights,
		struct error *err)
{
	static const struct question of_container[] = {{RIGHT_CREATE_CHILD, class_computer, false},
						       {RIGHT_DELETE_CHILD, class_computer, false},
						       {RIGHT_DELETE, NULL, true},
						       {RIGHT_WRITE_PROPERTY, attribute_account_name, true}};
	static const struct question of_account[] = {{RIGHT_DELETE, NULL, false},
						     {RIGHT_WRITE_PROPERTY, attribute_account_name, false}};
	bool container_says[COUNT_OF(of_container)], account_says[COUNT_OF(of_account)];
	struct berval **token;
	if (read_values(directory, "", "tokenGroups", &token, err) < 0)
		return -1;
	int outcome = ask(directory, container, token, of_container, container_says, COUNT_OF(of_container), err);
	if (outcome == 0 && account)
		outcome = ask(directory, account, token, of_account, account_says, COUNT_OF(of_account), err);
	ldap_value_free_len(token);
	if (outcome < 0)
		return -1;
	ret_rights->add = container_says[0];
	ret_rights->delete = container_says[1] || (account ? account_says[0] : container_says[2]);
	ret_rights->modify = account ? account_says[1] : container_says[3];
	return 0;
}
