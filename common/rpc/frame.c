/* SPDX-License-Identifier: MIT */
#include "common/rpc/frame.h"

#include <stdbool.h>
#include <string.h>

void frames_close(struct frames *frames) {
	zmq_msg_close(&frames->routing);
	zmq_msg_close(&frames->header);
	zmq_msg_close(&frames->payload);
}

int frames_receive(void *socket, enum frames_routing routing, struct frames *ret_frames) {
	struct frames frames;
	zmq_msg_t *const wanted[] = { &frames.routing, &frames.header, &frames.payload };
	int count = routing == FRAMES_ROUTED ? 0 : 1;
	bool more = true;

	zmq_msg_init(&frames.routing);
	zmq_msg_init(&frames.header);
	zmq_msg_init(&frames.payload);
	for (; more; count++) {
		zmq_msg_t spare;
		zmq_msg_t *frame = count < 3 ? wanted[count] : &spare;

		zmq_msg_init(&spare);
		if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0) {
			int error = errno;

			zmq_msg_close(&spare);
			frames_close(&frames);
			return error == EAGAIN || error == EINTR ? FRAMES_NONE : failed_here(-error);
		}
		more = zmq_msg_more(frame);
		zmq_msg_close(&spare);
	}
	if (count != 3 || zmq_msg_size(&frames.header) > RPC_HEADER_MAX) {
		frames_close(&frames);
		return FRAMES_DROPPED;
	}
	*ret_frames = frames;
	return FRAMES_OK;
}

static int send_frame(void *socket, zmq_msg_t *frame, int flags) {
	if (zmq_msg_send(frame, socket, flags | ZMQ_DONTWAIT) >= 0)
		return FRAMES_OK;
	return errno == EHOSTUNREACH || errno == EAGAIN || errno == EINTR ? FRAMES_DROPPED
	                                                                  : failed_here(-errno);
}

int frames_send(void *socket, zmq_msg_t *routing, const CallHeader *header, const uint8_t *payload,
    size_t size) {
	struct frames frames;
	int r = FRAMES_OK;

	/* All memory is had before the first frame goes: half a message would swallow the next one. */
	if (zmq_msg_init_size(&frames.header, call_header__get_packed_size(header)) < 0)
		return failed_here(-ENOMEM);
	if (zmq_msg_init_size(&frames.payload, size) < 0) {
		zmq_msg_close(&frames.header);
		return failed_here(-ENOMEM);
	}
	call_header__pack(header, zmq_msg_data(&frames.header));
	if (size)
		memcpy(zmq_msg_data(&frames.payload), payload, size);
	zmq_msg_init(&frames.routing);
	if (routing) {
		zmq_msg_copy(&frames.routing, routing);
		r = send_frame(socket, &frames.routing, ZMQ_SNDMORE);
	}
	if (r == FRAMES_OK)
		r = send_frame(socket, &frames.header, ZMQ_SNDMORE);
	if (r == FRAMES_OK)
		r = send_frame(socket, &frames.payload, 0);
	frames_close(&frames);
	return r;
}
