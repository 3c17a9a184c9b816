/* SPDX-License-Identifier: MIT */
/* Walking a backup, and making a store of it again. */
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"
#include "common/store/backup.h"
#include "common/store/backup_parts.h"
#include "common/store/migration.h"
#include "common/store/replay.h"
#include "common/store/verify.h"

#define EVENT_CAP  ((size_t)16 << 20)
#define VERIFY_CAP ((size_t)64 << 20)

enum {
	ENTRIES_A_COMMIT = 4000,
	EVENTS_A_COMMIT = 10000,
};

struct walk {
	struct pack_reader *reader;
	struct backup_log *logs;
	size_t log_count;
	uint64_t events;
	struct arena scratch;
	BackupPart *part; /* what the pack tells of itself; null until then */
};

static void walk_deinit(struct walk *walk) {
	pack_reader_freep(&walk->reader);
	free(walk->logs);
	arena_deinit(&walk->scratch);
}

/* Return: BACKUP_OK, BACKUP_DAMAGED or a negative errno. */
static int walk_event(struct walk *walk, const struct pack_entry *entry) {
	struct store_value value = { entry->value, entry->value_size };
	uint8_t prefix[EVENT_LOG_PREFIX_SIZE];
	struct log_entry logged;
	struct backup_log *log;
	Event *event;
	bool first;

	if (entry->key_size != EVENT_LOG_KEY_SIZE || !migration_log_entry(value, &logged))
		return BACKUP_DAMAGED;
	migration_log_prefix(entry->key, prefix);
	log = backup_log_of(&walk->logs, &walk->log_count, prefix);
	arena_reset(&walk->scratch);
	event = event__unpack(&walk->scratch.allocator, logged.event.len, logged.event.data);
	if (!log || (!event && walk->scratch.refused))
		return failed_here(-ENOMEM);
	if (!event || (logged.personal.len && !personal_fits(logged.personal, event)))
		return BACKUP_DAMAGED;
	first = event->sequence == 1 && event->epoch > log->epoch && event->previous.len == 0;
	if (!first && (event->epoch != log->epoch || event->sequence != log->sequence + 1 ||
	                  event->previous.len != EVENT_HASH_SIZE ||
	                  memcmp(event->previous.data, log->head, EVENT_HASH_SIZE) != 0))
		return BACKUP_DAMAGED;
	log->epoch = event->epoch;
	log->sequence = event->sequence;
	memcpy(log->head, logged.hash, EVENT_HASH_SIZE);
	walk->events++;
	return BACKUP_OK;
}

static bool ends_as_told(struct walk *walk) {
	const BackupPart *part = walk->part;

	if (!part || part->events != walk->events || part->n_logs != walk->log_count)
		return false;
	for (size_t i = 0; i < part->n_logs; i++) {
		const Mark *mark = part->logs[i]->mark;
		struct key prefix;
		struct backup_log *log;

		if (!mark)
			return false;
		prefix = event_log_key(mark->origin, part->logs[i]->stream, 0, 0);
		log = backup_log_of(&walk->logs, &walk->log_count, prefix.bytes);
		if (!log || log->epoch != mark->epoch || log->sequence != mark->sequence ||
		    mark->head.len != EVENT_HASH_SIZE ||
		    memcmp(mark->head.data, log->head, EVENT_HASH_SIZE) != 0)
			return false;
	}
	return part->n_logs == walk->log_count;
}

/* The next entry of a table. Return: BACKUP_OK, BACKUP_LATER at the end of a pack that is whole,
 * BACKUP_DAMAGED or a negative errno. */
static int walk_next(struct walk *walk, struct arena *arena, struct pack_entry *ret_entry) {
	for (;;) {
		int r = pack_next(walk->reader, ret_entry);

		if (r == PACK_END)
			return ends_as_told(walk) ? BACKUP_LATER : BACKUP_DAMAGED;
		if (r)
			return r < 0 ? failed_below(r) : BACKUP_DAMAGED;
		if (ret_entry->kind == TABLE_LOG)
			return walk_event(walk, ret_entry);
		if (ret_entry->kind < TABLE_COUNT)
			return BACKUP_OK;
		if (ret_entry->kind != BACKUP_PART || walk->part ||
		    message_unpack(&backup_part__descriptor, ret_entry->value, ret_entry->value_size, arena,
		        (ProtobufCMessage **)&walk->part) != MESSAGE_OK)
			return BACKUP_DAMAGED;
	}
}

int backup_walk(const char *path, struct arena *arena, BackupPart *ret_part) {
	AUTO(walk_deinit) struct walk walk = { .part = NULL };
	struct pack_entry entry;
	int r;

	arena_init(&walk.scratch, EVENT_CAP);
	r = pack_open(path, &walk.reader);
	while (r == BACKUP_OK)
		r = walk_next(&walk, arena, &entry);
	if (r != BACKUP_LATER)
		return r < 0 ? failed_below(r) : r;
	*ret_part = *walk.part;
	return BACKUP_OK;
}

/* Put so many entries. Return: BACKUP_OK when there are more, or as walk_next. */
static int put_some(struct store *store, struct walk *walk, struct arena *arena) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int answer = store_begin(store, STORE_WRITE, &txn);

	for (int i = 0; answer == BACKUP_OK && i < ENTRIES_A_COMMIT; i++) {
		struct pack_entry entry;
		struct key key = KEY_EMPTY;

		answer = walk_next(walk, arena, &entry);
		if (answer != BACKUP_OK)
			break;
		if (entry.key_size > KEY_SIZE_MAX)
			return BACKUP_DAMAGED;
		key_add_bytes(&key, entry.key, entry.key_size);
		store_put(&txn, (enum store_table)entry.kind, &key, entry.value, entry.value_size);
	}
	if (answer == BACKUP_OK || answer == BACKUP_LATER) {
		int r = store_commit(&txn);

		if (r < 0)
			return failed_below(r);
	}
	return answer < 0 ? failed_below(answer) : answer;
}

/* Return: REPLAY_MORE, REPLAY_END, REPLAY_DAMAGED or a negative errno. */
static int replay_slice(struct store *store, const struct schema *schema, struct key *after) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	int r = store_begin(store, STORE_WRITE, &txn);
	int committed;

	if (r == STORE_OK)
		r = replay_some(&txn, schema, EVENTS_A_COMMIT, REPLAY_REFUSES, after);
	if (r < 0 || r == REPLAY_DAMAGED)
		return r < 0 ? failed_below(r) : r;
	committed = store_commit(&txn);
	return committed < 0 ? failed_below(committed) : r;
}

static int fill(
    const char *path, struct store *store, const struct schema *schema, struct arena *arena) {
	AUTO(walk_deinit) struct walk walk = { .part = NULL };
	struct key after = KEY_EMPTY;
	VerifyNews news;
	int r;

	arena_init(&walk.scratch, EVENT_CAP);
	r = pack_open(path, &walk.reader);
	while (r == BACKUP_OK)
		r = put_some(store, &walk, arena);
	if (r != BACKUP_LATER)
		return r < 0 ? failed_below(r) : r;
	/* What was put is the store as it was, in the format it had. */
	if (walk.part->format < STORE_FORMAT)
		r = migration_run(store, walk.part->format, schema);
	else
		while ((r = replay_slice(store, schema, &after)) == REPLAY_MORE)
			;
	if (r)
		return r < 0 ? failed_below(r) : BACKUP_DAMAGED;
	r = verify_store(
	    &(struct verify_options) {
	        .store = store,
	        .schema = schema,
	        .service = "",
	    },
	    arena, &news);
	if (r < 0)
		return failed_below(r);
	return news.result->findings ? BACKUP_DAMAGED : BACKUP_OK;
}

int backup_restore(
    const char *path, const struct store_options *options, const struct schema *schema) {
	AUTO(store_closep) struct store *store = NULL;
	AUTO(arena_deinit) struct arena arena;
	struct store_options unsigned_options = *options;
	BackupPart part;
	int r;

	arena_init(&arena, VERIFY_CAP);
	r = backup_walk(path, &arena, &part);
	if (r)
		return r < 0 ? failed_below(r) : r;
	if (part.format > STORE_FORMAT)
		return BACKUP_NEWER_FORMAT;
	if (strcmp(part.node, options->node) != 0)
		return BACKUP_OTHER_NODE;
	/* The node's key of today need not be the one its logs were signed with. */
	unsigned_options.signer = NULL;
	r = store_open(&unsigned_options, &store);
	if (r)
		return r < 0 ? failed_below(r) : failed_here(-EBUSY);
	return fill(path, store, schema, &arena);
}
