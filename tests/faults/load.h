/* SPDX-License-Identifier: MIT */
/*
 * Load
 *
 * What callers ask of a store of dossiers: tasks without end, of which each follows from seed,
 * caller and number alone. So whoever knows which were done knows all that the store must hold, and
 * a caller that starts again asks the same again.
 */
#pragma once

#include "services/dossiers/dossiers.h"

#define LOAD_NODE "H51.15.61"

enum { LOAD_CALLERS_MAX = 4, LOAD_CODE_SIZE = 32 };

/* Open or make the store in this folder, as store_open; its logs are signed now and then. */
int load_open_store(const char *folder, struct store **ret_store);

enum task_kind {
	TASK_ADD,    /* a new dossier with a round */
	TASK_CHANGE, /* both otherwise than ever before */
	TASK_RETRY,  /* an earlier task under its key: nothing may happen twice */
	TASK_FAIL,   /* writes and then refuses: nothing of it may stay */
};

struct task {
	uint64_t seed;
	uint32_t caller;
	uint32_t number;
	enum task_kind kind;
	uint32_t about; /* the task that added the dossier; of a retry, the task it repeats */
};

struct task load_task(uint64_t seed, uint32_t caller, uint32_t number);

/* Whether it changes anything when it is done. */
bool task_has_effect(const struct task *task);

/* What a task leaves of its dossier. Must not move. */
struct task_records {
	Dossier dossier;
	SupplementRound round;
	char code[LOAD_CODE_SIZE];
};

void task_records(const struct task *task, struct task_records *ret_records);

/* Which task wrote an event's record. */
struct task_name {
	uint32_t caller;
	uint32_t number;
};

struct task_name task_of_dossier(const Dossier *dossier);
struct task_name task_of_round(const SupplementRound *round);

enum task_answer {
	TASK_DONE,
	TASK_DONE_BEFORE, /* and the reply is the one of then */
	TASK_REFUSED,
	TASK_NEVER_DONE,  /* nothing to repeat */
	TASK_OTHER_REPLY, /* the store remembers something else */
};

/* Do it. Return: an answer above, of which the first two are to be committed, or a negative errno.
 */
int task_run(const struct task *task, struct store_txn *txn);

/* What the store remembers of it. Return: TASK_DONE_BEFORE, TASK_NEVER_DONE, TASK_OTHER_REPLY, or a
 * negative errno. */
int task_find(const struct task *task, struct store_txn *txn);
