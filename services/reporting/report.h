/* SPDX-License-Identifier: MIT */
/*
 * Report
 *
 * One evaluation of everything a report says; every face (json, text, html …) is made from this and
 * from nothing else, so faces cannot differ. Everything lives in the arena of the call that made
 * it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/calendar/period.h"

enum figure_kind {
	FIGURE_COUNT,  /* a number of things */
	FIGURE_RATE,   /* a share in hundredths of a percent, made from two integers */
	FIGURE_TARGET, /* a share that a resolution asks for, in hundredths of a percent */
};

struct report_figure {
	const char *id;   /* "dossiers.district.received" */
	const char *name; /* what it is, for people */
	enum figure_kind kind;
	bool none;     /* a rate whose denominator is 0, or a target nobody set: there is no value */
	int64_t value; /* the count, or hundredths of a percent rounded half up */
	int64_t numerator;   /* of rates; for counts the value itself */
	int64_t denominator; /* of rates; 0 for counts and targets */
};

/* Form II.06 of Thông tư 01/2020/TT-VPCP: columns 3 to 13 in their order. */
enum form_column {
	FORM_RECEIVED,
	FORM_ONLINE,
	FORM_DIRECT,
	FORM_CARRIED,
	FORM_SOLVED,
	FORM_EARLY,
	FORM_ON_TIME,
	FORM_LATE,
	FORM_OPEN,
	FORM_OPEN_IN_TIME,
	FORM_OPEN_LATE,
	FORM_COLUMNS,
};

/* "received" … "open_late", as programs read them. */
extern const char *const form_column_names[FORM_COLUMNS];

struct form_row {
	const char *node;      /* organisation code of the administration */
	const char *node_name; /* its name; the code when it is not known */
	bool commune;          /* of the commune level; else of the district level */
	const char *field;     /* "" when the procedure is not in the catalogue */
	int64_t columns[FORM_COLUMNS];
};

/* A dossier that a sentence names. */
struct report_dossier {
	const char *code;
	const char *node; /* organisation code of the administration */
	struct day due;
	struct day ended;       /* DAY_NONE while open */
	const char *correction; /* what really happened, as approved; "" when nothing was recorded */
};

struct report_dossiers {
	const struct report_dossier *items;
	size_t count;
};

/* A document that the text cites. */
struct report_citation {
	const char *id; /* "plan.reform" */
	bool found;
	const char *number; /* "04/KH-UBND" */
	struct day day;
};

/* Up to when one log is counted. */
struct report_coverage {
	const char *service;
	const char *origin; /* organisation code of the node that wrote it */
	const char *origin_name;
	uint64_t as_of_ms; /* of the last event counted; 0: nothing yet */
	uint64_t sequence;
	bool late; /* nothing was heard of this node for the window */
};

struct report {
	struct period period;
	struct day as_of;      /* counted to the end of this day */
	const char *node;      /* organisation code of the node that reports */
	const char *node_name; /* "Ủy ban nhân dân huyện Cù Lao Dung" */
	const char *place;     /* "Cù Lao Dung", for place and date */

	const struct report_figure *figures; /* in the order of the catalogue */
	size_t figure_count;
	const struct form_row
	    *form; /* II.06, ordered by node and field (Vietnamese order of letters) */
	size_t form_count;
	struct report_dossiers late[2];      /* ended late, by level: 0 district, 1 commune */
	struct report_dossiers open_late[2]; /* open and late on the last day, by level */
	const struct report_citation *citations;
	size_t citation_count;
	const struct report_coverage *coverage;
	size_t coverage_count;
};

/* A figure by id, or null. */
const struct report_figure *report_find(const struct report *report, const char *id);
