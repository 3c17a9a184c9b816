/* SPDX-License-Identifier: MIT */
/*
 * Writer
 *
 * A process that works off a load: each caller is a thread that adds its tasks to a committer, a
 * few at a time. Whatever is answered it says, and it says so after the answer.
 */
#pragma once

#include <sys/types.h>

#include "tests/faults/model.h"

enum { WRITER_NOT_OPENED = 3 }; /* its exit status when the store did not open */

struct writer_options {
	const char *folder;
	const struct model *model;  /* it goes on after what was answered */
	uint32_t count;             /* tasks of each caller, from the first ever */
	const char *environment[8]; /* "NAME=value" until null: what is loaded before it, and how */
};

struct writer {
	pid_t pid;
	int answers;
};

/* What main does when it is called as the writer. */
int writer_main(int argc, char **argv);

struct writer writer_start(const struct writer_options *options);

/* Note what it answers until it ends or the moment comes (clock_monotonic_us), at which it is
 * killed. Return: how it ended, as waitpid tells. */
int writer_follow(struct writer *writer, struct model *model, uint64_t until_us);

#define WRITER_TO_THE_END UINT64_MAX

/* The same of a writer with so many tasks that must do them all. */
void writer_run(const struct writer_options *options, struct model *model);
