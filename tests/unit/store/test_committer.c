/* SPDX-License-Identifier: MIT */
#include "common/store/committer.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/store/cells.h"
#include "tests/unit/store/desk.h"

enum { JOBS = 12, JOB_BYTES = 1000, DEADLINE_S = 60, REFUSED = 42, UNANSWERED = INT32_MIN };

/* What a job does with the transaction. */
enum act {
	ACT_PUT,
	ACT_WAIT, /* puts when the gate is opened: whatever is added meanwhile waits together */
	ACT_REFUSE,
	ACT_PUT_AND_REFUSE,
	ACT_COUNT_AND_REFUSE,
	ACT_BREAK_THE_STORE,
	ACT_PUT_TOO_MUCH,
};

struct office {
	struct desk desk;
	struct committer *committer;
	sem_t entered;  /* the waiting job runs */
	sem_t gate;     /* and may go on */
	sem_t answered; /* once for each job */
};

struct job {
	struct committer_job base;
	struct office *office;
	enum act act;
	uint32_t number;
	int runs;
	size_t writes_before; /* of its transaction, when it last ran */
	int answer;
	bool there; /* on the disk when it was answered */
};

static void wait_for(sem_t *semaphore) {
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += DEADLINE_S;
	if (sem_timedwait(semaphore, &deadline) < 0)
		fail_msg("nothing happened in %d s", DEADLINE_S);
}

static struct key key_of(uint32_t number) {
	struct key key = KEY_EMPTY;

	key_add_u32(&key, number);
	return key;
}

static bool is_there(struct office *office, uint32_t number) {
	AUTO(store_abort) struct store_txn txn = STORE_TXN_NULL;
	struct key key = key_of(number);
	struct store_value value;

	return store_begin(office->desk.store, STORE_READ, &txn) == STORE_OK &&
	       store_get(&txn, TABLE_STATE, &key, &value) == STORE_OK;
}

static void put(struct job *job, struct store_txn *txn) {
	struct key key = key_of(job->number);

	store_put(txn, TABLE_STATE, &key, "x", 1);
}

static void count(struct store_txn *txn) {
	static const struct measure_table table = { .name = "things", .number = 1 };
	struct contribution item = { .day = DAY_NONE, .amount = 1, .unit = "", .category = "" };

	cells_add(txn, &table, &item, +1); /* the empty name needs no put */
}

static void put_too_much(struct store_txn *txn) {
	static const char bytes[1 << 20];

	for (uint32_t i = 0; i < 300 && !txn->error; i++) {
		struct key key = key_of(1 << 20 | i);

		store_put(txn, TABLE_STATE, &key, bytes, sizeof(bytes));
	}
}

static int run(struct committer_job *base, struct store_txn *txn) {
	struct job *job = (struct job *)base;

	job->runs++;
	job->writes_before = txn->writes;
	switch (job->act) {
	case ACT_WAIT:
		sem_post(&job->office->entered);
		sem_wait(&job->office->gate);
		put(job, txn);
		return 0;
	case ACT_PUT: put(job, txn); return 0;
	case ACT_REFUSE: return REFUSED;
	case ACT_PUT_AND_REFUSE: put(job, txn); return REFUSED;
	case ACT_COUNT_AND_REFUSE: count(txn); return REFUSED;
	case ACT_BREAK_THE_STORE:
		put(job, txn);
		store_fail(txn, -ENOMEM);
		return 0;
	case ACT_PUT_TOO_MUCH: put_too_much(txn); return 0;
	}
	return 0;
}

static void done(struct committer_job *base, int result) {
	struct job *job = (struct job *)base;

	job->answer = result;
	job->there = is_there(job->office, job->number);
	sem_post(&job->office->answered);
}

static struct job job_of(struct office *office, enum act act, uint32_t number) {
	return (struct job) {
		.base = { .run = run, .done = done, .bytes = JOB_BYTES },
		.office = office,
		.act = act,
		.number = number,
		.answer = UNANSWERED,
	};
}

static void start_with(struct office *office, struct committer_options options) {
	options.store = office->desk.store;
	assert_int_equal(committer_start(&options, &office->committer), 0);
}

static void start(struct office *office, size_t queue_max, size_t batch_max) {
	start_with(
	    office, (struct committer_options) { .queue_max = queue_max, .batch_max = batch_max });
}

static int office_open(void **state) {
	static struct office office;

	desk_open(&office.desk, "H51.15");
	sem_init(&office.entered, 0, 0);
	sem_init(&office.gate, 0, 0);
	sem_init(&office.answered, 0, 0);
	office.committer = NULL;
	*state = &office;
	return 0;
}

static int office_close(void **state) {
	struct office *office = *state;

	if (office->committer)
		committer_stop(office->committer);
	desk_close(&office->desk);
	return 0;
}

static void add(struct office *office, struct job *job) {
	assert_int_equal(committer_add(office->committer, &job->base), COMMITTER_OK);
}

/* Jobs that wait together while one is at work, and are answered; `jobs` gets them. */
static void run_together(struct office *office, const enum act acts[JOBS], struct job jobs[JOBS]) {
	struct job first = job_of(office, ACT_WAIT, 1000);

	add(office, &first);
	wait_for(&office->entered);
	for (uint32_t i = 0; i < JOBS; i++) {
		jobs[i] = job_of(office, acts[i], i);
		add(office, &jobs[i]);
	}
	sem_post(&office->gate);
	for (int i = 0; i < JOBS + 1; i++)
		wait_for(&office->answered);
	assert_int_equal(first.answer, 0);
}

static void expect_kept(const struct job *job) {
	assert_int_equal(job->answer, 0);
	assert_true(job->there);
}

/* All put, but for one. */
static void expect_alone(struct office *office, enum act act, int answer, int runs_of_others) {
	enum act acts[JOBS] = { ACT_PUT };
	struct job jobs[JOBS];

	acts[JOBS / 2] = act;
	start(office, 100, 100);
	run_together(office, acts, jobs);
	for (int i = 0; i < JOBS; i++) {
		if (i == JOBS / 2) {
			assert_int_equal(jobs[i].answer, answer);
			assert_int_equal(jobs[i].runs, 1);
			assert_false(jobs[i].there);
		} else {
			expect_kept(&jobs[i]);
			assert_int_equal(jobs[i].runs, i < JOBS / 2 ? runs_of_others : 1);
		}
	}
}

static void expect_transactions_of(
    struct office *office, struct committer_options options, size_t jobs_each) {
	static const enum act acts[JOBS] = { ACT_PUT };
	struct job jobs[JOBS];

	options.queue_max = 100;
	start_with(office, options);
	run_together(office, acts, jobs);
	for (size_t i = 0; i < JOBS; i++) {
		expect_kept(&jobs[i]);
		assert_int_equal(jobs[i].runs, 1);
		assert_int_equal(jobs[i].writes_before, i % jobs_each);
	}
}

static void jobs_that_wait_together_share_a_transaction(void **state) {
	expect_transactions_of(*state, (struct committer_options) { .batch_max = 100 }, JOBS);
}

static void a_transaction_takes_no_more_jobs_than_told(void **state) {
	expect_transactions_of(*state, (struct committer_options) { .batch_max = 5 }, 5);
}

static void no_jobs_a_transaction_is_taken_for_one(void **state) {
	expect_transactions_of(*state, (struct committer_options) { .batch_max = 0 }, 1);
}

static void a_transaction_takes_no_more_bytes_than_told(void **state) {
	expect_transactions_of(
	    *state, (struct committer_options) { .batch_max = 100, .batch_bytes = 3 * JOB_BYTES }, 3);
}

static void a_job_larger_than_a_transaction_has_one_of_its_own(void **state) {
	expect_transactions_of(
	    *state, (struct committer_options) { .batch_max = 100, .batch_bytes = 1 }, 1);
}

static void a_transaction_runs_no_longer_than_told(void **state) {
	expect_transactions_of(
	    *state, (struct committer_options) { .batch_max = 100, .batch_us = 1 }, 1);
}

static void a_job_that_refuses_is_answered_alone(void **state) {
	expect_alone(*state, ACT_REFUSE, REFUSED, 1);
}

static void a_job_that_refuses_after_writing_leaves_nothing(void **state) {
	expect_alone(*state, ACT_PUT_AND_REFUSE, REFUSED, 2);
}

static void a_job_that_refuses_after_counting_leaves_no_count(void **state) {
	struct office *office = *state;

	expect_alone(office, ACT_COUNT_AND_REFUSE, REFUSED, 2);
	assert_int_equal(desk_dump(&office->desk, TABLE_CELLS).size, 0);
}

static void a_store_error_of_one_job_is_that_job_s_alone(void **state) {
	expect_alone(*state, ACT_BREAK_THE_STORE, -ENOMEM, 2);
}

static void a_job_that_does_not_fit_into_the_store_is_answered_alone(void **state) {
	expect_alone(*state, ACT_PUT_TOO_MUCH, -ENOSPC, 2);
}

static void several_failing_jobs_do_not_hurt_the_others(void **state) {
	static const enum act acts[JOBS] = { ACT_PUT_AND_REFUSE, ACT_PUT, ACT_BREAK_THE_STORE,
		ACT_REFUSE, ACT_PUT, ACT_PUT_AND_REFUSE, ACT_PUT_TOO_MUCH, ACT_PUT, ACT_COUNT_AND_REFUSE,
		ACT_PUT, ACT_PUT, ACT_BREAK_THE_STORE };
	struct office *office = *state;
	struct job jobs[JOBS];

	start(office, 100, 100);
	run_together(office, acts, jobs);
	for (int i = 0; i < JOBS; i++) {
		if (acts[i] == ACT_PUT)
			expect_kept(&jobs[i]);
		else
			assert_true(jobs[i].answer != 0 && !jobs[i].there && jobs[i].runs == 1);
	}
}

static void a_full_queue_refuses_and_takes_again(void **state) {
	struct office *office = *state;
	struct job first = job_of(office, ACT_WAIT, 1);
	struct job second = job_of(office, ACT_PUT, 2);
	struct job third = job_of(office, ACT_PUT, 3);

	start(office, 1, 100);
	add(office, &first);
	wait_for(&office->entered);
	add(office, &second);
	assert_int_equal(committer_add(office->committer, &third.base), COMMITTER_FULL);
	sem_post(&office->gate);
	wait_for(&office->answered);
	wait_for(&office->answered);
	assert_int_equal(third.answer, UNANSWERED);
	add(office, &third);
	wait_for(&office->answered);
	expect_kept(&second);
	expect_kept(&third);
}

static void stopping_finishes_what_waits(void **state) {
	struct office *office = *state;
	struct job first = job_of(office, ACT_WAIT, 1000);
	struct job jobs[JOBS];

	start(office, 100, 5);
	add(office, &first);
	wait_for(&office->entered);
	for (uint32_t i = 0; i < JOBS; i++) {
		jobs[i] = job_of(office, ACT_PUT, i);
		add(office, &jobs[i]);
	}
	sem_post(&office->gate);
	committer_stop(office->committer);
	office->committer = NULL;
	for (int i = 0; i < JOBS; i++)
		expect_kept(&jobs[i]);
}

static void without_room_on_the_disk_every_job_is_told(void **state) {
	struct office *office = *state;
	struct store_options options = {
		.folder = office->desk.folder.path,
		.node = office->desk.node,
		.map_mib = 256,
		.reserve_mib = UINT64_C(1) << 40,
	};
	struct job job = job_of(office, ACT_PUT, 1);

	store_closep(&office->desk.store);
	assert_int_equal(store_open(&options, &office->desk.store), STORE_OK);
	start(office, 100, 100);
	add(office, &job);
	wait_for(&office->answered);
	assert_int_equal(job.answer, -ENOSPC);
	assert_int_equal(job.runs, 0);
}

enum { THREADS = 4, JOBS_A_THREAD = 150 };

struct crowd {
	struct office *office;
	struct job jobs[JOBS_A_THREAD];
	uint32_t number;
};

static void *add_many(void *context) {
	static const enum act acts[] = { ACT_PUT, ACT_PUT, ACT_PUT, ACT_REFUSE, ACT_PUT,
		ACT_PUT_AND_REFUSE, ACT_BREAK_THE_STORE };
	struct crowd *crowd = context;

	for (uint32_t i = 0; i < JOBS_A_THREAD; i++) {
		struct job *job = &crowd->jobs[i];

		*job = job_of(crowd->office, acts[(i + crowd->number) % LENGTH_OF(acts)],
		    crowd->number * JOBS_A_THREAD + i);
		while (committer_add(crowd->office->committer, &job->base) == COMMITTER_FULL)
			sched_yield();
	}
	return NULL;
}

static void jobs_of_many_threads_are_each_answered_once(void **state) {
	static struct crowd crowds[THREADS];
	pthread_t threads[THREADS];
	struct office *office = *state;

	start(office, 20, 16);
	for (uint32_t i = 0; i < THREADS; i++) {
		crowds[i].office = office;
		crowds[i].number = i;
		assert_int_equal(pthread_create(&threads[i], NULL, add_many, &crowds[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	committer_stop(office->committer);
	office->committer = NULL;
	for (int i = 0; i < THREADS * JOBS_A_THREAD; i++)
		assert_int_equal(sem_trywait(&office->answered), 0);
	assert_int_equal(sem_trywait(&office->answered), -1);
	for (int i = 0; i < THREADS; i++)
		for (int j = 0; j < JOBS_A_THREAD; j++) {
			const struct job *job = &crowds[i].jobs[j];

			assert_int_equal(job->answer == 0, job->act == ACT_PUT);
			assert_int_equal(job->there, job->act == ACT_PUT);
			assert_int_equal(is_there(office, job->number), job->there);
		}
}

#define OFFICE_TEST(claim) cmocka_unit_test_setup_teardown(claim, office_open, office_close)

int main(void) {
	const struct CMUnitTest tests[] = {
		OFFICE_TEST(jobs_that_wait_together_share_a_transaction),
		OFFICE_TEST(a_transaction_takes_no_more_jobs_than_told),
		OFFICE_TEST(no_jobs_a_transaction_is_taken_for_one),
		OFFICE_TEST(a_transaction_takes_no_more_bytes_than_told),
		OFFICE_TEST(a_job_larger_than_a_transaction_has_one_of_its_own),
		OFFICE_TEST(a_transaction_runs_no_longer_than_told),
		OFFICE_TEST(a_job_that_refuses_is_answered_alone),
		OFFICE_TEST(a_job_that_refuses_after_writing_leaves_nothing),
		OFFICE_TEST(a_job_that_refuses_after_counting_leaves_no_count),
		OFFICE_TEST(a_store_error_of_one_job_is_that_job_s_alone),
		OFFICE_TEST(a_job_that_does_not_fit_into_the_store_is_answered_alone),
		OFFICE_TEST(several_failing_jobs_do_not_hurt_the_others),
		OFFICE_TEST(a_full_queue_refuses_and_takes_again),
		OFFICE_TEST(stopping_finishes_what_waits),
		OFFICE_TEST(without_room_on_the_disk_every_job_is_told),
		OFFICE_TEST(jobs_of_many_threads_are_each_answered_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
