/* SPDX-License-Identifier: MIT */
#include "tests/harness/line_way.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_BACK_US = 10000 };

void line_way_init(struct line_way *way, uint64_t seed) {
	*way = (struct line_way) { .shape = LINE_SHAPE_CLEAR, .random = seed };
}

void line_way_deinit(struct line_way *way) {
	while (way->first) {
		struct line_packet *packet = way->first;

		way->first = packet->next;
		free(packet);
	}
}

/* splitmix64: 0 … 1, without 1. */
static double chance(struct line_way *way) {
	uint64_t z = way->random += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	z ^= z >> 31;
	return (double)(z >> 11) / (double)(1ull << 53);
}

static void hold(struct line_way *way, const void *bytes, size_t size, uint64_t due_us) {
	struct line_packet *packet = malloc(sizeof(*packet) + size);
	struct line_packet **place = &way->first;

	if (!packet)
		return;
	packet->due_us = due_us;
	packet->size = size;
	memcpy(packet->bytes, bytes, size);
	while (*place && (*place)->due_us <= due_us)
		place = &(*place)->next;
	packet->next = *place;
	*place = packet;
	way->held++;
}

/* The rate sends one packet after the other. Return: when this one has left. */
static uint64_t leave(struct line_way *way, size_t size, uint64_t now_us) {
	if (way->free_us < now_us)
		way->free_us = now_us;
	if (way->shape.kbit_per_s)
		way->free_us += (uint64_t)size * 8000 / way->shape.kbit_per_s;
	return way->free_us;
}

static bool has_room(const struct line_way *way, size_t size, uint64_t now_us) {
	uint64_t waits_us = way->free_us > now_us ? way->free_us - now_us : 0;

	return waits_us * way->shape.kbit_per_s / 8000 + size <= way->shape.queue_bytes &&
	       way->held < LINE_HELD_MAX;
}

void line_way_take(struct line_way *way, const void *bytes, size_t size, uint64_t now_us) {
	const struct line_shape *shape = &way->shape;
	/* Always as many, so that the same packets are lost whatever else is asked. */
	bool lost = chance(way) < shape->loss;
	bool twice = chance(way) < shape->duplicate;
	bool held_back = chance(way) < shape->reorder;
	double jitter = chance(way);
	uint64_t due_us;

	way->count.taken++;
	if (shape->cut) {
		way->count.cut++;
		return;
	}
	if (!has_room(way, size, now_us)) {
		way->count.overflowed++;
		return;
	}
	due_us = leave(way, size, now_us) + shape->delay_us + (uint64_t)(jitter * shape->jitter_us);
	if (due_us < way->last_us)
		due_us = way->last_us;
	if (lost) {
		way->count.lost++;
		return;
	}
	if (held_back)
		due_us += shape->delay_us + HELD_BACK_US;
	else
		way->last_us = due_us;
	hold(way, bytes, size, due_us);
	if (twice)
		hold(way, bytes, size, due_us);
}

struct line_packet *line_way_give(struct line_way *way, uint64_t now_us) {
	struct line_packet *packet;

	while ((packet = way->first) && packet->due_us <= now_us) {
		way->first = packet->next;
		way->held--;
		if (!way->shape.cut) {
			way->count.given++;
			way->count.given_bytes += packet->size;
			return packet;
		}
		way->count.cut++;
		free(packet);
	}
	return NULL;
}

uint64_t line_way_due_us(const struct line_way *way) {
	return way->first ? way->first->due_us : UINT64_MAX;
}
