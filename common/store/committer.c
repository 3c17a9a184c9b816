/* SPDX-License-Identifier: MIT */
#include "common/store/committer.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"

struct committer {
	struct store *store;
	size_t queue_max;
	size_t batch_max;
	size_t batch_bytes;
	uint64_t batch_us;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct committer_job *first; /* waiting, oldest first */
	struct committer_job **last;
	size_t waiting;
	bool stopping;
};

/* Take up to a batch of what waits; empty only when stopping. */
static struct committer_job *take_batch(struct committer *committer) {
	struct committer_job *batch;
	struct committer_job **end = &committer->first;
	size_t bytes = 0;

	pthread_mutex_lock(&committer->lock);
	while (!committer->first && !committer->stopping)
		pthread_cond_wait(&committer->filled, &committer->lock);
	batch = committer->first;
	for (size_t i = 0; i < committer->batch_max && *end; i++) {
		bytes += (*end)->bytes;
		if (i && committer->batch_bytes && bytes > committer->batch_bytes)
			break;
		end = &(*end)->next;
		committer->waiting--;
	}
	committer->first = *end;
	*end = NULL;
	if (!committer->first)
		committer->last = &committer->first;
	pthread_mutex_unlock(&committer->lock);
	return batch;
}

/* Put jobs back to the front of what waits. */
static void put_back(struct committer *committer, struct committer_job *jobs) {
	struct committer_job **end = &jobs;

	pthread_mutex_lock(&committer->lock);
	for (; *end; end = &(*end)->next)
		committer->waiting++;
	*end = committer->first;
	if (!committer->first)
		committer->last = end;
	committer->first = jobs;
	pthread_mutex_unlock(&committer->lock);
}

enum { BATCH_KEPT, BATCH_AGAIN, BATCH_UNKNOWN };

/* Run every job that has not failed, until the batch's time is up: `batch` ends there, and
 * *ret_rest are those left over. Return: BATCH_KEPT; BATCH_AGAIN when a job failed after it had put
 * something; BATCH_UNKNOWN when the commit itself failed; or a negative errno for which nothing was
 * kept. */
static int run_batch(const struct committer *committer, struct committer_job *batch,
    struct committer_job **ret_rest) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	uint64_t end_us = clock_monotonic_us() + committer->batch_us;
	int r = store_begin(committer->store, STORE_WRITE, &txn);

	if (r < 0)
		return failed_below(r);
	for (struct committer_job *job = batch; job; job = job->next) {
		size_t writes = txn.writes;

		if (job->result)
			continue;
		job->result = job->run(job, &txn);
		if (txn.error)
			job->result = txn.error;
		if (job->result && (txn.error || txn.writes != writes))
			return BATCH_AGAIN;
		if (job->next && committer->batch_us && clock_monotonic_us() >= end_us) {
			*ret_rest = job->next;
			job->next = NULL;
		}
	}
	r = store_commit(&txn);
	if (r < 0)
		log_failure("commit-failed", r, "a batch was not kept");
	return txn.unknown ? BATCH_UNKNOWN : r;
}

static void finish(struct committer_job *batch, int result) {
	while (batch) {
		struct committer_job *job = batch;

		batch = job->next;
		job->done(job, job->result ? job->result : result);
	}
}

static void *work(void *context) {
	struct committer *committer = context;
	struct committer_job *batch;

	while ((batch = take_batch(committer)) != NULL) {
		int result = BATCH_AGAIN;

		while (result == BATCH_AGAIN) {
			struct committer_job *rest = NULL;

			result = run_batch(committer, batch, &rest);
			if (rest)
				put_back(committer, rest);
		}
		if (result == BATCH_UNKNOWN || result == -EIO || result == -EBADMSG)
			_Exit(EXIT_FAILURE);
		finish(batch, result < 0 ? result : 0);
	}
	return NULL;
}

int committer_start(const struct committer_options *options, struct committer **ret_committer) {
	struct committer *committer = calloc(1, sizeof(*committer));
	int r;

	if (!committer)
		return failed_here(-ENOMEM);
	committer->store = options->store;
	committer->queue_max = options->queue_max;
	committer->batch_max = options->batch_max ? options->batch_max : 1;
	committer->batch_bytes = options->batch_bytes;
	committer->batch_us = options->batch_us;
	committer->last = &committer->first;
	pthread_mutex_init(&committer->lock, NULL);
	pthread_cond_init(&committer->filled, NULL);
	r = pthread_create(&committer->thread, NULL, work, committer);
	if (r) {
		pthread_cond_destroy(&committer->filled);
		pthread_mutex_destroy(&committer->lock);
		free(committer);
		return failed_here(-r);
	}
	*ret_committer = committer;
	return 0;
}

void committer_stop(struct committer *committer) {
	pthread_mutex_lock(&committer->lock);
	committer->stopping = true;
	pthread_cond_signal(&committer->filled);
	pthread_mutex_unlock(&committer->lock);
	pthread_join(committer->thread, NULL);
	pthread_cond_destroy(&committer->filled);
	pthread_mutex_destroy(&committer->lock);
	free(committer);
}

int committer_add(struct committer *committer, struct committer_job *job) {
	int answer = COMMITTER_OK;

	job->next = NULL;
	job->result = 0;
	pthread_mutex_lock(&committer->lock);
	if (committer->waiting >= committer->queue_max || committer->stopping) {
		answer = COMMITTER_FULL;
	} else {
		*committer->last = job;
		committer->last = &job->next;
		committer->waiting++;
		pthread_cond_signal(&committer->filled);
	}
	pthread_mutex_unlock(&committer->lock);
	return answer;
}
