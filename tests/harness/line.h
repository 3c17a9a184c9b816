/* SPDX-License-Identifier: MIT */
/*
 * A line between two machines that are none
 *
 * Two network namespaces, each with one device, and a process that carries packets between them as
 * slowly, late and badly as it is told. Nothing of it has a name: lines run beside each other, and
 * all is gone with the process that opened it. A machine that does not allow it (no /dev/net/tun,
 * no right to namespaces) is an answer, and the tests that need a line are skipped.
 *
 * It is told in words, also while it runs: [left|right|both] WORD [VALUE] …
 *
 *   left, right, both    whose sending the words after it are about; both at first
 *   rate KBIT            a second; 0: as fast as it goes
 *   delay MS, jitter MS  one way; jitter keeps the order
 *   loss, duplicate, reorder PERCENT
 *   queue BYTES          that wait for the rate; what comes then is lost; 65536 at first
 *   cut, mend            nothing passes and nobody is told, of what is under way neither
 *   clear                as at first
 *
 * So "left cut" leaves a connection half open: the right end hears nothing more and is still heard.
 */
#pragma once

#include "common/base/error.h"
#include "tests/harness/line_way.h"

enum line_end { LINE_LEFT, LINE_RIGHT };

#define LINE_LEFT_ADDRESS  "10.97.0.1"
#define LINE_RIGHT_ADDRESS "10.97.0.2"

/* CTest's word for a test that was skipped. */
#define LINE_SKIPPED 77

struct line;

/* Before the process has a second thread. The seed (0: any) is printed.
 * Return: 0, LINE_NOT_ALLOWED (why is printed), or a negative errno. */
#define LINE_NOT_ALLOWED 1
int line_open(uint64_t seed, struct line **ret_line);
void line_close(struct line *line);
void line_closep(struct line **line);

/* The sockets that this thread, and those that it starts, make from now on are at that end; after
 * line_leave, where they were before. Return: 0 or a negative errno. */
int line_enter(struct line *line, enum line_end end);
int line_leave(struct line *line);

/* In effect when it returns. Return: 0, -EINVAL for what are no words of a line, or another
 * negative errno. */
int line_say(struct line *line, const char *words);

/* What became of the packets that an end sent. Return: 0 or a negative errno. */
int line_count(struct line *line, enum line_end sender, struct line_count *ret_count);
