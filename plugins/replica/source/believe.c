/*
 * believe.c - the source's state, and what it may take as true of the target.
 *
 *     STATE/            0700
 *       identity        32 digits: this source, for ever
 *       manifest        of the last point that is known to be committed
 *       manifest.next   of a batch whose fate is not known until the target has told its point
 *       blocks/         blocks.h
 *       listing, preread  while both ends are read (preread.h); preread.* and verify: verification.h
 */
#include "plugins/replica/source/believe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/blocks.h"

/* --- this end's state --- */

static int take_lock(struct session *session, struct error *err)
{
	session->lock = open(session->source->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (session->lock < 0)
		return error_set_errno(err, errno, "cannot open %s", session->source->state);
	if (flock(session->lock, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return error_set(err, ERROR_LOCKED, "another agent works with %s", session->source->state);
	return error_set_errno(err, errno, "cannot lock %s", session->source->state);
}

static int get_identity(struct session *session, struct error *err)
{
	CLEANUP_FREE char *path = file_join(session->source->state, "identity");
	CLEANUP_FREE char *text = NULL;
	CLEANUP_ERROR struct error why = ERROR_NONE;
	size_t length;
	char hex[IDENTITY_HEX];
	if (file_read(path, IDENTITY_HEX, &text, &length, &why) == 0)
		return identity_parse(text, &session->identity) < 0 ? error_set(err, ERROR_CORRUPT, "%s is no identity", path)
								    : 0;
	if (why.code != ERROR_NOT_FOUND) {
		error_move(err, &why);
		return -1;
	}
	identity_make(&session->identity);
	identity_hex(&session->identity, hex);
	return file_write_durable(path, hex, strlen(hex), 0600, err);
}

int believe_open(struct session *session, struct error *err)
{
	const char *state = session->source->state;
	session->manifest = file_join(state, "manifest");
	session->next = file_join(state, "manifest.next");
	session->listing = file_join(state, "listing");
	session->blocks = file_join(state, "blocks");
	if (file_make_folders(session->blocks, 0700, err) < 0 || take_lock(session, err) < 0)
		return -1;
	return get_identity(session, err);
}

/* --- what the target has --- */

/* The manifest at path, if it is that of the target's point. A manifest that cannot be read is none. */
static struct manifest_reader *manifest_of_point(const struct session *session, const char *path)
{
	struct manifest_reader *manifest;
	if (!manifest_is_whole(path) || manifest_open(path, &manifest, NULL) < 0)
		return NULL;
	if (identity_equal(manifest_point(manifest), &session->welcome.point) &&
	    manifest_seed(manifest) == session->welcome.seed)
		return manifest;
	manifest_close(manifest);
	return NULL;
}

/* A manifest has the point's name from its beginning on, and is finished before the point can be committed. */
void believe_found(const struct session *session, struct source_found *ret_found)
{
	const char *const paths[] = {session->next, session->manifest};
	*ret_found = (struct source_found){.sent = 0};
	for (size_t i = 0; session->welcome.generation && i < COUNT_OF(paths); i++) {
		struct manifest_reader *manifest;
		struct stat status;
		if (stat(paths[i], &status) < 0 || manifest_open(paths[i], &manifest, NULL) < 0)
			continue;
		if (identity_equal(manifest_point(manifest), &session->welcome.point))
			*ret_found = (struct source_found){session->welcome.point, session->welcome.generation,
							   status.st_mtim.tv_sec * NSEC_PER_SEC + status.st_mtim.tv_nsec};
		manifest_close(manifest);
	}
}

/* The line was lost after END, or this agent died: was the batch committed? Then its manifest is the one. */
int believe_base(const struct session *session, struct manifest_reader **ret_base, struct error *err)
{
	*ret_base = NULL;
	if (!session->welcome.generation)
		return 0;
	*ret_base = manifest_of_point(session, session->next);
	if (!*ret_base) {
		*ret_base = manifest_of_point(session, session->manifest);
		return 0;
	}
	if (rename(session->next, session->manifest) < 0)
		return error_set_errno(err, errno, "cannot rename %s", session->next);
	return file_sync_folder_of(session->manifest, err);
}

/* Block lists that come with a listing, piece by piece. One that is not what it says is no help later, and no harm (blocks.h).
 */
struct incoming {
	struct blocks *list;
	struct digest content; /* that it describes */
};

static void end_list(struct incoming *incoming)
{
	if (incoming->list)
		blocks_keep(incoming->list, &incoming->content, NULL);
	blocks_free(take(incoming->list));
}

static int receive_blocks(struct session *session, struct incoming *incoming, const struct frame *frame, struct error *err)
{
	struct digest digests[64], content;
	const uint8_t *at;
	size_t left;
	if (parse_blocks(frame, &content, &at, &left, err) < 0)
		return -1;
	if (!incoming->list || !digest_equal(&content, &incoming->content)) {
		end_list(incoming);
		incoming->content = content;
		if (blocks_create(session->blocks, &incoming->list, err) < 0)
			return -1;
	}
	for (size_t some; left; left -= some, at += some * sizeof(*digests)) {
		some = left < COUNT_OF(digests) ? left : COUNT_OF(digests);
		memcpy(digests, at, some * sizeof(*digests)); /* it is not aligned */
		blocks_add(incoming->list, digests, (unsigned)some);
	}
	return 0;
}

static int receive_listing(struct session *session, bool blocks, struct error *err)
{
	struct incoming incoming = {0};
	int result = 0;
	CLEANUP_CLOSE int fd = open(session->listing, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create %s", session->listing);
	if (send_list(&session->out, blocks, identity_is_none(&session->work) ? NULL : &session->work, err) < 0)
		return -1;
	struct frame frame;
	for (;;) {
		int got = frame_read(&session->in, &frame, err);
		if (got < 0)
			result = -1;
		else if (got > 0 && frame.type == FRAME_LISTING)
			result = file_append(fd, session->listing, frame.payload, frame.length, err);
		else if (got > 0 && frame.type == FRAME_BLOCKS)
			result = receive_blocks(session, &incoming, &frame, err);
		else
			break;
		if (result < 0)
			break;
	}
	end_list(&incoming);
	if (result < 0)
		return -1;
	if (frame.type == FRAME_LISTED)
		return parse_listed(&frame, &session->from_there, err);
	if (frame.type == FRAME_REFUSED)
		return frame_refused(&frame, err);
	return error_set(err, ERROR_CONNECTION, "the target ended its listing too early");
}

int believe_listing(struct session *session, bool blocks, struct manifest_reader **ret_listing, struct error *err)
{
	int result = receive_listing(session, blocks, err);
	if (result == 0)
		result = manifest_open(session->listing, ret_listing, err);
	unlink(session->listing);
	return result;
}

bool believe_list(const struct session *session)
{
	struct manifest_reader *manifest;
	const struct manifest_folder *folder;
	struct blocks *list = NULL;
	if (manifest_open(session->manifest, &manifest, NULL) < 0)
		return false;
	bool has = manifest_next(manifest, &folder, NULL) > 0 && folder->count == 1 &&
		   blocks_open(session->blocks, session->welcome.seed, &folder->entries[0].content, &list, NULL) == 0;
	blocks_free(list);
	manifest_close(manifest);
	return has;
}

/* --- chunks of what the target has --- */

int believe_chunks(void *argument, const struct chunk_query *query, struct chunk_list *list, struct error *err)
{
	struct session *session = argument;
	struct frame frame;
	struct chunk chunk = {.offset = query->offset};
	const size_t most = list->count + (size_t)(query->length >> (query->bits - 1)) + 1; /* that can be: chunks.h */
	if (send_chunks_of(&session->out, query, err) < 0)
		return -1;
	for (;;) {
		int got = frame_read(&session->in, &frame, err);
		if (got <= 0)
			return got < 0 ? -1 : error_set(err, ERROR_CONNECTION, "the target ended its answer too early");
		if (frame.type != FRAME_CHUNKS)
			break;
		struct wire wire = wire_of(frame.payload, frame.length);
		while ((got = get_chunk(&wire, &chunk, err)) > 0 && list->count <= most) {
			chunk_list_add(list, &chunk);
			chunk.offset += chunk.length;
		}
		if (got < 0)
			return -1;
		if (chunk.offset - query->offset > query->length || list->count > most)
			return error_set(err, ERROR_CORRUPT, "the target has more chunks than were asked for");
	}
	if (frame.type == FRAME_REFUSED)
		return frame_refused(&frame, err);
	return frame.type == FRAME_CHUNKED ? 0 : error_set(err, ERROR_CORRUPT, "an answer of type %u to CHUNKS_OF", frame.type);
}
