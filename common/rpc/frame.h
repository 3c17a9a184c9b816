/* SPDX-License-Identifier: MIT */
/*
 * The two frames of a message that came: headers, and the payloads they speak of. Any other count
 * is not ours and is dropped.
 */
#pragma once

#include "common/rpc/internal.h"
#include "common/rpc/limits.h"

struct frames {
	zmq_msg_t routing; /* ROUTER only */
	zmq_msg_t header;
	zmq_msg_t payload;
};

enum { FRAMES_OK, FRAMES_NONE, FRAMES_DROPPED };

enum frames_routing {
	FRAMES_PLAIN,
	FRAMES_ROUTED, /* a routing id comes first */
};

enum frames_patience {
	FRAMES_AT_ONCE, /* what is there */
	FRAMES_PATIENT, /* as long as the socket was told to wait */
};

/* Take one whole message. After FRAMES_OK the frames are the caller's to close.
 * Return: an answer above or a negative errno. */
int frames_receive(void *socket, enum frames_routing routing, enum frames_patience patience,
    struct frames *ret_frames);
void frames_close(struct frames *frames);

/* The headers of a message, unpacked into `arena`: at least one, each within its limit, their sizes
 * together just what the second frame holds. Null when they are not. */
const Headers *frames_headers(
    const uint8_t *headers, size_t headers_size, size_t payloads_size, struct arena *arena);
