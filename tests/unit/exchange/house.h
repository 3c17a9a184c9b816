/* SPDX-License-Identifier: MIT */
/*
 * A house: a node in a temporary folder, with real services as processes, and this test as its
 * office or as its peer.
 */
#pragma once

#include <sys/types.h>

#include "cchc/exchange.pb-c.h"
#include "cchc/staffing.pb-c.h"
#include "common/rpc/client.h"
#include "common/service/node.h"
#include "tests/harness/folder.h"

enum house_service { HOUSE_STAFFING, HOUSE_DOSSIERS, HOUSE_EXCHANGE, HOUSE_SERVICES };

struct house {
	struct folder folder;
	struct node node;
	struct rpc_identity identity;
	struct rpc_transport *transport;
	struct rpc_client *clients[HOUSE_SERVICES];
	pid_t processes[HOUSE_SERVICES]; /* 0: not running */
	struct arena arena;              /* of replies; reset by the test */
};

/* The settings are lines for node.conf beside the code; `parent_key` may be null. */
void house_open(
    struct house *house, const char *code, const char *settings, const char *parent_key);

/* Ends what runs with SIGTERM, expects that it ends well and soon, and removes the folder; for
 * AUTO. */
void house_close(struct house *house);

/* Start a service and wait until it answers; or only start it. */
void house_start(struct house *house, enum house_service service);
void house_spawn(struct house *house, enum house_service service);

/* Send the signal; SIGTERM must end the service well within seconds. */
void house_stop(struct house *house, enum house_service service, int signal);
void house_signal(const struct house *house, enum house_service service, int signal);
void house_await_end(struct house *house, enum house_service service);

/* A descriptor that is readable when the service has written to its store; the caller closes it. */
int house_watch_store(const struct house *house, enum house_service service);

void house_put_peer(
    const struct house *house, const char *code, const struct rpc_identity *identity);
void house_remove_peer(const struct house *house, const char *code);

/* A call as the office, or through any client; the reply lives in the house's arena. */
struct rpc_reply house_ask(struct house *house, enum house_service service, const char *method,
    const ProtobufCMessage *message);
struct rpc_reply house_ask_by(struct house *house, struct rpc_client *client, const char *method,
    const ProtobufCMessage *message);

/* A training of that number, recorded by the office, or through any client of it with an
 * idempotency key, which may be null. */
struct rpc_reply house_record_training(struct house *house, unsigned number);
struct rpc_reply house_record_training_by(
    struct house *house, struct rpc_client *client, unsigned number, const uint8_t key[16]);

/* New units with the numbers from `first` on, recorded by the office. */
void house_record_units(struct house *house, unsigned first, unsigned count);

/* The sequence of the one mark of a stream; 0: no mark. */
uint64_t house_reaches(struct house *house, struct rpc_client *client, const char *method,
    const char *service, Stream stream);
