/* SPDX-License-Identifier: MIT */
/*
 * A committer on a disk that fails, against a model in memory. Whichever call goes wrong, what was
 * acknowledged is there, what was refused is not, and the store is whole.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/faults/writer.h"
#include "tests/unit/store/chance.h"
#include "tests/unit/store/desk.h"

enum { CALLERS = 2, TASKS = 8, TASKS_AGAIN = 14, FAULTS_MAX = 400 };

struct fault {
	const char *calls; /* CCHC_FAULT_CALLS */
	const char *kind;  /* CCHC_FAULT_KIND */
	/* Tasks that were done before, so that the store is there already; 0: it is made. */
	uint32_t before;
};

struct trial {
	struct folder folder;
	struct model model;
	struct arena arena;
};

static int trial_setup(void **state) {
	static struct trial trial;

	arena_init(&trial.arena, (size_t)64 << 20);
	*state = &trial;
	return 0;
}

static int trial_teardown(void **state) {
	struct trial *trial = *state;

	arena_deinit(&trial->arena);
	return 0;
}

static uint32_t answered(const struct model *model) {
	uint32_t count = 0;

	for (uint32_t i = 0; i < model->callers; i++)
		count += model->by_caller[i].answered;
	return count;
}

/* Return: whether it came to the fault at all. */
static bool write_under_fault(struct trial *trial, const struct fault *fault, int at) {
	struct writer_options options = {
		.folder = trial->folder.path,
		.model = &trial->model,
		.count = fault->before ? TASKS_AGAIN : TASKS,
		.environment = { "LD_PRELOAD=" FAULT_SHIM },
	};
	struct writer writer;
	char texts[4][128];
	bool happened;
	int status;

	snprintf(texts[0], sizeof(texts[0]), "CCHC_FAULT_CALLS=%s", fault->calls);
	snprintf(texts[1], sizeof(texts[1]), "CCHC_FAULT_KIND=%s", fault->kind);
	snprintf(texts[2], sizeof(texts[2]), "CCHC_FAULT_AT=%d", at);
	snprintf(texts[3], sizeof(texts[3]), "CCHC_FAULT_MARK=%s.happened", trial->folder.path);
	for (size_t i = 0; i < LENGTH_OF(texts); i++)
		options.environment[1 + i] = texts[i];
	trial->model.disk_fails = true;
	writer = writer_start(&options);
	status = writer_follow(&writer, &trial->model, WRITER_TO_THE_END);
	happened = unlink(strchr(texts[3], '=') + 1) == 0;
	/* It ends by itself, with a status that it has, or the fault killed it. */
	assert_true(WIFEXITED(status) || (happened && WTERMSIG(status) == SIGKILL));
	assert_true(happened || WEXITSTATUS(status) == EXIT_SUCCESS);
	return happened;
}

static void expect_store(struct trial *trial) {
	AUTO(store_closep) struct store *store = NULL;

	assert_int_equal(load_open_store(trial->folder.path, &store), STORE_OK);
	model_expect(&trial->model, store, &trial->arena);
	model_expect_whole(store, &trial->arena);
}

static bool try_fault(struct trial *trial, const struct fault *fault, uint64_t seed, int at) {
	struct writer_options before = {
		.folder = trial->folder.path,
		.model = &trial->model,
		.count = fault->before,
	};
	bool happened;

	model_init(&trial->model, seed, CALLERS);
	trial->folder = folder_new();
	if (fault->before)
		writer_run(&before, &trial->model);
	happened = write_under_fault(trial, fault, at);
	expect_store(trial);
	folder_remove(&trial->folder);
	return happened;
}

static void every_fault(struct trial *trial, const struct fault *fault) {
	struct chance chance = chance_new();
	uint32_t all = CALLERS * (fault->before ? TASKS_AGAIN : TASKS);
	uint32_t least = all;
	int at = 1;

	while (at < FAULTS_MAX && try_fault(trial, fault, chance.seed, at)) {
		least = answered(&trial->model) < least ? answered(&trial->model) : least;
		model_deinit(&trial->model);
		at++;
	}
	print_message("%s %s: %d places\n", fault->calls, fault->kind, at - 1);
	/* Without the fault all was answered; and some faults came before the end. */
	assert_int_equal(answered(&trial->model), all);
	assert_true(least < all && at > 1);
	model_deinit(&trial->model);
}

static void killed_at_any_write_or_sync(void **state) {
	every_fault(*state, &(struct fault) { "writing", "kill", 0 });
}

static void killed_in_the_middle_of_any_write(void **state) {
	every_fault(*state, &(struct fault) { "writing", "torn", 0 });
}

static void no_room_at_any_write_or_sync(void **state) {
	every_fault(*state, &(struct fault) { "writing", "enospc", 0 });
}

static void an_error_of_the_disk_at_any_write_or_sync(void **state) {
	every_fault(*state, &(struct fault) { "writing", "eio", 0 });
}

static void full_from_any_write_on(void **state) {
	every_fault(*state, &(struct fault) { "writing", "full", 0 });
}

static void dead_from_any_write_or_sync_on(void **state) {
	every_fault(*state, &(struct fault) { "writing", "dead", 0 });
}

static void any_write_that_failed_may_be_on_the_disk(void **state) {
	every_fault(*state, &(struct fault) { "writing", "late", 0 });
}

static void every_fault_of_opening(struct trial *trial, const char *kind) {
	every_fault(trial, &(struct fault) { "opening", kind, 0 });
	every_fault(trial, &(struct fault) { "opening", kind, TASKS });
}

static void killed_while_it_opens(void **state) {
	every_fault_of_opening(*state, "kill");
}

static void no_room_while_it_opens(void **state) {
	every_fault_of_opening(*state, "enospc");
}

static void an_error_of_the_disk_while_it_opens(void **state) {
	every_fault_of_opening(*state, "eio");
}

static void too_many_files_while_it_opens(void **state) {
	every_fault_of_opening(*state, "emfile");
}

static void no_memory_while_it_opens(void **state) {
	every_fault_of_opening(*state, "enomem");
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_write_or_sync),
		cmocka_unit_test(killed_in_the_middle_of_any_write),
		cmocka_unit_test(no_room_at_any_write_or_sync),
		cmocka_unit_test(an_error_of_the_disk_at_any_write_or_sync),
		cmocka_unit_test(full_from_any_write_on),
		cmocka_unit_test(dead_from_any_write_or_sync_on),
		cmocka_unit_test(any_write_that_failed_may_be_on_the_disk),
		cmocka_unit_test(killed_while_it_opens),
		cmocka_unit_test(no_room_while_it_opens),
		cmocka_unit_test(an_error_of_the_disk_while_it_opens),
		cmocka_unit_test(too_many_files_while_it_opens),
		cmocka_unit_test(no_memory_while_it_opens),
	};

	if (argc > 1 && strcmp(argv[1], "write") == 0)
		return writer_main(argc, argv);
	return cmocka_run_group_tests(tests, trial_setup, trial_teardown);
}
