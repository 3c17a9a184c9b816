/* SPDX-License-Identifier: MIT */
/* An office at work: a desk whose dossiers live as chance has it. */
#pragma once

#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"
#include "tests/unit/store/lives.h"

#define OFFICE_NODE "H51.15.61"

/* What one transaction takes up. */
enum { OFFICE_STEPS_A_COMMIT = 7 };

struct office {
	struct desk desk;
	struct chance chance;
	struct lives *lives;
	struct arena arena; /* of what is learnt about it */
};

/* A new office where so many things have happened. Must not move. */
void office_open(struct office *office, int steps);
void office_close(struct office *office);

/* So many things more happen, a few in each transaction. */
void office_happen(struct office *office, int steps);

/* How many entries a table of it has. */
uint64_t office_entries(struct office *office, enum store_table table);
