/*
 * base64_test.c - RFC 4648's vectors, and what is not base64.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/memory.h"

static const struct {
	const char *text, *encoded;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff\xbf", "+/+/"},
};

static void known_texts_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(vectors); i++) {
		CLEANUP_BUFFER struct buffer encoded = {0}, decoded = {0};
		base64_encode(&encoded, vectors[i].text, strlen(vectors[i].text));
		assert_string_equal(buffer_text(&encoded), vectors[i].encoded);
		assert_int_equal(base64_decode(&decoded, vectors[i].encoded, strlen(vectors[i].encoded)), 0);
		assert_string_equal(buffer_text(&decoded), vectors[i].text);
	}
}

static void all_bytes_come_back(void **state)
{
	(void)state;
	unsigned char bytes[256];
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)i;
	for (size_t length = 0; length <= sizeof(bytes); length++) {
		CLEANUP_BUFFER struct buffer encoded = {0}, decoded = {0};
		base64_encode(&encoded, bytes, length);
		assert_int_equal(encoded.length, (length + 2) / 3 * 4);
		assert_int_equal(base64_decode(&decoded, buffer_text(&encoded), encoded.length), 0);
		assert_int_equal(decoded.length, length);
		if (length)
			assert_memory_equal(decoded.data, bytes, length);
	}
}

static void white_space_is_skipped(void **state)
{
	(void)state;
	static const char wrapped[] = " Zm9v\r\n\tYm Fy\n";
	CLEANUP_BUFFER struct buffer decoded = {0};
	assert_int_equal(base64_decode(&decoded, wrapped, strlen(wrapped)), 0);
	assert_string_equal(buffer_text(&decoded), "foobar");
}

static const char *const wrong[] = {
	"Z",	  "Zg",	   "Zg=",      "Zm8",  "=",	"==",	    "Z===",  "Zg===",
	"Zg====", "Zm8==", "Zg==Zg==", "Zg=8", "Zm9v=", "Zm9v-_8=", "Zm9v!", "Zg==\x80",
};

static void what_is_not_base64(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		CLEANUP_BUFFER struct buffer decoded = {0};
		if (base64_decode(&decoded, wrong[i], strlen(wrong[i])) != -1)
			fail_msg("'%s' passes for base64", wrong[i]);
	}
	CLEANUP_BUFFER struct buffer decoded = {0};
	assert_int_equal(base64_decode(&decoded, "Zm\0v", 4), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_texts_both_ways),
		cmocka_unit_test(all_bytes_come_back),
		cmocka_unit_test(white_space_is_skipped),
		cmocka_unit_test(what_is_not_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
