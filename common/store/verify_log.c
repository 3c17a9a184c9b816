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

#include "common/store/erasure.h"
#include "common/store/log_entry.h"
#include "common/store/verify_parts.h"

enum { LOOK_EVERY = 64 };

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

char *verify_log_place(const char *origin, Stream stream, char text[VERIFY_PLACE_SIZE]) {
	snprintf(text, VERIFY_PLACE_SIZE, "%s/%s", origin, stream_name(stream));
	return text;
}

char *verify_key_place(struct store_value log_key, char text[VERIFY_PLACE_SIZE]) {
	const uint8_t *bytes = log_key.bytes;
	char origin[KEY_ORIGIN_SIZE + 1] = "";

	if (log_key.size != EVENT_LOG_KEY_SIZE) {
		sodium_bin2hex(text, VERIFY_PLACE_SIZE, bytes, log_key.size < 64 ? log_key.size : 64);
		return text;
	}
	memcpy(origin, bytes, KEY_ORIGIN_SIZE);
	place_text(origin, event_mark_stream(bytes), key_u32_at(bytes, KEY_ORIGIN_SIZE + 1),
	    key_u64_at(bytes, KEY_ORIGIN_SIZE + 5), text);
	return text;
}

void verify_find_once(struct verify *verify, VerifyFinding__Kind kind, const char *table,
    const char *place, const char *expected, const char *found) {
	if (verify->pass == 0)
		verify_find(verify, kind, table, place, expected, found);
}

static void find_hash(struct verify *verify, VerifyFinding__Kind kind, const char *place,
    const uint8_t *expected, const uint8_t *found) {
	char expected_text[2 * EVENT_HASH_SIZE + 1];
	char found_text[2 * EVENT_HASH_SIZE + 1];

	sodium_bin2hex(expected_text, sizeof(expected_text), expected, EVENT_HASH_SIZE);
	sodium_bin2hex(found_text, sizeof(found_text), found, EVENT_HASH_SIZE);
	verify_find_once(verify, kind, "log", place, expected_text, found_text);
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

/* The log, begun now when it is new. Null when memory is out. */
static struct verify_log *log_of(struct verify *verify, const char *origin, Stream stream) {
	struct verify_log *log;
	size_t low = 0;
	size_t high = verify->log_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct event_mark *reached = &verify->logs[middle].reached;
		int order = strcmp(reached->origin, origin);

		if (order == 0)
			order = (reached->stream > stream) - (reached->stream < stream);
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
	*log = (struct verify_log) { .reached.stream = stream };
	memcpy(log->reached.origin, origin, strlen(origin));
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

/* An event in hand. */
struct at {
	struct verify_log *log;
	const Event *event;
	struct log_entry entry;
	int64_t place;
	const char *text;
};

/* What stands beside the chain is what the chain is committed to, and is only gone, and only then
 * gone, when it was erased. Others' data was never here. */
static void check_personal(struct verify *verify, const struct at *at, const struct key *record) {
	const Event *event = at->event;
	bool erased;

	if (verify->pass > 0)
		return;
	erased = erasure_covers(&verify->now, record);
	if (at->entry.personal.len && !personal_fits(at->entry.personal, event))
		verify_find(verify, VERIFY_FINDING__KIND__PERSONAL_DIFFERS, "log", at->text, "", "");
	else if (at->entry.personal.len && erased)
		verify_find(verify, VERIFY_FINDING__KIND__PERSONAL_LEFT, "log", at->text, "", "");
	else if (!at->entry.personal.len && event->personal.len && !erased &&
	         strcmp(event->origin, store_node(verify->options->store)) == 0)
		verify_find(verify, VERIFY_FINDING__KIND__PERSONAL_MISSING, "log", at->text, "", "");
}

static int note_checkpoint(struct verify *verify, const struct at *at) {
	struct verify_log *log = at->log;
	int r = checkpoint_check(at->event, store_service(verify->options->store),
	    log->is_signed ? &log->last : NULL, &verify->scratch, &log->last);

	log->is_signed = log->is_signed || r == STORE_OK;
	if (r == STORE_NOT_FOUND)
		verify_find_once(verify, VERIFY_FINDING__KIND__CHECKPOINT_INVALID, "log", at->text, "", "");
	return r < 0 ? failed_below(r) : 0;
}

/* What the event did to the state. */
static int note_effect(struct verify *verify, const struct at *at) {
	const Event *event = at->event;
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
		verify_find_once(
		    verify, VERIFY_FINDING__KIND__EVENT_WITHOUT_EFFECT, "log", at->text, "", "");
		return 0;
	}
	r = record_key(type, record, arena, &key);
	if (r < 0)
		return failed_below(r);
	check_personal(verify, at, &key);
	r = note_latest(verify, &key, at->place);
	if (r < 0 || verify->phase == VERIFY_LOGS)
		return r;
	r = note_change(verify, &key);
	record_counted(type, &key, &counted);
	if (r == 0 && type->owner)
		r = note_change(verify, &counted.key);
	return r < 0 ? failed_below(r) : 0;
}

static int note_event(struct verify *verify, const struct at *at) {
	switch (at->event->type) {
	case RECORD_TYPE__RECORD_CHECKPOINT: return note_checkpoint(verify, at);
	case RECORD_TYPE__RECORD_ERASURE: return 0; /* looked at from the list of what was erased */
	default: return note_effect(verify, at);
	}
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
		verify_find_once(verify, VERIFY_FINDING__KIND__EVENT_CHAIN, "log", text, number, found);
		return;
	}
	if (first ? event->previous.len == 0
	          : doubtful || (event->previous.len == EVENT_HASH_SIZE &&
	                            memcmp(event->previous.data, expected, EVENT_HASH_SIZE) == 0))
		return;
	find_hash(verify, VERIFY_FINDING__KIND__EVENT_CHAIN, text, expected,
	    event->previous.len == EVENT_HASH_SIZE ? event->previous.data : none);
}

/* The log stands on this entry now. Return: 0 or a negative errno. */
static int step(struct verify *verify, struct verify_log *log, struct store_value key) {
	uint32_t epoch = key_u32_at(key.bytes, KEY_ORIGIN_SIZE + 1);
	bool begins = !log->life || log->reached.epoch != epoch;

	log->reached.epoch = epoch;
	log->reached.sequence = key_u64_at(key.bytes, KEY_ORIGIN_SIZE + 5);
	log->doubtful = true;
	verify->result.events += verify->pass == 0;
	return begins ? begin_life(verify, log) : 0;
}

static void check_hash(struct verify *verify, struct verify_log *log, const struct at *at) {
	uint8_t hash[EVENT_HASH_SIZE];

	memcpy(log->reached.head, at->entry.hash, EVENT_HASH_SIZE);
	log->doubtful = false;
	if (verify->pass > 0)
		return;
	event_hash(at->entry.event.data, at->entry.event.len, hash);
	log->doubtful = memcmp(hash, at->entry.hash, EVENT_HASH_SIZE) != 0;
	if (log->doubtful)
		find_hash(verify, VERIFY_FINDING__KIND__EVENT_HASH, at->text, hash, at->entry.hash);
}

static int check_event(struct verify *verify, struct verify_log *log, struct store_value key,
    struct store_value value) {
	struct event_mark before = log->reached;
	bool doubtful = log->doubtful;
	char text[VERIFY_PLACE_SIZE];
	struct at at = { .log = log, .text = text };
	bool held = false;
	Event *event = NULL;
	int r = step(verify, log, key);

	verify_key_place(key, text);
	if (r == 0)
		r = is_held(verify, key, &held);
	if (r < 0)
		return failed_below(r);
	if (log_entry_read(value, &at.entry) == STORE_OK) {
		check_hash(verify, log, &at);
		event = event__unpack(&verify->scratch.allocator, at.entry.event.len, at.entry.event.data);
	}
	if (!event || !is_event_of(event, log)) {
		if (!at.entry.hash || !log->doubtful) /* or else told already */
			verify_find_once(verify, VERIFY_FINDING__KIND__EVENT_MALFORMED, "log", text, "", "");
		return 0;
	}
	log->reached.clock = event->clock;
	if (!log->doubtful)
		check_chain(verify, &before, doubtful, event, text);
	if (held)
		return 0;
	at.event = event;
	at.place = log->life << SEQUENCE_BITS | ((int64_t)event->sequence & SEQUENCE_MASK);
	return note_event(verify, &at);
}

static int walk_log(struct verify *verify, struct verify_log *log) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key prefix = event_mark_key(log->reached.origin, log->reached.stream);
	struct key start = event_log_key(
	    log->reached.origin, log->reached.stream, log->reached.epoch, log->reached.sequence + 1);
	unsigned count = 0;
	int r = store_cursor_open(&verify->now, TABLE_LOG, &cursor);

	if (r < 0)
		return failed_below(r);
	for (r = store_cursor_seek(&cursor, &start);
	     r == STORE_OK && cursor.key.size == EVENT_LOG_KEY_SIZE &&
	     store_cursor_has_prefix(&cursor, &prefix);
	     r = store_cursor_next(&cursor)) {
		arena_reset(&verify->scratch);
		r = check_event(verify, log, cursor.key, cursor.value);
		if (r < 0)
			return failed_below(r);
		verify->news.done++;
		if (++count % LOOK_EVERY == 0 && verify_is_late(verify))
			return VERIFY_NOT_NOW;
	}
	return r < 0 ? failed_below(r) : 0;
}

/* A log without a mark is walked too, or all that follows from it would seem wrong. */
static int walk_on(struct verify *verify, const char *origin, Stream stream) {
	struct verify_log *log = log_of(verify, origin, stream);
	struct event_mark mark;
	int r;

	if (!log)
		return failed_here(-ENOMEM);
	r = event_mark_load(&verify->now, origin, stream, &mark);
	if (r < 0)
		return failed_below(r);
	/* Nothing came since it was walked. */
	if (mark.sequence && mark.epoch == log->reached.epoch && mark.sequence == log->reached.sequence)
		return 0;
	return walk_log(verify, log);
}

int verify_logs_walk(struct verify *verify) {
	AUTO(store_cursor_close) struct store_cursor cursor = STORE_CURSOR_NULL;
	struct key start = KEY_EMPTY;
	int r = store_cursor_open(&verify->now, TABLE_LOG, &cursor);

	if (r < 0)
		return failed_below(r);
	key_add_u8(&start, 0);
	while ((r = store_cursor_seek(&cursor, &start)) == STORE_OK) {
		char origin[KEY_ORIGIN_SIZE + 1] = "";
		Stream stream;

		if (cursor.key.size != EVENT_LOG_KEY_SIZE)
			return failed_here(-EBADMSG);
		memcpy(origin, cursor.key.bytes, KEY_ORIGIN_SIZE);
		stream = event_mark_stream(cursor.key.bytes);
		r = walk_on(verify, origin, stream);
		if (r)
			return r < 0 ? failed_below(r) : r;
		start = event_log_key(origin, stream, UINT32_MAX, UINT64_MAX);
	}
	return r < 0 ? failed_below(r) : 0;
}

int verify_event(struct verify *verify, int64_t place, Event **ret_event) {
	const struct verify_life *life = life_of(verify, place);
	struct key key =
	    event_log_key(life->origin, life->stream, life->epoch, (uint64_t)(place & SEQUENCE_MASK));
	struct store_value value;
	struct log_entry entry;
	Event *event;
	int r = store_get(&verify->now, TABLE_LOG, &key, &value);

	if (r)
		return r;
	if (log_entry_read(value, &entry) != STORE_OK)
		return STORE_NOT_FOUND;
	event = event__unpack(&verify->scratch.allocator, entry.event.len, entry.event.data);
	if (!event)
		return STORE_NOT_FOUND;
	*ret_event = event;
	return STORE_OK;
}
