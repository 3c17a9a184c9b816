/* SPDX-License-Identifier: MIT */
/*
 * Asks a node that runs for the quarter's full set of figures, many times. Prints a line of JSON
 * with the medians at the client and inside the service, then the figures of dossiers: unit, field
 * and each measure by tab.
 *
 *     store_figures NODE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cchc/node.pb-c.h"
#include "common/base/clock.h"
#include "common/store/check.h"
#include "tests/bench/store/must.h"
#include "tests/bench/store/office.h"

enum { ASKS = 201, WARM_UP = 20, REPLY_MAX = 32 << 20 };

static const char method[] = "Figures/Evaluate";

static int compare(const void *left, const void *right) {
	const uint64_t a = *(const uint64_t *)left;
	const uint64_t b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static double median_ms(uint64_t *taken_us, size_t count) {
	must(count == 0, "median");
	qsort(taken_us, count, sizeof(*taken_us), compare);
	return (double)taken_us[count / 2] / 1e3;
}

/* As the service itself saw them: from the request's arrival to the answer's departure. */
static double served_ms(struct rpc_client *client, struct arena *arena) {
	TraceRequest request = TRACE_REQUEST__INIT;
	uint64_t taken_us[ASKS];
	const TraceReply *reply;
	size_t count = 0;

	reply = (const TraceReply *)office_call(client, arena, "Node/Trace", &request.base);
	for (size_t i = reply->n_spans; i > 0 && count < ASKS; i--)
		if (strcmp(reply->spans[i - 1]->method, method) == 0)
			taken_us[count++] = reply->spans[i - 1]->duration_us;
	return median_ms(taken_us, count);
}

static const Evaluation *ask(struct rpc_client *client, struct arena *arena) {
	EvaluateRequest request = EVALUATE_REQUEST__INIT;
	Window window = WINDOW__INIT;
	struct day first;
	struct day last;

	invented_quarter(&first, &last);
	window.first_day = day_to_decimal(first);
	window.last_day = day_to_decimal(last);
	window.year = 2024;
	request.window = &window;
	return (const Evaluation *)office_call(client, arena, method, &request.base);
}

static void print_table(const MeasureTable *table) {
	for (size_t i = 0; i < table->n_rows; i++) {
		const MeasureRow *row = table->rows[i];

		printf("%s\t%s", row->unit, row->category);
		for (size_t j = 0; j < row->n_values; j++)
			printf("\t%lld", (long long)row->values[j]);
		putchar('\n');
	}
}

int main(int argc, char **argv) {
	const Evaluation *evaluation = NULL;
	uint64_t taken_us[ASKS];
	struct rpc_client *client;
	struct office office;
	struct arena arena;

	if (argc != 2)
		return 2;
	office_open(&office, argv[1]);
	client = office_connect(&office);
	arena_init(&arena, REPLY_MAX);
	for (int i = -WARM_UP; i < ASKS; i++) {
		uint64_t begun_us = clock_monotonic_us();

		arena_reset(&arena);
		evaluation = ask(client, &arena);
		if (i >= 0)
			taken_us[i] = clock_monotonic_us() - begun_us;
	}
	printf("{\"name\":\"cchc\",\"client_ms\":%.3f,\"service_ms\":%.3f}\n",
	    median_ms(taken_us, ASKS), served_ms(client, &arena));
	for (size_t i = 0; i < evaluation->n_tables; i++)
		if (strcmp(evaluation->tables[i]->name, "dossiers") == 0)
			print_table(evaluation->tables[i]);
	rpc_client_close(client);
	office_close(&office);
	arena_deinit(&arena);
	return EXIT_SUCCESS;
}
