/* SPDX-License-Identifier: MIT */
/*
 * cchc-line: runs two commands at the ends of a line (line.h), for tests in other languages.
 *
 *   cchc-line [--seed N] [--say WORDS] --left COMMAND --right COMMAND
 *
 * The line is as WORDS say from the start; lines of standard input change it while it runs, and
 * each is answered with one line on standard error. The commands go through sh and find the
 * addresses in LINE_LEFT and LINE_RIGHT. When the right one has ended the left one is told to
 * (SIGTERM), and the exit status is the right one's; 77: this machine does not allow it.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/harness/line.h"

enum { USAGE = 2, WORDS_MAX = 256 };

struct arguments {
	uint64_t seed;
	const char *words;
	const char *commands[2];
};

static bool parse(struct arguments *arguments, char **argv) {
	for (char **argument = argv + 1; *argument; argument += 2) {
		if (!argument[1])
			return false;
		if (strcmp(*argument, "--seed") == 0)
			arguments->seed = strtoull(argument[1], NULL, 0);
		else if (strcmp(*argument, "--say") == 0)
			arguments->words = argument[1];
		else if (strcmp(*argument, "--left") == 0)
			arguments->commands[LINE_LEFT] = argument[1];
		else if (strcmp(*argument, "--right") == 0)
			arguments->commands[LINE_RIGHT] = argument[1];
		else
			return false;
	}
	return arguments->commands[LINE_LEFT] && arguments->commands[LINE_RIGHT];
}

static pid_t start(struct line *line, enum line_end end, const char *command) {
	pid_t process = fork();

	if (process)
		return process;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0);
	setenv("LINE_LEFT", LINE_LEFT_ADDRESS, 1);
	setenv("LINE_RIGHT", LINE_RIGHT_ADDRESS, 1);
	if (line_enter(line, end) == 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* Return: whether there may be more to say. */
static bool pass_on(struct line *line) {
	char words[WORDS_MAX];

	if (!fgets(words, sizeof(words), stdin))
		return false;
	fputs(line_say(line, words) < 0 ? "line: no words of a line\n" : "line: ok\n", stderr);
	return true;
}

static int status_of(pid_t process) {
	int status;

	if (waitpid(process, &status, 0) < 0)
		return EXIT_FAILURE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run(struct line *line, const struct arguments *arguments) {
	pid_t left = start(line, LINE_LEFT, arguments->commands[LINE_LEFT]);
	pid_t right = start(line, LINE_RIGHT, arguments->commands[LINE_RIGHT]);
	AUTO(file_descriptor_close) int ended = (int)syscall(SYS_pidfd_open, right, 0);
	struct pollfd items[] = {
		{ .fd = ended, .events = POLLIN },
		{ .fd = STDIN_FILENO, .events = POLLIN },
	};
	int status;

	/* What fgets has read ahead must not wait for more. */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (left > 0 && ended >= 0 && !items[0].revents) {
		if (poll(items, LENGTH_OF(items), -1) < 0 && errno != EINTR)
			break;
		if (items[1].revents && !pass_on(line))
			items[1].fd = -1;
	}
	status = right > 0 ? status_of(right) : EXIT_FAILURE;
	if (left > 0) {
		kill(-left, SIGTERM); /* with all that it started */
		status_of(left);
	}
	return status;
}

int main(int argc, char **argv) {
	struct arguments arguments = { .words = "clear" };
	AUTO(line_closep) struct line *line = NULL;
	int r;

	(void)argc;
	if (!parse(&arguments, argv)) {
		fputs("usage: cchc-line [--seed N] [--say WORDS] --left COMMAND --right COMMAND\n", stderr);
		return USAGE;
	}
	r = line_open(arguments.seed, &line);
	if (r == 0)
		r = line_say(line, arguments.words);
	if (r)
		return r == LINE_NOT_ALLOWED ? LINE_SKIPPED : USAGE;
	return run(line, &arguments);
}
