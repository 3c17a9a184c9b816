/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/desk.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/store/checkpoint.h"
#include "common/store/event_log.h"
#include "services/dossiers/dossiers.h"

#define MAP_MIB     256
#define MEMORY_CAP  ((size_t)64 << 20)
#define CHUNK_BYTES 2000 /* of events at a time: small, so that following goes on often */

enum { CHECKPOINT_EVENTS = 20 };

static int try_open(
    const struct desk *desk, const char *node, uint64_t reserve_mib, struct store **ret_store) {
	static const uint8_t seed[32] = { 7 };
	struct signer signer;
	struct store_options options = {
		.folder = desk->folder.path,
		.node = node,
		.map_mib = MAP_MIB,
		.reserve_mib = reserve_mib,
		.signer = &signer,
		.checkpoint_events = CHECKPOINT_EVENTS,
		.service = "dossiers",
		.schema = &dossiers_schema,
	};

	signer_of_seed(seed, &signer);
	return store_open(&options, ret_store);
}

static void open_store(struct desk *desk) {
	assert_int_equal(try_open(desk, desk->node, 0, &desk->store), STORE_OK);
}

void desk_open(struct desk *desk, const char *node) {
	*desk = (struct desk) { .folder = folder_new(), .node = node };
	arena_init(&desk->arena, MEMORY_CAP);
	open_store(desk);
}

void desk_close(struct desk *desk) {
	store_closep(&desk->store);
	arena_deinit(&desk->arena);
	folder_remove(&desk->folder);
}

void desk_open_again(struct desk *desk) {
	store_closep(&desk->store);
	open_store(desk);
}

int desk_try_open(const struct desk *desk, const char *node, uint64_t reserve_mib) {
	AUTO(store_closep) struct store *store = NULL;

	return try_open(desk, node, reserve_mib, &store);
}

struct store_txn desk_write(struct desk *desk) {
	struct store_txn txn = STORE_TXN_NULL;

	assert_int_equal(store_begin(desk->store, STORE_WRITE, &txn), STORE_OK);
	return txn;
}

struct store_txn desk_read(struct desk *desk) {
	struct store_txn txn = STORE_TXN_NULL;

	assert_int_equal(store_begin(desk->store, STORE_READ, &txn), STORE_OK);
	arena_reset(&desk->arena);
	txn.arena = &desk->arena;
	return txn;
}

void desk_keep(struct store_txn *txn) {
	assert_int_equal(store_commit(txn), STORE_OK);
}

void desk_record(struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, int expected) {
	const char *owner = NULL;

	assert_int_equal(register_write(txn, type, record, "tester", &owner), expected);
}

static bool follow_step(struct desk *follower, struct desk *source, Stream stream, size_t *count) {
	AUTO(store_abort) struct store_txn from = desk_read(source);
	AUTO(store_abort) struct store_txn to = desk_write(follower);
	ProtobufCBinaryData *events = NULL;
	struct event_mark *marks;
	size_t mark_count;
	size_t event_count = 0;
	bool more = false;

	assert_int_equal(event_marks_load(&to, stream, to.arena, &marks, &mark_count), 0);
	assert_int_equal(event_log_read(&from, stream, marks, mark_count, CHUNK_BYTES, &source->arena,
	                     &events, &event_count, &more),
	    0);
	for (size_t i = 0; i < event_count; i++) {
		Event *event = NULL;

		assert_int_equal(
		    event_log_keep(&to, stream, events[i].data, events[i].len, &event), EVENT_LOG_OK);
		assert_int_equal(register_apply(&to, &dossiers_schema, event), STORE_OK);
	}
	desk_keep(&to);
	*count += event_count;
	return more;
}

size_t desk_follow(struct desk *follower, struct desk *source, Stream stream) {
	size_t count = 0;

	while (follow_step(follower, source, stream, &count))
		;
	return count;
}

struct store_value desk_dump(struct desk *desk, enum store_table table) {
	AUTO(store_abort) struct store_txn txn = desk_read(desk);
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	AUTO(text_deinit) struct text dump = TEXT_NULL;
	struct key start = KEY_EMPTY;
	int r;

	key_add_u8(&start, 0);
	assert_int_equal(store_cursor_open(&txn, table, &cursor), STORE_OK);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK; r = store_cursor_next(&cursor)) {
		text_format(&dump, "%zu:%zu:", cursor.key.size, cursor.value.size);
		text_add_bytes(&dump, cursor.key.bytes, cursor.key.size);
		text_add_bytes(&dump, cursor.value.bytes, cursor.value.size);
	}
	assert_int_equal(r, STORE_NOT_FOUND);
	assert_false(text_failed(&dump));
	return (struct store_value) {
		.bytes = arena_copy(&desk->arena, text_get(&dump), dump.length),
		.size = dump.length,
	};
}
