/* SPDX-License-Identifier: MIT */
/* Following a log from one real service to another, whatever happens to either. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/message.h"
#include "services/exchange/route.h"
#include "tests/unit/exchange/house.h"
#include "tests/unit/rpc/tiny.h"

enum { UNITS = 3000 };

static const struct route units_here = { "staffing", STREAM__STREAM_UNITS, ROUTE_HERE, "dossiers" };

static struct trace step; /* a round's; begun by main */

static RouteState follow(struct house *house) {
	struct route_end source = { house->clients[HOUSE_STAFFING], false, "staffing" };
	struct route_end follower = { house->clients[HOUSE_DOSSIERS], false, "dossiers" };
	RouteState state;

	assert_return_code(
	    route_follow(&units_here, &source, &follower, &step, clock_monotonic_ms() + 30000, &state),
	    0);
	return state;
}

static void open_both(struct house *house) {
	house_open(house, "H51.15", "", NULL);
	house_start(house, HOUSE_STAFFING);
	house_start(house, HOUSE_DOSSIERS);
}

static uint64_t follower_reaches(struct house *house) {
	return house_reaches(
	    house, house->clients[HOUSE_DOSSIERS], "Replica/Marks", "", STREAM__STREAM_UNITS);
}

static void everything_is_moved_once(void **unused) {
	AUTO(house_close) struct house house;
	RouteState state;

	(void)unused;
	open_both(&house);
	state = follow(&house);
	assert_int_equal(state.moved, 0);
	assert_int_equal(state.behind, 0);
	house_record_units(&house, 0, UNITS);
	state = follow(&house);
	assert_int_equal(state.status, RPC_OK);
	assert_int_equal(state.moved, UNITS);
	assert_int_equal(state.behind, 0);
	assert_int_equal(follower_reaches(&house), UNITS);
	state = follow(&house);
	assert_int_equal(state.moved, 0);
	assert_int_equal(state.behind, 0);
}

static void a_source_that_is_down_is_told(void **unused) {
	AUTO(house_close) struct house house;
	RouteState state;

	(void)unused;
	open_both(&house);
	house_stop(&house, HOUSE_STAFFING, SIGTERM);
	state = follow(&house);
	assert_int_equal(state.status, RPC_UNAVAILABLE);
	assert_int_equal(state.reason, FAULT__REASON__SERVICE_DOWN);
}

struct killer {
	struct house *house;
	unsigned writes; /* kill when the store was written so often … */
	int store;
	int followed; /* … or when this says that the following is over */
};

/* Whether the follower has written `writes` times; false when the following ended before. */
static bool await_writes(const struct killer *killer) {
	struct pollfd signs[] = {
		{ .fd = killer->store, .events = POLLIN },
		{ .fd = killer->followed, .events = POLLIN },
	};
	unsigned seen = 0;

	while (seen < killer->writes) {
		struct inotify_event event; /* of a file that is watched itself: it carries no name */

		assert_true(poll(signs, 2, 30000) > 0);
		if (signs[1].revents)
			return false;
		while (read(killer->store, &event, sizeof(event)) == sizeof(event))
			seen++;
	}
	return true;
}

static void *kill_and_start_again(void *context) {
	struct killer *killer = context;

	await_writes(killer);
	house_stop(killer->house, HOUSE_DOSSIERS, SIGKILL);
	house_spawn(killer->house, HOUSE_DOSSIERS);
	return NULL;
}

/* At many moments of a following: what it acknowledged is there, and the rest comes. */
static void a_follower_that_is_killed_goes_on_where_it_was(void **unused) {
	enum { ROUNDS = 8, AT_ONCE = 1000 };
	AUTO(house_close) struct house house;

	(void)unused;
	open_both(&house);
	for (unsigned i = 0; i < ROUNDS; i++) {
		AUTO(file_descriptor_close) int store = house_watch_store(&house, HOUSE_DOSSIERS);
		AUTO(file_descriptor_close) int followed = eventfd(0, EFD_CLOEXEC);
		struct killer killer = { &house, i, store, followed };
		static const uint64_t one = 1;
		pthread_t thread;
		RouteState state;

		house_record_units(&house, i * AT_ONCE, AT_ONCE);
		assert_int_equal(pthread_create(&thread, NULL, kill_and_start_again, &killer), 0);
		state = follow(&house);
		assert_int_equal(write(followed, &one, sizeof(one)), sizeof(one));
		pthread_join(thread, NULL);
		assert_int_equal(state.status, RPC_OK);
		assert_int_equal(state.behind, 0);
		assert_int_equal(follower_reaches(&house), (i + 1) * AT_ONCE);
	}
}

static void one_mark(struct rpc_call *call, uint64_t sequence) {
	MarksReply *reply = (MarksReply *)call->reply;
	Mark *mark = (Mark *)message_new(&mark__descriptor, &call->arena);

	mark->origin = (char *)(uintptr_t) "H51";
	mark->sequence = sequence;
	reply->marks = arena_alloc(&call->arena, sizeof(Mark *));
	reply->marks[0] = mark;
	reply->n_marks = 1;
}

/* Has ten events and sends the same one whatever is asked. */
static void answer_as_source(struct rpc_call *call) {
	if (call->method->reply == &marks_reply__descriptor) {
		one_mark(call, 10);
	} else {
		ReadEventsReply *reply = (ReadEventsReply *)call->reply;

		reply->events = arena_alloc(&call->arena, sizeof(ProtobufCBinaryData));
		reply->events[0] = (ProtobufCBinaryData) { 1, (uint8_t *)(uintptr_t) "x" };
		reply->n_events = 1;
	}
}

/* Knows that one event. */
static void answer_as_follower(struct rpc_call *call) {
	if (call->method->reply == &marks_reply__descriptor)
		one_mark(call, 1);
	else
		((ApplyEventsReply *)call->reply)->repeated_events = 1;
}

static void a_source_that_repeats_itself_is_left(void **unused) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(tiny_stopp) struct tiny *source = NULL;
	AUTO(tiny_stopp) struct tiny *follower = NULL;
	AUTO(rpc_transport_closep) struct rpc_transport *transport = NULL;
	AUTO(rpc_client_closep) struct rpc_client *to_source = NULL;
	AUTO(rpc_client_closep) struct rpc_client *to_follower = NULL;
	struct route_end ends[2];
	uint64_t started = clock_monotonic_ms();
	char endpoint[TINY_ENDPOINT_SIZE];
	RouteState state;

	(void)unused;
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/source", folder.path);
	source = tiny_start(endpoint);
	source->fill = answer_as_source;
	to_source = tiny_client(transport, endpoint);
	snprintf(endpoint, sizeof(endpoint), "ipc://%s/follower", folder.path);
	follower = tiny_start(endpoint);
	follower->fill = answer_as_follower;
	to_follower = tiny_client(transport, endpoint);
	ends[0] = (struct route_end) { to_source, false, "staffing" };
	ends[1] = (struct route_end) { to_follower, false, "dossiers" };
	assert_return_code(
	    route_follow(&units_here, &ends[0], &ends[1], &step, started + 20000, &state), 0);
	assert_int_equal(state.behind, 10);
	assert_int_equal(state.moved, 0);
	assert_in_range(clock_monotonic_ms() - started, 0, 5000);
}

static void a_follower_that_holds_less_is_told_how_far_it_is_behind(void **unused) {
	AUTO(house_close) struct house house;
	struct route_end source;
	struct route_end follower;
	RouteState state;

	(void)unused;
	open_both(&house);
	house_record_units(&house, 0, UNITS);
	source = (struct route_end) { house.clients[HOUSE_STAFFING], false, "staffing" };
	follower = (struct route_end) { house.clients[HOUSE_DOSSIERS], false, "dossiers" };
	/* Time for one step only. */
	assert_return_code(route_follow(&units_here, &source, &follower, &step, 0, &state), 0);
	assert_in_range(state.moved, 1, UNITS - 1);
	assert_int_equal(state.behind, UNITS - state.moved);
}

static void only_what_travels_is_open(void **unused) {
	(void)unused;
	assert_true(route_is_open("staffing", STREAM__STREAM_UNITS, ROUTE_DOWN));
	assert_true(route_is_open("dossiers", STREAM__STREAM_RECORDS, ROUTE_UP));
	assert_false(route_is_open("staffing", STREAM__STREAM_UNITS, ROUTE_UP));
	assert_false(route_is_open("dossiers", STREAM__STREAM_RECORDS, ROUTE_DOWN));
	assert_false(route_is_open("", STREAM__STREAM_UNITS, ROUTE_DOWN));
	assert_false(route_is_open("staffing", STREAM__STREAM_UNSPECIFIED, ROUTE_DOWN));
	assert_false(route_is_open("exchange", STREAM__STREAM_RECORDS, ROUTE_UP));
	assert_false(route_is_open("../staffing", STREAM__STREAM_RECORDS, ROUTE_UP));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_moved_once),
		cmocka_unit_test(a_source_that_is_down_is_told),
		cmocka_unit_test(a_follower_that_is_killed_goes_on_where_it_was),
		cmocka_unit_test(a_source_that_repeats_itself_is_left),
		cmocka_unit_test(a_follower_that_holds_less_is_told_how_far_it_is_behind),
		cmocka_unit_test(only_what_travels_is_open),
	};

	trace_begin(&step, "");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
