/* SPDX-License-Identifier: MIT */
/*
 * Verifying records: each is what its last event says, and stands in the indexes where it must. An
 * index has no further entries when as many as there are have been found; only when that is not so
 * the index itself is walked.
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "common/store/day_index.h"
#include "common/store/verify_parts.h"

enum { DIGEST_SIZE = 16, KEY_SIZE = 2 + KEY_CODE_SIZE };

static bool is_mine(const struct verify *verify, const struct key *key) {
	return tally_fingerprint(&verify->latest, key->bytes, key->size) % verify->passes ==
	       verify->pass;
}

const struct register_type *verify_type(const struct verify *verify, const struct key *key) {
	const struct register_type *type =
	    key->size < 2
	        ? NULL
	        : schema_register(verify->schema, (RecordType)(key->bytes[0] << 8 | key->bytes[1]));
	size_t size = type && type->owner ? KEY_SIZE + KEY_CODE_SIZE : KEY_SIZE;

	return type && key->size == size ? type : NULL;
}

static size_t register_number(const struct verify *verify, const struct register_type *type) {
	size_t i = 0;

	while (verify->schema->registers[i] != type)
		i++;
	return i;
}

/* A code as in keys: padded text, or a hash, which is no text. */
static size_t add_code(char *text, size_t size, const uint8_t *code) {
	size_t length = strnlen((const char *)code, KEY_CODE_SIZE);
	bool plain = true;

	for (size_t i = 0; i < KEY_CODE_SIZE; i++)
		plain = plain && (i < length ? code[i] >= ' ' : code[i] == 0);
	if (plain)
		return (size_t)snprintf(text, size, "/%.*s", (int)length, (const char *)code);
	text[0] = '/';
	sodium_bin2hex(text + 1, size - 1, code, 16);
	return 1 + 32;
}

char *verify_record_place(
    const struct verify *verify, struct store_value key, char text[VERIFY_PLACE_SIZE]) {
	const uint8_t *bytes = key.bytes;
	struct key copy = verify_key(key);
	const struct register_type *type = verify_type(verify, &copy);
	size_t used;

	if (!type) {
		sodium_bin2hex(text, VERIFY_PLACE_SIZE, bytes, key.size < 64 ? key.size : 64);
		return text;
	}
	used = (size_t)snprintf(text, VERIFY_PLACE_SIZE, "%s", type->name);
	for (size_t at = 2; at < key.size; at += KEY_CODE_SIZE)
		used += add_code(text + used, VERIFY_PLACE_SIZE - used, bytes + at);
	return text;
}

static void find(struct verify *verify, VerifyFinding__Kind kind, const struct key *key,
    const char *expected, const char *found) {
	char place[VERIFY_PLACE_SIZE];

	verify_record_place(verify, (struct store_value) { key->bytes, key->size }, place);
	verify_find(verify, kind, "state", place, expected, found);
}

/* Of a record's bytes: what is in them is nobody's business here. */
static void digest_text(const char *origin, const void *bytes, size_t size, char *text) {
	uint8_t digest[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	crypto_generichash(digest, sizeof(digest), bytes, size, NULL, 0);
	sodium_bin2hex(hex, sizeof(hex), digest, sizeof(digest));
	snprintf(text, VERIFY_PLACE_SIZE, "%s %zu %s", origin, size, hex);
}

static void compare_with_event(struct verify *verify, const struct key *key,
    struct store_value value, const Event *event, ProtobufCBinaryData personal) {
	struct record_bytes bytes = { .open = event->body, .personal = personal };
	const char *origin = verify_origin(verify, value);
	char expected[VERIFY_PLACE_SIZE];
	char found[VERIFY_PLACE_SIZE];
	uint8_t *whole;

	if (record_is(value, &bytes) && strcmp(origin, event->origin) == 0)
		return;
	whole = arena_alloc_raw(&verify->scratch, bytes.open.len + personal.len + 1);
	if (whole && bytes.open.len)
		memcpy(whole, bytes.open.data, bytes.open.len);
	if (whole && personal.len)
		memcpy(whole + bytes.open.len, personal.data, personal.len);
	digest_text(event->origin, whole, whole ? bytes.open.len + personal.len : 0, expected);
	digest_text(origin, (const uint8_t *)value.bytes + RECORD_ORIGIN_SIZE,
	    value.size < RECORD_ORIGIN_SIZE ? 0 : value.size - RECORD_ORIGIN_SIZE, found);
	find(verify, VERIFY_FINDING__KIND__RECORD_DIFFERS, key, expected, found);
}

int verify_measure(struct verify *verify, struct store_txn *txn, const struct register_type *type,
    const ProtobufCMessage *record, const char *origin, struct verify_counting *ret_counting) {
	ret_counting->type = type;
	ret_counting->contributions.count = 0;
	ret_counting->places.count = 0;
	if (!type->measure)
		return 0;
	type->measure(txn, record, origin, &ret_counting->contributions);
	if (txn->error) {
		int error = txn->error;

		/* A record that hangs on it is damaged; that one is named where it stands. */
		txn->error = 0;
		if (error != -EBADMSG || verify->scratch.refused)
			return failed_below(error);
	}
	day_index_places(type->table, &ret_counting->contributions, &ret_counting->places);
	return 0;
}

static void find_missing(
    struct verify *verify, const char *table, const struct key *key, struct day_place place) {
	char text[VERIFY_PLACE_SIZE];
	char expected[48];

	verify_record_place(verify, (struct store_value) { key->bytes, key->size }, text);
	snprintf(expected, sizeof(expected), "%u/%" PRId32, place.group, place.day);
	verify_find(verify, VERIFY_FINDING__KIND__INDEX_MISSING, table, text, expected, "");
}

enum side { WAS = -1, IS = 1 };

static int count_days(struct verify *verify, struct store_txn *txn, const struct key *key,
    const struct verify_counting *counting, enum side side) {
	for (size_t i = 0; i < counting->places.count; i++) {
		struct key entry =
		    day_index_key(counting->type, counting->places.items[i], (const char *)key->bytes + 2);
		struct store_value nothing;
		int r = store_get(txn, TABLE_BY_DAY, &entry, &nothing);

		if (r < 0)
			return failed_below(r);
		if (r == STORE_OK)
			verify->by_day += (uint64_t)(int64_t)side;
		else if (side == IS)
			find_missing(verify, "by_day", key, counting->places.items[i]);
	}
	return 0;
}

static int count_field(struct verify *verify, struct store_txn *txn,
    const struct register_type *type, const struct key *key, const ProtobufCMessage *record,
    enum side side) {
	struct store_value nothing;
	const char *value;
	struct key entry;
	int r;

	if (!type->index_field)
		return 0;
	value = record_field_text(record, type->index_field, &verify->scratch);
	if (!value)
		return failed_here(-ENOMEM);
	entry = record_field_key(type, value);
	key_add_bytes(&entry, key->bytes + 2, KEY_CODE_SIZE);
	r = store_get(txn, TABLE_BY_FIELD, &entry, &nothing);
	if (r == STORE_OK)
		verify->by_field += (uint64_t)(int64_t)side;
	else if (r == STORE_NOT_FOUND && side == IS)
		find_missing(verify, "by_field", key, (struct day_place) { 0, 0 });
	return r < 0 ? failed_below(r) : 0;
}

/* Count a record, or take back what it was counted for. Counters are shared out by their own keys
 * and need every record in every pass; indexes are done with in the first. */
static int count_record(struct verify *verify, struct store_txn *txn, const struct key *key,
    const ProtobufCMessage *record, const char *origin, enum side side) {
	const struct register_type *type = verify_type(verify, key);
	struct verify_counting counting;
	int r = verify_measure(verify, txn, type, record, origin, &counting);

	if (r == 0 && type->measure)
		r = verify_count(verify, type->table, &counting.contributions, side);
	if (r < 0 || verify->pass > 0)
		return r;
	verify->sizes[register_number(verify, type)] += (uint64_t)(int64_t)side;
	r = count_days(verify, txn, key, &counting, side);
	if (r == 0)
		r = count_field(verify, txn, type, key, record, side);
	return r < 0 ? failed_below(r) : 0;
}

static int count_event(struct verify *verify, const struct key *key, const Event *event) {
	const struct register_type *type = verify_type(verify, key);
	ProtobufCMessage *record = protobuf_c_message_unpack(
	    type->record, &verify->scratch.allocator, event->body.len, event->body.data);

	if (!record)
		return verify->scratch.refused ? failed_here(-ENOMEM) : 0;
	return count_record(verify, &verify->now, key, record, event->origin, IS);
}

/* The last event of a record, if it is in this pass. Return: STORE_OK, STORE_NOT_FOUND or a
 * negative errno. */
static int last_event(struct verify *verify, const struct key *key, Event **ret_event,
    ProtobufCBinaryData *ret_personal) {
	int64_t *place =
	    tally_find(&verify->latest, tally_fingerprint(&verify->latest, key->bytes, key->size));

	if (!place || !*place)
		return STORE_NOT_FOUND;
	*place |= VERIFY_VISITED;
	return verify_event(verify, *place, ret_event, ret_personal);
}

/* Where the record is not what the log says, the log's is counted: one wrong byte is one finding.
 */
static int look_at(struct verify *verify, const struct key *key, struct store_value value) {
	const struct register_type *type = verify_type(verify, key);
	ProtobufCBinaryData personal;
	ProtobufCMessage *record;
	Event *event;
	int r;

	if (!type) {
		if (verify->pass == 0)
			find(verify, VERIFY_FINDING__KIND__RECORD_EXTRA, key, "", "");
		return 0;
	}
	if (is_mine(verify, key)) {
		verify->result.records++;
		r = last_event(verify, key, &event, &personal);
		if (r < 0)
			return failed_below(r);
		if (r == STORE_NOT_FOUND) {
			find(verify, VERIFY_FINDING__KIND__RECORD_EXTRA, key, "", "");
			return 0;
		}
		compare_with_event(verify, key, value, event, personal);
		return count_event(verify, key, event);
	}
	record = record_unpack(type, value, &verify->scratch);
	if (!record)
		return verify->scratch.refused ? failed_here(-ENOMEM) : 0;
	return count_record(verify, &verify->now, key, record, verify_origin(verify, value), IS);
}

int verify_record(struct verify *verify, struct store_value key, struct store_value value) {
	struct key copy = verify_key(key);

	return look_at(verify, &copy, value);
}

static int take_back(struct verify *verify, struct store_txn *old, const struct key *key) {
	const struct register_type *type = verify_type(verify, key);
	ProtobufCMessage *record;
	struct store_value value;
	int r = store_get(old, TABLE_STATE, key, &value);

	if (r == STORE_NOT_FOUND)
		return 0;
	if (r < 0)
		return failed_below(r);
	record = record_unpack(type, value, &verify->scratch);
	if (!record)
		return 0;
	return count_record(verify, old, key, record, verify_origin(verify, value), WAS);
}

int verify_record_again(struct verify *verify, struct store_txn *old, const struct key *key) {
	struct store_value value;
	int r;

	arena_reset(&verify->scratch);
	r = take_back(verify, old, key);
	if (r == 0)
		r = store_get(&verify->now, TABLE_STATE, key, &value);
	if (r == STORE_OK)
		r = look_at(verify, key, value);
	return r < 0 ? failed_below(r) : 0;
}

static int name_missing(struct verify *verify, int64_t place) {
	char text[VERIFY_PLACE_SIZE];
	char expected[VERIFY_PLACE_SIZE];
	const struct register_type *type;
	ProtobufCMessage *record;
	struct key key;
	Event *event;
	int r;

	arena_reset(&verify->scratch);
	r = verify_event(verify, place, &event, NULL);
	if (r)
		return r < 0 ? failed_below(r) : 0;
	type = schema_register(verify->schema, event->type);
	record = protobuf_c_message_unpack(
	    type->record, &verify->scratch.allocator, event->body.len, event->body.data);
	if (!record)
		return 0;
	r = record_key(type, record, &verify->scratch, &key);
	if (r < 0)
		return failed_below(r);
	verify_record_place(verify, (struct store_value) { key.bytes, key.size }, text);
	verify_find(verify, VERIFY_FINDING__KIND__RECORD_MISSING, "state", text,
	    verify_event_place(verify, place, expected), "");
	return count_record(verify, &verify->now, &key, record, event->origin, IS);
}

static int find_missing_records(struct verify *verify) {
	for (size_t i = 0; i < verify->latest.capacity; i++) {
		int64_t place = verify->latest.entries[i].value;
		int r = place && !(place & VERIFY_VISITED) ? name_missing(verify, place) : 0;

		if (r < 0)
			return failed_below(r);
	}
	return 0;
}

static void check_sizes(struct verify *verify) {
	for (size_t i = 0; i < verify->schema->register_count; i++) {
		const struct register_type *type = verify->schema->registers[i];
		uint64_t kept = register_count(&verify->now, type);
		char expected[24];
		char found[24];

		if (verify->sizes[i] == kept)
			continue;
		snprintf(expected, sizeof(expected), "%" PRIu64, verify->sizes[i]);
		snprintf(found, sizeof(found), "%" PRIu64, kept);
		verify_find(
		    verify, VERIFY_FINDING__KIND__SIZE_DIFFERS, "sizes", type->name, expected, found);
	}
}

int verify_records_close(struct verify *verify) {
	bool extra_days;
	bool extra_fields;
	int r = find_missing_records(verify);

	if (r < 0 || verify->pass > 0)
		return r;
	check_sizes(verify);
	verify->result.index_entries = verify->by_day + verify->by_field;
	extra_days = store_count(&verify->now, TABLE_BY_DAY) > verify->by_day;
	extra_fields = store_count(&verify->now, TABLE_BY_FIELD) > verify->by_field;
	if (extra_days)
		r = verify_name_extra(verify, TABLE_BY_DAY);
	if (r == 0 && extra_fields)
		r = verify_name_extra(verify, TABLE_BY_FIELD);
	return r;
}
