/* SPDX-License-Identifier: MIT */
#include "services/cli/dialogue.h"

#include <poll.h>
#include <stdio.h>

#include "common/base/file.h"
#include "services/cli/interrupt.h"
#include "services/cli/token.h"
#include "services/cli/transcoder.h"

enum { GOES_ON = -1, MESSAGE_MEMORY = 64 << 20 };

struct dialogue {
	struct cli *cli;
	const struct dialogue_plan *plan;
	struct rpc_client *client;
	uint64_t ticket;    /* 0: not begun, or ended */
	struct arena arena; /* of the message at hand */
	int signals;        /* -1: not open */
	bool reads;         /* requests are still wanted */
	unsigned sent;
};

static void dialogue_deinit(struct dialogue *dialogue) {
	if (dialogue->ticket)
		rpc_client_cancel(dialogue->client, dialogue->ticket);
	arena_deinit(&dialogue->arena);
	file_descriptor_close(&dialogue->signals);
}

static int broke(struct dialogue *dialogue, int r) {
	return cli_call_failed(dialogue->cli, dialogue->plan->service, r, NULL);
}

/* Of many messages, which one, and what became of the call. */
static void say_which(const struct dialogue *dialogue) {
	char number[16];

	if (!dialogue->plan->method->streams_requests)
		return;
	snprintf(number, sizeof(number), "%u", dialogue->sent + 1);
	cli_say(dialogue->cli, "call.bad_message", "number", number, NULL);
}

static int say_bad_json(const struct dialogue *dialogue, const struct json_fault *fault) {
	char place[64];

	say_which(dialogue);
	snprintf(place, sizeof(place), "%u:%u", fault->line, fault->column);
	cli_say(dialogue->cli, "call.bad_json", "place", place, "error", fault->text, NULL);
	return EXIT_USAGE;
}

static int say_bad_message(
    const struct dialogue *dialogue, int answer, const struct transcode_fault *fault) {
	const char *type = dialogue->plan->method->request->short_name;
	struct cli *cli = dialogue->cli;

	say_which(dialogue);
	switch (answer) {
	case TRANSCODE_UNKNOWN_FIELD:
		cli_say(cli, fault->nearest ? "call.unknown_field_nearest" : "call.unknown_field", "type",
		    type, "path", fault->path, "nearest", fault->nearest ? fault->nearest : "", NULL);
		break;
	case TRANSCODE_GIVEN_TWICE:
		cli_say(cli, "call.given_twice", "type", type, "path", fault->path, NULL);
		break;
	default:
		cli_say(cli, fault->nearest ? "call.bad_field_nearest" : "call.bad_field", "type", type,
		    "path", *fault->path ? fault->path : type, "value", fault->value, "nearest",
		    fault->nearest ? fault->nearest : "", NULL);
		break;
	}
	return EXIT_USAGE;
}

static int read_message(
    struct dialogue *dialogue, const json_t *json, ProtobufCMessage **ret_message) {
	struct transcode_fault fault;
	int r;

	arena_reset(&dialogue->arena);
	r = transcode_from_json(
	    dialogue->plan->method->request, json, &dialogue->arena, ret_message, &fault);
	if (r < 0)
		return broke(dialogue, r);
	return r == TRANSCODE_OK ? EXIT_OK : say_bad_message(dialogue, r, &fault);
}

/* Wait for the client, the source and a signal, whichever is wanted and first. */
static int wait_for(struct dialogue *dialogue, bool for_client, bool for_source) {
	struct json_source *source = dialogue->plan->source;
	struct pollfd items[RPC_CLIENT_POLLS + 2] = {
		{ .fd = dialogue->signals, .events = POLLIN },
		{ .fd = for_source ? json_source_descriptor(source) : -1, .events = POLLIN },
	};
	nfds_t count = for_client ? LENGTH_OF(items) : 2;
	uint64_t until_ms = UINT64_MAX;
	int status;
	int r = 0;

	if (for_client)
		r = rpc_client_prepare(dialogue->client, items + 2, &until_ms);
	/* Also when something came: a signal is looked for however much comes. */
	if (r == 0)
		r = poll_until(items, count, until_ms);
	if (r == 0 && items[0].revents) {
		status = interrupt_status(dialogue->signals);
		if (status)
			return status;
	}
	if (r == 0 && items[1].revents)
		r = json_source_read(source);
	return r < 0 ? broke(dialogue, r) : GOES_ON;
}

/* The one request of a method that streams none. */
static int read_single(struct dialogue *dialogue, ProtobufCMessage **ret_message) {
	AUTO(json_decrefp) json_t *first = NULL;
	AUTO(json_decrefp) json_t *second = NULL;
	struct json_fault fault;
	int status = GOES_ON;

	while (status == GOES_ON) {
		switch (json_source_next(dialogue->plan->source, first ? &second : &first, &fault)) {
		case JSON_SOURCE_WAIT: status = wait_for(dialogue, false, true); break;
		case JSON_SOURCE_BAD: status = say_bad_json(dialogue, &fault); break;
		case JSON_SOURCE_END: status = first ? EXIT_OK : EXIT_USAGE; break;
		case JSON_SOURCE_VALUE: status = second ? EXIT_USAGE : GOES_ON; break;
		}
	}
	if (status == EXIT_OK)
		return read_message(dialogue, first, ret_message);
	if (status == EXIT_USAGE && !first)
		cli_say(dialogue->cli, "call.no_message", "method", dialogue->plan->method->name, NULL);
	else if (status == EXIT_USAGE && second)
		cli_say(dialogue->cli, "call.one_message", "method", dialogue->plan->method->name, NULL);
	return status;
}

static int begin(struct dialogue *dialogue) {
	const struct dialogue_plan *plan = dialogue->plan;
	struct cli *cli = dialogue->cli;
	ProtobufCMessage *message = NULL;
	int status = EXIT_OK;
	int r;

	if (!plan->method->streams_requests)
		status = read_single(dialogue, &message);
	if (status == EXIT_OK)
		status = cli_client(cli, plan->service, &dialogue->client);
	if (status)
		return status;
	r = rpc_client_begin(dialogue->client,
	    &(struct rpc_request) {
	        .method = plan->method->name,
	        .message = message,
	        .deadline_ms = plan->deadline_ms,
	        .token = cli_token(cli),
	        .key = plan->key,
	        .trace = &cli->trace,
	    },
	    &dialogue->ticket);
	dialogue->reads = plan->method->streams_requests;
	return r < 0 ? broke(dialogue, r) : EXIT_OK;
}

static int print_reply(struct dialogue *dialogue, const ProtobufCMessage *message) {
	bool many = dialogue->plan->method->streams_replies;
	AUTO(json_decrefp) json_t *json = NULL;
	int r = transcode_to_json(message, TRANSCODE_OMIT_DEFAULTS, &json);

	if (r < 0)
		return broke(dialogue, r);
	json_dumpf(json, stdout, many ? JSON_COMPACT : JSON_INDENT(1));
	putchar('\n');
	fflush(stdout);
	return GOES_ON;
}

/* How it ended. */
static int end(struct dialogue *dialogue) {
	struct cli *cli = dialogue->cli;
	struct rpc_reply reply;
	uint64_t ticket = dialogue->ticket;
	int r;

	dialogue->ticket = 0;
	r = rpc_client_end(dialogue->client, ticket, &cli->arena, &reply);
	if (r < 0)
		return broke(dialogue, r);
	if (reply.status != RPC_OK) {
		int status = cli_call_failed(cli, dialogue->plan->service, 0, &reply);

		if (reply.fault && *reply.fault->field)
			cli_say(cli, *reply.fault->value ? "call.fault_value" : "call.fault_field", "field",
			    reply.fault->field, "value", reply.fault->value, NULL);
		return status;
	}
	return reply.message && print_reply(dialogue, reply.message) != GOES_ON ? EXIT_FAILED : EXIT_OK;
}

/* A reply that came, or the end. Return: GOES_ON or the exit status. */
static int take(struct dialogue *dialogue) {
	ProtobufCMessage *message;
	int r;

	if (!dialogue->plan->method->streams_replies)
		return end(dialogue);
	arena_reset(&dialogue->arena);
	r = rpc_client_receive(dialogue->client, dialogue->ticket, &dialogue->arena, &message);
	if (r == RPC_CLIENT_ENDED)
		return end(dialogue);
	return r < 0 ? broke(dialogue, r) : print_reply(dialogue, message);
}

static int send_one(struct dialogue *dialogue, const json_t *json) {
	ProtobufCMessage *message;
	int status = read_message(dialogue, json, &message);
	int r;

	if (status)
		return status;
	r = rpc_client_send(dialogue->client, dialogue->ticket, message);
	dialogue->sent++;
	return r < 0 ? broke(dialogue, r) : GOES_ON;
}

/* The next request while there is one. *ret_wait: it has still to come.
 * Return: GOES_ON or the exit status. */
static int give(struct dialogue *dialogue, bool *ret_wait) {
	AUTO(json_decrefp) json_t *json = NULL;
	struct json_fault fault;
	int r;

	*ret_wait = false;
	switch (json_source_next(dialogue->plan->source, &json, &fault)) {
	case JSON_SOURCE_VALUE: return send_one(dialogue, json);
	case JSON_SOURCE_BAD: return say_bad_json(dialogue, &fault);
	case JSON_SOURCE_WAIT: *ret_wait = true; return GOES_ON;
	case JSON_SOURCE_END: break;
	}
	dialogue->reads = false;
	r = rpc_client_half_close(dialogue->client, dialogue->ticket);
	return r < 0 ? broke(dialogue, r) : GOES_ON;
}

static int go_on(struct dialogue *dialogue) {
	int status = GOES_ON;

	while (status == GOES_ON) {
		bool wants = false;

		if (rpc_client_may_receive(dialogue->client, dialogue->ticket))
			status = take(dialogue);
		else if (dialogue->reads && rpc_client_may_send(dialogue->client, dialogue->ticket))
			status = give(dialogue, &wants);
		else
			status = wait_for(dialogue, true, false);
		if (wants)
			status = wait_for(dialogue, true, true);
	}
	return status;
}

int dialogue_hold(struct cli *cli, const struct dialogue_plan *plan) {
	AUTO(dialogue_deinit)
	struct dialogue dialogue = { .cli = cli, .plan = plan, .signals = -1 };
	int status;

	arena_init(&dialogue.arena, MESSAGE_MEMORY);
	dialogue.signals = interrupt_open();
	if (dialogue.signals < 0)
		return broke(&dialogue, dialogue.signals);
	status = begin(&dialogue);
	if (status == EXIT_OK)
		status = go_on(&dialogue);
	if (status > INTERRUPT_STATUS)
		cli_say(cli, "call.interrupted", NULL);
	if (status && plan->key && dialogue.client)
		cli_say(cli, "call.key", "key", plan->key_digits, NULL);
	return status;
}
