/*
 * hash_test.c - SHA-256 against the vectors of FIPS 180-4's examples and NIST's CAVP.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/hash.h"
#include "engine/base/memory.h"

static const struct {
	const char *text, *digest;
} vectors[] = {
	{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void known_digests(void **state)
{
	(void)state;
	char hex[HASH_HEX_SIZE];
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		hash_hex(vectors[i].text, strlen(vectors[i].text), hex);
		assert_string_equal(hex, vectors[i].digest);
	}
}

static void a_million_letters(void **state)
{
	(void)state;
	char hex[HASH_HEX_SIZE];
	CLEANUP_FREE char *text = memory_alloc(1000000);
	memset(text, 'a', 1000000);
	hash_hex(text, 1000000, hex);
	assert_string_equal(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

static void two_parts_are_one_text(void **state)
{
	(void)state;
	char hex[HASH_HEX_SIZE];
	const char *text = vectors[2].text;
	for (size_t first = 0; first <= strlen(text); first++) {
		hash_hex2(text, first, text + first, strlen(text) - first, hex);
		assert_string_equal(hex, vectors[2].digest);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),
		cmocka_unit_test(a_million_letters),
		cmocka_unit_test(two_parts_are_one_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
