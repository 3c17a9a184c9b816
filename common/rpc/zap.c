/* SPDX-License-Identifier: MIT */
/*
 * The ZAP handler (ZeroMQ RFC 27): who may complete a CURVE handshake.
 *
 * libzmq fails open when no handler is bound, so the handler is bound before any listener, every
 * listener enforces the domain, and the server refuses messages without the User-Id given here. The
 * User-Id is the key and not the node, so that a connection ends to be served with its key.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "common/rpc/audit.h"
#include "common/rpc/internal.h"
#include "common/rpc/keyring.h"

enum { ZAP_FRAMES = 7, ZAP_FRAME_MAX = 256 };
enum { ZAP_VERSION, ZAP_REQUEST, ZAP_DOMAIN, ZAP_ADDRESS, ZAP_IDENTITY, ZAP_MECHANISM, ZAP_KEY };

struct zap {
	void *handler; /* REP on the fixed name */
	void *stop;    /* PAIR, the owner's end */
	void *stopped; /* PAIR, the thread's end */
	pthread_t thread;
	struct rpc_keyring *keyring;
	struct audit audit;
};

struct zap_request {
	char frames[ZAP_FRAMES][ZAP_FRAME_MAX];
	int sizes[ZAP_FRAMES];
	int count;
};

static bool receive_request(void *socket, struct zap_request *request) {
	int more = 1;
	size_t size = sizeof(more);

	request->count = 0;
	while (more) {
		char spare[ZAP_FRAME_MAX];
		char *frame = request->count < ZAP_FRAMES ? request->frames[request->count] : spare;
		int got = zmq_recv(socket, frame, ZAP_FRAME_MAX - 1, 0);

		if (got < 0)
			return false;
		if (got > ZAP_FRAME_MAX - 1)
			got = ZAP_FRAME_MAX - 1;
		frame[got] = '\0';
		if (request->count < ZAP_FRAMES)
			request->sizes[request->count] = got;
		request->count++;
		zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
	}
	return true;
}

static void answer_request(struct zap *zap, const struct zap_request *request) {
	char user[RPC_KEY_TEXT_SIZE] = "";
	char code[KEYRING_CODE_SIZE];
	bool known = request->count == ZAP_FRAMES && strcmp(request->frames[ZAP_VERSION], "1.0") == 0 &&
	             strcmp(request->frames[ZAP_MECHANISM], "CURVE") == 0 &&
	             request->sizes[ZAP_KEY] == KEYRING_KEY_SIZE &&
	             rpc_keyring_find(zap->keyring, (const uint8_t *)request->frames[ZAP_KEY], code);
	const char *status = known ? "200" : "400";
	unsigned silent;

	if (known)
		zmq_z85_encode(user, (const uint8_t *)request->frames[ZAP_KEY], KEYRING_KEY_SIZE);
	else if (audit_may_write(&zap->audit, &silent))
		log_warn("peer-refused",
		    "a key that is not in the peer list, from %s; %u more since the last line",
		    request->count > ZAP_ADDRESS ? request->frames[ZAP_ADDRESS] : "?", silent);
	zmq_send(zap->handler, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(zap->handler, request->frames[ZAP_REQUEST], (size_t)request->sizes[ZAP_REQUEST],
	    ZMQ_SNDMORE);
	zmq_send(zap->handler, status, 3, ZMQ_SNDMORE);
	zmq_send(zap->handler, "", 0, ZMQ_SNDMORE);
	zmq_send(zap->handler, user, strlen(user), ZMQ_SNDMORE);
	zmq_send(zap->handler, "", 0, 0);
}

static void *work(void *context) {
	struct zap *zap = context;
	zmq_pollitem_t items[] = {
		{ .socket = zap->handler, .events = ZMQ_POLLIN },
		{ .socket = zap->stopped, .events = ZMQ_POLLIN },
	};

	for (;;) {
		if (zmq_poll(items, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			break;
		}
		if (items[1].revents)
			break;
		if (items[0].revents) {
			struct zap_request request = { .count = 0 };

			if (receive_request(zap->handler, &request))
				answer_request(zap, &request);
		}
	}
	return NULL;
}

static void close_sockets(struct zap *zap) {
	if (zap->handler)
		zmq_close(zap->handler);
	if (zap->stop)
		zmq_close(zap->stop);
	if (zap->stopped)
		zmq_close(zap->stopped);
	free(zap);
}

int zap_start(struct rpc_transport *transport, struct rpc_keyring *keyring) {
	struct zap *zap = calloc(1, sizeof(*zap));
	int r = 0;

	if (!zap)
		return failed_here(-ENOMEM);
	zap->keyring = keyring;
	zap->handler = zmq_socket(transport->context, ZMQ_REP);
	zap->stop = zmq_socket(transport->context, ZMQ_PAIR);
	zap->stopped = zmq_socket(transport->context, ZMQ_PAIR);
	if (!zap->handler || !zap->stop || !zap->stopped || socket_prepare(zap->handler) < 0 ||
	    zmq_bind(zap->handler, "inproc://zeromq.zap.01") < 0 ||
	    zmq_bind(zap->stopped, "inproc://zap-stop") < 0 ||
	    zmq_connect(zap->stop, "inproc://zap-stop") < 0)
		r = failed_here(-errno);
	if (r == 0)
		r = -pthread_create(&zap->thread, NULL, work, zap);
	if (r < 0) {
		close_sockets(zap);
		return failed_below(r);
	}
	transport->zap = zap;
	return 0;
}

void zap_stop(struct zap *zap) {
	zmq_send(zap->stop, "", 0, 0);
	pthread_join(zap->thread, NULL);
	close_sockets(zap);
}
