/*
 * directory.c - tickets by libkrb5, the rest by libldap. What can go wrong is told by tables: what it means, what to do next.
 */
#include "plugins/ad/directory.h"

#include <krb5.h>
#include <sasl/sasl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>

#include "engine/base/buffer.h"
#include "engine/base/memory.h"
#include "plugins/ad/limit.h"

#define CACHE	     "MEMORY:standin"
#define SYSTEM_TRUST "/etc/ssl/certs/ca-certificates.crt" /* the package ca-certificates keeps it */

static const struct {
	krb5_error_code code;
	enum error_code kind;
	const char *hint;
} kerberos_hints[] = {
	{KRB5KDC_ERR_PREAUTH_FAILED, ERROR_REFUSED,
	 "the password is not right: see the secret; a few more tries may lock the account"},
	{KRB5KRB_AP_ERR_BAD_INTEGRITY, ERROR_REFUSED,
	 "the password is not right: see the secret; a few more tries may lock the account"},
	{KRB5KDC_ERR_CLIENT_REVOKED, ERROR_REFUSED,
	 "the account is locked or disabled: unlock it in the directory, then resume"},
	{KRB5KDC_ERR_C_PRINCIPAL_UNKNOWN, ERROR_REFUSED, "there is no such user in that domain"},
	{KRB5KDC_ERR_KEY_EXP, ERROR_REFUSED, "the password has expired: set a new one, then resume"},
	{KRB5KRB_AP_ERR_SKEW, ERROR_FAILED,
	 "this machine's clock and the domain controller's are minutes apart: set them, then resume"},
	{KRB5_KDC_UNREACH, ERROR_CONNECTION, "no domain controller answers: is one up, is it on this network?"},
	{KRB5_REALM_UNKNOWN, ERROR_CONNECTION,
	 "no domain controller is known: does this machine's DNS know _kerberos._udp of the domain?"},
	{KRB5_REALM_CANT_RESOLVE, ERROR_CONNECTION,
	 "no domain controller is known: does this machine's DNS know _kerberos._udp of the domain?"},
};

static const struct {
	int code;
	enum error_code kind;
	const char *hint;
} ldap_hints[] = {
	{LDAP_ALREADY_EXISTS, ERROR_CONFLICT,
	 "the directory has one owner a name: delete or rename the other computer first (ad.delete_computer by its SID)"},
	{LDAP_INSUFFICIENT_ACCESS, ERROR_REFUSED,
	 "the user may not do this here: see ad.check_rights; give it the right, or use another user"},
	{LDAP_NOT_ALLOWED_ON_NONLEAF, ERROR_FAILED,
	 "there are objects beneath it (printers, service connection points): with: {children: true} deletes them too"},
	{LDAP_INVALID_CREDENTIALS, ERROR_REFUSED,
	 "the password is not right, or the account is locked: see the secret; a few more tries may lock it"},
	{LDAP_STRONG_AUTH_REQUIRED, ERROR_REFUSED, "the controller wants an encrypted connection: use security: kerberos"},
	{LDAP_SERVER_DOWN, ERROR_CONNECTION,
	 "is the domain controller up, is it on this network? With TLS: is its certificate trusted here?"},
	{LDAP_CONNECT_ERROR, ERROR_CONNECTION,
	 "with TLS: is the controller's certificate trusted on this machine, and for this name?"},
	{LDAP_LOCAL_ERROR, ERROR_CONNECTION,
	 "Kerberos does not open this controller: is it the one of that name, is it ready, does its clock agree with the "
	 "others'?"},
	{LDAP_TIMEOUT, ERROR_TIMEOUT, "the domain controller is reached and does not answer: see its load and its log"},
	{LDAP_UNAVAILABLE, ERROR_CONNECTION, "the domain controller is starting or stopping: try again"},
	{LDAP_BUSY, ERROR_CONNECTION, "the domain controller is busy: try again"},
};

/* --- errors --- */

int directory_error(struct directory *directory, int result, struct error *err, const char *format, ...)
{
	CLEANUP_BUFFER struct buffer what = {0};
	char *said = NULL;
	va_list args;
	va_start(args, format);
	buffer_vprintf(&what, format, args);
	va_end(args);
	if (directory->ldap)
		ldap_get_option(directory->ldap, LDAP_OPT_DIAGNOSTIC_MESSAGE, &said);
	directory->code = result;
	enum error_code kind = ERROR_FAILED;
	size_t i = 0;
	while (i < COUNT_OF(ldap_hints) && ldap_hints[i].code != result)
		i++;
	if (i < COUNT_OF(ldap_hints))
		kind = ldap_hints[i].kind;
	error_set(err, kind, "%s: %s (LDAP %d)%s%s", buffer_text(&what), ldap_err2string(result), result,
		  said && *said ? ": " : "", said ? said : "");
	ldap_memfree(said);
	return i < COUNT_OF(ldap_hints) ? error_hint(err, "%s", ldap_hints[i].hint) : -1;
}

bool directory_in_doubt(const struct directory *directory)
{
	return directory->code == LDAP_SERVER_DOWN || directory->code == LDAP_TIMEOUT || directory->code == LDAP_CONNECT_ERROR;
}

static int kerberos_error(krb5_context context, krb5_error_code code, const char *principal, struct error *err)
{
	const char *said = krb5_get_error_message(context, code);
	size_t i = 0;
	while (i < COUNT_OF(kerberos_hints) && kerberos_hints[i].code != code)
		i++;
	error_set(err, i < COUNT_OF(kerberos_hints) ? kerberos_hints[i].kind : ERROR_FAILED, "no ticket for %s: %s", principal,
		  said);
	krb5_free_error_message(context, said);
	return i < COUNT_OF(kerberos_hints) ? error_hint(err, "%s", kerberos_hints[i].hint) : -1;
}

/* --- the ticket --- */

/* administrator -> administrator@LAB.EXAMPLE */
static char *principal_of(const struct directory_access *access)
{
	CLEANUP_BUFFER struct buffer name = {0};
	buffer_add(&name, access->user);
	if (!strchr(access->user, '@')) {
		buffer_add_char(&name, '@');
		for (const char *c = access->domain; *c; c++)
			buffer_add_char(&name, (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
	}
	return buffer_take(&name);
}

static krb5_error_code keep(krb5_context context, krb5_principal who, krb5_creds *credentials)
{
	krb5_ccache cache;
	krb5_error_code code = krb5_cc_resolve(context, CACHE, &cache);
	if (code)
		return code;
	code = krb5_cc_initialize(context, cache, who);
	if (!code)
		code = krb5_cc_store_cred(context, cache, credentials);
	krb5_cc_close(context, cache); /* it stays, in this process */
	return code;
}

static int get_ticket(const struct directory_access *access, struct error *err)
{
	CLEANUP_FREE char *name = principal_of(access);
	limit_doing("asking the domain controllers of %s for a ticket for %s", access->domain, name);
	krb5_context context;
	krb5_principal who = NULL;
	krb5_creds credentials = {0};
	if (krb5_init_context(&context) != 0)
		return error_set(err, ERROR_FAILED, "Kerberos cannot be set up on this machine: see /etc/krb5.conf");
	krb5_error_code code = krb5_parse_name(context, name, &who);
	if (!code)
		code = krb5_get_init_creds_password(context, &credentials, who, access->password, NULL, NULL, 0, NULL, NULL);
	if (!code)
		code = keep(context, who, &credentials);
	int outcome = code ? kerberos_error(context, code, name, err) : 0;
	krb5_free_cred_contents(context, &credentials);
	krb5_free_principal(context, who);
	krb5_free_context(context);
	setenv("KRB5CCNAME", CACHE, 1);
	return outcome;
}

/* --- connecting --- */

static int no_questions(LDAP *ldap, unsigned flags, void *defaults, void *questions)
{
	(void)ldap, (void)flags, (void)defaults;
	for (sasl_interact_t *question = questions; question->id != SASL_CB_LIST_END; question++) {
		question->result = "";
		question->len = 0;
	}
	return LDAP_SUCCESS;
}

/* Whom the system trusts, if no ldap.conf says otherwise: by itself libldap trusts nobody. */
static void set_trust(LDAP *ldap)
{
	const int demand = LDAP_OPT_X_TLS_DEMAND, client = 0;
	char *file = NULL, *folder = NULL;
	ldap_get_option(NULL, LDAP_OPT_X_TLS_CACERTFILE, &file);
	ldap_get_option(NULL, LDAP_OPT_X_TLS_CACERTDIR, &folder);
	if (!file && !folder)
		ldap_set_option(ldap, LDAP_OPT_X_TLS_CACERTFILE, SYSTEM_TRUST);
	ldap_memfree(file);
	ldap_memfree(folder);
	ldap_set_option(ldap, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand);
	ldap_set_option(ldap, LDAP_OPT_X_TLS_NEWCTX, &client);
}

static void set_options(LDAP *ldap)
{
	const int version = LDAP_VERSION3, limit = DIRECTORY_TIME;
	const struct timeval time = {.tv_sec = DIRECTORY_TIME}, connecting = {.tv_sec = DIRECTORY_TIME / 2};
	ldap_set_option(ldap, LDAP_OPT_PROTOCOL_VERSION, &version);
	ldap_set_option(ldap, LDAP_OPT_REFERRALS, LDAP_OPT_OFF);
	ldap_set_option(ldap, LDAP_OPT_NETWORK_TIMEOUT, &connecting);
	ldap_set_option(ldap, LDAP_OPT_TIMEOUT, &time);
	ldap_set_option(ldap, LDAP_OPT_TIMELIMIT, &limit);
	ldap_set_option(ldap, LDAP_OPT_X_SASL_NOCANON,
			LDAP_OPT_ON); /* the name that was asked for, not what a reverse zone makes of it */
	char properties[] = "noanonymous,minssf=56";
	ldap_set_option(ldap, LDAP_OPT_X_SASL_SECPROPS, properties);
}

static int bind_simple(struct directory *directory, const struct directory_access *access)
{
	CLEANUP_BUFFER struct buffer user = {0};
	buffer_add(&user, access->user);
	if (!strchr(access->user, '@'))
		buffer_printf(&user, "@%s", access->domain);
	set_trust(directory->ldap);
	if (strcmp(access->security, "starttls") == 0) {
		int result = ldap_start_tls_s(directory->ldap, NULL, NULL);
		if (result != LDAP_SUCCESS)
			return result;
	}
	CLEANUP_FREE char *copy = strdup(access->password);
	struct berval password = {.bv_len = strlen(copy), .bv_val = copy};
	int result = ldap_sasl_bind_s(directory->ldap, buffer_text(&user), LDAP_SASL_SIMPLE, &password, NULL, NULL, NULL);
	explicit_bzero(copy, strlen(access->password));
	return result;
}

static int try_server(const struct directory_access *access, const char *server, struct directory *directory, struct error *err)
{
	static const char *const attributes[] = {"defaultNamingContext", NULL};
	bool kerberos = strcmp(access->security, "kerberos") == 0;
	CLEANUP_BUFFER struct buffer uri = {0};
	LDAPMessage *root = NULL;
	limit_doing("logging in at %s as %s", server, access->user);
	buffer_printf(&uri, "%s://%s", strcmp(access->security, "ldaps") == 0 ? "ldaps" : "ldap", server);
	int result = ldap_initialize(&directory->ldap, buffer_text(&uri));
	if (result != LDAP_SUCCESS)
		return directory_error(directory, result, err, "%s", server);
	set_options(directory->ldap);
	result = kerberos ? ldap_sasl_interactive_bind_s(directory->ldap, NULL, "GSSAPI", NULL, NULL, LDAP_SASL_QUIET,
							 no_questions, NULL)
			  : bind_simple(directory, access);
	if (result != LDAP_SUCCESS)
		return directory_error(directory, result, err, "%s does not let %s in", server, access->user);
	if (directory_search(directory, "", LDAP_SCOPE_BASE, "(objectClass=*)", attributes, 0, &root, err) < 0)
		return -1;
	directory->base = directory_text(directory, ldap_first_entry(directory->ldap, root), attributes[0]);
	ldap_msgfree(root);
	directory->server = strdup(server);
	limit_doing("asking %s", server);
	return directory->base ? 0 : error_set(err, ERROR_FAILED, "%s is no domain controller: it names no domain", server);
}

/* "dc1.lab.example:389 dc2.lab.example:389", by the DNS's order; malloc'ed by libldap. */
static char *servers_of(const char *domain, struct error *err)
{
	char *list = NULL;
	limit_doing("asking the DNS for the domain controllers of %s", domain);
	if (ldap_domain2hostlist(domain, &list) == LDAP_SUCCESS && list && *list)
		return list;
	error_set(err, ERROR_CONNECTION, "the DNS names no domain controller of %s (_ldap._tcp.%s)", domain, domain);
	error_hint(err, "does this machine's resolver know that domain, does it answer? Else name one: with: {server: ...}");
	return NULL;
}

int directory_open(const struct directory_access *access, struct directory *ret_directory, struct error *err)
{
	*ret_directory = (struct directory){0};
	if (strcmp(access->security, "kerberos") == 0 && get_ticket(access, err) < 0)
		return -1;
	char *found = access->server ? strdup(access->server) : servers_of(access->domain, err);
	char *rest = found;
	int outcome = -1;
	for (char *server; rest && outcome < 0 && (server = strsep(&rest, " "));) {
		server[strcspn(server, ":")] = '\0';
		directory_close(ret_directory);
		error_clear(err);
		outcome = try_server(access, server, ret_directory, err);
		if (outcome < 0 && err && err->code != ERROR_CONNECTION && err->code != ERROR_TIMEOUT)
			break; /* the next would say the same, and count it as one more wrong password */
	}
	free(found);
	return outcome;
}

void directory_close(struct directory *directory)
{
	if (directory->ldap)
		ldap_unbind_ext_s(directory->ldap, NULL, NULL);
	free(directory->server);
	free(directory->base);
	*directory = (struct directory){0};
}

/* --- reading --- */

int directory_search(struct directory *directory, const char *base, int scope, const char *filter,
		     const char *const *attributes, int limit, LDAPMessage **ret_result, struct error *err)
{
	struct timeval time = {.tv_sec = DIRECTORY_TIME};
	LDAPMessage *found = NULL;
	int result = ldap_search_ext_s(directory->ldap, base, scope, filter, (char **)attributes, 0, NULL, NULL, &time, limit,
				       &found);
	*ret_result = NULL;
	if (result == LDAP_SUCCESS || (result == LDAP_SIZELIMIT_EXCEEDED && limit)) {
		*ret_result = found;
		return 0;
	}
	ldap_msgfree(found);
	return result == LDAP_NO_SUCH_OBJECT
		       ? 0
		       : directory_error(directory, result, err, "cannot search %s", *base ? base : "the root");
}

char *directory_text(struct directory *directory, LDAPMessage *entry, const char *attribute)
{
	struct berval **values = entry ? ldap_get_values_len(directory->ldap, entry, attribute) : NULL;
	char *text = values && values[0] ? strndup(values[0]->bv_val, values[0]->bv_len) : NULL;
	ldap_value_free_len(values);
	return text;
}

char *directory_escape(const char *text)
{
	CLEANUP_BUFFER struct buffer out = {0};
	for (; *text; text++) {
		if (strchr("*()\\", *text))
			buffer_printf(&out, "\\%02x", (unsigned char)*text);
		else
			buffer_add_char(&out, *text);
	}
	return buffer_take(&out);
}
