/*
 * hash.h - SHA-256 (FIPS 180-4) of bytes, as lower-case hexadecimal.
 */
#pragma once

#include <stddef.h>

#define HASH_HEX_SIZE 65 /* 64 digits and the NUL */

void hash_hex(const void *data, size_t length, char ret_hex[HASH_HEX_SIZE]);
/* SHA-256 over first, then second: one link of a hash chain. */
void hash_hex2(const void *first, size_t first_length, const void *second, size_t second_length, char ret_hex[HASH_HEX_SIZE]);
