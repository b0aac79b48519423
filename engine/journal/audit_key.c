/*
 * audit_key.c - Ed25519 by OpenSSL.
 */
#include "engine/journal/audit_key.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/base/file.h"
#include "engine/base/memory.h"

#define PUBLIC_BYTES	32
#define SIGNATURE_BYTES 64
#define KEY_FILE_LIMIT	((size_t)256 * 1024)

struct audit_key {
	EVP_PKEY *pair;
	char name[AUDIT_KEY_SIZE];
};

static void free_pkey(EVP_PKEY **key)
{
	EVP_PKEY_free(*key);
}
static void free_bio(BIO **bio)
{
	BIO_free(*bio);
}
static void free_context(EVP_MD_CTX **context)
{
	EVP_MD_CTX_free(*context);
}
#define CLEANUP_PKEY	__attribute__((cleanup(free_pkey))) EVP_PKEY
#define CLEANUP_BIO	__attribute__((cleanup(free_bio))) BIO
#define CLEANUP_CONTEXT __attribute__((cleanup(free_context))) EVP_MD_CTX

static void to_digits(const unsigned char *bytes, size_t count, char *ret_digits)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < count; i++) {
		ret_digits[2 * i] = digits[bytes[i] >> 4];
		ret_digits[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_digits[2 * count] = '\0';
}

static int worth(char digit)
{
	return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool from_digits(const char *digits, size_t count, unsigned char *ret_bytes)
{
	if (strlen(digits) != 2 * count)
		return false;
	for (size_t i = 0; i < count; i++) {
		int high = worth(digits[2 * i]), low = worth(digits[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

/* false: it is no Ed25519 key. */
static bool name_of(EVP_PKEY *key, char ret_name[AUDIT_KEY_SIZE])
{
	unsigned char bytes[PUBLIC_BYTES];
	size_t length = sizeof(bytes);
	if (EVP_PKEY_get_id(key) != EVP_PKEY_ED25519 || !EVP_PKEY_get_raw_public_key(key, bytes, &length) ||
	    length != sizeof(bytes))
		return false;
	to_digits(bytes, sizeof(bytes), ret_name);
	return true;
}

static int write_all(int fd, BIO *pem, const char *path, struct error *err)
{
	char *text;
	long length = BIO_get_mem_data(pem, &text);
	if (file_append(fd, path, text, (size_t)length, err) < 0 || file_sync(fd, path, err) < 0)
		return -1;
	return file_sync_folder_of(path, err);
}

int audit_key_create(const char *path, struct error *err)
{
	CLEANUP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	CLEANUP_BIO *pem = BIO_new(BIO_s_secmem());
	if (!key || !pem || !PEM_write_bio_PrivateKey(pem, key, NULL, NULL, 0, NULL, NULL))
		return error_set(err, ERROR_IO, "no key could be made");
	CLEANUP_CLOSE int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot create %s", path);
	if (write_all(fd, pem, path, err) == 0)
		return 0;
	unlink(path);
	return -1;
}

/* A key that others can read or exchange proves nothing. */
static int check_file(int fd, const char *path, struct error *err)
{
	struct stat status;
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, errno, "cannot look at %s", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID, "the audit key %s is no regular file", path);
	if (status.st_uid != geteuid()) {
		error_set(err, ERROR_INVALID, "the audit key %s belongs to user id %u", path, (unsigned)status.st_uid);
		return error_hint(err, "chown it to the user that runs standin");
	}
	if (status.st_mode & (S_IRWXG | S_IRWXO)) {
		error_set(err, ERROR_INVALID, "others may use the audit key %s: its mode is %03o", path,
			  (unsigned)(status.st_mode & 0777));
		return error_hint(err, "chmod 600 %s; if somebody may have read it, move it aside and make a new one", path);
	}
	return 0;
}

static EVP_PKEY *read_private(int fd, const char *path, struct error *err)
{
	char *text = NULL;
	size_t length;
	if (file_read_fd(fd, path, KEY_FILE_LIMIT, &text, &length, err) < 0)
		return NULL;
	BIO *pem = BIO_new_mem_buf(text, (int)length);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, (void *)""); /* an empty passphrase: never ask */
	BIO_free(pem);
	explicit_bzero(text, length);
	free(text);
	if (!key)
		error_set(err, ERROR_INVALID, "%s holds no private key that can be read (PEM, without a passphrase)", path);
	return key;
}

int audit_key_load(const char *path, struct audit_key **ret_key, struct error *err)
{
	CLEANUP_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open the audit key %s", path);
	if (check_file(fd, path, err) < 0)
		return -1;
	CLEANUP_PKEY *pair = read_private(fd, path, err);
	if (!pair)
		return -1;
	char name[AUDIT_KEY_SIZE];
	if (!name_of(pair, name))
		return error_set(err, ERROR_INVALID, "%s is no Ed25519 key", path);
	struct audit_key *key = memory_alloc(sizeof(*key));
	key->pair = take(pair);
	memcpy(key->name, name, sizeof(name));
	*ret_key = key;
	return 0;
}

void audit_key_free(struct audit_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pair);
	free(key);
}

const char *audit_key_name(const struct audit_key *key)
{
	return key->name;
}

void audit_key_public(const struct audit_key *key, struct buffer *out)
{
	CLEANUP_BIO *pem = BIO_new(BIO_s_mem());
	char *text;
	if (!pem || !PEM_write_bio_PUBKEY(pem, key->pair))
		abort(); /* only for want of memory */
	long length = BIO_get_mem_data(pem, &text);
	buffer_append(out, text, (size_t)length);
}

void audit_key_sign(const struct audit_key *key, const void *data, size_t length, char ret_signature[AUDIT_SIGNATURE_SIZE])
{
	CLEANUP_CONTEXT *context = EVP_MD_CTX_new();
	unsigned char bytes[SIGNATURE_BYTES];
	size_t size = sizeof(bytes);
	if (!context || !EVP_DigestSignInit(context, NULL, NULL, NULL, key->pair) ||
	    !EVP_DigestSign(context, bytes, &size, data, length) || size != sizeof(bytes))
		abort(); /* only for want of memory */
	to_digits(bytes, sizeof(bytes), ret_signature);
}

bool audit_key_verifies(const char *name, const char *signature, const void *data, size_t length)
{
	unsigned char public[PUBLIC_BYTES], bytes[SIGNATURE_BYTES];
	if (!from_digits(name, sizeof(public), public) || !from_digits(signature, sizeof(bytes), bytes))
		return false;
	CLEANUP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, public, sizeof(public));
	CLEANUP_CONTEXT *context = EVP_MD_CTX_new();
	return key && context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestVerify(context, bytes, sizeof(bytes), data, length) == 1;
}

/* ---- whom to trust ---- */

int audit_trust_read(struct audit_trust *trust, const char *path, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length, found = 0;
	if (file_read(path, KEY_FILE_LIMIT, &text, &length, err) < 0)
		return -1;
	CLEANUP_BIO *pem = BIO_new_mem_buf(text, (int)length);
	for (;; found++) {
		CLEANUP_PKEY *key = PEM_read_bio_PUBKEY(pem, NULL, NULL, NULL);
		char name[AUDIT_KEY_SIZE];
		if (!key)
			break;
		if (!name_of(key, name))
			return error_set(err, ERROR_INVALID, "%s: public key %zu is no Ed25519 key", path, found + 1);
		audit_trust_add(trust, name);
	}
	return found ? 0 : error_set(err, ERROR_INVALID, "%s holds no public key (PEM)", path);
}

void audit_trust_add(struct audit_trust *trust, const char *name)
{
	if (audit_trusts(trust, name))
		return;
	trust->names = memory_resize(trust->names, (trust->count + 1) * sizeof(*trust->names));
	memcpy(trust->names[trust->count++], name, AUDIT_KEY_SIZE);
}

bool audit_trusts(const struct audit_trust *trust, const char *name)
{
	for (size_t i = 0; trust && i < trust->count; i++)
		if (strcmp(trust->names[i], name) == 0)
			return true;
	return false;
}

void audit_trust_free(struct audit_trust *trust)
{
	free(trust->names);
	*trust = (struct audit_trust){0};
}
