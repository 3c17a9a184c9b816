/* SPDX-License-Identifier: MIT */
/* Damage: single entries of an office's store, to be changed behind its back. */
#pragma once

#include "tests/unit/store/proof.h"

struct entry {
	struct key key;
	uint8_t value[1024];
	size_t size;
};

/* The entry of this number, or any, or the first whose key begins with the register's number. */
struct entry damage_entry(struct office *office, enum store_table table, uint32_t nth);
struct entry damage_any_entry(struct office *office, enum store_table table);
struct entry damage_first_of(
    struct office *office, enum store_table table, const struct register_type *type);

void damage_put(struct office *office, enum store_table table, const struct entry *entry);
void damage_take_out(struct office *office, enum store_table table, const struct entry *entry);

#define OFFICE_TEST(claim)                                                                         \
	cmocka_unit_test_setup_teardown(claim, proof_office_open, proof_office_close)
