/* SPDX-License-Identifier: MIT */
/*
 * Verification: whatever happened, a store that nobody damaged is whole, also while it is written
 * to; and one damaged entry of any kind is named as exactly that.
 */
#include "common/store/verify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/store/cells.h"
#include "common/store/day_index.h"
#include "common/store/event_log.h"
#include "common/store/record.h"
#include "services/documents/documents.h"
#include "tests/unit/store/desk.h"
#include "tests/unit/store/lives.h"

enum { STEPS = 400, STEPS_A_COMMIT = 7, ROUNDS = 40, COMMITS = 60 };

#define NODE "H51.15.61"

struct office {
	struct desk desk;
	struct chance chance;
	struct lives *lives;
	struct arena arena;
};

static void happen(struct office *office, int steps) {
	for (int done = 0; done < steps; done += STEPS_A_COMMIT) {
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		for (int i = 0; i < STEPS_A_COMMIT; i++)
			lives_step(office->lives, &txn);
		desk_keep(&txn);
	}
}

static int office_open(void **state) {
	static struct office office;

	desk_open(&office.desk, NODE);
	arena_init(&office.arena, (size_t)64 << 20);
	office.chance = chance_new();
	office.lives = lives_new(&office.chance, NODE "-240101");
	happen(&office, STEPS);
	*state = &office;
	return 0;
}

static int office_close(void **state) {
	struct office *office = *state;

	lives_freep(&office->lives);
	arena_deinit(&office->arena);
	desk_close(&office->desk);
	return 0;
}

struct way {
	uint64_t slice_us;
	size_t at_once;
};

static const struct way in_one_go = { .slice_us = 0 };
static const struct way entry_by_entry = { .slice_us = 1 };
static const struct way in_several_passes = { .slice_us = 50, .at_once = 90 };

static VerifyNews verify(struct office *office, const struct schema *schema, struct way way) {
	VerifyNews news;

	arena_reset(&office->arena);
	assert_int_equal(verify_store(
	                     &(struct verify_options) {
	                         .store = office->desk.store,
	                         .schema = schema,
	                         .service = "dossiers",
	                         .slice_us = way.slice_us,
	                         .at_once = way.at_once,
	                     },
	                     &office->arena, &news),
	    VERIFY_OK);
	for (size_t i = 0; i < news.n_findings; i++)
		print_message("%s %s %s: expected \"%s\", found \"%s\"\n",
		    protobuf_c_enum_descriptor_get_value(
		        &verify_finding__kind__descriptor, (int)news.findings[i]->kind)
		        ->name,
		    news.findings[i]->table, news.findings[i]->place, news.findings[i]->expected,
		    news.findings[i]->found);
	return news;
}

static VerifyResult *expect_whole(struct office *office, struct way way) {
	VerifyNews news = verify(office, &dossiers_schema, way);

	assert_int_equal(news.result->findings, 0);
	assert_int_equal(news.n_findings, 0);
	assert_int_equal(news.done, news.total);
	return news.result;
}

/* There is one finding, and it is this one. */
static void expect_one(const VerifyNews *news, VerifyFinding__Kind kind, const char *place) {
	assert_int_equal(news->result->findings, 1);
	assert_int_equal(news->findings[0]->kind, kind);
	if (place)
		assert_string_equal(news->findings[0]->place, place);
}

/* The same, whatever way is taken. */
static void expect_only(
    struct office *office, VerifyFinding__Kind kind, const char *table, const char *place) {
	const struct way ways[] = { in_one_go, entry_by_entry, in_several_passes };

	for (size_t i = 0; i < LENGTH_OF(ways); i++) {
		VerifyNews news = verify(office, &dossiers_schema, ways[i]);

		expect_one(&news, kind, place);
		assert_string_equal(news.findings[0]->table, table);
	}
}

static uint64_t entries(struct office *office, enum store_table table) {
	AUTO(store_abort) struct store_txn txn = desk_read(&office->desk);

	return store_count(&txn, table);
}

static void a_store_nobody_damaged_is_whole(void **state) {
	struct office *office = *state;
	VerifyResult *result = expect_whole(office, in_one_go);

	assert_int_equal(result->events, entries(office, TABLE_LOG));
	assert_int_equal(result->records, entries(office, TABLE_STATE));
	assert_int_equal(result->index_entries, entries(office, TABLE_BY_DAY));
	assert_true(result->counters >= entries(office, TABLE_CELLS));
	assert_int_equal(result->n_logs, 2);
	assert_string_equal(result->logs[0]->mark->origin, NODE);
	for (int i = 0; i < ROUNDS; i++) {
		happen(office, (int)chance_below(&office->chance, 20));
		expect_whole(office, i % 2 ? entry_by_entry : in_one_go);
		expect_whole(office, in_several_passes);
	}
}

static void an_empty_store_is_whole(void **state) {
	struct office *office = *state;

	desk_close(&office->desk);
	desk_open(&office->desk, NODE);
	assert_int_equal(expect_whole(office, in_one_go)->events, 0);
}

static void a_copy_that_holds_events_is_whole_and_lists_them(void **state) {
	struct office *office = *state;
	struct office district = { .chance = office->chance };
	Event *event = NULL;
	VerifyResult *result;

	desk_open(&district.desk, "H51.15");
	arena_init(&district.arena, (size_t)64 << 20);
	desk_follow(&district.desk, &office->desk, STREAM__STREAM_PROCEDURES);
	desk_follow(&district.desk, &office->desk, STREAM__STREAM_RECORDS);
	{
		AUTO(store_abort) struct store_txn from = desk_write(&office->desk);
		AUTO(store_abort) struct store_txn to = desk_write(&district.desk);
		struct event_mark mark;
		struct store_value value;
		struct key key;

		event_log_append(&from, &(struct event_draft) {
		                            .stream = STREAM__STREAM_RECORDS,
		                            .type = RECORD_TYPE__RECORD_NEWS,
		                            .body = (const uint8_t *)"",
		                        });
		assert_int_equal(event_log_mark(&from, NODE, STREAM__STREAM_RECORDS, &mark), 0);
		key = event_log_key(NODE, STREAM__STREAM_RECORDS, mark.epoch, mark.sequence);
		assert_int_equal(store_get(&from, TABLE_LOG, &key, &value), STORE_OK);
		assert_int_equal(event_log_keep(&to, STREAM__STREAM_RECORDS,
		                     (const uint8_t *)value.bytes + EVENT_HASH_SIZE,
		                     value.size - EVENT_HASH_SIZE, &event),
		    EVENT_LOG_OK);
		event_log_hold(&to, event, "news are not kept here");
		desk_keep(&to);
		desk_keep(&from);
	}
	result = expect_whole(&district, in_one_go);
	assert_int_equal(result->held_events, 1);
	assert_string_equal(result->held[0]->origin, NODE);
	assert_string_equal(result->held[0]->reason, "news are not kept here");
	expect_whole(&district, entry_by_entry);
	expect_only(office, VERIFY_FINDING__KIND__EVENT_WITHOUT_EFFECT, "log", NULL);
	arena_deinit(&district.arena);
	desk_close(&district.desk);
}

struct writer {
	struct office *office;
	atomic_bool stop;
	atomic_int commits;
};

static void *go_on_writing(void *context) {
	struct writer *writer = context;

	while (!atomic_load(&writer->stop)) {
		struct store_txn txn = STORE_TXN_NULL;

		if (store_begin(writer->office->desk.store, STORE_WRITE, &txn) < 0)
			return NULL;
		for (int i = 0; i < STEPS_A_COMMIT; i++)
			lives_step(writer->office->lives, &txn);
		if (store_commit(&txn) < 0)
			return NULL;
		writer->commits++;
	}
	return NULL;
}

static void it_is_whole_while_it_is_written_to(void **state) {
	struct writer writer = { .office = *state };
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, go_on_writing, &writer), 0);
	while (atomic_load(&writer.commits) < COMMITS) {
		expect_whole(writer.office, entry_by_entry);
		expect_whole(writer.office, in_several_passes);
		expect_whole(writer.office, in_one_go);
	}
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
	expect_whole(writer.office, in_one_go);
}

/* An entry of a table, the nth. */
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
	return entry_at(office, table, chance_below(&office->chance, (uint32_t)entries(office, table)));
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
	    key[16] == STREAM__STREAM_RECORDS ? "STREAM_RECORDS" : "STREAM_PROCEDURES",
	    key_u32_at(key, 17), (unsigned long long)key_u64_at(key, 21));
	return text;
}

static void a_damaged_event_is_named(void **state) {
	struct office *office = *state;
	struct entry whole = any_entry(office, TABLE_LOG);
	char place[160];

	for (int i = 0; i < ROUNDS; i++) {
		struct entry damaged = whole;
		VerifyNews news;

		damaged.value[chance_below(&office->chance, (uint32_t)damaged.size)] ^=
		    (uint8_t)(1 << chance_below(&office->chance, 8));
		put(office, TABLE_LOG, &damaged);
		news = verify(office, &dossiers_schema, i % 2 ? in_one_go : in_several_passes);
		assert_true(news.result->findings >= 1);
		assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__EVENT_HASH);
		assert_string_equal(news.findings[0]->place, event_place(&whole, place));
	}
	put(office, TABLE_LOG, &whole);
	expect_whole(office, in_one_go);
}

static void a_damaged_hash_is_named(void **state) {
	struct office *office = *state;
	struct entry damaged = any_entry(office, TABLE_LOG);
	char place[160];

	damaged.value[5] ^= 1;
	put(office, TABLE_LOG, &damaged);
	expect_only(office, VERIFY_FINDING__KIND__EVENT_HASH, "log", event_place(&damaged, place));
}

static void an_event_that_was_exchanged_with_its_hash_breaks_the_chain(void **state) {
	struct office *office = *state;
	struct entry old = entry_at(office, TABLE_LOG, 10);
	struct entry forged = old;
	struct entry next = entry_at(office, TABLE_LOG, 11);
	VerifyNews news;
	char place[160];

	/* A letter of the actor, and the hash made to fit. */
	for (size_t i = EVENT_HASH_SIZE; i + 6 < forged.size; i++)
		if (memcmp(forged.value + i, "tester", 6) == 0)
			forged.value[i] = 'T';
	event_hash(forged.value + EVENT_HASH_SIZE, forged.size - EVENT_HASH_SIZE, forged.value);
	assert_memory_not_equal(forged.value, old.value, EVENT_HASH_SIZE);
	put(office, TABLE_LOG, &forged);
	news = verify(office, &dossiers_schema, in_one_go);
	expect_one(&news, VERIFY_FINDING__KIND__EVENT_CHAIN, event_place(&next, place));
}

static void a_missing_event_is_named_by_the_one_after_it(void **state) {
	struct office *office = *state;
	struct entry gone = entry_at(office, TABLE_LOG, 20);
	struct entry next = entry_at(office, TABLE_LOG, 21);
	VerifyNews news;
	char place[160];

	take_out(office, TABLE_LOG, &gone);
	news = verify(office, &dossiers_schema, in_one_go);
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
		expect_only(office, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", NULL);
	}
	take_out(office, TABLE_MARKS, &whole);
	assert_int_equal(verify(office, &dossiers_schema, in_one_go).findings[0]->kind,
	    VERIFY_FINDING__KIND__MARK_DIFFERS);
}

static void an_event_after_the_mark_is_named(void **state) {
	struct office *office = *state;
	struct entry mark = entry_at(office, TABLE_MARKS, 0);
	VerifyNews news;

	happen(office, STEPS_A_COMMIT);
	put(office, TABLE_MARKS, &mark);
	news = verify(office, &dossiers_schema, in_one_go);
	expect_one(&news, VERIFY_FINDING__KIND__MARK_DIFFERS, NULL);
}

static void a_held_event_must_be_in_the_log(void **state) {
	struct office *office = *state;
	struct entry held = { .key = event_log_key("H51", STREAM__STREAM_UNITS, 7, 3) };

	put(office, TABLE_HELD, &held);
	expect_only(office, VERIFY_FINDING__KIND__HELD_WITHOUT_EVENT, "held", "H51/STREAM_UNITS/7/3");
}

static void an_event_that_is_wrongly_held_leaves_its_record_behind(void **state) {
	struct office *office = *state;
	AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);
	struct entry held = { .size = 2, .value = "no" };
	struct event_mark mark;

	assert_int_equal(event_log_mark(&txn, NODE, STREAM__STREAM_RECORDS, &mark), 0);
	store_abort(&txn);
	held.key = event_log_key(NODE, STREAM__STREAM_RECORDS, mark.epoch, mark.sequence);
	put(office, TABLE_HELD, &held);
	assert_true(verify(office, &dossiers_schema, in_one_go).result->findings >= 1);
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
		news = verify(office, &dossiers_schema, i % 2 ? in_one_go : entry_by_entry);
		/* A damaged round may make its dossier count otherwise, which is told too. */
		assert_true(owned || news.result->findings == 1);
		for (size_t f = 0; f < news.n_findings; f++)
			if (news.findings[f]->kind == VERIFY_FINDING__KIND__RECORD_DIFFERS)
				assert_string_equal(news.findings[f]->place, record_place(&whole, place));
		assert_true(owned || news.findings[0]->kind == VERIFY_FINDING__KIND__RECORD_DIFFERS);
		put(office, TABLE_STATE, &whole);
	}
	expect_whole(office, in_one_go);
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
	news = verify(office, &dossiers_schema, entry_by_entry);
	expect_one(&news, VERIFY_FINDING__KIND__RECORD_MISSING, record_place(&gone, place));
}

static void a_record_without_an_event_is_named(void **state) {
	struct office *office = *state;
	struct entry extra = first_of(office, TABLE_STATE, &dossiers_register);
	VerifyNews news;

	extra.key = record_key_of_code(&dossiers_register, "never-written");
	put(office, TABLE_STATE, &extra);
	news = verify(office, &dossiers_schema, entry_by_entry);
	expect_one(&news, VERIFY_FINDING__KIND__RECORD_EXTRA, "dossiers/never-written");
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
		expect_only(office, VERIFY_FINDING__KIND__INDEX_MISSING, "by_day",
		    record_place(&(struct entry) { .key = record }, place));
		put(office, TABLE_BY_DAY, &gone);
	}
}

static void an_extra_index_entry_is_named(void **state) {
	struct office *office = *state;
	struct entry extra = first_of(office, TABLE_BY_DAY, &dossiers_register);

	extra.key.bytes[6] ^= 0x55; /* another day of the same dossier */
	put(office, TABLE_BY_DAY, &extra);
	expect_only(office, VERIFY_FINDING__KIND__INDEX_EXTRA, "by_day", NULL);
	take_out(office, TABLE_BY_DAY, &extra);
	extra.key = day_index_key(&dossiers_register, (struct day_place) { 1, 19000 },
	    "nobody\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	put(office, TABLE_BY_DAY, &extra);
	expect_only(office, VERIFY_FINDING__KIND__INDEX_EXTRA, "by_day", "dossiers/nobody");
}

static void the_index_of_a_field_is_looked_at(void **state) {
	struct office *office = *state;
	struct entry entry;
	VerifyNews news;

	desk_close(&office->desk);
	desk_open(&office->desk, NODE);
	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		for (uint32_t i = 1; i <= 20; i++) {
			Document document = DOCUMENT__INIT;
			char number[16];

			snprintf(number, sizeof(number), "%u", i);
			document.number = number;
			document.symbol = text_of("UBND");
			document.type = text_of(i % 3 ? "QD" : "TB");
			document.unit = text_of(NODE);
			document.issued_day = 20240100 + i;
			document.direction = DOCUMENT__DIRECTION__OUTGOING;
			document.electronic = document.digitally_signed = i % 2;
			desk_record(&txn, &documents_register, &document.base, REGISTER_ADDED);
		}
		desk_keep(&txn);
	}
	assert_int_equal(verify(office, &documents_schema, in_one_go).result->index_entries, 40);
	entry = entry_at(office, TABLE_BY_FIELD, 4);
	take_out(office, TABLE_BY_FIELD, &entry);
	news = verify(office, &documents_schema, in_one_go);
	expect_one(&news, VERIFY_FINDING__KIND__INDEX_MISSING, NULL);
	assert_string_equal(news.findings[0]->table, "by_field");
	put(office, TABLE_BY_FIELD, &entry);
	entry.key.bytes[3] ^= 1;
	put(office, TABLE_BY_FIELD, &entry);
	news = verify(office, &documents_schema, in_one_go);
	expect_one(&news, VERIFY_FINDING__KIND__INDEX_EXTRA, NULL);
	assert_string_equal(news.findings[0]->table, "by_field");
}

static void a_wrong_size_is_named(void **state) {
	struct office *office = *state;
	struct entry size = first_of(office, TABLE_SIZES, &dossiers_register);

	size.value[7]++;
	put(office, TABLE_SIZES, &size);
	expect_only(office, VERIFY_FINDING__KIND__SIZE_DIFFERS, "sizes", "dossiers");
}

static void a_name_that_leads_elsewhere_is_named(void **state) {
	struct office *office = *state;
	struct entry number = entry_at(office, TABLE_NUMBERS, 1);

	number.value[3] ^= 64;
	put(office, TABLE_NUMBERS, &number);
	expect_only(office, VERIFY_FINDING__KIND__NAME_DIFFERS, "numbers", NULL);
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
		news = verify(office, &dossiers_schema, entry_by_entry);
		expect_one(&news, VERIFY_FINDING__KIND__CELL_DIFFERS, NULL);
		assert_int_equal(strncmp(news.findings[0]->place, begin, strlen(begin)), 0);
		assert_non_null(strstr(news.findings[0]->place, "/refused"));
		put(office, TABLE_CELLS, &whole);
	}
	expect_whole(office, in_one_go);
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
	news = verify(office, &dossiers_schema, in_one_go);
	assert_int_equal(news.result->findings, 2);
	assert_int_equal(news.findings[0]->kind, VERIFY_FINDING__KIND__CELL_DIFFERS);
	assert_int_equal(news.findings[1]->kind, VERIFY_FINDING__KIND__RULE_BROKEN);
	assert_string_equal(
	    news.findings[1]->expected, "online + direct = early + on_time + late + open");
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
		VerifyNews news = verify(office, &dossiers_schema, i ? in_several_passes : entry_by_entry);

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
	expect_only(office, VERIFY_FINDING__KIND__CELL_DIFFERS, "cells", NULL);
}

#define OFFICE_TEST(claim) cmocka_unit_test_setup_teardown(claim, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(a_store_nobody_damaged_is_whole),
		OFFICE_TEST(an_empty_store_is_whole),
		OFFICE_TEST(a_copy_that_holds_events_is_whole_and_lists_them),
		OFFICE_TEST(it_is_whole_while_it_is_written_to),
		OFFICE_TEST(a_damaged_event_is_named),
		OFFICE_TEST(a_damaged_hash_is_named),
		OFFICE_TEST(an_event_that_was_exchanged_with_its_hash_breaks_the_chain),
		OFFICE_TEST(a_missing_event_is_named_by_the_one_after_it),
		OFFICE_TEST(a_damaged_mark_is_named),
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
		OFFICE_TEST(counters_that_contradict_each_other_are_named),
		OFFICE_TEST(a_missing_cell_is_named_counter_by_counter),
		OFFICE_TEST(an_extra_cell_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
