/* SPDX-License-Identifier: MIT */
/* Verifying indexes entry by entry: only when there are more than the records account for. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/store/verify_parts.h"

enum { HASH_SIZE = 16, FIELD_KEY_SIZE = 2 + HASH_SIZE + KEY_CODE_SIZE };

/* The value of a record's key, which an entry names; STORE_NOT_FOUND also when that is no key.
 * Return: STORE_OK, STORE_NOT_FOUND, or a negative errno. */
static int find_record(
    struct verify *verify, const struct key *key, struct store_value *ret_value) {
	return verify_type(verify, key) ? store_get(&verify->now, TABLE_STATE, key, ret_value)
	                                : STORE_NOT_FOUND;
}

static struct key field_record(struct store_value entry) {
	struct key key = KEY_EMPTY;

	if (entry.size != FIELD_KEY_SIZE)
		return key;
	key_add_bytes(&key, entry.bytes, 2);
	key_add_bytes(&key, (const uint8_t *)entry.bytes + 2 + HASH_SIZE, KEY_CODE_SIZE);
	return key;
}

static bool has_place(const struct day_places *places, struct day_place place) {
	for (size_t i = 0; i < places->count; i++)
		if (places->items[i].group == place.group && places->items[i].day == place.day)
			return true;
	return false;
}

static void find_extra(
    struct verify *verify, const char *table, const struct key *key, const char *found) {
	char text[VERIFY_PLACE_SIZE];

	verify_record_place(verify, (struct store_value) { key->bytes, key->size }, text);
	verify_find(verify, VERIFY_FINDING__KIND__INDEX_EXTRA, table, text, "", found);
}

static int look_at_day(struct verify *verify, struct store_value entry, struct store_value value) {
	struct verify_counting counting = { .places.count = 0 };
	struct key key = KEY_EMPTY;
	struct store_value stored;
	struct day_place place;
	ProtobufCMessage *record;
	char found[48];
	int r = day_index_record(entry, &key);

	(void)value;
	if (r == STORE_OK)
		r = find_record(verify, &key, &stored);
	if (r < 0)
		return failed_below(r);
	if (r == STORE_OK) {
		const struct register_type *type = verify_type(verify, &key);

		record = record_unpack(&verify->now, type, stored, &verify->scratch);
		if (!record)
			return 0; /* named where it stands */
		r = verify_measure(
		    verify, &verify->now, type, record, verify_origin(verify, stored), &counting);
		if (r < 0)
			return failed_below(r);
	}
	if (entry.size < DAY_INDEX_PREFIX_SIZE) {
		find_extra(verify, "by_day", &key, "?");
		return 0;
	}
	place = day_index_place(entry.bytes);
	if (has_place(&counting.places, place))
		return 0;
	snprintf(found, sizeof(found), "%u/%" PRId32, place.group, place.day);
	find_extra(verify, "by_day", &key, found);
	return 0;
}

static int look_at_field(
    struct verify *verify, struct store_value entry, struct store_value value) {
	struct key key = field_record(entry);
	struct store_value stored;
	int r = find_record(verify, &key, &stored);

	(void)value;
	if (r < 0)
		return failed_below(r);
	if (r == STORE_OK) {
		const struct register_type *type = verify_type(verify, &key);
		ProtobufCMessage *record = record_unpack(&verify->now, type, stored, &verify->scratch);
		const char *text = record && type->index_field
		                       ? record_field_text(record, type->index_field, &verify->scratch)
		                       : NULL;
		struct key expected = text ? record_field_key(type, text) : KEY_EMPTY;

		if (!record || (text && memcmp(expected.bytes, entry.bytes, expected.size) == 0))
			return 0;
	}
	find_extra(verify, "by_field", &key, "");
	return 0;
}

int verify_name_extra(struct verify *verify, enum store_table table) {
	struct key after = KEY_EMPTY;

	return verify_walk(verify, table, &after, table == TABLE_BY_DAY ? look_at_day : look_at_field);
}
