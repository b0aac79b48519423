/*
 * certificate.c - an agent's key and certificate, made by OpenSSL.
 */
#include "plugins/replica/line/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "engine/base/buffer.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"

#define PEM_LIMIT 16384

/* What OpenSSL has to say of its last failure. */
static int failed(const char *what, struct error *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	error_set(err, ERROR_FAILED, "%s: %s", what, reason ? reason : "OpenSSL does not say why");
	ERR_clear_error();
	return -1;
}

static int write_bio(const char *path, BIO *bio, struct error *err)
{
	char *data;
	long length = BIO_get_mem_data(bio, &data);
	return file_write_durable(path, data, (size_t)length, 0600, err);
}

static int make_key(const char *path, EVP_PKEY **ret_key, struct error *err)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	BIO *bio = BIO_new(BIO_s_mem());
	int result = key && bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) > 0
			     ? write_bio(path, bio, err)
			     : failed("cannot make a key", err);
	BIO_free(bio);
	if (result < 0)
		EVP_PKEY_free(key);
	else
		*ret_key = key;
	return result;
}

static int read_key(const char *path, EVP_PKEY **ret_key, struct error *err)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return error_set_errno(err, errno, "cannot open %s", path);
	*ret_key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
	fclose(file);
	return *ret_key ? 0 : failed(path, err);
}

/* "no well-defined expiration date", RFC 5280, 4.1.2.5 */
static bool fill_certificate(X509 *certificate, EVP_PKEY *key)
{
	unsigned char serial[16];
	BIGNUM *number = NULL;
	X509_NAME *name = X509_get_subject_name(certificate);
	bool good = RAND_bytes(serial, sizeof(serial)) == 1 && (serial[0] &= 0x7f, true) &&
		    (number = BN_bin2bn(serial, sizeof(serial), NULL)) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) &&
		    X509_set_version(certificate, X509_VERSION_3) &&
		    ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20200101000000Z") &&
		    ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") &&
		    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"standin-agent", -1, -1, 0) &&
		    X509_set_issuer_name(certificate, name) && X509_set_pubkey(certificate, key) &&
		    X509_sign(certificate, key, NULL) > 0;
	BN_free(number);
	return good;
}

static int make_certificate(const char *path, EVP_PKEY *key, struct error *err)
{
	X509 *certificate = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	int result = certificate && bio && fill_certificate(certificate, key) && PEM_write_bio_X509(bio, certificate) > 0
			     ? write_bio(path, bio, err)
			     : failed("cannot make a certificate", err);
	BIO_free(bio);
	X509_free(certificate);
	return result;
}

int certificate_make(const char *key_path, const char *certificate_path, struct error *err)
{
	EVP_PKEY *key = NULL;
	bool fresh = !file_exists(key_path);
	if (!fresh && file_exists(certificate_path))
		return 0;
	if ((fresh ? make_key : read_key)(key_path, &key, err) < 0)
		return -1;
	int result = make_certificate(certificate_path, key, err);
	EVP_PKEY_free(key);
	return result;
}

static int digest_certificate(X509 *certificate, char ret_fingerprint[FINGERPRINT_SIZE], struct error *err)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length;
	if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1)
		return failed("cannot digest the certificate", err);
	size_t at = (size_t)snprintf(ret_fingerprint, FINGERPRINT_SIZE, "sha256:");
	for (unsigned i = 0; i < length; i++)
		at += (size_t)snprintf(ret_fingerprint + at, FINGERPRINT_SIZE - at, "%02x", digest[i]);
	return 0;
}

int certificate_check(const char *pem, char ret_fingerprint[FINGERPRINT_SIZE], struct error *err)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	X509 *second = certificate ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
	int result = -1;
	if (!key || second || !EVP_PKEY_is_a(key, "ED25519"))
		error_set(err, ERROR_INVALID, "must be one certificate as PEM text, as `standin-agent enroll` prints it");
	else
		result = digest_certificate(certificate, ret_fingerprint, err);
	ERR_clear_error();
	X509_free(second);
	X509_free(certificate);
	BIO_free(bio);
	return result;
}
