/*
 * exchange.c - what an administrator clicks through in the Exchange System Manager, as actions: where the files are, and two
 * settings, each of several storage groups or stores at once.
 *
 * Every call has a process, a ticket and a connection of its own, as in plugins/ad.
 */
#include <stdlib.h>
#include <strings.h>

#include "engine/base/memory.h"
#include "plugins/ad/directory_call.h"
#include "plugins/ad/limit.h"
#include "plugins/exchange/organization.h"
#include "plugins/exchange/paths.h"

static int find_server(const struct standin_call *call, struct directory *directory, struct exchange_server *server,
		       struct error *err)
{
	if (directory_open_for(call, directory, err) < 0)
		return -1;
	return exchange_server_find(directory, standin_input(call, "name"), server, err);
}

/* --- what can be set --- */

struct setting {
	const char *list;      /* the output that tells each one's */
	const char *attribute; /* in the directory */
	const char *on, *off;  /* its values; none is `absent` */
	bool absent;
	bool of_groups; /* else of stores */
	size_t offset;	/* of its text in struct storage */
};

static const struct setting circular_logging = {.list = "storage_groups",
						.attribute = "msExchESEParamCircularLog",
						.on = "1",
						.off = "0",
						.absent = false,
						.of_groups = true,
						.offset = offsetof(struct storage, circular)};
static const struct setting mount_at_startup = {.list = "stores",
						.attribute = "msExchEDBOffline",
						.on = "FALSE", /* it says the opposite: do not mount */
						.off = "TRUE",
						.absent = true,
						.of_groups = false,
						.offset = offsetof(struct storage, offline)};

static const char *text_of(const struct setting *setting, const struct storage *storage)
{
	return *(char *const *)((const char *)storage + setting->offset);
}

static bool is_on(const struct setting *setting, const struct storage *storage)
{
	const char *text = text_of(setting, storage);
	return text ? strcasecmp(text, setting->on) == 0 : setting->absent;
}

/* MAIL1\First Storage Group\Mailbox Store (MAIL1): as tools of Exchange name a store too. */
static char *identity(const struct exchange_server *server, const struct storage *storage)
{
	return storage->group ? memory_printf("%s\\%s\\%s", server->name, storage->group, storage->name)
			      : memory_printf("%s\\%s", server->name, storage->name);
}

/* --- where the files are --- */

static json_t *tell_group(const struct storage *group)
{
	return json_pack("{ss,ss*,ss*,sb}", "name", group->name, "log", group->log, "system", group->system, "circular_logging",
			 (int)is_on(&circular_logging, group));
}

static json_t *tell_store(const struct exchange_server *server, const struct storage *store)
{
	CLEANUP_FREE char *path = identity(server, store);
	return json_pack("{ss,ss,ss*,ss,ss*,ss*,sb}", "path", path, "name", store->name, "storage_group", store->group, "kind",
			 store->kind == STORAGE_PUBLIC ? "public" : "mailbox", "database", store->database, "streaming",
			 store->streaming, "mount_at_startup", (int)is_on(&mount_at_startup, store));
}

static void add_paths(const struct storage *storage, json_t *paths, json_t *folders)
{
	const char *const holding[] = {storage->log, storage->system}, *const files[] = {storage->database, storage->streaming};
	for (size_t i = 0; i < COUNT_OF(holding); i++) {
		paths_add(paths, holding[i]);
		paths_add(folders, holding[i]);
	}
	for (size_t i = 0; i < COUNT_OF(files); i++) {
		CLEANUP_FREE char *folder = path_folder(files[i]);
		paths_add(paths, files[i]);
		paths_add(folders, folder);
	}
}

/* A list that misses one store would be a replica without it. */
static int check_whole(const struct storage *storage, struct error *err)
{
	if (storage->kind == STORAGE_GROUP ? storage->log && storage->system : storage->database != NULL)
		return 0;
	error_set(err, ERROR_REFUSED, "%s does not say where its files are, as far as this user may see", storage->dn);
	return error_hint(err, "use a user who may view the whole organization");
}

static json_t *tell_server(const struct exchange_server *server)
{
	json_t *groups = json_array(), *stores = json_array(), *paths = json_array(), *folders = json_array();
	for (size_t i = 0; i < server->count; i++) {
		const struct storage *storage = &server->items[i];
		if (storage->kind == STORAGE_GROUP)
			json_array_append_new(groups, tell_group(storage));
		else
			json_array_append_new(stores, tell_store(server, storage));
		add_paths(storage, paths, folders);
	}
	json_t *sorted = paths_sorted(folders);
	json_t *told = json_pack("{ss,so,so,so,so}", "server", server->dn, "storage_groups", groups, "stores", stores, "paths",
				 paths_sorted(paths), "folders", paths_outermost(sorted));
	json_decref(sorted);
	json_decref(folders);
	json_decref(paths);
	return told;
}

static json_t *observe_files(struct standin_call *call)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_SERVER struct exchange_server server = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	if (find_server(call, &directory, &server, &err) < 0)
		return directory_cannot_tell(call, &err);
	for (size_t i = 0; i < server.count; i++)
		if (check_whole(&server.items[i], &err) < 0)
			return directory_cannot_tell(call, &err);
	return standin_state(tell_server(&server));
}

/* --- settings --- */

static bool is_meant(const char *given, const char *name)
{
	return !given || (name && strcasecmp(given, name) == 0);
}

/* Is this one of those that the call is about? */
static bool is_chosen(const struct standin_call *call, const struct setting *setting, const struct storage *storage)
{
	const char *group = standin_input(call, "storage_group"), *store = standin_input(call, "store");
	if (setting->of_groups)
		return storage->kind == STORAGE_GROUP && is_meant(group, storage->name);
	return storage->kind != STORAGE_GROUP && is_meant(group, storage->group) && is_meant(store, storage->name);
}

static int check_choice(const struct standin_call *call, const struct setting *setting, const struct exchange_server *server,
			struct error *err)
{
	for (size_t i = 0; i < server->count; i++)
		if (is_chosen(call, setting, &server->items[i]))
			return 0;
	error_set(err, ERROR_NOT_FOUND, "%s has no %s like that", server->name, setting->of_groups ? "storage group" : "store");
	return error_hint(err, "exchange.locate_files lists those that it has");
}

static json_t *observe_setting(const struct standin_call *call, const struct setting *setting)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_SERVER struct exchange_server server = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	size_t on = 0, all = 0;
	if (find_server(call, &directory, &server, &err) < 0 || check_choice(call, setting, &server, &err) < 0)
		return directory_cannot_tell(call, &err);
	json_t *list = json_array();
	for (size_t i = 0; i < server.count; i++) {
		const struct storage *storage = &server.items[i];
		if (!is_chosen(call, setting, storage))
			continue;
		CLEANUP_FREE char *path = identity(&server, storage);
		json_array_append_new(list, json_pack("{ss,sb}", "path", path, "enabled", (int)is_on(setting, storage)));
		on += is_on(setting, storage);
		all++;
	}
	return standin_state(json_pack("{ss,so}", "enabled", on == all ? "all" : on ? "some" : "none", setting->list, list));
}

/* As it was when it was looked at; -1: it was not there. */
static int was_on(const struct standin_call *call, const struct setting *setting, const char *path)
{
	const json_t *list = json_object_get(json_object_get(call->before, "state"), setting->list), *item;
	size_t index;
	json_array_foreach(list, index, item)
	{
		if (strcmp(json_string_value(json_object_get(item, "path")), path) == 0)
			return json_is_true(json_object_get(item, "enabled"));
	}
	return -1;
}

/* Only from the value that was seen: who has changed it meanwhile is not overruled. */
static int set_one(const struct standin_call *call, const struct setting *setting, struct directory *directory,
		   const char *path, const struct storage *storage, struct error *err)
{
	bool wished = json_is_true(json_object_get(call->inputs, "enabled"));
	if (is_on(setting, storage) == wished)
		return 0;
	if (was_on(call, setting, path) == !wished)
		return storage_change(directory, storage, setting->attribute, text_of(setting, storage),
				      wished ? setting->on : setting->off, err);
	error_set(err, ERROR_CONFLICT, "%s of %s has been changed by another since it was looked at", setting->attribute, path);
	return error_hint(err, "find out who wants it otherwise, then resume");
}

static json_t *apply_setting(const struct standin_call *call, const struct setting *setting)
{
	CLEANUP_DIRECTORY struct directory directory = {0};
	CLEANUP_SERVER struct exchange_server server = {0};
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int written = 0;
	if (find_server(call, &directory, &server, &err) < 0)
		return directory_not_begun(&err);
	limit_writing();
	for (size_t i = 0; i < server.count && written == 0; i++) {
		CLEANUP_FREE char *path = identity(&server, &server.items[i]);
		if (is_chosen(call, setting, &server.items[i]))
			written = set_one(call, setting, &directory, path, &server.items[i], &err);
	}
	return written == 0 ? standin_done(NULL) : directory_not_written(&directory, &err);
}

/* --- the actions: each call in time --- */

static const struct setting *setting_of(const struct standin_call *call)
{
	return strcmp(call->action, "circular_logging") == 0 ? &circular_logging : &mount_at_startup;
}

static json_t *look_at_setting(struct standin_call *call)
{
	return observe_setting(call, setting_of(call));
}
static json_t *change_setting(struct standin_call *call)
{
	return apply_setting(call, setting_of(call));
}

static json_t *observe_server(struct standin_call *call)
{
	return limit_call(call, observe_files);
}
static json_t *observe(struct standin_call *call)
{
	return limit_call(call, look_at_setting);
}
static json_t *apply(struct standin_call *call)
{
	return limit_call(call, change_setting);
}

static const struct standin_action actions[] = {
	{.name = "locate_files", .observe = observe_server},
	{.name = "circular_logging", .observe = observe, .apply = apply},
	{.name = "set_mount_at_startup", .observe = observe, .apply = apply},
	{0},
};

int main(void)
{
	static const struct standin_plugin plugin = {STANDIN_PLUGIN_HEAD, .actions = actions};
	return standin_plugin_main(&plugin);
}
