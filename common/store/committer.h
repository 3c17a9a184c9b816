/* SPDX-License-Identifier: MIT */
/*
 * Committer
 *
 * The one thread that writes. It runs as many waiting jobs as there are in one transaction, commits
 * once, and only then lets them go: a job that is answered is on the disk. A job that fails alone
 * is answered alone; when it had written before it failed, the batch is run again without it. When
 * the commit itself fails so that nobody can know what the disk has, the process ends at once: it
 * is started again, and the callers' retries find out.
 */
#pragma once

#include "common/store/store.h"

struct committer;

struct committer_job {
	/* Runs in the batch's transaction, possibly twice; must leave nothing behind but what it put
	 * and what it returns. Return: 0 to keep what it put, anything else to be answered alone. */
	int (*run)(struct committer_job *job, struct store_txn *txn);
	/* Called on the committer's thread after the commit: 0, what `run` returned, or the negative
	 * errno for which nothing was kept. The job belongs to the function then. */
	void (*done)(struct committer_job *job, int result);
	size_t bytes; /* about how much it will write; 0 is taken for little */
	struct committer_job *next;
	int result;
};

struct committer_options {
	struct store *store;
	size_t queue_max; /* jobs waiting; beyond this committer_add refuses */
	/* A batch ends at so many jobs, so many bytes, or when it has run for so long; what is left
	 * over is the next batch. The first job always belongs to it. 0: 1 job, any bytes, any time. */
	size_t batch_max;
	size_t batch_bytes;
	uint64_t batch_us;
};

/* Return: 0 or a negative errno. */
int committer_start(const struct committer_options *options, struct committer **ret_committer);

/* Finish what waits and end the thread. */
void committer_stop(struct committer *committer);

enum { COMMITTER_OK, COMMITTER_FULL };

/* Queue a job; from any thread. Return: COMMITTER_OK, or COMMITTER_FULL and the job stays the
 * caller's. */
int committer_add(struct committer *committer, struct committer_job *job);
