/* SPDX-License-Identifier: MIT */
/* What Prometheus is told: families, labels, and a histogram that adds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/base/error.h"
#include "services/cli/exposition.h"
#include "services/cli/metrics.h"

static char *writable(const char *text) {
	return (char *)(uintptr_t)text;
}

static void expect_in(const struct text *text, const char *part) {
	if (!strstr(text_get(text), part))
		fail_msg("«%s» is not in:\n%s", part, text_get(text));
}

static void expect_not_in(const struct text *text, const char *part) {
	if (strstr(text_get(text), part))
		fail_msg("«%s» is in:\n%s", part, text_get(text));
}

static void labels_and_meanings_are_escaped(void **state) {
	AUTO(text_deinit) struct text text = TEXT_NULL;

	(void)state;
	exposition_family(&text, "a_total", "counter", "One \\ two\n\"three\".");
	exposition_sample(&text, "a_total", "x", "a\\b\"c\nd", "y", "Kế Sách", NULL);
	exposition_value(&text, UINT64_MAX);
	exposition_sample(&text, "a_total", NULL);
	exposition_seconds(&text, 1000001);
	exposition_sample(&text, "b", NULL);
	exposition_signed(&text, -5);
	assert_string_equal(text_get(&text),
	    "# HELP a_total One \\\\ two\\n\"three\".\n"
	    "# TYPE a_total counter\n"
	    "a_total{x=\"a\\\\b\\\"c\\nd\",y=\"Kế Sách\"} 18446744073709551615\n"
	    "a_total 1.000001\n"
	    "b -5\n");
}

struct stall {
	NodeStatistics statistics;
	NodeState state;
	MethodStatistics method;
	MethodStatistics *methods[1];
	PeerStatistics peers[2];
	PeerStatistics *peer_list[2];
	RegisterSize register_size;
	RegisterSize *registers[1];
	Watermark mark;
	Watermark *marks[1];
	struct text text;
};

static uint64_t by_status[] = { 4, 0, 0, 0, 0, 1 };
static uint64_t latency[] = { 1, 0, 0, 3, 1 };

static void fill(struct stall *stall) {
	*stall = (struct stall) {
		.statistics = NODE_STATISTICS__INIT,
		.state = NODE_STATE__INIT,
		.method = METHOD_STATISTICS__INIT,
		.peers = { PEER_STATISTICS__INIT, PEER_STATISTICS__INIT },
		.register_size = REGISTER_SIZE__INIT,
		.mark = WATERMARK__INIT,
	};
	stall->statistics.service = stall->state.service = writable("dossiers");
	stall->state.node = writable("H51");
	stall->state.version = writable("9");
	stall->state.store_bytes = 4096;
	stall->statistics.started_ms = 1700000000123;
	stall->method.method = writable("Dossiers/GetDossier");
	stall->method.by_status = by_status;
	stall->method.n_by_status = LENGTH_OF(by_status);
	stall->method.latency = latency;
	stall->method.n_latency = LENGTH_OF(latency);
	stall->method.latency_sum_us = 2500000;
	stall->methods[0] = &stall->method;
	stall->statistics.methods = stall->methods;
	stall->statistics.n_methods = 1;
	stall->peers[1].node = writable("H51.15");
	stall->peers[1].credit = -7;
	stall->peers[1].by_status = by_status;
	stall->peers[1].n_by_status = 1;
	stall->peer_list[0] = &stall->peers[0];
	stall->peer_list[1] = &stall->peers[1];
	stall->statistics.peers = stall->peer_list;
	stall->statistics.n_peers = 2;
	stall->register_size.name = writable("dossiers");
	stall->register_size.records = 12;
	stall->registers[0] = &stall->register_size;
	stall->state.registers = stall->registers;
	stall->state.n_registers = 1;
	stall->mark.origin = writable("H51");
	stall->mark.stream = STREAM__STREAM_RECORDS;
	stall->mark.epoch = 3;
	stall->mark.sequence = 99;
	stall->marks[0] = &stall->mark;
	stall->state.watermarks = stall->marks;
	stall->state.n_watermarks = 1;
}

static void print(struct stall *stall) {
	const struct metrics_service services[] = {
		{ "dossiers", &stall->statistics, &stall->state },
		{ "exchange", NULL, NULL },
	};

	metrics_print(services, LENGTH_OF(services), &stall->text);
}

static void close_stall(struct stall *stall) {
	text_deinit(&stall->text);
}

static void who_does_not_answer_is_down_and_says_nothing_else(void **state) {
	AUTO(close_stall) struct stall stall;

	(void)state;
	fill(&stall);
	print(&stall);
	expect_in(&stall.text, "# HELP cchc_up Whether the service answered.\n# TYPE cchc_up gauge\n"
	                       "cchc_up{service=\"dossiers\"} 1\ncchc_up{service=\"exchange\"} 0\n");
	expect_not_in(&stall.text, "bytes{service=\"exchange\"");
}

static void every_number_has_its_line(void **state) {
	static const char *const lines[] = {
		"\ncchc_info{service=\"dossiers\",node=\"H51\",version=\"9\"} 1\n",
		"\ncchc_start_time_seconds{service=\"dossiers\"} 1700000000.123000\n",
		"\ncchc_store_bytes{service=\"dossiers\"} 4096\n",
		"\ncchc_records{service=\"dossiers\",register=\"dossiers\"} 12\n",
		"\ncchc_log_sequence{service=\"dossiers\",origin=\"H51\",stream=\"STREAM_RECORDS\",epoch="
		"\"3\"} "
		"99\n",
		"\ncchc_calls_total{service=\"dossiers\",method=\"Dossiers/GetDossier\",status=\"OK\"} 4\n",
		"\ncchc_calls_total{service=\"dossiers\",method=\"Dossiers/"
		"GetDossier\",status=\"NOT_FOUND\"} "
		"1\n",
		"\ncchc_peer_credit_bytes{service=\"dossiers\",peer=\"office\"} 0\n",
		"\ncchc_peer_credit_bytes{service=\"dossiers\",peer=\"H51.15\"} -7\n",
		"\ncchc_peer_calls_total{service=\"dossiers\",peer=\"H51.15\",status=\"OK\"} 4\n",
	};
	AUTO(close_stall) struct stall stall;

	(void)state;
	fill(&stall);
	print(&stall);
	for (size_t i = 0; i < LENGTH_OF(lines); i++)
		expect_in(&stall.text, lines[i]);
	expect_not_in(&stall.text, "CANCELLED");
}

static void a_histogram_only_grows_and_ends_with_all(void **state) {
	static const char head[] = "cchc_call_duration_seconds_bucket{service=\"dossiers\",method="
	                           "\"Dossiers/GetDossier\",le=\"";
	AUTO(close_stall) struct stall stall;
	unsigned long long last = 0;
	const char *line;
	size_t buckets = 0;

	(void)state;
	fill(&stall);
	print(&stall);
	for (line = strstr(text_get(&stall.text), head); line; line = strstr(line + 1, head)) {
		unsigned long long count;

		assert_int_equal(sscanf(strchr(line, '}'), "} %llu", &count), 1);
		assert_true(count >= last);
		last = count;
		buckets++;
	}
	assert_int_equal(buckets, 28);
	assert_int_equal(last, 5);
	expect_in(&stall.text, "le=\"0.000001\"} 1\n");
	expect_in(&stall.text, "le=\"0.000008\"} 4\n");
	expect_in(&stall.text, "le=\"0.000016\"} 5\n");
	expect_in(&stall.text, "le=\"67.108864\"} 5\n");
	expect_in(&stall.text, "le=\"+Inf\"} 5\n");
	expect_in(&stall.text, "_sum{service=\"dossiers\",method=\"Dossiers/GetDossier\"} 2.500000\n"
	                       "cchc_call_duration_seconds_count{service=\"dossiers\",method="
	                       "\"Dossiers/GetDossier\"} 5\n");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_and_meanings_are_escaped),
		cmocka_unit_test(who_does_not_answer_is_down_and_says_nothing_else),
		cmocka_unit_test(every_number_has_its_line),
		cmocka_unit_test(a_histogram_only_grows_and_ends_with_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
