/* SPDX-License-Identifier: MIT */
/*
 * An office that prints its report, from the outline we ship
 *
 * Sentences are looked for in one line of text: line breaks count as blanks, and of HTML only what
 * a reader sees counts.
 */
#pragma once

#include <stdbool.h>

#include "common/base/text.h"
#include "services/reporting/face.h"
#include "tests/unit/reporting/seed_report.h"

/* One report and what its faces say. */
struct office {
	struct seed seed;
	char *outline;
	size_t outline_size;
	struct text page;  /* a face as it is */
	struct text plain; /* the same as one line */
};

/* Setup and teardown of a scenario; the state is an office, and its clock is Vietnam's. */
int office_open(void **state);
int office_close(void **state);

#define SCENARIO(name) cmocka_unit_test_setup_teardown(name, office_open, office_close)

/* Print a face of the report; the test fails when it cannot be made. */
void print_text(struct office *office);
void print_html(struct office *office);

/* What was printed last. */
bool says(const struct office *office, const char *words);
void expect_said(const struct office *office, const char *words);
void expect_not_said(const struct office *office, const char *words);
