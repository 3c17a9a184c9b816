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

static void tell(struct reader *reader, uint64_t now_us, const char *what) {
	reader->told_us = now_us;
	log_warn("reader-old", "%s %s a snapshot for %llu ms: what is freed meanwhile cannot be reused",
	    reader->owner, what, (unsigned long long)((now_us - reader->begun_us) / 1000));
}

void readers_remove(struct readers *readers, size_t place) {
	struct reader *reader = &readers->places[place];
	uint64_t now_us = clock_monotonic_us();

	pthread_mutex_lock(&readers->lock);
	if (readers->limit_us && now_us - reader->begun_us > readers->limit_us)
		tell(reader, now_us, "held");
	reader->owner = NULL;
	pthread_mutex_unlock(&readers->lock);
}

void readers_rename(struct readers *readers, size_t place, const char *owner) {
	pthread_mutex_lock(&readers->lock);
	readers->places[place].owner = owner;
	pthread_mutex_unlock(&readers->lock);
}

uint64_t readers_watch(struct readers *readers) {
	uint64_t now_us = clock_monotonic_us();
	uint64_t oldest_us = 0;

	pthread_mutex_lock(&readers->lock);
	for (size_t i = 0; i < READERS_MAX; i++) {
		struct reader *reader = &readers->places[i];
		uint64_t age_us = reader->owner ? now_us - reader->begun_us : 0;

		if (age_us > oldest_us)
			oldest_us = age_us;
		if (readers->limit_us && age_us > readers->limit_us &&
		    now_us - reader->told_us > TELL_AGAIN_US)
			tell(reader, now_us, "holds");
	}
	pthread_mutex_unlock(&readers->lock);
	return oldest_us;
}
