/*
 * hash.c - SHA-256 by OpenSSL.
 */
#include "engine/base/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>

void hash_hex2(const void *first, size_t first_length, const void *second, size_t second_length, char ret_hex[HASH_HEX_SIZE])
{
	static EVP_MD *algorithm;
	static EVP_MD_CTX *context;
	if (!context) {
		algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
		context = EVP_MD_CTX_new();
	}
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	if (!EVP_DigestInit_ex2(context, algorithm, NULL) || !EVP_DigestUpdate(context, first, first_length) ||
	    !EVP_DigestUpdate(context, second, second_length) || !EVP_DigestFinal_ex(context, digest, &length))
		abort(); /* without a digest no record can be written: stopping is the only safe answer */
	static const char digits[] = "0123456789abcdef";
	for (unsigned i = 0; i < length; i++) {
		ret_hex[2 * i] = digits[digest[i] >> 4];
		ret_hex[2 * i + 1] = digits[digest[i] & 15];
	}
	ret_hex[2 * length] = '\0';
}

void hash_hex(const void *data, size_t length, char ret_hex[HASH_HEX_SIZE])
{
	hash_hex2(data, length, "", 0, ret_hex);
}
