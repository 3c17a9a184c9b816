/* SPDX-License-Identifier: MIT */
#include "services/exchange/pump.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/log.h"

enum { SERVICES = 4, STOP_LOOK_MS = 100 };

/* The parent's catalogues change rarely; without being asked they are looked at this seldom. */
#define DOWN_EVERY_ROUNDS 10

static const char *const service_names[SERVICES] = { "dossiers", "staffing", "documents",
	"reporting" };

struct pump {
	struct service *service;
	enum pump_scope scope;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a wish came, a round ended, or it is time to stop */
	bool stopping;
	atomic_bool cancelled; /* ends what the thread waits for */
	uint64_t wished;       /* rounds asked for */
	struct trace wish;     /* for which step the last one was */
	uint64_t ended;        /* wishes fulfilled */
	struct pump_round last;

	/* The thread's own. */
	struct rpc_client *clients[SERVICES];
	struct rpc_client *parent;
	struct rpc_identity identity;
	char parent_key[RPC_KEY_TEXT_SIZE];
	struct trace trace; /* of the round being made */
	uint64_t rounds;
};

static struct rpc_client *client_of(struct pump *pump, const char *service) {
	for (size_t i = 0; i < SERVICES; i++) {
		char endpoint[NODE_ENDPOINT_SIZE];
		struct rpc_client_options options = {
			.transport = service_transport(pump->service),
			.endpoint = node_endpoint(service_node(pump->service), service, endpoint),
			.cancelled = &pump->cancelled,
		};

		if (strcmp(service_names[i], service) != 0)
			continue;
		if (!pump->clients[i] && rpc_client_open(&options, &pump->clients[i]) < 0)
			return NULL;
		return pump->clients[i];
	}
	return NULL;
}

static struct rpc_client *parent_of(struct pump *pump) {
	struct rpc_client_options options = {
		.transport = service_transport(pump->service),
		.endpoint = service_node(pump->service)->settings.parent,
		.identity = &pump->identity,
		.server_key = pump->parent_key,
		.node = service_node(pump->service)->settings.code,
		.lane = LANE__LANE_CONTROL,
		.cancelled = &pump->cancelled,
	};

	if (!pump->parent && rpc_client_open(&options, &pump->parent) < 0)
		return NULL;
	return pump->parent;
}

static bool has_parent(const struct pump *pump) {
	return *service_node(pump->service)->settings.parent != '\0';
}

static int follow(
    struct pump *pump, const struct route *route, uint64_t until_ms, RouteState *state) {
	bool from_parent = route->way == ROUTE_DOWN;
	bool to_parent = route->way == ROUTE_UP;
	struct route_end source = { from_parent ? parent_of(pump) : client_of(pump, route->service),
		from_parent, route->service };
	struct route_end follower = { to_parent ? parent_of(pump) : client_of(pump, route->follower),
		to_parent, to_parent ? route->service : route->follower };
	int r;

	route_state__init(state);
	r = source.client && follower.client ? 0 : failed_here(-ENOMEM);
	if (r == 0)
		r = route_follow(route, &source, &follower, &pump->trace, until_ms, state);
	state->service = (char *)(uintptr_t)route->service;
	state->stream = route->stream;
	state->from = (char *)(uintptr_t)(from_parent ? "parent" : "");
	state->to = (char *)(uintptr_t)(to_parent ? "parent" : route->follower);
	return r;
}

static bool parent_failed(const struct pump_round *round) {
	for (size_t i = 0; i < round->count; i++)
		if (round->states[i].status && (strcmp(round->states[i].from, "parent") == 0 ||
		                                   strcmp(round->states[i].to, "parent") == 0))
			return true;
	return false;
}

static bool is_due(const struct pump *pump, const struct route *route, bool wished) {
	bool inside = route->way == ROUTE_HERE;

	if (inside != (pump->scope == PUMP_INSIDE) || (!inside && !has_parent(pump)))
		return false;
	return route->way != ROUTE_DOWN || wished || pump->rounds % DOWN_EVERY_ROUNDS == 0;
}

static void make_round(struct pump *pump, bool wished, struct pump_round *round) {
	uint64_t until_ms = clock_monotonic_ms() + PUMP_ROUND_MS;

	/* Who asks may have mended what was wrong: the line is tried at once, however long it was to be
	 * left alone. */
	if (wished && parent_failed(&pump->last))
		rpc_client_closep(&pump->parent);
	round->count = 0;
	log_trace(pump->trace.id);
	for (size_t i = 0; i < route_count && round->count < PUMP_ROUTES_MAX; i++) {
		RouteState *state = &round->states[round->count];
		int r;

		/* One failure tells of the line; asking again for each route would only wait longer. */
		if (!is_due(pump, &routes[i], wished) || parent_failed(round))
			continue;
		r = follow(pump, &routes[i], until_ms, state);
		if (r < 0) {
			log_failure("exchange-failed", r, "%s", routes[i].service);
			state->status = RPC_INTERNAL;
		}
		round->count++;
	}
	log_trace(NULL);
	pump->rounds++;
}

static void wait_for_wish(struct pump *pump, uint64_t interval_ms) {
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(interval_ms / 1000);
	until.tv_nsec += (long)(interval_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (!pump->stopping && pump->wished == pump->ended)
		if (pthread_cond_timedwait(&pump->changed, &pump->lock, &until) == ETIMEDOUT)
			break;
}

static void *work(void *context) {
	struct pump *pump = context;
	uint64_t interval_ms = service_node(pump->service)->settings.exchange_interval_ms;

	pthread_mutex_lock(&pump->lock);
	while (!pump->stopping) {
		uint64_t wished = pump->wished;
		bool asked = wished != pump->ended;
		struct pump_round round;

		if (asked)
			pump->trace = pump->wish;
		else
			trace_begin(&pump->trace, "");
		pthread_mutex_unlock(&pump->lock);
		make_round(pump, asked, &round);
		pthread_mutex_lock(&pump->lock);
		pump->last = round;
		pump->ended = wished;
		pthread_cond_broadcast(&pump->changed);
		wait_for_wish(pump, interval_ms ? interval_ms : 1000);
	}
	pthread_mutex_unlock(&pump->lock);
	for (size_t i = 0; i < SERVICES; i++)
		rpc_client_closep(&pump->clients[i]);
	rpc_client_closep(&pump->parent);
	return NULL;
}

static int read_keys(struct pump *pump) {
	const struct node *node = service_node(pump->service);
	int r = node_identity(node, &pump->identity);

	if (r == 0 && has_parent(pump))
		r = node_parent_key(node, pump->parent_key);
	return r < 0 ? failed_below(r) : 0;
}

int pump_start(struct service *service, enum pump_scope scope, struct pump **ret_pump) {
	struct pump *pump = calloc(1, sizeof(*pump));
	pthread_condattr_t monotonic;
	int r;

	if (!pump)
		return failed_here(-ENOMEM);
	pump->service = service;
	pump->scope = scope;
	r = read_keys(pump);
	if (r < 0) {
		free(pump);
		return failed_below(r);
	}
	pthread_mutex_init(&pump->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&pump->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	r = pthread_create(&pump->thread, NULL, work, pump);
	if (r) {
		pthread_cond_destroy(&pump->changed);
		pthread_mutex_destroy(&pump->lock);
		free(pump);
		return failed_here(-r);
	}
	*ret_pump = pump;
	return 0;
}

void pump_stop(struct pump *pump) {
	atomic_store(&pump->cancelled, true);
	pthread_mutex_lock(&pump->lock);
	pump->stopping = true;
	pthread_cond_broadcast(&pump->changed);
	pthread_mutex_unlock(&pump->lock);
	pthread_join(pump->thread, NULL);
	pthread_cond_destroy(&pump->changed);
	pthread_mutex_destroy(&pump->lock);
	sodium_memzero(&pump->identity, sizeof(pump->identity));
	free(pump);
}

int pump_exchange(
    struct pump *pump, const struct trace *trace, uint64_t until_ms, struct pump_round *ret_round) {
	int answer = PUMP_TIMEOUT;
	uint64_t now = clock_monotonic_ms();
	uint64_t mine;

	pthread_mutex_lock(&pump->lock);
	mine = ++pump->wished;
	pump->wish = *trace;
	pthread_cond_broadcast(&pump->changed);
	while (pump->ended < mine && now < until_ms && !service_is_stopping(pump->service)) {
		uint64_t look_ms = until_ms - now > STOP_LOOK_MS ? now + STOP_LOOK_MS : until_ms;
		struct timespec until = {
			.tv_sec = (time_t)(look_ms / 1000),
			.tv_nsec = (long)(look_ms % 1000) * 1000000,
		};

		pthread_cond_timedwait(&pump->changed, &pump->lock, &until);
		now = clock_monotonic_ms();
	}
	if (pump->ended >= mine) {
		*ret_round = pump->last;
		answer = PUMP_OK;
	}
	pthread_mutex_unlock(&pump->lock);
	return answer;
}
