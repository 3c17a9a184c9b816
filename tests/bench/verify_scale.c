/* SPDX-License-Identifier: MIT */
/*
 * How long a verification takes: makes a store of so many dossiers, a tenth of them with a
 * supplement round, verifies it three times and prints seconds, microseconds a dossier and memory.
 *
 *     verify_scale FOLDER [DOSSIERS]     0: a store that is there already
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/base/arena.h"
#include "common/calendar/day.h"
#include "common/store/verify.h"
#include "services/dossiers/dossiers.h"

enum { A_COMMIT = 2000, UNITS = 20, PROCEDURES = 150, DAYS = 1000, ROUNDS = 3 };

static uint64_t stamp_of(int32_t day, uint32_t n) {
	int year;
	int month;
	int day_of_month;

	day_split((struct day) { day }, &year, &month, &day_of_month);
	return (uint64_t)(year * 10000 + month * 100 + day_of_month) * 1000000 + 80000 + n % 60 * 100;
}

static int write_dossier(struct store_txn *txn, uint32_t n) {
	int32_t first = day_of(2022, 1, 1).number;
	int32_t day = first + (int32_t)(n * 7919u % DAYS);
	Dossier dossier = DOSSIER__INIT;
	char code[64];
	char unit[24];
	char procedure[24];
	const char *owner;
	int r;

	snprintf(unit, sizeof(unit), "H51.15.%u", 60 + n % UNITS);
	snprintf(procedure, sizeof(procedure), "1.%06u", n % PROCEDURES);
	snprintf(code, sizeof(code), "%s-%llu-%07u", unit,
	    (unsigned long long)(stamp_of(day, 0) / 1000000), n);
	dossier.code = code;
	dossier.unit = unit;
	dossier.procedure = procedure;
	dossier.applicant = (char *)(uintptr_t) "Nguyễn Văn Thử";
	dossier.channel = n % 3 ? DOSSIER__CHANNEL__ONLINE : DOSSIER__CHANNEL__DIRECT;
	dossier.submitted = dossier.accepted = stamp_of(day, n);
	dossier.due = stamp_of(day + 15, n);
	dossier.status = DOSSIER__STATUS__PROCESSING;
	if (n % 10) {
		dossier.ended = stamp_of(day + 1 + (int32_t)(n % 20), n);
		dossier.status = DOSSIER__STATUS__HANDED_OVER;
		dossier.fee = n % 2 ? 50000 : 0;
	}
	r = register_write(txn, &dossiers_register, &dossier.base, "bench", &owner);
	if (r >= 0 && n % 10 == 5) {
		SupplementRound round = SUPPLEMENT_ROUND__INIT;

		round.dossier = code;
		round.requested = stamp_of(day + 1, n);
		round.answered = stamp_of(day + 3, n);
		round.due_before = dossier.due;
		round.due_after = stamp_of(day + 18, n);
		r = register_write(txn, &supplement_rounds_register, &round.base, "bench", &owner);
	}
	return r < 0 ? r : 0;
}

static int fill(struct store *store, uint32_t dossiers) {
	for (uint32_t n = 0; n < dossiers;) {
		AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
		int r = store_begin(store, STORE_WRITE, &txn);

		for (uint32_t i = 0; r == 0 && i < A_COMMIT && n < dossiers; i++)
			r = write_dossier(&txn, n++);
		if (r == 0)
			r = store_commit(&txn);
		if (r < 0)
			return r;
	}
	return 0;
}

static double processor_seconds(void) {
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec / 1e6 +
	       (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6;
}

static int verify(struct store *store) {
	double begun = processor_seconds();
	AUTO(arena_deinit) struct arena arena;
	struct rusage usage;
	VerifyNews news;
	double seconds;
	int r;

	arena_init(&arena, (size_t)64 << 20);
	r = verify_store(
	    &(struct verify_options) {
	        .store = store,
	        .schema = &dossiers_schema,
	        .service = "dossiers",
	    },
	    &arena, &news);
	if (r)
		return r;
	getrusage(RUSAGE_SELF, &usage);
	seconds = (double)news.result->duration_us / 1e6;
	printf("%llu events, %llu records, %llu index entries, %llu counters, %llu findings: "
	       "%.2f s, of a processor %.2f s, %.2f us a record, peak %ld MiB with the map's pages\n",
	    (unsigned long long)news.result->events, (unsigned long long)news.result->records,
	    (unsigned long long)news.result->index_entries, (unsigned long long)news.result->counters,
	    (unsigned long long)news.result->findings, seconds, processor_seconds() - begun,
	    seconds * 1e6 / (double)news.result->records, usage.ru_maxrss / 1024);
	return 0;
}

int main(int argc, char **argv) {
	uint32_t dossiers = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 1000000;
	AUTO(store_closep) struct store *store = NULL;
	int r;

	if (argc < 2)
		return 2;
	r = store_open(
	    &(struct store_options) { .folder = argv[1], .node = "H51.15", .map_mib = 16384 }, &store);
	if (r == 0)
		r = fill(store, dossiers);
	for (int i = 0; i < ROUNDS && r == 0; i++)
		r = verify(store);
	if (r < 0)
		fprintf(stderr, "failed: %d\n", r);
	return r ? EXIT_FAILURE : EXIT_SUCCESS;
}
