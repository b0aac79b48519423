/*
 * channel.h - a stream (stream.h) over TLS 1.3, both ends known by their pinned certificates. The only protocol version is 1.3,
 * the only signatures Ed25519, AES-GCM before ChaCha20; no tickets, no resumption, no early data: an end that is not the
 * enrolled peer gets nothing beyond the handshake, and no byte of a frame is read from it.
 *
 * Nothing here waits for ever: a handshake has its deadline; a peer that acknowledges nothing for a while is gone (the kernel's
 * count: it asks by keepalives where nothing is under way); and one that lives but says nothing for `silence` is given up.
 */
#pragma once

#include <stdbool.h>

#include "plugins/replica/line/stream.h"

enum channel_side {
	CHANNEL_CLIENT, /* a source: it connects */
	CHANNEL_SERVER,
};

struct channel_options {
	enum channel_side side;
	const char *key, *certificate; /* paths of this end's */
	const char *peer;	       /* PEM of the other's */
	const char *name;	       /* of the other end, for messages; borrowed until channel_close */
	int64_t handshake, silence;    /* nanoseconds */
	/* Called from time to time while bytes go over the line; NULL: not wanted. */
	void (*tick)(void *argument, const struct stream *stream);
	void *argument;
};

struct channel;

/* socket is the channel's from now on, also after an error. ERROR_IDENTITY: the other end is not the enrolled peer. */
int channel_open(int socket, const struct channel_options *options, struct channel **ret_channel, struct error *err);
struct stream *channel_stream(struct channel *channel);
/* Says so to the other end; a server waits a moment until it has taken what was sent. NULL is fine. */
void channel_close(struct channel *channel);
