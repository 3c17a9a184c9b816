/* SPDX-License-Identifier: MIT */
/* Verifying an office's store, in every way that it can be walked. */
#pragma once

#include "common/store/verify.h"
#include "tests/unit/store/office.h"

struct proof_way {
	uint64_t slice_us;
	size_t at_once;
};

extern const struct proof_way proof_in_one_go;
extern const struct proof_way proof_entry_by_entry;
extern const struct proof_way proof_in_several_passes;

/* The last news, in the office's arena; what was found is printed. */
VerifyNews proof_verify(struct office *office, const struct schema *schema, struct proof_way way);

/* Nothing is found in a store of dossiers. */
VerifyResult *proof_expect_whole(struct office *office, struct proof_way way);

/* There is one finding, and it is this one; `place` may be null. */
void proof_expect_one(const VerifyNews *news, VerifyFinding__Kind kind, const char *place);

/* The same of a store of dossiers, whatever way is taken. */
void proof_expect_only(
    struct office *office, VerifyFinding__Kind kind, const char *table, const char *place);

/* cmocka's setup and teardown: an office with a history. */
int proof_office_open(void **state);
int proof_office_close(void **state);
