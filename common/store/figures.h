/* SPDX-License-Identifier: MIT */
/*
 * Figures
 *
 * Counting and opening over a schema's measure tables. Both rest on the same contributions
 * (measure.h): the cells sum them, opening asks each candidate record for its own, so what a figure
 * counts and what it opens cannot differ.
 */
#pragma once

#include "common/store/register.h"

struct figure_window {
	struct day first;
	struct day last;
	uint16_t year;
};

/* All figures of a schema into `ret_evaluation`, whose parts are in `arena`; its watermarks are
 * those of every log held. `service` names the service in them.
 * Return: STORE_OK or a negative errno. */
int figures_evaluate(struct store_txn *txn, const struct schema *schema, const char *service,
    const struct figure_window *window, struct arena *arena, Evaluation *ret_evaluation);

struct figure_opening {
	const struct measure_table *table;
	struct figure_window window;
	const char *const *measures; /* names in the table */
	size_t measure_count;
	ProtobufCBinaryData after; /* `next` of the page before; empty: from the start */
	size_t limit;              /* records a page */
};

enum { FIGURES_OK, FIGURES_UNKNOWN_MEASURE };

/* One page of the records behind the measures, into `ret_reply`, whose parts are in `arena`. A page
 * may be short although more follow: each looks at a bounded number of candidates.
 * Return: FIGURES_OK, FIGURES_UNKNOWN_MEASURE, or a negative errno. */
int figures_open(struct store_txn *txn, const struct schema *schema,
    const struct figure_opening *opening, struct arena *arena, OpenReply *ret_reply);
