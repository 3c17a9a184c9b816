/* SPDX-License-Identifier: MIT */
/*
 * The two frames of a message: a packed CallHeader and the payload. Any other count is not ours and
 * is dropped.
 */
#pragma once

#include "common/rpc/internal.h"

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

/* Take one whole message without waiting. After FRAMES_OK the frames are the caller's to close.
 * Return: an answer above or a negative errno. */
int frames_receive(void *socket, enum frames_routing routing, struct frames *ret_frames);
void frames_close(struct frames *frames);

/* Send without waiting; a peer that is gone or does not read loses the message.
 * Return: FRAMES_OK, FRAMES_DROPPED, or a negative errno. */
int frames_send(void *socket, zmq_msg_t *routing, const CallHeader *header, const uint8_t *payload,
    size_t size);
