/* SPDX-License-Identifier: MIT */
/* Copies made from the log alone: they hold, count and open what the origin does. */
#include <stdio.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/event_log.h"
#include "tests/unit/store/desk.h"
#include "tests/unit/store/lives.h"

enum { ROUNDS = 40, STEPS = 8, WINDOWS = 60 };

#define RECORDS    STREAM__STREAM_RECORDS
#define PROCEDURES STREAM__STREAM_PROCEDURES

static void happen(struct desk *desk, struct lives *lives) {
	AUTO(store_abort) struct store_txn txn = desk_write(desk);

	for (int i = 0; i < STEPS; i++)
		lives_step(lives, &txn);
	desk_keep(&txn);
}

/* What is asked of two desks, packed to compare; in each one's own arena. */
struct answer {
	uint8_t *bytes;
	size_t size;
};

static void expect_same_answers(struct answer left, struct answer right) {
	assert_int_equal(left.size, right.size);
	assert_memory_equal(left.bytes, right.bytes, left.size);
}

static struct answer packed(const ProtobufCMessage *message, struct arena *arena) {
	struct answer answer;

	assert_int_equal(message_pack(message, arena, &answer.bytes, &answer.size), 0);
	return answer;
}

static struct answer figures(struct desk *desk, const struct figure_window *window) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	Evaluation evaluation = EVALUATION__INIT;

	assert_int_equal(
	    figures_evaluate(&txn, &dossiers_schema, "dossiers", window, &desk->arena, &evaluation),
	    STORE_OK);
	evaluation.n_watermarks = 0; /* they name the logs held, which differ */
	return packed(&evaluation.base, &desk->arena);
}

/* Names of persons stay where they were written. */
static void forget_persons(ProtobufCMessage *record) {
	if (record->descriptor == &dossier__descriptor)
		((Dossier *)record)->applicant = (char *)(uintptr_t)protobuf_c_empty_string;
}

static struct answer opened(
    struct desk *desk, const struct figure_window *window, const char *name) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct figure_opening opening = {
		.table = &dossiers_measures,
		.window = *window,
		.measures = &name,
		.measure_count = 1,
	};
	OpenReply reply = OPEN_REPLY__INIT;

	assert_int_equal(
	    figures_open(&txn, &dossiers_schema, &opening, &desk->arena, &reply), FIGURES_OK);
	for (size_t i = 0; i < reply.n_records; i++) {
		ProtobufCBinaryData *bytes = &reply.records[i]->record;
		Dossier *dossier = dossier__unpack(&desk->arena.allocator, bytes->len, bytes->data);
		struct answer open;

		forget_persons(&dossier->base);
		open = packed(&dossier->base, &desk->arena);
		*bytes = (ProtobufCBinaryData) { open.size, open.bytes };
	}
	return packed(&reply.base, &desk->arena);
}

static void expect_same_table(struct desk *one, struct desk *other, enum store_table table) {
	struct store_value left = desk_dump(one, table);
	struct store_value right = desk_dump(other, table);

	assert_int_equal(left.size, right.size);
	assert_memory_equal(left.bytes, right.bytes, left.size);
}

struct listing {
	struct desk *desk;
	OpenReply all; /* any message that can list records and their origins */
};

static int list(void *context, ProtobufCMessage *record, const char *origin) {
	struct listing *listing = context;
	struct arena *arena = &listing->desk->arena;
	OpenedRecord *item = arena_alloc(arena, sizeof(*item));
	struct answer bytes;

	forget_persons(record);
	bytes = packed(record, arena);
	opened_record__init(item);
	item->unit = text_of(origin);
	item->record = (ProtobufCBinaryData) { bytes.size, bytes.bytes };
	listing->all.records[listing->all.n_records++] = item;
	return 0;
}

static struct answer records(struct desk *desk, const struct register_type *type) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct listing listing = { .desk = desk, .all = OPEN_REPLY__INIT };

	listing.all.records =
	    arena_alloc(&desk->arena, (register_count(&txn, type) + 1) * sizeof(OpenedRecord *));
	assert_int_equal(register_visit(&txn, type, NULL, &desk->arena, list, &listing), 0);
	assert_int_equal(listing.all.n_records, register_count(&txn, type));
	return packed(&listing.all.base, &desk->arena);
}

/* Numbers of names differ from store to store, so state and cells are compared by what they say. */
static void expect_same(struct desk *one, struct desk *other, struct chance *chance) {
	expect_same_table(one, other, TABLE_BY_DAY);
	expect_same_table(one, other, TABLE_BY_FIELD);
	for (size_t i = 0; i < dossiers_schema.register_count; i++)
		expect_same_answers(records(one, dossiers_schema.registers[i]),
		    records(other, dossiers_schema.registers[i]));
	for (int i = 0; i < WINDOWS; i++) {
		struct figure_window window = lives_window(chance);

		expect_same_answers(figures(one, &window), figures(other, &window));
		for (size_t m = 0; m < dossiers_measures.count; m++)
			expect_same_answers(opened(one, &window, dossiers_measures.measures[m].name),
			    opened(other, &window, dossiers_measures.measures[m].name));
	}
}

static void expect_same_logs(struct desk *one, struct desk *other) {
	expect_same_table(one, other, TABLE_LOG);
	expect_same_table(one, other, TABLE_MARKS);
}

static uint64_t own_events(struct desk *desk) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	struct event_mark records_mark;
	struct event_mark procedures_mark;

	assert_int_equal(event_mark_load(&txn, desk->node, RECORDS, &records_mark), 0);
	assert_int_equal(event_mark_load(&txn, desk->node, PROCEDURES, &procedures_mark), 0);
	assert_true(records_mark.sequence && procedures_mark.sequence);
	return records_mark.sequence + procedures_mark.sequence;
}

static void a_copy_that_follows_now_and_then_is_like_its_origin(void **state) {
	AUTO(desk_close) struct desk origin;
	AUTO(desk_close) struct desk copy;
	AUTO(lives_freep) struct lives *lives = NULL;
	struct chance chance = chance_new();
	size_t moved = 0;

	(void)state;
	desk_open(&origin, "H51.15.61");
	desk_open(&copy, "H51.15");
	lives = lives_new(&chance, "H51.15.61-240101");
	for (int i = 0; i < ROUNDS; i++) {
		happen(&origin, lives);
		if (chance_of(&chance, 30))
			moved += desk_follow(&copy, &origin, RECORDS);
		if (chance_of(&chance, 30))
			moved += desk_follow(&copy, &origin, PROCEDURES);
	}
	moved += desk_follow(&copy, &origin, PROCEDURES);
	moved += desk_follow(&copy, &origin, RECORDS);
	assert_int_equal(moved, own_events(&origin));
	assert_int_equal(desk_follow(&copy, &origin, RECORDS), 0);
	expect_same(&origin, &copy, &chance);
	expect_same_table(&origin, &copy, TABLE_MARKS); /* with the hash of all that is before */
	expect_same_table(&origin, &copy, TABLE_CHECKPOINTS);
	expect_same_table(&origin, &copy, TABLE_SIZES);
	assert_int_equal(desk_dump(&copy, TABLE_HELD).size, 0);
}

static void it_does_not_matter_when_which_of_two_origins_is_followed(void **state) {
	static const char *const nodes[] = { "H51.15.61", "H51.15.62" };
	AUTO(desk_close) struct desk first;
	AUTO(desk_close) struct desk second;
	struct desk origins[2];
	struct lives *lives[2];
	struct chance chance = chance_new();

	(void)state;
	desk_open(&first, "H51.15");
	desk_open(&second, "H51");
	for (int i = 0; i < 2; i++) {
		desk_open(&origins[i], nodes[i]);
		lives[i] = lives_new(&chance, nodes[i]);
	}
	for (int i = 0; i < ROUNDS; i++) {
		int which = (int)chance_below(&chance, 2);

		happen(&origins[which], lives[which]);
		desk_follow(&first, &origins[chance_below(&chance, 2)], RECORDS);
	}
	for (int i = 0; i < 2; i++) {
		desk_follow(&first, &origins[i], RECORDS);
		desk_follow(&second, &origins[1 - i], RECORDS);
	}
	expect_same(&first, &second, &chance);
	expect_same_logs(&first, &second);
	for (int i = 0; i < 2; i++) {
		lives_freep(&lives[i]);
		desk_close(&origins[i]);
	}
}

static void a_copy_of_a_copy_is_like_the_origin(void **state) {
	AUTO(desk_close) struct desk origin;
	AUTO(desk_close) struct desk district;
	AUTO(desk_close) struct desk province;
	AUTO(lives_freep) struct lives *lives = NULL;
	struct chance chance = chance_new();

	(void)state;
	desk_open(&origin, "H51.15.61");
	desk_open(&district, "H51.15");
	desk_open(&province, "H51");
	lives = lives_new(&chance, "H51.15.61-240101");
	for (int i = 0; i < ROUNDS / 2; i++)
		happen(&origin, lives);
	desk_follow(&district, &origin, RECORDS);
	desk_follow(&province, &district, RECORDS);
	expect_same(&district, &province, &chance);
	expect_same_logs(&district, &province);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_that_follows_now_and_then_is_like_its_origin),
		cmocka_unit_test(it_does_not_matter_when_which_of_two_origins_is_followed),
		cmocka_unit_test(a_copy_of_a_copy_is_like_the_origin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
