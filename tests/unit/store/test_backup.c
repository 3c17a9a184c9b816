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
#include "common/store/checkpoint.h"
#include "common/store/erasure.h"
#include "common/store/event_log.h"
#include "common/store/idempotency.h"
#include "common/store/pack.h"
#include "common/store/verify.h"
#include "tests/unit/store/office.h"

enum { STEPS = 300, FLIPS = 60 };

/* An office, and where its backups lie. */
struct vault {
	struct office office;
	struct folder elsewhere;
	char pack[96];
	char restored[96];
};

static int vault_open(void **state) {
	static struct vault vault;

	office_open(&vault.office, STEPS);
	vault.elsewhere = folder_new();
	snprintf(vault.pack, sizeof(vault.pack), "%s/dossiers.pack", vault.elsewhere.path);
	snprintf(vault.restored, sizeof(vault.restored), "%s/store", vault.elsewhere.path);
	*state = &vault;
	return 0;
}

static int vault_close(void **state) {
	struct vault *vault = *state;

	folder_remove(&vault->elsewhere);
	office_close(&vault->office);
	return 0;
}

static BackupPart back_up(struct vault *vault) {
	BackupPart part;

	unlink(vault->pack);
	assert_int_equal(
	    backup_write(vault->office.desk.store, vault->pack, 0, &vault->office.arena, &part),
	    BACKUP_OK);
	return part;
}

/* Into a node whose signing key was lost and made anew. */
static int restore_as(struct vault *vault, const char *node) {
	static const uint8_t seed[32] = { 99 };
	struct signer another;

	signer_of_seed(seed, &another);
	return backup_restore(vault->pack,
	    &(struct store_options) {
	        .folder = vault->restored,
	        .node = node,
	        .service = "dossiers",
	        .map_mib = 256,
	        .signer = &another,
	    },
	    &dossiers_schema);
}

/* The whole of a table of a store that was closed and is opened again. */
static void expect_same_tables(struct vault *vault) {
	static const enum store_table tables[] = { TABLE_META, TABLE_LOG, TABLE_MARKS, TABLE_HELD,
		TABLE_BY_DAY, TABLE_BY_FIELD, TABLE_SIZES, TABLE_IDEMPOTENCY, TABLE_IDEMPOTENCY_AGE };
	struct desk copy = { .node = OFFICE_NODE };
	uint32_t epoch = store_epoch(vault->office.desk.store);
	struct store_value before[LENGTH_OF(tables)];
	VerifyNews news;

	arena_reset(&vault->office.arena);
	for (size_t i = 0; i < LENGTH_OF(tables); i++) {
		struct store_value dump = desk_dump(&vault->office.desk, tables[i]);

		before[i] = (struct store_value) { arena_copy(&vault->office.arena, dump.bytes, dump.size),
			dump.size };
	}
	assert_true(strlen(vault->restored) < sizeof(copy.folder.path));
	memcpy(copy.folder.path, vault->restored, strlen(vault->restored) + 1);
	arena_init(&copy.arena, (size_t)64 << 20);
	/* One store at a time: LMDB locks by process. */
	store_closep(&vault->office.desk.store);
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
	desk_open_again(&vault->office.desk);
}

static void what_comes_back_is_what_there_was(void **state) {
	struct vault *vault = *state;
	BackupPart part;

	{
		AUTO(store_abort) struct store_txn txn = desk_write(&vault->office.desk);

		idempotency_keep(&txn, (const uint8_t *)"0123456789abcdef",
		    (const uint8_t *)"fedcba9876543210", (const uint8_t *)"done", 4);
		desk_keep(&txn);
	}
	part = back_up(vault);
	assert_int_equal(part.format, STORE_FORMAT);
	assert_string_equal(part.node, OFFICE_NODE);
	assert_int_equal(part.epoch, store_epoch(vault->office.desk.store));
	assert_int_equal(part.n_logs, 2);
	assert_int_equal(restore_as(vault, OFFICE_NODE), BACKUP_OK);
	expect_same_tables(vault);
}

static void an_empty_store_comes_back_empty(void **state) {
	struct vault *vault = *state;

	desk_close(&vault->office.desk);
	desk_open(&vault->office.desk, OFFICE_NODE);
	assert_int_equal(back_up(vault).events, 0);
	assert_int_equal(restore_as(vault, OFFICE_NODE), BACKUP_OK);
	expect_same_tables(vault);
}

static void the_copies_of_a_parent_come_back(void **state) {
	struct vault *vault = *state;
	struct desk district;
	BackupPart part;

	desk_open(&district, "H51.15");
	desk_follow(&district, &vault->office.desk, STREAM__STREAM_PROCEDURES);
	desk_follow(&district, &vault->office.desk, STREAM__STREAM_RECORDS);
	assert_int_equal(
	    backup_write(district.store, vault->pack, 0, &vault->office.arena, &part), BACKUP_OK);
	desk_close(&district);
	assert_int_equal(restore_as(vault, "H51.15"), BACKUP_OK);
}

static void another_node_s_backup_is_refused(void **state) {
	struct vault *vault = *state;

	back_up(vault);
	assert_int_equal(restore_as(vault, "H51.15.62"), BACKUP_OTHER_NODE);
	assert_int_equal(access(vault->restored, F_OK), -1);
}

static void nothing_is_overwritten(void **state) {
	struct vault *vault = *state;
	BackupPart part;

	back_up(vault);
	assert_int_equal(
	    backup_write(vault->office.desk.store, vault->pack, 0, &vault->office.arena, &part),
	    -EEXIST);
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
	struct vault *vault = *state;
	AUTO(heap_freep) char *bytes = NULL;
	uint8_t hash[PACK_HASH_SIZE];
	BackupPart whole;
	size_t size;

	back_up(vault);
	assert_int_equal(backup_walk(vault->pack, &vault->office.arena, &whole), BACKUP_OK);
	assert_return_code(pack_digest(vault->pack, &whole.bytes, hash), 0);
	whole.bytes = 0;
	assert_int_equal(file_read(vault->pack, (size_t)64 << 20, &bytes, &size), 0);
	for (int i = 0; i < FLIPS; i++) {
		size_t at = i < 20 ? (size_t)i : chance_below(&vault->office.chance, (uint32_t)size);
		char was = bytes[at];
		uint8_t other[PACK_HASH_SIZE];
		uint64_t length;
		BackupPart part;
		int answer;

		bytes[at] ^= (char)(1 << chance_below(&vault->office.chance, 8));
		assert_int_equal(file_write(vault->pack, bytes, size, 0600), 0);
		assert_return_code(pack_digest(vault->pack, &length, other), 0);
		assert_memory_not_equal(other, hash, sizeof(hash));
		answer = backup_walk(vault->pack, &vault->office.arena, &part);
		if (answer != BACKUP_DAMAGED) {
			assert_int_equal(answer, BACKUP_OK);
			expect_same(&part, &whole, &vault->office.arena);
		}
		bytes[at] = was;
	}
}

static void a_pack_that_was_cut_is_found(void **state) {
	struct vault *vault = *state;
	struct stat status;
	BackupPart part;

	back_up(vault);
	assert_int_equal(stat(vault->pack, &status), 0);
	for (off_t size = status.st_size - 1; size >= 0; size -= 1 + status.st_size / 50) {
		assert_int_equal(truncate(vault->pack, size), 0);
		assert_int_equal(backup_walk(vault->pack, &vault->office.arena, &part), BACKUP_DAMAGED);
		assert_int_equal(restore_as(vault, OFFICE_NODE), BACKUP_DAMAGED);
	}
}

/* Sealed and sound as a pack, but an event is missing. */
static void a_pack_without_an_event_is_found(void **state) {
	struct vault *vault = *state;
	AUTO(pack_reader_freep) struct pack_reader *reader = NULL;
	AUTO(pack_writer_freep) struct pack_writer *writer = NULL;
	char forged[112];
	struct pack_entry entry;
	BackupPart part;
	int n = 0;
	int r;

	back_up(vault);
	snprintf(forged, sizeof(forged), "%s.forged", vault->pack);
	assert_int_equal(pack_open(vault->pack, &reader), PACK_OK);
	assert_int_equal(pack_create(forged, &writer), 0);
	while ((r = pack_next(reader, &entry)) == PACK_OK)
		if (++n != 30)
			assert_int_equal(pack_add(writer, &entry), 0);
	assert_int_equal(r, PACK_END);
	assert_int_equal(pack_seal(writer), 0);
	assert_int_equal(backup_walk(forged, &vault->office.arena, &part), BACKUP_DAMAGED);
}

struct writer {
	struct vault *vault;
	atomic_bool stop;
};

static void *go_on_writing(void *context) {
	struct writer *writer = context;

	while (!atomic_load(&writer->stop)) {
		struct store_txn txn = STORE_TXN_NULL;

		if (store_begin(writer->vault->office.desk.store, STORE_WRITE, &txn) < 0)
			return NULL;
		for (int i = 0; i < OFFICE_STEPS_A_COMMIT; i++)
			lives_step(writer->vault->office.lives, &txn);
		if (store_commit(&txn) < 0)
			return NULL;
	}
	return NULL;
}

/* What was acknowledged before the backup began is in it, and it is one moment of the store. */
static void a_backup_while_others_write_is_one_moment(void **state) {
	struct vault *vault = *state;
	struct writer writer = { .vault = vault };
	struct event_mark mark;
	pthread_t thread;
	BackupPart part;

	assert_int_equal(pthread_create(&thread, NULL, go_on_writing, &writer), 0);
	for (int i = 0; i < 5; i++) {
		{
			AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

			assert_int_equal(store_begin(vault->office.desk.store, STORE_READ, &txn), STORE_OK);
			assert_int_equal(event_mark_load(&txn, OFFICE_NODE, STREAM__STREAM_RECORDS, &mark), 0);
		}
		arena_reset(&vault->office.arena);
		part = back_up(vault);
		assert_true(part.logs[part.n_logs - 1]->mark->sequence >= mark.sequence);
	}
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
	store_closep(&vault->office.desk.store);
	assert_int_equal(restore_as(vault, OFFICE_NODE), BACKUP_OK);
	desk_open_again(&vault->office.desk);
}

static void erase_one(struct vault *vault, const char *code) {
	AUTO(erasure_end) struct erasure erasure = ERASURE_NULL;
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct erased erased;

	if (store_begin(vault->office.desk.store, STORE_WRITE, &txn) < 0 ||
	    erasure_begin(&txn, &dossiers_register, code, &erasure) != ERASURE_OK ||
	    erasure_write(&txn, &erasure, "x", "x", &erased) != ERASURE_OK)
		return;
	store_commit(&txn);
}

static void *go_on_erasing(void *context) {
	struct writer *writer = context;
	const struct lives *lives = writer->vault->office.lives;

	for (size_t i = 0; i < lives->count && !atomic_load(&writer->stop); i++)
		erase_one(writer->vault, lives->items[i].code);
	return NULL;
}

/* What was copied before a name was erased must not come after it. */
static void a_backup_while_names_are_erased_comes_back(void **state) {
	struct vault *vault = *state;
	struct writer writer = { .vault = vault };
	pthread_t thread;
	BackupPart part;

	office_happen(&vault->office, 4000);
	assert_int_equal(pthread_create(&thread, NULL, go_on_erasing, &writer), 0);
	for (int i = 0; i < 3; i++) {
		arena_reset(&vault->office.arena);
		unlink(vault->pack);
		assert_int_equal(
		    backup_write(vault->office.desk.store, vault->pack, 2000, &vault->office.arena, &part),
		    BACKUP_OK);
		assert_int_equal(restore_as(vault, OFFICE_NODE), BACKUP_OK);
		snprintf(vault->restored, sizeof(vault->restored), "%s/store-%d", vault->elsewhere.path, i);
	}
	atomic_store(&writer.stop, true);
	pthread_join(thread, NULL);
}

#define VAULT_TEST(claim) cmocka_unit_test_setup_teardown(claim, vault_open, vault_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		VAULT_TEST(what_comes_back_is_what_there_was),
		VAULT_TEST(an_empty_store_comes_back_empty),
		VAULT_TEST(the_copies_of_a_parent_come_back),
		VAULT_TEST(another_node_s_backup_is_refused),
		VAULT_TEST(nothing_is_overwritten),
		VAULT_TEST(a_flipped_bit_is_found_wherever_it_is),
		VAULT_TEST(a_pack_that_was_cut_is_found),
		VAULT_TEST(a_pack_without_an_event_is_found),
		VAULT_TEST(a_backup_while_others_write_is_one_moment),
		VAULT_TEST(a_backup_while_names_are_erased_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
