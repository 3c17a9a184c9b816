/* SPDX-License-Identifier: MIT */
/* Reading the log by marks: against a list of what is in it. */
#include "common/store/event_log.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

#define RECORDS STREAM__STREAM_RECORDS

enum { ORIGINS = 4, LIVES = 3, EVENTS_MAX = 400 };

/* What the store holds, in the order it is to be read. */
struct entry {
	size_t origin;
	uint32_t epoch;
	uint64_t sequence;
	uint8_t bytes[700];
	size_t size;
};

struct listing {
	struct desk desk;
	struct chance chance;
	struct entry entries[EVENTS_MAX];
	size_t count;
};

static const char *const origins[ORIGINS] = { "H51.15.61", "H51.15.62", "H51.15.6", "X" };
static const size_t ordered[ORIGINS] = { 2, 0, 1, 3 }; /* by bytes of the code */

static void add_entry(
    struct listing *listing, struct store_txn *txn, const Event *event, size_t origin) {
	struct entry *entry = &listing->entries[listing->count++];
	Event *kept;

	*entry =
	    (struct entry) { .origin = origin, .epoch = event->epoch, .sequence = event->sequence };
	entry->size = event__pack(event, entry->bytes);
	assert_int_equal(
	    event_log_keep(txn, event->stream, entry->bytes, entry->size, &kept), EVENT_LOG_OK);
}

static void add_life(
    struct listing *listing, struct store_txn *txn, size_t origin, uint32_t epoch) {
	uint64_t count = chance_below(&listing->chance, 30) + 1;
	uint8_t body[500] = { 0 };
	Event event = EVENT__INIT;
	struct event_mark mark;

	event.origin = text_of(origins[origin]);
	event.stream = RECORDS;
	event.type = RECORD_TYPE__RECORD_NEWS;
	event.epoch = epoch;
	for (event.sequence = 1; event.sequence <= count; event.sequence++) {
		event.body = (ProtobufCBinaryData) { chance_below(&listing->chance, sizeof(body)), body };
		add_entry(listing, txn, &event, origin);
		assert_int_equal(event_mark_load(txn, event.origin, RECORDS, &mark), 0);
		event.previous = (ProtobufCBinaryData) { EVENT_HASH_SIZE, mark.head };
	}
}

static int listing_open(void **state) {
	static struct listing listing;
	struct store_txn txn;

	listing.count = 0;
	desk_open(&listing.desk, "H51.15");
	listing.chance = chance_new();
	txn = desk_write(&listing.desk);
	for (size_t i = 0; i < ORIGINS; i++)
		for (uint32_t life = 1; life <= LIVES; life++)
			add_life(&listing, &txn, ordered[i], 1700000000 + life * 1000);
	desk_keep(&txn);
	*state = &listing;
	return 0;
}

static int listing_close(void **state) {
	struct listing *listing = *state;

	desk_close(&listing->desk);
	return 0;
}

static void note(struct event_mark *marks, size_t *count, const struct entry *entry) {
	size_t i = 0;

	while (i < *count && strcmp(marks[i].origin, origins[entry->origin]) != 0)
		i++;
	if (i == *count)
		(*count)++;
	strcpy(marks[i].origin, origins[entry->origin]);
	marks[i].stream = RECORDS;
	marks[i].epoch = entry->epoch;
	marks[i].sequence = entry->sequence;
}

/* Reads on from the marks of what was read, until there is no more. Each must be the next entry. */
static void expect_all_in_order(struct listing *listing, size_t max_bytes) {
	struct event_mark marks[ORIGINS] = { { .sequence = 0 } };
	size_t mark_count = 0;
	size_t next = 0;
	bool more = true;

	while (more) {
		AUTO(store_abort) struct store_txn txn = desk_read(&listing->desk);
		ProtobufCBinaryData *events;
		size_t count;
		size_t bytes = 0;

		assert_int_equal(event_log_read(&txn, RECORDS, marks, mark_count, max_bytes,
		                     &listing->desk.arena, &events, &count, &more),
		    0);
		assert_true(count > 0);
		for (size_t i = 0; i < count; i++) {
			const struct entry *entry = &listing->entries[next++];

			assert_int_equal(events[i].len, entry->size);
			assert_memory_equal(events[i].data, entry->bytes, entry->size);
			note(marks, &mark_count, entry);
			bytes += events[i].len;
		}
		assert_true(count == 1 || bytes <= max_bytes);
	}
	assert_int_equal(next, listing->count);
}

static void reading_on_from_what_was_read_gives_every_event_once(void **state) {
	struct listing *listing = *state;

	for (size_t max_bytes = 1; max_bytes < 300000; max_bytes = max_bytes * 3 / 2 + 1)
		expect_all_in_order(listing, max_bytes);
}

static size_t read_count(
    struct listing *listing, Stream stream, const struct event_mark *after, size_t after_count) {
	AUTO(store_abort) struct store_txn txn = desk_read(&listing->desk);
	ProtobufCBinaryData *events;
	size_t count;
	bool more = true;

	assert_int_equal(event_log_read(&txn, stream, after, after_count, SIZE_MAX / 2,
	                     &listing->desk.arena, &events, &count, &more),
	    0);
	assert_false(more);
	return count;
}

static void after_the_marks_of_the_log_nothing_follows(void **state) {
	struct listing *listing = *state;
	AUTO(store_abort) struct store_txn txn = desk_read(&listing->desk);
	struct event_mark copy[ORIGINS];
	struct event_mark *marks;
	size_t count;

	assert_int_equal(event_marks_load(&txn, RECORDS, &listing->desk.arena, &marks, &count), 0);
	assert_int_equal(count, ORIGINS);
	memcpy(copy, marks, sizeof(copy));
	for (size_t i = 0; i < count; i++)
		assert_string_equal(marks[i].origin, origins[ordered[i]]);
	store_abort(&txn);
	assert_int_equal(read_count(listing, RECORDS, copy, ORIGINS), 0);
	assert_int_equal(read_count(listing, RECORDS, copy, ORIGINS - 1) > 0, 1);
}

static void marks_from_beyond_the_log_read_nothing_of_it(void **state) {
	struct listing *listing = *state;
	struct event_mark beyond[ORIGINS] = { { .epoch = UINT32_MAX, .sequence = 1 } };

	for (size_t i = 0; i < ORIGINS; i++) {
		strcpy(beyond[i].origin, origins[i]);
		beyond[i].epoch = UINT32_MAX;
		beyond[i].sequence = i % 2 ? 1 : UINT64_MAX;
	}
	assert_int_equal(read_count(listing, RECORDS, beyond, ORIGINS), 0);
}

static void streams_do_not_see_each_other(void **state) {
	struct listing *listing = *state;

	assert_int_equal(read_count(listing, STREAM__STREAM_UNITS, NULL, 0), 0);
	assert_int_equal(read_count(listing, RECORDS, NULL, 0), listing->count);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reading_on_from_what_was_read_gives_every_event_once),
		cmocka_unit_test(after_the_marks_of_the_log_nothing_follows),
		cmocka_unit_test(marks_from_beyond_the_log_read_nothing_of_it),
		cmocka_unit_test(streams_do_not_see_each_other),
	};

	return cmocka_run_group_tests(tests, listing_open, listing_close);
}
