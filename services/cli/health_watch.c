/* SPDX-License-Identifier: MIT */
/* A stream of changes from every service at once, begun again whenever one ends. */
#include <poll.h>
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "services/cli/health.h"
#include "services/cli/interrupt.h"
#include "services/cli/token.h"

enum { GOES_ON = -1, PATIENCE_MS = 2000, WHEN_SIZE = 16, MESSAGE_MEMORY = 1 << 20 };

struct watcher {
	struct health *health;
	struct rpc_client *client;
	uint64_t ticket;    /* 0: no stream */
	uint64_t silent_ms; /* monotonic: when it has said nothing by then, that is told */
	bool told;          /* something was told of it */
};

struct watching {
	struct cli *cli;
	struct watcher watchers[CLI_SERVICES];
	size_t count;
	int signals;
	struct arena arena; /* of the message at hand */
};

static void watching_deinit(struct watching *watching) {
	for (size_t i = 0; i < watching->count; i++)
		if (watching->watchers[i].ticket)
			rpc_client_cancel(watching->watchers[i].client, watching->watchers[i].ticket);
	arena_deinit(&watching->arena);
	file_descriptor_close(&watching->signals);
}

static void tell(struct cli *cli, const struct health *health) {
	time_t now = time(NULL);
	char when[WHEN_SIZE];
	struct tm local;
	json_t *json;

	if (!cli->json) {
		localtime_r(&now, &local);
		strftime(when, sizeof(when), "%H:%M:%S  ", &local);
		health_print(cli, when, health);
		return;
	}
	json = health_json(health);
	json_object_set_new(json, "time_ms", json_integer((json_int_t)clock_wall_ms()));
	json_dumpf(json, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(json);
}

static void note(
    struct watching *watching, struct watcher *watcher, const HealthCheckResponse *response) {
	if (health_note(watcher->health, response) || !watcher->told)
		tell(watching->cli, watcher->health);
	watcher->told = true;
}

static int begin(struct watching *watching, struct watcher *watcher) {
	HealthCheckRequest request = HEALTH_CHECK_REQUEST__INIT;
	struct cli *cli = watching->cli;
	int r = rpc_client_begin(watcher->client,
	    &(struct rpc_request) {
	        .method = "Health/Watch",
	        .message = &request.base,
	        .token = cli_token(cli),
	        .trace = &cli->trace,
	    },
	    &watcher->ticket);

	return r < 0 ? cli_call_failed(cli, watcher->health->service, r, NULL) : GOES_ON;
}

/* A stream ends with its hour, with its service, or because it may not be. */
static int end(struct watching *watching, struct watcher *watcher) {
	struct cli *cli = watching->cli;
	const char *service = watcher->health->service;
	struct rpc_reply reply;
	uint64_t ticket = watcher->ticket;
	int r;

	watcher->ticket = 0;
	r = rpc_client_end(watcher->client, ticket, &watching->arena, &reply);
	if (r < 0)
		return cli_call_failed(cli, service, r, NULL);
	switch (reply.status) {
	case RPC_DEADLINE_EXCEEDED: break;
	case RPC_OK:
	case RPC_CANCELLED:
	case RPC_UNAVAILABLE: note(watching, watcher, NULL); break;
	default: return cli_call_failed(cli, service, 0, &reply);
	}
	return begin(watching, watcher);
}

static int look(struct watching *watching, struct watcher *watcher) {
	ProtobufCMessage *message;
	int r;

	if (!watcher->told && clock_monotonic_ms() >= watcher->silent_ms)
		note(watching, watcher, NULL);
	while (rpc_client_may_receive(watcher->client, watcher->ticket)) {
		arena_reset(&watching->arena);
		r = rpc_client_receive(watcher->client, watcher->ticket, &watching->arena, &message);
		if (r == RPC_CLIENT_ENDED)
			return end(watching, watcher);
		if (r < 0)
			return cli_call_failed(watching->cli, watcher->health->service, r, NULL);
		note(watching, watcher, (const HealthCheckResponse *)message);
	}
	return GOES_ON;
}

static int wait_for_news(struct watching *watching) {
	struct pollfd items[1 + CLI_SERVICES * RPC_CLIENT_POLLS] = {
		{ .fd = watching->signals, .events = POLLIN },
	};
	uint64_t until_ms = UINT64_MAX;
	nfds_t used = 1;
	int r = 0;

	for (size_t i = 0; i < watching->count && r == 0; i++) {
		struct watcher *watcher = &watching->watchers[i];
		uint64_t at_ms;

		r = rpc_client_prepare(watcher->client, items + used, &at_ms);
		used += RPC_CLIENT_POLLS;
		if (!watcher->told && watcher->silent_ms < at_ms)
			at_ms = watcher->silent_ms;
		until_ms = at_ms < until_ms ? at_ms : until_ms;
	}
	if (r == 0)
		r = poll_until(items, used, until_ms);
	if (r < 0)
		return cli_call_failed(watching->cli, "health", r, NULL);
	return items[0].revents && interrupt_status(watching->signals) ? EXIT_OK : GOES_ON;
}

static int open_watcher(struct watching *watching, struct health *health) {
	struct watcher *watcher = &watching->watchers[watching->count];
	struct cli *cli = watching->cli;
	int status = cli_client(cli, health->service, &watcher->client);

	if (status)
		return status;
	watching->count++;
	watcher->health = health;
	watcher->silent_ms = clock_monotonic_ms();
	if (cli_service_listens(cli, health->service))
		watcher->silent_ms += PATIENCE_MS;
	return begin(watching, watcher);
}

int health_watch(struct cli *cli, struct health healths[CLI_SERVICES]) {
	AUTO(watching_deinit) struct watching watching = { .cli = cli, .signals = -1 };
	int status = GOES_ON;

	arena_init(&watching.arena, MESSAGE_MEMORY);
	watching.signals = interrupt_open();
	if (watching.signals < 0)
		return cli_call_failed(cli, "health", watching.signals, NULL);
	for (size_t i = 0; i < CLI_SERVICES && status == GOES_ON; i++)
		if (healths[i].wanted)
			status = open_watcher(&watching, &healths[i]);
	while (status == GOES_ON) {
		for (size_t i = 0; i < watching.count && status == GOES_ON; i++)
			status = look(&watching, &watching.watchers[i]);
		if (status == GOES_ON)
			status = wait_for_news(&watching);
	}
	return status == EXIT_OK ? health_status(healths) : status;
}
