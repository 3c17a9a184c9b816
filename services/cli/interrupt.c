/* SPDX-License-Identifier: MIT */
#include "services/cli/interrupt.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/error.h"

int interrupt_open(void) {
	sigset_t signals;
	int descriptor;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return failed_here(-errno);
	descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return descriptor < 0 ? failed_here(-errno) : descriptor;
}

int interrupt_status(int descriptor) {
	struct signalfd_siginfo info;

	if (read(descriptor, &info, sizeof(info)) != sizeof(info))
		return 0;
	return INTERRUPT_STATUS + (int)info.ssi_signo;
}
