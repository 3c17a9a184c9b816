/* SPDX-License-Identifier: MIT */
#include "services/cli/errand.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Only what is safe between fork and exec. */
static void become_service(const char *program, char *const *arguments, pid_t parent) {
	/* Broken off with us: whoever restores again must find nobody at work. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		execv(program, arguments);
	_exit(127);
}

bool errand_run(struct cli *cli, const char *service, const char *node_folder, const char *option,
    const char *argument) {
	const char *name = arena_format(&cli->arena, "cchc-%s", service);
	const char *program = name ? cli_program_path(cli, name) : NULL;
	char *const arguments[] = { (char *)(uintptr_t)program, (char *)(uintptr_t) "--node",
		(char *)(uintptr_t)node_folder, (char *)(uintptr_t)option, (char *)(uintptr_t)argument,
		NULL };
	pid_t parent = getpid();
	pid_t pid = program ? fork() : -1;
	int status = -1;

	if (pid == 0)
		become_service(program, arguments, parent);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return status == 0;
}
