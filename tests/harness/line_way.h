/* SPDX-License-Identifier: MIT */
/*
 * One way of a line: what happens to the packets that one end sends. It knows no clock and no
 * device; whoever gives it the same packets at the same times gets the same ones back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINE_PACKET_MAX = 2048, LINE_HELD_MAX = 4096 };

struct line_shape {
	uint32_t kbit_per_s; /* 0: as fast as it goes */
	uint32_t delay_us;
	uint32_t jitter_us;   /* added at random, keeping the order */
	uint32_t queue_bytes; /* what waits for the rate; beyond it packets are lost */
	double loss;          /* of one packet: 0 … 1 */
	double duplicate;
	double reorder; /* of being held back by as long as the delay, and 10 ms */
	bool cut;       /* nothing passes, and nobody is told */
};

#define LINE_SHAPE_CLEAR                                                                           \
	{ .queue_bytes = 65536 }

/* What became of the packets; at rest `taken` + duplicates = all the others. */
struct line_count {
	uint64_t taken;
	uint64_t given;
	uint64_t given_bytes;
	uint64_t lost;       /* by chance */
	uint64_t overflowed; /* no room in the queue */
	uint64_t cut;
};

struct line_packet {
	struct line_packet *next;
	uint64_t due_us;
	size_t size;
	uint8_t bytes[];
};

struct line_way {
	struct line_shape shape;
	struct line_count count;
	uint64_t random;
	uint64_t free_us;          /* the rate has sent everything by then */
	uint64_t last_us;          /* the last packet in order is due then */
	struct line_packet *first; /* by `due_us` */
	size_t held;
};

void line_way_init(struct line_way *way, uint64_t seed);
void line_way_deinit(struct line_way *way);

void line_way_take(struct line_way *way, const void *bytes, size_t size, uint64_t now_us);

/* The next packet that is due, to be freed by the caller; null: none yet. */
struct line_packet *line_way_give(struct line_way *way, uint64_t now_us);

/* When the next one is due; UINT64_MAX: there is none. */
uint64_t line_way_due_us(const struct line_way *way);
