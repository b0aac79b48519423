/*
 * audit.c - standin audit verify: is the journal what was written; standin audit key: who vouches for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/json.h"
#include "engine/base/memory.h"
#include "engine/cli/audit_setup.h"
#include "engine/cli/verdict.h"

struct tally {
	const struct options *options;
	struct arena *arena;
	struct value *verdicts; /* of runs */
	const struct value *index, *anchor;
	size_t verified, unproven, damaged, wanting;
};

/* What was asked for with --require, and is not so. A closed run is anchored with the index, which has its last hash. */
static const char *lacking(const struct options *options, const struct run_verdict *verdict)
{
	bool index = strcmp(verdict->id, CHECKPOINT_INDEX) == 0;
	for (size_t i = 0; i < options->count && verdict->records && strcmp(verdict->id, "anchor") != 0; i++) {
		if (strcmp(options->names[i], "require") != 0)
			continue;
		if (strcmp(options->values[i], "signed") == 0 && (index || !verdict->tail) &&
		    verdict->signed_records < verdict->records)
			return "it is not signed to its end with a trusted key";
		if (strcmp(options->values[i], "anchored") == 0 && verdict->tail)
			return verdict->tail;
	}
	return NULL;
}

static void collect(struct tally *tally, const struct value *value, const char *id)
{
	if (strcmp(id, CHECKPOINT_INDEX) == 0)
		tally->index = value;
	else if (strcmp(id, "anchor") == 0)
		tally->anchor = value;
	else
		value_append(tally->arena, tally->verdicts, value);
}

static void report(void *context, const struct run_verdict *verdict)
{
	struct tally *tally = context;
	struct run_verdict told = *verdict;
	if (!told.problem && (told.problem = lacking(tally->options, verdict)))
		tally->wanting++;
	else if (told.problem)
		tally->damaged++;
	else if (told.tail)
		tally->unproven++;
	else
		tally->verified++;
	if (tally->options->json) {
		collect(tally, verdict_value(tally->arena, &told), told.id);
		return;
	}
	CLEANUP_BUFFER struct buffer text = {0};
	verdict_text(&text, &told);
	print_safely(stdout, "%-24s %6llu %s  %s\n", told.id, (unsigned long long)told.records,
		     strcmp(told.id, "anchor") == 0 ? "heads  " : "records", buffer_text(&text));
}

static int verify(struct run_store *store, const struct run_verify_options *wanted, struct tally *tally, struct error *err)
{
	const struct options *options = tally->options;
	struct run_verify_options one = *wanted;
	if (!options->arguments_count)
		return run_store_verify(store, wanted, report, tally, err);
	for (size_t i = 0; i < options->arguments_count; i++) {
		one.id = options->arguments[i];
		if (run_store_verify(store, &one, report, tally, err) < 0)
			return -1;
	}
	return 0;
}

static void print_json(const struct tally *tally)
{
	struct arena *arena = tally->arena;
	struct value *all = value_map(arena);
	CLEANUP_BUFFER struct buffer text = {0};
	value_put(arena, all, "verified", value_bool(!tally->damaged && !tally->wanting));
	value_put(arena, all, "runs", tally->verdicts);
	value_put(arena, all, "index", tally->index ? tally->index : value_null());
	value_put(arena, all, "anchor", tally->anchor ? tally->anchor : value_null());
	json_format(&text, all, JSON_INDENTED);
	puts(buffer_text(&text));
}

static bool requires(const struct options *options, const char *what)
{
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->names[i], "require") == 0 && strcmp(options->values[i], what) == 0)
			return true;
	return false;
}

static int check_usage(const struct options *options)
{
	for (size_t i = 0; i < options->count; i++)
		if (strcmp(options->names[i], "require") == 0 && strcmp(options->values[i], "signed") != 0 &&
		    strcmp(options->values[i], "anchored") != 0) {
			print_safely(stderr, "standin audit verify: --require knows signed and anchored, not '%s'\n",
				     options->values[i]);
			return EXIT_INVALID;
		}
	if (requires(options, "anchored") && !options_has(options, "anchor")) {
		struct error err = ERROR_NONE;
		error_set(&err, ERROR_INVALID, "--require anchored needs an anchor to hold the journals against");
		error_hint(&err, "--anchor FILE, with the heads that were exported");
		return tell_error(&err);
	}
	if (!options_has(options, "all") || !options->arguments_count)
		return 0;
	fputs("standin audit verify: either --all or runs\n", stderr);
	return EXIT_INVALID;
}

static int verify_store(const struct options *options, struct tally *tally, struct error *err)
{
	struct audit_trust trust = {0};
	struct checkpoint_list anchors = {0};
	struct run_store *store = NULL;
	bool given = false;
	int result = audit_trust_load(options, &trust, err);
	if (result == 0)
		result = audit_anchors_load(options, &anchors, &given, err);
	if (result == 0)
		result = run_store_open_existing(options_get(options, "state"), &store, err);
	if (result == 0) {
		struct run_verify_options wanted = {.trust = &trust, .anchors = given ? &anchors : NULL};
		result = verify(store, &wanted, tally, err);
	}
	run_store_close(store);
	checkpoint_list_free(&anchors);
	audit_trust_free(&trust);
	return result;
}

static int run_verify(const struct verb *verb, int argc, char **argv)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	struct options options;
	struct error err = ERROR_NONE;
	struct tally tally = {.options = &options, .arena = arena, .verdicts = value_list(arena)};
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	int usage = check_usage(&options);
	if (usage)
		return usage;
	int result = verify_store(&options, &tally, &err);
	if (result == 0 && options.json)
		print_json(&tally);
	if (result < 0)
		return tell_error(&err);
	return tally.damaged || tally.wanting ? EXIT_CORRUPT : EXIT_FINE;
}

/* ---- audit key ---- */

/* What was trusted before stays so: it has signed earlier runs. */
static int append_public(const char *path, const struct audit_key *key, struct error *err)
{
	CLEANUP_BUFFER struct buffer pem = {0};
	struct audit_trust trust = {0};
	bool known =
		file_exists(path) && audit_trust_read(&trust, path, NULL) == 0 && audit_trusts(&trust, audit_key_name(key));
	audit_trust_free(&trust);
	if (known)
		return 0;
	audit_key_public(key, &pem);
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open %s", path);
	if (file_append(fd, path, pem.data, pem.length, err) < 0)
		return -1;
	return file_sync(fd, path, err);
}

static void tell_key(const char *path, const char *public_path, const struct audit_key *key, bool json)
{
	CLEANUP_ARENA struct arena *arena = arena_new();
	CLEANUP_BUFFER struct buffer pem = {0}, text = {0};
	struct value *map = value_map(arena);
	audit_key_public(key, &pem);
	if (!json) {
		print_safely(stdout, "key %s\nprivate: %s\npublic: %s\n%s", audit_key_name(key), path, public_path,
			     buffer_text(&pem));
		return;
	}
	value_put(arena, map, "key", value_string(arena, audit_key_name(key)));
	value_put(arena, map, "private", value_string(arena, path));
	value_put(arena, map, "public", value_string(arena, public_path));
	value_put(arena, map, "pem", value_string(arena, buffer_text(&pem)));
	json_format(&text, map, JSON_INDENTED);
	puts(buffer_text(&text));
}

static int make_key(const char *path, struct error *err)
{
	CLEANUP_FREE char *folder = memory_strdup(path);
	*strrchr(folder, '/') = '\0';
	if (*folder && file_make_folders(folder, 0755, err) < 0)
		return -1;
	if (audit_key_create(path, err) == 0)
		return 0;
	return file_exists(path)
		       ? error_hint(err, "move it aside first; keep audit.pub, so that what it has signed still verifies")
		       : -1;
}

static int show_key(const struct options *options, struct error *err)
{
	CLEANUP_FREE char *path = audit_path("audit.key");
	CLEANUP_FREE char *public_path = audit_path("audit.pub");
	struct audit_key *key = NULL;
	if (!path)
		return error_set(err, ERROR_INVALID, "there is no audit folder: STANDIN_AUDIT is none, or HOME is not set");
	if (options_has(options, "new") && make_key(path, err) < 0)
		return -1;
	if (audit_key_load(path, &key, err) < 0)
		return error_hint(err, "standin audit key --new makes one");
	int result = options_has(options, "new") ? append_public(public_path, key, err) : 0;
	if (result == 0)
		tell_key(path, public_path, key, options->json);
	audit_key_free(key);
	return result;
}

static int run_key(const struct verb *verb, int argc, char **argv)
{
	struct options options;
	struct error err = ERROR_NONE;
	int early = options_parse(verb, argc, argv, &options);
	if (early)
		return early - 1;
	return show_key(&options, &err) < 0 ? tell_error(&err) : EXIT_FINE;
}

const struct verb verb_audit_verify = {
	.name = "audit verify",
	.usage = "[RUN...] [options]",
	.summary = "check the chains of the journals, their signatures, and what was stored",
	.description =
		"Each record holds the hash of the one before; the index holds each run's first and last. A changed, removed, "
		"swapped, doubled\n"
		"or added record is found and named. Checkpoints signed with Ed25519 are verified with the trusted public "
		"keys; "
		"what a run\n"
		"executed is checked by its digests. Where the newest records could have been cut off unseen it says \"tail "
		"unproven\":\n"
		"exported heads (--anchor) prove it. Exit code 0 if all verifies (a tail may be unproven), 7 if not, 2 for "
		"wrong "
		"usage,\n"
		"8 if something cannot be read.",
	.options = {OPTION_STATE,
		    OPTION_OUTPUT,
		    OPTION_ANCHOR,
		    OPTION_KEY,
		    {"all", 'a', NULL, "all runs and the index (the default without RUN)"},
		    {"require", 0, "WHAT",
		     "signed: closed runs and the index, to their ends; anchored: no tail is unproven; else exit code 7"}},
	.examples = "  standin audit verify                              # all runs and the index\n"
		    "  standin audit verify 20260301-031245-7f3a19c4\n"
		    "  standin audit verify --anchor /mnt/worm/heads --key auditor.pub --require signed --require anchored\n"
		    "  journalctl -t standin -o cat | standin audit verify --anchor -\n"
		    "  git grep -h checkpoint refs/notes/standin | standin audit verify --anchor - -o json\n",
	.least = 0,
	.most = ARGUMENTS_LIMIT,
	.run = run_verify,
};

const struct verb verb_audit_key = {
	.name = "audit key",
	.usage = "[options]",
	.summary = "show the key that signs the journals' checkpoints, or make it",
	.description = "The private key is audit.key in the audit folder: $STANDIN_AUDIT, /etc/standin for root, else "
		       "$XDG_CONFIG_HOME/standin; never in\n"
		       "the state directory, and readable by nobody else. With it every run is signed when it is opened, at "
		       "intervals, "
		       "and at its\n"
		       "end. audit.pub beside it holds the public keys that are trusted: give it to the auditor. Exit code 0; "
		       "2 if the "
		       "key cannot be\n"
		       "used; 8 if there is none.",
	.options = {OPTION_OUTPUT, {"new", 0, NULL, "make a key; one that is there stays"}},
	.examples = "  standin audit key --new\n  standin audit key -o json\n",
	.least = 0,
	.most = 0,
	.run = run_key,
};
