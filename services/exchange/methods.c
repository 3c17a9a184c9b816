/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"
#include "common/units/units.h"
#include "services/exchange/exchange.h"
#include "services/exchange/pump.h"

static struct exchange *state_of(const struct service_call *call) {
	return service_plan_of(call->service)->state;
}

static int refuse_route(struct service_call *call, const char *service) {
	return service_refuse(
	    call, RPC_PERMISSION_DENIED, FAULT__REASON__NOT_ALLOWED, "service", service);
}

/* A peer sees the marks of its own logs and of those below it, and of catalogues. */
static int relay_marks(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const MarksRequest *asked = (const MarksRequest *)request;
	MarksReply *result = (MarksReply *)reply;
	bool up = route_is_open(asked->service, asked->stream, ROUTE_UP);
	const ProtobufCMessage *answer;
	const MarksReply *marks;
	int r;

	if (!up && !route_is_open(asked->service, asked->stream, ROUTE_DOWN))
		return refuse_route(call, asked->service);
	r = service_ask(call, asked->service, "Replica/Marks", request, &answer);
	if (r)
		return r;
	marks = (const MarksReply *)answer;
	result->marks = marks->marks;
	for (size_t i = 0; i < marks->n_marks; i++) {
		Mark *mark = marks->marks[i];

		if (!up || !call->rpc->peer || unit_code_is_below(mark->origin, call->rpc->peer))
			result->marks[result->n_marks++] = mark;
	}
	return 0;
}

static int relay_read(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const ReadEventsRequest *asked = (const ReadEventsRequest *)request;
	const ProtobufCMessage *answer;
	int r;

	if (!route_is_open(asked->service, asked->stream, ROUTE_DOWN))
		return refuse_route(call, asked->service);
	r = service_ask(call, asked->service, "Replica/ReadEvents", request, &answer);
	if (r == 0)
		*(ReadEventsReply *)reply = *(const ReadEventsReply *)answer;
	return r;
}

/* A peer speaks for itself and for the nodes below it, for nobody else. */
static int check_origins(struct service_call *call, const ApplyEventsRequest *sent) {
	for (size_t i = 0; i < sent->n_events; i++) {
		ProtobufCMessage *event;

		if (message_unpack(&event__descriptor, sent->events[i].data, sent->events[i].len,
		        call->arena, &event) != MESSAGE_OK)
			return service_refuse(
			    call, RPC_INVALID_ARGUMENT, FAULT__REASON__MALFORMED, "events", NULL);
		if (call->rpc->peer && !unit_code_is_below(((const Event *)event)->origin, call->rpc->peer))
			return service_refuse(call, RPC_PERMISSION_DENIED, FAULT__REASON__WRONG_ORIGIN,
			    "origin", ((const Event *)event)->origin);
	}
	return 0;
}

static int relay_apply(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const ApplyEventsRequest *sent = (const ApplyEventsRequest *)request;
	ApplyEventsReply *result = (ApplyEventsReply *)reply;
	const ProtobufCMessage *answer;
	size_t kept = 0;
	int r;

	if (!route_is_open(sent->service, sent->stream, ROUTE_UP))
		return refuse_route(call, sent->service);
	r = check_origins(call, sent);
	if (r == 0)
		r = service_ask(call, sent->service, "Replica/ApplyEvents", request, &answer);
	if (r)
		return r;
	*result = *(const ApplyEventsReply *)answer;
	for (size_t i = 0; i < result->n_marks; i++)
		if (!call->rpc->peer || unit_code_is_below(result->marks[i]->origin, call->rpc->peer))
			result->marks[kept++] = result->marks[i];
	result->n_marks = kept;
	return 0;
}

static int exchange_with(struct service_call *call, struct pump *pump, SyncReply *result) {
	struct pump_round *round = arena_alloc(call->arena, sizeof(*round));
	RouteState **all;

	if (!round)
		return failed_here(-ENOMEM);
	if (pump_exchange(pump, &call->rpc->trace, call->rpc->deadline_ms - 100, round) != PUMP_OK)
		return service_refuse(
		    call, RPC_DEADLINE_EXCEEDED, FAULT__REASON__OVERLOADED, "exchange", NULL);
	all = arena_alloc(call->arena, (result->n_routes + round->count) * sizeof(RouteState *));
	if (!all)
		return failed_here(-ENOMEM);
	if (result->n_routes)
		memcpy(all, result->routes, result->n_routes * sizeof(RouteState *));
	result->routes = all;
	for (size_t i = 0; i < round->count; i++)
		result->routes[result->n_routes++] = &round->states[i];
	return 0;
}

/* First with the parent: what comes from there is then spread inside. */
static int sync(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	const struct node_settings *settings = &service_node(call->service)->settings;
	bool inside_only = ((const SyncRequest *)request)->inside_only;
	const struct exchange *exchange = state_of(call);
	int r = 0;

	if (!inside_only && *settings->parent)
		r = exchange_with(call, exchange->outside, (SyncReply *)reply);
	return r ? r : exchange_with(call, exchange->inside, (SyncReply *)reply);
}

static int load_peers(struct service *service, struct exchange *exchange, size_t *ret_count) {
	struct rpc_keyring_entry *entries = NULL;
	int r = node_peers(service_node(service), &entries, ret_count);

	if (r == 0)
		r = rpc_keyring_replace(exchange->keyring, entries, *ret_count);
	free(entries);
	return r < 0 ? failed_below(r) : 0;
}

static int reload_peers(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	size_t count = 0;
	int r = load_peers(call->service, state_of(call), &count);

	(void)request;
	((ReloadPeersReply *)reply)->peers = (uint32_t)count;
	return r;
}

static int compare_peers(const void *left, const void *right) {
	return strcmp((*(PeerState *const *)left)->code, (*(PeerState *const *)right)->code);
}

/* A node that changes its key has two entries. */
static bool is_listed(const ListPeersReply *list, const char *code) {
	for (size_t i = 0; i < list->n_peers; i++)
		if (strcmp(list->peers[i]->code, code) == 0)
			return true;
	return false;
}

static int list_peers(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply) {
	ListPeersReply *result = (ListPeersReply *)reply;
	struct rpc_keyring_entry *entries = NULL;
	size_t count = 0;
	int r = node_peers(service_node(call->service), &entries, &count);

	(void)request;
	result->peers = arena_alloc(call->arena, (count + 1) * sizeof(PeerState *));
	for (size_t i = 0; r == 0 && result->peers && i < count; i++) {
		PeerState *peer;

		if (is_listed(result, entries[i].code))
			continue;
		peer = arena_alloc(call->arena, sizeof(*peer));
		if (!peer) {
			r = failed_here(-ENOMEM);
			break;
		}
		peer_state__init(peer);
		peer->code = arena_copy_text(call->arena, entries[i].code, strlen(entries[i].code));
		peer->last_contact_ms =
		    rpc_server_last_heard_ms(service_server(call->service), entries[i].code);
		result->peers[result->n_peers++] = peer;
	}
	free(entries);
	if (r == 0 && !result->peers)
		r = failed_here(-ENOMEM);
	if (result->n_peers)
		qsort(result->peers, result->n_peers, sizeof(PeerState *), compare_peers);
	return r < 0 ? failed_below(r) : 0;
}

static int start(struct service *service) {
	struct exchange *exchange = service_plan_of(service)->state;
	const struct node_settings *settings = &service_node(service)->settings;
	struct rpc_identity identity;
	size_t count;
	int r;

	exchange->keyring = rpc_keyring_new();
	if (!exchange->keyring)
		return failed_here(-ENOMEM);
	r = load_peers(service, exchange, &count);
	if (r == 0 && *settings->listen) {
		r = node_identity(service_node(service), &identity);
		if (r == 0)
			r = rpc_server_listen_peers(
			    service_server(service), settings->listen, &identity, exchange->keyring);
	}
	if (r == 0)
		r = pump_start(service, PUMP_INSIDE, &exchange->inside);
	if (r == 0 && *settings->parent)
		r = pump_start(service, PUMP_OUTSIDE, &exchange->outside);
	return r < 0 ? failed_below(r) : 0;
}

static void stop(struct service *service) {
	struct exchange *exchange = service_plan_of(service)->state;

	if (exchange->outside)
		pump_stop(exchange->outside);
	if (exchange->inside)
		pump_stop(exchange->inside);
	exchange->outside = NULL;
	exchange->inside = NULL;
	/* The keyring is left to the process: the transport's handler may still look into it. */
}

static const struct service_method methods[] = {
	{ "Exchange/Marks", relay_marks, NULL },
	{ "Exchange/ReadEvents", relay_read, NULL },
	{ "Exchange/ApplyEvents", relay_apply, NULL },
	{ "Exchange/Sync", sync, NULL },
	{ "Exchange/ReloadPeers", reload_peers, NULL },
	{ "Exchange/ListPeers", list_peers, NULL },
};

static struct exchange exchange;

const struct service_plan exchange_plan = {
	.name = "exchange",
	.interfaces = { "Exchange" },
	.methods = methods,
	.method_count = LENGTH_OF(methods),
	.workers = 4,
	.start = start,
	.stop = stop,
	.state = &exchange,
};
