/* SPDX-License-Identifier: MIT */
#include "tests/bench/store/crowd.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "tests/bench/store/must.h"

enum { CLIENTS_MAX = 256, CALLS_MAX = 1 << 20, WARM_UP_US = 200000 };

struct crowd {
	const struct crowd_options *options;
	pthread_barrier_t connected;
	atomic_uint_least64_t next;
	uint64_t begin_us; /* of what is counted */
	uint64_t end_us;
};

struct client {
	struct crowd *crowd;
	pthread_t thread;
	uint32_t *taken_us; /* of each call that was counted */
	size_t count;
};

static void *work(void *context) {
	struct client *client = context;
	struct crowd *crowd = client->crowd;
	const struct crowd_options *options = crowd->options;
	void *connection = options->connect(options->context);
	uint64_t now_us;

	pthread_barrier_wait(&crowd->connected);
	pthread_barrier_wait(&crowd->connected); /* now the times are set */
	do {
		uint64_t begun_us = clock_monotonic_us();

		options->call(connection, atomic_fetch_add(&crowd->next, 1));
		now_us = clock_monotonic_us();
		if (begun_us >= crowd->begin_us && now_us < crowd->end_us && client->count < CALLS_MAX)
			client->taken_us[client->count++] = (uint32_t)(now_us - begun_us);
	} while (now_us < crowd->end_us);
	options->disconnect(connection);
	return NULL;
}

static int compare(const void *left, const void *right) {
	const uint32_t a = *(const uint32_t *)left;
	const uint32_t b = *(const uint32_t *)right;

	return (a > b) - (a < b);
}

static void print(const struct crowd *crowd, const struct client *clients) {
	const struct crowd_options *options = crowd->options;
	uint32_t *taken_us;
	size_t count = 0;

	for (unsigned i = 0; i < options->clients; i++)
		count += clients[i].count;
	taken_us = malloc((count + 1) * sizeof(*taken_us));
	must(!taken_us || !count, "calls");
	count = 0;
	for (unsigned i = 0; i < options->clients; i++)
		for (size_t j = 0; j < clients[i].count; j++)
			taken_us[count++] = clients[i].taken_us[j];
	qsort(taken_us, count, sizeof(*taken_us), compare);
	printf("{\"name\":\"%s\",\"clients\":%u,\"per_s\":%.0f,\"median_us\":%u,\"p99_us\":%u,"
	       "\"next\":%llu}\n",
	    options->name, options->clients, (double)count / options->seconds, taken_us[count / 2],
	    taken_us[count * 99 / 100], (unsigned long long)atomic_load(&crowd->next));
	free(taken_us);
}

void crowd_run(const struct crowd_options *options) {
	struct crowd crowd = { .options = options };
	struct client clients[CLIENTS_MAX] = { 0 };

	must(options->clients == 0 || options->clients > CLIENTS_MAX, "clients");
	atomic_init(&crowd.next, options->first);
	must(-pthread_barrier_init(&crowd.connected, NULL, options->clients + 1), "threads");
	for (unsigned i = 0; i < options->clients; i++) {
		clients[i].crowd = &crowd;
		clients[i].taken_us = malloc(CALLS_MAX * sizeof(uint32_t));
		must(!clients[i].taken_us, "memory");
		must(-pthread_create(&clients[i].thread, NULL, work, &clients[i]), "threads");
	}
	pthread_barrier_wait(&crowd.connected);
	crowd.begin_us = clock_monotonic_us() + WARM_UP_US;
	crowd.end_us = crowd.begin_us + (uint64_t)(options->seconds * 1e6);
	pthread_barrier_wait(&crowd.connected);
	for (unsigned i = 0; i < options->clients; i++)
		pthread_join(clients[i].thread, NULL);
	print(&crowd, clients);
	for (unsigned i = 0; i < options->clients; i++)
		free(clients[i].taken_us);
	pthread_barrier_destroy(&crowd.connected);
}
