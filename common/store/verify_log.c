/* SPDX-License-Identifier: MIT */
/*
 * Verifying logs: each is walked once, event by event, in as many slices as it takes; what is
 * appended meanwhile is walked by the same lines later. On the way the last event of each record is
 * noted: that is the replay.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store/verify_parts.h"

#define MARKS_CAP ((size_t)64 << 20)

enum { LOOK_EVERY = 64, KEY_SIZE = KEY_ORIGIN_SIZE + 1 + 4 + 8 };

/* A place is life + 1 above the sequence, so that 0 is none. */
#define SEQUENCE_BITS 40
#define SEQUENCE_MASK (((int64_t)1 << SEQUENCE_BITS) - 1)

static const struct verify_life *life_of(const struct verify *verify, int64_t place) {
	return &verify->lives[((place & ~VERIFY_VISITED) >> SEQUENCE_BITS) - 1];
}

static const char *stream_name(Stream stream) {
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(&stream__descriptor, (int)stream);

	return value ? value->name : "?";
}

static void place_text(const char *origin, Stream stream, uint32_t epoch, uint64_t sequence,
    char text[VERIFY_PLACE_SIZE]) {
	snprintf(
	    text, VERIFY_PLACE_SIZE, "%s/%s/%u/%" PRIu64, origin, stream_name(stream), epoch, sequence);
}

char *verify_event_place(const struct verify *verify, int64_t place, char text[VERIFY_PLACE_SIZE]) {
	const struct verify_life *life = life_of(verify, place);

	place_text(life->origin, life->stream, life->epoch, (uint64_t)(place & SEQUENCE_MASK), text);
	return text;
}

static void hash_text(const uint8_t *hash, char text[2 * EVENT_HASH_SIZE + 1]) {
	sodium_bin2hex(text, 2 * EVENT_HASH_SIZE + 1, hash, EVENT_HASH_SIZE);
}

/* Something about one event or one log; only the first pass tells, for the others see the same. */
static void find(struct verify *verify, VerifyFinding__Kind kind, const char *table,
    const char *place, const char *expected, const char *found) {
	if (verify->pass == 0)
		verify_find(verify, kind, table, place, expected, found);
}

static void find_hash(struct verify *verify, VerifyFinding__Kind kind, const char *table,
    const char *place, const uint8_t *expected, const uint8_t *found) {
	char expected_text[2 * EVENT_HASH_SIZE + 1];
	char found_text[2 * EVENT_HASH_SIZE + 1];

	hash_text(expected, expected_text);
	hash_text(found, found_text);
	find(verify, kind, table, place, expected_text, found_text);
}

/* The log begins, or begins anew in another life of its origin's store. */
static int begin_life(struct verify *verify, struct verify_log *log) {
	struct verify_life *life;

	if (verify->life_count == verify->life_capacity) {
		size_t capacity = verify->life_capacity ? verify->life_capacity * 2 : 64;
		struct verify_life *lives = realloc(verify->lives, capacity * sizeof(*lives));

		if (!lives)
			return failed_here(-ENOMEM);
		verify->lives = lives;
		verify->life_capacity = capacity;
	}
	life = &verify->lives[verify->life_count++];
	*life = (struct verify_life) { .stream = log->reached.stream, .epoch = log->reached.epoch };
	memcpy(life->origin, log->reached.origin, sizeof(life->origin));
	log->life = (int64_t)verify->life_count;
	return 0;
}

/* The log of a mark, begun now when it is new. Null when memory is out. */
static struct verify_log *log_of(struct verify *verify, const struct event_mark *mark) {
	struct verify_log *log;
	size_t low = 0;
	size_t high = verify->log_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct event_mark *reached = &verify->logs[middle].reached;
		int order = strcmp(reached->origin, mark->origin);

		if (order == 0)
			order = (reached->stream > mark->stream) - (reached->stream < mark->stream);
		if (order == 0)
			return &verify->logs[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (verify->log_count == verify->log_capacity) {
		size_t capacity = verify->log_capacity ? verify->log_capacity * 2 : 64;
		struct verify_log *logs = realloc(verify->logs, capacity * sizeof(*logs));

		if (!logs)
			return NULL;
		verify->logs = logs;
		verify->log_capacity = capacity;
	}
	log = &verify->logs[low];
	memmove(log + 1, log, (verify->log_count++ - low) * sizeof(*log));
	*log = (struct verify_log) { .reached.stream = mark->stream };
	memcpy(log->reached.origin, mark->origin, sizeof(mark->origin));
	return log;
}

static int note_change(struct verify *verify, const struct key *key) {
	if (verify->changed_count == verify->changed_capacity) {
		size_t capacity = verify->changed_capacity ? verify->changed_capacity * 2 : 64;
		struct key *changed = realloc(verify->changed, capacity * sizeof(*changed));

		if (!changed)
			return failed_here(-ENOMEM);
		verify->changed = changed;
		verify->changed_capacity = capacity;
	}
	verify->changed[verify->changed_count++] = *key;
	return 0;
}

/* The later of two events of one record: of one origin the later one; of two the one of the origin
 * that stands above, for what the other wrote after it has no effect. */
static int note_latest(struct verify *verify, const struct key *key, int64_t place) {
	uint64_t fingerprint = tally_fingerprint(&verify->latest, key->bytes, key->size);
	int64_t *latest;

	if (fingerprint % verify->passes != verify->pass)
		return 0;
	latest = tally_at(&verify->latest, fingerprint);
	if (!latest)
		return failed_here(-ENOMEM);
	if (*latest &&
	    strlen(life_of(verify, place)->origin) > strlen(life_of(verify, *latest)->origin))
		return 0;
	*latest = place | (*latest & VERIFY_VISITED);
	return 0;
}

static int is_held(struct verify *verify, struct store_value key, bool *ret_held) {
	struct key place = verify_key(key);
	struct store_value reason;
	int r = store_count(&verify->now, TABLE_HELD) == 0
	            ? STORE_NOT_FOUND
	            : store_get(&verify->now, TABLE_HELD, &place, &reason);

	*ret_held = r == STORE_OK;
	return r < 0 ? failed_below(r) : 0;
}

/* What the event did to the state. */
static int note_effect(struct verify *verify, const Event *event, int64_t place, const char *text) {
	const struct register_type *type = schema_register(verify->schema, event->type);
	struct arena *arena = &verify->scratch;
	ProtobufCMessage *record = type && type->stream == event->stream
	                               ? protobuf_c_message_unpack(type->record, &arena->allocator,
	                                     event->body.len, event->body.data)
	                               : NULL;
	struct counted counted;
	struct key key;
	int r;

	if (!record) {
		find(verify, VERIFY_FINDING__KIND__EVENT_WITHOUT_EFFECT, "log", text, "", "");
		return 0;
	}
	r = record_key(type, record, arena, &key);
	if (r == 0)
		r = note_latest(verify, &key, place);
	if (r < 0 || verify->phase == VERIFY_LOGS)
		return r;
	r = note_change(verify, &key);
	record_counted(type, &key, &counted);
	if (r == 0 && type->owner)
		r = note_change(verify, &counted.key);
	return r < 0 ? failed_below(r) : 0;
}

static bool is_event_of(const Event *event, const struct verify_log *log) {
	return strcmp(event->origin, log->reached.origin) == 0 &&
	       event->stream == log->reached.stream && event->epoch == log->reached.epoch &&
	       event->sequence == log->reached.sequence;
}

/* `before` is where the log stood before this event. */
static void check_chain(struct verify *verify, const struct event_mark *before, bool doubtful,
    const Event *event, const char *text) {
	static const uint8_t none[EVENT_HASH_SIZE] = { 0 };
	bool first = event->sequence == 1 && event->epoch > before->epoch;
	const uint8_t *expected = first ? none : before->head;
	char number[24];

	if (!first && (event->epoch != before->epoch || event->sequence != before->sequence + 1)) {
		char found[24];

		snprintf(number, sizeof(number), "%" PRIu64,
		    event->epoch == before->epoch ? before->sequence + 1 : 1);
		snprintf(found, sizeof(found), "%" PRIu64, event->sequence);
		find(verify, VERIFY_FINDING__KIND__EVENT_CHAIN, "log", text, number, found);
		return;
	}
	if (first ? event->previous.len == 0
	          : doubtful || (event->previous.len == EVENT_HASH_SIZE &&
	                            memcmp(event->previous.data, expected, EVENT_HASH_SIZE) == 0))
		return;
	find_hash(verify, VERIFY_FINDING__KIND__EVENT_CHAIN, "log", text, expected,
	    event->previous.len == EVENT_HASH_SIZE ? event->previous.data : none);
}

static int check_event(struct verify *verify, struct verify_log *log, struct store_value key,
    struct store_value value) {
	struct event_mark before = log->reached;
	bool doubtful = log->doubtful;
	const uint8_t *bytes = value.bytes;
	uint8_t hash[EVENT_HASH_SIZE];
	char text[VERIFY_PLACE_SIZE];
	bool held = false;
	Event *event;
	int r = 0;

	log->reached.epoch = key_u32_at(key.bytes, KEY_ORIGIN_SIZE + 1);
	log->reached.sequence = key_u64_at(key.bytes, KEY_ORIGIN_SIZE + 5);
	log->doubtful = true;
	place_text(
	    log->reached.origin, log->reached.stream, log->reached.epoch, log->reached.sequence, text);
	verify->result.events += verify->pass == 0;
	if (!log->life || log->reached.epoch != before.epoch)
		r = begin_life(verify, log);
	if (r == 0)
		r = is_held(verify, key, &held);
	if (r < 0)
		return failed_below(r);
	if (value.size < EVENT_HASH_SIZE) {
		find(verify, VERIFY_FINDING__KIND__EVENT_MALFORMED, "log", text, "", "");
		return 0;
	}
	memcpy(log->reached.head, bytes, EVENT_HASH_SIZE);
	log->doubtful = false;
	if (verify->pass == 0) {
		event_hash(bytes + EVENT_HASH_SIZE, value.size - EVENT_HASH_SIZE, hash);
		log->doubtful = memcmp(hash, bytes, EVENT_HASH_SIZE) != 0;
		if (log->doubtful)
			find_hash(verify, VERIFY_FINDING__KIND__EVENT_HASH, "log", text, hash, bytes);
	}
	event = event__unpack(
	    &verify->scratch.allocator, value.size - EVENT_HASH_SIZE, bytes + EVENT_HASH_SIZE);
	if (!event || !is_event_of(event, log)) {
		if (!log->doubtful) /* told already */
			find(verify, VERIFY_FINDING__KIND__EVENT_MALFORMED, "log", text, "", "");
		return 0;
	}
	log->reached.clock = event->clock;
	if (!log->doubtful)
		check_chain(verify, &before, doubtful, event, text);
	if (held)
		return 0;
	return note_effect(verify, event,
	    log->life << SEQUENCE_BITS | ((int64_t)event->sequence & SEQUENCE_MASK), text);
}

static bool is_same_mark(const struct event_mark *left, const struct event_mark *right) {
	return left->epoch == right->epoch && left->sequence == right->sequence &&
	       left->clock == right->clock && memcmp(left->head, right->head, EVENT_HASH_SIZE) == 0;
}

static void mark_text(const struct event_mark *mark, char text[VERIFY_PLACE_SIZE]) {
	char head[2 * EVENT_HASH_SIZE + 1];

	hash_text(mark->head, head);
	snprintf(text, VERIFY_PLACE_SIZE, "%u/%" PRIu64 " %" PRIu64 " %s", mark->epoch, mark->sequence,
	    mark->clock, head);
}

static void check_mark(
    struct verify *verify, const struct verify_log *log, const struct event_mark *mark) {
	char expected[VERIFY_PLACE_SIZE];
	char found[VERIFY_PLACE_SIZE];
	char place[VERIFY_PLACE_SIZE];

	if (is_same_mark(&log->reached, mark) || log->doubtful)
		return;
	snprintf(place, sizeof(place), "%s/%s", mark->origin, stream_name(mark->stream));
	mark_text(&log->reached, expected);
	mark_text(mark, found);
	find(verify, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", place, expected, found);
}

static int walk_log(struct verify *verify, struct verify_log *log, const struct event_mark *mark) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key prefix = event_log_key(mark->origin, mark->stream, 0, 0);
	struct key start =
	    event_log_key(mark->origin, mark->stream, log->reached.epoch, log->reached.sequence + 1);
	unsigned count = 0;
	int r = store_cursor_open(&verify->now, TABLE_LOG, &cursor);

	prefix.size = KEY_ORIGIN_SIZE + 1;
	if (r < 0)
		return failed_below(r);
	for (r = store_cursor_seek(&cursor, &start);
	     r == STORE_OK && cursor.key.size == KEY_SIZE && store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		arena_reset(&verify->scratch);
		r = check_event(verify, log, cursor.key, cursor.value);
		if (r < 0)
			return failed_below(r);
		verify->news.done++;
		if (++count % LOOK_EVERY == 0 && verify_is_late(verify))
			return VERIFY_NOT_NOW;
	}
	if (r < 0)
		return failed_below(r);
	check_mark(verify, log, mark);
	log->mark = *mark;
	return 0;
}

int verify_logs_walk(struct verify *verify) {
	AUTO(arena_deinit) struct arena arena;
	struct event_mark *marks;
	size_t count;
	int r;

	arena_init(&arena, MARKS_CAP);
	r = event_log_marks(&verify->now, STREAM__STREAM_UNSPECIFIED, &arena, &marks, &count);
	for (size_t i = 0; r == 0 && i < count; i++) {
		struct verify_log *log = log_of(verify, &marks[i]);

		if (!log)
			return failed_here(-ENOMEM);
		if (!is_same_mark(&log->mark, &marks[i]))
			r = walk_log(verify, log, &marks[i]);
	}
	return r < 0 ? failed_below(r) : r;
}

/* Logs that no mark leads to: only the first event of each is looked at. */
static int find_unmarked(struct verify *verify) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r = store_cursor_open(&verify->now, TABLE_LOG, &cursor);

	if (r < 0)
		return failed_below(r);
	key_add_u8(&start, 0);
	while ((r = store_cursor_seek(&cursor, &start)) == STORE_OK && cursor.key.size == KEY_SIZE) {
		char origin[KEY_ORIGIN_SIZE + 1] = "";
		char text[VERIFY_PLACE_SIZE];
		struct event_mark mark;
		Stream stream;

		memcpy(origin, cursor.key.bytes, KEY_ORIGIN_SIZE);
		stream = (Stream)((const uint8_t *)cursor.key.bytes)[KEY_ORIGIN_SIZE];
		place_text(origin, stream, key_u32_at(cursor.key.bytes, KEY_ORIGIN_SIZE + 1),
		    key_u64_at(cursor.key.bytes, KEY_ORIGIN_SIZE + 5), text);
		r = event_log_mark(&verify->now, origin, stream, &mark);
		if (r < 0)
			return failed_below(r);
		if (mark.sequence == 0)
			find(verify, VERIFY_FINDING__KIND__MARK_DIFFERS, "marks", text, text, "");
		start = event_log_key(origin, stream, UINT32_MAX, UINT64_MAX);
	}
	return r < 0 ? failed_below(r) : 0;
}

static int look_at_held(struct verify *verify, struct store_cursor *cursor) {
	struct key key = verify_key(cursor->key);
	char origin[KEY_ORIGIN_SIZE + 1] = "";
	VerifyResult *result = &verify->result;
	struct store_value event;
	char text[VERIFY_PLACE_SIZE];
	HeldEvent *held;
	int r;

	if (key.size != KEY_SIZE)
		return failed_here(-EBADMSG);
	memcpy(origin, key.bytes, KEY_ORIGIN_SIZE);
	r = store_get(&verify->now, TABLE_LOG, &key, &event);
	if (r < 0)
		return failed_below(r);
	if (r == STORE_NOT_FOUND) {
		place_text(origin, (Stream)key.bytes[KEY_ORIGIN_SIZE],
		    key_u32_at(key.bytes, KEY_ORIGIN_SIZE + 1), key_u64_at(key.bytes, KEY_ORIGIN_SIZE + 5),
		    text);
		find(verify, VERIFY_FINDING__KIND__HELD_WITHOUT_EVENT, "held", text, "", "");
	}
	if (result->held_events++ >= VERIFY_FINDINGS_MAX)
		return 0;
	held = arena_alloc(&verify->kept, sizeof(*held));
	if (!held)
		return failed_here(-ENOMEM);
	held_event__init(held);
	held->origin = arena_copy_text(&verify->kept, origin, strlen(origin));
	held->stream = (Stream)key.bytes[KEY_ORIGIN_SIZE];
	held->epoch = key_u32_at(key.bytes, KEY_ORIGIN_SIZE + 1);
	held->sequence = key_u64_at(key.bytes, KEY_ORIGIN_SIZE + 5);
	held->reason = arena_copy_text(&verify->kept, cursor->value.bytes, cursor->value.size);
	if (!held->origin || !held->reason)
		return failed_here(-ENOMEM);
	result->held[result->n_held++] = held;
	return 0;
}

static int list_held(struct verify *verify) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r = store_cursor_open(&verify->now, TABLE_HELD, &cursor);

	if (r < 0)
		return failed_below(r);
	verify->result.held =
	    arena_alloc(&verify->kept, VERIFY_FINDINGS_MAX * sizeof(verify->result.held[0]));
	if (!verify->result.held)
		return failed_here(-ENOMEM);
	key_add_u8(&start, 0);
	for (r = store_cursor_seek(&cursor, &start); r == STORE_OK; r = store_cursor_next(&cursor)) {
		r = look_at_held(verify, &cursor);
		if (r < 0)
			return failed_below(r);
	}
	return r < 0 ? failed_below(r) : 0;
}

int verify_logs_close(struct verify *verify) {
	int r = verify->pass == 0 ? find_unmarked(verify) : 0;

	if (r == 0 && verify->pass == 0)
		r = list_held(verify);
	return r < 0 ? failed_below(r) : 0;
}

int verify_event(struct verify *verify, int64_t place, Event **ret_event) {
	const struct verify_life *life = life_of(verify, place);
	struct key key =
	    event_log_key(life->origin, life->stream, life->epoch, (uint64_t)(place & SEQUENCE_MASK));
	struct store_value value;
	Event *event;
	int r = store_get(&verify->now, TABLE_LOG, &key, &value);

	if (r)
		return r;
	event = value.size < EVENT_HASH_SIZE
	            ? NULL
	            : event__unpack(&verify->scratch.allocator, value.size - EVENT_HASH_SIZE,
	                  (const uint8_t *)value.bytes + EVENT_HASH_SIZE);
	if (!event)
		return STORE_NOT_FOUND;
	*ret_event = event;
	return STORE_OK;
}
