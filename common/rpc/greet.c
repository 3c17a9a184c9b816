/* SPDX-License-Identifier: MIT */
/* Who is let in: HELLO and what it is answered. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/rpc/server_internal.h"

enum { CLOCK_SKEW_MS = 120000 };

void server_turn_away(struct rpc_server *server, const struct listener *listener,
    zmq_msg_t *routing, Goodbye__Reason reason, uint32_t retry_after_ms) {
	struct outbox outbox = { .first = NULL };
	Header header = HEADER__INIT;
	Goodbye goodbye = GOODBYE__INIT;

	header.kind = HEADER__KIND__GOAWAY;
	goodbye.reason = reason;
	goodbye.retry_after_ms = retry_after_ms;
	if (outbox_add_message(&outbox, &server->batches, &header, &goodbye.base) == 0)
		(void)outbox_send(&outbox, &server->batches, listener->socket, zmq_msg_data(routing),
		    zmq_msg_size(routing));
	outbox_empty(&outbox, &server->batches);
}

/* Only a key that our own ZAP handler let in, and only while it is still in the list. */
static bool identify(const struct listener *listener, zmq_msg_t *payload,
    char ret_user[RPC_KEY_TEXT_SIZE], char ret_code[KEYRING_CODE_SIZE]) {
	uint8_t key[KEYRING_KEY_SIZE];
	const char *user;

	*ret_user = '\0';
	*ret_code = '\0';
	if (!listener->keyring)
		return true;
	user = zmq_msg_gets(payload, "User-Id");
	if (!user || !rpc_key_is_valid(user))
		return false;
	rpc_key_decode(user, key);
	snprintf(ret_user, RPC_KEY_TEXT_SIZE, "%s", user);
	return rpc_keyring_find(listener->keyring, key, ret_code);
}

bool server_still_allows(struct connection *connection, zmq_msg_t *payload) {
	const struct listener *listener = connection->listener;
	char user[RPC_KEY_TEXT_SIZE];
	char code[KEYRING_CODE_SIZE];
	unsigned version;
	const char *given;

	if (!listener->keyring)
		return true;
	given = zmq_msg_gets(payload, "User-Id");
	if (!given || strcmp(given, connection->user) != 0)
		return false;
	version = rpc_keyring_version(listener->keyring);
	if (version == connection->keyring_version)
		return true;
	if (!identify(listener, payload, user, code) || strcmp(code, connection->caller->code) != 0)
		return false;
	connection->keyring_version = version;
	return true;
}

/* Whether one more in this second would be too many. */
static bool is_rushed(uint64_t now_ms, uint64_t *since_ms, unsigned *count, unsigned max) {
	if (now_ms - *since_ms >= 1000) {
		*since_ms = now_ms;
		*count = 0;
	}
	return ++*count > max;
}

/* A peer that rushes takes nothing from the others. */
static bool too_many_hellos(struct rpc_server *server, struct caller *caller) {
	uint64_t now_ms = server->now_us / 1000;

	if (caller && *caller->code &&
	    is_rushed(now_ms, &caller->hello_ms, &caller->hellos_since, RPC_HELLOS_PEER_PER_S))
		return true;
	return is_rushed(now_ms, &server->hello_ms, &server->hellos, server->options.hellos_per_s);
}

/* Room for one more: whoever was silent longest and has no call makes it, and comes back. */
static bool make_place(struct rpc_server *server) {
	struct connection *oldest = server->connections.oldest;

	if (server->connections.count < RPC_CONNECTIONS_MAX)
		return true;
	while (oldest && oldest->calls)
		oldest = oldest->newer;
	if (!oldest)
		return false;
	server_forget(server, oldest, GOODBYE__REASON__NOT_INTRODUCED);
	return true;
}

/* The newest connection wins: the older one may be half dead without our knowing. */
static void take_lane(
    struct rpc_server *server, struct connection *connection, const Hello *hello) {
	struct caller *caller = connection->caller;
	struct connection *older = caller->lanes[hello->lane];

	if (older)
		server_forget(server, older, GOODBYE__REASON__REPLACED);
	caller->lanes[hello->lane] = connection;
	if (hello->boot == caller->boots[0])
		return;
	if (hello->boot == caller->boots[1])
		server_audit(server, caller, "boot-alternates", NULL, "two processes call by turns");
	caller->boots[1] = caller->boots[0];
	caller->boots[0] = hello->boot;
}

/* Skew of versions is allowed, and to be seen. */
static void note_program(struct rpc_server *server, struct caller *caller, const Hello *hello) {
	bool other = hello->contract.len != CONTRACT_HASH_SIZE ||
	             memcmp(hello->contract.data, server->contract->hash, CONTRACT_HASH_SIZE) != 0;

	snprintf(caller->program, sizeof(caller->program), "%.*s",
	    (int)text_cut(hello->program, sizeof(caller->program) - 1), hello->program);
	if (other && !caller->other_contract)
		server_audit(server, caller, "other-contract", NULL, caller->program);
	caller->other_contract = other;
}

static void welcome(struct rpc_server *server, struct connection *connection, const Hello *hello) {
	bool peer = *connection->user != '\0';
	Header header = HEADER__INIT;
	Welcome reply = WELCOME__INIT;

	header.kind = HEADER__KIND__HELLO_OK;
	reply.protocol = RPC_PROTOCOL;
	reply.boot = server->options.transport->boot;
	reply.node = (char *)(uintptr_t)server->options.node;
	reply.contract =
	    (ProtobufCBinaryData) { CONTRACT_HASH_SIZE, (uint8_t *)(uintptr_t)server->contract->hash };
	reply.message_max = RPC_PAYLOAD_MAX;
	reply.calls_max = peer ? RPC_CALLS_PEER_MAX : RPC_CALLS_OFFICE_MAX;
	reply.credit = RPC_WINDOW_CONNECTION;
	reply.keepalive_ms = server->options.keepalive_ms;
	reply.silence_ms = server->options.silence_ms;
	reply.time_ms = clock_wall_ms();
	reply.program = (char *)(uintptr_t) "cchc " CCHC_VERSION;
	server_say(server, connection, &header, &reply.base);
	if (peer && hello->time_ms > reply.time_ms && hello->time_ms - reply.time_ms > CLOCK_SKEW_MS)
		server_audit(server, connection->caller, "clock-skew", NULL, "a clock that is fast");
	if (peer && hello->time_ms < reply.time_ms && reply.time_ms - hello->time_ms > CLOCK_SKEW_MS)
		server_audit(server, connection->caller, "clock-skew", NULL, "a clock that is slow");
}

/* Why a dialler is turned away; 0: it is let in. */
static Goodbye__Reason reason_against(struct rpc_server *server, const struct listener *listener,
    const Hello *hello, bool known, const char *code) {
	if (hello->protocol_min > RPC_PROTOCOL || hello->protocol_max < RPC_PROTOCOL)
		return GOODBYE__REASON__PROTOCOL_VERSION;
	if (!known || (listener->keyring &&
	                  (strcmp(code, hello->node) != 0 || hello->lane == LANE__LANE_UNSPECIFIED)))
		return GOODBYE__REASON__NOT_ALLOWED;
	if (hello->credit > RPC_CREDIT_MAX)
		return GOODBYE__REASON__VIOLATION;
	if (server->drained_by_ms)
		return GOODBYE__REASON__STOPPING;
	if (too_many_hellos(server, connections_caller(&server->connections, code)) ||
	    !make_place(server))
		return GOODBYE__REASON__FULL;
	return GOODBYE__REASON__UNSPECIFIED;
}

static void refuse_hello(struct rpc_server *server, const struct listener *listener,
    zmq_msg_t *routing, struct caller *caller, Goodbye__Reason reason) {
	bool full = reason == GOODBYE__REASON__FULL;

	if (reason != GOODBYE__REASON__STOPPING)
		server_audit(server, caller, "hello-refused", NULL,
		    protobuf_c_enum_descriptor_get_value(&goodbye__reason__descriptor, (int)reason)->name);
	server_turn_away(server, listener, routing, reason,
	    full ? RPC_COME_BACK_MS + randombytes_uniform(4 * RPC_COME_BACK_MS) : 0);
}

struct connection *server_introduce(struct rpc_server *server, struct listener *listener,
    struct frames *frames, const uint8_t key[CONNECTION_KEY_SIZE], const struct part *part) {
	/* Before the key is looked up: what is withdrawn meanwhile is seen at the next message. */
	unsigned version = listener->keyring ? rpc_keyring_version(listener->keyring) : 0;
	ProtobufCMessage *unpacked = NULL;
	struct connection *connection;
	char user[RPC_KEY_TEXT_SIZE];
	char code[KEYRING_CODE_SIZE];
	bool known = identify(listener, &frames->payload, user, code);
	const Hello *hello;
	Goodbye__Reason reason = GOODBYE__REASON__VIOLATION;

	if (message_unpack(&hello__descriptor, part->payload, part->header->size, &server->scratch,
	        &unpacked) == MESSAGE_OK)
		reason = reason_against(server, listener, (const Hello *)unpacked, known, code);
	if (reason) {
		server->stats.violations += reason == GOODBYE__REASON__VIOLATION;
		refuse_hello(server, listener, &frames->routing,
		    known ? connections_caller(&server->connections, code) : NULL, reason);
		return NULL;
	}
	hello = (const Hello *)unpacked;
	connection = connections_add(&server->connections, key, code, server->now_us / 1000);
	if (!connection)
		return NULL;
	memcpy(connection->user, user, sizeof(user));
	connection->listener = listener;
	connection->routing_size = (uint8_t)zmq_msg_size(&frames->routing);
	connection->lane = hello->lane;
	connection->keyring_version = version;
	connection->message_max = hello->message_max && hello->message_max < RPC_PAYLOAD_MAX
	                              ? hello->message_max
	                              : RPC_PAYLOAD_MAX;
	flow_init(&connection->flow, FLOW_OF_CONNECTION, server->now_us / 1000);
	if (hello->credit)
		connection->flow.may_send = hello->credit;
	note_program(server, connection->caller, hello);
	if (listener->keyring)
		take_lane(server, connection, hello);
	welcome(server, connection, hello);
	return connection;
}
