/* SPDX-License-Identifier: MIT */
#include "tests/unit/rpc/tiny.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/message.h"

enum { PATIENCE_S = 10, SERVED_PATIENCE_S = 60 };

static void change(struct tiny *tiny, atomic_uint *counter, int by) {
	pthread_mutex_lock(&tiny->lock);
	atomic_fetch_add(counter, (unsigned)by);
	pthread_cond_broadcast(&tiny->counted);
	pthread_mutex_unlock(&tiny->lock);
}

/* Wait until the counter is at least `least` and at most `most`. */
static void wait_for(
    struct tiny *tiny, atomic_uint *counter, unsigned least, unsigned most, unsigned patience_s) {
	struct timespec until;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += patience_s;
	pthread_mutex_lock(&tiny->lock);
	while (r == 0 && (atomic_load(counter) < least || atomic_load(counter) > most))
		r = pthread_cond_timedwait(&tiny->counted, &tiny->lock, &until);
	pthread_mutex_unlock(&tiny->lock);
	assert_int_equal(r, 0);
}

static Mark *mark_of(struct rpc_call *call, const char *origin, uint64_t sequence) {
	Mark *mark = (Mark *)message_new(&mark__descriptor, &call->arena);

	if (!mark)
		return NULL;
	mark->origin = arena_copy_text(&call->arena, origin, strlen(origin));
	mark->sequence = sequence;
	return mark->origin ? mark : NULL;
}

static void fill_marks(struct tiny *tiny, struct rpc_call *call) {
	const char *service = ((const MarksRequest *)call->request)->service;
	MarksReply *reply = (MarksReply *)call->reply;

	reply->marks = arena_alloc(&call->arena, 2 * sizeof(Mark *));
	reply->marks[0] = mark_of(call, service, atomic_load(&tiny->served));
	reply->marks[1] = mark_of(call, call->peer ? call->peer : "", 0);
	reply->n_marks = 2;
	/* A long question is answered with twice its length, beyond the limit of a payload. */
	if (strlen(service) > RPC_PAYLOAD_MAX / 2 && call->peer == NULL)
		reply->marks[1]->origin = reply->marks[0]->origin;
}

static void answer(struct tiny *tiny, struct rpc_call *call) {
	change(tiny, &tiny->served, 1);
	if (tiny->fill)
		tiny->fill(call);
	else if (call->method->reply == &marks_reply__descriptor)
		fill_marks(tiny, call);
	else if (call->method->reply == &apply_events_reply__descriptor)
		((ApplyEventsReply *)call->reply)->held = call->key ? call->key[0] : 0;
	else if (call->method->reply == &line_chunk__descriptor)
		call->reply = call->request;
	else if (call->method->reply == &node_state__descriptor)
		((NodeState *)call->reply)->node = (char *)(uintptr_t)call->actor;
	rpc_server_answer(tiny->server, call);
}

static int upload(struct tiny *tiny, struct rpc_call *call, struct arena *arena) {
	LineReceipt *receipt = (LineReceipt *)call->reply;
	ProtobufCMessage *chunk;
	int r;

	while ((r = rpc_call_receive(call, arena, &chunk)) == 0) {
		receipt->chunks++;
		receipt->bytes += ((const LineChunk *)chunk)->body.len;
		change(tiny, &tiny->streamed, 1);
		arena_reset(arena);
		if (tiny->pace_ms)
			rpc_call_wait(call, tiny->pace_ms);
	}
	return r;
}

/* Each chunk begins with its number; 0 bytes: as large as is advised. */
static int download(struct tiny *tiny, struct rpc_call *call, struct arena *arena) {
	const LineOrder *order = (const LineOrder *)call->request;
	LineChunk chunk = LINE_CHUNK__INIT;
	int r = 0;

	chunk.body.data = arena_alloc(arena, RPC_PAYLOAD_MAX);
	for (uint32_t i = 0; i < order->chunks && r == 0; i++) {
		chunk.body.len = order->chunk_bytes ? order->chunk_bytes : rpc_call_chunk_size(call);
		memcpy(chunk.body.data, &i, sizeof(i));
		r = rpc_call_send(call, &chunk.base);
		if (r == 0)
			change(tiny, &tiny->streamed, 1);
	}
	return r;
}

static int converse(struct tiny *tiny, struct rpc_call *call, struct arena *arena) {
	ProtobufCMessage *chunk;
	int r;

	while ((r = rpc_call_receive(call, arena, &chunk)) == 0) {
		r = rpc_call_send(call, chunk);
		if (r)
			return r;
		change(tiny, &tiny->streamed, 1);
		arena_reset(arena);
	}
	return r;
}

struct stream {
	struct tiny *tiny;
	struct rpc_call *call;
};

static void *serve_stream(void *context) {
	struct stream *stream = context;
	struct tiny *tiny = stream->tiny;
	struct rpc_call *call = stream->call;
	struct arena arena;
	int r;

	arena_init(&arena, 8 << 20);
	r = !call->method->streams_replies    ? upload(tiny, call, &arena)
	    : !call->method->streams_requests ? download(tiny, call, &arena)
	                                      : converse(tiny, call, &arena);
	if (r > 0 && r != RPC_CALL_END)
		change(tiny, &tiny->cut_short, 1);
	rpc_server_answer(tiny->server, call);
	arena_deinit(&arena);
	free(stream);
	change(tiny, &tiny->streams, -1);
	return NULL;
}

static void start_stream(struct tiny *tiny, struct rpc_call *call) {
	struct stream *stream = malloc(sizeof(*stream));
	pthread_t thread;

	*stream = (struct stream) { tiny, call };
	change(tiny, &tiny->streams, 1);
	pthread_create(&thread, NULL, serve_stream, stream);
	pthread_detach(thread);
}

/* For a while, as a server that has too much to do. */
static bool refuses(struct tiny *tiny, struct rpc_call *call) {
	unsigned left = atomic_load(&tiny->refused);

	if (!left)
		return false;
	atomic_store(&tiny->refused, left - 1);
	rpc_call_refuse(call, (enum rpc_status)atomic_load(&tiny->refuse_as), FAULT__REASON__OVERLOADED,
	    NULL, NULL);
	call->retry_after_ms = atomic_load(&tiny->come_back_ms);
	rpc_server_answer(tiny->server, call);
	return true;
}

static void hand_over(struct tiny *tiny, struct rpc_call *call) {
	pthread_mutex_lock(&tiny->lock);
	call->next = tiny->handed;
	tiny->handed = call;
	pthread_cond_signal(&tiny->handed_over);
	pthread_mutex_unlock(&tiny->lock);
}

static void *work_by_hand(void *context) {
	struct tiny *tiny = context;

	pthread_mutex_lock(&tiny->lock);
	for (;;) {
		struct rpc_call *call = tiny->handed;

		if (call) {
			tiny->handed = call->next;
			pthread_mutex_unlock(&tiny->lock);
			answer(tiny, call);
			pthread_mutex_lock(&tiny->lock);
			continue;
		}
		if (atomic_load(&tiny->stopping))
			break;
		pthread_cond_wait(&tiny->handed_over, &tiny->lock);
	}
	pthread_mutex_unlock(&tiny->lock);
	return NULL;
}

static bool tells_statistics(struct tiny *tiny, struct rpc_call *call) {
	if (call->method->reply != &node_statistics__descriptor)
		return false;
	(void)rpc_server_statistics(tiny->server, &call->arena, (NodeStatistics *)call->reply);
	rpc_server_answer(tiny->server, call);
	return true;
}

static void dispatch(void *context, struct rpc_call *call) {
	struct tiny *tiny = context;

	if (tells_statistics(tiny, call))
		return;
	atomic_store(&tiny->last_deadline_ms, (unsigned)(call->deadline_ms - clock_monotonic_ms()));
	if (refuses(tiny, call))
		return;
	if (call->method->streams_requests || call->method->streams_replies) {
		start_stream(tiny, call);
		return;
	}
	switch (atomic_load(&tiny->manner)) {
	case TINY_HANDS: hand_over(tiny, call); break;
	case TINY_KEEPS:
		call->next = tiny->kept;
		tiny->kept = call;
		change(tiny, &tiny->kept_count, 1);
		break;
	default: answer(tiny, call); break;
	}
}

static void on_wish(void *context) {
	struct tiny *tiny = context;
	uint64_t count;

	(void)!read(tiny->wish, &count, sizeof(count));
	while (atomic_load(&tiny->manner) != TINY_KEEPS && tiny->kept) {
		struct rpc_call *call = tiny->kept;

		tiny->kept = call->next;
		answer(tiny, call);
		change(tiny, &tiny->kept_count, -1);
	}
	if (atomic_load(&tiny->stopping) || atomic_load(&tiny->leaving)) {
		rpc_server_stop(tiny->server);
		change(tiny, &tiny->drains, 1);
	}
}

static void *loop(void *context) {
	struct tiny *tiny = context;

	tiny->result = rpc_server_run(tiny->server);
	return NULL;
}

static void wake(struct tiny *tiny) {
	uint64_t one = 1;

	(void)!write(tiny->wish, &one, sizeof(one));
}

struct tiny *tiny_start(const char *endpoint) {
	return tiny_start_with(endpoint, &(struct tiny_settings) { .identity = NULL });
}

struct tiny *tiny_start_with(const char *endpoint, const struct tiny_settings *settings) {
	struct tiny *tiny = calloc(1, sizeof(*tiny));
	struct rpc_server_options options = {
		.dispatch = dispatch,
		.context = tiny,
		.node = TINY_NODE,
		.identity = &tiny->identity,
		.keepalive_ms = settings->keepalive_ms,
		.silence_ms = settings->silence_ms,
		.hellos_per_s = settings->hellos_per_s,
	};
	pthread_condattr_t monotonic;

	assert_non_null(tiny);
	pthread_mutex_init(&tiny->lock, NULL);
	pthread_cond_init(&tiny->handed_over, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&tiny->counted, &monotonic);
	pthread_condattr_destroy(&monotonic);
	tiny->wish = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	tiny->keyring = rpc_keyring_new();
	assert_non_null(tiny->keyring);
	assert_return_code(rpc_transport_open(&office_contract, &tiny->transport), 0);
	tiny->pace_ms = settings->pace_ms;
	if (settings->identity)
		tiny->identity = *settings->identity;
	else
		assert_return_code(rpc_identity_make(&tiny->identity), 0);
	options.transport = tiny->transport;
	assert_return_code(rpc_server_open(&options, &tiny->server), 0);
	assert_return_code(rpc_server_watch(tiny->server, tiny->wish, on_wish, tiny), 0);
	if (strncmp(endpoint, "tcp:", 4) == 0)
		assert_return_code(
		    rpc_server_listen_peers(tiny->server, endpoint, &tiny->identity, tiny->keyring), 0);
	else
		assert_return_code(rpc_server_listen_office(tiny->server, endpoint), 0);
	assert_int_equal(pthread_create(&tiny->loop, NULL, loop, tiny), 0);
	assert_int_equal(pthread_create(&tiny->hand, NULL, work_by_hand, tiny), 0);
	return tiny;
}

void tiny_stopp(struct tiny **stopped) {
	struct tiny *tiny = *stopped;

	if (!tiny)
		return;
	pthread_mutex_lock(&tiny->lock);
	atomic_store(&tiny->stopping, true);
	pthread_cond_signal(&tiny->handed_over);
	pthread_mutex_unlock(&tiny->lock);
	wake(tiny);
	pthread_join(tiny->loop, NULL);
	pthread_join(tiny->hand, NULL);
	assert_return_code(tiny->result, 0);
	tiny_wait_no_stream(tiny);
	rpc_server_close(tiny->server);
	rpc_transport_close(tiny->transport);
	rpc_keyring_free(tiny->keyring);
	file_descriptor_close(&tiny->wish);
	pthread_cond_destroy(&tiny->counted);
	pthread_cond_destroy(&tiny->handed_over);
	pthread_mutex_destroy(&tiny->lock);
	free(tiny);
	*stopped = NULL;
}

void tiny_leave(struct tiny *tiny) {
	atomic_store(&tiny->leaving, true);
	wake(tiny);
	wait_for(tiny, &tiny->drains, 1, UINT32_MAX, PATIENCE_S);
}

void tiny_behave(struct tiny *tiny, enum tiny_manner manner) {
	atomic_store(&tiny->manner, manner);
	wake(tiny);
}

void tiny_wait_kept(struct tiny *tiny, unsigned least) {
	wait_for(tiny, &tiny->kept_count, least, UINT32_MAX, PATIENCE_S);
}

void tiny_wait_answered(struct tiny *tiny) {
	wait_for(tiny, &tiny->kept_count, 0, 0, PATIENCE_S);
}

void tiny_wait_streamed(struct tiny *tiny, unsigned least) {
	wait_for(tiny, &tiny->streamed, least, UINT32_MAX, PATIENCE_S);
}

void tiny_wait_no_stream(struct tiny *tiny) {
	wait_for(tiny, &tiny->streams, 0, 0, PATIENCE_S);
}

void tiny_wait_cut_short(struct tiny *tiny, unsigned least) {
	wait_for(tiny, &tiny->cut_short, least, UINT32_MAX, PATIENCE_S);
}

void tiny_wait_served(struct tiny *tiny, unsigned least) {
	wait_for(tiny, &tiny->served, least, UINT32_MAX, SERVED_PATIENCE_S);
}

static struct rpc_keyring_entry entry_of(const char *code, const struct rpc_identity *identity) {
	struct rpc_keyring_entry entry = { .code = "" };

	snprintf(entry.code, sizeof(entry.code), "%s", code);
	rpc_key_decode(identity->public_key, entry.key);
	return entry;
}

void tiny_let_in(struct tiny *tiny, const char *code, const struct rpc_identity *identity) {
	struct rpc_keyring_entry entry = entry_of(code, identity);

	assert_return_code(rpc_keyring_replace(tiny->keyring, &entry, 1), 0);
}

void tiny_let_in_two(struct tiny *tiny, const char *code, const struct rpc_identity *identity,
    const char *other_code, const struct rpc_identity *other) {
	struct rpc_keyring_entry entries[] = { entry_of(code, identity), entry_of(other_code, other) };

	assert_return_code(rpc_keyring_replace(tiny->keyring, entries, 2), 0);
}

void tiny_let_nobody_in(struct tiny *tiny) {
	assert_return_code(rpc_keyring_replace(tiny->keyring, NULL, 0), 0);
}

char *tiny_free_endpoint(char endpoint[TINY_ENDPOINT_SIZE]) {
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	AUTO(file_descriptor_close) int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_return_code(bind(probe, (struct sockaddr *)&address, size), 0);
	assert_return_code(getsockname(probe, (struct sockaddr *)&address, &size), 0);
	snprintf(endpoint, TINY_ENDPOINT_SIZE, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
	return endpoint;
}

struct rpc_client *tiny_client(struct rpc_transport *transport, const char *endpoint) {
	struct rpc_client_options options = { .transport = transport, .endpoint = endpoint };
	struct rpc_client *client = NULL;

	assert_return_code(rpc_client_open(&options, &client), 0);
	return client;
}

struct rpc_client *tiny_peer(struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const struct tiny *server) {
	return tiny_peer_on(LANE__LANE_CONTROL, transport, endpoint, identity, server);
}

struct rpc_client *tiny_peer_on(Lane lane, struct rpc_transport *transport, const char *endpoint,
    const struct rpc_identity *identity, const struct tiny *server) {
	char code[KEYRING_CODE_SIZE] = TINY_STRANGER;
	uint8_t key[KEYRING_KEY_SIZE];
	struct rpc_client_options options = {
		.transport = transport,
		.endpoint = endpoint,
		.identity = identity,
		.server_key = server->identity.public_key,
		.node = code,
		.lane = lane,
	};
	struct rpc_client *client = NULL;

	rpc_key_decode(identity->public_key, key);
	(void)rpc_keyring_find(server->keyring, key, code);
	assert_return_code(rpc_client_open(&options, &client), 0);
	return client;
}

struct rpc_request tiny_ask(MarksRequest *message, const char *method, uint32_t deadline_ms) {
	return (struct rpc_request) {
		.method = method,
		.message = &message->base,
		.deadline_ms = deadline_ms,
	};
}
