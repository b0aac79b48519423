/*
 * ssh_key.c - PEM headers, and the clear beginning of OpenSSH's own format:
 *
 *     "openssh-key-v1\0"  string cipher  string kdf  string kdf options  uint32 keys  string public key { string type ... }
 */
#include "engine/connection/ssh_key.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "engine/base/base64.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"

#define KEY_LIMIT ((size_t)64 * 1024)

struct reader {
	const unsigned char *at;
	size_t left;
};

struct text {
	const char *data;
	size_t length;
};

static bool read_string(struct reader *reader, struct text *ret_text)
{
	uint32_t length;
	if (reader->left < sizeof(length))
		return false;
	memcpy(&length, reader->at, sizeof(length));
	length = ntohl(length);
	if (length > reader->left - sizeof(uint32_t))
		return false;
	*ret_text = (struct text){(const char *)reader->at + sizeof(uint32_t), length};
	reader->at += sizeof(uint32_t) + length;
	reader->left -= sizeof(uint32_t) + length;
	return true;
}

static bool text_is(const struct text *text, const char *wanted)
{
	return text->length == strlen(wanted) && memcmp(text->data, wanted, text->length) == 0;
}

static const char *type_name(const struct text *type)
{
	static const struct {
		const char *type, *name;
	} names[] = {
		{"ssh-ed25519", "Ed25519"},	  {"ssh-rsa", "RSA"},
		{"ecdsa-sha2-nistp256", "ECDSA"}, {"ecdsa-sha2-nistp384", "ECDSA"},
		{"ecdsa-sha2-nistp521", "ECDSA"},
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (text_is(type, names[i].type))
			return names[i].name;
	return "of a kind that libssh2 1.10 does not know";
}

bool ssh_key_blob_is_rsa(const unsigned char *blob, size_t length)
{
	struct reader reader = {blob, length};
	struct text type;
	return read_string(&reader, &type) && text_is(&type, "ssh-rsa");
}

static void inspect_openssh(const char *body, size_t length, struct ssh_key_kind *kind)
{
	static const char magic[] = "openssh-key-v1";
	CLEANUP_BUFFER struct buffer raw = {0};
	struct text cipher, skipped, key, type;
	if (base64_decode(&raw, body, length) < 0 || raw.length < sizeof(magic) || memcmp(raw.data, magic, sizeof(magic)) != 0)
		return;
	struct reader reader = {(const unsigned char *)raw.data + sizeof(magic), raw.length - sizeof(magic)};
	if (!read_string(&reader, &cipher) || !read_string(&reader, &skipped) || !read_string(&reader, &skipped) ||
	    reader.left < sizeof(uint32_t))
		return;
	reader.at += sizeof(uint32_t);
	reader.left -= sizeof(uint32_t);
	kind->locked = !text_is(&cipher, "none");
	if (!read_string(&reader, &key))
		return;
	reader = (struct reader){(const unsigned char *)key.data, key.length};
	if (!read_string(&reader, &type))
		return;
	kind->rsa = text_is(&type, "ssh-rsa");
	kind->name = type_name(&type);
}

int ssh_key_inspect(const char *path, struct ssh_key_kind *ret_kind, struct error *err)
{
	static const char begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
	struct ssh_key_kind kind = {.name = "not accepted"};
	char *text = NULL;
	size_t length = 0;
	if (file_read(path, KEY_LIMIT, &text, &length, err) < 0) {
		if (err)
			err->code = ERROR_CONNECTION;
		error_wrap(err, "the identity file");
		return error_hint(err, "check identity_file in the inventory, and who may read it");
	}
	const char *start = strstr(text, begin);
	const char *end = start ? strstr(start, "-----END") : NULL;
	if (end)
		inspect_openssh(start + strlen(begin), (size_t)(end - start) - strlen(begin), &kind);
	else if (strstr(text, "BEGIN RSA PRIVATE KEY"))
		kind = (struct ssh_key_kind){.rsa = true, .name = "RSA"};
	kind.locked |= strstr(text, "ENCRYPTED") != NULL;
	explicit_bzero(text, length);
	free(text);
	*ret_kind = kind;
	return 0;
}
