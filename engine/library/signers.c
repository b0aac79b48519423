/*
 * signers.c - the keys that count, as files in a folder of their own.
 */
#include "engine/library/signers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

char *signers_put(struct signers *signers, const char *name, const char *text, size_t length, struct error *err)
{
	CLEANUP_FREE char *path = file_join(signers->folder, name);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_set_errno(err, errno, "cannot write %s", path);
		return NULL;
	}
	return file_append(fd, path, text, length, err) < 0 ? NULL : take(path);
}

static int put_source(struct signers *signers, const char *name, const struct source *source, char **ret_path,
		      struct error *err)
{
	if (!source)
		return 0;
	*ret_path = signers_put(signers, name, source->text, source->length, err);
	return *ret_path ? 0 : -1;
}

int signers_open(const struct policy *policy, struct signers **ret_signers, struct error *err)
{
	const char *where = getenv("TMPDIR");
	struct signers *signers = memory_alloc(sizeof(*signers));
	CLEANUP_FREE char *folder = memory_printf("%s/standin-signers.XXXXXX", where && *where == '/' ? where : "/tmp");
	if (!mkdtemp(folder)) {
		error_set_errno(err, errno, "cannot make a folder to check signatures in, %s", folder);
		free(signers);
		return -1;
	}
	signers->folder = take(folder);
	if (policy && (put_source(signers, "allowed_signers", policy->allowed_signers, &signers->allowed_signers, err) < 0 ||
		       put_source(signers, "revoked_keys", policy->revoked_keys, &signers->revoked_keys, err) < 0 ||
		       (policy->keyring && openpgp_import(signers, policy->keyring, err) < 0))) {
		signers_close(signers);
		return -1;
	}
	*ret_signers = signers;
	return 0;
}

void signers_close(struct signers *signers)
{
	if (!signers)
		return;
	file_remove_tree(signers->folder, NULL);
	free(signers->folder);
	free(signers->allowed_signers);
	free(signers->revoked_keys);
	free(signers);
}
