/* SPDX-License-Identifier: MIT */
/*
 * Lives of dossiers
 *
 * Dossiers to which things happen by chance, each written to a store as it happens, and a second
 * opinion on what they count: by counting them one by one from the rules of form II.06, with none
 * of the code that is tested.
 */
#pragma once

#include "common/store/figures.h"
#include "services/dossiers/dossiers.h"
#include "tests/unit/store/chance.h"

enum {
	LIVES_MAX = 150,
	LIVES_UNITS = 3,
	LIVES_PROCEDURES = 8, /* the last one is in no catalogue */
	LIVES_ROUNDS_MAX = 6,
	LIVES_FEEDBACK_MAX = 40,
};

struct life {
	Dossier record;
	char code[48];
	SupplementRound rounds[LIVES_ROUNDS_MAX];
	size_t round_count;
	bool overlaps; /* a round was asked for while another was open */
	bool written;
};

struct lives {
	struct chance *chance;
	const char *prefix; /* of all codes */
	bool nameless;      /* nobody's name is written */
	struct life items[LIVES_MAX];
	size_t count;
	Procedure procedures[LIVES_PROCEDURES];
	bool published[LIVES_PROCEDURES]; /* in the catalogue */
	Feedback feedback[LIVES_FEEDBACK_MAX];
	char feedback_codes[LIVES_FEEDBACK_MAX][32];
	bool heard[LIVES_FEEDBACK_MAX];
};

extern const char *const lives_units[LIVES_UNITS];

/* On the heap, for it is large. */
struct lives *lives_new(struct chance *chance, const char *prefix);
void lives_freep(struct lives **lives);

/* Something happens, and is written. */
void lives_step(struct lives *lives, struct store_txn *txn);

/* A window of any length in the years that lives pass in. */
struct figure_window lives_window(struct chance *chance);

/* The field of administration a dossier is shown under. */
const char *lives_field(const struct lives *lives, const struct life *life);

/* Whether a measure of the table "dossiers" counts this dossier over the window. */
bool life_counts(const struct life *life, const char *measure, const struct figure_window *window);
