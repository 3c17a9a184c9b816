/* SPDX-License-Identifier: MIT */
/* The tables and small rules a call stands on: states, credit, permissions, tokens, traces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"
#include "common/rpc/audit.h"
#include "common/rpc/flow.h"
#include "common/rpc/limits.h"
#include "common/rpc/permission.h"
#include "common/rpc/protocol.h"
#include "common/rpc/token.h"
#include "common/rpc/trace.h"

enum { KINDS = 16 };

static const char *const shapes[] = { "Line/Echo", "Line/Upload", "Line/Download",
	"Line/Converse" };

struct step {
	enum speaker speaker;
	enum call_state state;
	Header__Kind kind;
	int next[4]; /* for the four shapes: one, up, down, both */
};

#define NO PROTOCOL_VIOLATION
#define R  CALL_OPEN
#define H  CALL_HALF_CLOSED
#define E  CALL_ENDED

/* Everything that may be said; all the rest may not. */
static const struct step steps[] = {
	{ CALLER, CALL_IDLE, HEADER__KIND__REQUEST, { H, R, H, R } },
	{ CALLER, CALL_OPEN, HEADER__KIND__DATA, { R, R, R, R } },
	{ CALLER, CALL_OPEN, HEADER__KIND__HALF_CLOSE, { H, H, H, H } },
	{ CALLER, CALL_OPEN, HEADER__KIND__CREDIT, { NO, NO, R, R } },
	{ CALLER, CALL_OPEN, HEADER__KIND__CANCEL, { E, E, E, E } },
	{ CALLER, CALL_HALF_CLOSED, HEADER__KIND__CREDIT, { NO, NO, H, H } },
	{ CALLER, CALL_HALF_CLOSED, HEADER__KIND__CANCEL, { E, E, E, E } },
	{ CALLEE, CALL_OPEN, HEADER__KIND__DATA, { NO, NO, R, R } },
	{ CALLEE, CALL_OPEN, HEADER__KIND__CREDIT, { NO, R, NO, R } },
	{ CALLEE, CALL_OPEN, HEADER__KIND__STATUS, { E, E, E, E } },
	{ CALLEE, CALL_HALF_CLOSED, HEADER__KIND__DATA, { NO, NO, H, H } },
	{ CALLEE, CALL_HALF_CLOSED, HEADER__KIND__CREDIT, { NO, H, NO, H } },
	{ CALLEE, CALL_HALF_CLOSED, HEADER__KIND__STATUS, { E, E, E, E } },
};

static int expected(enum speaker speaker, enum call_state state, int kind, size_t shape) {
	for (size_t i = 0; i < LENGTH_OF(steps); i++)
		if (steps[i].speaker == speaker && steps[i].state == state && (int)steps[i].kind == kind)
			return steps[i].next[shape];
	return NO;
}

static void every_state_knows_what_may_follow(void **state) {
	(void)state;
	for (size_t shape = 0; shape < LENGTH_OF(shapes); shape++) {
		const struct contract_method *method = contract_find(&office_contract, shapes[shape]);

		assert_non_null(method);
		for (int speaker = CALLER; speaker < SPEAKERS; speaker++)
			for (int from = CALL_IDLE; from < CALL_STATES; from++)
				for (int kind = -1; kind < KINDS; kind++)
					assert_int_equal(protocol_next(method, (enum speaker)speaker,
					                     (enum call_state)from, (Header__Kind)kind),
					    expected((enum speaker)speaker, (enum call_state)from, kind, shape));
	}
}

static void credit_is_granted_as_it_is_used_up(void **state) {
	struct flow flow;

	(void)state;
	flow_init(&flow, FLOW_OF_CONNECTION, 0);
	assert_int_equal(flow.may_send, RPC_WINDOW_CONNECTION);
	assert_true(flow_arrived(&flow, RPC_WINDOW_CONNECTION / 2 - 1 - 2 * RPC_MESSAGE_COST));
	assert_int_equal(
	    flow_taken(&flow, RPC_WINDOW_CONNECTION / 2 - 1 - 2 * RPC_MESSAGE_COST, 10), 0);
	assert_true(flow_arrived(&flow, 1));
	assert_int_equal(flow_taken(&flow, 1, 10), RPC_WINDOW_CONNECTION / 2);
	assert_int_equal(flow.may_arrive, RPC_WINDOW_CONNECTION);
}

static void empty_messages_use_credit_too(void **state) {
	struct flow flow;
	unsigned count = 0;

	(void)state;
	flow_init(&flow, FLOW_OF_CONNECTION, 0);
	while (flow_arrived(&flow, 0))
		count++;
	assert_int_equal(count, RPC_WINDOW_CONNECTION / RPC_MESSAGE_COST);
}

static void no_more_credit_is_taken_than_may_be_outstanding(void **state) {
	struct flow flow;

	(void)state;
	flow_init(&flow, FLOW_OF_CONNECTION, 0);
	assert_false(flow_granted(&flow, RPC_CREDIT_MAX + 1ull));
	assert_false(flow_granted(&flow, UINT64_MAX));
	assert_false(flow_granted(&flow, RPC_CREDIT_MAX - RPC_WINDOW_CONNECTION + 1));
	assert_true(flow_granted(&flow, RPC_CREDIT_MAX - RPC_WINDOW_CONNECTION));
	assert_false(flow_granted(&flow, 1));
	flow_sent(&flow, 0);
	assert_true(flow_granted(&flow, RPC_MESSAGE_COST));
}

static void the_last_message_may_overdraw_and_none_after_it(void **state) {
	struct flow flow;

	(void)state;
	flow_init(&flow, FLOW_OF_CONNECTION, 0);
	assert_true(flow_arrived(&flow, RPC_WINDOW_CONNECTION - 1 - RPC_MESSAGE_COST));
	assert_true(flow_arrived(&flow, RPC_PAYLOAD_MAX));
	assert_false(flow_arrived(&flow, 1));
}

/* What a receiver does that takes all at once, over a line of so many bytes a second. */
static void flow_over(struct flow *flow, uint32_t bytes_per_s, unsigned grants, uint64_t *now_ms) {
	while (grants) {
		uint32_t size = flow->window / 2 - RPC_MESSAGE_COST;
		uint32_t before = flow->window;
		uint32_t grant;

		*now_ms += size * 1000 / bytes_per_s;
		assert_true(flow_arrived(flow, size));
		grant = flow_taken(flow, size, *now_ms);
		assert_int_equal(grant, (int64_t)size + RPC_MESSAGE_COST + flow->window - before);
		assert_int_equal(flow->may_arrive, flow->window);
		grants--;
	}
}

static void a_window_follows_the_line(void **state) {
	static const struct {
		uint32_t bytes_per_s;
		uint32_t least;
		uint32_t most;
	} lines[] = {
		{ 2000, RPC_WINDOW_MIN, 4096 },
		{ 8000, 4096, 16384 },
		{ 125000, 65536, 262144 },
		{ 10000000, RPC_WINDOW_MAX, RPC_WINDOW_MAX },
		{ 2000, RPC_WINDOW_MIN, 4096 },
	};
	uint64_t now_ms = 0;
	struct flow flow;

	(void)state;
	flow_init(&flow, FLOW_OF_CALL, now_ms);
	for (size_t i = 0; i < LENGTH_OF(lines); i++) {
		flow_over(&flow, lines[i].bytes_per_s, 40, &now_ms);
		assert_in_range(flow.window, lines[i].least, lines[i].most);
	}
}

/* What a long way takes is not taken for a slow line. */
static void a_window_grows_over_a_long_way(void **state) {
	uint64_t now_ms = 0;
	struct flow flow;

	(void)state;
	flow_init(&flow, FLOW_OF_CALL, now_ms);
	for (int i = 0; i < 20; i++) {
		now_ms += 1600;
		assert_true(flow_taken(&flow, flow.window, now_ms) > 0);
	}
	assert_int_equal(flow.window, RPC_WINDOW_MAX);
}

static void a_message_is_advised_that_leaves_room_for_others(void **state) {
	struct flow flow;

	(void)state;
	flow_init(&flow, FLOW_OF_CALL, 0);
	assert_int_equal(flow_chunk(&flow), RPC_WINDOW_MIN / 2);
	assert_true(flow_granted(&flow, 10000));
	assert_int_equal(flow_chunk(&flow), 5000);
	assert_int_equal(flow.may_send, RPC_WINDOW_MIN + 10000);
	assert_true(flow_granted(&flow, 1));
	assert_int_equal(flow_chunk(&flow), RPC_WINDOW_MIN / 2);
	assert_true(flow_granted(&flow, RPC_WINDOW_CONNECTION_MAX));
	assert_int_equal(flow_chunk(&flow), RPC_CHUNK_MAX);
}

static void each_role_may_call_what_its_row_says(void **state) {
	static const struct {
		Permission permission;
		const char
		    *roles; /* one letter each: nobody, service, clerk, leader, administrator, peer */
	} rows[] = {
		{ PERMISSION__PERMISSION_UNSPECIFIED, "------" },
		{ PERMISSION__SERVICES, "-y--y-" },
		{ PERMISSION__READERS, "-yyyy-" },
		{ PERMISSION__CLERKS, "-yy-y-" },
		{ PERMISSION__PEERS, "-y--yy" },
		{ PERMISSION__EVERYONE, "-yyyyy" },
		{ (Permission)99, "------" },
	};

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(rows); i++)
		for (int role = 0; rows[i].roles[role]; role++)
			assert_int_equal(
			    permission_allows(rows[i].permission, (Role)role), rows[i].roles[role] == 'y');
}

struct office {
	struct rpc_identity node;
	struct token_checker *checker;
	Token token;
	struct token_bytes bytes;
};

static void office_open(struct office *office) {
	assert_return_code(rpc_identity_make(&office->node), 0);
	office->checker = rpc_token_checker_new(&office->node, "H51.15");
	assert_non_null(office->checker);
	token__init(&office->token);
	office->token.person = (char *)(uintptr_t) "Nguyễn Thị Lan";
	office->token.role = ROLE__ROLE_CLERK;
	office->token.node = (char *)(uintptr_t) "H51.15";
	office->token.expires_ms = 1000;
}

static void office_close(struct office *office) {
	rpc_token_checker_free(office->checker);
}

static int check(struct office *office, uint64_t now_ms) {
	const char *person;
	Role role;
	int answer = rpc_token_check(
	    office->checker, office->bytes.bytes, office->bytes.size, now_ms, &person, &role);

	if (answer == TOKEN_OK) {
		assert_string_equal(person, office->token.person);
		assert_int_equal(role, office->token.role);
	}
	return answer;
}

static void a_token_is_believed_until_it_expires(void **state) {
	AUTO(office_close) struct office office;

	(void)state;
	office_open(&office);
	assert_return_code(rpc_token_sign(&office.node, &office.token, &office.bytes), 0);
	assert_int_equal(check(&office, 1000), TOKEN_OK);
	assert_int_equal(check(&office, 1000), TOKEN_OK);
	assert_int_equal(check(&office, 1001), TOKEN_EXPIRED);
}

static void every_bit_of_a_token_counts(void **state) {
	AUTO(office_close) struct office office;
	struct token_bytes whole;

	(void)state;
	office_open(&office);
	assert_return_code(rpc_token_sign(&office.node, &office.token, &office.bytes), 0);
	whole = office.bytes;
	for (size_t bit = 0; bit < whole.size * 8; bit++) {
		office.bytes = whole;
		office.bytes.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(check(&office, 1), TOKEN_OK);
	}
	for (size_t size = 0; size < whole.size; size++) {
		office.bytes = whole;
		office.bytes.size = size;
		assert_int_not_equal(check(&office, 1), TOKEN_OK);
	}
}

static void nobody_else_vouches_for_our_people(void **state) {
	AUTO(office_close) struct office office;
	struct rpc_identity other;

	(void)state;
	office_open(&office);
	assert_return_code(rpc_identity_make(&other), 0);
	assert_return_code(rpc_token_sign(&other, &office.token, &office.bytes), 0);
	assert_int_equal(check(&office, 1), TOKEN_INVALID);
	office.token.node = (char *)(uintptr_t) "H51.16";
	assert_return_code(rpc_token_sign(&office.node, &office.token, &office.bytes), 0);
	assert_int_equal(check(&office, 1), TOKEN_INVALID);
}

static void a_token_makes_nobody_a_service_or_a_peer(void **state) {
	static const Role roles[] = { ROLE__ROLE_UNSPECIFIED, ROLE__ROLE_SERVICE, ROLE__ROLE_PEER };
	AUTO(office_close) struct office office;

	(void)state;
	office_open(&office);
	for (size_t i = 0; i < LENGTH_OF(roles); i++) {
		office.token.role = roles[i];
		assert_return_code(rpc_token_sign(&office.node, &office.token, &office.bytes), 0);
		assert_int_equal(check(&office, 1), TOKEN_INVALID);
	}
}

static void a_step_belongs_to_the_work_that_made_it(void **state) {
	struct trace first;
	struct trace second;
	char text[TRACE_TEXT_SIZE];
	char id[TRACE_ID_SIZE];

	(void)state;
	trace_begin(&first, "");
	assert_int_equal(strlen(first.id), 32);
	assert_string_equal(first.parent, "");
	trace_begin(&second, trace_text(&first, text));
	assert_string_equal(second.id, first.id);
	assert_string_equal(second.parent, first.span);
	assert_string_not_equal(second.span, first.span);
	assert_true(trace_read_id(text, id));
	assert_string_equal(id, first.id);
	assert_true(trace_read_id(first.id, id));
	trace_begin(&second, "");
	assert_string_not_equal(second.id, first.id);
}

static void what_is_no_traceparent_begins_a_new_work(void **state) {
	static const char *const texts[] = {
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-011",
		"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
		"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
		"00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
		"00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
		"nothing of the kind",
	};
	struct trace trace;

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(texts); i++) {
		trace_begin(&trace, texts[i]);
		assert_string_equal(trace.parent, "");
		assert_string_not_equal(trace.id, "0af7651916cd43dd8448eb211c80319c");
	}
}

static void refusals_beyond_some_a_second_are_counted(void **state) {
	struct audit audit = { .lines = 0 };
	unsigned lines = 0;
	unsigned counted = 0;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		unsigned silent = 0;

		if (audit_may_write(&audit, &silent)) {
			lines++;
			counted += silent;
		}
	}
	/* It may have taken more than one second, on a slow machine. */
	assert_in_range(lines, AUDIT_LINES_PER_S, 20 * AUDIT_LINES_PER_S);
	assert_int_equal(lines + counted + audit.silent, 10000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_knows_what_may_follow),
		cmocka_unit_test(credit_is_granted_as_it_is_used_up),
		cmocka_unit_test(empty_messages_use_credit_too),
		cmocka_unit_test(no_more_credit_is_taken_than_may_be_outstanding),
		cmocka_unit_test(the_last_message_may_overdraw_and_none_after_it),
		cmocka_unit_test(a_window_follows_the_line),
		cmocka_unit_test(a_window_grows_over_a_long_way),
		cmocka_unit_test(a_message_is_advised_that_leaves_room_for_others),
		cmocka_unit_test(each_role_may_call_what_its_row_says),
		cmocka_unit_test(a_token_is_believed_until_it_expires),
		cmocka_unit_test(every_bit_of_a_token_counts),
		cmocka_unit_test(nobody_else_vouches_for_our_people),
		cmocka_unit_test(a_token_makes_nobody_a_service_or_a_peer),
		cmocka_unit_test(a_step_belongs_to_the_work_that_made_it),
		cmocka_unit_test(what_is_no_traceparent_begins_a_new_work),
		cmocka_unit_test(refusals_beyond_some_a_second_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
