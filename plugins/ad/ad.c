/*
 * ad.c - computer accounts as actions of a process plugin: what each observes and applies, and what is refused.
 *
 * Every call opens a connection of its own and closes it: calls are few, a ticket that is fresh cannot run out in mid-run, and
 * a controller that was rebooted meanwhile is found again.
 */
#include <strings.h>

#include "engine/base/memory.h"
#include "plugins/ad/account.h"
#include "plugins/ad/directory_call.h"
#include "plugins/ad/rights.h"

/* --- observing --- */

static json_t *observe_by(const struct standin_call *call, const char *sid, const char *name)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_ACCOUNT struct account account = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (!sid && !name)
		return standin_unobservable(call, "give the account's `sid`, or its `name`");
	if (directory_open_for(call, &directory, &err) < 0 ||
	    account_find(&directory, sid, sid ? NULL : name, &account, &err) < 0)
		return directory_cannot_tell(call, &err);
	return account.found ? standin_state(json_incref(account.state)) : standin_absent();
}

static json_t *observe_either(struct standin_call *call)
{
	return observe_by(call, standin_input(call, "sid"), standin_input(call, "name"));
}
static json_t *observe_sid(struct standin_call *call)
{
	return observe_by(call, standin_input(call, "sid"), NULL);
}
static json_t *observe_name(struct standin_call *call)
{
	return observe_by(call, NULL, standin_input(call, "name"));
}

static json_t *observe_rights(struct standin_call *call)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_ACCOUNT struct account account = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const char *sid = standin_input(call, "sid"), *given = standin_input(call, "container");
	struct rights rights;
	if (directory_open_for(call, &directory, &err) < 0 || (sid && account_find(&directory, sid, NULL, &account, &err) < 0))
		return directory_cannot_tell(call, &err);
	if (sid && !account.found)
		return standin_unobservable(call, "there is no account with that SID");
	const char *parent = account.found ? strchr(account.dn, ',') : NULL; /* a computer's own name has no comma */
	CLEANUP_FREE char *usual = given || parent ? NULL : account_container(&directory, &err);
	const char *container = given ? given : parent ? parent + 1 : usual;
	if (!container || rights_read(&directory, container, account.dn, &rights, &err) < 0)
		return directory_cannot_tell(call, &err);
	return standin_state(json_pack("{sb,sb,sb,ss,ss}", "add", rights.add, "modify", rights.modify, "delete", rights.delete,
				       "container", container, "server", directory.server));
}

/* --- whose is it? --- */

#define JOINED_BY_STANDIN "Standin: " /* what ad.join writes into an account's description, with the host's id behind it */

static bool says_host(const struct account *account, const char *id)
{
	size_t length = strlen(JOINED_BY_STANDIN);
	return account->description && strncmp(account->description, JOINED_BY_STANDIN, length) == 0 &&
	       strcmp(account->description + length, id) == 0;
}

static bool is_of_host(const struct standin_call *call, const struct account *account, const char *id)
{
	const json_t *entry = json_object_get(call->hosts, id);
	const char *sid = json_string_value(json_object_get(json_object_get(entry, "vars"), "sid"));
	const char *name = json_string_value(json_object_get(entry, "name"));
	return (sid && strcmp(sid, account->sid) == 0) || says_host(account, id) ||
	       strcasecmp(account->name, name ? name : id) == 0;
}

static const char *other_owner(const struct standin_call *call, const struct account *account)
{
	const json_t *keep = json_object_get(call->inputs, "keep"), *sids = json_object_get(call->inputs, "keep_sids"), *item;
	size_t index;
	json_array_foreach(keep, index,
			   item) if (is_of_host(call, account, json_string_value(item))) return json_string_value(item);
	json_array_foreach(sids, index, item) if (strcmp(json_string_value(item), account->sid) == 0) return "one of keep_sids";
	/* What Standin joined carries the id of its host: another host's than the one that this step is about. */
	if (call->host && account->description &&
	    strncmp(account->description, JOINED_BY_STANDIN, strlen(JOINED_BY_STANDIN)) == 0 && !says_host(account, call->host))
		return account->description + strlen(JOINED_BY_STANDIN);
	return NULL;
}

/* NULL: it may be. */
static json_t *why_not(const struct standin_call *call, const struct account *account, const char *deed)
{
	const char *owner = other_owner(call, account);
	if (account->domain_controller)
		return directory_refuse("demote it first, by hand", "%s (%s) is a domain controller: it is not %s",
					account->name, account->sid, deed);
	if (owner)
		return directory_refuse(
			"a name may have moved to a stand-in, a SID does not: take the SID that `prepare` recorded for "
			"the host that failed",
			"%s (%s) is the account of another host, %s: it is not %s", account->name, account->sid, owner, deed);
	return NULL;
}

/* --- applying --- */

static json_t *apply_delete(struct standin_call *call)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_ACCOUNT struct account account = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (directory_open_for(call, &directory, &err) < 0 ||
	    account_find(&directory, standin_input(call, "sid"), NULL, &account, &err) < 0)
		return directory_not_written(&err);
	if (!account.found)
		return standin_done(NULL);
	json_t *refused = why_not(call, &account, "deleted");
	if (refused)
		return refused;
	bool children = json_is_true(json_object_get(call->inputs, "children"));
	int written = account_delete(&directory, &account, children, &err);
	return directory_outcome(&directory, written, &err);
}

static json_t *apply_create(struct standin_call *call)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const char *given = standin_input(call, "container");
	if (directory_open_for(call, &directory, &err) < 0)
		return directory_not_written(&err);
	CLEANUP_FREE char *usual = given ? NULL : account_container(&directory, &err);
	if (!given && !usual)
		return directory_not_written(&err);
	int written = account_create(&directory, standin_input(call, "name"), standin_input(call, "domain"),
				     given ? given : usual, standin_input(call, "description"), &err);
	return directory_outcome(&directory, written, &err);
}

static json_t *apply_rename(struct standin_call *call)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_ACCOUNT struct account account = {0};
	CLEANUP_ACCOUNT struct account holder = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const char *name = standin_input(call, "name");
	if (directory_open_for(call, &directory, &err) < 0 ||
	    account_find(&directory, standin_input(call, "sid"), NULL, &account, &err) < 0 ||
	    account_find(&directory, NULL, name, &holder, &err) < 0)
		return directory_not_written(&err);
	if (!account.found)
		return directory_refuse("its host has to join anew (ad.join)", "there is no account with the SID %s",
					standin_input(call, "sid"));
	if (account.domain_controller)
		return directory_refuse("a controller is renamed with netdom or samba-tool",
					"%s is a domain controller: it is not renamed", account.name);
	if (holder.found && strcmp(holder.sid, account.sid) != 0)
		return directory_refuse(
			"delete that computer first, by its SID (ad.delete_computer). The directory itself refuses two "
			"of a name (LDAP 68); deleted, "
			"not renamed: its host would come back and claim it",
			"%s cannot have the name %s, which %s (%s) has", account.name, name, holder.dn, holder.sid);
	int written = account_rename(&directory, &account, name, standin_input(call, "domain"), &err);
	return directory_outcome(&directory, written, &err);
}

static json_t *apply_reset(struct standin_call *call)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_ACCOUNT struct account account = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (directory_open_for(call, &directory, &err) < 0 ||
	    account_find(&directory, standin_input(call, "sid"), NULL, &account, &err) < 0)
		return directory_not_written(&err);
	if (!account.found)
		return directory_refuse("see ad.computer for the one that has its name", "there is no account with the SID %s",
					standin_input(call, "sid"));
	json_t *refused = why_not(call, &account, "reset");
	if (refused)
		return refused;
	int written = account_reset(&directory, &account, &err);
	return written == 0 ? standin_done(json_incref(account.state)) : directory_outcome(&directory, written, &err);
}

static const struct standin_action actions[] = {
	{.name = "computer", .observe = observe_either},
	{.name = "check_rights", .observe = observe_rights},
	{.name = "delete_computer", .observe = observe_sid, .apply = apply_delete},
	{.name = "create_computer", .observe = observe_name, .apply = apply_create},
	{.name = "rename_computer", .observe = observe_sid, .apply = apply_rename},
	{.name = "reset_computer", .observe = observe_sid, .apply = apply_reset},
	{0},
};

int main(void)
{
	static const struct standin_plugin plugin = {STANDIN_PLUGIN_HEAD, .actions = actions};
	return standin_plugin_main(&plugin);
}
