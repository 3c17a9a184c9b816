/* SPDX-License-Identifier: MIT */
/*
 * Transcoder: messages as JSON
 *
 * The proto3 JSON mapping over the descriptors of protobuf-c, for every message of the contract
 * alike.
 *
 *   32-bit integer, bool   number, true or false
 *   64-bit integer         decimal text on output
 *   string, bytes          text, base64
 *   enum                   name of the value; on output its number when it has no name
 *   message, repeated      object, array
 *
 * An integer is read from a number, also one written as 5.0 or 5e3, or from decimal text. Base64 is
 * read in the standard and the URL-safe alphabet, with or without padding; an enum by name or
 * number. On input null stands for the default of a field, but not inside an array. There are no
 * floating point numbers, maps, groups or well-known types in the contract, and none here.
 *
 * One deviation: output names fields as the .proto does ("handed_over"), which the mapping calls
 * preserve_proto_field_names. Input also takes the lowerCamelCase form ("handedOver").
 */
#pragma once

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "common/base/arena.h"

#define TRANSCODE_PATH_MAX  255 /* bytes of a place; a longer one is cut */
#define TRANSCODE_VALUE_MAX 100 /* bytes of an offending value; a longer one is cut */

/* What to do with a field that has its default value. A message that is absent and a oneof without
 * a member are never written; a member of a oneof that is set always is. */
enum transcode_defaults {
	TRANSCODE_OMIT_DEFAULTS,
	TRANSCODE_KEEP_DEFAULTS,
};

enum transcode_answer {
	TRANSCODE_OK,
	TRANSCODE_UNKNOWN_FIELD, /* the message type has no such field */
	TRANSCODE_WRONG_TYPE,    /* not of the kind or form that the field takes */
	TRANSCODE_OUT_OF_RANGE,  /* a number too large, an enum's unknown value, text with a NUL, or
	                            messages nested deeper than MESSAGE_DEPTH_MAX */
	TRANSCODE_GIVEN_TWICE,   /* a field under both its names, or a second member of one oneof */
};

/* What a person needs to find and mend the mistake. Texts are cut at whole characters. */
struct transcode_fault {
	char path[TRANSCODE_PATH_MAX + 1];   /* "records[3].channel", names as they were given and
	                                        control characters as '?'; empty: the whole text */
	char value[TRANSCODE_VALUE_MAX + 1]; /* the offending value as JSON */
	const char *nearest; /* the known name most like an unknown field or enum name; null when none
	                        is like it. Borrowed from the descriptor */
};

/* Make JSON of a message; what `unknown_fields` holds is left out. The caller owns the result
 * (json_decref).
 * Return: 0, or -ENOMEM, -EILSEQ for text that is not UTF-8, -ELOOP for messages nested deeper than
 * MESSAGE_DEPTH_MAX, -ENOTSUP for a field type the contract does not have. */
int transcode_to_json(
    const ProtobufCMessage *message, enum transcode_defaults defaults, json_t **ret_json);

/* Make a message of JSON. The message and all it holds live in `arena`, nothing is borrowed from
 * `json`; without TRANSCODE_OK what was taken from the arena is waste until its reset. The first
 * fault ends the reading and is told in `ret_fault`, which is written for positive answers only.
 *
 * Whoever parses the text for this should pass JSON_REJECT_DUPLICATES, since jansson otherwise
 * keeps the last of several equal names. A bare number above 2^63-1 is refused by jansson itself;
 * as text it reaches 2^64-1.
 *
 * Return: an answer above, or -ENOMEM when the arena's cap or the machine's memory is used up,
 * -ENOTSUP for a field type the contract does not have. */
int transcode_from_json(const ProtobufCMessageDescriptor *type, const json_t *json,
    struct arena *arena, ProtobufCMessage **ret_message, struct transcode_fault *ret_fault);
