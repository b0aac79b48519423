/*
 * inventory.c - the inventory from its document. Secrets are read by secret.c.
 */
#include "engine/runbook/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/clock.h"
#include "engine/document/document.h"
#include "engine/runbook/fields.h"
#include "engine/runbook/foreign.h"
#include "engine/schema/product.h"

#define DEFAULT_CONNECT_TIMEOUT (10 * NSEC_PER_SEC)
#define SSH_PORT		22

static enum host_transport transport_of(const struct value *entry)
{
	if (value_is_text(value_get(entry, "connection"), "local"))
		return TRANSPORT_LOCAL;
	return value_is_text(value_get(entry, "connection"), "command") ? TRANSPORT_COMMAND : TRANSPORT_SSH;
}

static const char *home_path(struct arena *arena, const char *path)
{
	const char *home = getenv("HOME");
	if (path && home && path[0] == '~' && path[1] == '/')
		return arena_printf(arena, "%s%s", home, path + 1);
	return path;
}

/* What expressions see: the entry as written, with its id and its name. */
static const struct value *host_value(struct arena *arena, const char *id, const struct value *entry)
{
	struct value *copy = value_map(arena);
	value_put(arena, copy, "id", value_string(arena, id));
	value_put(arena, copy, "name", value_string(arena, id));
	value_put(arena, copy, "platform", value_string(arena, "linux"));
	if (value_is_text(value_get(entry, "platform"), "windows"))
		value_put(arena, copy, "shell", value_string(arena, "powershell"));
	for (size_t i = 0; i < entry->map.count; i++)
		value_put(arena, copy, value_text(entry->map.entries[i].key), entry->map.entries[i].value);
	return copy;
}

static void read_become(struct host *host, const struct value *become)
{
	host->become = value_is(become, VALUE_MAP) || (value_is(become, VALUE_BOOL) && become->boolean);
	host->become_user = value_get_text(become, "user");
	host->become_password = value_get_text(become, "password");
}

static void check_host(const struct fields *fields, const struct host *host)
{
	if (host->transport == TRANSPORT_SSH && !host->address) {
		struct diagnostic *diagnostic = diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "inventory/address",
								host->at, "host '%s' has no address", host->id);
		diagnostic_hint(fields->diagnostics, diagnostic,
				"add `address:` (its management address), or `connection: local`");
	}
	if (host->transport == TRANSPORT_COMMAND && (!host->prefix || !host->prefix[0])) {
		struct diagnostic *diagnostic =
			diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "inventory/command", host->at,
					"host '%s' is reached by a command, but none is given", host->id);
		diagnostic_hint(fields->diagnostics, diagnostic, "add `command:`, such as [virsh, console, %s]", host->id);
	}
}

static void check_shell(const struct fields *fields, const struct host *host, const struct value *shell)
{
	if (!shell || (host->platform == PLATFORM_WINDOWS && host->transport == TRANSPORT_SSH))
		return;
	struct diagnostic *diagnostic =
		diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "inventory/shell", shell->at,
				"`shell` says nothing about host '%s': it is for windows hosts reached by ssh", host->id);
	diagnostic_hint(fields->diagnostics, diagnostic,
			host->platform == PLATFORM_WINDOWS
				? "leave it out; a command of your own starts what it is given as it is"
				: "leave it out, or add `platform: windows`");
}

static void read_host(const struct fields *fields, const struct value_entry *entry, struct host *host)
{
	struct arena *arena = fields->arena;
	const struct value *value = entry->value;
	host->id = value_text(entry->key);
	host->at = entry->key->at;
	host->value = host_value(arena, host->id, value);
	host->name = value_get_text(host->value, "name");
	host->address = value_get_text(value, "address");
	host->platform = value_is_text(value_get(value, "platform"), "windows") ? PLATFORM_WINDOWS : PLATFORM_LINUX;
	host->shell = value_is_text(value_get(value, "shell"), "cmd") ? SHELL_CMD : SHELL_POWERSHELL;
	host->transport = transport_of(value);
	host->user = value_get_text(value, "user");
	host->port = (int)value_get_int(value, "port", SSH_PORT);
	host->identity_file = home_path(arena, value_get_text(value, "identity_file"));
	host->host_key = value_get_text(value, "host_key");
	host->prefix = fields_words(fields, value, "command");
	host->connect_timeout = fields_duration(fields, value, "connect_timeout", DEFAULT_CONNECT_TIMEOUT);
	read_become(host, value_get(value, "become"));
	check_host(fields, host);
	check_shell(fields, host, value_get(value, "shell"));
}

static void read_secret(const struct fields *fields, const struct value_entry *entry, struct secret *secret)
{
	secret->name = value_text(entry->key);
	secret->at = entry->key->at;
	secret->env = value_get_text(entry->value, "env");
	secret->file = home_path(fields->arena, value_get_text(entry->value, "file"));
	secret->command = fields_words(fields, entry->value, "command");
}

static void check_references(const struct fields *fields, const struct inventory *inventory)
{
	for (size_t i = 0; i < inventory->hosts_count; i++) {
		const char *wanted = inventory->hosts[i].become_password;
		bool found = !wanted;
		for (size_t s = 0; s < inventory->secrets_count && !found; s++)
			found = strcmp(inventory->secrets[s].name, wanted) == 0;
		if (!found)
			diagnostics_add(fields->diagnostics, SEVERITY_ERROR, "inventory/secret", inventory->hosts[i].at,
					"host '%s' refers to the secret '%s', which is not declared", inventory->hosts[i].id,
					wanted);
	}
}

int inventory_from_value(struct arena *arena, const char *path, const struct value *document, struct inventory **ret_inventory,
			 struct diagnostics *diagnostics)
{
	size_t errors = diagnostics->errors;
	if (!schema_check(schema_product("inventory"), document, &(struct schema_options){.advise = foreign_inventory_key},
			  diagnostics))
		return -1;
	struct fields fields = {.arena = arena, .diagnostics = diagnostics};
	struct inventory *inventory = ARENA_NEW(arena, struct inventory);
	const struct value *hosts = value_get(document, "hosts");
	const struct value *secrets = value_get(document, "secrets");
	inventory->path = arena_strdup(arena, path);
	inventory->document = document;
	inventory->known = ARENA_NEW(arena, struct secrets_known);
	inventory->known->arena = arena;
	inventory->hosts_count = hosts ? hosts->map.count : 0;
	inventory->hosts = arena_alloc(arena, inventory->hosts_count * sizeof(*inventory->hosts));
	for (size_t i = 0; i < inventory->hosts_count; i++)
		read_host(&fields, &hosts->map.entries[i], &inventory->hosts[i]);
	inventory->secrets_count = secrets ? secrets->map.count : 0;
	inventory->secrets = arena_alloc(arena, inventory->secrets_count * sizeof(*inventory->secrets));
	for (size_t i = 0; i < inventory->secrets_count; i++)
		read_secret(&fields, &secrets->map.entries[i], &inventory->secrets[i]);
	check_references(&fields, inventory);
	*ret_inventory = inventory;
	return diagnostics->errors > errors ? -1 : 0;
}

int inventory_read(struct arena *arena, const struct tree *tree, const char *path, struct inventory **ret_inventory,
		   struct diagnostics *diagnostics)
{
	const struct source *source;
	const struct value *document;
	if (tree_open(tree, arena, path, &source, diagnostics) < 0 || document_parse(arena, source, &document, diagnostics) < 0)
		return -1;
	return inventory_from_value(arena, path, document, ret_inventory, diagnostics);
}

const struct host *inventory_host(const struct inventory *inventory, const char *id)
{
	for (size_t i = 0; inventory && i < inventory->hosts_count; i++)
		if (strcmp(inventory->hosts[i].id, id) == 0)
			return &inventory->hosts[i];
	return NULL;
}
