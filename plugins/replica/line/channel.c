/*
 * channel.c - TLS 1.3 by OpenSSL over a socket that does not block.
 */
#include "plugins/replica/line/channel.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/base/clock.h"
#include "engine/base/memory.h"

#define LOOK_EVERY  (10 * NSEC_PER_SEC) /* how often the kernel is asked whether the other end lives */
#define DEAD_AFTER  300000u		/* milliseconds without any acknowledgement; its probes are at most 120 s apart */
#define LINGER_TIME (2 * NSEC_PER_SEC)
#define TICK_EVERY  (200 * NSEC_PER_MSEC)

struct channel {
	struct stream stream; /* first: its functions get it */
	struct channel_options options;
	SSL_CTX *context;
	SSL *ssl;
	X509 *peer; /* the enrolled one */
	int socket;
	int64_t ticked;
};

/* --- the peer --- */

/* In place of all that OpenSSL would check of a chain: it is this certificate, or it is not. */
static int is_enrolled(X509_STORE_CTX *context, void *argument)
{
	const struct channel *channel = argument;
	X509 *certificate = X509_STORE_CTX_get0_cert(context);
	return certificate && X509_cmp(certificate, channel->peer) == 0;
}

static X509 *parse_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	return certificate;
}

/* --- waiting --- */

static bool is_dead(const struct channel *channel)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);
	return getsockopt(channel->socket, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 && info.tcpi_last_ack_recv > DEAD_AFTER;
}

static int connection_error(const struct channel *channel, const char *what, struct error *err)
{
	return error_set(err, ERROR_CONNECTION, "%s %s", channel->stream.name, what);
}

/* Until the socket can do what TLS asks for. 0, or -1 with *err. */
static int wait_for(const struct channel *channel, int wants, int64_t deadline, struct error *err)
{
	struct pollfd fd = {.fd = channel->socket, .events = wants == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN};
	for (;;) {
		int64_t left = deadline - clock_boottime();
		if (left <= 0) {
			connection_error(channel, "is silent", err);
			err->code = ERROR_TIMEOUT;
			return -1;
		}
		int ready = poll(&fd, 1, (int)((left < LOOK_EVERY ? left : LOOK_EVERY) / NSEC_PER_MSEC + 1));
		if (ready > 0)
			return 0;
		if (ready < 0 && errno != EINTR)
			return error_set_errno(err, errno, "cannot wait for %s", channel->stream.name);
		if (ready == 0 && is_dead(channel))
			return connection_error(channel, "does not answer any more", err);
	}
}

/* A client learns only when it reads for the first time that its certificate was not the one. */
static bool is_about_certificate(unsigned long code)
{
	static const int reasons[] = {SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN,
				      SSL_R_TLSV1_ALERT_UNKNOWN_CA, SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED};
	for (size_t i = 0; i < COUNT_OF(reasons); i++)
		if (ERR_GET_REASON(code) == reasons[i])
			return true;
	return false;
}

static int tls_error(const struct channel *channel, int kind, struct error *err)
{
	unsigned long code = ERR_peek_error();
	int errnum = errno;
	if (is_about_certificate(code)) {
		error_set(err, ERROR_IDENTITY, "%s does not take this agent for its enrolled peer", channel->stream.name);
		error_hint(err, "this agent has another key than when the set was connected: connect it again");
	} else if (kind == SSL_ERROR_SYSCALL && errnum)
		error_set(err, ERROR_CONNECTION, "the line to %s is broken: %s", channel->stream.name, strerror(errnum));
	else if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING || kind == SSL_ERROR_SYSCALL || !code)
		connection_error(channel, "closed the line", err);
	else
		error_set(err, ERROR_CONNECTION, "TLS with %s: %s", channel->stream.name, ERR_reason_error_string(code));
	ERR_clear_error();
	return -1;
}

/* --- as a stream --- */

static void tick(struct channel *channel)
{
	int64_t now = clock_boottime();
	if (!channel->options.tick || now - channel->ticked < TICK_EVERY)
		return;
	channel->ticked = now;
	channel->options.tick(channel->options.argument, &channel->stream);
}

static ssize_t read_channel(struct stream *stream, void *data, size_t limit, struct error *err)
{
	struct channel *channel = (struct channel *)stream;
	for (;;) {
		size_t got;
		errno = 0;
		if (SSL_read_ex(channel->ssl, data, limit, &got) == 1) {
			stream->bytes_in += got;
			tick(channel);
			return (ssize_t)got;
		}
		int kind = SSL_get_error(channel->ssl, 0);
		if (kind == SSL_ERROR_ZERO_RETURN)
			return 0;
		if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
			return tls_error(channel, kind, err);
		if (wait_for(channel, kind, clock_boottime() + channel->options.silence, err) < 0)
			return -1;
	}
}

static int write_channel(struct stream *stream, const void *data, size_t length, struct error *err)
{
	struct channel *channel = (struct channel *)stream;
	for (const char *at = data; length;) {
		size_t written;
		errno = 0;
		if (SSL_write_ex(channel->ssl, at, length, &written) == 1) {
			stream->bytes_out += written;
			at += written;
			length -= written;
			tick(channel);
			continue;
		}
		int kind = SSL_get_error(channel->ssl, 0);
		if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE)
			return tls_error(channel, kind, err);
		if (wait_for(channel, kind, clock_boottime() + channel->options.silence, err) < 0)
			return -1;
	}
	return 0;
}

/* --- opening --- */

static int setup_failed(const char *what, struct error *err)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	error_set(err, ERROR_FAILED, "%s: %s", what, reason ? reason : "OpenSSL does not say why");
	ERR_clear_error();
	return -1;
}

static bool restrict_context(SSL_CTX *context)
{
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, 256 * 1024);
	return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) && SSL_CTX_set_num_tickets(context, 0) &&
	       SSL_CTX_set_ciphersuites(context,
					"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256") &&
	       SSL_CTX_set1_sigalgs_list(context, "ed25519") && SSL_CTX_set1_groups_list(context, "X25519:P-256");
}

static int set_up(struct channel *channel, struct error *err)
{
	const struct channel_options *options = &channel->options;
	bool server = options->side == CHANNEL_SERVER;
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL); /* what a host's openssl.cnf says does not matter here */
	channel->context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!channel->context || !restrict_context(channel->context))
		return setup_failed("cannot prepare TLS", err);
	if (SSL_CTX_use_PrivateKey_file(channel->context, options->key, SSL_FILETYPE_PEM) != 1 ||
	    SSL_CTX_use_certificate_file(channel->context, options->certificate, SSL_FILETYPE_PEM) != 1) {
		setup_failed("cannot use this agent's key and certificate", err);
		return error_hint(err, "`standin-agent enroll` makes them");
	}
	channel->peer = parse_certificate(options->peer);
	if (!channel->peer)
		return setup_failed("cannot read the certificate of the peer", err);
	SSL_CTX_set_verify(channel->context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_cert_verify_callback(channel->context, is_enrolled, channel);
	channel->ssl = SSL_new(channel->context);
	if (!channel->ssl || SSL_set_fd(channel->ssl, channel->socket) != 1)
		return setup_failed("cannot prepare TLS", err);
	server ? SSL_set_accept_state(channel->ssl) : SSL_set_connect_state(channel->ssl);
	return 0;
}

static int shake_hands(struct channel *channel, struct error *err)
{
	int64_t deadline = clock_boottime() + channel->options.handshake;
	for (;;) {
		errno = 0;
		int done = SSL_do_handshake(channel->ssl);
		if (done == 1)
			return 0;
		int kind = SSL_get_error(channel->ssl, done);
		if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
			if (wait_for(channel, kind, deadline, err) < 0)
				return error_wrap(err, "in the TLS handshake");
			continue;
		}
		bool other = ERR_GET_REASON(ERR_peek_error()) == SSL_R_CERTIFICATE_VERIFY_FAILED;
		tls_error(channel, kind, err);
		if (!other)
			return error_wrap(err, "in the TLS handshake");
		error_clear(err);
		error_set(err, ERROR_IDENTITY, "%s is not the enrolled peer: it has another certificate", channel->stream.name);
		return error_hint(err, "another program listens there, or that agent has a new key: connect the set again");
	}
}

static int set_option(int socket, int level, int option, int value)
{
	return setsockopt(socket, level, option, &value, sizeof(value));
}

static void prepare_socket(int socket)
{
	set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, 20);
	set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, 10);
	set_option(socket, IPPROTO_TCP, TCP_KEEPCNT, 4);
}

static void channel_free(struct channel *channel)
{
	SSL_free(channel->ssl);
	SSL_CTX_free(channel->context);
	X509_free(channel->peer);
	close(channel->socket);
	free(channel);
}

int channel_open(int socket, const struct channel_options *options, struct channel **ret_channel, struct error *err)
{
	struct channel *channel = memory_alloc(sizeof(*channel));
	channel->options = *options;
	channel->socket = socket;
	channel->stream =
		(struct stream){.read = read_channel, .write = write_channel, .name = options->name, .input = -1, .output = -1};
	prepare_socket(socket);
	if (set_up(channel, err) < 0 || shake_hands(channel, err) < 0) {
		channel_free(channel);
		return -1;
	}
	*ret_channel = channel;
	return 0;
}

struct stream *channel_stream(struct channel *channel)
{
	return &channel->stream;
}

/* What was sent would be lost with the connection if this end closed it over bytes that it has not read. */
static void linger(const struct channel *channel)
{
	int64_t deadline = clock_boottime() + LINGER_TIME, left;
	char bytes[4096];
	shutdown(channel->socket, SHUT_WR);
	while ((left = deadline - clock_boottime()) > 0) {
		struct pollfd fd = {.fd = channel->socket, .events = POLLIN};
		if (poll(&fd, 1, (int)(left / NSEC_PER_MSEC + 1)) > 0 && read(channel->socket, bytes, sizeof(bytes)) <= 0)
			return;
	}
}

void channel_close(struct channel *channel)
{
	if (!channel)
		return;
	SSL_shutdown(channel->ssl);
	if (channel->options.side == CHANNEL_SERVER)
		linger(channel);
	ERR_clear_error();
	channel_free(channel);
}
