/* SPDX-License-Identifier: MIT */
/*
 * Hunt: a reviewer's tests. Each says what should be and FAILS while the fault it names is there.
 * `test_hunt NAME` runs those whose name has NAME in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "cchc/documents.pb-c.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/message.h"
#include "common/rpc/client_internal.h"
#include "common/rpc/server_internal.h"
#include "tests/harness/folder.h"
#include "tests/unit/rpc/tiny.h"
#include "tests/unit/rpc/wire.h"

#define COMMUNE "H51.15.61"
#define OTHER   "H51.15.62"

enum { CHUNK = 4096 };

static void sleep_ms(unsigned ms) {
	usleep(ms * 1000);
}

/* A tiny server over ipc and a client of it. */
struct scene {
	struct folder folder;
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server;
	struct rpc_transport *transport;
	struct rpc_client *client;
	struct arena arena;
	void *context;
};

static void scene_open_with(struct scene *scene, const struct tiny_settings *settings) {
	scene->folder = folder_new();
	snprintf(scene->endpoint, sizeof(scene->endpoint), "ipc://%s/tiny", scene->folder.path);
	scene->server = settings ? tiny_start_with(scene->endpoint, settings) : NULL;
	assert_return_code(rpc_transport_open(&office_contract, &scene->transport), 0);
	scene->client = tiny_client(scene->transport, scene->endpoint);
	arena_init(&scene->arena, (size_t)256 << 20);
	scene->context = zmq_ctx_new();
}

static void scene_close(struct scene *scene) {
	arena_deinit(&scene->arena);
	rpc_client_closep(&scene->client);
	rpc_transport_closep(&scene->transport);
	zmq_ctx_term(scene->context);
	tiny_stopp(&scene->server);
	folder_remove(&scene->folder);
}

#define SCENE(name)                                                                                \
	AUTO(scene_close) struct scene name;                                                           \
	scene_open_with(&name, &(struct tiny_settings) { 0, 0 })

/* The client goes on for a while, as if its thread waited for something. */
static void pump(struct rpc_client *client, unsigned ms) {
	uint64_t until = clock_monotonic_ms() + ms;

	while (clock_monotonic_ms() < until)
		assert_return_code(client_wait(client, until), 0);
}

static uint64_t begin(struct rpc_client *client, const char *method, uint32_t ms) {
	MarksRequest message = MARKS_REQUEST__INIT;
	struct rpc_request request = { .method = method, .deadline_ms = ms };
	uint64_t ticket;

	message.service = (char *)(uintptr_t) "dossiers";
	if (strncmp(method, "Line/", 5) != 0)
		request.message = &message.base;
	assert_return_code(rpc_client_begin(client, &request, &ticket), 0);
	return ticket;
}

static struct rpc_reply end(struct scene *scene, uint64_t ticket) {
	struct rpc_reply reply;

	assert_return_code(rpc_client_end(scene->client, ticket, &scene->arena, &reply), 0);
	return reply;
}

static enum rpc_status call(struct scene *scene, const char *method, uint32_t ms) {
	return end(scene, begin(scene->client, method, ms)).status;
}

static uint64_t order(struct scene *scene, uint32_t chunks, uint32_t chunk_bytes, uint32_t ms) {
	LineOrder message = LINE_ORDER__INIT;
	struct rpc_request request = {
		.method = "Line/Download",
		.message = &message.base,
		.deadline_ms = ms,
	};
	uint64_t ticket;

	message.chunks = chunks;
	message.chunk_bytes = chunk_bytes;
	assert_return_code(rpc_client_begin(scene->client, &request, &ticket), 0);
	return ticket;
}

static int send_number(struct scene *scene, uint64_t ticket, uint32_t number, size_t size) {
	static uint8_t bytes[RPC_PAYLOAD_MAX];
	LineChunk chunk = LINE_CHUNK__INIT;

	memcpy(bytes, &number, sizeof(number));
	chunk.body = (ProtobufCBinaryData) { size, bytes };
	return rpc_client_send(scene->client, ticket, &chunk.base);
}

static int receive_number(struct scene *scene, uint64_t ticket, uint32_t *ret_number) {
	ProtobufCMessage *chunk;
	int r;

	arena_reset(&scene->arena);
	r = rpc_client_receive(scene->client, ticket, &scene->arena, &chunk);
	if (r == 0)
		memcpy(ret_number, ((const LineChunk *)chunk)->body.data, sizeof(*ret_number));
	return r;
}

static void refuse(struct scene *scene, unsigned times, enum rpc_status status) {
	atomic_store(&scene->server->refuse_as, status);
	atomic_store(&scene->server->come_back_ms, 0);
	atomic_store(&scene->server->refused, times);
}

/* Somebody who keeps to no rules. */
static void *raw(void *context, const char *endpoint) {
	static const int no_linger = 0;
	static const int patience_ms = 5000;
	void *socket = zmq_socket(context, ZMQ_DEALER);

	zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	zmq_setsockopt(socket, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms));
	assert_return_code(zmq_connect(socket, endpoint), 0);
	return socket;
}

static bool says_anything(void *socket, int ms) {
	zmq_pollitem_t item = { .socket = socket, .events = ZMQ_POLLIN };

	return zmq_poll(&item, 1, ms) > 0;
}

/* A server that a test is. */
struct fake {
	void *socket;
	uint8_t routing[255];
	int routing_size;
	const Headers *said;
	size_t next;
};

static void fake_open(struct fake *fake, struct scene *scene) {
	static const int no_linger = 0;

	*fake = (struct fake) { .socket = zmq_socket(scene->context, ZMQ_ROUTER) };
	zmq_setsockopt(fake->socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	while (zmq_bind(fake->socket, scene->endpoint) < 0)
		sleep_ms(5);
}

/* What is said next, or null. */
static const Header *fake_pull(struct fake *fake, struct scene *scene, unsigned ms) {
	uint64_t until = clock_monotonic_ms() + ms;

	while (!fake->said || fake->next == fake->said->n_headers) {
		int size;

		pump(scene->client, 5);
		size = zmq_recv(fake->socket, fake->routing, sizeof(fake->routing), ZMQ_DONTWAIT);
		if (size >= 0) {
			fake->routing_size = size;
			fake->said = wire_pull(fake->socket, &scene->arena, NULL, NULL);
			fake->next = 0;
		} else if (clock_monotonic_ms() > until)
			return NULL;
	}
	return fake->said->headers[fake->next++];
}

static void fake_say(
    struct fake *fake, Header__Kind kind, uint64_t number, uint32_t status, const void *payload,
    size_t size) {
	Header header = HEADER__INIT;

	header.kind = kind;
	header.call = number;
	header.status = status;
	zmq_send(fake->socket, fake->routing, (size_t)fake->routing_size, ZMQ_SNDMORE);
	wire_push(fake->socket, &header, payload, size);
}

static void fake_welcome(struct fake *fake, struct scene *scene, uint32_t keepalive_ms) {
	uint8_t bytes[256];
	Welcome welcome = WELCOME__INIT;
	const Header *hello = fake_pull(fake, scene, 3000);

	assert_non_null(hello);
	assert_int_equal(hello->kind, HEADER__KIND__HELLO);
	welcome.protocol = 1;
	welcome.message_max = RPC_PAYLOAD_MAX;
	welcome.calls_max = 64;
	welcome.credit = RPC_WINDOW_CONNECTION;
	welcome.keepalive_ms = keepalive_ms;
	welcome.silence_ms = 3 * keepalive_ms;
	fake_say(fake, HEADER__KIND__HELLO_OK, 0, 0, bytes, welcome__pack(&welcome, bytes));
	pump(scene->client, 30);
}

static void fake_goodbye(struct fake *fake, Goodbye__Reason reason) {
	uint8_t bytes[64];
	Goodbye goodbye = GOODBYE__INIT;

	goodbye.reason = reason;
	fake_say(fake, HEADER__KIND__GOAWAY, 0, 0, bytes, goodbye__pack(&goodbye, bytes));
}

/* --- the tests --- */

/* accept.c: a REQUEST that crossed our GOAWAY is passed over and `highest` stays; what follows of the
 * same call is then taken for a violation, and all calls in hand of the connection are thrown away. */
static void drain_what_crosses_the_goodbye_is_no_violation(void **state) {
	SCENE(scene);
	void *socket = raw(scene.context, scene.endpoint);
	Header first = wire_request(1, "Node/State");
	Header late = wire_request(3, "Line/Upload");
	Header word = HEADER__INIT;
	bool spoke;

	(void)state;
	tiny_behave(scene.server, TINY_KEEPS);
	wire_push_hello(socket, "", LANE__LANE_UNSPECIFIED);
	wire_push(socket, &first, "", 0);
	tiny_wait_kept(scene.server, 1);
	tiny_leave(scene.server);
	assert_int_equal(
	    wire_pull(socket, &scene.arena, NULL, NULL)->headers[0]->kind, HEADER__KIND__HELLO_OK);
	assert_int_equal(
	    wire_pull(socket, &scene.arena, NULL, NULL)->headers[0]->kind, HEADER__KIND__GOAWAY);
	wire_push(socket, &late, "", 0);
	word.kind = HEADER__KIND__HALF_CLOSE;
	word.call = 3;
	wire_push(socket, &word, "", 0);
	spoke = says_anything(socket, 500);
	tiny_behave(scene.server, TINY_ANSWERS);
	zmq_close(socket);
	assert_false(spoke);
}

/* The same with our own client: the call in hand is lost, and the client is dead for ever. */
static void drain_a_stream_begun_meanwhile_does_not_kill_the_client(void **state) {
	SCENE(scene);
	uint64_t answered;
	uint64_t kept;
	uint64_t stream;

	(void)state;
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	answered = begin(scene.client, "Replica/Marks", 0);
	pump(scene.client, 100); /* its reply is here and not taken */
	tiny_behave(scene.server, TINY_KEEPS);
	kept = begin(scene.client, "Exchange/Marks", 20000);
	pump(scene.client, 100);
	tiny_wait_kept(scene.server, 1);
	tiny_leave(scene.server);
	sleep_ms(200);
	stream = begin(scene.client, "Line/Upload", 5000);
	assert_int_equal(send_number(&scene, stream, 0, CHUNK), 0);
	sleep_ms(200);
	tiny_behave(scene.server, TINY_ANSWERS);
	tiny_wait_answered(scene.server);
	assert_int_equal(end(&scene, answered).status, RPC_OK);
	{
		enum rpc_status in_hand = end(&scene, kept).status;
		enum rpc_status later;

		rpc_client_cancel(scene.client, stream);
		tiny_stopp(&scene.server);
		scene.server = tiny_start(scene.endpoint);
		later = call(&scene, "Replica/Marks", 3000);
		print_message("in hand: %s, after the restart: %s\n", rpc_status_name(in_hand),
		    rpc_status_name(later));
		assert_int_equal(in_hand, RPC_OK);
		assert_int_equal(later, RPC_OK);
	}
}

/* client_link.c take_goodbye: a stream is sent again without the DATA that went before. */
static void stream_made_again_after_a_goodbye_loses_no_message(void **state) {
	AUTO(scene_close) struct scene scene;
	struct fake fake;
	const Header *header;
	uint64_t ticket;
	unsigned chunks = 0;
	bool repeated = false;
	int r = 0;

	(void)state;
	scene_open_with(&scene, NULL);
	fake_open(&fake, &scene);
	fake_welcome(&fake, &scene, 20000);
	ticket = begin(scene.client, "Line/Upload", 20000);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(send_number(&scene, ticket, i, 100), 0);
	pump(scene.client, 50);
	/* It stops and has not looked at the call; that is told as the protocol says. */
	fake_goodbye(&fake, GOODBYE__REASON__STOPPING);
	pump(scene.client, 50);
	zmq_close(fake.socket);
	pump(scene.client, 100);
	fake_open(&fake, &scene);
	fake_welcome(&fake, &scene, 20000);
	for (uint32_t i = 3; i < 6 && r == 0; i++)
		r = send_number(&scene, ticket, i, 100);
	if (r == 0)
		(void)rpc_client_half_close(scene.client, ticket);
	while ((header = fake_pull(&fake, &scene, 300)) != NULL) {
		repeated |= header->kind == HEADER__KIND__REQUEST;
		chunks += header->kind == HEADER__KIND__DATA;
	}
	zmq_close(fake.socket);
	rpc_client_cancel(scene.client, ticket);
	print_message("repeated: %d, chunks of 6 that came: %u\n", repeated, chunks);
	assert_true(!repeated || chunks == 6);
}

static void expect_download(struct scene *scene) {
	uint64_t ticket = order(scene, 100, CHUNK, 3000);
	uint32_t number;
	unsigned got = 0;

	while (receive_number(scene, ticket, &number) == 0)
		got++;
	print_message("chunks of 100: %u\n", got);
	assert_int_equal(end(scene, ticket).status, RPC_OK);
}

/* client_stream.c client_take_part: DATA that comes late gives its credit of the connection back to
 * nobody. */
static void credit_of_called_off_streams_comes_back(void **state) {
	SCENE(scene);
	uint32_t number;
	int streams = 0;
	int r = 0;

	(void)state;
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	for (; streams < 150 && r == 0; streams++) {
		uint64_t ticket = order(&scene, 1000000, CHUNK, 3000);

		for (int j = 0; j < 40 && r == 0; j++)
			r = receive_number(&scene, ticket, &number);
		sleep_ms(2);
		rpc_client_cancel(scene.client, ticket);
	}
	print_message("after %d streams: %s\n", streams, r ? "nothing comes any more" : "all well");
	tiny_wait_no_stream(scene.server);
	print_message("the server may send %lld, the client expects %lld\n",
	    (long long)scene.server->server->connections.oldest->flow.may_send,
	    (long long)scene.client->flow.may_arrive);
	expect_download(&scene);
}

/* accept.c take_part_of_call: the same the other way. */
static void credit_of_refused_streams_comes_back(void **state) {
	SCENE(scene);
	uint64_t ticket;
	int r = 0;

	(void)state;
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	refuse(&scene, 300, RPC_PERMISSION_DENIED);
	for (uint32_t i = 0; i < 300; i++) {
		ticket = begin(scene.client, "Line/Upload", 2000);
		(void)send_number(&scene, ticket, i, CHUNK);
		(void)end(&scene, ticket);
	}
	atomic_store(&scene.server->refused, 0);
	print_message("the client may send %lld\n", (long long)scene.client->flow.may_send);
	ticket = begin(scene.client, "Line/Upload", 3000);
	for (uint32_t i = 0; i < 20 && r == 0; i++)
		r = send_number(&scene, ticket, i, CHUNK);
	if (r == 0)
		r = rpc_client_half_close(scene.client, ticket);
	assert_int_equal(end(&scene, ticket).status, RPC_OK);
}

/* A client without work says nothing, so the server forgets it; its next call is answered by
 * NOT_INTRODUCED, which says that nothing was looked at, and ends all the same. */
static void idle_client_calls_what_is_not_repeatable(void **state) {
	AUTO(scene_close) struct scene scene;

	(void)state;
	scene_open_with(&scene, &(struct tiny_settings) { 300, 900 });
	assert_int_equal(call(&scene, "Exchange/Marks", 5000), RPC_OK);
	sleep_ms(3000);
	assert_int_equal(call(&scene, "Exchange/Marks", 5000), RPC_OK);
}

/* client_stream.c rpc_client_receive: credit for a call of a connection that is gone, said over the
 * next one, is a violation there and kills the client for ever. */
static void stale_credit_of_a_lost_stream_is_not_said(void **state) {
	SCENE(scene);
	uint64_t ticket = order(&scene, 100000, 1000, 30000);
	uint32_t number;
	unsigned got = 0;

	(void)state;
	assert_int_equal(call(&scene, "Replica/Marks", 0), RPC_OK);
	pump(scene.client, 100); /* some chunks are here */
	tiny_stopp(&scene.server);
	scene.server = tiny_start(scene.endpoint);
	pump(scene.client, 3000); /* the next connection is there; no call was made over it */
	assert_int_equal(scene.client->link, LINK_UP);
	while (receive_number(&scene, ticket, &number) == 0)
		got++;
	print_message("%u chunks were here\n", got);
	(void)end(&scene, ticket);
	assert_int_equal(call(&scene, "Replica/Marks", 3000), RPC_OK);
}

static void push_many(void *socket, Header *header, size_t count, const void *payload, size_t size) {
	static uint8_t frame[RPC_HEADERS_MAX];
	static uint8_t payloads[RPC_HEADERS_MAX];
	Header *all[RPC_PARTS_MAX];
	Headers headers = HEADERS__INIT;

	header->size = (uint32_t)size;
	for (size_t i = 0; i < count; i++) {
		all[i] = header;
		memcpy(payloads + i * size, payload, size);
	}
	headers.headers = all;
	headers.n_headers = count;
	zmq_send(socket, frame, headers__pack(&headers, frame), ZMQ_SNDMORE);
	zmq_send(socket, payloads, count * size, 0);
}

/* flow.c: a message without bytes costs no credit and 32 bytes of the server. */
static void empty_messages_are_bounded(void **state) {
	static const uint8_t chunk[5003] = { 0x0a, 0x88, 0x27 };
	SCENE(scene);
	void *socket = raw(scene.context, scene.endpoint);
	Header request = wire_request(1, "Line/Converse");
	Header data = HEADER__INIT;
	size_t held = 0;

	(void)state;
	wire_push_hello(socket, "", LANE__LANE_UNSPECIFIED);
	wire_push(socket, &request, "", 0);
	data.kind = HEADER__KIND__DATA;
	data.call = 1;
	wire_push(socket, &data, chunk, sizeof(chunk)); /* uses up what we take */
	tiny_wait_streamed(scene.server, 1);
	sleep_ms(100);
	wire_push(socket, &data, "\x0a\x01x", 3); /* now the handler waits for our credit */
	for (int i = 0; i < 400; i++)
		push_many(socket, &data, RPC_PARTS_MAX, "", 0);
	sleep_ms(1500);
	pthread_mutex_lock(&scene.server->server->lock);
	for (struct rpc_call *each = scene.server->server->made; each; each = each->own->made)
		for (struct chunk *at = each->own->arrived.first; at; at = at->next)
			held++;
	pthread_mutex_unlock(&scene.server->server->lock);
	zmq_close(socket);
	print_message("%zu messages are held for one call\n", held);
	assert_in_range(held, 0, 10000);
}

struct flood {
	void *socket;
	atomic_bool stop;
	const char *node;
};

static void *flood_hellos(void *context) {
	struct flood *flood = context;
	uint8_t frame[WIRE_HEADERS_MAX];
	uint8_t payload[WIRE_HEADERS_MAX];
	size_t frame_size;
	size_t size;
	Header header = HEADER__INIT;

	wire_hello("", LANE__LANE_UNSPECIFIED, frame, &frame_size, payload, &size);
	header.kind = HEADER__KIND__HELLO;
	while (!atomic_load(&flood->stop)) {
		push_many(flood->socket, &header, 50, payload, size);
		sleep_ms(20);
	}
	return NULL;
}

/* accept.c too_many_hellos: one budget for everybody; and who is introduced already may use it up. */
static void hellos_of_one_do_not_shut_out_another(void **state) {
	SCENE(scene);
	struct flood flood = { .socket = raw(scene.context, scene.endpoint) };
	struct rpc_client *other;
	enum rpc_status status;
	struct rpc_reply reply;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, flood_hellos, &flood);
	sleep_ms(1500);
	other = tiny_client(scene.transport, scene.endpoint);
	assert_return_code(
	    rpc_client_end(other, begin(other, "Replica/Marks", 4000), &scene.arena, &reply), 0);
	status = reply.status;
	rpc_client_close(other);
	atomic_store(&flood.stop, true);
	pthread_join(thread, NULL);
	zmq_close(flood.socket);
	assert_int_equal(status, RPC_OK);
}

/* accept.c note_program, take_lane, welcome: lines that no audit budget bounds. */
static void hellos_do_not_fill_the_log(void **state) {
	SCENE(scene);
	void *socket = raw(scene.context, scene.endpoint);
	char path[] = "/tmp/huntXXXXXX";
	int file = mkstemp(path);
	int saved = dup(STDERR_FILENO);
	unsigned lines = 0;
	FILE *read_back;
	int byte;

	(void)state;
	dup2(file, STDERR_FILENO);
	for (int i = 0; i < 400; i++) {
		uint8_t payload[512];
		Hello hello = HELLO__INIT;
		Header header = HEADER__INIT;

		hello.protocol_min = 1;
		hello.protocol_max = 1;
		hello.program = (char *)(uintptr_t) "x";
		if (i % 2)
			hello.contract = (ProtobufCBinaryData) { CONTRACT_HASH_SIZE,
				(uint8_t *)(uintptr_t)office_contract.hash };
		header.kind = HEADER__KIND__HELLO;
		wire_push(socket, &header, payload, hello__pack(&hello, payload));
	}
	sleep_ms(500);
	dup2(saved, STDERR_FILENO);
	read_back = fopen(path, "re");
	while ((byte = fgetc(read_back)) != EOF)
		lines += byte == '\n';
	fclose(read_back);
	unlink(path);
	close(file);
	close(saved);
	zmq_close(socket);
	print_message("%u lines in half a second\n", lines);
	assert_in_range(lines, 0, 3 * AUDIT_LINES_PER_S);
}

/* Peers over tcp. */
struct yard {
	char endpoint[TINY_ENDPOINT_SIZE];
	struct tiny *server;
	struct rpc_transport *transport;
	struct rpc_identity commune;
	struct rpc_identity other;
	struct arena arena;
	void *context;
};

static void yard_open(struct yard *yard) {
	tiny_free_endpoint(yard->endpoint);
	yard->server = tiny_start(yard->endpoint);
	assert_return_code(rpc_transport_open(&office_contract, &yard->transport), 0);
	assert_return_code(rpc_identity_make(&yard->commune), 0);
	assert_return_code(rpc_identity_make(&yard->other), 0);
	tiny_let_in_two(yard->server, COMMUNE, &yard->commune, OTHER, &yard->other);
	arena_init(&yard->arena, (size_t)256 << 20);
	yard->context = zmq_ctx_new();
}

static void yard_close(struct yard *yard) {
	arena_deinit(&yard->arena);
	rpc_transport_closep(&yard->transport);
	zmq_ctx_term(yard->context);
	tiny_stopp(&yard->server);
}

static enum rpc_status ask(struct yard *yard, struct rpc_client *client, uint32_t ms) {
	struct rpc_reply reply;

	assert_return_code(
	    rpc_client_end(client, begin(client, "Exchange/Marks", ms), &yard->arena, &reply), 0);
	return reply.status;
}

int __real_rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]);
bool __wrap_rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]);
static struct tiny *_Atomic withdraw_at;

/* The office withdraws the key just after the loop looked it up. */
bool __wrap_rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]) {
	struct tiny *tiny = atomic_load(&withdraw_at);
	bool found = __real_rpc_keyring_find(keyring, key, ret_code) & 1;

	if (tiny && pthread_equal(tiny->loop, pthread_self())) {
		atomic_store(&withdraw_at, NULL);
		rpc_keyring_replace(keyring, NULL, 0);
	}
	return found;
}

/* accept.c introduce: the version is read after the look-up, so the withdrawal is never seen. */
static void keyring_withdrawn_during_hello_is_withdrawn(void **state) {
	AUTO(yard_close) struct yard yard;
	struct rpc_client *client;
	enum rpc_status first;
	enum rpc_status second;

	(void)state;
	yard_open(&yard);
	client = tiny_peer(yard.transport, yard.endpoint, &yard.commune, yard.server);
	atomic_store(&withdraw_at, yard.server);
	first = ask(&yard, client, 3000);
	second = ask(&yard, client, 3000);
	assert_null(atomic_load(&withdraw_at));
	rpc_client_close(client);
	print_message("%s, %s\n", rpc_status_name(first), rpc_status_name(second));
	assert_int_equal(second, RPC_UNAUTHENTICATED);
}

/* server_leave_connection: the caller's count goes down with the connection, though its calls are
 * still in hand. */
static void quota_of_a_peer_holds_over_its_connections(void **state) {
	AUTO(yard_close) struct yard yard;
	struct rpc_client *other;
	unsigned kept;
	enum rpc_status status;

	(void)state;
	yard_open(&yard);
	other = tiny_peer(yard.transport, yard.endpoint, &yard.other, yard.server);
	assert_int_equal(ask(&yard, other, 5000), RPC_OK);
	tiny_behave(yard.server, TINY_KEEPS);
	for (unsigned i = 0; i < 17; i++) {
		struct rpc_client *client =
		    tiny_peer(yard.transport, yard.endpoint, &yard.commune, yard.server);

		for (unsigned j = 0; j < 64; j++)
			(void)begin(client, "Exchange/Marks", 10000);
		pump(client, 200);
		rpc_client_close(client);
	}
	kept = atomic_load(&yard.server->kept_count);
	status = ask(&yard, other, 1000);
	print_message("one peer holds %u calls; the other is told %s\n", kept, rpc_status_name(status));
	tiny_behave(yard.server, TINY_ANSWERS);
	tiny_wait_answered(yard.server);
	rpc_client_close(other);
	assert_in_range(kept, 0, RPC_CALLS_PEER_MAX);
}

static void *flood_pings(void *context) {
	struct flood *flood = context;
	struct fake *fake = flood->socket;
	Header header = HEADER__INIT;

	header.kind = HEADER__KIND__PING;
	for (int i = 0; i < 40000 && !atomic_load(&flood->stop); i++) {
		zmq_send(fake->socket, fake->routing, (size_t)fake->routing_size, ZMQ_SNDMORE);
		push_many(fake->socket, &header, RPC_PARTS_MAX, "", 0);
	}
	return NULL;
}

/* client_link.c drain: without a bound, so that a server which goes on talking keeps the client
 * beyond its deadline. */
static void client_keeps_its_deadline_while_the_server_talks(void **state) {
	AUTO(scene_close) struct scene scene;
	struct fake fake;
	struct flood flood = { .socket = &fake };
	uint64_t started;
	uint64_t took;
	uint64_t ticket;
	pthread_t thread;

	(void)state;
	scene_open_with(&scene, NULL);
	fake_open(&fake, &scene);
	fake_welcome(&fake, &scene, 20000);
	pthread_create(&thread, NULL, flood_pings, &flood);
	started = clock_monotonic_ms();
	ticket = begin(scene.client, "Replica/Marks", 300);
	(void)end(&scene, ticket);
	took = clock_monotonic_ms() - started;
	atomic_store(&flood.stop, true);
	pthread_join(thread, NULL);
	zmq_close(fake.socket);
	print_message("a deadline of 300 ms took %llu ms\n", (unsigned long long)took);
	assert_in_range(took, 0, 1500);
}

/* client_link.c keep_alive: nobody looks after a link that is LEAVING. */
static void client_leaves_a_server_that_hangs_while_it_stops(void **state) {
	AUTO(scene_close) struct scene scene;
	struct fake fake;
	const Header *header = NULL;
	uint64_t ticket;

	(void)state;
	scene_open_with(&scene, NULL);
	fake_open(&fake, &scene);
	fake_welcome(&fake, &scene, 200);
	fake_goodbye(&fake, GOODBYE__REASON__STOPPING);
	pump(scene.client, 50);
	ticket = begin(scene.client, "Replica/Marks", 20000);
	header = fake_pull(&fake, &scene, 6000); /* ten times the silence that was agreed */
	rpc_client_cancel(scene.client, ticket);
	zmq_close(fake.socket);
	assert_non_null(header);
}

/* A status from outside is an index into by_status[17] where it is passed on (service_ask). */
static void status_of_a_reply_is_one_of_seventeen(void **state) {
	AUTO(scene_close) struct scene scene;
	struct fake fake;
	const Header *header;
	uint64_t ticket;
	struct rpc_reply reply;

	(void)state;
	scene_open_with(&scene, NULL);
	fake_open(&fake, &scene);
	fake_welcome(&fake, &scene, 20000);
	ticket = begin(scene.client, "Replica/Marks", 2000);
	header = fake_pull(&fake, &scene, 1000);
	assert_non_null(header);
	fake_say(&fake, HEADER__KIND__STATUS, header->call, 0x10000, "", 0);
	reply = end(&scene, ticket);
	zmq_close(fake.socket);
	print_message("status %u\n", (unsigned)reply.status);
	assert_in_range(reply.status, 0, RPC_STATUS_COUNT - 1);
}

/* And so the server writes where it should not (address sanitizer). */
static void answer_ninety_nine(struct rpc_call *called) {
	rpc_call_refuse(called, (enum rpc_status)0x10000, FAULT__REASON__OVERLOADED, NULL, NULL);
}

static void status_passed_on_harms_nobody(void **state) {
	SCENE(scene);

	(void)state;
	scene.server->fill = answer_ninety_nine;
	assert_int_not_equal(call(&scene, "Replica/Marks", 2000), RPC_OK);
}

/* client_lose: what a connection was lost with is made again without end: neither the method's
 * attempts nor the retry tokens count. A request that kills its server kills it again and again. */
static void attempts_count_lost_connections_too(void **state) {
	AUTO(scene_close) struct scene scene;
	struct fake fake;
	const Header *header;
	unsigned requests = 0;
	uint64_t ticket;

	(void)state;
	scene_open_with(&scene, NULL);
	fake_open(&fake, &scene);
	ticket = begin(scene.client, "Replica/Marks", 8000);
	for (int i = 0; i < 20; i++) {
		fake_welcome(&fake, &scene, 20000);
		header = fake_pull(&fake, &scene, 500);
		if (!header)
			break;
		requests += header->kind == HEADER__KIND__REQUEST;
		zmq_close(fake.socket);
		if (client_is_over(scene.client, client_find(scene.client, ticket)))
			break;
		fake_open(&fake, &scene);
		if (clock_monotonic_ms() > client_find(scene.client, ticket)->deadline_ms - 1500)
			break;
	}
	zmq_close(fake.socket);
	rpc_client_cancel(scene.client, ticket);
	print_message("%u requests\n", requests);
	assert_in_range(requests, 0, 5);
}

/* client.h: "What was not received of a stream is thrown away." */
static void stream_that_is_ended_early_does_not_wait_for_its_deadline(void **state) {
	SCENE(scene);
	uint64_t started = clock_monotonic_ms();
	uint64_t ticket = order(&scene, 100, 1000, 3000);
	enum rpc_status status = end(&scene, ticket).status;

	(void)state;
	print_message("%s after %llu ms\n", rpc_status_name(status),
	    (unsigned long long)(clock_monotonic_ms() - started));
	assert_int_equal(status, RPC_OK);
}

static unsigned long resident_kib(void) {
	FILE *stream = fopen("/proc/self/statm", "re");
	unsigned long pages = 0;

	assert_int_equal(fscanf(stream, "%*u %lu", &pages), 1);
	fclose(stream);
	return pages * 4;
}

/* listener.c: an office socket has libzmq's mark of 1000 messages of 1 MiB. */
static void memory_for_an_office_process_that_reads_nothing_is_bounded(void **state) {
	static uint8_t chunk[RPC_PAYLOAD_MAX];
	static const int one = 1;
	SCENE(scene);
	void *socket = zmq_socket(scene.context, ZMQ_DEALER);
	LineChunk message = LINE_CHUNK__INIT;
	unsigned long before;
	unsigned long after;
	size_t size;

	(void)state;
	zmq_setsockopt(socket, ZMQ_RCVHWM, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_SNDHWM, &one, sizeof(one));
	zmq_setsockopt(socket, ZMQ_LINGER, &(int) { 0 }, sizeof(int));
	assert_return_code(zmq_connect(socket, scene.endpoint), 0);
	wire_push_hello(socket, "", LANE__LANE_UNSPECIFIED);
	message.body = (ProtobufCBinaryData) { RPC_PAYLOAD_MAX - 16, chunk };
	size = line_chunk__get_packed_size(&message);
	{
		uint8_t *packed = malloc(size);

		line_chunk__pack(&message, packed);
		before = resident_kib();
		for (uint64_t i = 0; i < 120; i++) {
			Header header = wire_request(2 * i + 1, "Line/Echo");

			wire_push(socket, &header, packed, size);
		}
		free(packed);
	}
	tiny_wait_served(scene.server, 120);
	sleep_ms(300);
	after = resident_kib();
	zmq_close(socket);
	print_message("%lu MiB more\n", (after - before) / 1024);
	assert_in_range(after - before, 0, 48 << 10);
}

/* client_link.c client_wait, client_look: DISCONNECTED is taken before the replies that came first. */
static void reply_before_the_disconnection_counts(void **state) {
	AUTO(scene_close) struct scene scene;
	static const int linger_ms = 1000;
	struct fake fake;
	const Header *header;
	uint64_t ticket;
	enum rpc_status status;

	(void)state;
	scene_open_with(&scene, NULL);
	fake_open(&fake, &scene);
	fake_welcome(&fake, &scene, 20000);
	ticket = begin(scene.client, "Exchange/Marks", 3000);
	header = fake_pull(&fake, &scene, 1000);
	assert_non_null(header);
	zmq_setsockopt(fake.socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
	fake_say(&fake, HEADER__KIND__STATUS, header->call, 0, "", 0);
	sleep_ms(100);
	zmq_close(fake.socket);
	sleep_ms(300);
	status = end(&scene, ticket).status;
	print_message("%s\n", rpc_status_name(status));
	assert_int_equal(status, RPC_OK);
}

/* call_stream.c rpc_call_send: only the caller's credit bounds what waits for the loop. */
static void block_the_loop(struct rpc_call *called) {
	(void)called;
	sleep_ms(500);
}

static void leaving_is_bounded_whatever_the_caller_takes(void **state) {
	SCENE(scene);
	void *socket = raw(scene.context, scene.endpoint);
	Header request = wire_request(1, "Line/Download");
	Header marks = wire_request(3, "Node/State");
	Header credit = HEADER__INIT;
	LineOrder wish = LINE_ORDER__INIT;
	uint8_t payload[64];
	size_t most = 0;

	(void)state;
	scene.server->fill = block_the_loop;
	wire_push_hello(socket, "", LANE__LANE_UNSPECIFIED);
	wish.chunks = 100000;
	wish.chunk_bytes = 60000;
	wire_push(socket, &request, payload, line_order__pack(&wish, payload));
	credit.kind = HEADER__KIND__CREDIT;
	credit.credit = 400u << 20; /* it could be 4 GiB */
	wire_push(socket, &credit, "", 0);
	credit.call = 1;
	wire_push(socket, &credit, "", 0);
	wire_push(socket, &marks, "", 0); /* the loop is busy for half a second */
	for (int i = 0; i < 60; i++) {
		size_t held = 0;

		sleep_ms(10);
		pthread_mutex_lock(&scene.server->server->lock);
		for (struct rpc_call *each = scene.server->server->made; each; each = each->own->made)
			for (struct chunk *at = each->own->leaving.first; at; at = at->next)
				held += at->size;
		pthread_mutex_unlock(&scene.server->server->lock);
		most = held > most ? held : most;
	}
	zmq_close(socket);
	print_message("%zu MiB waited for the loop\n", most >> 20);
	assert_in_range(most, 0, RPC_OUTBOX_MAX);
}

/* frame.h: "each within its limit". */
static void header_beyond_its_limit_is_refused(void **state) {
	static uint8_t frame[RPC_HEADERS_MAX];
	static char method[20000];
	Header header = wire_request(1, method);
	Header *all[] = { &header };
	Headers headers = HEADERS__INIT;
	AUTO(arena_deinit) struct arena arena;

	(void)state;
	memset(method, 'x', sizeof(method) - 1);
	headers.headers = all;
	headers.n_headers = 1;
	arena_init(&arena, 8 << 20);
	assert_null(frames_headers(frame, headers__pack(&headers, frame), 0, &arena));
}

/* accept.c welcome: signed overflow in the line about the clock (undefined behaviour sanitizer). */
static void clock_of_a_peer_may_say_anything(void **state) {
	AUTO(yard_close) struct yard yard;
	static const int no_linger = 0;
	uint8_t payload[256];
	Hello hello = HELLO__INIT;
	Header header = HEADER__INIT;
	void *socket;

	(void)state;
	yard_open(&yard);
	socket = zmq_socket(yard.context, ZMQ_DEALER);
	zmq_setsockopt(socket, ZMQ_LINGER, &no_linger, sizeof(no_linger));
	zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, yard.server->identity.public_key, 40);
	zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, yard.commune.public_key, 40);
	zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, yard.commune.secret_key, 40);
	assert_return_code(zmq_connect(socket, yard.endpoint), 0);
	hello.protocol_min = 1;
	hello.protocol_max = 1;
	hello.node = (char *)(uintptr_t)COMMUNE;
	hello.lane = LANE__LANE_CONTROL;
	hello.time_ms = UINT64_C(1) << 63;
	header.kind = HEADER__KIND__HELLO;
	wire_push(socket, &header, payload, hello__pack(&hello, payload));
	assert_true(says_anything(socket, 3000));
	zmq_close(socket);
}

static double echo_ms(struct yard *yard, struct rpc_client *client) {
	uint64_t started = clock_monotonic_us();

	for (int i = 0; i < 100; i++)
		(void)ask(yard, client, 5000);
	return (double)(clock_monotonic_us() - started) / 100000;
}

/* batch.c send_batch: each try copies a whole message before libzmq is asked whether it takes it;
 * server_flush tries each waiting connection each time the loop turns. */
static void waiting_connections_do_not_slow_the_others(void **state) {
	enum { SLOW = 3 };
	static const char *const nodes[SLOW] = { COMMUNE, COMMUNE, OTHER };
	static const Lane lanes[SLOW] = { LANE__LANE_CONTROL, LANE__LANE_BULK, LANE__LANE_BULK };
	static uint8_t chunk[RPC_PAYLOAD_MAX];
	static const int one = 1;
	static const int no_linger = 0;
	AUTO(yard_close) struct yard yard;
	LineChunk message = LINE_CHUNK__INIT;
	struct rpc_client *client;
	uint8_t *packed = malloc(RPC_PAYLOAD_MAX);
	void *sockets[SLOW];
	double before;
	double after;
	size_t size;

	(void)state;
	yard_open(&yard);
	client = tiny_peer(yard.transport, yard.endpoint, &yard.other, yard.server);
	(void)echo_ms(&yard, client);
	before = echo_ms(&yard, client);
	message.body = (ProtobufCBinaryData) { RPC_PAYLOAD_MAX - 16, chunk };
	size = line_chunk__pack(&message, packed);
	for (size_t i = 0; i < SLOW; i++) {
		const struct rpc_identity *identity = i < 2 ? &yard.commune : &yard.other;

		sockets[i] = zmq_socket(yard.context, ZMQ_DEALER);
		zmq_setsockopt(sockets[i], ZMQ_LINGER, &no_linger, sizeof(no_linger));
		zmq_setsockopt(sockets[i], ZMQ_RCVHWM, &one, sizeof(one));
		zmq_setsockopt(sockets[i], ZMQ_CURVE_SERVERKEY, yard.server->identity.public_key, 40);
		zmq_setsockopt(sockets[i], ZMQ_CURVE_PUBLICKEY, identity->public_key, 40);
		zmq_setsockopt(sockets[i], ZMQ_CURVE_SECRETKEY, identity->secret_key, 40);
		assert_return_code(zmq_connect(sockets[i], yard.endpoint), 0);
		wire_push_hello(sockets[i], nodes[i], lanes[i]);
		for (uint64_t j = 0; j < 100 && yard.server->server->waiting <= i; j++) {
			Header header = wire_request(2 * j + 1, "Line/Echo");

			wire_push(sockets[i], &header, packed, size);
			sleep_ms(50);
		}
	}
	print_message("%zu connections wait\n", yard.server->server->waiting);
	sleep_ms(500);
	after = echo_ms(&yard, client);
	print_message("%zu connections wait; a call takes %.2f ms, before %.2f ms\n",
	    yard.server->server->waiting, after, before);
	for (size_t i = 0; i < SLOW; i++)
		zmq_close(sockets[i]);
	free(packed);
	rpc_client_close(client);
	assert_true(after < 2 * before + 0.3);
}

/* The two tests below want a node: HUNT_NODE=folder of one that is up. */
static struct rpc_client *of_node(struct rpc_transport *transport, const char *service) {
	char endpoint[256];

	snprintf(endpoint, sizeof(endpoint), "ipc://%s/run/%s", getenv("HUNT_NODE"), service);
	return tiny_client(transport, endpoint);
}

/* service.c STREAMS_MAX: 16 threads for all, 64 calls for each peer. */
static void node_streams_of_one_caller_leave_room_for_another(void **state) {
	enum { STREAMS = 16 };
	struct rpc_transport *transport;
	struct rpc_client *greedy;
	struct rpc_client *other;
	AUTO(arena_deinit) struct arena arena;
	struct rpc_reply reply;
	uint64_t ticket;

	(void)state;
	if (!getenv("HUNT_NODE"))
		skip();
	arena_init(&arena, 1 << 20);
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	greedy = of_node(transport, "documents");
	other = of_node(transport, "documents");
	for (int i = 0; i < STREAMS; i++)
		(void)begin(greedy, "Line/Upload", 20000);
	pump(greedy, 500);
	ticket = begin(other, "Line/Upload", 3000);
	pump(other, 200);
	assert_int_equal(rpc_client_half_close(other, ticket), 0);
	assert_return_code(rpc_client_end(other, ticket, &arena, &reply), 0);
	rpc_client_close(greedy);
	rpc_client_close(other);
	rpc_transport_close(transport);
	assert_int_equal(reply.status, RPC_OK);
}

static struct rpc_reply record(
    struct rpc_client *client, RecordNewsRequest *message, const uint8_t *key, struct arena *arena) {
	struct rpc_request request = {
		.method = "Documents/RecordNews",
		.message = &message->base,
		.key = key,
	};
	struct rpc_reply reply;

	assert_return_code(rpc_client_call(client, &request, arena, &reply), 0);
	return reply;
}

/* idempotency.c: neither the caller, nor the person, nor the request belongs to a kept result. */
static void node_key_of_another_request_is_told(void **state) {
	static const uint8_t key[16] = { 4, 7, 1, 1 };
	NewsItem item = NEWS_ITEM__INIT;
	NewsItem *items[] = { &item };
	RecordNewsRequest nothing = RECORD_NEWS_REQUEST__INIT;
	RecordNewsRequest wrong = RECORD_NEWS_REQUEST__INIT;
	struct rpc_transport *transport;
	struct rpc_client *client;
	AUTO(arena_deinit) struct arena arena;
	struct rpc_reply alone;
	struct rpc_reply first;
	struct rpc_reply second;

	(void)state;
	if (!getenv("HUNT_NODE"))
		skip();
	arena_init(&arena, 1 << 20);
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	client = of_node(transport, "documents");
	wrong.records = items;
	wrong.n_records = 1; /* an empty record, with faults */
	alone = record(client, &wrong, NULL, &arena);
	first = record(client, &nothing, key, &arena);
	second = record(client, &wrong, key, &arena);
	print_message("the wrong record alone: %s, %zu faults; under a used key: %s, %zu faults\n",
	    rpc_status_name(alone.status),
	    alone.message ? ((const RecordReply *)alone.message)->n_faults : 0,
	    rpc_status_name(second.status),
	    second.message ? ((const RecordReply *)second.message)->n_faults : 0);
	rpc_client_close(client);
	rpc_transport_close(transport);
	assert_int_equal(first.status, RPC_OK);
	assert_int_not_equal(second.status, RPC_OK);
}

/* accept.c introduce, take_part: who says HELLO while the server drains is welcomed, and its calls are
 * dropped without a word; they end UNAVAILABLE though nobody looked at them. */
static void drain_who_comes_late_is_told(void **state) {
	SCENE(scene);
	struct rpc_client *late;
	struct rpc_reply reply;
	uint64_t kept;
	uint64_t ticket;

	(void)state;
	tiny_behave(scene.server, TINY_KEEPS);
	kept = begin(scene.client, "Exchange/Marks", 20000);
	pump(scene.client, 100);
	tiny_wait_kept(scene.server, 1);
	tiny_leave(scene.server);
	pump(scene.client, 100);
	late = tiny_client(scene.transport, scene.endpoint);
	ticket = begin(late, "Exchange/Marks", 10000);
	pump(late, 500);
	tiny_behave(scene.server, TINY_ANSWERS);
	tiny_wait_answered(scene.server);
	assert_int_equal(end(&scene, kept).status, RPC_OK);
	tiny_stopp(&scene.server);
	scene.server = tiny_start(scene.endpoint);
	assert_return_code(rpc_client_end(late, ticket, &scene.arena, &reply), 0);
	rpc_client_close(late);
	print_message("%s\n", rpc_status_name(reply.status));
	assert_int_equal(reply.status, RPC_OK);
}

/* client_link.c take_goodbye: who is told FULL was not looked at either. */
static void full_server_looks_at_nothing_so_nothing_is_lost(void **state) {
	AUTO(scene_close) struct scene scene;
	uint8_t bytes[64];
	Goodbye goodbye = GOODBYE__INIT;
	struct fake fake;
	uint64_t ticket;
	const Header *hello;
	bool lost;

	(void)state;
	scene_open_with(&scene, NULL);
	fake_open(&fake, &scene);
	ticket = begin(scene.client, "Exchange/Marks", 5000);
	hello = fake_pull(&fake, &scene, 2000);
	assert_non_null(hello);
	goodbye.reason = GOODBYE__REASON__FULL;
	goodbye.retry_after_ms = 100;
	fake_say(&fake, HEADER__KIND__GOAWAY, 0, 0, bytes, goodbye__pack(&goodbye, bytes));
	pump(scene.client, 300);
	lost = client_find(scene.client, ticket)->lost;
	rpc_client_cancel(scene.client, ticket);
	zmq_close(fake.socket);
	assert_false(lost);
}

#define TEST(name)                                                                                 \
	{ #name, name }

int main(int argc, char **argv) {
	static const struct {
		const char *name;
		void (*run)(void **state);
	} all[] = {
		TEST(drain_what_crosses_the_goodbye_is_no_violation),
		TEST(drain_a_stream_begun_meanwhile_does_not_kill_the_client),
		TEST(stream_made_again_after_a_goodbye_loses_no_message),
		TEST(credit_of_called_off_streams_comes_back),
		TEST(credit_of_refused_streams_comes_back),
		TEST(idle_client_calls_what_is_not_repeatable),
		TEST(stale_credit_of_a_lost_stream_is_not_said),
		TEST(empty_messages_are_bounded),
		TEST(hellos_of_one_do_not_shut_out_another),
		TEST(hellos_do_not_fill_the_log),
		TEST(keyring_withdrawn_during_hello_is_withdrawn),
		TEST(quota_of_a_peer_holds_over_its_connections),
		TEST(client_keeps_its_deadline_while_the_server_talks),
		TEST(client_leaves_a_server_that_hangs_while_it_stops),
		TEST(status_of_a_reply_is_one_of_seventeen),
		TEST(status_passed_on_harms_nobody),
		TEST(attempts_count_lost_connections_too),
		TEST(stream_that_is_ended_early_does_not_wait_for_its_deadline),
		TEST(reply_before_the_disconnection_counts),
		TEST(leaving_is_bounded_whatever_the_caller_takes),
		TEST(header_beyond_its_limit_is_refused),
		TEST(clock_of_a_peer_may_say_anything),
		TEST(waiting_connections_do_not_slow_the_others),
		TEST(node_streams_of_one_caller_leave_room_for_another),
		TEST(node_key_of_another_request_is_told),
		TEST(drain_who_comes_late_is_told),
		TEST(full_server_looks_at_nothing_so_nothing_is_lost),
		TEST(memory_for_an_office_process_that_reads_nothing_is_bounded),
	};
	int failed = 0;

	for (size_t i = 0; i < LENGTH_OF(all); i++) {
		const struct CMUnitTest test[] = { { all[i].name, all[i].run, NULL, NULL, NULL } };

		if (argc < 2 || strstr(all[i].name, argv[1]))
			failed += cmocka_run_group_tests_name(all[i].name, test, NULL, NULL);
	}
	return failed;
}
