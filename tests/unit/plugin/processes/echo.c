/*
 * echo.c - the C header's example, and its test: a line of a file on a host. Built into .../plugins/echo/echo (Makefile).
 */
#include "engine/plugin/standin_plugin.h"

static json_t *file_argv(struct standin_call *call)
{
	return json_pack("[ssssss]", "sh", "-c", "[ -e \"$1\" ] || exit 44; exec cat -- \"$1\"", "sh",
			 standin_input(call, "path"), "-");
}

static json_t *observe(struct standin_call *call)
{
	json_t *ran = standin_run(call, NULL, file_argv(call), NULL);
	if (!ran)
		return standin_unobservable(call, "cannot read it");
	json_int_t code = json_integer_value(json_object_get(ran, "exit"));
	json_t *answer = code == 44 ? standin_absent()
			 : code	    ? standin_unobservable(call, "cat failed")
				    : standin_state(json_pack("{sO}", "text", json_object_get(ran, "stdout")));
	json_decref(ran);
	return answer;
}

static json_t *apply(struct standin_call *call)
{
	json_t *what = json_pack("{ss}", "text", standin_input(call, "text"));
	standin_log(call, "info", "about to write");
	standin_progress(call, "writing", 0, 1);
	bool written = standin_upload(call, NULL, standin_input(call, "path"), 0640, what);
	json_decref(what);
	if (written)
		return standin_done(NULL);
	return call->started ? standin_unknown(call->problem) : standin_failed(call->problem, "is there such a folder?");
}

static char *diagnose(struct standin_call *call)
{
	return standin_download(call, NULL, standin_input(call, "path"));
}

static json_t *describe(struct standin_call *call, const char *part)
{
	if (strcmp(part, "observe") == 0)
		return json_pack("[o]", standin_command(call->via, file_argv(call), false));
	return json_pack("[o]", standin_command(call->via, json_pack("[sss]", "tee", "--", standin_input(call, "path")), true));
}

static const struct standin_action actions[] = {
	{.name = "line", .observe = observe, .apply = apply, .diagnose = diagnose, .describe = describe},
	{.name = NULL},
};

static const struct standin_plugin plugin = {STANDIN_PLUGIN_HEAD, .actions = actions};

int main(void)
{
	return standin_plugin_main(&plugin);
}
