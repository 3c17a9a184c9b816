/* SPDX-License-Identifier: MIT */
/*
 * A desk where one text is read and one message written
 *
 * What the contract does not use, a oneof and a signed number, is tried on a message described by
 * hand: "Specimen".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "services/cli/transcoder.h"

/* A message with what the contract leaves out. */
struct specimen {
	ProtobufCMessage base;
	int32_t small;
	int64_t big;
	struct specimen *inner;
	uint32_t choice; /* number of the member that is set */
	union {
		char *word;
		uint32_t count;
	};
	size_t n_shifts;
	int32_t *shifts;
};

extern const ProtobufCMessageDescriptor specimen_type;

struct desk {
	struct arena arena;
	struct transcode_fault fault;
	ProtobufCMessage *message;
	char *text;
};

/* Setup and teardown of a claim; the state is a desk. */
int desk_open(void **state);
int desk_close(void **state);

/* The message of the contract, or the specimen. */
const ProtobufCMessageDescriptor *type_named(const char *name);

/* The text as JSON; the caller owns it. */
json_t *parse(const char *text);

/* Read a text into `message` and `fault`. Return: as transcode_from_json(). */
int desk_read(struct desk *desk, const ProtobufCMessageDescriptor *type, const char *text);

/* Borrowed from the desk until the next writing. */
const char *desk_write(
    struct desk *desk, const ProtobufCMessage *message, enum transcode_defaults defaults);

void expect_read(struct desk *desk, const char *type, const char *text);

/* `text` means the same message as `same`. */
void expect_same(struct desk *desk, const char *type, const char *text, const char *same);

struct refusal {
	const char *type;
	const char *text;
	int answer;
	const char *path;
	const char *value;
	const char *nearest;
};

void expect_refused(struct desk *desk, const struct refusal *refusal);
