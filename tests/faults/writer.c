/* SPDX-License-Identifier: MIT */
#include "tests/faults/writer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/store/committer.h"
#include "tests/faults/recording.h"
#include "tests/unit/store/desk.h"

enum { AT_ONCE = 4, BATCH_MAX = 6, ARGUMENTS_MAX = 16, NOT_STARTED = 127 };

/* The process ---------------------------------------------------------------------------------- */

struct caller;

struct job {
	struct committer_job base;
	struct task task;
	struct caller *caller;
	int answer;
};

struct caller {
	struct committer *committer;
	pthread_t thread;
	uint64_t seed;
	uint32_t caller;
	uint32_t first;
	uint32_t count;
	struct job jobs[AT_ONCE];
	sem_t free;
};

static int run(struct committer_job *base, struct store_txn *txn) {
	struct job *job = (struct job *)base;

	job->answer = task_run(&job->task, txn);
	return job->answer == TASK_DONE || job->answer == TASK_DONE_BEFORE ? 0 : job->answer;
}

static void done(struct committer_job *base, int result) {
	struct job *job = (struct job *)base;
	struct model_answer answer = { job->task.caller, job->task.number, job->answer };

	if (result < 0)
		answer.result = result;
	recording_mark(&answer, sizeof(answer));
	if (write(STDOUT_FILENO, &answer, sizeof(answer)) != sizeof(answer))
		_exit(EXIT_FAILURE);
	sem_post(&job->caller->free);
}

static void wait_for_all(struct caller *caller) {
	for (int i = 0; i < AT_ONCE; i++)
		sem_wait(&caller->free);
	for (int i = 0; i < AT_ONCE; i++)
		sem_post(&caller->free);
}

static void *work(void *context) {
	struct caller *caller = context;

	for (uint32_t number = caller->first; number < caller->count; number++) {
		/* Answers come in the order of the tasks. */
		struct job *job = &caller->jobs[number % AT_ONCE];

		sem_wait(&caller->free);
		*job = (struct job) { .base = { .run = run, .done = done }, .caller = caller };
		job->task = load_task(caller->seed, caller->caller, number);
		if (committer_add(caller->committer, &job->base) != COMMITTER_OK)
			_exit(EXIT_FAILURE);
		/* Some alone, some together. */
		if (number % 3 == caller->caller % 3)
			wait_for_all(caller);
	}
	wait_for_all(caller);
	return NULL;
}

/* FOLDER SEED COUNT, and where each caller begins. */
int writer_main(int argc, char **argv) {
	static struct caller callers[LOAD_CALLERS_MAX];
	struct committer *committer;
	struct store *store;
	int count = argc - 5;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (load_open_store(argv[2], &store) != STORE_OK ||
	    committer_start(
	        &(struct committer_options) {
	            .store = store, .queue_max = LOAD_CALLERS_MAX * AT_ONCE, .batch_max = BATCH_MAX },
	        &committer) < 0)
		return WRITER_NOT_OPENED;
	for (int i = 0; i < count; i++) {
		callers[i] = (struct caller) {
			.committer = committer,
			.seed = strtoull(argv[3], NULL, 10),
			.caller = (uint32_t)i,
			.first = (uint32_t)strtoul(argv[5 + i], NULL, 10),
			.count = (uint32_t)strtoul(argv[4], NULL, 10),
		};
		sem_init(&callers[i].free, 0, AT_ONCE);
		if (pthread_create(&callers[i].thread, NULL, work, &callers[i]))
			return EXIT_FAILURE;
	}
	for (int i = 0; i < count; i++)
		pthread_join(callers[i].thread, NULL);
	committer_stop(committer);
	store_close(store);
	return EXIT_SUCCESS;
}

/* Whoever starts it -----------------------------------------------------------------------------
 */

static void become_writer(const struct writer_options *options, int answers) {
	char texts[ARGUMENTS_MAX][24];
	char *arguments[ARGUMENTS_MAX] = { text_of("writer"), text_of("write"),
		text_of(options->folder), texts[3], texts[4] };

	snprintf(texts[3], sizeof(texts[3]), "%llu", (unsigned long long)options->model->seed);
	snprintf(texts[4], sizeof(texts[4]), "%u", options->count);
	for (uint32_t i = 0; i < options->model->callers; i++) {
		arguments[5 + i] = texts[5 + i];
		snprintf(texts[5 + i], sizeof(texts[0]), "%u", options->model->by_caller[i].answered);
	}
	for (size_t i = 0; options->environment[i]; i++)
		putenv(text_of(options->environment[i]));
	dup2(answers, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	execv("/proc/self/exe", arguments);
	_exit(NOT_STARTED);
}

struct writer writer_start(const struct writer_options *options) {
	struct writer writer;
	int pipes[2];

	assert_return_code(pipe2(pipes, O_CLOEXEC), 0);
	writer.answers = pipes[0];
	writer.pid = fork();
	assert_return_code(writer.pid, 0);
	if (writer.pid == 0)
		become_writer(options, pipes[1]);
	close(pipes[1]);
	return writer;
}

/* Whether there is something to read, or the end; else the moment has come. */
static bool wait_for_answer(const struct writer *writer, uint64_t until_us) {
	struct pollfd answers = { .fd = writer->answers, .events = POLLIN };

	for (;;) {
		uint64_t now_us = clock_monotonic_us();
		uint64_t left_us = until_us > now_us ? until_us - now_us : 0;
		struct timespec left = { (time_t)(left_us / 1000000), (long)(left_us % 1000000 * 1000) };

		if (ppoll(&answers, 1, until_us == WRITER_TO_THE_END ? NULL : &left, NULL) > 0)
			return true;
		if (left_us == 0)
			return false;
	}
}

int writer_follow(struct writer *writer, struct model *model, uint64_t until_us) {
	struct model_answer answer;
	int status;

	for (;;) {
		if (clock_monotonic_us() >= until_us || !wait_for_answer(writer, until_us)) {
			kill(writer->pid, SIGKILL);
			until_us = WRITER_TO_THE_END;
		}
		if (read(writer->answers, &answer, sizeof(answer)) != sizeof(answer))
			break;
		model_note(model, &answer);
	}
	close(writer->answers);
	assert_int_equal(waitpid(writer->pid, &status, 0), writer->pid);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED);
	return status;
}

void writer_run(const struct writer_options *options, struct model *model) {
	struct writer writer = writer_start(options);
	int status = writer_follow(&writer, model, WRITER_TO_THE_END);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
	for (uint32_t i = 0; i < model->callers; i++)
		assert_int_equal(model->by_caller[i].answered, options->count);
}
