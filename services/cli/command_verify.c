/* SPDX-License-Identifier: MIT */
/* cchc verify: prove that the stores of a running node are whole. */
#include <ctype.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cchc/node.pb-c.h"
#include "services/cli/calls.h"
#include "services/cli/token.h"
#include "services/cli/transcoder.h"

enum { BAR_WIDTH = 30, KEY_SIZE = 64 };

struct proof {
	struct cli *cli;
	json_t *services;
	const VerifyResult *results[CLI_SERVICES];
	size_t count;
	uint64_t findings;
};

/* Only for somebody who looks; it goes away again. */
static void show_progress(const char *service, const VerifyNews *news) {
	char bar[BAR_WIDTH + 1];
	unsigned filled = news->total ? (unsigned)(news->done * BAR_WIDTH / news->total) : 0;
	unsigned percent = news->total ? (unsigned)(news->done * 100 / news->total) : 0;

	if (!isatty(STDERR_FILENO))
		return;
	for (unsigned i = 0; i < BAR_WIDTH; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR_WIDTH] = '\0';
	if (news->result)
		fprintf(stderr, "\r%*s\r", BAR_WIDTH + 24, "");
	else
		fprintf(stderr, "\r%-10s [%s] %3u %%", service, bar, percent);
	fflush(stderr);
}

static const char *kind_key(const VerifyFinding *finding, char key[KEY_SIZE]) {
	const ProtobufCEnumValue *kind =
	    protobuf_c_enum_descriptor_get_value(&verify_finding__kind__descriptor, (int)finding->kind);

	snprintf(key, KEY_SIZE, "verify.found.%s", kind ? kind->name : "UNSPECIFIED");
	for (char *c = key; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return key;
}

static void take_findings(
    struct proof *proof, const char *service, const VerifyNews *news, json_t *list) {
	for (size_t i = 0; i < news->n_findings; i++) {
		const VerifyFinding *finding = news->findings[i];
		char key[KEY_SIZE];
		json_t *json;

		if (!proof->cli->json)
			cli_print(proof->cli, kind_key(finding, key), "service", service, "table",
			    finding->table, "place", finding->place, "expected", finding->expected, "found",
			    finding->found, NULL);
		else if (transcode_to_json(&finding->base, TRANSCODE_KEEP_DEFAULTS, &json) == 0)
			json_array_append_new(list, json);
	}
}

static void take_result(
    struct proof *proof, const char *service, const VerifyResult *result, json_t *findings) {
	struct cli *cli = proof->cli;
	json_t *json;

	proof->results[proof->count++] = result;
	proof->findings += result->findings;
	if (cli->json) {
		if (transcode_to_json(&result->base, TRANSCODE_KEEP_DEFAULTS, &json) < 0)
			return;
		json_object_set(json, "first_findings", findings);
		json_array_append_new(proof->services, json);
		return;
	}
	for (size_t i = 0; i < result->n_held; i++) {
		const HeldEvent *held = result->held[i];

		cli_print(cli, "verify.held", "service", service, "origin", held->origin, "sequence",
		    cli_number(cli, held->sequence), "reason", held->reason, NULL);
	}
	cli_print(cli, result->findings ? "verify.damaged" : "verify.whole", "service", service,
	    "findings", cli_number(cli, result->findings), "events", cli_number(cli, result->events),
	    "records", cli_number(cli, result->records), "entries",
	    cli_number(cli, result->index_entries), "counters", cli_number(cli, result->counters),
	    "held", cli_number(cli, result->held_events), "ms",
	    cli_number(cli, result->duration_us / 1000), NULL);
}

static int verify_service(struct proof *proof, const char *service) {
	struct cli *cli = proof->cli;
	VerifyRequest request = VERIFY_REQUEST__INIT;
	json_t *findings = json_array();
	struct rpc_client *client;
	const VerifyNews *last = NULL;
	ProtobufCMessage *message;
	struct rpc_reply reply;
	uint64_t ticket;
	int status = cli_client(cli, service, &client);
	int r = 0;

	if (status == EXIT_OK) {
		r = rpc_client_begin(client,
		    &(struct rpc_request) {
		        .method = "Node/Verify",
		        .message = &request.base,
		        .token = cli_token(cli),
		        .trace = &cli->trace,
		    },
		    &ticket);
		while (r == 0 && rpc_client_receive(client, ticket, &cli->arena, &message) == 0) {
			last = (const VerifyNews *)message;
			show_progress(service, last);
			take_findings(proof, service, last, findings);
		}
		if (r == 0)
			r = rpc_client_end(client, ticket, &cli->arena, &reply);
		if (r < 0 || reply.status != RPC_OK || !last || !last->result)
			status = cli_call_failed(cli, service, r, &reply);
		else
			take_result(proof, service, last->result, findings);
	}
	json_decref(findings);
	return status;
}

static bool is_same_log(const VerifiedLog *left, const VerifiedLog *right) {
	return left->stream == right->stream && left->mark->epoch == right->mark->epoch &&
	       left->mark->sequence == right->mark->sequence &&
	       strcmp(left->mark->origin, right->mark->origin) == 0;
}

/* Services that follow one log to the same event must have the same history of it. Records have
 * other events in every service. */
static void compare_logs(struct proof *proof, const VerifyResult *left, const VerifyResult *right) {
	for (size_t i = 0; i < left->n_logs; i++)
		for (size_t j = 0; j < right->n_logs; j++) {
			const Mark *one = left->logs[i]->mark;
			const Mark *other = right->logs[j]->mark;

			if (left->logs[i]->stream == STREAM__STREAM_RECORDS ||
			    !is_same_log(left->logs[i], right->logs[j]) ||
			    (one->head.len == other->head.len &&
			        memcmp(one->head.data, other->head.data, one->head.len) == 0))
				continue;
			proof->findings++;
			cli_say(proof->cli, "verify.services_differ", "one", left->service, "other",
			    right->service, "origin", one->origin, NULL);
		}
}

static void print_json(struct proof *proof) {
	json_t *json = json_pack("{sb sO}", "whole", proof->findings == 0, "services", proof->services);

	json_dumpf(json, stdout, JSON_INDENT(1));
	putchar('\n');
	json_decref(json);
}

int command_verify(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "service", required_argument, NULL, 's' },
		{ NULL, 0, NULL, 0 },
	};
	struct proof proof = { .cli = cli };
	const char *only = NULL;
	int status;
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 's')
			return cli_usage(cli, "verify", NULL);
		only = optarg;
	}
	if (optind != argc)
		return cli_usage(cli, "verify", NULL);
	status = only ? cli_check_service(cli, only) : EXIT_OK;
	if (status == EXIT_OK)
		status = cli_open_node(cli);
	proof.services = json_array();
	for (size_t i = 0; i < CLI_SERVICES && status == EXIT_OK; i++)
		if (!only || strcmp(only, cli_services[i]) == 0)
			status = verify_service(&proof, cli_services[i]);
	for (size_t i = 0; i < proof.count; i++)
		for (size_t j = i + 1; j < proof.count; j++)
			compare_logs(&proof, proof.results[i], proof.results[j]);
	if (status == EXIT_OK && cli->json)
		print_json(&proof);
	json_decref(proof.services);
	return status == EXIT_OK && proof.findings ? EXIT_FAILED : status;
}
