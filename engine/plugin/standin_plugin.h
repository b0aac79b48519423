/*
 * standin_plugin.h - write a process plugin in C. Self-contained: it needs libc and jansson (cc plugin.c -ljansson).
 *
 *     #include "standin_plugin.h"
 *
 *     static json_t *observe(struct standin_call *call)
 *     {
 *             json_t *ran = standin_run(call, NULL, json_pack("[sss]", "cat", "--", standin_input(call, "path")), NULL);
 *             if (!ran)
 *                     return standin_unobservable(call, "no answer");
 *             return standin_state(json_pack("{sO}", "text", json_object_get(ran, "stdout")));
 *     }
 *
 *     static const struct standin_action actions[] = {{.name = "show", .observe = observe}, {0}};
 *     static const struct standin_plugin plugin = {STANDIN_PLUGIN_HEAD, .actions = actions};
 *     int main(void) { return standin_plugin_main(&plugin); }
 *
 * Calls come one after the other; within one, one request at a time (what arrives in between waits). What is said on the wire
 * is documented in protocol.h. New fields will only be added at the end of the structures; `size` and `abi` tell which are
 * there.
 *
 * Do not write to stdout: it belongs to the protocol. What is written to stderr goes with the error when the plugin dies.
 */
#ifndef STANDIN_PLUGIN_H
#define STANDIN_PLUGIN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STANDIN_PLUGIN_ABI 1
#define STANDIN_PROTOCOL   1
#define STANDIN_UNUSED	   __attribute__((unused))

struct standin_engine;

struct standin_call {
	const char *action;    /* "set" */
	const char *host;      /* the subject's id, or NULL */
	const char *via;       /* where it runs: an id, or "controller": this machine */
	const json_t *hosts;   /* id -> inventory entry: where standin_run may go */
	const json_t *inputs;  /* a secret is {"secret": "text"}: standin_secret */
	const json_t *before;  /* {"state": {}}, {"absent": true} or null; apply and diagnose */
	const json_t *desired; /* or null */
	const char *object;    /* or NULL */
	const json_t *message; /* all of it */
	long long id;
	struct standin_engine *engine;
	bool cancelled; /* answer now, with what is known */
	char *problem;	/* why the last request was not done; owned by the call */
	bool started;	/* it may have had an effect all the same */
};

/* Each gives a new reference: what standin_state and its like make. A missing one is not asked for, but by a wrong manifest. */
struct standin_action {
	const char *name;
	json_t *(*observe)(struct standin_call *call);
	json_t *(*apply)(struct standin_call *call);
	char *(*diagnose)(struct standin_call *call);			  /* malloc'ed text; may be NULL */
	json_t *(*describe)(struct standin_call *call, const char *part); /* list of standin_command; may be NULL */
};

struct standin_plugin {
	size_t size; /* of this structure, as the author's compiler saw it */
	int abi;
	const struct standin_action *actions; /* ends with a name of NULL */
	int (*start)(void);		      /* before the first call; not 0: exit with that. May be NULL */
};
#define STANDIN_PLUGIN_HEAD .size = sizeof(struct standin_plugin), .abi = STANDIN_PLUGIN_ABI

/* --- answers --- */

STANDIN_UNUSED static json_t *standin_state(json_t *attributes) /* takes attributes */
{
	return json_pack("{so}", "state", attributes);
}

STANDIN_UNUSED static json_t *standin_transient(json_t *attributes)
{
	return json_pack("{so,sb}", "state", attributes, "transient", 1);
}

STANDIN_UNUSED static json_t *standin_absent(void)
{
	return json_pack("{sb}", "absent", 1);
}

/* With the reason why a request was not done behind it, if one was not. */
STANDIN_UNUSED static json_t *standin_unobservable(const struct standin_call *call, const char *why)
{
	json_t *text = call->problem ? json_sprintf("%s: %s", why, call->problem) : json_string(why);
	return json_pack("{so}", "unobservable", text ? text : json_string(why));
}

STANDIN_UNUSED static json_t *standin_unreachable(const char *why)
{
	return json_pack("{ss,sb}", "unobservable", why, "unreachable", 1);
}

STANDIN_UNUSED static json_t *standin_done(json_t *outputs) /* takes outputs; NULL: none */
{
	return json_pack("{ss,so*}", "result", "done", "outputs", outputs);
}

STANDIN_UNUSED static json_t *standin_failed(const char *message, const char *hint)
{
	return json_pack("{ss,s{ss,ss*}}", "result", "failed", "error", "message", message, "hint", hint);
}

/* It may have happened: the engine observes. */
STANDIN_UNUSED static json_t *standin_unknown(const char *message)
{
	return json_pack("{ss,s{ss}}", "result", "unknown", "error", "message", message);
}

STANDIN_UNUSED static json_t *standin_command(const char *host, json_t *argv, bool has_stdin) /* takes argv */
{
	return json_pack("{ss,so,sb}", "host", host, "argv", argv, "stdin", (int)has_stdin);
}

/* --- reading a call --- */

STANDIN_UNUSED static const char *standin_input(const struct standin_call *call, const char *name)
{
	return json_string_value(json_object_get(call->inputs, name)); /* NULL: not given, or no text */
}

STANDIN_UNUSED static const char *standin_secret(const struct standin_call *call, const char *name)
{
	return json_string_value(json_object_get(json_object_get(call->inputs, name), "secret"));
}

/* --- the wire --- */

struct standin_engine {
	long long last_id;
	json_t *waiting; /* messages that came while a request was open */
};

static inline void standin_send_(json_t *message) /* takes it */
{
	char *line = message ? json_dumps(message, JSON_COMPACT) : NULL;
	if (!line) {
		fputs("a message that is no JSON: text that is no UTF-8?\n", stderr);
		exit(70);
	}
	if (printf("%s\n", line) < 0 || fflush(stdout) != 0)
		exit(0); /* the engine is gone */
	free(line);
	json_decref(message);
}

static inline json_t *standin_read_(void)
{
	char *line = NULL;
	size_t capacity = 0;
	ssize_t length = getline(&line, &capacity, stdin);
	json_t *message = length > 0 ? json_loadb(line, (size_t)length, 0, NULL) : NULL;
	if (line)
		explicit_bzero(line, capacity); /* there may have been a secret in it */
	free(line);
	return message; /* NULL: the end */
}

static inline bool standin_is_(const json_t *message, const char *name)
{
	const char *text = json_string_value(json_object_get(message, "message"));
	return text && strcmp(text, name) == 0;
}

static inline long long standin_id_(const json_t *message)
{
	return json_integer_value(json_object_get(message, "id"));
}

/* A reply that is not there, or is `error`, becomes NULL with call->problem. Takes reply. */
static inline json_t *standin_reply_(struct standin_call *call, json_t *reply)
{
	if (!standin_is_(reply, "error"))
		return reply;
	const char *text = json_string_value(json_object_get(reply, "text"));
	free(call->problem);
	call->problem = strdup(text ? text : "not done");
	call->started = json_is_true(json_object_get(reply, "started"));
	json_decref(reply);
	return NULL;
}

/* Sends a request (takes it) and waits for its answer. NULL: it was not done; call->problem says why. */
static inline json_t *standin_ask_(struct standin_call *call, const char *name, json_t *request)
{
	struct standin_engine *engine = call->engine;
	long long id = ++engine->last_id;
	json_object_set_new(request, "message", json_string(name));
	json_object_set_new(request, "id", json_integer(id));
	json_object_set_new(request, "call", json_integer(call->id));
	standin_send_(request);
	for (;;) {
		json_t *message = standin_read_();
		if (!message || standin_is_(message, "goodbye"))
			exit(0);
		bool answers = standin_is_(message, "ran") || standin_is_(message, "uploaded") ||
			       standin_is_(message, "downloaded") || standin_is_(message, "error");
		if (answers && standin_id_(message) == id)
			return standin_reply_(call, message);
		if (standin_is_(message, "cancel") && standin_id_(message) == call->id) {
			call->cancelled = true;
			json_decref(message);
			continue;
		}
		json_array_append_new(engine->waiting, message);
	}
}

/* options are borrowed, or NULL. */
static inline json_t *standin_with_(struct standin_call *call, const char *host, json_t *options)
{
	json_t *request = options ? json_copy(options) : json_object();
	json_object_set_new(request, "host", json_string(host ? host : call->via));
	return request;
}

/* Runs argv (taken) on a host (NULL: call->via). options: NULL, or an object with stdin, env, scope, encoding ... (protocol.h;
 * borrowed). A new reference to {exit, signal, stdout, stderr, ...}, or NULL: call->problem, call->started. */
STANDIN_UNUSED static json_t *standin_run(struct standin_call *call, const char *host, json_t *argv, json_t *options)
{
	json_t *request = standin_with_(call, host, options);
	json_object_set_new(request, "argv", argv);
	return standin_ask_(call, "run", request);
}

/* Writes a whole file. what: {"text": ...}, {"base64": ...} or {"file": a file of the plugin's}; borrowed. */
STANDIN_UNUSED static bool standin_upload(struct standin_call *call, const char *host, const char *path, int mode, json_t *what)
{
	json_t *request = standin_with_(call, host, what);
	json_object_set_new(request, "path", json_string(path));
	json_object_set_new(request, "mode", json_integer(mode));
	json_t *reply = standin_ask_(call, "upload", request);
	json_decref(reply);
	return reply != NULL;
}

/* malloc'ed text, or NULL. */
STANDIN_UNUSED static char *standin_download(struct standin_call *call, const char *host, const char *path)
{
	json_t *request = standin_with_(call, host, NULL);
	json_object_set_new(request, "path", json_string(path));
	json_t *reply = standin_ask_(call, "download", request);
	const char *data = json_string_value(json_object_get(reply, "data"));
	char *copy = data ? strdup(data) : NULL;
	json_decref(reply);
	return copy;
}

STANDIN_UNUSED static void standin_log(const struct standin_call *call, const char *level, const char *text)
{
	standin_send_(json_pack("{ss,sI,ss,ss}", "message", "log", "call", (json_int_t)call->id, "level", level, "text", text));
}

STANDIN_UNUSED static void standin_progress(const struct standin_call *call, const char *text, double done, double total)
{
	standin_send_(json_pack("{ss,sI,ss,sf,sf}", "message", "progress", "call", (json_int_t)call->id, "text", text, "done",
				done, "total", total));
}

/* --- the loop --- */

static inline const struct standin_action *standin_action_(const struct standin_plugin *plugin, const char *name)
{
	const struct standin_action *action = plugin->actions;
	while (action->name && strcmp(action->name, name ? name : "") != 0)
		action++;
	return action;
}

static inline json_t *standin_do_(const struct standin_action *action, struct standin_call *call)
{
	if (standin_is_(call->message, "observe"))
		return action->observe ? action->observe(call) : standin_unobservable(call, "this action cannot be observed");
	if (standin_is_(call->message, "apply"))
		return action->apply ? action->apply(call) : standin_failed("this action cannot be applied", NULL);
	if (standin_is_(call->message, "describe")) {
		const char *part = json_string_value(json_object_get(call->message, "part"));
		json_t *commands = action->describe ? action->describe(call, part ? part : "") : NULL;
		return json_pack("{so}", "commands", commands ? commands : json_array());
	}
	char *text = action->diagnose ? action->diagnose(call) : NULL;
	json_t *answer = json_pack("{ss}", "text", text ? text : "");
	free(text);
	return answer;
}

static inline void standin_serve_(const struct standin_plugin *plugin, struct standin_engine *engine, const json_t *message)
{
	static const char *const answers[][2] = {
		{"observe", "observation"}, {"apply", "applied"}, {"diagnose", "diagnosis"}, {"describe", "description"}};
	const char *name = NULL;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (standin_is_(message, answers[i][0]))
			name = answers[i][1];
	if (!name)
		return; /* a later engine may say more; or a cancel for what is answered already */
	struct standin_call call = {.engine = engine, .message = message, .id = standin_id_(message)};
	call.action = json_string_value(json_object_get(message, "action"));
	call.host = json_string_value(json_object_get(message, "host"));
	call.via = json_string_value(json_object_get(message, "via"));
	call.hosts = json_object_get(message, "hosts");
	call.inputs = json_object_get(message, "inputs");
	call.before = json_object_get(message, "before");
	call.desired = json_object_get(message, "desired");
	call.object = json_string_value(json_object_get(message, "object"));
	json_t *answer = standin_do_(standin_action_(plugin, call.action), &call);
	if (!answer) {
		fprintf(stderr, "%s gave no answer\n", call.action);
		exit(70);
	}
	json_object_set_new(answer, "message", json_string(name));
	json_object_set_new(answer, "id", json_integer(call.id));
	free(call.problem);
	standin_send_(answer);
}

static inline bool standin_welcome_(const struct standin_plugin *plugin)
{
	json_t *hello = standin_read_(), *version;
	size_t index;
	bool spoken = false, describes = false;
	json_array_foreach(json_object_get(hello, "protocols"), index, version)
	{
		spoken = spoken || json_integer_value(version) == STANDIN_PROTOCOL;
	}
	for (const struct standin_action *action = plugin->actions; action->name; action++)
		describes = describes || action->describe;
	json_decref(hello);
	if (spoken)
		standin_send_(json_pack("{ss,si,sb}", "message", "welcome", "protocol", STANDIN_PROTOCOL, "describes",
					(int)describes));
	return spoken;
}

/* Answers calls until the engine says goodbye; returns what main should. */
STANDIN_UNUSED static int standin_plugin_main(const struct standin_plugin *plugin)
{
	struct standin_engine engine = {.waiting = json_array()};
	int started = 0;
	if (plugin->abi != STANDIN_PLUGIN_ABI || plugin->size < offsetof(struct standin_plugin, start))
		return 70;
	if (!standin_welcome_(plugin)) {
		fprintf(stderr, "the engine does not speak protocol %d\n", STANDIN_PROTOCOL);
		return 70;
	}
	if (plugin->size > offsetof(struct standin_plugin, start) && plugin->start)
		started = plugin->start();
	while (started == 0) {
		json_t *message = json_incref(json_array_get(engine.waiting, 0));
		if (message)
			json_array_remove(engine.waiting, 0);
		else
			message = standin_read_();
		if (!message || standin_is_(message, "goodbye")) {
			json_decref(message);
			break;
		}
		standin_serve_(plugin, &engine, message);
		json_decref(message);
	}
	json_decref(engine.waiting);
	return started;
}

#endif
