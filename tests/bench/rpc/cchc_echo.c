/* SPDX-License-Identifier: MIT */
/*
 * Echo of a dossier through the whole path of a call: identity, permission, deadline, pre-scan,
 * arena, handler, encoding. `server` and `client` are two processes; `run` compares them with
 * others. `peers` are many that call once and then say nothing more, for `idle`.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "tests/bench/rpc/dossier_sample.h"

#define NODE "H51"

enum { WARM_UP = 2000 };

/* A contract of its own: what is sent comes back. */
static const struct contract_method methods[] = {
	{ "Bench/Echo", ACCESS__READS, PERMISSION__EVERYONE, 5000, 5, 100, false, false, false,
	    &dossier__descriptor, &dossier__descriptor },
};
static const uint8_t no_hash[CONTRACT_HASH_SIZE];
static const struct contract bench_contract = {
	.methods = methods, .method_count = 1, .hash = no_hash
};

struct options {
	const char *endpoint;
	const char *keys; /* folder of key files, for CURVE; null: none */
	unsigned peers;   /* how many different ones; with CURVE each has a key of its own */
	unsigned in_flight;
	unsigned calls;
};

static void check(int r, const char *what) {
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	exit(1);
}

/* The server's key pair, and then one for each peer. The server writes them all and the other side
 * reads them all. On the heap. */
static struct rpc_identity *keys_of(const struct options *options, bool make) {
	size_t count = options->peers + 1;
	struct rpc_identity *identities = calloc(count, sizeof(*identities));
	char path[512];
	FILE *stream;

	check(identities ? 0 : -ENOMEM, "keys");
	snprintf(path, sizeof(path), "%s/keys", options->keys);
	for (size_t i = 0; make && i < count; i++)
		check(rpc_identity_make(&identities[i]), "key");
	stream = fopen(path, make ? "w" : "r");
	if (!stream || (make ? fwrite(identities, sizeof(*identities), count, stream)
	                     : fread(identities, sizeof(*identities), count, stream)) != count)
		check(-errno, path);
	fclose(stream);
	return identities;
}

static void name_peer(unsigned number, char ret_code[KEYRING_CODE_SIZE]) {
	snprintf(ret_code, KEYRING_CODE_SIZE, NODE ".%u", number);
}

static struct rpc_keyring *keyring_of(const struct rpc_identity *peers, unsigned count) {
	struct rpc_keyring_entry *entries = calloc(count, sizeof(*entries));
	struct rpc_keyring *keyring = rpc_keyring_new();

	check(entries && keyring ? 0 : -ENOMEM, "keyring");
	for (unsigned i = 0; i < count; i++) {
		rpc_key_decode(peers[i].public_key, entries[i].key);
		name_peer(i, entries[i].code);
	}
	check(rpc_keyring_replace(keyring, entries, count), "keyring");
	free(entries);
	return keyring;
}

static void echo(void *context, struct rpc_call *call) {
	struct rpc_server **server = context;

	call->reply = call->request;
	rpc_server_answer(*server, call);
}

static int serve(const struct options *options) {
	struct rpc_transport *transport;
	struct rpc_server *server;
	struct rpc_server_options opening = { .dispatch = echo, .context = &server, .node = NODE };

	check(rpc_transport_open(&bench_contract, &transport), "transport");
	opening.transport = transport;
	check(rpc_server_open(&opening, &server), "server");
	if (options->keys) {
		struct rpc_identity *keys = keys_of(options, true);
		struct rpc_keyring *keyring = keyring_of(keys + 1, options->peers);

		check(rpc_server_listen_peers(server, options->endpoint, &keys[0], keyring), "listen");
		free(keys);
	} else
		check(rpc_server_listen_office(server, options->endpoint), "listen");
	puts("ready");
	fflush(stdout);
	check(rpc_server_run(server), "run");
	return 0;
}

static int compare(const void *left, const void *right) {
	const double a = *(const double *)left;
	const double b = *(const double *)right;

	return a < b ? -1 : a > b;
}

struct load {
	struct rpc_client *client;
	const ProtobufCMessage *message;
	struct arena arena;
	uint64_t tickets[RPC_IN_FLIGHT_MAX];
	uint64_t begun_us[RPC_IN_FLIGHT_MAX];
	double *latencies_us;
};

static void begin(struct load *load, unsigned slot) {
	struct rpc_request request = { .method = "Bench/Echo", .message = load->message };

	load->begun_us[slot] = clock_monotonic_us();
	check(rpc_client_begin(load->client, &request, &load->tickets[slot]), "begin");
}

static void end(struct load *load, unsigned slot, double *latency_us) {
	struct rpc_reply reply;

	arena_reset(&load->arena);
	check(rpc_client_end(load->client, load->tickets[slot], &load->arena, &reply), "end");
	if (reply.status != RPC_OK || !((const Dossier *)reply.message)->code[0]) {
		fprintf(stderr, "status %s\n", rpc_status_name(reply.status));
		exit(1);
	}
	*latency_us = (double)(clock_monotonic_us() - load->begun_us[slot]);
}

static double make_calls(struct load *load, unsigned calls, unsigned in_flight) {
	uint64_t started = clock_monotonic_us();

	for (unsigned i = 0; i < in_flight; i++)
		begin(load, i);
	for (unsigned i = 0; i < calls; i++) {
		end(load, i % in_flight, &load->latencies_us[i]);
		if (i + in_flight < calls)
			begin(load, i % in_flight);
	}
	return (double)(clock_monotonic_us() - started) / 1e6;
}

static struct rpc_client *client_of(const struct options *options, struct rpc_transport *transport,
    const struct rpc_identity *keys, unsigned number) {
	char code[KEYRING_CODE_SIZE];
	struct rpc_client_options opening = { .transport = transport, .endpoint = options->endpoint };
	struct rpc_client *client;

	name_peer(number, code);
	if (keys) {
		opening.identity = &keys[1 + number];
		opening.server_key = keys[0].public_key;
		opening.node = code;
		opening.lane = LANE__LANE_CONTROL;
	}
	check(rpc_client_open(&opening, &client), "client");
	return client;
}

static int call(const struct options *options) {
	struct load load = { .latencies_us = calloc(options->calls + WARM_UP, sizeof(double)) };
	struct rpc_identity *keys = options->keys ? keys_of(options, false) : NULL;
	struct rpc_transport *transport;
	Dossier dossier;
	double seconds;

	check(load.latencies_us && options->in_flight <= RPC_IN_FLIGHT_MAX ? 0 : -EINVAL, "options");
	check(rpc_transport_open(&bench_contract, &transport), "transport");
	load.client = client_of(options, transport, keys, 0);
	arena_init(&load.arena, 1 << 20);
	dossier_sample(&dossier);
	load.message = &dossier.base;
	make_calls(&load, WARM_UP, options->in_flight);
	seconds = make_calls(&load, options->calls, options->in_flight);
	qsort(load.latencies_us, options->calls, sizeof(double), compare);
	printf("{\"name\":\"cchc\",\"in_flight\":%u,\"curve\":%s,\"calls_per_s\":%.0f,"
	       "\"median_us\":%.1f,\"p99_us\":%.1f}\n",
	    options->in_flight, options->keys ? "true" : "false", options->calls / seconds,
	    load.latencies_us[options->calls / 2], load.latencies_us[(size_t)(options->calls * 0.99)]);
	rpc_client_close(load.client);
	rpc_transport_close(transport);
	arena_deinit(&load.arena);
	free(load.latencies_us);
	free(keys);
	return 0;
}

/* Each calls once, so that the server knows it; then all are silent until they are ended. */
static int idle(const struct options *options) {
	struct rpc_identity *keys = options->keys ? keys_of(options, false) : NULL;
	struct load *loads = calloc(options->peers, sizeof(*loads));
	struct rpc_transport *transport;
	Dossier dossier;
	double latency_us;

	check(loads ? 0 : -ENOMEM, "peers");
	check(rpc_transport_open(&bench_contract, &transport), "transport");
	dossier_sample(&dossier);
	for (unsigned i = 0; i < options->peers; i++) {
		loads[i].client = client_of(options, transport, keys, i);
		loads[i].message = &dossier.base;
		arena_init(&loads[i].arena, 1 << 20);
		begin(&loads[i], 0);
		end(&loads[i], 0, &latency_us);
	}
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}

int main(int argc, char **argv) {
	static const struct option names[] = {
		{ "endpoint", required_argument, NULL, 'e' },
		{ "keys", required_argument, NULL, 'k' },
		{ "peers", required_argument, NULL, 'p' },
		{ "in-flight", required_argument, NULL, 'n' },
		{ "calls", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = {
		.endpoint = "ipc:///tmp/cchc-echo", .peers = 1, .in_flight = 64, .calls = 200000
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'e': options.endpoint = optarg; break;
		case 'k': options.keys = optarg; break;
		case 'p': options.peers = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'n': options.in_flight = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'c': options.calls = (unsigned)strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	if (optind + 1 == argc && strcmp(argv[optind], "server") == 0)
		return serve(&options);
	if (optind + 1 == argc && strcmp(argv[optind], "client") == 0)
		return call(&options);
	if (optind + 1 == argc && strcmp(argv[optind], "peers") == 0)
		return idle(&options);
	fputs("usage: cchc_echo server|client|peers --endpoint E [--keys DIR] [--peers N]"
	      " [--in-flight N] [--calls N]\n",
	    stderr);
	return 2;
}
