/* SPDX-License-Identifier: MIT */
#include "common/store/readers.h"

#include "common/base/clock.h"
#include "common/base/log.h"

enum { TELL_AGAIN_US = 1000000 };

void readers_init(struct readers *readers, uint64_t limit_us) {
	*readers = (struct readers) { .limit_us = limit_us };
	pthread_mutex_init(&readers->lock, NULL);
}

void readers_deinit(struct readers *readers) {
	pthread_mutex_destroy(&readers->lock);
}

size_t readers_add(struct readers *readers, const char *owner) {
	size_t place = 0;

	pthread_mutex_lock(&readers->lock);
	while (place < READERS_MAX && readers->places[place].owner)
		place++;
	if (place < READERS_MAX)
		readers->places[place] =
		    (struct reader) { .owner = owner, .begun_us = clock_monotonic_us() };
	pthread_mutex_unlock(&readers->lock);
	return place;
}

static void tell(const char *owner, uint64_t age_us, const char *what) {
	log_warn("reader-old", "%s %s a snapshot for %llu ms: what is freed meanwhile cannot be reused",
	    owner, what, (unsigned long long)(age_us / 1000));
}

void readers_remove(struct readers *readers, size_t place) {
	struct reader reader;
	uint64_t age_us;

	pthread_mutex_lock(&readers->lock);
	reader = readers->places[place];
	readers->places[place].owner = NULL;
	pthread_mutex_unlock(&readers->lock);
	age_us = clock_monotonic_us() - reader.begun_us;
	if (readers->limit_us && age_us > readers->limit_us)
		tell(reader.owner, age_us, "held");
}

void readers_rename(struct readers *readers, size_t place, const char *owner) {
	pthread_mutex_lock(&readers->lock);
	readers->places[place].owner = owner;
	pthread_mutex_unlock(&readers->lock);
}

/* The first one that is too old and was not told lately; null: none. What is logged may block, so
 * it is told by the caller, without the lock. */
static const char *take_old(struct readers *readers, uint64_t now_us, uint64_t *ret_age_us) {
	for (size_t i = 0; readers->limit_us && i < READERS_MAX; i++) {
		struct reader *reader = &readers->places[i];

		if (!reader->owner || now_us - reader->begun_us <= readers->limit_us ||
		    now_us - reader->told_us <= TELL_AGAIN_US)
			continue;
		reader->told_us = now_us;
		*ret_age_us = now_us - reader->begun_us;
		return reader->owner;
	}
	return NULL;
}

uint64_t readers_watch(struct readers *readers) {
	uint64_t now_us = clock_monotonic_us();
	uint64_t oldest_us = 0;
	const char *owner;

	do {
		uint64_t age_us = 0;

		pthread_mutex_lock(&readers->lock);
		owner = take_old(readers, now_us, &age_us);
		for (size_t i = 0; !owner && i < READERS_MAX; i++) {
			const struct reader *reader = &readers->places[i];

			if (reader->owner && now_us - reader->begun_us > oldest_us)
				oldest_us = now_us - reader->begun_us;
		}
		pthread_mutex_unlock(&readers->lock);
		if (owner)
			tell(owner, age_us, "holds");
	} while (owner);
	return oldest_us;
}
