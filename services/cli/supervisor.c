/* SPDX-License-Identifier: MIT */
#include "services/cli/supervisor.h"

#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cchc/node.pb-c.h"
#include "common/base/clock.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "services/cli/calls.h"

#define READY_MAX_MS   30000 /* a service that takes longer to answer will not */
#define READY_LOOK_MS  10
#define STOP_MAX_MS    10000 /* then it is killed */
#define RESTART_MIN_MS 50
#define RESTART_MAX_MS 5000
#define STEADY_MS      10000 /* having run so long, the next restart is quick again */

struct child {
	pid_t pid;            /* 0: not running */
	uint64_t started_ms;  /* monotonic */
	uint64_t restart_ms;  /* monotonic; when to start it again */
	uint64_t patience_ms; /* wait before the next restart */
	bool answered;
};

struct supervisor {
	struct cli *cli;
	struct child children[CLI_SERVICES];
	const char *programs[CLI_SERVICES];
	struct rlimit memory; /* of each service; what a store maps is not counted */
	int signals;
	int lock;
	bool ready;
	bool stopping;
	bool failed;
};

static int take_lock(struct supervisor *supervisor) {
	struct cli *cli = supervisor->cli;
	int r = cli_lock_node(cli, &supervisor->lock);

	if (r == 0)
		return EXIT_OK;
	cli_say(cli, r == -EWOULDBLOCK ? "up.running" : "up.no_lock", "folder", cli->node.folder,
	    "error", strerror(-r), NULL);
	return EXIT_CONFLICT;
}

/* Ask the kernel for the address before the gate does, to tell in words what is wrong with it. */
static int check_address(struct supervisor *supervisor) {
	const char *listen_on = supervisor->cli->node.settings.listen;
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE };
	AUTO(file_descriptor_close) int probe = -1;
	struct addrinfo *address;
	const char *port = strrchr(listen_on, ':');
	const int on = 1;
	char host[256];
	int error = 0;

	if (!*listen_on || strncmp(listen_on, "tcp://", 6) != 0 || !port)
		return EXIT_OK;
	snprintf(host, sizeof(host), "%.*s", (int)(port - listen_on - 6), listen_on + 6);
	if (getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port + 1, &hints, &address) != 0) {
		cli_say(supervisor->cli, "up.bad_address", "address", listen_on, NULL);
		return EXIT_FAILED;
	}
	probe = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe >= 0)
		setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (probe < 0 || bind(probe, address->ai_addr, address->ai_addrlen) < 0 || listen(probe, 1) < 0)
		error = errno;
	freeaddrinfo(address);
	if (!error)
		return EXIT_OK;
	cli_say(supervisor->cli, error == EADDRINUSE ? "up.address_in_use" : "up.address_refused",
	    "address", listen_on, "error", strerror(error), NULL);
	return EXIT_FAILED;
}

static int open_signals(struct supervisor *supervisor) {
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return failed_here(-errno);
	supervisor->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return supervisor->signals < 0 ? failed_here(-errno) : 0;
}

/* Only what is safe between fork and exec. */
static void become_service(const struct supervisor *supervisor, const char *program, pid_t parent) {
	char *const arguments[] = { (char *)(uintptr_t)program, (char *)(uintptr_t) "--node",
		supervisor->cli->node.folder, NULL };
	sigset_t none;

	/* libzmq lets whoever was let in send a message without end: it ends here, and with it the
	 * connection, or at the worst the process. */
	setrlimit(RLIMIT_DATA, &supervisor->memory);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE); /* it died before we asked to be told */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(program, arguments);
	_exit(127);
}

static void start(struct supervisor *supervisor, size_t i) {
	struct child *child = &supervisor->children[i];
	const char *program = supervisor->programs[i];
	pid_t parent = getpid();

	child->pid = fork();
	if (child->pid == 0)
		become_service(supervisor, program, parent);
	child->started_ms = clock_monotonic_ms();
	if (child->pid < 0) {
		child->pid = 0;
		child->restart_ms = child->started_ms + RESTART_MAX_MS;
		log_failure("fork-failed", -errno, "%s", cli_services[i]);
	}
}

static void on_end(struct supervisor *supervisor, size_t i, int status) {
	struct child *child = &supervisor->children[i];
	uint64_t now = clock_monotonic_ms();

	child->pid = 0;
	if (supervisor->stopping)
		return;
	if (!supervisor->ready) {
		cli_say(supervisor->cli, "up.service_failed", "service", cli_services[i], NULL);
		supervisor->failed = true;
		supervisor->stopping = true;
		return;
	}
	if (now - child->started_ms > STEADY_MS || child->patience_ms == 0)
		child->patience_ms = RESTART_MIN_MS;
	log_warn("service-ended", "%s ended (%s %d); starting again in %llu ms", cli_services[i],
	    WIFSIGNALED(status) ? "signal" : "exit",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    (unsigned long long)child->patience_ms);
	child->restart_ms = now + child->patience_ms;
	child->patience_ms =
	    child->patience_ms * 2 < RESTART_MAX_MS ? child->patience_ms * 2 : RESTART_MAX_MS;
}

static void reap(struct supervisor *supervisor) {
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < CLI_SERVICES; i++)
			if (supervisor->children[i].pid == pid)
				on_end(supervisor, i, status);
}

static void read_signals(struct supervisor *supervisor) {
	struct signalfd_siginfo info;

	while (read(supervisor->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			supervisor->stopping = true;
}

/* Services that are due are started; the rest says how long to wait. */
static int start_due(struct supervisor *supervisor) {
	uint64_t now = clock_monotonic_ms();
	int wait_ms = -1;

	for (size_t i = 0; i < CLI_SERVICES; i++) {
		struct child *child = &supervisor->children[i];

		if (child->pid)
			continue;
		if (child->restart_ms <= now)
			start(supervisor, i);
		else if (wait_ms < 0 || (int)(child->restart_ms - now) < wait_ms)
			wait_ms = (int)(child->restart_ms - now);
	}
	return wait_ms;
}

/* A service listens as soon as its store is open; asking it proves that its loop turns. */
static void look_for_answers(struct supervisor *supervisor) {
	struct cli *cli = supervisor->cli;
	bool all = true;

	for (size_t i = 0; i < CLI_SERVICES; i++) {
		struct child *child = &supervisor->children[i];
		NodeStateRequest check = NODE_STATE_REQUEST__INIT;
		struct rpc_request request = {
			.method = "Node/State", .message = &check.base, .deadline_ms = READY_MAX_MS
		};
		const ProtobufCMessage *health;

		if (!child->answered && cli_service_listens(cli, cli_services[i]))
			child->answered = cli_call(cli, cli_services[i], &request, &health) == EXIT_OK;
		all = all && child->answered;
	}
	if (all) {
		supervisor->ready = true;
		cli_calls_close(cli);
		puts("ready");
		fflush(stdout);
	}
}

static void watch(struct supervisor *supervisor) {
	struct pollfd poller = { .fd = supervisor->signals, .events = POLLIN };
	uint64_t give_up_ms = clock_monotonic_ms() + READY_MAX_MS;

	while (!supervisor->stopping) {
		int wait_ms = start_due(supervisor);

		if (poll(&poller, 1, supervisor->ready ? wait_ms : READY_LOOK_MS) > 0)
			read_signals(supervisor);
		reap(supervisor);
		if (supervisor->ready || supervisor->stopping)
			continue;
		look_for_answers(supervisor);
		if (!supervisor->ready && clock_monotonic_ms() > give_up_ms) {
			cli_say(supervisor->cli, "up.not_ready", NULL);
			supervisor->failed = true;
			supervisor->stopping = true;
		}
	}
}

static bool any_left(const struct supervisor *supervisor) {
	for (size_t i = 0; i < CLI_SERVICES; i++)
		if (supervisor->children[i].pid)
			return true;
	return false;
}

static void signal_all(const struct supervisor *supervisor, int signal) {
	for (size_t i = 0; i < CLI_SERVICES; i++)
		if (supervisor->children[i].pid)
			kill(supervisor->children[i].pid, signal);
}

static void stop_all(struct supervisor *supervisor) {
	struct pollfd poller = { .fd = supervisor->signals, .events = POLLIN };
	uint64_t kill_ms = clock_monotonic_ms() + STOP_MAX_MS;

	signal_all(supervisor, SIGTERM);
	while (any_left(supervisor)) {
		uint64_t now = clock_monotonic_ms();

		if (now >= kill_ms) {
			signal_all(supervisor, SIGKILL);
			kill_ms = now + STOP_MAX_MS;
		}
		poll(&poller, 1, (int)(kill_ms - now > 100 ? 100 : kill_ms - now));
		read_signals(supervisor);
		reap(supervisor);
	}
}

static int find_programs(struct supervisor *supervisor) {
	struct cli *cli = supervisor->cli;

	for (size_t i = 0; i < CLI_SERVICES; i++) {
		const char *name = arena_format(&cli->arena, "cchc-%s", cli_services[i]);

		supervisor->programs[i] = name ? cli_program_path(cli, name) : NULL;
		if (!supervisor->programs[i])
			return failed_here(-ENOMEM);
	}
	return 0;
}

int supervise(struct cli *cli) {
	rlim_t mib = cli->node.settings.memory_mib;
	rlim_t memory = mib && mib < RLIM_INFINITY >> 20 ? mib << 20 : RLIM_INFINITY;
	struct supervisor supervisor = {
		.cli = cli,
		.memory = { memory, memory },
		.signals = -1,
		.lock = -1,
	};
	int status = take_lock(&supervisor);

	if (status == EXIT_OK)
		status = check_address(&supervisor);
	if (status == EXIT_OK && (find_programs(&supervisor) < 0 || open_signals(&supervisor) < 0))
		status = EXIT_FAILED;
	if (status == EXIT_OK) {
		log_open("node", cli->node.settings.code);
		watch(&supervisor);
		stop_all(&supervisor);
		status = supervisor.failed ? EXIT_FAILED : EXIT_OK;
	}
	file_descriptor_close(&supervisor.signals);
	file_descriptor_close(&supervisor.lock);
	return status;
}
