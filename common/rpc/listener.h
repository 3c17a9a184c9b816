/* SPDX-License-Identifier: MIT */
/* Where calls come in: a socket for the office's own, and one for peers. */
#pragma once

#include "common/rpc/internal.h"
#include "common/rpc/keyring.h"

struct listener {
	void *socket;
	int descriptor;              /* of the socket, for poll */
	struct rpc_keyring *keyring; /* null: the office's own */
	unsigned last_drained;       /* messages that came when last any came */
};

/* As rpc_server_listen_office and rpc_server_listen_peers (server.h). */
int listener_open_office(
    struct rpc_transport *transport, const char *endpoint, struct listener *ret_listener);
int listener_open_peers(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, struct rpc_keyring *keyring,
    struct listener *ret_listener);
