/* SPDX-License-Identifier: MIT */
/*
 * Messages from outside
 *
 * protobuf-c trusts its input: it multiplies hostile bytes in memory, recurses without limit, and
 * checks neither UTF-8 nor enums. So bytes are walked once against the descriptor before they are
 * unpacked, and unpacked into an arena with a cap.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "common/base/arena.h"

#define MESSAGE_FIELDS_MAX 200000 /* field occurrences in one message, all depths together */
#define MESSAGE_DEPTH_MAX  8      /* our contracts are not recursive; the deepest today is 4 */

enum {
	MESSAGE_OK,
	MESSAGE_MALFORMED, /* not such a message, or text that is not UTF-8, or an enum's unknown value
	                    */
	MESSAGE_TOO_LARGE, /* more fields than the limit, or more memory than the arena gives */
};

/* Unpack bytes into `arena`; unknown fields are kept by protobuf-c and never looked at.
 * Return: an answer above. */
int message_unpack(const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t size,
    struct arena *arena, ProtobufCMessage **ret_message);

/* Whether bytes are well-formed UTF-8 without NUL. */
bool message_is_text(const void *bytes, size_t size);

/* A message of this type with default values, in `arena`; null when memory is out. */
ProtobufCMessage *message_new(const ProtobufCMessageDescriptor *type, struct arena *arena);

/* Packed bytes in `arena`. Return: 0 or -ENOMEM. */
int message_pack(
    const ProtobufCMessage *message, struct arena *arena, uint8_t **ret_bytes, size_t *ret_size);
