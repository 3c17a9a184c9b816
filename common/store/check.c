/* SPDX-License-Identifier: MIT */
#include "common/store/check.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 200 /* bytes of a wrong value that are shown again */

static char *copy(struct arena *arena, const char *text) {
	size_t length = text ? strlen(text) : 0;

	if (length > VALUE_MAX) {
		length = VALUE_MAX;
		while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
			length--; /* not in the middle of a letter */
	}
	return arena_copy_text(arena, text ? text : "", length);
}

static Fault *add_fault(struct fault_list *list) {
	Fault *fault;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 16;
		Fault **items = arena_alloc(list->arena, capacity * sizeof(*items));

		if (!items)
			return NULL;
		if (list->count)
			memcpy(items, list->items, list->count * sizeof(*items));
		list->items = items;
		list->capacity = capacity;
	}
	fault = arena_alloc(list->arena, sizeof(*fault));
	if (fault) {
		fault__init(fault);
		list->items[list->count++] = fault;
	}
	return fault;
}

void check_fault(struct check *check, Fault__Reason reason, const char *field, const char *value,
    const char *detail) {
	struct arena *arena = check->faults->arena;
	Fault *fault = add_fault(check->faults);

	if (!fault) {
		store_fail(check->txn, failed_here(-ENOMEM));
		return;
	}
	fault->reason = reason;
	fault->record = check->record;
	fault->field = copy(arena, field);
	fault->value = copy(arena, value);
	if (detail) {
		fault->details = arena_alloc(arena, sizeof(*fault->details));
		if (fault->details) {
			fault->n_details = 1;
			fault->details[0] = copy(arena, detail);
		}
	}
	if (!fault->field || !fault->value || (detail && (!fault->details || !fault->details[0])))
		store_fail(check->txn, failed_here(-ENOMEM));
}

void check_text(struct check *check, const char *field, const char *text, size_t max,
    enum check_presence presence) {
	size_t length = strlen(text);
	char limit[24];

	snprintf(limit, sizeof(limit), "%zu", max);
	if (length == 0 && presence == CHECK_REQUIRED)
		check_fault(check, FAULT__REASON__MISSING, field, "", NULL);
	else if (length > max)
		check_fault(check, FAULT__REASON__TOO_LONG, field, text, limit);
}

static void number_fault(
    struct check *check, Fault__Reason reason, const char *field, uint64_t value) {
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	check_fault(check, reason, field, text, NULL);
}

void check_day(struct check *check, const char *field, uint32_t day, enum check_presence presence) {
	if (day == 0 && presence == CHECK_REQUIRED)
		check_fault(check, FAULT__REASON__MISSING, field, "", NULL);
	else if (day != 0 && day_is_none(day_of_decimal(day)))
		number_fault(check, FAULT__REASON__MALFORMED, field, day);
}

void check_stamp(
    struct check *check, const char *field, uint64_t stamp, enum check_presence presence) {
	if (stamp == 0 && presence == CHECK_REQUIRED)
		check_fault(check, FAULT__REASON__MISSING, field, "", NULL);
	else if (stamp != 0 && !stamp_is_valid(stamp))
		number_fault(check, FAULT__REASON__MALFORMED, field, stamp);
}

void check_choice(struct check *check, const char *field, unsigned value,
    const ProtobufCEnumDescriptor *choices, enum check_presence presence) {
	if (value == 0 && presence == CHECK_REQUIRED)
		check_fault(check, FAULT__REASON__MISSING, field, "", NULL);
	else if (!protobuf_c_enum_descriptor_get_value(choices, (int)value))
		number_fault(check, FAULT__REASON__OUT_OF_RANGE, field, value);
}

void check_year(struct check *check, const char *field, uint32_t year) {
	if (year < DAY_YEAR_MIN || year > DAY_YEAR_MAX)
		number_fault(check, FAULT__REASON__OUT_OF_RANGE, field, year);
}

struct day day_of_decimal(uint32_t decimal) {
	return day_of((int)(decimal / 10000), (int)(decimal / 100 % 100), (int)(decimal % 100));
}

uint32_t day_to_decimal(struct day day) {
	int year;
	int month;
	int day_of_month;

	if (day_is_none(day))
		return 0;
	day_split(day, &year, &month, &day_of_month);
	return (uint32_t)(year * 10000 + month * 100 + day_of_month);
}
