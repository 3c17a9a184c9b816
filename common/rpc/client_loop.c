/* SPDX-License-Identifier: MIT */
/* A client in its caller's own loop. */
#include "common/base/clock.h"
#include "common/rpc/client_internal.h"

/* When a flight changes although nothing comes, or `until_ms`. */
static uint64_t look_ahead(
    const struct rpc_client *client, const struct flight *flight, uint64_t until_ms) {
	if (!flight->ticket || flight->ended)
		return until_ms;
	until_ms = sooner(until_ms, flight->deadline_ms);
	if (!flight->sent && client->link != LINK_UP)
		until_ms = sooner(until_ms, flight->ready_ms);
	if (!flight->sent && flight->retry_ms > clock_monotonic_ms())
		until_ms = sooner(until_ms, flight->retry_ms);
	return until_ms;
}

int rpc_client_prepare(
    struct rpc_client *client, struct pollfd items[RPC_CLIENT_POLLS], uint64_t *ret_until_ms) {
	int r = client_turn(client, ret_until_ms);

	if (r < 0)
		return failed_below(r);
	for (size_t i = 0; i < RPC_IN_FLIGHT_MAX; i++)
		*ret_until_ms = look_ahead(client, &client->flights[i], *ret_until_ms);
	if (client->cancelled)
		*ret_until_ms = sooner(*ret_until_ms, clock_monotonic_ms() + LOOK_MS);
	items[0] = (struct pollfd) { .fd = client->descriptor, .events = POLLIN };
	items[1] = (struct pollfd) { .fd = client->monitor_descriptor, .events = POLLIN };
	return 0;
}

bool rpc_client_may_send(struct rpc_client *client, uint64_t ticket) {
	const struct flight *flight = client_find(client, ticket);

	return flight && flight->sent && flight->state == CALL_OPEN && flight->flow.may_send > 0 &&
	       client->flow.may_send > 0 && !client_is_over(client, flight);
}

bool rpc_client_may_receive(struct rpc_client *client, uint64_t ticket) {
	const struct flight *flight = client_find(client, ticket);

	return !flight || flight->arrived.first || client_is_over(client, flight);
}
