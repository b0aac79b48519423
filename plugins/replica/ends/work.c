/*
 * work.c - looking at both ends, running the agent there, putting it there.
 */
#include "plugins/replica/ends/work.h"

#include "engine/base/file.h"
#include "engine/base/hash.h"
#include "engine/base/memory.h"

#define AGENT_LIMIT ((size_t)64 * 1024 * 1024) /* bytes of the program */

const char *agent_digest;

void work_free(struct work *work)
{
	for (enum end end = 0; end < ENDS; end++) {
		seen_free(&work->seen[end]);
		free(work->certificates[end]);
	}
}

int look_at_both(struct standin_call *call, struct work *work, json_t **ret_answer)
{
	return look_at_both_of(call, json_object_get(call->inputs, "set"), work, ret_answer);
}

int look_at_both_of(struct standin_call *call, const json_t *set, struct work *work, json_t **ret_answer)
{
	*work = (struct work){.call = call, .set = set};
	if (!json_is_object(work->set)) {
		*ret_answer = standin_unobservable(call, "it is not known which set");
		return -1;
	}
	for (enum end end = 0; end < ENDS; end++) {
		if (look(call, work->set, end, &work->seen[end], ret_answer) < 0)
			return -1;
		if (work->seen[end].certificate)
			work->certificates[end] = strdup(work->seen[end].certificate);
	}
	return 0;
}

bool is_promoted(const struct work *work)
{
	return strcmp(seen_state(&work->seen[END_TARGET]), "promoted") == 0;
}

const char *set_name(const struct work *work)
{
	return json_string_value(json_object_get(work->set, "name"));
}

const char *address_of(const struct work *work, enum end end)
{
	const char *route = end == END_TARGET ? json_string_value(json_object_get(work->set, "address")) : NULL;
	const char *host = json_string_value(json_object_get(work->set, end_name(end)));
	const char *address = json_string_value(json_object_get(json_object_get(work->call->hosts, host), "address"));
	return route ? route : address ? address : "127.0.0.1";
}

/* --- running --- */

bool run(struct work *work, enum end end, json_t *argv, const char *input, const char *what, char **ret_said)
{
	json_t *options = input ? json_pack("{ss}", "stdin", input) : NULL;
	json_t *ran = standin_run(work->call, work->seen[end].host, argv, options);
	bool done = ran && json_integer_value(json_object_get(ran, "exit")) == 0;
	json_decref(options);
	if (done && ret_said)
		*ret_said = strdup(json_string_value(json_object_get(ran, "stdout")));
	if (!done) {
		const char *said = json_string_value(json_object_get(ran, "stderr"));
		CLEANUP_FREE char *text = memory_printf("%s: %s: %s", work->seen[end].host, what,
							said && *said	      ? said
							: work->call->problem ? work->call->problem
									      : "it said nothing");
		text[strcspn(text, "\n")] = '\0';
		const char *hint = said ? strstr(said, "hint: ") : NULL;
		CLEANUP_FREE char *first =
			hint ? strndup(hint + strlen("hint: "), strcspn(hint + strlen("hint: "), "\n")) : NULL;
		work->failure = !ran && work->call->started ? standin_unknown(text) : standin_failed(text, first);
	}
	json_decref(ran);
	return done;
}

json_t *agent_argv(const char *verb, const char *set)
{
	return set ? json_pack("[ssss]", AGENT_PATH, verb, "--set", set) : json_pack("[ss]", AGENT_PATH, verb);
}

/* --- the agent, and who it is --- */

bool deploy(struct work *work, enum end end)
{
	static const char CHECK[] = "printf '%s  %s\\n' \"$1\" \"$2\" | sha256sum --check --status";
	const struct seen *seen = &work->seen[end];
	if (seen->agent && strcmp(seen->agent, agent_digest) == 0)
		return true;
	if (!run(work, end, json_pack("[sssss]", "install", "-d", "-m", "755", AGENT_FOLDER), NULL,
		 "cannot make the agent's folder", NULL))
		return false;
	json_t *what = json_pack("{ss}", "file", "standin-agent");
	bool uploaded = standin_upload(work->call, seen->host, AGENT_PATH, 0755, what);
	json_decref(what);
	if (!uploaded) {
		CLEANUP_FREE char *text = memory_printf("%s: cannot put the agent there: %s", seen->host,
							work->call->problem ? work->call->problem : "?");
		work->failure =
			work->call->started
				? standin_unknown(text)
				: standin_failed(text,
						 "Standin must be root there, or become it: see `become` of the inventory");
		return false;
	}
	return run(work, end, json_pack("[sssssss]", "sh", "-e", "-c", CHECK, "sh", agent_digest, AGENT_PATH), NULL,
		   "the agent that arrived is not the one that was sent", NULL);
}

bool enrol(struct work *work, enum end end)
{
	CLEANUP_FREE char *said = NULL;
	if (work->certificates[end])
		return true;
	if (!run(work, end, agent_argv("enroll", NULL), NULL, "cannot enrol", &said))
		return false;
	json_t *answer = json_loads(said, 0, NULL);
	const char *certificate = json_string_value(json_object_get(answer, "certificate"));
	if (certificate)
		work->certificates[end] = strdup(certificate);
	else
		work->failure = standin_failed("the agent's answer to enroll holds no certificate", NULL);
	json_decref(answer);
	return certificate != NULL;
}

int agent_read(void)
{
	char own[4096], digest[HASH_HEX_SIZE];
	CLEANUP_FREE char *data = NULL;
	size_t data_length;
	ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	const char *slash = length > 0 ? memrchr(own, '/', (size_t)length) : NULL;
	if (!slash)
		return 0;
	CLEANUP_FREE char *path = memory_printf("%.*s/standin-agent", (int)(slash - own), own);
	if (file_read(path, AGENT_LIMIT, &data, &data_length, NULL) == 0) {
		hash_hex(data, data_length, digest);
		agent_digest = strdup(digest);
	}
	return 0;
}
