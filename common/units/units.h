/* SPDX-License-Identifier: MIT */
/*
 * Units
 *
 * The unit tree as every service keeps it: staffing owns it, the others follow its log, so that
 * each can check the units it is given without asking.
 */
#pragma once

#include "cchc/units.pb-c.h"
#include "common/store/register.h"

/* The register of a service that follows the tree. */
extern const struct register_type units_followed;

/* Fields of a unit that every register of units shares. */
#define UNITS_REGISTER_COMMON                                                                      \
	.name = "units", .type = RECORD_TYPE__RECORD_UNIT, .stream = STREAM__STREAM_UNITS,             \
	.record = &unit__descriptor, .code_fields = { "code" }

/* Adds UNKNOWN_UNIT (or MALFORMED for what can be no code) unless the code is in the tree. While
 * this node has no tree yet, its own code and codes below it are taken on trust; `field` is
 * required. */
void check_unit(struct check *check, const char *field, const char *code);

/* Organisation codes: letters, digits and dots, at most KEY_ORIGIN_SIZE bytes. */
bool unit_code_is_valid(const char *code);

/* Whether `code` is `above` or lies below it: "H51.15.61" is below "H51.15". */
bool unit_code_is_below(const char *code, const char *above);
