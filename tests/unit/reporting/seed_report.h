/* SPDX-License-Identifier: MIT */
/*
 * The report of Cù Lao Dung, first quarter of 2024
 *
 * The figures of the real report, as an evaluation would give them; tests change them by id.
 */
#pragma once

#include "services/reporting/report.h"

#define SEED_FIGURES   85
#define SEED_LATE_MAX  8
#define SEED_NODES     9
#define SEED_FIELDS    10
#define SEED_FORM_MAX  (SEED_NODES * SEED_FIELDS)
#define SEED_CITATIONS 9

struct seed {
	struct report report;
	struct report_figure figures[SEED_FIGURES];
	struct form_row form[SEED_FORM_MAX];
	struct report_dossier late[SEED_LATE_MAX];
	struct report_citation citations[SEED_CITATIONS];
	struct report_coverage coverage[SEED_NODES + 3];
};

void seed_init(struct seed *seed);

/* A district where nothing happened and nobody set a target. */
void seed_empty(struct seed *seed);

/* The figure has to exist. */
struct report_figure *seed_find(struct seed *seed, const char *id);
void seed_set_count(struct seed *seed, const char *id, int64_t value);
void seed_set_rate(struct seed *seed, const char *id, int64_t numerator, int64_t denominator);
void seed_set_target(struct seed *seed, const char *id, int64_t hundredths); /* below 0: none */
