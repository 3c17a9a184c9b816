/* SPDX-License-Identifier: MIT */
/*
 * A writer is killed again and again, at random moments and at random calls, and started again on
 * what it left. After each kill the store is compared with a model in memory: what was acknowledged
 * in any of its lives is there, the rest is there as a whole or not at all.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "common/base/clock.h"
#include "tests/faults/faults.h"
#include "tests/faults/writer.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

enum {
	CALLERS = 3,
	TASKS_WITHOUT_END = 1000000,
	LATEST_US = 80000, /* of a kill by the clock, from the start of the process */
	LATEST_WRITE = 60, /* of a kill by call */
	LATEST_OPENING = 6,
	PATIENCE_US = 60000000, /* until a call that was asked for must have come */
};

struct effort {
	unsigned kills;
	unsigned kills_a_store; /* then a new one, so that comparing stays short */
};

static struct effort effort = { 90, 30 };

struct tally_of_kills {
	unsigned kills;
	unsigned before_it_opened; /* that is, before anything was answered */
	uint64_t acknowledged;
	uint64_t found; /* beyond what was acknowledged */
};

struct lives_of_writer {
	struct chance chance;
	struct folder folder;
	struct model model;
	struct arena arena;
	struct tally_of_kills tally;
};

/* How the next life ends: by its environment, or else by the clock. */
struct end {
	char texts[3][64];
	bool by_call;
};

static struct end choose_end(struct chance *chance) {
	static const char *const kinds[] = { "kill", "torn" };
	bool opening = chance_of(chance, 10);
	uint32_t latest = opening ? LATEST_OPENING : LATEST_WRITE;
	struct end end = { .by_call = chance_of(chance, 50) };

	snprintf(
	    end.texts[0], sizeof(end.texts[0]), "CCHC_FAULT_CALLS=%s", opening ? "opening" : "writing");
	snprintf(
	    end.texts[1], sizeof(end.texts[1]), "CCHC_FAULT_KIND=%s", kinds[chance_below(chance, 2)]);
	snprintf(
	    end.texts[2], sizeof(end.texts[2]), "CCHC_FAULT_AT=%u", 1 + chance_below(chance, latest));
	return end;
}

static uint64_t total_answered(const struct model *model) {
	uint64_t total = 0;

	for (uint32_t i = 0; i < model->callers; i++)
		total += model->by_caller[i].answered;
	return total;
}

static void live_and_be_killed(struct lives_of_writer *lives) {
	struct end end = choose_end(&lives->chance);
	struct writer_options options = {
		.folder = lives->folder.path,
		.model = &lives->model,
		.count = TASKS_WITHOUT_END,
	};
	uint64_t answered = total_answered(&lives->model);
	uint64_t until_us = clock_monotonic_us();
	struct writer writer;
	int status;

	if (end.by_call) {
		options.environment[0] = "LD_PRELOAD=" FAULT_SHIM;
		for (size_t i = 0; i < LENGTH_OF(end.texts); i++)
			options.environment[1 + i] = end.texts[i];
	}
	until_us += end.by_call ? PATIENCE_US : chance_below(&lives->chance, LATEST_US);
	writer = writer_start(&options);
	status = writer_follow(&writer, &lives->model, until_us);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(!end.by_call || clock_monotonic_us() < until_us);
	answered = total_answered(&lives->model) - answered;
	lives->tally.kills++;
	lives->tally.acknowledged += answered;
	lives->tally.before_it_opened += answered == 0;
}

static void expect_store(struct lives_of_writer *lives) {
	AUTO(store_closep) struct store *store = NULL;
	struct model_found found;

	assert_int_equal(load_open_store(lives->folder.path, &store), STORE_OK);
	found = model_expect(&lives->model, store, &lives->arena);
	model_expect_whole(store, &lives->arena);
	for (uint32_t i = 0; i < CALLERS; i++)
		lives->tally.found += found.end[i] > model_end(&lives->model, i);
}

static void live_on_one_store(struct lives_of_writer *lives, unsigned kills) {
	model_init(&lives->model, lives->chance.seed, CALLERS);
	lives->folder = folder_new();
	for (unsigned i = 0; i < kills; i++) {
		live_and_be_killed(lives);
		expect_store(lives);
	}
	folder_remove(&lives->folder);
	model_deinit(&lives->model);
}

static void killed_at_any_moment_it_keeps_what_it_acknowledged(void **state) {
	struct lives_of_writer *lives = *state;
	uint64_t started_us = clock_monotonic_us();

	lives->chance = chance_new();
	while (lives->tally.kills < effort.kills) {
		unsigned left = effort.kills - lives->tally.kills;

		live_on_one_store(lives, left < effort.kills_a_store ? left : effort.kills_a_store);
		lives->chance.seed++; /* other tasks */
	}
	print_message("%u kills, %u of them before an answer; %llu tasks acknowledged, %llu times one "
	              "more was there; %.1f s\n",
	    lives->tally.kills, lives->tally.before_it_opened,
	    (unsigned long long)lives->tally.acknowledged, (unsigned long long)lives->tally.found,
	    (double)(clock_monotonic_us() - started_us) / 1e6);
	assert_true(lives->tally.acknowledged > 0);
	assert_true(lives->tally.found > 0);
}

static int lives_setup(void **state) {
	static struct lives_of_writer lives;

	arena_init(&lives.arena, (size_t)256 << 20);
	*state = &lives;
	return 0;
}

static int lives_teardown(void **state) {
	struct lives_of_writer *lives = *state;

	if (lives->tally.kills < effort.kills)
		print_message(
		    "after kill %u, on the store in %s\n", lives->tally.kills, lives->folder.path);
	arena_deinit(&lives->arena);
	return 0;
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    killed_at_any_moment_it_keeps_what_it_acknowledged, lives_setup, lives_teardown),
	};

	if (argc > 1 && strcmp(argv[1], "write") == 0)
		return writer_main(argc, argv);
	if (faults_in_full(argc, argv))
		effort = (struct effort) { 10000, 50 };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
