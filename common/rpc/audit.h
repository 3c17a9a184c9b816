/* SPDX-License-Identifier: MIT */
/*
 * Audit: a line for each refusal, so that who tries what is on record; yet nobody fills the log.
 * Beyond some lines a second refusals are counted, and the next line says how many.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { AUDIT_LINES_PER_S = 20 };

struct audit {
	uint64_t second;
	unsigned lines;
	unsigned silent;
};

/* Whether a line may be written now. *ret_silent: refusals without a line since the last one. */
bool audit_may_write(struct audit *audit, unsigned *ret_silent);
