/* SPDX-License-Identifier: MIT */
/* The line of the tests is as bad as it was told to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"
#include "tests/harness/line.h"
#include "tests/harness/line_words.h"

enum { PORT = 5000, SEED = 8, PATIENCE_MS = 3000 };

/* One way by itself, with a clock of ours. */

static void told(struct line_way *way, const char *words) {
	struct line_shape other = LINE_SHAPE_CLEAR;

	line_way_init(way, SEED);
	assert_int_equal(line_words_apply(words, &way->shape, &other), 0);
}

/* The number in a packet, and when it came out; -1: nothing came until then. */
static int64_t next_of(struct line_way *way, uint64_t until_us, uint64_t *ret_us) {
	uint64_t due_us = line_way_due_us(way);
	struct line_packet *packet = due_us <= until_us ? line_way_give(way, due_us) : NULL;
	uint32_t number;

	if (!packet)
		return -1;
	memcpy(&number, packet->bytes, sizeof(number));
	*ret_us = due_us;
	free(packet);
	return number;
}

static void take_numbered(struct line_way *way, uint32_t number, size_t size, uint64_t now_us) {
	uint8_t bytes[LINE_PACKET_MAX] = { 0 };

	memcpy(bytes, &number, sizeof(number));
	line_way_take(way, bytes, size, now_us);
}

static void a_rate_and_a_delay_are_kept_to_the_microsecond(void **state) {
	struct line_way way;
	uint64_t at_us = 0;

	(void)state;
	told(&way, "rate 16 delay 400");
	for (uint32_t i = 0; i < 4; i++)
		take_numbered(&way, i, 1000, 0);
	for (uint32_t i = 0; i < 4; i++) {
		assert_int_equal(next_of(&way, UINT64_MAX - 1, &at_us), i);
		assert_int_equal(at_us, (i + 1) * 500000 + 400000);
	}
	line_way_deinit(&way);
}

static void what_the_queue_does_not_hold_is_lost(void **state) {
	struct line_way way;

	(void)state;
	told(&way, "rate 16 queue 4000");
	for (uint32_t i = 0; i < 10; i++)
		take_numbered(&way, i, 1000, 0);
	assert_int_equal(way.count.overflowed, 6);
	take_numbered(&way, 10, 1000, 500000);
	assert_int_equal(way.count.overflowed, 6);
	line_way_deinit(&way);
}

static void the_same_seed_loses_the_same_packets(void **state) {
	enum { PACKETS = 2000 };
	struct line_way ways[2];
	uint64_t at_us;

	(void)state;
	for (size_t i = 0; i < 2; i++)
		told(&ways[i], i == 0 ? "loss 5 duplicate 2" : "loss 5 duplicate 2 jitter 3");
	for (uint32_t i = 0; i < PACKETS; i++) {
		for (size_t j = 0; j < 2; j++)
			take_numbered(&ways[j], i, 100, i * 10000);
	}
	assert_int_equal(ways[0].count.lost, ways[1].count.lost);
	assert_in_range(ways[0].count.lost, PACKETS * 3 / 100, PACKETS * 7 / 100);
	for (int64_t number = 0, last = -1; number >= 0; last = number) {
		number = next_of(&ways[0], UINT64_MAX - 1, &at_us);
		assert_int_equal(next_of(&ways[1], UINT64_MAX - 1, &at_us), number);
		assert_true(number == -1 || number >= last);
	}
	assert_int_equal(ways[0].count.given, ways[1].count.given);
	assert_in_range(
	    ways[0].count.given - (PACKETS - ways[0].count.lost), PACKETS / 100, PACKETS * 3 / 100);
	for (size_t i = 0; i < 2; i++)
		line_way_deinit(&ways[i]);
}

static void what_is_held_back_is_overtaken(void **state) {
	enum { PACKETS = 1000 };
	struct line_way way;
	uint64_t at_us;
	unsigned overtaken = 0;

	(void)state;
	told(&way, "delay 20 reorder 10");
	for (uint32_t i = 0; i < PACKETS; i++)
		take_numbered(&way, i, 100, i * 1000);
	for (int64_t number, newest = -1; (number = next_of(&way, UINT64_MAX - 1, &at_us)) >= 0;) {
		overtaken += number < newest;
		newest = number > newest ? number : newest;
	}
	assert_int_equal(way.count.given, PACKETS);
	assert_in_range(overtaken, PACKETS * 6 / 100, PACKETS * 14 / 100);
	line_way_deinit(&way);
}

static void a_cut_takes_what_is_under_way(void **state) {
	struct line_way way;
	uint64_t at_us;

	(void)state;
	told(&way, "delay 100");
	take_numbered(&way, 1, 100, 0);
	way.shape.cut = true;
	take_numbered(&way, 2, 100, 0);
	assert_int_equal(next_of(&way, UINT64_MAX - 1, &at_us), -1);
	way.shape.cut = false;
	take_numbered(&way, 3, 100, 0);
	assert_int_equal(next_of(&way, UINT64_MAX - 1, &at_us), 3);
	assert_int_equal(way.count.cut, 2);
	line_way_deinit(&way);
}

static void what_is_no_word_changes_nothing(void **state) {
	static const char *const wrong[] = { "rate", "rate x", "loss 101", "delay -1", "left up 3",
		"delay 5 slow", "loss nan" };
	struct line_shape left = LINE_SHAPE_CLEAR;
	struct line_shape right = LINE_SHAPE_CLEAR;

	(void)state;
	for (size_t i = 0; i < LENGTH_OF(wrong); i++)
		assert_int_equal(line_words_apply(wrong[i], &left, &right), -EINVAL);
	assert_int_equal(left.delay_us, 0);
	assert_int_equal(line_words_apply("left cut right delay 3 both loss 50", &left, &right), 0);
	assert_true(left.cut && !right.cut);
	assert_int_equal(left.delay_us, 0);
	assert_int_equal(right.delay_us, 3000);
	assert_true(left.loss > 0.49 && right.loss > 0.49);
}

/* A real one, with sockets at both ends. */

static struct line *line; /* opened once: only a process of one thread may */

struct ends {
	int left;
	int right;
};

static int socket_at(enum line_end end, const char *here, const char *there) {
	struct sockaddr_in own = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct sockaddr_in other = own;
	int made;

	inet_pton(AF_INET, here, &own.sin_addr);
	inet_pton(AF_INET, there, &other.sin_addr);
	assert_return_code(line_enter(line, end), 0);
	made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_return_code(bind(made, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_return_code(connect(made, (struct sockaddr *)&other, sizeof(other)), 0);
	assert_return_code(line_leave(line), 0);
	return made;
}

static struct ends ends_open(const char *words) {
	assert_return_code(line_say(line, "clear"), 0);
	assert_return_code(line_say(line, words), 0);
	return (struct ends) {
		.left = socket_at(LINE_LEFT, LINE_LEFT_ADDRESS, LINE_RIGHT_ADDRESS),
		.right = socket_at(LINE_RIGHT, LINE_RIGHT_ADDRESS, LINE_LEFT_ADDRESS),
	};
}

static void ends_close(struct ends *ends) {
	file_descriptor_close(&ends->left);
	file_descriptor_close(&ends->right);
}

#define ENDS(name, words) AUTO(ends_close) struct ends name = ends_open(words)

static void send_sized(int from, size_t size) {
	static const uint8_t bytes[LINE_PACKET_MAX];

	assert_int_equal(send(from, bytes, size, 0), size);
}

static bool arrives(int at, int within_ms) {
	struct pollfd poller = { .fd = at, .events = POLLIN };
	uint8_t bytes[LINE_PACKET_MAX];

	return poll(&poller, 1, within_ms) == 1 && recv(at, bytes, sizeof(bytes), 0) > 0;
}

/* Wide bounds: the machine has other things to do. */
static void packets_cross_as_slowly_and_late_as_told(void **state) {
	ENDS(ends, "rate 80 delay 100");
	uint64_t started = clock_monotonic_ms();
	struct line_count count;

	(void)state;
	for (int i = 0; i < 10; i++)
		send_sized(ends.left, 972);
	for (int i = 0; i < 10; i++)
		assert_true(arrives(ends.right, PATIENCE_MS));
	assert_in_range(clock_monotonic_ms() - started, 1090, 1600);
	assert_return_code(line_count(line, LINE_LEFT, &count), 0);
	assert_true(count.given >= 10);
	started = clock_monotonic_ms();
	send_sized(ends.right, 100);
	assert_true(arrives(ends.left, PATIENCE_MS));
	assert_in_range(clock_monotonic_ms() - started, 100, 400);
}

static void about_as_many_are_lost_as_told(void **state) {
	enum { PACKETS = 1000 };
	ENDS(ends, "loss 20");
	struct line_count before;
	struct line_count after;
	unsigned arrived = 0;

	(void)state;
	assert_return_code(line_count(line, LINE_LEFT, &before), 0);
	for (int i = 0; i < PACKETS; i++) {
		send_sized(ends.left, 100);
		arrived += arrives(ends.right, 1); /* not faster than a device's own queue */
	}
	while (arrives(ends.right, 100))
		arrived++;
	assert_return_code(line_count(line, LINE_LEFT, &after), 0);
	assert_int_equal(after.lost - before.lost + arrived, PACKETS);
	assert_in_range(arrived, PACKETS * 70 / 100, PACKETS * 90 / 100);
}

static void a_cut_line_is_silent_until_it_is_mended(void **state) {
	ENDS(ends, "left cut");

	(void)state;
	send_sized(ends.left, 100);
	send_sized(ends.right, 100);
	assert_true(arrives(ends.left, PATIENCE_MS));
	assert_false(arrives(ends.right, 0));
	assert_return_code(line_say(line, "right cut"), 0);
	send_sized(ends.right, 100);
	assert_return_code(line_say(line, "mend"), 0);
	send_sized(ends.left, 100);
	send_sized(ends.right, 200);
	assert_true(arrives(ends.left, PATIENCE_MS));
	assert_true(arrives(ends.right, PATIENCE_MS));
	assert_false(arrives(ends.left, 0));
}

static void two_lines_know_nothing_of_each_other(void **state) {
	struct line *first = line;
	struct ends ends = ends_open("cut");
	AUTO(line_closep) struct line *other = NULL;
	struct ends others;

	(void)state;
	assert_int_equal(line_open(SEED, &other), 0);
	line = other;
	others = ends_open("clear");
	line = first;
	send_sized(ends.left, 100);
	send_sized(others.left, 100);
	assert_true(arrives(others.right, PATIENCE_MS));
	assert_false(arrives(ends.right, 0));
	ends_close(&ends);
	ends_close(&others);
}

int main(void) {
	const struct CMUnitTest ways[] = {
		cmocka_unit_test(a_rate_and_a_delay_are_kept_to_the_microsecond),
		cmocka_unit_test(what_the_queue_does_not_hold_is_lost),
		cmocka_unit_test(the_same_seed_loses_the_same_packets),
		cmocka_unit_test(what_is_held_back_is_overtaken),
		cmocka_unit_test(a_cut_takes_what_is_under_way),
		cmocka_unit_test(what_is_no_word_changes_nothing),
	};
	const struct CMUnitTest lines[] = {
		cmocka_unit_test(packets_cross_as_slowly_and_late_as_told),
		cmocka_unit_test(about_as_many_are_lost_as_told),
		cmocka_unit_test(a_cut_line_is_silent_until_it_is_mended),
		cmocka_unit_test(two_lines_know_nothing_of_each_other),
	};
	int failed = cmocka_run_group_tests(ways, NULL, NULL);

	switch (failed ? 0 : line_open(SEED, &line)) {
	case 0: break;
	case LINE_NOT_ALLOWED: return LINE_SKIPPED;
	default: return 1;
	}
	if (!failed)
		failed = cmocka_run_group_tests(lines, NULL, NULL);
	line_closep(&line);
	return failed;
}
