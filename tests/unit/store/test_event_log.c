/* SPDX-License-Identifier: MIT */
#include "common/store/event_log.h"

#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/message.h"
#include "common/store/event_clock.h"
#include "tests/unit/store/desk.h"

#define RECORDS STREAM__STREAM_RECORDS
#define UNITS   STREAM__STREAM_UNITS

/* The origin's own log and a follower's copy. */
struct pair {
	struct desk origin;
	struct desk follower;
};

static int pair_open(void **state) {
	static struct pair pair;

	desk_open(&pair.origin, "H51.15.61");
	desk_open(&pair.follower, "H51.15");
	*state = &pair;
	return 0;
}

static int pair_close(void **state) {
	struct pair *pair = *state;

	desk_close(&pair->origin);
	desk_close(&pair->follower);
	return 0;
}

static void append(struct desk *desk, Stream stream, int count, size_t size) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	static uint8_t body[100000];

	for (int i = 0; i < count; i++) {
		memset(body, 'a' + i % 26, size);
		event_log_append(&txn, &(struct event_draft) {
		                           .stream = stream,
		                           .type = RECORD_TYPE__RECORD_NEWS,
		                           .actor = "Lê Văn Tám",
		                           .body = { size, body },
		                       });
	}
	desk_keep(&txn);
}

struct events {
	ProtobufCBinaryData *items;
	size_t count;
	bool more;
};

/* Borrowed from `txn`, whose arena they are in. */
static struct events read_after(struct store_txn *txn, Stream stream,
    const struct event_mark *after, size_t after_count, size_t max_bytes) {
	struct events events = { .count = 0 };

	assert_int_equal(event_log_read(txn, stream, after, after_count, max_bytes, txn->arena,
	                     &events.items, &events.count, &events.more),
	    0);
	return events;
}

static Event *unpack(struct store_txn *txn, ProtobufCBinaryData bytes) {
	Event *event = event__unpack(&txn->arena->allocator, bytes.len, bytes.data);

	assert_non_null(event);
	return event;
}

/* Packed anew in a static buffer. */
static ProtobufCBinaryData pack(const Event *event) {
	static uint8_t bytes[200000];

	return (ProtobufCBinaryData) { event__pack(event, bytes), bytes };
}

static int keep_in(struct store_txn *txn, Stream stream, ProtobufCBinaryData bytes) {
	Event *event = NULL;

	return event_log_keep(txn, stream, bytes.data, bytes.len, &event);
}

static int keep(struct desk *desk, ProtobufCBinaryData bytes) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);
	int answer = keep_in(&txn, RECORDS, bytes);

	desk_keep(&txn);
	return answer;
}

static struct event_mark mark_of(struct desk *desk, const char *origin, Stream stream) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct event_mark mark;

	assert_int_equal(event_mark_load(&txn, origin, stream, &mark), 0);
	return mark;
}

static void expect_same_marks(struct desk *one, struct desk *other, const char *origin) {
	struct event_mark left = mark_of(one, origin, RECORDS);
	struct event_mark right = mark_of(other, origin, RECORDS);

	assert_memory_equal(&left, &right, sizeof(left));
}

/* All of the origin's events into the follower; each must be new there. */
static void follow(struct pair *pair) {
	AUTO(store_abort) struct store_txn from = desk_read(&pair->origin);
	struct events events = read_after(&from, RECORDS, NULL, 0, SIZE_MAX / 2);

	for (size_t i = 0; i < events.count; i++)
		assert_int_equal(keep(&pair->follower, events.items[i]), EVENT_LOG_OK);
}

static void a_log_is_dense_and_chained_by_hash(void **state) {
	struct pair *pair = *state;
	uint64_t before = clock_wall_ms();
	uint64_t clock = 0;

	append(&pair->origin, RECORDS, 3, 10);
	append(&pair->origin, RECORDS, 2, 10);
	{
		AUTO(store_abort) struct store_txn txn = desk_read(&pair->origin);
		struct events events = read_after(&txn, RECORDS, NULL, 0, SIZE_MAX / 2);

		assert_int_equal(events.count, 5);
		for (size_t i = 0; i < events.count; i++) {
			Event *event = unpack(&txn, events.items[i]);

			assert_string_equal(event->origin, "H51.15.61");
			assert_string_equal(event->actor, "Lê Văn Tám");
			assert_int_equal(event->epoch, store_epoch(pair->origin.store));
			assert_int_equal(event->sequence, i + 1);
			assert_int_equal(event->previous.len, i ? EVENT_HASH_SIZE : 0);
			assert_true(event->clock > clock && event_clock_ms(event->clock) >= before);
			clock = event->clock;
		}
	}
	assert_int_equal(mark_of(&pair->origin, "H51.15.61", RECORDS).sequence, 5);
	assert_int_equal(mark_of(&pair->origin, "H51.15.61", RECORDS).clock, clock);
	assert_int_equal(mark_of(&pair->origin, "H51.15.61", UNITS).sequence, 0);
	follow(pair); /* which checks the chain */
	expect_same_marks(&pair->origin, &pair->follower, "H51.15.61");
}

static void a_log_goes_on_after_opening_again(void **state) {
	struct pair *pair = *state;

	append(&pair->origin, RECORDS, 3, 10);
	desk_open_again(&pair->origin);
	append(&pair->origin, RECORDS, 3, 10);
	follow(pair);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).sequence, 6);
}

static void an_aborted_event_leaves_no_gap(void **state) {
	struct pair *pair = *state;
	struct store_txn txn = desk_write(&pair->origin);

	event_log_append(&txn, &(struct event_draft) { .stream = RECORDS });
	store_abort(&txn);
	append(&pair->origin, RECORDS, 2, 10);
	follow(pair);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).sequence, 2);
}

static void copies_are_kept_byte_for_byte(void **state) {
	struct pair *pair = *state;
	struct store_value copied;
	struct store_value own;

	append(&pair->origin, RECORDS, 20, 300);
	follow(pair);
	own = desk_dump(&pair->origin, TABLE_LOG);
	copied = desk_dump(&pair->follower, TABLE_LOG);
	assert_int_equal(own.size, copied.size);
	assert_memory_equal(own.bytes, copied.bytes, own.size);
}

static void an_event_sent_again_is_recognised_and_changes_nothing(void **state) {
	struct pair *pair = *state;
	AUTO(store_abort) struct store_txn from = STORE_TXN_NULL;
	struct events events;

	append(&pair->origin, RECORDS, 3, 10);
	follow(pair);
	from = desk_read(&pair->origin);
	events = read_after(&from, RECORDS, NULL, 0, SIZE_MAX / 2);
	for (size_t i = 0; i < events.count; i++)
		assert_int_equal(keep(&pair->follower, events.items[i]), EVENT_LOG_REPEATED);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).sequence, 3);
}

static void an_event_after_a_gap_is_not_kept(void **state) {
	struct pair *pair = *state;
	AUTO(store_abort) struct store_txn from = STORE_TXN_NULL;
	struct events events;

	append(&pair->origin, RECORDS, 4, 10);
	from = desk_read(&pair->origin);
	events = read_after(&from, RECORDS, NULL, 0, SIZE_MAX / 2);
	assert_int_equal(keep(&pair->follower, events.items[1]), EVENT_LOG_GAP);
	assert_int_equal(keep(&pair->follower, events.items[0]), EVENT_LOG_OK);
	assert_int_equal(keep(&pair->follower, events.items[2]), EVENT_LOG_GAP);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).sequence, 1);
}

/* One held event, altered by `alter` and offered again. */
static int offer(struct pair *pair, size_t which, void (*alter)(Event *event)) {
	AUTO(store_abort) struct store_txn from = desk_read(&pair->origin);
	struct events events = read_after(&from, RECORDS, NULL, 0, SIZE_MAX / 2);
	Event *event = unpack(&from, events.items[which]);

	alter(event);
	return keep(&pair->follower, pack(event));
}

static void other_body(Event *event) {
	event->body.data[0] ^= 1;
}

static void other_previous(Event *event) {
	event->previous.data[31] ^= 1;
}

static void no_previous(Event *event) {
	event->previous.len = 0;
}

static void earlier_life(Event *event) {
	event->epoch--;
}

static void next_life(Event *event) {
	event->epoch++;
	event->sequence = 1;
	event->previous.len = 0;
}

static void next_life_from_the_middle(Event *event) {
	event->epoch++;
}

static void next_life_with_a_past(Event *event) {
	event->epoch++;
	event->sequence = 1;
}

static void two_histories_of_one_origin_are_a_fork(void **state) {
	struct pair *pair = *state;

	append(&pair->origin, RECORDS, 3, 10);
	follow(pair);
	append(&pair->origin, RECORDS, 1, 10);
	assert_int_equal(offer(pair, 1, other_body), EVENT_LOG_FORK);
	assert_int_equal(offer(pair, 0, earlier_life), EVENT_LOG_FORK);
	assert_int_equal(offer(pair, 3, other_previous), EVENT_LOG_FORK);
	assert_int_equal(offer(pair, 3, no_previous), EVENT_LOG_FORK);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).sequence, 3);
}

static void a_new_life_of_an_origin_begins_at_one_and_goes_on(void **state) {
	struct pair *pair = *state;
	uint32_t epoch = store_epoch(pair->origin.store);

	append(&pair->origin, RECORDS, 2, 10);
	follow(pair);
	assert_int_equal(offer(pair, 1, next_life_from_the_middle), EVENT_LOG_GAP);
	assert_int_equal(offer(pair, 1, next_life_with_a_past), EVENT_LOG_GAP);
	assert_int_equal(offer(pair, 1, next_life), EVENT_LOG_OK);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).epoch, epoch + 1);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).sequence, 1);
	assert_int_equal(offer(pair, 1, next_life), EVENT_LOG_REPEATED);
}

static void other_stream(Event *event) {
	event->stream = STREAM__STREAM_UNITS;
}

static void no_stream(Event *event) {
	event->stream = STREAM__STREAM_UNSPECIFIED;
}

static void no_sequence(Event *event) {
	event->sequence = 0;
}

static void no_origin(Event *event) {
	event->origin = text_of("");
}

static void long_origin(Event *event) {
	event->origin = text_of("H51.15.61.abcdefg");
}

static void origin_that_is_no_text(Event *event) {
	event->origin = text_of("H51\xff");
}

static void actor_that_is_no_text(Event *event) {
	event->actor = text_of("L\xc3\xaa V\xc4");
}

static void what_is_no_event_of_the_stream_is_refused(void **state) {
	static void (*const alterations[])(Event * event) = { other_stream, no_stream, no_sequence,
		no_origin, long_origin, origin_that_is_no_text, actor_that_is_no_text };
	struct pair *pair = *state;
	uint8_t noise[] = { 0x0a, 0xff, 0xff };

	append(&pair->origin, RECORDS, 1, 10);
	for (size_t i = 0; i < LENGTH_OF(alterations); i++)
		assert_int_equal(offer(pair, 0, alterations[i]), EVENT_LOG_MALFORMED);
	assert_int_equal(
	    keep(&pair->follower, (ProtobufCBinaryData) { sizeof(noise), noise }), EVENT_LOG_MALFORMED);
	assert_int_equal(
	    keep(&pair->follower, (ProtobufCBinaryData) { 0, noise }), EVENT_LOG_MALFORMED);
	assert_int_equal(desk_dump(&pair->follower, TABLE_LOG).size, 0);
	assert_int_equal(desk_dump(&pair->follower, TABLE_MARKS).size, 0);
}

static void the_stream_that_is_none_keeps_no_events(void **state) {
	struct pair *pair = *state;
	AUTO(store_abort) struct store_txn from = STORE_TXN_NULL;
	AUTO(store_abort) struct store_txn to = desk_write(&pair->follower);
	Event *event;

	append(&pair->origin, RECORDS, 1, 10);
	from = desk_read(&pair->origin);
	event = unpack(&from, read_after(&from, RECORDS, NULL, 0, 1000).items[0]);
	no_stream(event);
	assert_int_equal(keep_in(&to, STREAM__STREAM_UNSPECIFIED, pack(event)), EVENT_LOG_MALFORMED);
}

static void an_event_of_an_unknown_type_is_kept_and_can_be_held(void **state) {
	struct pair *pair = *state;
	AUTO(store_abort) struct store_txn from = STORE_TXN_NULL;
	struct store_txn to;
	Event *event;
	Event *kept = NULL;
	ProtobufCBinaryData bytes;

	append(&pair->origin, RECORDS, 1, 10);
	from = desk_read(&pair->origin);
	event = unpack(&from, read_after(&from, RECORDS, NULL, 0, 1000).items[0]);
	event->type = (RecordType)9999;
	bytes = pack(event);
	to = desk_write(&pair->follower);
	assert_int_equal(event_log_keep(&to, RECORDS, bytes.data, bytes.len, &kept), EVENT_LOG_OK);
	event_log_hold(&to, kept, "unknown type");
	desk_keep(&to);
	assert_int_equal(mark_of(&pair->follower, "H51.15.61", RECORDS).sequence, 1);
	assert_true(desk_dump(&pair->follower, TABLE_HELD).size > 0);
}

#define PAIR_TEST(claim) cmocka_unit_test_setup_teardown(claim, pair_open, pair_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		PAIR_TEST(a_log_is_dense_and_chained_by_hash),
		PAIR_TEST(a_log_goes_on_after_opening_again),
		PAIR_TEST(an_aborted_event_leaves_no_gap),
		PAIR_TEST(copies_are_kept_byte_for_byte),
		PAIR_TEST(an_event_sent_again_is_recognised_and_changes_nothing),
		PAIR_TEST(an_event_after_a_gap_is_not_kept),
		PAIR_TEST(two_histories_of_one_origin_are_a_fork),
		PAIR_TEST(a_new_life_of_an_origin_begins_at_one_and_goes_on),
		PAIR_TEST(what_is_no_event_of_the_stream_is_refused),
		PAIR_TEST(the_stream_that_is_none_keeps_no_events),
		PAIR_TEST(an_event_of_an_unknown_type_is_kept_and_can_be_held),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
