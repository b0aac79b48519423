/*
 * run_verify.c - see run_verify.h.
 *
 * What it proves rests on the last hash: the index knows a closed run's, checkpoints and anchors know earlier ones and the
 * index's own. Each of them is a claim (head_claims.h), and the journal is held against all of them in one pass that parses
 * nothing.
 */
#include "engine/journal/run_verify.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/base/arena.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "engine/journal/head_claims.h"
#include "engine/journal/journal_frame.h"
#include "engine/journal/journal_scan.h"
#include "engine/journal/run_content.h"
#include "engine/journal/run_store_private.h"

#define TAIL_OF_INDEX "tail unproven: without an anchor, runs cut from its end would not be missed"

static const char cannot_vouch[] = "the index does not verify and cannot vouch for it";

struct verification {
	const struct run_store *store;
	const struct run_verify_options *options;
	struct run_index index;
	char store_name[CHECKPOINT_STORE_SIZE]; /* "": the index has no record */
	bool index_whole;
	void (*report)(void *context, const struct run_verdict *verdict);
	void *context;
};

/* What a journal says by itself. Returns -1 with the problem in err; the verdict says how far it verifies. */
struct finding {
	struct head_claims claims;
	struct checkpoint_list checkpoints;
	char head[HASH_HEX_SIZE];
	uint64_t records;
	uint64_t torn;		     /* bytes behind its last line end */
	bool ended;		     /* its last record is run_finished or abandoned */
	struct run_content *content; /* NULL: not asked for */
};

static void free_finding(struct finding *finding)
{
	head_claims_free(&finding->claims);
	checkpoint_list_free(&finding->checkpoints);
	run_content_free(finding->content);
}

static int scan_lines(struct journal_scan *scan, struct finding *finding, struct error *err)
{
	struct journal_scan_line line;
	int more;
	while ((more = journal_scan_next(scan, &line, err)) > 0) {
		head_claims_meet(&finding->claims, scan->sequence, scan->head);
		struct journal_kind kind = journal_frame_kind(line.text, line.length);
		finding->ended = journal_kind_is(kind, "run_finished") || journal_kind_is(kind, "abandoned");
		if (finding->content && (journal_kind_is(kind, "run_opened") || journal_kind_is(kind, "resumed")))
			run_content_note(finding->content, line.text, line.length);
	}
	struct journal_torn torn = {0};
	int result = more < 0 ? -1 : journal_scan_torn(scan, &torn, err);
	finding->torn = torn.bytes;
	return result;
}

static int scan_file(const char *path, struct finding *finding, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open its journal");
	struct journal_scan scan;
	journal_scan_begin(&scan, fd);
	int result = scan_lines(&scan, finding, err);
	finding->records = scan.sequence;
	memcpy(finding->head, scan.head, HASH_HEX_SIZE);
	journal_scan_free(&scan);
	return result;
}

bool run_has_ended(const struct run_store *store, const char *id)
{
	CLEANUP_FREE char *path = run_journal_path(store, id);
	struct finding finding = {0};
	bool ended = scan_file(path, &finding, NULL) == 0 && finding.ended;
	free_finding(&finding);
	return ended;
}

/* ---- checkpoints and anchors ---- */

/* A checkpoint in a run's own folder has to be of that run, signed, and by somebody who is trusted (where anybody is). */
static char *foreign(const struct verification *verification, const struct checkpoint *checkpoint, const char *id)
{
	const struct audit_trust *trust = verification->options->trust;
	if (strcmp(checkpoint->run, id) != 0)
		return memory_printf("checkpoint %zu is one of %s", checkpoint->line, checkpoint->run);
	if (strcmp(checkpoint->store, verification->store_name) != 0)
		return memory_printf("checkpoint %zu is one of another state directory", checkpoint->line);
	if (!*checkpoint->key)
		return memory_printf("checkpoint %zu is not signed", checkpoint->line);
	if (trust && trust->count && !audit_trusts(trust, checkpoint->key))
		return memory_printf("checkpoint %zu is signed with the key %.16s, which is not trusted", checkpoint->line,
				     checkpoint->key);
	return NULL;
}

static int load_claims(const struct verification *verification, const char *path, const char *id, struct finding *finding,
		       char **ret_problem, struct error *err)
{
	struct checkpoint_list *list = &finding->checkpoints;
	if (checkpoint_list_read(path, list, err) < 0)
		return -1;
	for (size_t i = 0; i < list->count && !*ret_problem; i++)
		*ret_problem = foreign(verification, &list->items[i], id);
	if (!*ret_problem && list->problem)
		*ret_problem = memory_strdup(list->problem);
	head_claims_add_checkpoints(&finding->claims, list, CLAIM_SIGNED, verification->store_name, id);
	head_claims_add_checkpoints(&finding->claims, verification->options->anchors, CLAIM_ANCHORED, verification->store_name,
				    id);
	return 0;
}

static void note_claims(const struct verification *verification, const struct finding *finding, struct run_verdict *verdict)
{
	const struct head_claim *signature = head_claims_last(&finding->claims, CLAIM_SIGNED),
				*anchor = head_claims_last(&finding->claims, CLAIM_ANCHORED);
	if (signature && signature->held) {
		bool trusted = audit_trusts(verification->options->trust, signature->key);
		verdict->signed_records = trusted ? signature->records : 0;
		verdict->unknown_signed = trusted ? 0 : signature->records;
		verdict->signed_by = signature->key;
		verdict->signed_at = signature->wall;
	}
	if (anchor && anchor->held) {
		verdict->anchored_records = anchor->records;
		verdict->anchored_at = anchor->wall;
	}
	verdict->torn = finding->torn;
	verdict->torn_checkpoints = finding->checkpoints.torn;
	verdict->records = finding->records;
	verdict->head = finding->records ? finding->head : NULL;
}

/* ---- one run ---- */

static void add_index_claims(const struct run_index_entry *entry, struct head_claims *claims)
{
	if (entry && entry->opened_records)
		head_claims_add(claims, &(struct head_claim){.records = entry->opened_records,
							     .head = entry->opened_head,
							     .source = CLAIM_OPENED});
	if (entry && entry->closed)
		head_claims_add(claims, &(struct head_claim){.records = entry->closed_records,
							     .head = entry->closed_head,
							     .source = CLAIM_CLOSED});
}

/* The index says with which key a run's end was signed: so that a signature cannot be taken away. */
static char *lost_signature(const struct run_index_entry *entry, const struct finding *finding)
{
	const struct head_claim *last = head_claims_last(&finding->claims, CLAIM_SIGNED);
	if (!entry || !entry->closed || !*entry->closed_key ||
	    (last && last->records == entry->closed_records && strcmp(last->key, entry->closed_key) == 0))
		return NULL;
	return memory_printf("its signature is missing: the index says that its end was signed with the key %.16s",
			     entry->closed_key);
}

/* Nobody writes behind the end of a run, nor behind the signature of its end: there a crash leaves nothing. */
static char *added_bytes(const struct run_index_entry *entry, const struct finding *finding)
{
	bool closed = entry && entry->closed;
	if (finding->torn && (finding->ended || closed))
		return memory_printf("bytes were added behind its last record: %llu", (unsigned long long)finding->torn);
	if (finding->checkpoints.torn && closed && *entry->closed_key)
		return memory_printf("bytes were added behind its last checkpoint: %zu", finding->checkpoints.torn);
	return NULL;
}

/* What is wrong with a run whose chain is whole, the gravest first. */
static char *find_problem(const struct verification *verification, const char *id, const struct run_index_entry *entry,
			  const struct finding *finding, char *checkpoint_problem, uint64_t *ret_record)
{
	char *problem = head_claims_problem(&finding->claims, finding->records, ret_record);
	if (!problem && !entry && finding->records)
		problem = memory_strdup(verification->index_whole ? "it is not in the index" : cannot_vouch);
	if (!problem && checkpoint_problem)
		return checkpoint_problem;
	free(checkpoint_problem);
	if (!problem && entry && !entry->closed && !verification->index_whole)
		problem = memory_strdup(cannot_vouch);
	if (!problem)
		problem = lost_signature(entry, finding);
	if (!problem)
		problem = added_bytes(entry, finding);
	if (!problem && finding->content)
		problem = run_content_problem(finding->content, verification->store, id);
	return problem;
}

/* The chain breaks at a record, but an earlier one that others know may have been exchanged already. */
static char *broken(const struct finding *finding, const struct error *err, uint64_t *ret_record)
{
	char *earlier = head_claims_wrong(&finding->claims, finding->records, ret_record);
	if (earlier)
		return earlier;
	*ret_record = err->code == ERROR_CORRUPT ? finding->records + 1 : 0;
	return memory_strdup(error_text(err));
}

static char *tail_of(const struct run_index_entry *entry, const struct run_verdict *verdict)
{
	if ((entry && entry->closed) || !verdict->records || verdict->anchored_records == verdict->records)
		return NULL;
	return verdict->anchored_records ? memory_printf("tail unproven after record %llu, the last that was exported",
							 (unsigned long long)verdict->anchored_records)
					 : memory_strdup(RUN_TAIL_UNPROVEN);
}

static void verify_run(const struct verification *verification, const char *id, const struct run_index_entry *entry)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *folder = run_folder(verification->store, id);
	CLEANUP_FREE char *journal = run_journal_path(verification->store, id);
	CLEANUP_FREE char *checkpoints = file_join(folder, "checkpoints.jsonl");
	CLEANUP_FREE char *problem = NULL, *checkpoint_problem = NULL, *tail = NULL;
	struct finding finding = {.content = run_content_new()};
	struct run_verdict verdict = {.id = id};
	add_index_claims(entry, &finding.claims);
	if (!file_exists(folder)) {
		problem = memory_strdup("its directory is gone");
	} else if (load_claims(verification, checkpoints, id, &finding, &checkpoint_problem, &err) < 0) {
		problem = memory_strdup(error_text(&err));
	} else {
		head_claims_sort(&finding.claims);
		if (scan_file(journal, &finding, &err) < 0 && (finding.claims.count || err.code != ERROR_NOT_FOUND)) {
			problem = broken(&finding, &err, &verdict.record);
		} else {
			problem = find_problem(verification, id, entry, &finding, take(checkpoint_problem), &verdict.record);
		}
	}
	note_claims(verification, &finding, &verdict);
	tail = problem ? NULL : tail_of(entry, &verdict);
	verdict.problem = problem;
	verdict.tail = tail;
	verification->report(verification->context, &verdict);
	free_finding(&finding);
}

/* ---- the index ---- */

static void name_store(struct verification *verification)
{
	CLEANUP_FREE char *path = file_join(verification->store->path, "index.jsonl");
	run_index_store_name(path, verification->store_name);
}

static char *index_problem(struct verification *verification, struct finding *finding, struct run_verdict *verdict)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	CLEANUP_FREE char *path = file_join(verification->store->path, "index.jsonl");
	CLEANUP_FREE char *checkpoints = file_join(verification->store->path, "checkpoints.jsonl");
	CLEANUP_FREE char *checkpoint_problem = NULL;
	if (load_claims(verification, checkpoints, CHECKPOINT_INDEX, finding, &checkpoint_problem, &err) < 0)
		return memory_strdup(error_text(&err));
	head_claims_sort(&finding->claims);
	if (scan_file(path, finding, &err) < 0 && err.code != ERROR_NOT_FOUND)
		return broken(finding, &err, &verdict->record);
	char *problem = head_claims_problem(&finding->claims, finding->records, &verdict->record);
	return problem ? problem : take(checkpoint_problem);
}

struct index_verdict {
	struct finding finding;
	struct run_verdict verdict;
	char *problem; /* owned */
	char *tail;    /* owned */
};

static void verify_index(struct verification *verification, struct index_verdict *ret_index)
{
	*ret_index = (struct index_verdict){.verdict = {.id = CHECKPOINT_INDEX}};
	struct run_verdict *verdict = &ret_index->verdict;
	ret_index->problem = index_problem(verification, &ret_index->finding, verdict);
	note_claims(verification, &ret_index->finding, verdict);
	if (!ret_index->problem && verdict->records && verdict->anchored_records != verdict->records)
		ret_index->tail = verdict->anchored_records
					  ? memory_printf("tail unproven after record %llu, the last that was exported",
							  (unsigned long long)verdict->anchored_records)
					  : memory_strdup(TAIL_OF_INDEX);
	verdict->problem = ret_index->problem;
	verdict->tail = ret_index->tail;
	verification->index_whole = !ret_index->problem;
}

static void free_index_verdict(struct index_verdict *index)
{
	free_finding(&index->finding);
	free(index->problem);
	free(index->tail);
}

/* An anchor that is about other state directories only proves nothing about this one, and whoever gave it thinks it does. */
static void verify_anchor(const struct verification *verification)
{
	const struct checkpoint_list *anchors = verification->options->anchors;
	const struct audit_trust *trust = verification->options->trust;
	struct run_verdict verdict = {.id = "anchor", .problem = anchors->problem};
	const struct checkpoint *untrusted = NULL;
	for (size_t i = 0; i < anchors->count; i++) {
		const struct checkpoint *checkpoint = &anchors->items[i];
		if (strcmp(checkpoint->store, verification->store_name) != 0)
			continue;
		verdict.records++;
		if (!untrusted && *checkpoint->key && trust && trust->count && !audit_trusts(trust, checkpoint->key))
			untrusted = checkpoint;
	}
	CLEANUP_FREE char *foreign_key = memory_printf("line %zu is signed with the key %.16s, which is not trusted",
						       untrusted ? untrusted->line : 0, untrusted ? untrusted->key : "");
	CLEANUP_FREE char *damaged = memory_printf("%zu of its lines are not whole and prove nothing", anchors->damaged);
	if (!verdict.problem && untrusted)
		verdict.problem = foreign_key;
	if (!verdict.problem && !verdict.records)
		verdict.problem = "it says nothing about this state directory: this index never was exported there, or has "
				  "been replaced";
	if (!verdict.problem && anchors->damaged)
		verdict.tail = damaged;
	verification->report(verification->context, &verdict);
}

/* ---- all of them ---- */

static int newest_first(const void *a, const void *b)
{
	return strcmp(*(char *const *)b, *(char *const *)a);
}

struct id_list {
	char **items; /* owned, and what they point to */
	size_t count;
};

static void add_id(struct id_list *ids, const char *id)
{
	ids->items = memory_resize(ids->items, (ids->count + 1) * sizeof(*ids->items));
	ids->items[ids->count++] = memory_strdup(id);
}

static void free_ids(struct id_list *ids)
{
	for (size_t i = 0; i < ids->count; i++)
		free(ids->items[i]);
	free(ids->items);
}

/* Runs that are there, that the index knows, and that were exported from here. */
static int list_ids(struct run_store *store, const struct verification *verification, struct id_list *ret_ids,
		    struct error *err)
{
	const struct checkpoint_list *anchors = verification->options->anchors;
	if (run_list(store, &ret_ids->items, &ret_ids->count, err) < 0)
		return -1;
	for (size_t i = 0; i < verification->index.count; i++)
		add_id(ret_ids, verification->index.entries[i].id);
	for (size_t i = 0; anchors && i < anchors->count; i++)
		if (strcmp(anchors->items[i].store, verification->store_name) == 0 &&
		    strcmp(anchors->items[i].run, CHECKPOINT_INDEX) != 0)
			add_id(ret_ids, anchors->items[i].run);
	qsort(ret_ids->items, ret_ids->count, sizeof(*ret_ids->items), newest_first);
	return 0;
}

static int verify_all(struct run_store *store, const struct verification *verification, struct error *err)
{
	struct id_list ids = {0};
	int result = list_ids(store, verification, &ids, err);
	for (size_t i = 0; i < ids.count; i++)
		if (!i || strcmp(ids.items[i], ids.items[i - 1]) != 0)
			verify_run(verification, ids.items[i], run_index_entry(&verification->index, ids.items[i]));
	free_ids(&ids);
	return result;
}

/* The newest that anything tells of, though its directory may be gone. NULL: no run at all. */
static char *latest_id(struct run_store *store, const struct verification *verification)
{
	struct id_list ids = {0};
	char *latest = NULL;
	if (list_ids(store, verification, &ids, NULL) == 0 && ids.count)
		latest = memory_strdup(ids.items[0]);
	free_ids(&ids);
	return latest;
}

static int verify_one(struct run_store *store, const struct verification *verification, struct error *err)
{
	CLEANUP_FREE char *latest = strcmp(verification->options->id, "latest") == 0 ? latest_id(store, verification) : NULL;
	const char *id = latest ? latest : verification->options->id;
	CLEANUP_FREE char *found = NULL;
	CLEANUP_ERROR struct error problem = ERROR_NONE;
	struct head_claims claims = {0};
	if (run_find(store, id, &found, &problem) < 0)
		found = memory_strdup(id); /* a run whose directory is gone can still be named in full */
	const struct run_index_entry *entry = run_index_entry(&verification->index, found);
	head_claims_add_checkpoints(&claims, verification->options->anchors, CLAIM_ANCHORED, verification->store_name, found);
	bool known = entry || claims.count;
	head_claims_free(&claims);
	if (!known && problem.code) {
		error_move(err, &problem);
		return -1;
	}
	verify_run(verification, found, entry);
	return 0;
}

int run_store_verify(struct run_store *store, const struct run_verify_options *options,
		     void (*report)(void *context, const struct run_verdict *verdict), void *context, struct error *err)
{
	struct verification verification = {.store = store, .options = options, .report = report, .context = context};
	struct index_verdict index;
	if (run_index_load(store, &verification.index, err) < 0)
		return -1;
	name_store(&verification);
	verify_index(&verification, &index);
	int result = options->id ? verify_one(store, &verification, err) : verify_all(store, &verification, err);
	if (result == 0 && (!options->id || index.problem))
		report(context, &index.verdict);
	if (result == 0 && options->anchors)
		verify_anchor(&verification);
	free_index_verdict(&index);
	run_index_free(&verification.index);
	return result;
}
