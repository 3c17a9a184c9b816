/* SPDX-License-Identifier: MIT */
/* Calls to the dossiers service of a node that runs. */
#pragma once

#include "cchc/dossiers.pb-c.h"
#include "common/rpc/client.h"
#include "common/service/node.h"
#include "tests/bench/store/invented.h"

struct office {
	struct node node;
	struct rpc_transport *transport;
};

/* Open the folder of a node. Ends the program when that fails, as all of these do. */
void office_open(struct office *office, const char *folder);
void office_close(struct office *office);

/* A new connection. */
struct rpc_client *office_connect(const struct office *office);

/* The reply of a call that went well, in `arena`. */
const ProtobufCMessage *office_call(struct rpc_client *client, struct arena *arena,
    const char *method, const ProtobufCMessage *request);

/* Bring in the invented catalogue. */
void office_record_procedures(struct rpc_client *client, struct arena *arena);
