/* SPDX-License-Identifier: MIT */
/*
 * A committer on a disk that fails, against a model in memory: the set of jobs that were answered.
 * Whichever write or sync goes wrong, what was acknowledged is there, what was refused is not, and
 * the store is whole.
 */
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/store/committer.h"
#include "common/store/verify.h"
#include "tests/unit/store/desk.h"

#include "services/dossiers/dossiers.h"

enum { JOBS = 12, AT_ONCE = 3, FAULTS_MAX = 400, NOT_OPENED = 3 };

#define NODE "H51.15.61"

static const char *shim;

/* The writer: another process, under the shim ------------------------------------------------- */

struct job {
	struct committer_job base;
	uint32_t number;
	sem_t *answered;
};

static void code_of(uint32_t number, char code[32]) {
	snprintf(code, 32, NODE "-%04u", number);
}

static int run(struct committer_job *base, struct store_txn *txn) {
	const struct job *job = (const struct job *)base;
	Dossier dossier = DOSSIER__INIT;
	SupplementRound round = SUPPLEMENT_ROUND__INIT;
	const char *owner;
	char code[32];
	int r;

	code_of(job->number, code);
	dossier.code = code;
	dossier.unit = text_of(NODE);
	dossier.procedure = text_of("1.000001");
	dossier.accepted = 20240102080000 + job->number;
	dossier.status = DOSSIER__STATUS__PROCESSING;
	round.dossier = code;
	round.requested = 20240103080000;
	r = register_write(txn, &dossiers_register, &dossier.base, "tester", &owner);
	if (r >= 0)
		r = register_write(txn, &supplement_rounds_register, &round.base, "tester", &owner);
	return r < 0 ? r : 0;
}

static void answer(struct committer_job *base, int result) {
	const struct job *job = (const struct job *)base;
	int32_t line[2] = { (int32_t)job->number, result };

	if (write(STDOUT_FILENO, line, sizeof(line)) != sizeof(line))
		_exit(EXIT_FAILURE);
	sem_post(job->answered);
}

static int write_all(const char *folder) {
	static struct job jobs[JOBS];
	struct committer *committer;
	struct store *store;
	sem_t answered;

	sem_init(&answered, 0, 0);
	if (store_open(&(struct store_options) { .folder = folder, .node = NODE, .map_mib = 64 },
	        &store) != STORE_OK ||
	    committer_start(
	        &(struct committer_options) { .store = store, .queue_max = JOBS, .batch_max = AT_ONCE },
	        &committer) < 0)
		return NOT_OPENED;
	for (uint32_t i = 0; i < JOBS; i++) {
		jobs[i] = (struct job) { { .run = run, .done = answer }, i, &answered };
		committer_add(committer, &jobs[i].base);
		/* Some alone, some together. */
		if (i % 4 == 0)
			sem_wait(&answered);
	}
	committer_stop(committer);
	store_close(store);
	return EXIT_SUCCESS;
}

/* The model ----------------------------------------------------------------------------------- */

enum fate { UNANSWERED, KEPT, REFUSED };

struct trial {
	struct folder folder;
	char mark[96];
	enum fate fates[JOBS];
	int answered;
};

static void become_writer(const char *folder, const char *kind, int at, const char *mark, int out) {
	char number[16];

	snprintf(number, sizeof(number), "%d", at);
	setenv("CCHC_FAULT_AT", number, 1);
	setenv("CCHC_FAULT_KIND", kind, 1);
	setenv("CCHC_FAULT_MARK", mark, 1);
	setenv("LD_PRELOAD", shim, 1);
	dup2(out, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	execl("/proc/self/exe", "test_disk", "write", folder, (char *)NULL);
	_exit(127);
}

static void let_it_write(struct trial *trial, const char *kind, int at) {
	int32_t line[2];
	int pipes[2];
	int status;
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become_writer(trial->folder.path, kind, at, trial->mark, pipes[1]);
	close(pipes[1]);
	while (read(pipes[0], line, sizeof(line)) == sizeof(line)) {
		assert_true(line[0] >= 0 && line[0] < JOBS);
		assert_int_equal(trial->fates[line[0]], UNANSWERED);
		trial->fates[line[0]] = line[1] == 0 ? KEPT : REFUSED;
		trial->answered++;
	}
	close(pipes[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 127);
}

static void expect_model(const struct trial *trial) {
	AUTO(store_closep) struct store *store = NULL;
	AUTO(arena_deinit) struct arena arena;
	VerifyNews news;

	arena_init(&arena, (size_t)64 << 20);
	assert_int_equal(
	    store_open(
	        &(struct store_options) { .folder = trial->folder.path, .node = NODE, .map_mib = 64 },
	        &store),
	    STORE_OK);
	{
		AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;

		assert_int_equal(store_begin(store, STORE_READ, &txn), STORE_OK);
		txn.arena = &arena;
		for (uint32_t i = 0; i < JOBS; i++) {
			char code[32];

			code_of(i, code);
			if (trial->fates[i] != UNANSWERED)
				assert_int_equal(
				    register_has(&txn, &dossiers_register, code), trial->fates[i] == KEPT);
		}
		assert_int_equal(register_count(&txn, &dossiers_register),
		    register_count(&txn, &supplement_rounds_register));
	}
	assert_int_equal(
	    verify_store(
	        &(struct verify_options) { .store = store, .schema = &dossiers_schema, .service = "" },
	        &arena, &news),
	    VERIFY_OK);
	assert_int_equal(news.result->findings, 0);
}

/* Whether it came to the fault at all. */
static bool try_fault(const char *kind, int at, int *ret_answered) {
	struct trial trial = { .folder = folder_new() };
	bool happened;

	snprintf(trial.mark, sizeof(trial.mark), "%s.happened", trial.folder.path);
	let_it_write(&trial, kind, at);
	happened = access(trial.mark, F_OK) == 0;
	unlink(trial.mark);
	expect_model(&trial);
	folder_remove(&trial.folder);
	*ret_answered = trial.answered;
	return happened;
}

static void every_fault_of_a_kind(const char *kind) {
	int answered = 0;
	int least = JOBS;
	int at = 1;

	while (at < FAULTS_MAX && try_fault(kind, at, &answered)) {
		least = answered < least ? answered : least;
		at++;
	}
	print_message("%s: %d places\n", kind, at - 1);
	/* Without the fault all was answered; and some faults came before the end. */
	assert_int_equal(answered, JOBS);
	assert_true(least < JOBS && at > JOBS);
}

static void killed_at_any_write_or_sync(void **state) {
	(void)state;
	every_fault_of_a_kind("kill");
}

static void killed_in_the_middle_of_any_write(void **state) {
	(void)state;
	every_fault_of_a_kind("torn");
}

static void no_room_at_any_write_or_sync(void **state) {
	(void)state;
	every_fault_of_a_kind("enospc");
}

static void an_error_of_the_disk_at_any_write_or_sync(void **state) {
	(void)state;
	every_fault_of_a_kind("eio");
}

int main(int argc, char **argv) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(killed_at_any_write_or_sync),
		cmocka_unit_test(killed_in_the_middle_of_any_write),
		cmocka_unit_test(no_room_at_any_write_or_sync),
		cmocka_unit_test(an_error_of_the_disk_at_any_write_or_sync),
	};

	if (argc == 3 && strcmp(argv[1], "write") == 0)
		return write_all(argv[2]);
	shim = argc > 1 ? argv[1] : "";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
