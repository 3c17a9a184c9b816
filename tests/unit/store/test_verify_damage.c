/* SPDX-License-Identifier: MIT */
/* One damaged entry of a log, or of what is said of it, is named as exactly that. */
#include <stdio.h>
#include <string.h>

#include "common/store/event_log.h"
#include "common/store/log_entry.h"
#include "services/documents/documents.h"
#include "tests/unit/store/damage.h"

enum { ROUNDS = 40 };

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
	struct entry whole = damage_any_entry(office, TABLE_LOG);
	char place[160];

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t at = chance_below(&office->chance, (uint32_t)whole.size);
		struct entry damaged = whole;
		VerifyNews news;

		damaged.value[at] ^= (uint8_t)(1 << chance_below(&office->chance, 8));
		damage_put(office, TABLE_LOG, &damaged);
		news = proof_verify(
		    office, &dossiers_schema, i % 2 ? proof_in_one_go : proof_in_several_passes);
		assert_true(news.result->findings >= 1);
		assert_true(is_damage_at(&whole, at, news.findings[0]->kind));
		assert_string_equal(news.findings[0]->place, event_place(&whole, place));
	}
	damage_put(office, TABLE_LOG, &whole);
	proof_expect_whole(office, proof_in_one_go);
}

static void a_damaged_hash_is_named(void **state) {
	struct office *office = *state;
	struct entry damaged = damage_any_entry(office, TABLE_LOG);
	char place[160];

	damaged.value[5] ^= 1;
	damage_put(office, TABLE_LOG, &damaged);
	proof_expect_only(
	    office, VERIFY_FINDING__KIND__EVENT_HASH, "log", event_place(&damaged, place));
}

static void an_event_that_was_exchanged_with_its_hash_breaks_the_chain(void **state) {
	struct office *office = *state;
	struct entry old = damage_entry(office, TABLE_LOG, 10);
	struct entry forged = old;
	struct entry next = damage_entry(office, TABLE_LOG, 11);
	struct log_entry parts = parts_of(&forged);
	VerifyNews news;
	char place[160];

	/* A letter of the actor, and the hash made to fit. */
	for (size_t i = 0; i + 6 < parts.event.len; i++)
		if (memcmp(parts.event.data + i, "tester", 6) == 0)
			parts.event.data[i] = 'T';
	event_hash(parts.event.data, parts.event.len, forged.value);
	assert_memory_not_equal(forged.value, old.value, EVENT_HASH_SIZE);
	damage_put(office, TABLE_LOG, &forged);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__EVENT_CHAIN, event_place(&next, place));
}

static void a_missing_event_is_named_by_the_one_after_it(void **state) {
	struct office *office = *state;
	struct entry gone = damage_entry(office, TABLE_LOG, 20);
	struct entry next = damage_entry(office, TABLE_LOG, 21);
	VerifyNews news;
	char place[160];

	damage_take_out(office, TABLE_LOG, &gone);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__EVENT_CHAIN);
	assert_string_equal(news.findings[0]->place, event_place(&next, place));
}

static void a_damaged_mark_is_named(void **state) {
	struct office *office = *state;
	struct entry whole = damage_any_entry(office, TABLE_MARKS);

	for (uint32_t i = 0; i < whole.size; i++) {
		struct entry damaged = whole;

		damaged.value[i] ^= 2;
		damage_put(office, TABLE_MARKS, &damaged);
		proof_expect_only(office, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", NULL);
	}
	damage_take_out(office, TABLE_MARKS, &whole);
	proof_expect_only(office, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", NULL);
	damage_put(office, TABLE_MARKS, &whole);
	whole.key.size--;
	damage_put(office, TABLE_MARKS, &whole);
	proof_expect_only(office, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", NULL);
}

static void a_mark_of_the_wrong_size_is_named(void **state) {
	struct office *office = *state;
	struct entry cut = damage_any_entry(office, TABLE_MARKS);
	VerifyNews news;

	cut.size--;
	damage_put(office, TABLE_MARKS, &cut);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__MARK_DIFFERS);
	assert_int_equal(news.result->findings, 2); /* no mark of the log, and no mark at all */
}

static void an_event_after_the_mark_is_named(void **state) {
	struct office *office = *state;
	struct entry mark = damage_entry(office, TABLE_MARKS, 1); /* of the records */
	VerifyNews news;

	office_happen(office, OFFICE_STEPS_A_COMMIT);
	damage_put(office, TABLE_MARKS, &mark);
	news = proof_verify(office, &dossiers_schema, proof_in_one_go);
	proof_expect_one(&news, VERIFY_FINDING__KIND__MARK_DIFFERS, NULL);
}

static void a_held_event_must_be_in_the_log(void **state) {
	struct office *office = *state;
	struct entry held = { .key = event_log_key("H51", STREAM__STREAM_UNITS, 7, 3) };

	damage_put(office, TABLE_HELD, &held);
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
	damage_put(office, TABLE_HELD, &held);
	assert_true(proof_verify(office, &dossiers_schema, proof_in_one_go).result->findings >= 1);
}

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
