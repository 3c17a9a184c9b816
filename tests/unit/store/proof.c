/* SPDX-License-Identifier: MIT */
#include "tests/unit/store/proof.h"

#include <string.h>

enum { STEPS = 400 };

const struct proof_way proof_in_one_go = { .slice_us = 0 };
const struct proof_way proof_entry_by_entry = { .slice_us = 1 };
const struct proof_way proof_in_several_passes = { .slice_us = 50, .at_once = 90 };

VerifyNews proof_verify(struct office *office, const struct schema *schema, struct proof_way way) {
	VerifyNews news;

	arena_reset(&office->arena);
	assert_int_equal(verify_store(
	                     &(struct verify_options) {
	                         .store = office->desk.store,
	                         .schema = schema,
	                         .service = "dossiers",
	                         .slice_us = way.slice_us,
	                         .at_once = way.at_once,
	                     },
	                     &office->arena, &news),
	    VERIFY_OK);
	for (size_t i = 0; i < news.n_findings; i++)
		print_message("%s %s %s: expected \"%s\", found \"%s\"\n",
		    protobuf_c_enum_descriptor_get_value(
		        &verify_finding__kind__descriptor, (int)news.findings[i]->kind)
		        ->name,
		    news.findings[i]->table, news.findings[i]->place, news.findings[i]->expected,
		    news.findings[i]->found);
	return news;
}

VerifyResult *proof_expect_whole(struct office *office, struct proof_way way) {
	VerifyNews news = proof_verify(office, &dossiers_schema, way);

	assert_int_equal(news.result->findings, 0);
	assert_int_equal(news.n_findings, 0);
	assert_int_equal(news.done, news.total);
	return news.result;
}

void proof_expect_one(const VerifyNews *news, VerifyFinding__Kind kind, const char *place) {
	assert_int_equal(news->result->findings, 1);
	assert_int_equal(news->findings[0]->kind, kind);
	if (place)
		assert_string_equal(news->findings[0]->place, place);
}

void proof_expect_only(
    struct office *office, VerifyFinding__Kind kind, const char *table, const char *place) {
	const struct proof_way ways[] = { proof_in_one_go, proof_entry_by_entry,
		proof_in_several_passes };

	for (size_t i = 0; i < LENGTH_OF(ways); i++) {
		VerifyNews news = proof_verify(office, &dossiers_schema, ways[i]);

		proof_expect_one(&news, kind, place);
		assert_string_equal(news.findings[0]->table, table);
	}
}

int proof_office_open(void **state) {
	static struct office office;

	office_open(&office, STEPS);
	*state = &office;
	return 0;
}

int proof_office_close(void **state) {
	office_close(*state);
	return 0;
}
