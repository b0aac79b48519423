/*
 * ad.c - computer accounts as actions of a process plugin: what each observes and applies, and what is refused.
 *
 * Every call has a process (limit.h), a ticket and a connection of its own: calls are few, a ticket that is fresh cannot run
 * out in mid-run, and a controller that was rebooted meanwhile is found again.
 */
#include <strings.h>

#include "engine/base/memory.h"
#include "plugins/ad/account.h"
#include "plugins/ad/directory_call.h"
#include "plugins/ad/limit.h"
#include "plugins/ad/rights.h"

/* --- observing --- */

static json_t *observe_account(struct standin_call *call)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_ACCOUNT struct account account = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const char *sid = standin_input(call, "sid"), *name = standin_input(call, "name");
	if (!sid && !name)
		return standin_unobservable(call, "give the account's `sid`, or its `name`");
	if (directory_open_for(call, &directory, &err) < 0 ||
	    account_find(&directory, sid, sid ? NULL : name, &account, &err) < 0)
		return directory_cannot_tell(call, &err);
	return account.found ? standin_state(json_incref(account.state)) : standin_absent();
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

/* --- what is done: each to the account with the SID that is given --- */

struct work {
	const struct standin_call *call;
	struct directory directory;
	struct account account;
};

static int write_delete(struct work *work, struct error *err)
{
	bool children = json_is_true(json_object_get(work->call->inputs, "children"));
	return account_delete(&work->directory, &work->account, children, err);
}

static int write_create(struct work *work, struct error *err)
{
	const struct standin_call *call = work->call;
	const char *given = standin_input(call, "container");
	CLEANUP_FREE char *usual = given ? NULL : account_container(&work->directory, err);
	if (!given && !usual)
		return -1;
	return account_create(&work->directory, standin_input(call, "name"), standin_input(call, "domain"),
			      given ? given : usual, standin_input(call, "description"), err);
}

static int write_name(struct work *work, struct error *err)
{
	CLEANUP_ACCOUNT struct account holder = {0};
	const struct account *account = &work->account;
	const char *name = standin_input(work->call, "name");
	if (account_find(&work->directory, NULL, name, &holder, err) < 0)
		return -1;
	if (!holder.found || strcmp(holder.sid, account->sid) == 0)
		return account_rename(&work->directory, account, name, standin_input(work->call, "domain"), err);
	error_set(err, ERROR_CONFLICT, "%s cannot have the name %s, which %s (%s) has", account->name, name, holder.dn,
		  holder.sid);
	return error_hint(err,
			  "delete that computer first, by its SID (ad.delete_computer). The directory itself refuses two of a "
			  "name (LDAP 68); deleted, not renamed: its host would come back and claim it");
}

static int write_password(struct work *work, struct error *err)
{
	return account_reset(&work->directory, &work->account, err);
}

static const struct deed {
	const char *action;
	int (*write)(struct work *work, struct error *err);
	const char *done;	/* NULL: the account is not there yet */
	const char *gone;	/* the hint when the account is not there; NULL: then it is done */
	const char *controller; /* the hint when it is a domain controller's: that is never done */
	bool guarded;		/* not to the account of another host either */
	bool tells;		/* a task: the account is its outputs */
} deeds[] = {
	{"create_computer", write_create, NULL, NULL, NULL, false, false},
	{"delete_computer", write_delete, "deleted", NULL, "demote it first, by hand", true, false},
	{"rename_computer", write_name, "renamed", "its host has to join anew (ad.join)",
	 "a controller is renamed with netdom or samba-tool", false, false},
	{"reset_computer", write_password, "reset", "see ad.computer for the one that has its name", "demote it first, by hand",
	 true, true},
};

static const struct deed *deed_of(const char *action)
{
	size_t i = 0;
	while (strcmp(deeds[i].action, action) != 0)
		i++;
	return &deeds[i];
}

/* NULL: it may be done. */
static json_t *why_not(const struct standin_call *call, const struct deed *deed, const struct account *account)
{
	if (!account->found)
		return directory_refuse(deed->gone, "there is no account with the SID %s", standin_input(call, "sid"));
	const char *owner = deed->guarded ? other_owner(call, account) : NULL;
	if (account->domain_controller)
		return directory_refuse(deed->controller, "%s (%s) is a domain controller: it is not %s", account->name,
					account->sid, deed->done);
	if (owner)
		return directory_refuse(
			"a name may have moved to a stand-in, a SID does not: take the SID that `prepare` recorded for "
			"the host that failed",
			"%s (%s) is the account of another host, %s: it is not %s", account->name, account->sid, owner,
			deed->done);
	return NULL;
}

static json_t *apply_in(struct work *work, const struct deed *deed)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	const struct standin_call *call = work->call;
	const char *sid = deed->done ? standin_input(call, "sid") : NULL;
	if (directory_open_for(call, &work->directory, &err) < 0 ||
	    (sid && account_find(&work->directory, sid, NULL, &work->account, &err) < 0))
		return directory_not_begun(&err);
	if (sid && !work->account.found && !deed->gone)
		return standin_done(NULL);
	json_t *refused = sid ? why_not(call, deed, &work->account) : NULL;
	if (refused)
		return refused;
	limit_writing();
	if (deed->write(work, &err) == 0)
		return standin_done(deed->tells ? json_incref(work->account.state) : NULL);
	return directory_not_written(&work->directory, &err);
}

static json_t *apply_deed(struct standin_call *call)
{
	struct work work = {.call = call};
	json_t *answer = apply_in(&work, deed_of(call->action));
	account_free(&work.account);
	directory_close(&work.directory);
	return answer;
}

/* --- the actions: each call in time --- */

static json_t *observe(struct standin_call *call)
{
	return limit_call(call, observe_account);
}
static json_t *observe_permissions(struct standin_call *call)
{
	return limit_call(call, observe_rights);
}
static json_t *apply(struct standin_call *call)
{
	return limit_call(call, apply_deed);
}

static const struct standin_action actions[] = {
	{.name = "computer", .observe = observe},
	{.name = "check_rights", .observe = observe_permissions},
	{.name = "delete_computer", .observe = observe, .apply = apply},
	{.name = "create_computer", .observe = observe, .apply = apply},
	{.name = "rename_computer", .observe = observe, .apply = apply},
	{.name = "reset_computer", .apply = apply},
	{0},
};

int main(void)
{
	static const struct standin_plugin plugin = {STANDIN_PLUGIN_HEAD, .actions = actions};
	return standin_plugin_main(&plugin);
}
