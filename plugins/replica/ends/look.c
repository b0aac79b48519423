/*
 * look.c - the program, the certificate, the set and the status at one end, as lines "NAME BASE64".
 */
#include "plugins/replica/ends/look.h"

#include "engine/base/base64.h"
#include "engine/base/buffer.h"
#include "engine/base/memory.h"

static const char SCRIPT[] =
	"export LC_ALL=C\n"
	"agent=" AGENT_PATH " state=/var/lib/standin-agent\n"
	"file() { [ ! -f \"$2\" ] || printf '%s %s\\n' \"$1\" \"$(base64 -w 0 <\"$2\")\"; }\n"
	"[ ! -f $agent ] || printf 'agent %s\\n' \"$(sha256sum <$agent | cut -d ' ' -f 1 | base64 -w 0)\"\n"
	"file certificate $state/certificate.pem\n"
	"file set \"$state/sets/$1/set.json\"\n"
	"file restored \"$state/sets/$1/restored\"\n"
	"file copy \"$state/sets/$1/copy\"\n"
	"[ ! -f \"$state/sets/$1/set.json\" ] || [ ! -x $agent ] ||\n"
	"  printf 'status %s\\n' \"$($agent status --set \"$1\" 2>/dev/null | base64 -w 0)\"";

void seen_free(struct seen *seen)
{
	free(seen->agent);
	free(seen->certificate);
	json_decref(seen->set);
	json_decref(seen->status);
	json_decref(seen->restored);
	json_decref(seen->copy);
	*seen = (struct seen){0};
}

json_t *look_argv(const char *set)
{
	return json_pack("[ssssss]", "sh", "-e", "-c", SCRIPT, "sh", set);
}

static char *decoded(const char *text, size_t length)
{
	struct buffer out = {0};
	if (base64_decode(&out, text, length) < 0 || !out.length) {
		buffer_free(&out);
		return NULL;
	}
	while (out.length && out.data[out.length - 1] == '\n' &&
	       memchr(out.data, '\n', out.length) == out.data + out.length - 1)
		out.data[--out.length] = '\0'; /* one line; a certificate keeps its last end */
	return out.data;
}

static json_t *decoded_json(const char *text, size_t length)
{
	CLEANUP_FREE char *plain = decoded(text, length);
	return plain ? json_loads(plain, 0, NULL) : NULL;
}

static void read_line(struct seen *seen, const char *name, const char *text, size_t length)
{
	if (strcmp(name, "agent") == 0 && !seen->agent)
		seen->agent = decoded(text, length);
	else if (strcmp(name, "certificate") == 0 && !seen->certificate)
		seen->certificate = decoded(text, length);
	else if (strcmp(name, "set") == 0 && !seen->set)
		seen->set = decoded_json(text, length);
	else if (strcmp(name, "status") == 0 && !seen->status)
		seen->status = decoded_json(text, length);
	else if (strcmp(name, "restored") == 0 && !seen->restored)
		seen->restored = decoded_json(text, length);
	else if (strcmp(name, "copy") == 0 && !seen->copy)
		seen->copy = decoded_json(text, length);
}

static void read_lines(struct seen *seen, const char *text)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		char name[16] = "";
		size_t word = strcspn(text, " \n"), line = strcspn(text, "\n");
		if (word >= sizeof(name) || word >= line)
			continue;
		memcpy(name, text, word);
		read_line(seen, name, text + word + 1, line - word - 1);
	}
}

int look(struct standin_call *call, const json_t *set, enum end end, struct seen *ret_seen, json_t **ret_answer)
{
	const char *host = json_string_value(json_object_get(set, end_name(end)));
	json_t *options = json_pack("{sb}", "scope", 0);
	json_t *ran = standin_run(call, host, look_argv(json_string_value(json_object_get(set, "name"))), options);
	CLEANUP_FREE char *why = NULL;
	*ret_seen = (struct seen){.host = host};
	json_decref(options);
	if (ran && json_integer_value(json_object_get(ran, "exit")) == 0) {
		read_lines(ret_seen, json_string_value(json_object_get(ran, "stdout")));
		json_decref(ran);
		return 0;
	}
	why = ran ? memory_printf("the %s, %s: %s", end_name(end), host, json_string_value(json_object_get(ran, "stderr")))
		  : memory_printf("the %s, %s, cannot be looked at", end_name(end), host);
	*ret_answer = standin_unobservable(call, why);
	json_decref(ran);
	return -1;
}

const char *seen_state(const struct seen *seen)
{
	const char *state = json_string_value(json_object_get(seen->status, "state"));
	return state ? state : "none";
}

json_int_t seen_term(const struct seen *seen)
{
	json_int_t told = json_integer_value(json_object_get(seen->set, "term"));
	json_int_t known = json_integer_value(json_object_get(seen->status, "term"));
	return told > known ? told : known;
}

bool seen_running(const struct seen *seen)
{
	return json_is_true(json_object_get(seen->status, "running"));
}
