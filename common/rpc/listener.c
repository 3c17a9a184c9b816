/* SPDX-License-Identifier: MIT */
#include "common/rpc/listener.h"

#include "common/rpc/client.h"
#include "common/rpc/server.h"

static const int zap_enforce_domain = 93; /* a draft constant, absent from Debian's header */

static void *open_router(struct rpc_transport *transport) {
	void *socket = zmq_socket(transport->context, ZMQ_ROUTER);
	static const int mandatory = 1;
	static const int backlog = 512;
	static const int queue_max = RPC_PEER_QUEUE_MAX;
	static const int max_rt_ms = RPC_SILENCE_MS; /* a line that takes nothing is closed */
	static const int keepalive = 1;
	/* Nor does the kernel keep what is silent for longer: asked at half the time, and then soon. */
	static const int idle_s = RPC_SILENCE_MS / 2000;
	static const int again_s = RPC_SILENCE_MS / 6000;
	static const int times = 3;

	if (!socket)
		return NULL;
	if (socket_prepare(socket) < 0 ||
	    zmq_setsockopt(socket, ZMQ_TCP_MAXRT, &max_rt_ms, sizeof(max_rt_ms)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE, &keepalive, sizeof(keepalive)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE_IDLE, &idle_s, sizeof(idle_s)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE_INTVL, &again_s, sizeof(again_s)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_TCP_KEEPALIVE_CNT, &times, sizeof(times)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_ROUTER_MANDATORY, &mandatory, sizeof(mandatory)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_SNDHWM, &queue_max, sizeof(queue_max)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_RCVHWM, &queue_max, sizeof(queue_max)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_BACKLOG, &backlog, sizeof(backlog)) < 0) {
		zmq_close(socket);
		return NULL;
	}
	return socket;
}

static int bind_router(void *socket, const char *endpoint) {
	if (zmq_bind(socket, endpoint) < 0) {
		int error = errno;

		zmq_close(socket);
		return failed_here(-error);
	}
	return 0;
}

int listener_open_office(
    struct rpc_transport *transport, const char *endpoint, struct listener *ret_listener) {
	void *socket = open_router(transport);
	int r = socket ? bind_router(socket, endpoint) : failed_here(-errno);

	if (r < 0)
		return failed_below(r);
	*ret_listener = (struct listener) { .socket = socket, .descriptor = socket_descriptor(socket) };
	return 0;
}

static int enforce_curve(void *socket, const struct rpc_identity *identity) {
	static const char domain[] = "cchc";
	static const int on = 1;
	int value = 0;
	size_t size = sizeof(value);

	if (zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof(on)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, identity->secret_key, 40) < 0 ||
	    zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, sizeof(domain) - 1) < 0 ||
	    zmq_setsockopt(socket, zap_enforce_domain, &on, sizeof(on)) < 0 ||
	    zmq_getsockopt(socket, zap_enforce_domain, &value, &size) < 0)
		return failed_here(-errno);
	return value == 1 ? 0 : failed_here(-EPERM);
}

/* A stranger's key must be refused, or this listener must not serve. */
static int knock_as_stranger(
    struct rpc_transport *transport, void *socket, const struct rpc_identity *identity) {
	struct rpc_identity stranger;
	char endpoint[256];
	size_t size = sizeof(endpoint);
	int r = rpc_identity_make(&stranger);

	if (r == 0 && zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, endpoint, &size) < 0)
		r = failed_here(-errno);
	if (r < 0)
		return failed_below(r);
	r = rpc_client_knock(transport, endpoint, &stranger, identity->public_key, 5000);
	return r == RPC_KNOCK_REFUSED ? 0 : failed_here(-EPERM);
}

static int prepare_for_peers(struct rpc_transport *transport, void *socket,
    const struct rpc_identity *identity, struct rpc_keyring *keyring) {
	int r = transport->zap ? 0 : zap_start(transport, keyring);

	if (r == 0)
		r = enforce_curve(socket, identity);
	return r < 0 ? failed_below(r) : 0;
}

int listener_open_peers(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, struct rpc_keyring *keyring,
    struct listener *ret_listener) {
	void *socket = open_router(transport);
	int r = socket ? 0 : failed_here(-errno);

	if (r < 0)
		return failed_below(r);
	r = prepare_for_peers(transport, socket, identity, keyring);
	if (r < 0) {
		zmq_close(socket);
		return failed_below(r);
	}
	r = bind_router(socket, endpoint);
	if (r < 0)
		return failed_below(r);
	r = knock_as_stranger(transport, socket, identity);
	if (r < 0) {
		zmq_close(socket);
		return failed_below(r);
	}
	*ret_listener = (struct listener) {
		.socket = socket,
		.descriptor = socket_descriptor(socket),
		.keyring = keyring,
	};
	return 0;
}
