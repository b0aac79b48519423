/*
 * clear.c - secrets in plain text, by what their key is called or by what they look like; and hosts whose key is not pinned.
 */
#include <ctype.h>
#include <string.h>

#include "engine/base/memory.h"
#include "engine/base/regex.h"
#include "engine/expression/template.h"
#include "engine/lint/way.h"
#include "engine/lint/rules.h"

/* In the name of a key, whole words of it. */
static const char *const words[] = {"password",	   "passwd",	 "passphrase",	"secret",     "token",	   "apikey", "api_key",
				    "private_key", "credential", "credentials", "pgpassword", "mysql_pwd", "sshpass"};

static bool is_word(const char *name, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = name; (at = strstr(at, word)); at++)
		if ((at == name || !isalnum((unsigned char)at[-1])) &&
		    (!at[length] || at[length] == 's' || at[length] == '_') && (at[length] != 's' || !at[length + 1]))
			return true;
	return false;
}

/* Names of something else: where the secret lies, not the secret. */
static bool names_a_place(const char *name)
{
	static const char *const ends[] = {"_file", "_path", "_name", "_env", "_id", "_command", "_length", "_age"};
	for (size_t i = 0; i < COUNT_OF(ends); i++) {
		size_t length = strlen(name), end = strlen(ends[i]);
		if (length > end && strcmp(name + length - end, ends[i]) == 0)
			return true;
	}
	return false;
}

static bool key_is_secret(const char *key)
{
	char lower[64];
	size_t length = strlen(key);
	if (length >= sizeof(lower))
		return false;
	for (size_t i = 0; i <= length; i++)
		lower[i] = key[i] == '-' ? '_' : (char)tolower((unsigned char)key[i]);
	for (size_t i = 0; !names_a_place(lower) && i < COUNT_OF(words); i++)
		if (is_word(lower, words[i]))
			return true;
	return false;
}

/* What secrets look like wherever they stand. lead: plain text that must be there, so that few texts are searched. */
static const struct {
	const char *lead, *pattern, *what;
} looks[] = {
	{"PRIVATE KEY", "-----BEGIN [A-Z ]*PRIVATE KEY-----", "a private key"},
	{"AKIA", "\\bAKIA[0-9A-Z]{16}\\b", "an access key of a cloud"},
	{"gh", "\\bgh[pousr]_[A-Za-z0-9]{36,}", "a token of a forge"},
	{"://", "[a-z]+://[^/\\s:@${]+:[^/\\s@${]+@", "a URL with a password"},
	{"=",
	 "(?i)(?<![a-z0-9])(?:[a-z0-9]+[-_])*(?:pg)?(?:password|passwd|passphrase|pwd|secret|token|api[-_]?key)=[\"']?[^\\s\"'$"
	 "<{%/@]{4,}",
	 "a secret in an argument or a variable"},
	{"curl", "\\bcurl\\b.*\\s(?:-u|--user)[ =]?[\"']?[^\\s:$\"']+:[^\\s$\"']+", "a name and a password"},
};

static bool matches(struct arena *arena, const char *pattern, const struct value *text)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	struct regex *regex;
	return regex_compile(arena, pattern, strlen(pattern), 0, &regex, NULL, &err) == 0 &&
	       regex_match(regex, text->string.data, text->string.length, NULL, &err) > 0;
}

static const char *look_of(struct arena *arena, const struct value *text)
{
	for (size_t i = 0; i < COUNT_OF(looks); i++)
		if (memmem(text->string.data, text->string.length, looks[i].lead, strlen(looks[i].lead)) &&
		    matches(arena, looks[i].pattern, text))
			return looks[i].what;
	return NULL;
}

static void tell(struct diagnostics *diagnostics, const struct value *value, const char *what)
{
	struct diagnostic *diagnostic =
		diagnostics_add(diagnostics, rules_find("lint/clear-secret")->severity, "lint/clear-secret", value->at,
				"this looks like %s, in plain text", what);
	diagnostic_hint(diagnostics, diagnostic,
			"declare it under `secrets` of the inventory and read secrets.NAME; then change the secret itself");
}

/* key: what the value stands under, or NULL. Depth is bounded by the document's. */
static void search(struct diagnostics *diagnostics, const struct value *value, const char *key)
{
	if (value_is(value, VALUE_STRING) && value->string.length && !template_has(value->string.data, value->string.length)) {
		const char *look = look_of(diagnostics->arena, value);
		if (look)
			tell(diagnostics, value, look);
		else if (key && key_is_secret(key))
			tell(diagnostics, value, "a secret");
	}
	for (size_t i = 0; value_is(value, VALUE_LIST) && i < value->list.count; i++)
		search(diagnostics, value->list.items[i], key);
	for (size_t i = 0; value_is(value, VALUE_MAP) && i < value->map.count; i++)
		search(diagnostics, value->map.entries[i].value, value_text(value->map.entries[i].key));
}

static const struct value *entry_of(const struct lint *lint, const char *section, const char *name)
{
	return value_get(value_get(lint->runbook->document, section), name);
}

void lint_clear_secrets(const struct lint *lint)
{
	for (size_t i = 0; i < lint->runbook->inputs_count; i++) {
		const struct input *input = &lint->runbook->inputs[i];
		if (input->type != INPUT_SECRET && input->items != INPUT_SECRET) /* of those it is the secret's name */
			search(lint->diagnostics, value_get(entry_of(lint, "inputs", input->name), "default"), input->name);
	}
	for (size_t i = 0; i < lint->places_count; i++)
		search(lint->diagnostics, lint->places[i]->step->with_value, NULL);
}

void lint_inventory(const struct inventory *inventory, struct diagnostics *diagnostics)
{
	for (size_t i = 0; i < inventory->hosts_count; i++) {
		const struct host *host = &inventory->hosts[i];
		search(diagnostics, value_get(host->value, "vars"), NULL);
		if (host->transport != TRANSPORT_SSH || host->host_key)
			continue;
		struct diagnostic *diagnostic =
			diagnostics_add(diagnostics, rules_find("lint/unpinned-host")->severity, "lint/unpinned-host", host->at,
					"the key of host '%s' is not pinned", host->id);
		diagnostic_hint(diagnostics, diagnostic,
				"add host_key, as `ssh-keyscan -t ed25519 %s` prints it; compare it at the console",
				host->address ? host->address : host->id);
	}
}
