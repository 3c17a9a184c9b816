/* SPDX-License-Identifier: MIT */
/* One damaged entry of any kind is named as exactly that. */
#include <stdio.h>
#include <string.h>

#include "common/store/cells.h"
#include "common/store/day_index.h"
#include "common/store/event_log.h"
#include "common/store/log_entry.h"
#include "common/store/record.h"
#include "services/documents/documents.h"
#include "tests/unit/store/proof.h"

enum { ROUNDS = 40 };

struct entry {
	struct key key;
	uint8_t value[1024];
	size_t size;
};

static struct entry entry_at(struct office *office, enum store_table table, uint32_t nth) {
	AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct entry entry = { .key = KEY_EMPTY };
	struct key start = KEY_EMPTY;

	key_add_u8(&start, 0);
	assert_int_equal(store_cursor_open(&txn, table, &cursor), STORE_OK);
	assert_int_equal(store_cursor_seek(&cursor, &start), STORE_OK);
	while (nth-- > 0)
		assert_int_equal(store_cursor_next(&cursor), STORE_OK);
	key_add_bytes(&entry.key, cursor.key.bytes, cursor.key.size);
	assert_true(cursor.value.size <= sizeof(entry.value));
	memcpy(entry.value, cursor.value.bytes, cursor.value.size);
	entry.size = cursor.value.size;
	return entry;
}

static struct entry any_entry(struct office *office, enum store_table table) {
	return entry_at(
	    office, table, chance_below(&office->chance, (uint32_t)office_entries(office, table)));
}

static void put(struct office *office, enum store_table table, const struct entry *entry) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

	store_put(&txn, table, &entry->key, entry->value, entry->size);
	desk_keep(&txn);
}

static void take_out(struct office *office, enum store_table table, const struct entry *entry) {
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

	store_delete(&txn, table, &entry->key);
	desk_keep(&txn);
}

static const char *event_place(const struct entry *entry, char text[160]) {
	const uint8_t *key = entry->key.bytes;

	snprintf(text, 160, "%.16s/%s/%u/%llu", (const char *)key,
	    event_mark_stream(key) == STREAM__STREAM_RECORDS ? "STREAM_RECORDS" : "STREAM_PROCEDURES",
	    key_u32_at(key, 17), (unsigned long long)key_u64_at(key, 21));
	return text;
}

static struct log_entry parts_of(const struct entry *entry) {
	struct log_entry parts;

	assert_int_equal(
	    log_entry_read((struct store_value) { entry->value, entry->size }, &parts), STORE_OK);
	return parts;
}

/* What a wrong byte there is: what says where the event ends may be anything. */
static bool is_damage_at(const struct entry *whole, uint32_t at, VerifyFinding__Kind kind) {
	struct log_entry parts = parts_of(whole);
	const uint8_t *byte = whole->value + at;

	if (at < EVENT_HASH_SIZE)
		return kind == VERIFY_FINDING__KIND__EVENT_HASH;
	if (byte < parts.event.data)
		return kind == VERIFY_FINDING__KIND__EVENT_HASH ||
		       kind == VERIFY_FINDING__KIND__EVENT_MALFORMED;
	if (byte < parts.event.data + parts.event.len)
		return kind == VERIFY_FINDING__KIND__EVENT_HASH;
	return kind == VERIFY_FINDING__KIND__PERSONAL_DIFFERS;
}

static void a_damaged_event_is_named(void **state) {
	struct office *office = *state;
	struct entry whole = any_entry(office, TABLE_LOG);
	char place[160];

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t at = chance_below(&office->chance, (uint32_t)whole.size);
		struct entry damaged = whole;
		VerifyNews news;

		damaged.value[at] ^= (uint8_t)(1 << chance_below(&office->chance, 8));
		put(office, TABLE_LOG, &damaged);
		news = proof_verify(
		    office, &dossiers_schema, i % 2 ? proof_in_one_go : proof_in_several_passes);
		assert_true(news.result->findings >= 1);
		assert_true(is_damage_at(&whole, at, news.findings[0]->kind));
		assert_string_equal(news.findings[0]->place, event_place(&whole, place));
	}
	put(office, TABLE_LOG, &whole);
	proof_expect_whole(office, proof_in_one_go);
}

static void a_damaged_hash_is_named(void **state) {
	struct office *office = *state;
	struct entry damaged = any_entry(office, TABLE_LOG);
	char place[160];

	damaged.value[5] ^= 1;
	put(office, TABLE_LOG, &damaged);
	proof_expect_only(
	    office, VERIFY_FINDING__KIND__EVENT_HASH, "log", event_place(&damaged, place));
}

static void an_event_that_was_exchanged_with_its_hash_breaks_the_chain(void **state) {
	struct office *office = *state;
	struct entry old = entry_at(office, TABLE_LOG, 10);
	struct entry forged = old;
	struct entry next = entry_at(office, TABLE_LOG, 11);
	struct log_entry parts = parts_of(&forged);
	VerifyNews news;
	char place[160];

	/* A letter of the actor, and the hash made to fit. */
	for (size_t i = 0; i + 6 < parts.event.len; i++)
		if (memcmp(parts.event.data + i, "tester", 6) == 0)
			parts.event.data[i] = 'T';
	event_hash(parts.event.data, parts.event.len, forged.value);
	assert_memory_not_equal(forged.value, old.value, EVENT_HASH_SIZE);
	put(office, TABLE_LOG, &forged);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__EVENT_CHAIN, event_place(&next, place));
}

static void a_missing_event_is_named_by_the_one_after_it(void **state) {
	struct office *office = *state;
	struct entry gone = entry_at(office, TABLE_LOG, 20);
	struct entry next = entry_at(office, TABLE_LOG, 21);
	VerifyNews news;
	char place[160];

	take_out(office, TABLE_LOG, &gone);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__EVENT_CHAIN);
	assert_string_equal(news.findings[0]->place, event_place(&next, place));
}

static void a_damaged_mark_is_named(void **state) {
	struct office *office = *state;
	struct entry whole = any_entry(office, TABLE_MARKS);

	for (uint32_t i = 0; i < whole.size; i++) {
		struct entry damaged = whole;

		damaged.value[i] ^= 2;
		put(office, TABLE_MARKS, &damaged);
		proof_expect_only(office, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", NULL);
	}
	take_out(office, TABLE_MARKS, &whole);
	proof_expect_only(office, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", NULL);
	put(office, TABLE_MARKS, &whole);
	whole.key.size--;
	put(office, TABLE_MARKS, &whole);
	proof_expect_only(office, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", NULL);
}

static void a_mark_of_the_wrong_size_is_named(void **state) {
	struct office *office = *state;
	struct entry cut = any_entry(office, TABLE_MARKS);
	VerifyNews news;

	cut.size--;
	put(office, TABLE_MARKS, &cut);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__MARK_DIFFERS);
	assert_int_equal(news.result->findings, 2); /* no mark of the log, and no mark at all */
}

static void an_event_after_the_mark_is_named(void **state) {
	struct office *office = *state;
	struct entry mark = entry_at(office, TABLE_MARKS, 1); /* of the records */
	VerifyNews news;

	office_happen(office, OFFICE_STEPS_A_COMMIT);
	put(office, TABLE_MARKS, &mark);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__MARK_DIFFERS, NULL);
}

static void a_held_event_must_be_in_the_log(void **state) {
	struct office *office = *state;
	struct entry held = { .key = event_log_key("H51", STREAM__STREAM_UNITS, 7, 3) };

	put(office, TABLE_HELD, &held);
	proof_expect_only(
	    office, VERIFY_FINDING__KIND__HELD_WITHOUT_EVENT, "held", "H51/STREAM_UNITS/7/3");
}

static void an_event_that_is_wrongly_held_leaves_its_record_behind(void **state) {
	struct office *office = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
	struct entry held = { .size = 2, .value = "no" };
	struct event_mark mark;

	assert_int_equal(event_mark_load(&txn, OFFICE_NODE, STREAM__STREAM_RECORDS, &mark), 0);
	store_abort(&txn);
	held.key = event_log_key(OFFICE_NODE, STREAM__STREAM_RECORDS, mark.epoch, mark.sequence);
	put(office, TABLE_HELD, &held);
	assert_true(proof_verify(office, &dossiers_schema, proof_in_one_go).result->findings >= 1);
}

static const char *record_place(const struct entry *entry, char text[160]) {
	const struct register_type *type = schema_register(
	    &dossiers_schema, (RecordType)(entry->key.bytes[0] << 8 | entry->key.bytes[1]));
	int used = snprintf(text, 160, "%s/%.32s", type->name, (const char *)entry->key.bytes + 2);

	if (type->owner)
		snprintf(text + used, 160 - (size_t)used, "/%.32s",
		    (const char *)entry->key.bytes + 2 + KEY_CODE_SIZE);
	return text;
}

static void a_damaged_record_is_named(void **state) {
	struct office *office = *state;
	char place[160];

	for (int i = 0; i < ROUNDS; i++) {
		struct entry whole = any_entry(office, TABLE_STATE);
		struct entry damaged = whole;
		bool owned = whole.key.size > 2 + KEY_CODE_SIZE;
		VerifyNews news;

		damaged.value[chance_below(&office->chance, (uint32_t)damaged.size)] ^=
		    (uint8_t)(1 << chance_below(&office->chance, 8));
		put(office, TABLE_STATE, &damaged);
		news =
		    proof_verify(office, &dossiers_schema, i % 2 ? proof_in_one_go : proof_entry_by_entry);
		/* A damaged round may make its dossier count otherwise, which is told too. */
		assert_true(owned || news.result->findings == 1);
		for (size_t f = 0; f < news.n_findings; f++)
			if (news.findings[f]->kind == VERIFY_FINDING__KIND__RECORD_DIFFERS)
				assert_string_equal(news.findings[f]->place, record_place(&whole, place));
		assert_true(owned || news.findings[0]->kind == VERIFY_FINDING__KIND__RECORD_DIFFERS);
		put(office, TABLE_STATE, &whole);
	}
	proof_expect_whole(office, proof_in_one_go);
}

/* The first entry of a table whose key begins with the register's number. */
static struct entry first_of(
    struct office *office, enum store_table table, const struct register_type *type) {
	for (uint32_t i = 0;; i++) {
		struct entry entry = entry_at(office, table, i);

		if ((entry.key.bytes[0] << 8 | entry.key.bytes[1]) == (int)type->type)
			return entry;
	}
}

static void a_missing_record_is_named(void **state) {
	struct office *office = *state;
	struct entry gone = first_of(office, TABLE_STATE, &dossiers_register);
	VerifyNews news;
	char place[160];

	take_out(office, TABLE_STATE, &gone);
	news = proof_verify(office, &dossiers_schema, proof_entry_by_entry);
	proof_expect_one(&news, VERIFY_FINDING__KIND__RECORD_MISSING, record_place(&gone, place));
}

static void a_record_without_an_event_is_named(void **state) {
	struct office *office = *state;
	struct entry extra = first_of(office, TABLE_STATE, &dossiers_register);
	VerifyNews news;

	extra.key = record_key_of_code(&dossiers_register, "never-written");
	put(office, TABLE_STATE, &extra);
	news = proof_verify(office, &dossiers_schema, proof_entry_by_entry);
	proof_expect_one(&news, VERIFY_FINDING__KIND__RECORD_EXTRA, "dossiers/never-written");
}

static void a_missing_index_entry_is_named(void **state) {
	struct office *office = *state;

	for (int i = 0; i < ROUNDS; i++) {
		struct entry gone = any_entry(office, TABLE_BY_DAY);
		struct key record = KEY_EMPTY;
		char place[160];

		key_add_bytes(&record, gone.key.bytes, 2);
		key_add_bytes(&record, gone.key.bytes + DAY_INDEX_PREFIX_SIZE, KEY_CODE_SIZE);
		take_out(office, TABLE_BY_DAY, &gone);
		proof_expect_only(office, VERIFY_FINDING__KIND__INDEX_MISSING, "by_day",
		    record_place(&(struct entry) { .key = record }, place));
		put(office, TABLE_BY_DAY, &gone);
	}
}

static void an_extra_index_entry_is_named(void **state) {
	struct office *office = *state;
	struct entry extra = first_of(office, TABLE_BY_DAY, &dossiers_register);

	extra.key.bytes[6] ^= 0x55; /* another day of the same dossier */
	put(office, TABLE_BY_DAY, &extra);
	proof_expect_only(office, VERIFY_FINDING__KIND__INDEX_EXTRA, "by_day", NULL);
	take_out(office, TABLE_BY_DAY, &extra);
	extra.key = day_index_key(&dossiers_register, (struct day_place) { 1, 19000 },
	    "nobody\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	put(office, TABLE_BY_DAY, &extra);
	proof_expect_only(office, VERIFY_FINDING__KIND__INDEX_EXTRA, "by_day", "dossiers/nobody");
}

static void the_index_of_a_field_is_looked_at(void **state) {
	struct office *office = *state;
	struct entry entry;
	VerifyNews news;

	desk_close(&office->desk);
	desk_open(&office->desk, OFFICE_NODE);
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		for (uint32_t i = 1; i <= 20; i++) {
			Document document = DOCUMENT__INIT;
			char number[16];

			snprintf(number, sizeof(number), "%u", i);
			document.number = number;
			document.symbol = text_of("UBND");
			document.type = text_of(i % 3 ? "QD" : "TB");
			document.unit = text_of(OFFICE_NODE);
			document.issued_day = 20240100 + i;
			document.direction = DOCUMENT__DIRECTION__OUTGOING;
			document.electronic = document.digitally_signed = i % 2;
			desk_record(&txn, &documents_register, &document.base, REGISTER_ADDED);
		}
		desk_keep(&txn);
	}
	assert_int_equal(
	    proof_verify(office, &documents_schema, proof_in_one_go).result->index_entries, 40);
	entry = entry_at(office, TABLE_BY_FIELD, 4);
	take_out(office, TABLE_BY_FIELD, &entry);
	news = proof_verify(office, &documents_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__INDEX_MISSING, NULL);
	assert_string_equal(news.findings[0]->table, "by_field");
	put(office, TABLE_BY_FIELD, &entry);
	entry.key.bytes[3] ^= 1;
	put(office, TABLE_BY_FIELD, &entry);
	news = proof_verify(office, &documents_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__INDEX_EXTRA, NULL);
	assert_string_equal(news.findings[0]->table, "by_field");
}

static void a_wrong_size_is_named(void **state) {
	struct office *office = *state;
	struct entry size = first_of(office, TABLE_SIZES, &dossiers_register);

	size.value[7]++;
	put(office, TABLE_SIZES, &size);
	proof_expect_only(office, VERIFY_FINDING__KIND__SIZE_DIFFERS, "sizes", "dossiers");
}

static void a_name_that_leads_elsewhere_is_named(void **state) {
	struct office *office = *state;
	struct entry number = entry_at(office, TABLE_NUMBERS, 1);

	number.value[3] ^= 64;
	put(office, TABLE_NUMBERS, &number);
	proof_expect_only(office, VERIFY_FINDING__KIND__NAME_DIFFERS, "numbers", NULL);
}

/* A cell of the table of dossiers and of a level: 1 year, 2 month, 3 day. */
static struct entry cell_of_level(struct office *office, uint8_t level) {
	for (uint32_t i = 0;; i++) {
		struct entry entry = entry_at(office, TABLE_CELLS, i);

		if (entry.key.bytes[1] == dossiers_measures.number && entry.key.bytes[2] == level)
			return entry;
	}
}

static void a_wrong_counter_of_any_level_is_named(void **state) {
	static const char *const levels[] = { "always", "year", "month", "day" };
	struct office *office = *state;

	for (uint8_t level = 1; level <= 3; level++) {
		struct entry whole = cell_of_level(office, level);
		struct entry damaged = whole;
		int64_t amounts[MEASURE_CELLS_MAX];
		char begin[40];
		VerifyNews news;

		snprintf(begin, sizeof(begin), "dossiers/%s/", levels[level]);
		cell_decode((struct store_value) { whole.value, whole.size }, amounts);
		amounts[CELL_REFUSED] += 3;
		damaged.size = cell_encode(amounts, damaged.value);
		put(office, TABLE_CELLS, &damaged);
		news = proof_verify(office, &dossiers_schema, proof_entry_by_entry);
		proof_expect_one(&news, VERIFY_FINDING__KIND__CELL_DIFFERS, NULL);
		assert_int_equal(strncmp(news.findings[0]->place, begin, strlen(begin)), 0);
		assert_non_null(strstr(news.findings[0]->place, "/refused"));
		put(office, TABLE_CELLS, &whole);
	}
	proof_expect_whole(office, proof_in_one_go);
}

/* Large enough to come round in what sums are made of. */
static void counters_that_are_wrong_by_very_much_are_named(void **state) {
	struct office *office = *state;
	struct entry whole = cell_of_level(office, 3);
	const int64_t much[] = { INT64_C(1) << 62, (INT64_C(1) << 61) - 1, INT64_MIN };

	for (size_t i = 0; i < LENGTH_OF(much); i++) {
		struct entry damaged = whole;
		int64_t amounts[MEASURE_CELLS_MAX];
		VerifyNews news;

		cell_decode((struct store_value) { whole.value, whole.size }, amounts);
		amounts[CELL_REFUSED] = (int64_t)((uint64_t)amounts[CELL_REFUSED] + (uint64_t)much[i]);
		amounts[CELL_LATE] = (int64_t)((uint64_t)amounts[CELL_LATE] + (uint64_t)much[i]);
		damaged.size = cell_encode(amounts, damaged.value);
		put(office, TABLE_CELLS, &damaged);
		news = proof_verify(office, &dossiers_schema, proof_in_one_go);
		assert_true(news.result->findings >= 2);
		put(office, TABLE_CELLS, &whole);
	}
}

static void counters_that_contradict_each_other_are_named(void **state) {
	struct office *office = *state;
	struct entry cell = cell_of_level(office, 3);
	int64_t amounts[MEASURE_CELLS_MAX];
	VerifyNews news;

	cell_decode((struct store_value) { cell.value, cell.size }, amounts);
	amounts[CELL_ONLINE]++;
	cell.size = cell_encode(amounts, cell.value);
	put(office, TABLE_CELLS, &cell);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	assert_int_equal(news.result->findings, 2);
	assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__RULE_BROKEN);
	assert_int_equal(news.findings[1]->kind, VERIFY_FINDING__KIND__CELL_DIFFERS);
	assert_string_equal(
	    news.findings[0]->expected, "online + direct = early + on_time + late + open");
}

static void a_missing_cell_is_named_counter_by_counter(void **state) {
	struct office *office = *state;
	struct entry gone = cell_of_level(office, 2);
	int64_t amounts[MEASURE_CELLS_MAX];
	uint64_t counters = 0;

	cell_decode((struct store_value) { gone.value, gone.size }, amounts);
	for (size_t i = 0; i < MEASURE_CELLS_MAX; i++)
		counters += amounts[i] != 0;
	take_out(office, TABLE_CELLS, &gone);
	for (int i = 0; i < 2; i++) {
		VerifyNews news = proof_verify(
		    office, &dossiers_schema, i ? proof_in_several_passes : proof_entry_by_entry);

		assert_int_equal(news.result->findings, counters);
		assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__CELL_DIFFERS);
		assert_string_equal(news.findings[0]->found, "0");
	}
}

static void an_extra_cell_is_named(void **state) {
	struct office *office = *state;
	struct entry extra = cell_of_level(office, 3);

	extra.key.bytes[16] ^= 1; /* of a year nobody counts by */
	extra.size = cell_encode((int64_t[MEASURE_CELLS_MAX]) { [CELL_REFUSED] = 1 }, extra.value);
	put(office, TABLE_CELLS, &extra);
	proof_expect_only(office, VERIFY_FINDING__KIND__CELL_DIFFERS, "cells", NULL);
}

#define OFFICE_TEST(claim)                                                                         \
	cmocka_unit_test_setup_teardown(claim, proof_office_open, proof_office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(a_damaged_event_is_named),
		OFFICE_TEST(a_damaged_hash_is_named),
		OFFICE_TEST(an_event_that_was_exchanged_with_its_hash_breaks_the_chain),
		OFFICE_TEST(a_missing_event_is_named_by_the_one_after_it),
		OFFICE_TEST(a_damaged_mark_is_named),
		OFFICE_TEST(a_mark_of_the_wrong_size_is_named),
		OFFICE_TEST(an_event_after_the_mark_is_named),
		OFFICE_TEST(a_held_event_must_be_in_the_log),
		OFFICE_TEST(an_event_that_is_wrongly_held_leaves_its_record_behind),
		OFFICE_TEST(a_damaged_record_is_named),
		OFFICE_TEST(a_missing_record_is_named),
		OFFICE_TEST(a_record_without_an_event_is_named),
		OFFICE_TEST(a_missing_index_entry_is_named),
		OFFICE_TEST(an_extra_index_entry_is_named),
		OFFICE_TEST(the_index_of_a_field_is_looked_at),
		OFFICE_TEST(a_wrong_size_is_named),
		OFFICE_TEST(a_name_that_leads_elsewhere_is_named),
		OFFICE_TEST(a_wrong_counter_of_any_level_is_named),
		OFFICE_TEST(counters_that_are_wrong_by_very_much_are_named),
		OFFICE_TEST(counters_that_contradict_each_other_are_named),
		OFFICE_TEST(a_missing_cell_is_named_counter_by_counter),
		OFFICE_TEST(an_extra_cell_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
