/* SPDX-License-Identifier: MIT */
/* Backups: what comes back is the store as it was, and what was damaged is known for damaged. */
#include "common/store/backup.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/message.h"
#include "common/store/event_log.h"
#include "common/store/idempotency.h"
#include "common/store/pack.h"
#include "common/store/verify.h"
#include "tests/unit/store/desk.h"
#include "tests/unit/store/lives.h"

enum { STEPS = 300, STEPS_A_COMMIT = 5, FLIPS = 60 };

#define NODE "H51.15.61"

struct office {
	struct desk desk;
	struct chance chance;
	struct lives *lives;
	struct arena arena;
	struct folder elsewhere;
	char pack[96];
	char restored[96];
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
	office.elsewhere = folder_new();
	snprintf(office.pack, sizeof(office.pack), "%s/dossiers.pack", office.elsewhere.path);
	snprintf(office.restored, sizeof(office.restored), "%s/store", office.elsewhere.path);
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
	folder_remove(&office->elsewhere);
	desk_close(&office->desk);
	return 0;
}

static BackupPart back_up(struct office *office) {
	BackupPart part;

	unlink(office->pack);
	assert_int_equal(
	    backup_write(office->desk.store, office->pack, &office->arena, &part), BACKUP_OK);
	return part;
}

static int restore_as(struct office *office, const char *node) {
	return backup_restore(office->pack,
	    &(struct store_options) { .folder = office->restored, .node = node, .map_mib = 256 },
	    &dossiers_schema);
}

/* The whole of a table of a store that was closed and is opened again. */
static void expect_same_tables(struct office *office) {
	static const enum store_table tables[] = { TABLE_META, TABLE_LOG, TABLE_MARKS, TABLE_HELD,
		TABLE_BY_DAY, TABLE_BY_FIELD, TABLE_SIZES, TABLE_IDEMPOTENCY, TABLE_IDEMPOTENCY_AGE };
	struct desk copy = { .node = NODE };
	uint32_t epoch = store_epoch(office->desk.store);
	struct store_value before[LENGTH_OF(tables)];
	VerifyNews news;

	arena_reset(&office->arena);
	for (size_t i = 0; i < LENGTH_OF(tables); i++) {
		struct store_value dump = desk_dump(&office->desk, tables[i]);

		before[i] =
		    (struct store_value) { arena_copy(&office->arena, dump.bytes, dump.size), dump.size };
	}
	assert_true(strlen(office->restored) < sizeof(copy.folder.path));
	memcpy(copy.folder.path, office->restored, strlen(office->restored) + 1);
	arena_init(&copy.arena, (size_t)64 << 20);
	/* One store at a time: LMDB locks by process. */
	store_closep(&office->desk.store);
	desk_open_again(&copy);
	assert_int_equal(store_epoch(copy.store), epoch);
	for (size_t i = 0; i < LENGTH_OF(tables); i++) {
		struct store_value after = desk_dump(&copy, tables[i]);

		assert_int_equal(after.size, before[i].size);
		assert_memory_equal(after.bytes, before[i].bytes, after.size);
	}
	assert_int_equal(verify_store(
	                     &(struct verify_options) {
	                         .store = copy.store,
	                         .schema = &dossiers_schema,
	                         .service = "",
	                     },
	                     &copy.arena, &news),
	    VERIFY_OK);
	assert_int_equal(news.result->findings, 0);
	desk_close(&copy);
	desk_open_again(&office->desk);
}

static void what_comes_back_is_what_there_was(void **state) {
	struct office *office = *state;
	BackupPart part;

	{
		AUTO(store_abort) struct store_txn txn = desk_write(&office->desk);

		idempotency_keep(&txn, (const uint8_t *)"0123456789abcdef",
		    (const uint8_t *)"fedcba9876543210", (const uint8_t *)"done", 4);
		desk_keep(&txn);
	}
	part = back_up(office);
	assert_int_equal(part.format, STORE_FORMAT);
	assert_string_equal(part.node, NODE);
	assert_int_equal(part.epoch, store_epoch(office->desk.store));
	assert_int_equal(part.n_logs, 2);
	assert_int_equal(restore_as(office, NODE), BACKUP_OK);
	expect_same_tables(office);
}

static void an_empty_store_comes_back_empty(void **state) {
	struct office *office = *state;

	desk_close(&office->desk);
	desk_open(&office->desk, NODE);
	assert_int_equal(back_up(office).events, 0);
	assert_int_equal(restore_as(office, NODE), BACKUP_OK);
	expect_same_tables(office);
}

static void the_copies_of_a_parent_come_back(void **state) {
	struct office *office = *state;
	struct desk district;
	BackupPart part;

	desk_open(&district, "H51.15");
	desk_follow(&district, &office->desk, STREAM__STREAM_PROCEDURES);
	desk_follow(&district, &office->desk, STREAM__STREAM_RECORDS);
	assert_int_equal(backup_write(district.store, office->pack, &office->arena, &part), BACKUP_OK);
	desk_close(&district);
	assert_int_equal(restore_as(office, "H51.15"), BACKUP_OK);
}

static void another_node_s_backup_is_refused(void **state) {
	struct office *office = *state;

	back_up(office);
	assert_int_equal(restore_as(office, "H51.15.62"), BACKUP_OTHER_NODE);
	assert_int_equal(access(office->restored, F_OK), -1);
}

static void nothing_is_overwritten(void **state) {
	struct office *office = *state;
	BackupPart part;

	back_up(office);
	assert_int_equal(
	    backup_write(office->desk.store, office->pack, &office->arena, &part), -EEXIST);
}

static void expect_same(const BackupPart *left, const BackupPart *right, struct arena *arena) {
	uint8_t *bytes[2];
	size_t sizes[2];

	assert_return_code(message_pack(&left->base, arena, &bytes[0], &sizes[0]), 0);
	assert_return_code(message_pack(&right->base, arena, &bytes[1], &sizes[1]), 0);
	assert_int_equal(sizes[0], sizes[1]);
	assert_memory_equal(bytes[0], bytes[1], sizes[0]);
}

/* Some bits of a compressed file mean nothing: with those it says what it said, to the heads of its
 * chains. All of them are found by the hash that stands in the manifest. */
static void a_flipped_bit_is_found_wherever_it_is(void **state) {
	struct office *office = *state;
	AUTO(heap_freep) char *bytes = NULL;
	uint8_t hash[PACK_HASH_SIZE];
	BackupPart whole;
	size_t size;

	back_up(office);
	assert_int_equal(backup_walk(office->pack, &office->arena, &whole), BACKUP_OK);
	assert_return_code(pack_digest(office->pack, &whole.bytes, hash), 0);
	whole.bytes = 0;
	assert_int_equal(file_read(office->pack, (size_t)64 << 20, &bytes, &size), 0);
	for (int i = 0; i < FLIPS; i++) {
		size_t at = i < 20 ? (size_t)i : chance_below(&office->chance, (uint32_t)size);
		char was = bytes[at];
		uint8_t other[PACK_HASH_SIZE];
		uint64_t length;
		BackupPart part;
		int answer;

		bytes[at] ^= (char)(1 << chance_below(&office->chance, 8));
		assert_int_equal(file_write(office->pack, bytes, size, 0600), 0);
		assert_return_code(pack_digest(office->pack, &length, other), 0);
		assert_memory_not_equal(other, hash, sizeof(hash));
		answer = backup_walk(office->pack, &office->arena, &part);
		if (answer != BACKUP_DAMAGED) {
			assert_int_equal(answer, BACKUP_OK);
			expect_same(&part, &whole, &office->arena);
		}
		bytes[at] = was;
	}
}

static void a_pack_that_was_cut_is_found(void **state) {
	struct office *office = *state;
	struct stat status;
	BackupPart part;

	back_up(office);
	assert_int_equal(stat(office->pack, &status), 0);
	for (off_t size = status.st_size - 1; size >= 0; size -= 1 + status.st_size / 50) {
		assert_int_equal(truncate(office->pack, size), 0);
		assert_int_equal(backup_walk(office->pack, &office->arena, &part), BACKUP_DAMAGED);
		assert_int_equal(restore_as(office, NODE), BACKUP_DAMAGED);
	}
}

/* Sealed and sound as a pack, but an event is missing. */
static void a_pack_without_an_event_is_found(void **state) {
	struct office *office = *state;
	AUTO(pack_reader_freep) struct pack_reader *reader = NULL;
	AUTO(pack_writer_freep) struct pack_writer *writer = NULL;
	char forged[112];
	struct pack_entry entry;
	BackupPart part;
	int n = 0;
	int r;

	back_up(office);
	snprintf(forged, sizeof(forged), "%s.forged", office->pack);
	assert_int_equal(pack_open(office->pack, &reader), PACK_OK);
	assert_int_equal(pack_create(forged, &writer), 0);
	while ((r = pack_next(reader, &entry)) == PACK_OK)
		if (++n != 30)
			assert_int_equal(pack_add(writer, &entry), 0);
	assert_int_equal(r, PACK_END);
	assert_int_equal(pack_seal(writer), 0);
	assert_int_equal(backup_walk(forged, &office->arena, &part), BACKUP_DAMAGED);
}

struct writer {
	struct office *office;
	atomic_bool stop;
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
	}
	return NULL;
}

/* What was acknowledged before the backup began is in it, and it is one moment of the store. */
static void a_backup_while_others_write_is_one_moment(void **state) {
	struct office *office = *state;
	struct writer writer = { .office = office };
	struct event_mark mark;
	pthread_t thread;
	BackupPart part;

	assert_int_equal(pthread_create(&thread, NULL, go_on_writing, &writer), 0);
	for (int i = 0; i < 5; i++) {
		{
			AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

			assert_int_equal(store_begin(office->desk.store, STORE_READ, &txn), STORE_OK);
			assert_int_equal(event_log_mark(&txn, NODE, STREAM__STREAM_RECORDS, &mark), 0);
		}
		arena_reset(&office->arena);
		part = back_up(office);
		assert_true(part.logs[0]->mark->sequence >= mark.sequence);
	}
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
	store_closep(&office->desk.store);
	assert_int_equal(restore_as(office, NODE), BACKUP_OK);
	desk_open_again(&office->desk);
}

#define OFFICE_TEST(claim) cmocka_unit_test_setup_teardown(claim, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(what_comes_back_is_what_there_was),
		OFFICE_TEST(an_empty_store_comes_back_empty),
		OFFICE_TEST(the_copies_of_a_parent_come_back),
		OFFICE_TEST(another_node_s_backup_is_refused),
		OFFICE_TEST(nothing_is_overwritten),
		OFFICE_TEST(a_flipped_bit_is_found_wherever_it_is),
		OFFICE_TEST(a_pack_that_was_cut_is_found),
		OFFICE_TEST(a_pack_without_an_event_is_found),
		OFFICE_TEST(a_backup_while_others_write_is_one_moment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
