/* SPDX-License-Identifier: MIT */
#include "tests/harness/line.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/harness/line_device.h"
#include "tests/harness/line_words.h"

enum { ENDS = 2, WORDS_MAX = 256, AT_ONCE = 64, IPV4 = 4 };

struct line {
	pid_t carrier;
	int control; /* to it: words; from it: a struct answer for each */
	int home;    /* network namespaces */
	int ends[ENDS];
};

struct answer {
	int result;
	struct line_count counts[ENDS];
};

/* The process that carries. */
struct carrier {
	int control;
	int devices[ENDS];
	struct line_way ways[ENDS]; /* of what each end sends */
};

static void take_all(struct carrier *carrier, int end) {
	uint8_t packet[LINE_PACKET_MAX];
	ssize_t size;

	/* The kernel talks about neighbours in IPv6 whenever it likes; here nobody listens. */
	for (int i = 0; i < AT_ONCE && (size = read(carrier->devices[end], packet, sizeof(packet))) > 0;
	     i++)
		if (packet[0] >> 4 == IPV4)
			line_way_take(&carrier->ways[end], packet, (size_t)size, clock_monotonic_us());
}

static void give_due(struct carrier *carrier, int end) {
	struct line_packet *packet;

	while ((packet = line_way_give(&carrier->ways[end], clock_monotonic_us())) != NULL) {
		(void)!write(carrier->devices[!end], packet->bytes, packet->size);
		free(packet);
	}
}

/* Return: whether there is still somebody who tells us what to do. */
static bool obey(struct carrier *carrier) {
	struct line_way *ways = carrier->ways;
	char words[WORDS_MAX] = "";
	ssize_t got = recv(carrier->control, words, sizeof(words) - 1, 0);
	struct answer answer = { .result = 0 };

	if (got <= 0)
		return false;
	answer.result = line_words_apply(words, &ways[LINE_LEFT].shape, &ways[LINE_RIGHT].shape);
	for (int i = 0; i < ENDS; i++)
		answer.counts[i] = ways[i].count;
	return send(carrier->control, &answer, sizeof(answer), MSG_NOSIGNAL) == sizeof(answer);
}

static struct timespec until_due(const struct carrier *carrier) {
	uint64_t left = line_way_due_us(&carrier->ways[LINE_LEFT]);
	uint64_t right = line_way_due_us(&carrier->ways[LINE_RIGHT]);
	uint64_t due_us = left < right ? left : right;
	uint64_t now_us = clock_monotonic_us();
	uint64_t wait_us = due_us > now_us ? due_us - now_us : 0;

	if (wait_us > 1000000)
		wait_us = 1000000;
	return (struct timespec) {
		.tv_sec = (time_t)(wait_us / 1000000),
		.tv_nsec = (long)(wait_us % 1000000) * 1000,
	};
}

static void carry(struct carrier *carrier) {
	struct pollfd items[] = {
		{ .fd = carrier->devices[LINE_LEFT], .events = POLLIN },
		{ .fd = carrier->devices[LINE_RIGHT], .events = POLLIN },
		{ .fd = carrier->control, .events = POLLIN },
	};
	bool wanted = true;

	while (wanted) {
		struct timespec wait = until_due(carrier);

		if (ppoll(items, LENGTH_OF(items), &wait, NULL) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < ENDS; i++)
			if (items[i].revents)
				take_all(carrier, i);
		if (items[ENDS].revents)
			wanted = obey(carrier);
		for (int i = 0; i < ENDS; i++)
			give_due(carrier, i);
	}
}

/* A new namespace with its device, while the calling thread is in it. */
static int make_end(const char *address, const char *other, int *ret_device) {
	int r = line_namespace_new();
	int device = r < 0 ? r : line_device_open(address, other);
	int namespace = device < 0 ? device : line_namespace_here();

	if (namespace < 0) {
		file_descriptor_close(&device);
		return failed_below(namespace);
	}
	*ret_device = device;
	return namespace;
}

static int go(int namespace) {
	return setns(namespace, CLONE_NEWNET) < 0 ? failed_here(-errno) : 0;
}

static int make_ends(struct line *line, int devices[ENDS]) {
	static const char *const addresses[] = { LINE_LEFT_ADDRESS, LINE_RIGHT_ADDRESS };
	int r = line->home = line_namespace_here();

	for (int i = 0; i < ENDS && r >= 0; i++)
		r = line->ends[i] = make_end(addresses[i], addresses[!i], &devices[i]);
	/* Who is root only among their own has no way back; the next best is a namespace of theirs. */
	if (r >= 0 && go(line->home) < 0) {
		file_descriptor_close(&line->home);
		r = line_namespace_new();
		if (r == 0)
			r = line->home = line_namespace_here();
	}
	return r < 0 ? failed_below(r) : 0;
}

static int start_carrier(struct line *line, const int devices[ENDS], uint64_t seed) {
	int controls[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, controls) < 0)
		return failed_here(-errno);
	fflush(NULL);
	line->carrier = fork();
	if (line->carrier == 0) {
		struct carrier carrier = { controls[1], { devices[0], devices[1] }, { { .held = 0 } } };

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* Ctrl-C is for who is told to carry, and takes us along. */
		signal(SIGINT, SIG_IGN);
		close(controls[0]);
		line_way_init(&carrier.ways[LINE_LEFT], seed);
		line_way_init(&carrier.ways[LINE_RIGHT], ~seed);
		carry(&carrier);
		_exit(0);
	}
	close(controls[1]);
	line->control = controls[0];
	return line->carrier < 0 ? failed_here(-errno) : 0;
}

static bool is_not_allowed(int r) {
	return r == -EPERM || r == -EACCES || r == -ENOENT || r == -ENODEV || r == -ENXIO ||
	       r == -EINVAL || r == -ENOSYS || r == -ENOSPC;
}

int line_open(uint64_t seed, struct line **ret_line) {
	AUTO(line_closep) struct line *line = malloc(sizeof(*line));
	int devices[ENDS] = { -1, -1 };
	int r;

	if (!line)
		return failed_here(-ENOMEM);
	*line = (struct line) { .control = -1, .home = -1, .ends = { -1, -1 } };
	if (!seed)
		(void)!getrandom(&seed, sizeof(seed), 0);
	r = make_ends(line, devices);
	if (r < 0 && is_not_allowed(r)) {
		fprintf(stderr, "line: this machine does not allow it: %s\n", strerror(-r));
		r = LINE_NOT_ALLOWED;
	}
	if (r == 0)
		r = start_carrier(line, devices, seed);
	for (int i = 0; i < ENDS; i++)
		file_descriptor_close(&devices[i]);
	if (r)
		return r < 0 ? failed_below(r) : r;
	fprintf(stderr, "line: seed %llu\n", (unsigned long long)seed);
	*ret_line = line;
	line = NULL;
	return 0;
}

void line_close(struct line *line) {
	if (line->carrier > 0) {
		kill(line->carrier, SIGKILL);
		waitpid(line->carrier, NULL, 0);
	}
	file_descriptor_close(&line->control);
	file_descriptor_close(&line->home);
	for (int i = 0; i < ENDS; i++)
		file_descriptor_close(&line->ends[i]);
	free(line);
}

void line_closep(struct line **line) {
	if (*line)
		line_close(*line);
	*line = NULL;
}

int line_enter(struct line *line, enum line_end end) {
	int r = go(line->ends[end]);

	return r < 0 ? failed_below(r) : 0;
}

int line_leave(struct line *line) {
	int r = go(line->home);

	return r < 0 ? failed_below(r) : 0;
}

static int ask(struct line *line, const char *words, struct answer *ret_answer) {
	ssize_t size = (ssize_t)strlen(words);

	if (size == 0 || size >= WORDS_MAX)
		return failed_here(-EINVAL);
	if (send(line->control, words, (size_t)size, MSG_NOSIGNAL) != size ||
	    recv(line->control, ret_answer, sizeof(*ret_answer), 0) != sizeof(*ret_answer))
		return failed_here(-EPIPE);
	return ret_answer->result < 0 ? failed_here(ret_answer->result) : 0;
}

int line_say(struct line *line, const char *words) {
	struct answer answer;
	int r = ask(line, words, &answer);

	return r < 0 ? failed_below(r) : 0;
}

int line_count(struct line *line, enum line_end sender, struct line_count *ret_count) {
	struct answer answer;
	int r = ask(line, " ", &answer);

	if (r < 0)
		return failed_below(r);
	*ret_count = answer.counts[sender];
	return 0;
}
