/* SPDX-License-Identifier: MIT */
#include "common/rpc/frame.h"

#include <stdbool.h>

#include "common/base/message.h"

void frames_close(struct frames *frames) {
	zmq_msg_close(&frames->routing);
	zmq_msg_close(&frames->header);
	zmq_msg_close(&frames->payload);
}

int frames_receive(void *socket, enum frames_routing routing, enum frames_patience patience,
    struct frames *ret_frames) {
	const int flags = patience == FRAMES_PATIENT ? 0 : ZMQ_DONTWAIT;
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
		if (zmq_msg_recv(frame, socket, flags) < 0) {
			int error = errno;

			zmq_msg_close(&spare);
			frames_close(&frames);
			return error == EAGAIN || error == EINTR ? FRAMES_NONE : failed_here(-error);
		}
		more = zmq_msg_more(frame);
		zmq_msg_close(&spare);
	}
	if (count != 3 || zmq_msg_size(&frames.header) > RPC_HEADERS_MAX) {
		frames_close(&frames);
		return FRAMES_DROPPED;
	}
	*ret_frames = frames;
	return FRAMES_OK;
}

const Headers *frames_headers(
    const uint8_t *headers, size_t headers_size, size_t payloads_size, struct arena *arena) {
	ProtobufCMessage *unpacked = NULL;
	const Headers *read;
	size_t left = payloads_size;

	if (headers_size > RPC_HEADERS_MAX ||
	    message_unpack(&headers__descriptor, headers, headers_size, arena, &unpacked) != MESSAGE_OK)
		return NULL;
	read = (const Headers *)unpacked;
	if (read->n_headers == 0 || read->n_headers > RPC_PARTS_MAX)
		return NULL;
	for (size_t i = 0; i < read->n_headers; i++) {
		if (read->headers[i]->size > left || read->headers[i]->size > RPC_PAYLOAD_MAX ||
		    (headers_size > RPC_HEADER_MAX &&
		        header__get_packed_size(read->headers[i]) > RPC_HEADER_MAX))
			return NULL;
		left -= read->headers[i]->size;
	}
	return left == 0 ? read : NULL;
}
