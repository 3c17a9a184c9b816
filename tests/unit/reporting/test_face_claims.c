/* SPDX-License-Identifier: MIT */
/* Whatever the figures are: the claims that a report makes are the ones they allow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/reporting/face_office.h"

static uint64_t next_random(uint64_t *seed) {
	*seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *seed >> 33;
}

static int64_t random_up_to(uint64_t *random, int64_t most) {
	/* Both ends often: they are where sentences change. */
	switch (next_random(random) % 3) {
	case 0: return 0;
	case 1: return most;
	default: return most == 0 ? 0 : (int64_t)(next_random(random) % (uint64_t)most);
	}
}

static void randomise_level(struct office *office, uint64_t *random, const char *level) {
	int64_t received = random_up_to(random, 3000);
	int64_t solved = random_up_to(random, received);
	int64_t late = random_up_to(random, solved < 4 ? solved : 4);
	int64_t open_late = random_up_to(random, received - solved);
	int64_t direct = random_up_to(random, received);
	int64_t recorded = random_up_to(random, received);
	int64_t digitised = random_up_to(random, solved);
	const struct {
		const char *measure;
		int64_t numerator;
		int64_t denominator;
	} rows[] = {
		{ "received", received, -1 },
		{ "solved", solved, -1 },
		{ "late", late, -1 },
		{ "open", received - solved, -1 },
		{ "open_late", open_late, -1 },
		{ "open_in_time", received - solved - open_late, -1 },
		{ "direct", direct, -1 },
		{ "online", received - direct, -1 },
		{ "on_time_rate", solved - late, solved },
		{ "online_rate", received - direct, received },
		{ "recorded_provincial_rate", recorded, received },
		{ "digitised_rate", digitised, solved },
	};

	for (size_t i = 0; i < LENGTH_OF(rows); i++) {
		char id[80];

		snprintf(id, sizeof(id), "dossiers.%s.%s", level, rows[i].measure);
		if (rows[i].denominator < 0)
			seed_set_count(&office->seed, id, rows[i].numerator);
		else
			seed_set_rate(&office->seed, id, rows[i].numerator, rows[i].denominator);
	}
	for (size_t i = 0; i < SEED_LATE_MAX; i++)
		office->seed.late[i] = (struct report_dossier) {
			.code = "H51", .node = "H51.15", .due = { 1 }, .ended = { 2 }, .correction = ""
		};
	office->seed.report.late[level[0] == 'c'] =
	    (struct report_dossiers) { office->seed.late, (size_t)late };
}

static int64_t value(struct office *office, const char *id) {
	return seed_find(&office->seed, id)->value;
}

/* Sentences that may stand only when their figures say so, and must then. */
static void expect_claims(struct office *office) {
	int64_t received = value(office, "dossiers.district.received");
	int64_t solved = value(office, "dossiers.district.solved");
	int64_t late = value(office, "dossiers.district.late");
	int64_t commune_solved = value(office, "dossiers.commune.solved");
	int64_t commune_late = value(office, "dossiers.commune.late");
	const struct report_figure *online = seed_find(&office->seed, "dossiers.district.online_rate");
	const struct report_figure *digitised =
	    seed_find(&office->seed, "dossiers.district.digitised_rate");
	const struct {
		const char *words;
		bool expected;
	} claims[] = {
		{ "không có hồ sơ trễ hạn", received > 0 && late == 0 },
		{ "Một cửa huyện không có hồ sơ trả kết quả trễ hạn",
		    solved > 0 && late == 0 && value(office, "dossiers.district.open_late") == 0 },
		{ "trả kết quả trễ hạn trên hệ thống", late > 0 || commune_late > 0 },
		{ "100% hồ sơ cấp xã đã giải quyết trả kết quả", commune_solved > 0 && commune_late == 0 },
		{ "Một cửa huyện không phát sinh hồ sơ", received == 0 },
		{ "100% hồ sơ TTHC tại Bộ phận Một cửa huyện",
		    !online->none && online->numerator == online->denominator },
		{ "hành chính cấp huyện đạt chỉ tiêu", !digitised->none && digitised->value >= 8000 },
		{ "hành chính cấp huyện chưa đạt so với chỉ tiêu",
		    !digitised->none && digitised->value < 8000 && digitised->numerator > 0 },
		{ "Chưa thực hiện số hóa kết quả giải quyết hồ sơ thủ tục hành chính cấp huyện",
		    !digitised->none && digitised->numerator == 0 },
		{ "không phát sinh hạn chế", false },
		{ " ,", false },
		{ " .", false },
		{ ",,", false },
		{ ", ;", false },
	};
	char *form = strstr(office->plain.bytes, "BIỂU SỐ II.06");

	*form = '\0';
	for (size_t i = 0; i < LENGTH_OF(claims); i++) {
		if (says(office, claims[i].words) != claims[i].expected)
			fail_msg("%s: %s", claims[i].expected ? "not said" : "said", claims[i].words);
	}
}

static void whatever_the_figures_the_text_agrees(void **state) {
	struct office *office = *state;
	uint64_t random = 2024;

	for (int i = 0; i < 300; i++) {
		randomise_level(office, &random, "district");
		randomise_level(office, &random, "commune");
		print_text(office);
		expect_claims(office);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		SCENARIO(whatever_the_figures_the_text_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
