/* SPDX-License-Identifier: MIT */
/* Names: numbered texts are only ever added, so they are read once and looked up in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store/names.h"
#include "common/store/verify_parts.h"

static int add_name(struct verify *verify, struct store_value text) {
	int64_t *number;
	char *copy;

	if (verify->name_count == verify->name_capacity) {
		size_t capacity = verify->name_capacity ? verify->name_capacity * 2 : 256;
		char **names = realloc(verify->names, capacity * sizeof(*names));

		if (!names)
			return failed_here(-ENOMEM);
		verify->names = names;
		verify->name_capacity = capacity;
	}
	copy = strndup(text.bytes, text.size);
	number = tally_at(
	    &verify->name_numbers, tally_fingerprint(&verify->name_numbers, text.bytes, text.size));
	if (!copy || !number) {
		free(copy);
		return failed_here(-ENOMEM);
	}
	verify->names[verify->name_count++] = copy;
	*number = (int64_t)verify->name_count;
	return 0;
}

/* The text leads back to its number. */
static int check_number(struct verify *verify) {
	const char *text = verify->names[verify->name_count - 1];
	char expected[24];
	char found[24] = "";
	uint32_t number = 0;
	int r = name_read(&verify->now, text, &number);

	if (r < 0 && r != -EBADMSG)
		return failed_below(r);
	if (r == STORE_OK && number == verify->name_count)
		return 0;
	if (r == STORE_OK)
		snprintf(found, sizeof(found), "%u", number);
	snprintf(expected, sizeof(expected), "%zu", verify->name_count);
	verify_find(verify, VERIFY_FINDING__KIND__NAME_DIFFERS, "numbers", text, expected, found);
	return 0;
}

int verify_names_read(struct verify *verify) {
	uint64_t count = store_count(&verify->now, TABLE_NAMES);

	while (verify->name_count < count) {
		struct key key = KEY_EMPTY;
		struct store_value text = { "", 0 };
		char place[24];
		int r;

		key_add_u32(&key, (uint32_t)verify->name_count + 1);
		r = store_get(&verify->now, TABLE_NAMES, &key, &text);
		if (r < 0)
			return failed_below(r);
		if (r == STORE_NOT_FOUND) {
			snprintf(place, sizeof(place), "%zu", verify->name_count + 1);
			verify_find(verify, VERIFY_FINDING__KIND__NAME_DIFFERS, "names", place, "", "");
		}
		r = add_name(verify, text);
		if (r == 0 && text.size)
			r = check_number(verify);
		if (r < 0)
			return failed_below(r);
	}
	return 0;
}

const char *verify_name(const struct verify *verify, uint32_t number) {
	if (number == 0)
		return "";
	return number <= verify->name_count ? verify->names[number - 1] : NULL;
}

bool verify_number(const struct verify *verify, const char *text, uint32_t *ret_number) {
	size_t length = strlen(text);
	int64_t *number = length ? tally_find(&verify->name_numbers,
	                               tally_fingerprint(&verify->name_numbers, text, length))
	                         : NULL;

	*ret_number = number ? (uint32_t)*number : 0;
	return length == 0 || number;
}
