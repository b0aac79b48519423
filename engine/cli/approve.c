/*
 * approve.c - standin approve: sign what a run asks approval for. Here, where the run is; or elsewhere: the request is carried
 * there as a file, and the approval back.
 */
#include <string.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/base/table.h"
#include "engine/cli/load.h"
#include "engine/cli/request.h"
#include "engine/cli/session.h"
#include "engine/execute/approval_signature.h"

#define FILE_LIMIT ((size_t)256 * 1024)

struct approving {
	struct arena *arena;
	const struct options *options;
	const struct value *document; /* what is asked */
	const char *text;	      /* of it: what is signed */
	const char *signature;
	const struct value *approved; /* the record of it, once the run has taken it */
};

/* --- what is asked --- */

struct asked { /* of the journal: what waits now */
	struct arena *arena;
	const char *step; /* wanted, or NULL */
	const struct value **documents;
	size_t count, capacity;
};

static bool is_meant(const struct asked *asked, const struct value *document)
{
	return !asked->step || value_is_text(value_get(document, "step"), asked->step) ||
	       value_is_text(value_get(document, "place"), asked->step);
}

static bool look(void *context, const struct value *record)
{
	struct asked *asked = context;
	const struct value *step = value_get(record, "step"), *document = value_get(record, "approval");
	const char *kind = value_get_text(record, "kind");
	bool waits = strcmp(kind, "waiting") == 0, ends = strcmp(kind, "answered") == 0 || strcmp(kind, "step_finished") == 0;
	for (size_t i = 0; step && (waits || ends) && i < asked->count; i++)
		if (value_equal(value_get(asked->documents[i], "step"), step))
			asked->documents[i--] = asked->documents[--asked->count];
	if (waits && value_is(document, VALUE_MAP) && is_meant(asked, document)) {
		const struct value **place =
			arena_grow(asked->arena, &asked->documents, &asked->count, &asked->capacity, sizeof(*asked->documents));
		*place = value_copy(asked->arena, document);
	}
	return true;
}

static int find_document(struct approving *approving, struct run_store *store, const char *id, struct error *err)
{
	struct asked asked = {.arena = approving->arena, .step = options_get(approving->options, "step")};
	CLEANUP_FREE char *path = run_journal_path(store, id);
	struct journal_torn torn;
	if (journal_read(path, look, &asked, &torn, err) < 0)
		return -1;
	if (asked.count == 0) {
		error_set(err, ERROR_NOT_FOUND, "no step of run %s waits for signatures", id);
		return error_hint(err, "standin attach %s shows what it waits for", id);
	}
	if (asked.count > 1) {
		error_set(err, ERROR_INVALID, "several steps of run %s wait for signatures", id);
		return error_hint(err, "say which: --step %s", value_get_text(asked.documents[0], "place"));
	}
	approving->document = asked.documents[0];
	return 0;
}

static int read_json(struct arena *arena, const char *path, const struct value **ret_value, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;
	if (file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, FILE_LIMIT, &text, &length, err) < 0)
		return -1;
	if (json_parse(arena, text, length, ret_value, err) < 0)
		return error_wrap(err, "%s", path);
	if (value_get_int(*ret_value, "standin_approval", 0) == 1)
		return 0;
	return error_set(err, ERROR_INVALID, "%s is no request and no approval of this version of standin", path);
}

static int write_text(const char *path, const char *text, struct error *err)
{
	CLEANUP_FREE char *line = memory_printf("%s\n", text);
	if (strcmp(path, "-") != 0)
		return file_write_durable(path, line, strlen(line), 0644, err);
	fputs(line, stdout);
	return 0;
}

/* --- showing it --- */

static const char *joined(struct arena *arena, const struct value *list)
{
	CLEANUP_BUFFER struct buffer text = {0};
	for (size_t i = 0; value_is(list, VALUE_LIST) && i < list->list.count; i++)
		buffer_printf(&text, "%s%s", i ? ", " : "",
			      value_text(list->list.items[i]) ? value_text(list->list.items[i]) : "?");
	return arena_strdup(arena, buffer_text(&text));
}

/* On one line, whatever it holds: who asks has written it, and must not be able to write lines of this screen. */
static const char *text_of(struct arena *arena, const struct value *value)
{
	const char *text = value_text(value);
	return text && !strpbrk(text, "\n\r\v\f") ? text : json_text(arena, value ? value : value_null());
}

/* A line each: a comma in a value must not look like another entry. */
static void show_map(struct arena *arena, const char *label, const struct value *map)
{
	for (size_t i = 0; value_is(map, VALUE_MAP) && i < map->map.count; i++)
		print_safely(stderr, "  %-12s %s %s\n", i ? "" : label, text_of(arena, map->map.entries[i].key),
			     text_of(arena, map->map.entries[i].value));
}

static void show_text(struct arena *arena, const char *label, const char *before, const struct value *value)
{
	if (value_text(value))
		print_safely(stderr, "  %-12s %s%s\n", label, before, text_of(arena, value));
}

/* On stderr: stdout is for what is made. */
static void show(const struct approving *approving)
{
	struct arena *arena = approving->arena;
	const struct value *document = approving->document, *by = value_get(document, "requester"),
			   *content = value_get(document, "content");
	const char *expires = value_get_text(document, "expires");
	print_safely(stderr, "%s, step %s: %s\n", text_of(arena, value_get(document, "runbook")),
		     text_of(arena, value_get(document, "step")), text_of(arena, value_get(document, "message")));
	print_safely(stderr, "  %-12s %s\n", "run", text_of(arena, value_get(document, "run")));
	print_safely(stderr, "  %-12s %s@%s at %s\n", "asked by", text_of(arena, value_get(by, "user")),
		     text_of(arena, value_get(by, "host")), text_of(arena, value_get(document, "requested")));
	print_safely(stderr, "  %-12s %lld of %s%s\n", "wanted", (long long)value_get_int(document, "min", 1),
		     joined(arena, value_get(document, "from")),
		     value_get_bool(document, "not_requester", false) ? "; not who asks for it" : "");
	if (expires)
		print_safely(stderr, "  %-12s %s\n", "until", expires);
	show_map(arena, "inputs", value_get(document, "inputs"));
	show_text(arena, "begins at", "step ", value_get(content, "from"));
	show_text(arena, "runbook", "sha256 ", value_get(content, "runbook"));
	show_map(arena, "calls", value_get(content, "called"));
	show_text(arena, "commit", "", value_get(content, "commit"));
	show_text(arena, "inventory", "sha256 ", value_get(content, "inventory"));
	show_map(arena, "skipped", value_get(content, "skipped"));
	show_map(arena, "plugins", value_get(content, "plugins"));
	show_text(arena, "plan", "sha256 ", value_get(content, "plan"));
	show_text(arena, "evidence", "sha256 ", value_get(content, "evidence"));
}

/* --- signing it --- */

/* The approver's own copy of the runbook must be the one that is asked about. */
static int check_runbook(const struct approving *approving, struct error *err)
{
	const char *path = options_get(approving->options, "runbook");
	CLEANUP_FREE char *text = NULL;
	char digest[HASH_HEX_SIZE];
	size_t length;
	if (!path)
		return 0;
	if (file_read(path, FILE_NO_LIMIT, &text, &length, err) < 0)
		return -1;
	hash_hex(text, length, digest);
	if (value_is_text(value_get(value_get(approving->document, "content"), "runbook"), digest))
		return 0;
	error_set(err, ERROR_CONFLICT, "%s is not the runbook that is asked about (its sha256 is %s)", path, digest);
	return error_hint(err, "nothing was signed; compare them before you approve anything");
}

static int sign(struct approving *approving, struct error *err)
{
	approving->text = json_text(approving->arena, approving->document);
	show(approving);
	if (check_runbook(approving, err) < 0)
		return -1;
	if (!options_has(approving->options, "yes")) {
		if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
			error_set(err, ERROR_INVALID, "nobody can be asked whether to approve it");
			return error_hint(err, "approve on a terminal, or with --yes");
		}
		if (!session_confirm("Approve this?"))
			return error_set(err, ERROR_CANCELLED, "nothing was signed");
	}
	return approval_sign(approving->arena, options_get(approving->options, "key"), approving->text, strlen(approving->text),
			     &approving->signature, err);
}

static void note_approved(void *context, const struct value *record)
{
	struct approving *approving = context;
	if (value_is_text(value_get(record, "kind"), "approved") &&
	    value_is_text(value_get(record, "signature"), approving->signature))
		approving->approved = value_copy(approving->arena, record);
}

static int hand_in(struct approving *approving, struct run_store *store, const char *id, struct error *err)
{
	struct arena *arena = approving->arena;
	struct value *request = value_map(arena);
	value_put(arena, request, "request", value_string(arena, "approve"));
	value_put(arena, request, "step", value_get(approving->document, "step"));
	value_put(arena, request, "document", value_string(arena, approving->text));
	value_put(arena, request, "signature", value_string(arena, approving->signature));
	int result = request_send(store, id, request, arena, note_approved, approving, err);
	if (result < 0 && err->code == ERROR_INVALID)
		err->code = ERROR_CONFLICT; /* an approval that does not count is no wrong usage */
	return result;
}

static void tell(const struct approving *approving)
{
	static const char *const told[] = {"step", "principal", "key", "count", "min"};
	const struct value *record = approving->approved;
	struct value *value = value_map(approving->arena);
	if (!approving->options->json) {
		print_safely(stdout, "approved by %s (%lld of %lld)\n",
			     text_of(approving->arena, value_get(record, "principal")),
			     (long long)value_get_int(record, "count", 0), (long long)value_get_int(record, "min", 0));
		return;
	}
	value_put(approving->arena, value, "run", value_get(approving->document, "run"));
	for (size_t i = 0; i < COUNT_OF(told); i++)
		value_put(approving->arena, value, told[i],
			  value_get(record, told[i]) ? value_get(record, told[i]) : value_null());
	print_safely(stdout, "%s\n", json_text(approving->arena, value));
}

/* --- the ways of it --- */

/* Elsewhere: the request came as a file, the approval leaves as one. */
static int approve_carried(struct approving *approving, struct error *err)
{
	struct arena *arena = approving->arena;
	struct value *approval = value_map(arena);
	const char *out = options_get(approving->options, "out");
	if (read_json(arena, options_get(approving->options, "request"), &approving->document, err) < 0 ||
	    sign(approving, err) < 0)
		return -1;
	value_put(arena, approval, "standin_approval", value_int(arena, 1));
	value_put(arena, approval, "document", value_string(arena, approving->text));
	value_put(arena, approval, "signature", value_string(arena, approving->signature));
	return write_text(out ? out : "-", json_text(arena, approval), err);
}

static int take_back(struct approving *approving, struct run_store *store, const char *id, struct error *err)
{
	const struct value *approval = NULL;
	if (read_json(approving->arena, options_get(approving->options, "approval"), &approval, err) < 0)
		return -1;
	approving->text = value_get_text(approval, "document");
	approving->signature = value_get_text(approval, "signature");
	if (!approving->text || !approving->signature)
		return error_set(err, ERROR_INVALID, "%s is a request: sign it first (standin approve --request)",
				 options_get(approving->options, "approval"));
	return hand_in(approving, store, id, err);
}

static int approve_here(struct approving *approving, struct run_store *store, struct error *err)
{
	const struct options *options = approving->options;
	CLEANUP_FREE char *id = NULL;
	if (run_find(store, options->arguments_count ? options->arguments[0] : "latest", &id, err) < 0 ||
	    find_document(approving, store, id, err) < 0)
		return -1;
	if (options_has(options, "export"))
		return write_text(options_get(options, "export"), json_text(approving->arena, approving->document), err);
	int result = options_has(options, "approval") ? take_back(approving, store, id, err) : sign(approving, err);
	if (result == 0 && !options_has(options, "approval"))
		result = hand_in(approving, store, id, err);
	if (result == 0)
		tell(approving);
	return result;
}

static int check_options(const struct options *options, struct error *err)
{
	static const char *const ways[] = {"request", "export", "approval"};
	size_t given = 0;
	for (size_t i = 0; i < COUNT_OF(ways); i++)
		given += options_has(options, ways[i]);
	if (given > 1)
		return error_set(err, ERROR_INVALID, "--request, --export and --approval: one of them at a time");
	if (options_has(options, "request") && options->arguments_count)
		return error_set(err, ERROR_INVALID, "--request needs no run: the request says which it is for");
	return options_has(options, "out") && !options_has(options, "request")
		       ? error_set(err, ERROR_INVALID, "--out goes with --request")
		       : 0;
}

static int run(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct run_store *store;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct approving approving = {.arena = arena, .options = &options};
	int result = check_options(&options, &err);
	if (result == 0 && options_has(&options, "request")) {
		result = approve_carried(&approving, &err);
	} else if (result == 0) {
		result = run_store_open_existing(options_get(&options, "state"), &store, &err);
		if (result == 0) {
			result = approve_here(&approving, store, &err);
			run_store_close(store);
		}
	}
	return result < 0 ? tell_error(&err) : EXIT_FINE;
}

const struct verb verb_approve = {
	.name = "approve",
	.usage = "[RUN] [options]",
	.summary = "approve, by signature, what a run asks for",
	.description = "Shows what is asked and by whom, then signs it with your SSH key. The signature covers the run, the "
		       "step, the inputs, and by\n"
		       "digest the runbook, inventory and plugins: if one of them changes, it is worth nothing. From another "
		       "machine: --export\n"
		       "writes the request, --request signs it there, --approval hands the result in. Exit code 6: the "
		       "approval does not count.",
	.options = {OPTION_STATE,
		    OPTION_OUTPUT,
		    {"step", 0, "STEP", "the step that asks, if several do"},
		    {"key", 'k', "FILE", "your key, or its public half if an agent has it (default: the agent's only key)"},
		    {"yes", 'y', NULL, "do not ask before signing"},
		    {"runbook", 0, "FILE", "sign only if this is the runbook that is asked about"},
		    {"export", 0, "FILE", "only write the request, to be carried to the approver (- for stdout)"},
		    {"request", 0, "FILE", "sign this request, which was carried here"},
		    {"out", 0, "FILE", "with --request: where the approval goes (default: stdout)"},
		    {"approval", 0, "FILE", "hand in this approval, which was carried back"}},
	.examples = "  standin approve                            # the latest run, with the agent's key\n"
		    "  standin approve --export request.json      # where the run is; then on the approver's machine:\n"
		    "  standin approve --request request.json --out approval.json --runbook runbooks/mail/failover.yaml\n"
		    "  standin approve --approval approval.json   # and here again\n",
	.least = 0,
	.most = 1,
	.run = run,
};
