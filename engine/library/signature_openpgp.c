/*
 * signature_openpgp.c - OpenPGP signatures by gpg, in a home of its own that holds the policy's keys and nothing else. Its
 * machine-readable status lines (doc/DETAILS of GnuPG) are what counts, not its exit code.
 */
#include <string.h>

#include "engine/base/memory.h"
#include "engine/library/checker.h"
#include "engine/library/signers.h"

#define GPG "gpg", "--homedir", signers->folder, "--batch", "--no-tty", "--no-options", "--no-autostart", "--disable-dirmngr"

int openpgp_import(struct signers *signers, const struct source *keyring, struct error *err)
{
	const char *const argv[] = {GPG, "--quiet", "--status-fd", "1", "--import", NULL};
	CLEANUP_CHECKED struct checked checked;
	if (checker_run(argv, signers->folder, keyring->text, keyring->length, &checked, err) < 0)
		return -1;
	if (!strstr(buffer_text(&checked.output), "[GNUPG:] IMPORT_OK "))
		return error_set(err, ERROR_INVALID, "%s holds no OpenPGP public key that gpg can import", keyring->name);
	signers->keyring = true;
	return 0;
}

static const struct {
	const char *word;
	enum signature_state state;
} statuses[] = {
	{"GOODSIG", SIGNATURE_GOOD},	  {"EXPSIG", SIGNATURE_EXPIRED}, {"EXPKEYSIG", SIGNATURE_EXPIRED},
	{"REVKEYSIG", SIGNATURE_REVOKED}, {"BADSIG", SIGNATURE_BAD},	 {"ERRSIG", SIGNATURE_STRANGER},
};

struct reading {
	struct arena *arena;
	struct signature *signature;
	unsigned judged, valid; /* how many such lines; a second signature in one block is refused */
};

/* "WORD KEYID USER ID": of those that judge; "VALIDSIG FINGERPRINT ...". */
static void read_status(struct reading *reading, const char *line, size_t length)
{
	struct signature *signature = reading->signature;
	const char *end = line + length, *rest = memchr(line, ' ', length);
	size_t word = rest ? (size_t)(rest - line) : length;
	if (word == strlen("VALIDSIG") && strncmp(line, "VALIDSIG", word) == 0 && rest) {
		reading->valid++;
		signature->key = arena_strndup(reading->arena, rest + 1, strcspn(rest + 1, " \n"));
	}
	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		if (strlen(statuses[i].word) != word || strncmp(line, statuses[i].word, word) != 0)
			continue;
		reading->judged++;
		signature->state = statuses[i].state;
		const char *id = rest ? rest + 1 : end;
		const char *user = memchr(id, ' ', (size_t)(end - id));
		if (!signature->key)
			signature->key = arena_strndup(reading->arena, id, user ? (size_t)(user - id) : (size_t)(end - id));
		if (user && signature->state != SIGNATURE_STRANGER)
			signature->signer = arena_strndup(reading->arena, user + 1, (size_t)(end - user) - 1);
	}
}

static void read_statuses(struct reading *reading, const char *said)
{
	static const char prefix[] = "[GNUPG:] ";
	for (const char *line = said; *line;) {
		size_t length = strcspn(line, "\n");
		if (strncmp(line, prefix, strlen(prefix)) == 0)
			read_status(reading, line + strlen(prefix), length - strlen(prefix));
		line += length + (line[length] == '\n');
	}
}

static int verify(struct signers *signers, struct arena *arena, const char *payload, size_t length, const char *file,
		  struct signature *signature, struct error *err)
{
	const char *const argv[] = {
		GPG, "--trust-model", "always", "--no-auto-key-retrieve", "--status-fd", "1", "--verify", file, "-", NULL};
	CLEANUP_CHECKED struct checked checked;
	struct reading reading = {.arena = arena, .signature = signature};
	if (checker_run(argv, signers->folder, payload, length, &checked, err) < 0)
		return -1;
	signature->state = SIGNATURE_BAD;
	read_statuses(&reading, buffer_text(&checked.output));
	bool good = signature->state == SIGNATURE_GOOD;
	if (reading.judged != 1 || (good && (reading.valid != 1 || checked.code != 0)))
		signature->state = SIGNATURE_BAD;
	return 0;
}

int openpgp_check(struct signers *signers, struct arena *arena, const char *payload, size_t length, const char *text,
		  struct signature *ret_signature, struct error *err)
{
	ret_signature->format = "openpgp";
	if (!signers->keyring) {
		ret_signature->state = signers->allowed_signers ? SIGNATURE_STRANGER : SIGNATURE_UNCHECKED;
		return 0;
	}
	CLEANUP_FREE char *file = signers_put(signers, "signature", text, strlen(text), err);
	return file ? verify(signers, arena, payload, length, file, ret_signature, err) : -1;
}
