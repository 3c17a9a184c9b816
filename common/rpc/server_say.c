/* SPDX-License-Identifier: MIT */
/* What a server says to its connections: it leaves when the loop has looked at all that came. */
#include <string.h>

#include "common/base/log.h"
#include "common/rpc/server_internal.h"

const char *server_name_of(const struct caller *caller) {
	if (!caller)
		return "a stranger";
	return *caller->code ? caller->code : "the office";
}

void server_audit(struct rpc_server *server, struct caller *caller, const char *event,
    const struct rpc_call *call, const char *what) {
	unsigned silent;

	if (!audit_may_write(caller ? &caller->audit : &server->strangers, &silent))
		return;
	log_trace(call ? call->trace.id : NULL);
	log_warn(event, "%s%s%.*s%s%s by %s, %u more since the last line",
	    call ? rpc_status_name(call->status) : "", call ? ": " : "",
	    (int)text_cut(what, RPC_VALUE_MAX), what, call && *call->actor ? " for " : "",
	    call ? call->actor : "", server_name_of(caller), silent);
	log_trace(NULL);
}

static void mark_dirty(struct rpc_server *server, struct connection *connection) {
	if (connection->dirty)
		return;
	connection->dirty = true;
	connection->next_dirty = server->dirty;
	server->dirty = connection;
}

/* What a connection did not take is not offered again at every turn: each try copies a message. */
static bool may_try(const struct rpc_server *server, const struct connection *connection) {
	return !connection->waiting || server->now_us / 1000 >= connection->try_ms;
}

static int flush(struct rpc_server *server, struct connection *connection) {
	int r;

	if (!may_try(server, connection))
		return OUTBOX_WAITS;
	r = outbox_send(&connection->outbox, &server->batches, connection->listener->socket,
	    connection->key + 1, connection->routing_size);

	if (connection->waiting != (r == OUTBOX_WAITS))
		server->waiting += connection->waiting ? (size_t)-1 : 1;
	connection->waiting = r == OUTBOX_WAITS;
	if (r == OUTBOX_EMPTY)
		server->left_ms = server->now_us / 1000;
	connection->try_ms = server->now_us / 1000 + RPC_TRY_AGAIN_MS;
	return r;
}

void server_note_said(struct rpc_server *server, struct connection *connection, int r) {
	if (r < 0 && !connection->lost) {
		/* It takes nothing: what it waits for is kept from all the others. */
		server_audit(server, connection->caller, "outbox-full", NULL, strerror(-r));
		connection->lost = true;
	}
	mark_dirty(server, connection);
	if (outbox_has_full(&connection->outbox) && !connection->waiting && !connection->lost)
		connection->lost = flush(server, connection) == OUTBOX_LOST;
}

void server_say(struct rpc_server *server, struct connection *connection, Header *header,
    const ProtobufCMessage *message) {
	server_note_said(server, connection,
	    message ? outbox_add_message(&connection->outbox, &server->batches, header, message)
	            : outbox_add(&connection->outbox, &server->batches, header, NULL, 0));
}

void server_say_goodbye(
    struct rpc_server *server, struct connection *connection, Goodbye__Reason reason) {
	Header header = HEADER__INIT;
	Goodbye goodbye = GOODBYE__INIT;

	header.kind = HEADER__KIND__GOAWAY;
	goodbye.reason = reason;
	goodbye.last_call = connection->taken;
	server_say(server, connection, &header, &goodbye.base);
}

/* Its calls go on without it: their handlers hear that nobody waits. */
static void cancel_calls(struct rpc_server *server, struct connection *connection) {
	while (connection->calls) {
		struct rpc_call *call = connection->calls;

		atomic_store(&call->own->cancelled, true);
		server_leave_connection(server, call);
		pthread_mutex_lock(&server->lock);
		pthread_cond_signal(&call->own->changed);
		pthread_mutex_unlock(&server->lock);
	}
}

void server_forget(
    struct rpc_server *server, struct connection *connection, Goodbye__Reason reason) {
	struct connection **link = &server->dirty;

	cancel_calls(server, connection);
	if (reason)
		server_say_goodbye(server, connection, reason);
	if (reason)
		(void)flush(server, connection);
	outbox_empty(&connection->outbox, &server->batches);
	server->waiting -= connection->waiting ? 1 : 0;
	while (connection->dirty && *link != connection)
		link = &(*link)->next_dirty;
	if (connection->dirty)
		*link = connection->next_dirty;
	connections_remove(&server->connections, connection);
}

bool server_flush(struct rpc_server *server) {
	struct connection *dirty = server->dirty;
	bool any = false;

	server->dirty = NULL;
	while (dirty) {
		struct connection *connection = dirty;
		int r = connection->lost ? OUTBOX_LOST : flush(server, connection);

		dirty = connection->next_dirty;
		connection->dirty = false;
		any = any || r == OUTBOX_EMPTY;
		if (r == OUTBOX_WAITS)
			mark_dirty(server, connection);
		else if (r != OUTBOX_EMPTY)
			server_forget(server, connection, GOODBYE__REASON__UNSPECIFIED);
	}
	return any;
}

/* Who was silent for longer than was agreed is gone, whatever its line says. */
void server_sweep(struct rpc_server *server) {
	uint64_t now_ms = server->now_us / 1000;
	struct connection *oldest;

	if (now_ms - server->swept_ms < RPC_SWEEP_MS)
		return;
	server->swept_ms = now_ms;
	while ((oldest = server->connections.oldest) &&
	       now_ms - oldest->heard_ms > server->options.silence_ms)
		server_forget(server, oldest, GOODBYE__REASON__UNSPECIFIED);
}
