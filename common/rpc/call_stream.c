/* SPDX-License-Identifier: MIT */
/* The handler's end of a stream. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/rpc/call_internal.h"

struct chunk *chunk_new(size_t size) {
	struct chunk *chunk = malloc(sizeof(*chunk) + size + 1);

	if (!chunk)
		return NULL;
	chunk->next = NULL;
	chunk->size = size;
	return chunk;
}

void chunks_add(struct chunks *chunks, struct chunk *chunk) {
	if (chunks->last)
		chunks->last->next = chunk;
	else
		chunks->first = chunk;
	chunks->last = chunk;
}

struct chunk *chunks_take(struct chunks *chunks) {
	struct chunk *chunk = chunks->first;

	if (!chunk)
		return NULL;
	chunks->first = chunk->next;
	if (!chunks->first)
		chunks->last = NULL;
	return chunk;
}

void chunks_free(struct chunks *chunks) {
	for (struct chunk *chunk; (chunk = chunks_take(chunks)) != NULL;)
		free(chunk);
}

/* With the lock held. */
static void wait_until(struct rpc_call *call, uint64_t until_ms) {
	struct timespec until = {
		.tv_sec = (time_t)(until_ms / 1000),
		.tv_nsec = (long)(until_ms % 1000) * 1000000,
	};

	pthread_cond_timedwait(&call->own->changed, server_lock(call->own->server), &until);
}

int rpc_call_receive(struct rpc_call *call, struct arena *arena, ProtobufCMessage **ret_message) {
	struct rpc_call_private *own = call->own;
	pthread_mutex_t *lock = server_lock(own->server);
	struct chunk *chunk = NULL;
	int answer = 0;

	pthread_mutex_lock(lock);
	while (!(chunk = chunks_take(&own->arrived)) && !own->arrived_all && !rpc_call_is_over(call))
		wait_until(call, call->deadline_ms + 1);
	if (chunk) {
		own->grant += flow_taken(&own->flow, chunk->size, clock_monotonic_ms());
		server_post(call);
	} else
		answer = own->arrived_all ? RPC_CALL_END : RPC_CANCELLED;
	pthread_mutex_unlock(lock);
	if (answer)
		return answer == RPC_CALL_END ? answer : rpc_call_refuse_over(call);
	switch (message_unpack(call->method->request, chunk->bytes, chunk->size, arena, ret_message)) {
	case MESSAGE_OK: break;
	case MESSAGE_TOO_LARGE:
		answer = rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE, call->method->name, NULL);
		break;
	default:
		answer = rpc_call_refuse(call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED,
		    call->method->request->short_name, NULL);
		break;
	}
	free(chunk);
	return answer;
}

static bool may_send(const struct rpc_call_private *own) {
	return own->flow.may_send > 0 && own->connection && own->connection->flow.may_send > 0;
}

int rpc_call_send(struct rpc_call *call, const ProtobufCMessage *message) {
	struct rpc_call_private *own = call->own;
	pthread_mutex_t *lock = server_lock(own->server);
	size_t size = protobuf_c_message_get_packed_size(message);
	struct chunk *chunk;
	bool over;

	if (size > own->message_max)
		return rpc_call_refuse(
		    call, RPC_RESOURCE_EXHAUSTED, FAULT__REASON__TOO_LARGE, call->method->name, NULL);
	chunk = chunk_new(size);
	if (!chunk)
		return failed_here(-ENOMEM);
	protobuf_c_message_pack(message, chunk->bytes);
	pthread_mutex_lock(lock);
	while (!may_send(own) && !rpc_call_is_over(call))
		wait_until(call, call->deadline_ms + 1);
	over = !may_send(own) || rpc_call_is_over(call);
	if (!over) {
		flow_sent(&own->flow, size);
		flow_sent(&own->connection->flow, size);
		chunks_add(&own->leaving, chunk);
		server_post(call);
	}
	pthread_mutex_unlock(lock);
	if (!over)
		return 0;
	free(chunk);
	return rpc_call_refuse_over(call);
}

bool rpc_call_has_room(struct rpc_call *call) {
	pthread_mutex_t *lock = server_lock(call->own->server);
	bool room;

	pthread_mutex_lock(lock);
	room = may_send(call->own);
	pthread_mutex_unlock(lock);
	return room;
}

size_t rpc_call_chunk_size(struct rpc_call *call) {
	pthread_mutex_t *lock = server_lock(call->own->server);
	size_t size;

	pthread_mutex_lock(lock);
	size = flow_chunk(&call->own->flow);
	pthread_mutex_unlock(lock);
	return size;
}

void rpc_call_wait(struct rpc_call *call, unsigned wait_ms) {
	pthread_mutex_t *lock = server_lock(call->own->server);
	uint64_t until_ms = clock_monotonic_ms() + wait_ms;

	pthread_mutex_lock(lock);
	while (!rpc_call_is_over(call) && clock_monotonic_ms() < until_ms)
		wait_until(call, until_ms < call->deadline_ms ? until_ms : call->deadline_ms + 1);
	pthread_mutex_unlock(lock);
}
