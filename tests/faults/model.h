/* SPDX-License-Identifier: MIT */
/*
 * Model
 *
 * What a store must hold, told from memory: of each caller's tasks how they were answered. What was
 * acknowledged is in the log, in the records, in the figures and among the answers a retry gets;
 * what was refused is in none of them; what was not answered is in all of them or in none.
 */
#pragma once

#include "tests/faults/load.h"

struct model_caller {
	uint8_t *fates; /* by number */
	uint32_t capacity;
	uint32_t answered; /* tasks that were answered: all up to there, in their order */
	uint32_t end;      /* after the last one that was kept */
};

struct model {
	uint64_t seed;
	uint32_t callers;
	bool disk_fails; /* a task may be refused although nothing is wrong with it */
	struct model_caller by_caller[LOAD_CALLERS_MAX];
};

/* As the writer tells it. */
struct model_answer {
	uint32_t caller;
	uint32_t number;
	int32_t result; /* enum task_answer, or a negative errno */
};

void model_init(struct model *model, uint64_t seed, uint32_t callers);
void model_deinit(struct model *model);

/* Note an answer; the test fails when it is not one that this task may get. */
void model_note(struct model *model, const struct model_answer *answer);

/* After the last task of a caller that was acknowledged and has an effect. */
uint32_t model_end(const struct model *model, uint32_t caller);

/* What a comparison found beside what it demanded. */
struct model_found {
	uint32_t applied;               /* tasks with an effect */
	uint32_t end[LOAD_CALLERS_MAX]; /* after the last one of each caller */
	uint64_t clock;                 /* of the last event */
};

/* The test fails unless the store holds what it must. Reading ends with the arena's reset. */
struct model_found model_expect(
    const struct model *model, struct store *store, struct arena *arena);

/* The test fails unless verification finds nothing. */
void model_expect_whole(struct store *store, struct arena *arena);
