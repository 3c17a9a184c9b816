/* SPDX-License-Identifier: MIT */
#include "common/service/keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/service/service_parts.h"
#include "common/store/checkpoint.h"
#include "common/store/scrub.h"
#include "common/store/verify.h"

#define RESULT_CAP ((size_t)16 << 20)

enum {
	LOOK_MS = 1000,
	SIGN_EVERY_MS = 60 * 1000,
	TRY_AGAIN_MS = 3600 * 1000, /* after a scrub that failed */
	SLICE_US = 50000,           /* a scrub works so long, */
	REST_MS = 350,              /* and then leaves the machine to others */
	STOPPED = 1000,             /* none of the answers of verify.h */
};

struct keeper {
	struct service *service;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool stopping;
	struct keeper_state state;
	uint64_t signed_ms; /* monotonic, of the thread alone */
	uint64_t failed_ms; /* monotonic: when a scrub could not be done; 0: the last one could */
};

/* Return: whether the keeper is to stop. */
static bool rest(struct keeper *keeper, unsigned wait_ms) {
	struct timespec end;
	bool stopping;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += wait_ms / 1000;
	end.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&keeper->lock);
	while (!keeper->stopping &&
	       pthread_cond_timedwait(&keeper->woken, &keeper->lock, &end) != ETIMEDOUT)
		;
	stopping = keeper->stopping;
	pthread_mutex_unlock(&keeper->lock);
	return stopping;
}

static void look(struct keeper *keeper) {
	uint64_t oldest_us = store_look(keeper->service->store);

	pthread_mutex_lock(&keeper->lock);
	keeper->state.oldest_reader_us = oldest_us;
	pthread_mutex_unlock(&keeper->lock);
}

static int sign_old(void *context, struct store_txn *txn) {
	const struct keeper *keeper = context;

	checkpoint_append_old(txn, keeper->service->node.settings.checkpoint_minutes * 60 * 1000);
	return 0;
}

static void look_and_sign(struct keeper *keeper) {
	look(keeper);
	if (clock_monotonic_ms() - keeper->signed_ms < SIGN_EVERY_MS)
		return;
	service_write(keeper->service, sign_old, keeper);
	keeper->signed_ms = clock_monotonic_ms();
}

static int rest_between(void *context) {
	struct keeper *keeper = context;

	if (rest(keeper, REST_MS))
		return STOPPED;
	look_and_sign(keeper);
	return 0;
}

static int tell(void *context, const VerifyNews *news) {
	(void)context;
	for (size_t i = 0; i < news->n_findings; i++)
		log_warn("scrub-finding", "kind %d, %s %s: expected %s, found %s",
		    (int)news->findings[i]->kind, news->findings[i]->table, news->findings[i]->place,
		    news->findings[i]->expected, news->findings[i]->found);
	return VERIFY_OK;
}

struct scrubbed {
	uint64_t ended_ms;
	uint64_t findings;
};

static int note_scrub(void *context, struct store_txn *txn) {
	const struct scrubbed *scrubbed = context;

	scrub_put(txn, scrubbed->ended_ms, scrubbed->findings);
	return 0;
}

static void scrub(struct keeper *keeper) {
	AUTO(arena_deinit) struct arena arena;
	struct scrubbed scrubbed;
	VerifyNews last;
	int r;

	arena_init(&arena, RESULT_CAP);
	r = verify_store(
	    &(struct verify_options) {
	        .store = keeper->service->store,
	        .schema = keeper->service->plan->schema,
	        .service = keeper->service->plan->name,
	        .slice_us = SLICE_US,
	        .news = tell,
	        .rest = rest_between,
	        .context = keeper,
	    },
	    &arena, &last);
	if (r == STOPPED)
		return;
	keeper->failed_ms = r < 0 ? clock_monotonic_ms() : 0;
	if (r < 0) {
		log_failure("scrub-failed", r, "%s", keeper->service->plan->name);
		return;
	}
	tell(NULL, &last);
	scrubbed = (struct scrubbed) { clock_wall_ms(), last.result->findings };
	log_info("scrub-ended", "%" PRIu64 " events, %" PRIu64 " records, %" PRIu64 " findings",
	    last.result->events, last.result->records, last.result->findings);
	if (service_write(keeper->service, note_scrub, &scrubbed) < 0)
		log_warn("scrub-unnoted", "its end could not be written down");
	pthread_mutex_lock(&keeper->lock);
	keeper->state.scrubbed_ms = scrubbed.ended_ms;
	keeper->state.scrub_findings = scrubbed.findings;
	pthread_mutex_unlock(&keeper->lock);
}

/* A store that was never scrubbed is due one interval after it was made, however often the service
 * was started since. A time to come is one that a wrong clock has left. */
static bool is_scrub_due(const struct keeper *keeper) {
	uint64_t interval_ms = keeper->service->node.settings.scrub_hours * 3600 * 1000;
	uint64_t made_ms = (uint64_t)store_epoch(keeper->service->store) * 1000;
	uint64_t last_ms = keeper->state.scrubbed_ms ? keeper->state.scrubbed_ms : made_ms;
	uint64_t now_ms = clock_wall_ms();

	if (interval_ms == 0)
		return false;
	if (keeper->failed_ms)
		return clock_monotonic_ms() - keeper->failed_ms >= TRY_AGAIN_MS;
	return now_ms >= last_ms + interval_ms || last_ms > now_ms + interval_ms;
}

static void *work(void *context) {
	struct keeper *keeper = context;

	keeper->signed_ms = clock_monotonic_ms();
	while (!rest(keeper, LOOK_MS)) {
		look_and_sign(keeper);
		if (is_scrub_due(keeper))
			scrub(keeper);
	}
	return NULL;
}

int keeper_start(struct service *service, struct keeper **ret_keeper) {
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	pthread_condattr_t monotonic;
	int r;

	if (!keeper)
		return failed_here(-ENOMEM);
	keeper->service = service;
	r = scrub_get(service->store, &keeper->state.scrubbed_ms, &keeper->state.scrub_findings);
	if (r < 0) {
		free(keeper);
		return failed_below(r);
	}
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper->woken, &monotonic);
	pthread_condattr_destroy(&monotonic);
	r = pthread_create(&keeper->thread, NULL, work, keeper);
	if (r) {
		pthread_cond_destroy(&keeper->woken);
		pthread_mutex_destroy(&keeper->lock);
		free(keeper);
		return failed_here(-r);
	}
	*ret_keeper = keeper;
	return 0;
}

void keeper_stop(struct keeper *keeper) {
	pthread_mutex_lock(&keeper->lock);
	keeper->stopping = true;
	pthread_cond_signal(&keeper->woken);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	pthread_cond_destroy(&keeper->woken);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

struct keeper_state keeper_state(struct keeper *keeper) {
	struct keeper_state state;

	pthread_mutex_lock(&keeper->lock);
	state = keeper->state;
	pthread_mutex_unlock(&keeper->lock);
	return state;
}
