/* SPDX-License-Identifier: MIT */
#include "common/rpc/connections.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"

struct connection *connections_find(
    struct connections *connections, const uint8_t key[CONNECTION_KEY_SIZE]) {
	struct connection *found;

	HASH_FIND(hh, connections->by_key, key, CONNECTION_KEY_SIZE, found);
	return found;
}

struct caller *connections_caller(struct connections *connections, const char *code) {
	struct caller *caller;

	HASH_FIND_STR(connections->callers, code, caller);
	return caller;
}

static struct caller *take_caller(struct connections *connections, const char *code) {
	struct caller *caller = connections_caller(connections, code);

	if (caller)
		return caller;
	caller = calloc(1, sizeof(*caller));
	if (!caller)
		return NULL;
	snprintf(caller->code, sizeof(caller->code), "%s", code);
	HASH_ADD_STR(connections->callers, code, caller);
	return caller;
}

static void unlink_from_line(struct connections *connections, struct connection *connection) {
	if (connection->older)
		connection->older->newer = connection->newer;
	else
		connections->oldest = connection->newer;
	if (connection->newer)
		connection->newer->older = connection->older;
	else
		connections->newest = connection->older;
}

static void link_as_newest(struct connections *connections, struct connection *connection) {
	connection->older = connections->newest;
	connection->newer = NULL;
	if (connections->newest)
		connections->newest->newer = connection;
	else
		connections->oldest = connection;
	connections->newest = connection;
}

struct connection *connections_add(struct connections *connections,
    const uint8_t key[CONNECTION_KEY_SIZE], const char *code, uint64_t now_ms) {
	struct connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->caller = take_caller(connections, code);
	if (!connection->caller) {
		free(connection);
		return NULL;
	}
	memcpy(connection->key, key, sizeof(connection->key));
	connection->heard_ms = now_ms;
	connection->caller->connections++;
	connection->caller->hellos++;
	connection->caller->last_heard_ms = clock_wall_ms();
	connections->count++;
	link_as_newest(connections, connection);
	HASH_ADD(hh, connections->by_key, key, CONNECTION_KEY_SIZE, connection);
	return connection;
}

void connections_remove(struct connections *connections, struct connection *connection) {
	struct caller *caller = connection->caller;

	for (size_t i = 0; i < sizeof(caller->lanes) / sizeof(caller->lanes[0]); i++)
		if (caller->lanes[i] == connection)
			caller->lanes[i] = NULL;
	caller->connections--;
	connections->count--;
	unlink_from_line(connections, connection);
	HASH_DEL(connections->by_key, connection);
	free(connection);
}

void connections_heard(
    struct connections *connections, struct connection *connection, uint64_t now_ms) {
	if (connection->heard_ms != now_ms)
		connection->caller->last_heard_ms = clock_wall_ms();
	connection->heard_ms = now_ms;
	if (connection == connections->newest)
		return;
	unlink_from_line(connections, connection);
	link_as_newest(connections, connection);
}

void connections_deinit(struct connections *connections) {
	struct caller *caller;
	struct caller *next;

	HASH_ITER(hh, connections->callers, caller, next) {
		HASH_DEL(connections->callers, caller);
		free(caller);
	}
}
