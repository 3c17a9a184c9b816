/* SPDX-License-Identifier: MIT */
/*
 * A ROUTER and many peers that say one word each and then nothing more: what does a connection cost
 * that only exists? The script `idle` starts one process of each and reads the router's memory.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#include "tests/bench/rpc/arguments.h"
#include "tests/bench/rpc/curve.h"
#include "tests/bench/rpc/require.h"

enum {
	SOCKETS_MAX = 8192,
	WORD_MAX = 4096,
};

struct options {
	const char *endpoint;
	const char *keys; /* folder; null: no encryption */
	size_t peers;
	size_t words; /* that each peer says */
	size_t word_bytes;
	/* 0: as libzmq and malloc have them */
	size_t high_water;
	size_t arenas;
	size_t trim_bytes;
	size_t mmap_bytes;
};

static void *context_new(void) {
	void *context = zmq_ctx_new();

	require(zmq_ctx_set(context, ZMQ_MAX_SOCKETS, SOCKETS_MAX) == 0, "room for sockets");
	return context;
}

static void set_size(void *socket, int option, size_t size, const char *what) {
	int value = (int)size;

	if (size)
		require(zmq_setsockopt(socket, option, &value, sizeof(value)) == 0, what);
}

static void tune_malloc(const struct options *options) {
	if (options->arenas)
		require(mallopt(M_ARENA_MAX, (int)options->arenas), "--arenas");
	if (options->trim_bytes)
		require(mallopt(M_TRIM_THRESHOLD, (int)options->trim_bytes), "--trim-bytes");
	if (options->mmap_bytes)
		require(mallopt(M_MMAP_THRESHOLD, (int)options->mmap_bytes), "--mmap-bytes");
}

/* Whatever came goes back. */
static void send_back(void *router) {
	zmq_msg_t frame;
	int more;

	zmq_msg_init(&frame);
	require(zmq_msg_recv(&frame, router, 0) >= 0, "receiving");
	more = zmq_msg_more(&frame);
	require(zmq_msg_send(&frame, router, more ? ZMQ_SNDMORE : 0) >= 0, "sending");
}

static void route(const struct options *options) {
	void *router;

	tune_malloc(options);
	router = zmq_socket(context_new(), ZMQ_ROUTER);
	set_size(router, ZMQ_SNDHWM, options->high_water, "--high-water");
	set_size(router, ZMQ_RCVHWM, options->high_water, "--high-water");
	if (options->keys)
		curve_serve(router, options->keys);
	require(zmq_bind(router, options->endpoint) == 0, options->endpoint);
	puts("ready");
	fflush(stdout);
	for (;;)
		send_back(router);
}

static void *peer_new(void *context, const struct options *options) {
	void *peer = zmq_socket(context, ZMQ_DEALER);

	require(peer != NULL, "a socket");
	if (options->keys)
		curve_call(peer, options->keys);
	require(zmq_connect(peer, options->endpoint) == 0, options->endpoint);
	return peer;
}

/* Each peer hears its word back before the next round, so nothing is ever queued. */
static void say_words(void **peers, const struct options *options) {
	static const char word[WORD_MAX];
	char answer[WORD_MAX];

	for (size_t round = 0; round < options->words; round++) {
		for (size_t i = 0; i < options->peers; i++)
			require(zmq_send(peers[i], word, options->word_bytes, 0) >= 0, "sending");
		for (size_t i = 0; i < options->peers; i++)
			require(zmq_recv(peers[i], answer, sizeof(answer), 0) >= 0, "receiving");
	}
}

static void connect_peers(const struct options *options) {
	void **peers = calloc(options->peers, sizeof(*peers));
	void *context = context_new();

	require(peers != NULL, "room for the peers");
	require(options->word_bytes <= WORD_MAX, "--word-bytes");
	for (size_t i = 0; i < options->peers; i++)
		peers[i] = peer_new(context, options);
	say_words(peers, options);
	puts("ready");
	fflush(stdout);
	pause();
}

int main(int argc, char **argv) {
	struct options options = {
		.endpoint = "tcp://127.0.0.1:5571", .peers = 1000, .words = 1, .word_bytes = 100
	};
	const struct argument arguments[] = {
		{ "--endpoint", .text = &options.endpoint, .help = "ipc://PATH or tcp://HOST:PORT" },
		{ "--keys", .text = &options.keys, .help = "encrypt with the keys in this folder" },
		{ "--peers", .number = &options.peers, .help = "peers: how many" },
		{ "--words", .number = &options.words, .help = "peers: what each says" },
		{ "--word-bytes", .number = &options.word_bytes, .help = "peers: size of a word" },
		{ "--high-water", .number = &options.high_water, .help = "router: messages queued" },
		{ "--arenas", .number = &options.arenas, .help = "router: heaps of malloc" },
		{ "--trim-bytes", .number = &options.trim_bytes, .help = "router: top of heap kept" },
		{ "--mmap-bytes", .number = &options.mmap_bytes, .help = "router: what is mapped alone" },
	};

	arguments_parse(arguments, sizeof(arguments) / sizeof(arguments[0]), argc, argv);
	if (argc > 1 && strcmp(argv[1], "router") == 0)
		route(&options);
	else if (argc > 1 && strcmp(argv[1], "peers") == 0)
		connect_peers(&options);
	fprintf(stderr, "usage: %s router|peers [options]\n", argv[0]);
	return EXIT_FAILURE;
}
