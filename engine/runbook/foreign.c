/*
 * foreign.c - the words, by what they are called here. One line a thing: several words may mean the same.
 */
#include "engine/runbook/foreign.h"

#include <stdbool.h>
#include <string.h>

#include "engine/base/memory.h"

struct advice {
	const char *words; /* separated by blanks */
	const char *instead;
};

static const struct advice keys[] = {
	{"run cmd command exec argv",
	 "write `uses: core.run` and `with: {run: [PROGRAM, ARGUMENT]}`; a script: `uses: core.script`"},
	{"shell script bash sh powershell raw win_shell", "write `uses: core.script` and `with: {script: ...}`"},
	{"action module task plugin", "write `uses: PLUGIN.ACTION`"},
	{"service systemd systemd_service win_service",
	 "write `uses: service.start` (or stop, enable ..) and `with: {name: ...}`"},
	{"copy template lineinfile", "write `uses: file.present` and `with: {path: ..., content: ...}`"},
	{"mount", "write `uses: store.mount` and `with: {path: ...}`"},
	{"reboot", "write `uses: host.reboot`"},
	{"hostname", "write `uses: host.rename` and `with: {name: ...}`"},
	{"debug echo print", "write `uses: core.log` and `with: {message: ...}`"},
	{"set_fact set", "write `uses: core.set` and `with: {values: {NAME: ...}}`"},
	{"fail assert", "write `uses: core.assert` and `with: {that: ...}`"},
	{"pause prompt approval", "write `uses: core.prompt` (a question) or `uses: core.approve`, and `with: {message: ...}`"},
	{"wait sleep", "write `uses: core.wait` and `with: {duration: 30s}`"},
	{"wait_for", "write a probe such as `uses: host.reachable` with `until: result.reachable`"},
	{"when condition only_if", "write `if: CONDITION`"},
	{"unless not_if", "write `if: '!(CONDITION)'`"},
	{"while", "write `until: CONDITION` on a probe or task"},
	{"success ok failed_when", "write `expect: CONDITION` over `result`"},
	{"changed_when creates", "leave it out: an action compares before and after by itself"},
	{"loop with_items with_list with_dict for_each forEach for matrix strategy", "write `foreach: LIST` and `as: NAME`"},
	{"register", "write `id: NAME`; later steps read steps.NAME.outputs"},
	{"args params parameters arguments inputs input options", "an action's inputs stand in `with:`"},
	{"vars variables defaults",
	 "declare them as `inputs:` of the runbook; what is fixed for a host stands in the inventory's `vars`"},
	{"env environment", "write `with: {env: {NAME: value}}` of core.run or core.script"},
	{"working-directory working_directory cwd chdir", "write `with: {run: [env, --chdir=FOLDER, PROGRAM]}`"},
	{"hosts target targets runs-on", "write `host: ID`, the id of a host in the inventory"},
	{"delegate_to local_action", "write `via: ID`: the host on which it runs"},
	{"remote_user become_user", "write `user: NAME`"},
	{"become sudo", "write it into the inventory: `become: true` of the host"},
	{"block", "write `group: NAME` and `steps:`"},
	{"jobs stages phases tasks plays pre_steps", "write `steps:`; steps that belong together: `group: NAME` with `steps:`"},
	{"pre_tasks checks prechecks preconditions prerequisites", "write `preflight:`"},
	{"always ensure cleanup post post_tasks", "write `finally:` of a group or of the runbook"},
	{"catch except on_failure on_error onerror ignore_errors continue-on-error continue_on_error",
	 "put the step into a group with a `rescue:`"},
	{"needs depends_on depends-on dependsOn requires after",
	 "leave it out: steps are done in the order in which they stand"},
	{"notify handlers", "write the step where it is to happen: it does nothing where it already holds"},
	{"retries attempts tries maxAttempts max_attempts max_retries", "write `retry: {attempts: 3, delay: 20s}`"},
	{"delay interval backoff retry_delay",
	 "write `retry: {attempts: 3, delay: 20s, backoff: 2}`; between two looks: `poll: 1s`"},
	{"timeout-minutes timeout_minutes timeout_seconds timeoutSeconds", "write `timeout: 5m`"},
	{"serial forks max_parallel max-parallel throttle", "write `max_concurrent: 5` on a group with `parallel: true`"},
	{"concurrency", "write `lock: NAME`: no other run may hold it meanwhile"},
	{"import_playbook include include_tasks import_tasks include_role import_role roles workflow", "write `call: FILE`"},
	{"name title", "write `runbook: NAME`, and `summary:` for people"},
	{"label", "write `name: TEXT`"},
	{"version apiVersion", "write `standin: \"1\"`"},
	{"type category", "write `kind:` prepare, switchover, failover, failback or drill"},
	{"on trigger schedule", "leave it out: a run begins with `standin run`"},
	{"tags", "leave it out: `standin run --from STEP` begins at a step"},
	{"gather_facts permissions", "leave it out"},
	{"check_mode dry_run", "leave it out: `standin plan` shows what a run would do"},
	{"secrets", "declare secrets in the inventory; expressions read secrets.NAME"},
	{"required", "leave it out: an input without `default` has to be given; with `optional: true` it is null if not"},
	{"comment comments", "write a comment behind `#`, or `description:` of the runbook"},
};

static const struct advice names[] = {
	{"github gitlab workflow job runner", "what is known of this run: run.id, run.runbook, run.kind, run.operator"},
	{"env environ ENV", "variables of the environment are not read: declare an input, and give it with --input"},
	{"vars", "of the runbook: inputs.NAME; of a host: host.vars.NAME"},
	{"needs register", "what an earlier step gave: steps.ID.outputs.NAME"},
	{"outputs output",
	 "what an earlier step gave: steps.ID.outputs.NAME; of this step, in `until`, `expect`, `outputs`: result.NAME"},
	{"self this stdout stderr rc exit", "of this step, in `until`, `expect`, `outputs`: result.NAME"},
	{"matrix loop each", "the item of a `foreach` has the name that `as:` gives it"},
	{"item", "only inside a `foreach` there is an item"},
	{"hostvars groups", "of a host by its id: hosts.ID.vars.NAME"},
	{"inventory_hostname ansible_host ansible_hostname ansible_facts hostname",
	 "of the step's host: host.id, host.name, host.address"},
	{"yes no on off Yes No", "written: true or false"},
	{"True False", "written in small letters: true, false"},
	{"None nil undefined NULL Null", "written: null"},
	{"now date time ansible_date_time", "an expression knows no time: it gives the same whenever it is asked"},
	{"failed success succeeded", "how an earlier step ended: steps.ID.outcome == \"failed\""},
};

static const struct advice inventory_keys[] = {
	{"ip host hostname fqdn ansible_host", "write `address: ...`"},
	{"ansible_user ssh_user login username remote_user", "write `user: NAME`"},
	{"key ssh_key private_key keyfile key_file ansible_ssh_private_key_file", "write `identity_file: PATH`"},
	{"ansible_port ssh_port", "write `port: NUMBER`"},
	{"password ssh_password ansible_password", "logging in is by key: `identity_file: PATH`"},
	{"fingerprint known_hosts hostkey", "write `host_key: \"ssh-ed25519 AAAA...\"`"},
	{"os type system", "write `platform: linux` or `platform: windows`"},
	{"sudo ansible_become", "write `become: true`"},
	{"transport ansible_connection", "write `connection:` ssh, local or command"},
	{"all groups children", "hosts stand under `hosts:` by their ids; there are no groups"},
	{"variables defaults", "write `vars:` of a host"},
};

static bool has_word(const char *words, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = words; length && (at = strstr(at, word)); at += length)
		if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

static const char *find(const struct advice *advice, size_t count, const char *word)
{
	for (size_t i = 0; !strchr(word, ' ') && i < count; i++)
		if (has_word(advice[i].words, word))
			return advice[i].instead;
	return NULL;
}

const char *foreign_key(const char *key)
{
	return find(keys, COUNT_OF(keys), key);
}

const char *foreign_inventory_key(const char *key)
{
	return find(inventory_keys, COUNT_OF(inventory_keys), key);
}

static bool begins_expression(const char *text)
{
	static const char *const roots[] = {"inputs.",	"steps.",  "run.",	  "host.",    "hosts.",
					    "secrets.", "result.", "objectives.", "evidence."};
	text += strspn(text, " ");
	for (size_t i = 0; i < COUNT_OF(roots); i++)
		if (strncmp(text, roots[i], strlen(roots[i])) == 0)
			return true;
	return strcspn(text, "}") && strncmp(text, "item", 4) == 0 && strchr(" .}", text[4]);
}

static bool begins_block(const char *text)
{
	text += strspn(text, "- ");
	return strncmp(text, "if ", 3) == 0 || strncmp(text, "for ", 4) == 0;
}

const char *foreign_braces(const char *text)
{
	for (const char *at = strchr(text, '{'); at; at = strchr(at + 1, '{')) {
		bool expression = at[1] == '{' && (at == text || at[-1] != '$') && begins_expression(at + 2);
		if (expression || (at[1] == '%' && begins_block(at + 2)))
			return at;
	}
	return NULL;
}

const char *foreign_name(const char *name)
{
	return find(names, COUNT_OF(names), name);
}
