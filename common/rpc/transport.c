/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/rpc/internal.h"
#include "common/rpc/keyring.h"

enum { SOCKETS_MAX = 8192 };

/* A socket that is closed lives on for a while in libzmq, and each takes descriptors: the soft
 * limit of 1,024 is soon reached, and then a listener spins. What the hard limit allows is ours to
 * use. */
static void allow_descriptors(void) {
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= files.rlim_max)
		return;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		log_warn("descriptors-few", "the limit of open files stays at its low value");
}

int rpc_transport_open(const struct contract *contract, struct rpc_transport **ret_transport) {
	struct rpc_transport *transport = calloc(1, sizeof(*transport));

	if (!transport || sodium_init() < 0) {
		free(transport);
		return failed_here(-ENOMEM);
	}
	transport->contract = contract;
	randombytes_buf(&transport->boot, sizeof(transport->boot));
	allow_descriptors();
	transport->context = zmq_ctx_new();
	if (transport->context)
		zmq_ctx_set(transport->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
	if (!transport->context) {
		free(transport);
		return failed_here(-errno);
	}
	*ret_transport = transport;
	return 0;
}

void rpc_transport_close(struct rpc_transport *transport) {
	/* The ZAP handler goes first: it sits on the context. No listener is left to fail open. */
	if (transport->zap)
		zap_stop(transport->zap);
	zmq_ctx_term(transport->context);
	free(transport);
}

void rpc_transport_closep(struct rpc_transport **transport) {
	if (*transport)
		rpc_transport_close(*transport);
	*transport = NULL;
}

int rpc_identity_make(struct rpc_identity *ret_identity) {
	if (zmq_curve_keypair(ret_identity->public_key, ret_identity->secret_key) < 0)
		return failed_here(-errno);
	return 0;
}

int rpc_key_is_valid(const char *text) {
	uint8_t key[32];

	return strlen(text) == RPC_KEY_TEXT_SIZE - 1 && zmq_z85_decode(key, text) != NULL;
}

void rpc_key_decode(const char *text, unsigned char ret_key[32]) {
	zmq_z85_decode(ret_key, text);
}

int socket_descriptor(void *socket) {
	int descriptor = -1;
	size_t size = sizeof(descriptor);

	if (zmq_getsockopt(socket, ZMQ_FD, &descriptor, &size) < 0)
		return failed_here(-errno);
	return descriptor;
}

int socket_prepare(void *socket) {
	static const int64_t frame_max = RPC_FRAME_MAX;
	static const int no_linger = 0;
	static const int handshake_ms = RPC_HANDSHAKE_MS;
	static const int ipv6 = 1;

	if (zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_max, sizeof(frame_max)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_HANDSHAKE_IVL, &handshake_ms, sizeof(handshake_ms)) < 0 ||
	    zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof(ipv6)) < 0)
		return failed_here(-errno);
	return 0;
}

static int try_address(const struct addrinfo *address, unsigned timeout_ms) {
	AUTO(file_descriptor_close)
	int probe = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd poller = { .fd = probe, .events = POLLOUT };
	int error = 0;
	socklen_t size = sizeof(error);

	if (probe < 0)
		return -errno;
	if (connect(probe, address->ai_addr, address->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return -errno;
	if (poll(&poller, 1, (int)timeout_ms) <= 0)
		return -ETIMEDOUT;
	if (getsockopt(probe, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}

int rpc_probe(const char *endpoint, unsigned timeout_ms) {
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *addresses;
	char host[256];
	const char *port;
	int r = -EHOSTUNREACH;

	if (strncmp(endpoint, "tcp://", 6) != 0 || !(port = strrchr(endpoint + 6, ':')) ||
	    (size_t)(port - endpoint - 6) >= sizeof(host))
		return -EINVAL;
	snprintf(host, sizeof(host), "%.*s", (int)(port - endpoint - 6), endpoint + 6);
	if (getaddrinfo(host, port + 1, &hints, &addresses) != 0)
		return -EHOSTUNREACH;
	for (const struct addrinfo *address = addresses; address && r < 0; address = address->ai_next)
		r = try_address(address, timeout_ms);
	freeaddrinfo(addresses);
	return r;
}
