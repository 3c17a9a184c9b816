/* SPDX-License-Identifier: MIT */
/* One damaged entry of what follows from the logs is named as exactly that. */
#include <stdio.h>
#include <string.h>

#include "common/store/cells.h"
#include "common/store/day_index.h"
#include "common/store/record.h"
#include "services/documents/documents.h"
#include "tests/unit/store/damage.h"

enum { ROUNDS = 40 };

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
		struct entry whole = damage_any_entry(office, TABLE_STATE);
		struct entry damaged = whole;
		bool owned = whole.key.size > 2 + KEY_CODE_SIZE;
		VerifyNews news;

		damaged.value[chance_below(&office->chance, (uint32_t)damaged.size)] ^=
		    (uint8_t)(1 << chance_below(&office->chance, 8));
		damage_put(office, TABLE_STATE, &damaged);
		news =
		    proof_verify(office, &dossiers_schema, i % 2 ? proof_in_one_go : proof_entry_by_entry);
		/* A damaged round may make its dossier count otherwise, which is told too. */
		assert_true(owned || news.result->findings == 1);
		for (size_t f = 0; f < news.n_findings; f++)
			if (news.findings[f]->kind == VERIFY_FINDING__KIND__RECORD_DIFFERS)
				assert_string_equal(news.findings[f]->place, record_place(&whole, place));
		assert_true(owned || news.findings[0]->kind == VERIFY_FINDING__KIND__RECORD_DIFFERS);
		damage_put(office, TABLE_STATE, &whole);
	}
	proof_expect_whole(office, proof_in_one_go);
}

static void a_missing_record_is_named(void **state) {
	struct office *office = *state;
	struct entry gone = damage_first_of(office, TABLE_STATE, &dossiers_register);
	VerifyNews news;
	char place[160];

	damage_take_out(office, TABLE_STATE, &gone);
	news = proof_verify(office, &dossiers_schema, proof_entry_by_entry);
	proof_expect_one(&news, VERIFY_FINDING__KIND__RECORD_MISSING, record_place(&gone, place));
}

static void a_record_without_an_event_is_named(void **state) {
	struct office *office = *state;
	struct entry extra = damage_first_of(office, TABLE_STATE, &dossiers_register);
	VerifyNews news;

	extra.key = record_key_of_code(&dossiers_register, "never-written");
	damage_put(office, TABLE_STATE, &extra);
	news = proof_verify(office, &dossiers_schema, proof_entry_by_entry);
	proof_expect_one(&news, VERIFY_FINDING__KIND__RECORD_EXTRA, "dossiers/never-written");
}

static void a_missing_index_entry_is_named(void **state) {
	struct office *office = *state;

	for (int i = 0; i < ROUNDS; i++) {
		struct entry gone = damage_any_entry(office, TABLE_BY_DAY);
		struct key record = KEY_EMPTY;
		char place[160];

		key_add_bytes(&record, gone.key.bytes, 2);
		key_add_bytes(&record, gone.key.bytes + DAY_INDEX_PREFIX_SIZE, KEY_CODE_SIZE);
		damage_take_out(office, TABLE_BY_DAY, &gone);
		proof_expect_only(office, VERIFY_FINDING__KIND__INDEX_MISSING, "by_day",
		    record_place(&(struct entry) { .key = record }, place));
		damage_put(office, TABLE_BY_DAY, &gone);
	}
}

static void an_extra_index_entry_is_named(void **state) {
	struct office *office = *state;
	struct entry extra = damage_first_of(office, TABLE_BY_DAY, &dossiers_register);

	extra.key.bytes[6] ^= 0x55; /* another day of the same dossier */
	damage_put(office, TABLE_BY_DAY, &extra);
	proof_expect_only(office, VERIFY_FINDING__KIND__INDEX_EXTRA, "by_day", NULL);
	damage_take_out(office, TABLE_BY_DAY, &extra);
	extra.key = day_index_key(&dossiers_register, (struct day_place) { 1, 19000 },
	    "nobody\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	damage_put(office, TABLE_BY_DAY, &extra);
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
	entry = damage_entry(office, TABLE_BY_FIELD, 4);
	damage_take_out(office, TABLE_BY_FIELD, &entry);
	news = proof_verify(office, &documents_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__INDEX_MISSING, NULL);
	assert_string_equal(news.findings[0]->table, "by_field");
	damage_put(office, TABLE_BY_FIELD, &entry);
	entry.key.bytes[3] ^= 1;
	damage_put(office, TABLE_BY_FIELD, &entry);
	news = proof_verify(office, &documents_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__INDEX_EXTRA, NULL);
	assert_string_equal(news.findings[0]->table, "by_field");
}

static void a_wrong_size_is_named(void **state) {
	struct office *office = *state;
	struct entry size = damage_first_of(office, TABLE_SIZES, &dossiers_register);

	size.value[7]++;
	damage_put(office, TABLE_SIZES, &size);
	proof_expect_only(office, VERIFY_FINDING__KIND__SIZE_DIFFERS, "sizes", "dossiers");
}

static void a_name_that_leads_elsewhere_is_named(void **state) {
	struct office *office = *state;
	struct entry number = damage_entry(office, TABLE_NUMBERS, 1);

	number.value[3] ^= 64;
	damage_put(office, TABLE_NUMBERS, &number);
	proof_expect_only(office, VERIFY_FINDING__KIND__NAME_DIFFERS, "numbers", NULL);
}

/* A cell of the table of dossiers and of a level: 1 year, 2 month, 3 day. */

static struct entry cell_of_level(struct office *office, uint8_t level) {
	for (uint32_t i = 0;; i++) {
		struct entry entry = damage_entry(office, TABLE_CELLS, i);

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
		damage_put(office, TABLE_CELLS, &damaged);
		news = proof_verify(office, &dossiers_schema, proof_entry_by_entry);
		proof_expect_one(&news, VERIFY_FINDING__KIND__CELL_DIFFERS, NULL);
		assert_int_equal(strncmp(news.findings[0]->place, begin, strlen(begin)), 0);
		assert_non_null(strstr(news.findings[0]->place, "/refused"));
		damage_put(office, TABLE_CELLS, &whole);
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
		damage_put(office, TABLE_CELLS, &damaged);
		news = proof_verify(office, &dossiers_schema, proof_in_one_go);
		assert_true(news.result->findings >= 2);
		damage_put(office, TABLE_CELLS, &whole);
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
	damage_put(office, TABLE_CELLS, &cell);
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
	damage_take_out(office, TABLE_CELLS, &gone);
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
	damage_put(office, TABLE_CELLS, &extra);
	proof_expect_only(office, VERIFY_FINDING__KIND__CELL_DIFFERS, "cells", NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
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
