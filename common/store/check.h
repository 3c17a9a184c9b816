/* SPDX-License-Identifier: MIT */
/*
 * Checks
 *
 * What a register demands of a record before it becomes an event. Each fault names record, field,
 * value and reason; the words for people are made by whoever shows them.
 */
#pragma once

#include "cchc/call.pb-c.h"
#include "common/calendar/day.h"
#include "common/store/store.h"

struct fault_list {
	Fault **items; /* in `arena` */
	size_t count;
	size_t capacity;
	struct arena *arena;
};

/* One record being checked. */
struct check {
	struct store_txn *txn;
	struct fault_list *faults;
	uint32_t record; /* its index in the request */
};

enum check_presence {
	CHECK_OPTIONAL,
	CHECK_REQUIRED,
};

#define CHECK_CODE_MAX KEY_CODE_SIZE
#define CHECK_NAME_MAX 500
#define CHECK_TEXT_MAX 4000
#define CHECK_UNIT_MAX KEY_ORIGIN_SIZE

/* Add a fault; texts are copied, `detail` may be null. */
void check_fault(struct check *check, Fault__Reason reason, const char *field, const char *value,
    const char *detail);

/* Each adds a fault when its field is not as asked. `max` counts bytes. */
void check_text(struct check *check, const char *field, const char *text, size_t max,
    enum check_presence presence);
void check_day(struct check *check, const char *field, uint32_t day, enum check_presence presence);
void check_stamp(
    struct check *check, const char *field, uint64_t stamp, enum check_presence presence);
void check_choice(struct check *check, const char *field, unsigned value,
    const ProtobufCEnumDescriptor *choices, enum check_presence presence);
void check_year(struct check *check, const char *field, uint32_t year);

/* A day kept as decimal yyyymmdd; DAY_NONE for 0 or a number that is no day. */
struct day day_of_decimal(uint32_t decimal);
uint32_t day_to_decimal(struct day day);
