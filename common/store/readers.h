/* SPDX-License-Identifier: MIT */
/*
 * Readers
 *
 * Every page that is freed while a snapshot is open waits for its reader, and the file grows. So
 * each snapshot has a name and an age, and one that is too old can be told from outside.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#define READERS_MAX 128

struct reader {
	const char *owner; /* static or longer lived than the snapshot; null: a free place */
	uint64_t begun_us;
	uint64_t told_us; /* last time it was told to be too old; 0: never */
};

struct readers {
	pthread_mutex_t lock;
	struct reader places[READERS_MAX];
	uint64_t limit_us; /* older ones are told */
};

void readers_init(struct readers *readers, uint64_t limit_us);
void readers_deinit(struct readers *readers);

/* A place for a new snapshot; READERS_MAX when there is none left. */
size_t readers_add(struct readers *readers, const char *owner);

/* The snapshot is closed; one that was too old is told in the log. */
void readers_remove(struct readers *readers, size_t place);

void readers_rename(struct readers *readers, size_t place, const char *owner);

/* Tell those that are too old now, each once a second, in the log. Return: the age of the oldest
 * snapshot in microseconds, 0 when there is none. */
uint64_t readers_watch(struct readers *readers);
