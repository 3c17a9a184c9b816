/* SPDX-License-Identifier: MIT */
/*
 * Echo of a dossier through the whole path of a call: identity, permission, deadline, pre-scan,
 * arena, handler, encoding. `server` and `client` are two processes; `run` compares them with
 * others.
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

#define NODE "H51.15"

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
	unsigned in_flight;
	unsigned calls;
};

static void check(int r, const char *what) {
	if (r >= 0)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(-r));
	exit(1);
}

/* Both sides have both key pairs: the server writes them, the client reads them. */
static struct rpc_identity key_of(const char *folder, const char *name, bool make) {
	struct rpc_identity identity;
	char path[512];
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (make)
		check(rpc_identity_make(&identity), "key");
	stream = fopen(path, make ? "w" : "r");
	if (!stream || (make ? fwrite(&identity, sizeof(identity), 1, stream)
	                     : fread(&identity, sizeof(identity), 1, stream)) != 1)
		check(-errno, path);
	fclose(stream);
	return identity;
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
		struct rpc_identity ours = key_of(options->keys, "server", true);
		struct rpc_identity theirs = key_of(options->keys, "client", true);
		struct rpc_keyring *keyring = rpc_keyring_new();
		struct rpc_keyring_entry entry = { .code = NODE };

		rpc_key_decode(theirs.public_key, entry.key);
		check(rpc_keyring_replace(keyring, &entry, 1), "keyring");
		check(rpc_server_listen_peers(server, options->endpoint, &ours, keyring), "listen");
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

static int call(const struct options *options) {
	struct rpc_identity ours;
	struct rpc_identity theirs;
	struct rpc_client_options opening = { .endpoint = options->endpoint };
	struct load load = { .latencies_us = calloc(options->calls + WARM_UP, sizeof(double)) };
	Dossier dossier;
	double seconds;

	check(load.latencies_us && options->in_flight <= RPC_IN_FLIGHT_MAX ? 0 : -EINVAL, "options");
	check(rpc_transport_open(&bench_contract, &opening.transport), "transport");
	if (options->keys) {
		ours = key_of(options->keys, "client", false);
		theirs = key_of(options->keys, "server", false);
		opening.identity = &ours;
		opening.server_key = theirs.public_key;
		opening.node = NODE;
		opening.lane = LANE__LANE_CONTROL;
	}
	check(rpc_client_open(&opening, &load.client), "client");
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
	rpc_transport_close(opening.transport);
	arena_deinit(&load.arena);
	free(load.latencies_us);
	return 0;
}

int main(int argc, char **argv) {
	static const struct option names[] = {
		{ "endpoint", required_argument, NULL, 'e' },
		{ "keys", required_argument, NULL, 'k' },
		{ "in-flight", required_argument, NULL, 'n' },
		{ "calls", required_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	struct options options = {
		.endpoint = "ipc:///tmp/cchc-echo", .in_flight = 64, .calls = 200000
	};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'e': options.endpoint = optarg; break;
		case 'k': options.keys = optarg; break;
		case 'n': options.in_flight = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'c': options.calls = (unsigned)strtoul(optarg, NULL, 10); break;
		default: return 2;
		}
	}
	if (optind + 1 == argc && strcmp(argv[optind], "server") == 0)
		return serve(&options);
	if (optind + 1 == argc && strcmp(argv[optind], "client") == 0)
		return call(&options);
	fputs("usage: cchc_echo server|client --endpoint E [--keys DIR] [--in-flight N] [--calls N]\n",
	    stderr);
	return 2;
}
