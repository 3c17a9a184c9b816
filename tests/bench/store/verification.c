/* SPDX-License-Identifier: MIT */
/*
 * How long a verification of a store takes. Prints a line of JSON.
 *
 *     store_verification FOLDER
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "common/store/verify.h"
#include "services/dossiers/dossiers.h"
#include "tests/bench/store/invented.h"
#include "tests/bench/store/must.h"

enum { MAP_MIB = 65536, MEMORY_CAP = 64 << 20 };

static double processor_seconds(const struct rusage *usage) {
	return (double)usage->ru_utime.tv_sec + (double)usage->ru_utime.tv_usec / 1e6 +
	       (double)usage->ru_stime.tv_sec + (double)usage->ru_stime.tv_usec / 1e6;
}

int main(int argc, char **argv) {
	AUTO(store_closep) struct store *store = NULL;
	AUTO(arena_deinit) struct arena arena;
	const VerifyResult *result;
	struct rusage usage;
	VerifyNews news;
	double seconds;

	arena_init(&arena, MEMORY_CAP);
	if (argc != 2)
		return 2;
	must(store_open(
	         &(struct store_options) {
	             .folder = argv[1], .node = INVENTED_NODE, .map_mib = MAP_MIB },
	         &store),
	    argv[1]);
	must(verify_store(
	         &(struct verify_options) {
	             .store = store, .schema = &dossiers_schema, .service = "dossiers" },
	         &arena, &news),
	    "verify");
	getrusage(RUSAGE_SELF, &usage);
	result = news.result;
	seconds = (double)result->duration_us / 1e6;
	printf("{\"name\":\"verify\",\"events\":%llu,\"records\":%llu,\"index_entries\":%llu,"
	       "\"counters\":%llu,\"findings\":%llu,\"seconds\":%.2f,\"processor_seconds\":%.2f,"
	       "\"per_s\":%.0f,\"peak_mib\":%ld}\n",
	    (unsigned long long)result->events, (unsigned long long)result->records,
	    (unsigned long long)result->index_entries, (unsigned long long)result->counters,
	    (unsigned long long)result->findings, seconds, processor_seconds(&usage),
	    (double)result->records / seconds, usage.ru_maxrss / 1024);
	return result->findings ? EXIT_FAILURE : EXIT_SUCCESS;
}
