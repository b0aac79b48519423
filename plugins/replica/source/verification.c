/*
 * verification.c - the work that a verify is, over several sessions.
 */
#include "plugins/replica/source/verification.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/tree/unfinished.h"

#define TEXT_LIMIT 128u

static char *path_of(const struct session *session)
{
	return file_join(session->source->state, "verify");
}

static bool read_begun(const char *path, struct identity *ret_work, int64_t *ret_began)
{
	CLEANUP_FREE char *text = NULL;
	char work[IDENTITY_HEX];
	size_t length;
	if (file_read(path, TEXT_LIMIT, &text, &length, NULL) < 0)
		return false;
	if (sscanf(text, "%32s %" SCNd64, work, ret_began) != 2 || identity_parse(work, ret_work) < 0)
		return false;
	int64_t age = clock_wall() - *ret_began;
	return age >= 0 && age < VERIFICATION_AGE;
}

int verification_begin(struct session *session, struct error *err)
{
	CLEANUP_FREE char *path = path_of(session);
	char text[TEXT_LIMIT], work[IDENTITY_HEX];
	if (!(session->welcome.features & FEATURE_GO_ON))
		return 0;
	if (!session->source->from_start && read_begun(path, &session->work, &session->work_began))
		return 0;
	identity_make(&session->work);
	session->work_began = clock_wall();
	identity_hex(&session->work, work);
	snprintf(text, sizeof(text), "%s %" PRId64 "\n", work, session->work_began);
	return file_write_durable(path, text, strlen(text), 0600, err);
}

/* In the order in which a walk gives entries: those of a folder, then the folders. */
static bool comes_before(const char *a, const char *b)
{
	CLEANUP_FREE char *a_folder = memory_strdup(a), *b_folder = memory_strdup(b);
	char *a_end = strrchr(a_folder, '/'), *b_end = strrchr(b_folder, '/');
	*(a_end ? a_end : a_folder) = '\0';
	*(b_end ? b_end : b_folder) = '\0';
	int order = walk_order(a_folder, b_folder);
	return order ? order < 0 : strcmp(a, b) < 0;
}

void verification_tell(const struct session *session, struct source_result *result)
{
	const char *here = session->from_here, *there = session->from_there;
	if (!here && !there)
		return;
	result->continued.begun = session->work_began;
	result->continued.files = session->read_before;
	const char *from = !here || !there ? "" : comes_before(here, there) ? here : there; /* one end had to begin again */
	snprintf(result->continued.from, sizeof(result->continued.from), "%s", from);
}

void verification_end(struct session *session)
{
	CLEANUP_FREE char *path = path_of(session), *preread = file_join(session->source->state, "preread");
	unlink(path); /* first: what is left of the rest is of no work then */
	unfinished_remove(preread);
}
