/*
 * channel_test.c - TLS between two processes: what was sent arrives, and nobody who is silent, cut off or somebody else is
 * taken for the peer at its end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/memory.h"
#include "plugins/replica/line/certificate.h"
#include "plugins/replica/line/channel.h"

#define LONG_TIME (60 * NSEC_PER_SEC)
#define MEGABYTES 5

static char folder[] = "/tmp/standin-channel-XXXXXX";

enum who {
	ALICE,
	BOB,
	EVE,
	WHO,
};
static struct {
	char *key, *certificate, *pem;
} known[WHO];

static int make_keys(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(folder));
	for (int i = 0; i < WHO; i++) {
		char fingerprint[FINGERPRINT_SIZE];
		size_t length;
		known[i].key = memory_printf("%s/key-%d", folder, i);
		known[i].certificate = memory_printf("%s/certificate-%d", folder, i);
		assert_int_equal(certificate_make(known[i].key, known[i].certificate, NULL), 0);
		assert_int_equal(file_read(known[i].certificate, 16384, &known[i].pem, &length, NULL), 0);
		assert_int_equal(certificate_check(known[i].pem, fingerprint, NULL), 0);
		assert_memory_equal(fingerprint, "sha256:", 7);
	}
	return 0;
}

static int remove_keys(void **state)
{
	(void)state;
	for (int i = 0; i < WHO; i++) {
		free(known[i].key);
		free(known[i].certificate);
		free(known[i].pem);
	}
	return file_remove_tree(folder, NULL);
}

static struct channel_options options_of(enum channel_side side, enum who me, enum who peer)
{
	return (struct channel_options){.side = side,
					.key = known[me].key,
					.certificate = known[me].certificate,
					.peer = known[peer].pem,
					.name = "the peer",
					.handshake = LONG_TIME,
					.silence = LONG_TIME};
}

/* A server in a process of its own; *ret_socket is the client's end. */
static pid_t start_server(enum who me, enum who peer, void (*serve)(struct channel *channel), int *ret_socket)
{
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct channel *channel;
		struct error err = ERROR_NONE;
		const struct channel_options options = options_of(CHANNEL_SERVER, me, peer);
		close(ends[0]);
		if (channel_open(ends[1], &options, &channel, &err) < 0)
			_exit(10 + (int)err.code);
		serve(channel);
		channel_close(channel);
		_exit(0);
	}
	close(ends[1]);
	*ret_socket = ends[0];
	return pid;
}

static int end_server(pid_t pid)
{
	int status;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void echo(struct channel *channel)
{
	static char bytes[100000];
	struct stream *stream = channel_stream(channel);
	ssize_t got;
	while ((got = stream->read(stream, bytes, sizeof(bytes), NULL)) > 0)
		if (stream->write(stream, bytes, (size_t)got, NULL) < 0)
			_exit(1);
	_exit(got < 0 ? 2 : 0);
}

static void sleep_on(struct channel *channel)
{
	(void)channel;
	pause();
}

static void die(struct channel *channel)
{
	(void)channel;
	_exit(0); /* without saying so */
}

static void test_what_was_sent_arrives(void **state)
{
	int socket;
	struct channel *channel;
	CLEANUP_FREE unsigned char *sent = malloc(1 << 20), *back = malloc(1 << 20);
	pid_t pid = start_server(ALICE, BOB, echo, &socket);
	const struct channel_options options = options_of(CHANNEL_CLIENT, BOB, ALICE);
	(void)state;
	for (size_t i = 0; i < 1 << 20; i++)
		sent[i] = (unsigned char)(i * 31 + i / 997);
	assert_int_equal(channel_open(socket, &options, &channel, NULL), 0);
	struct stream *stream = channel_stream(channel);
	for (int turn = 0; turn < MEGABYTES * 8; turn++) { /* in pieces that the socket's buffers hold */
		const size_t some = (1 << 20) / 8;
		assert_int_equal(stream->write(stream, sent, some, NULL), 0);
		for (size_t at = 0; at < some;) {
			ssize_t got = stream->read(stream, back + at, some - at, NULL);
			assert_true(got > 0);
			at += (size_t)got;
		}
		assert_memory_equal(sent, back, some);
	}
	assert_int_equal(stream->bytes_out, MEGABYTES << 20);
	assert_int_equal(stream->bytes_in, MEGABYTES << 20);
	channel_close(channel);
	assert_int_equal(end_server(pid), 0); /* it has seen a proper end */
}

static void test_somebody_else(void **state)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int socket;
	struct channel *channel;
	char byte;
	(void)state;
	/* the client is not whom the server expects: it learns so when it reads */
	pid_t pid = start_server(ALICE, BOB, echo, &socket);
	const struct channel_options eve = options_of(CHANNEL_CLIENT, EVE, ALICE);
	assert_int_equal(channel_open(socket, &eve, &channel, NULL), 0);
	struct stream *stream = channel_stream(channel);
	assert_int_equal(stream->read(stream, &byte, 1, &err), -1);
	assert_int_equal(err.code, ERROR_IDENTITY);
	assert_string_equal(error_text(&err), "the peer does not take this agent for its enrolled peer");
	channel_close(channel);
	assert_int_equal(end_server(pid), 10 + ERROR_IDENTITY);
	/* the server is not whom the client expects */
	error_clear(&err);
	pid = start_server(EVE, BOB, echo, &socket);
	const struct channel_options bob = options_of(CHANNEL_CLIENT, BOB, ALICE);
	assert_int_equal(channel_open(socket, &bob, &channel, &err), -1);
	assert_int_equal(err.code, ERROR_IDENTITY);
	assert_string_equal(error_text(&err), "the peer is not the enrolled peer: it has another certificate");
	assert_int_not_equal(end_server(pid), 0);
}

static void test_silence(void **state)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int ends[2], socket;
	struct channel *channel;
	char byte;
	(void)state;
	/* in the handshake */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	struct channel_options options = options_of(CHANNEL_SERVER, ALICE, BOB);
	options.handshake = NSEC_PER_SEC / 20;
	assert_int_equal(channel_open(ends[0], &options, &channel, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	assert_string_equal(error_text(&err), "in the TLS handshake: the peer is silent");
	close(ends[1]);
	/* after it */
	error_clear(&err);
	pid_t pid = start_server(ALICE, BOB, sleep_on, &socket);
	options = options_of(CHANNEL_CLIENT, BOB, ALICE);
	options.silence = NSEC_PER_SEC / 20;
	assert_int_equal(channel_open(socket, &options, &channel, NULL), 0);
	struct stream *stream = channel_stream(channel);
	assert_int_equal(stream->read(stream, &byte, 1, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	/* and does not take what it is sent */
	error_clear(&err);
	CLEANUP_FREE char *much = memory_alloc(8 << 20);
	assert_int_equal(stream->write(stream, much, 8 << 20, &err), -1);
	assert_int_equal(err.code, ERROR_TIMEOUT);
	kill(pid, SIGKILL);
	channel_close(channel);
	end_server(pid);
}

static void test_cut_off(void **state)
{
	CLEANUP_ERROR struct error err = ERROR_NONE;
	int socket;
	struct channel *channel;
	char byte;
	(void)state;
	pid_t pid = start_server(ALICE, BOB, die, &socket);
	const struct channel_options options = options_of(CHANNEL_CLIENT, BOB, ALICE);
	assert_int_equal(channel_open(socket, &options, &channel, NULL), 0);
	end_server(pid);
	struct stream *stream = channel_stream(channel);
	assert_int_equal(stream->read(stream, &byte, 1, &err), -1); /* no end: somebody may have cut it */
	assert_int_equal(err.code, ERROR_CONNECTION);
	channel_close(channel);
}

static void test_certificates(void **state)
{
	static const char *const bad[] = {"", "x", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"};
	char fingerprint[FINGERPRINT_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(certificate_check(bad[i], fingerprint, NULL), -1);
	CLEANUP_FREE char *two = memory_printf("%s%s", known[ALICE].pem, known[BOB].pem);
	assert_int_equal(certificate_check(two, fingerprint, NULL), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_sent_arrives),
		cmocka_unit_test(test_somebody_else),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_certificates),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, make_keys, remove_keys);
}
