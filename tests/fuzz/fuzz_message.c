/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the reader of messages
 *
 * The first byte chooses a method of the contract and whether the rest is its request or its reply.
 * What is accepted holds what the header promises and comes back the same from its own bytes.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"
#include "proto/contract.h"

#define FIRST_CAP  (1u << 20) /* small enough to be used up */
#define SECOND_CAP (16 * FIRST_CAP)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept) {
	if (!kept)
		abort();
}

static void check_message(const ProtobufCMessage *message, unsigned depth);

static void check_value(const ProtobufCFieldDescriptor *field, const void *value, unsigned depth) {
	const char *text;

	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		text = *(const char *const *)value;
		promise(message_is_text(text, strlen(text)));
		break;
	case PROTOBUF_C_TYPE_ENUM:
		promise(
		    protobuf_c_enum_descriptor_get_value(field->descriptor, *(const int *)value) != NULL);
		break;
	case PROTOBUF_C_TYPE_MESSAGE:
		if (*(const ProtobufCMessage *const *)value)
			check_message(*(const ProtobufCMessage *const *)value, depth + 1);
		break;
	default: break;
	}
}

/* All types of the contract whose lists hold what is checked here have pointers in them. */
static void check_list(
    const ProtobufCFieldDescriptor *field, const void *member, size_t count, unsigned depth) {
	const char *items = *(const char *const *)member;

	if (field->type != PROTOBUF_C_TYPE_STRING && field->type != PROTOBUF_C_TYPE_MESSAGE)
		return;
	for (size_t i = 0; i < count; i++)
		check_value(field, items + i * sizeof(void *), depth);
}

static void check_message(const ProtobufCMessage *message, unsigned depth) {
	const ProtobufCMessageDescriptor *type = message->descriptor;

	promise(depth <= MESSAGE_DEPTH_MAX);
	for (unsigned i = 0; i < type->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &type->fields[i];
		const char *start = (const char *)message;

		if (field->label == PROTOBUF_C_LABEL_REPEATED)
			check_list(field, start + field->offset,
			    *(const size_t *)(const void *)(start + field->quantifier_offset), depth);
		else
			check_value(field, start + field->offset, depth);
	}
}

static void check_round_trip(const ProtobufCMessage *message) {
	AUTO(arena_deinit) struct arena arena;
	ProtobufCMessage *again = NULL;
	uint8_t *bytes_again = NULL;
	uint8_t *bytes = NULL;
	size_t size_again = 0;
	size_t size = 0;

	arena_init(&arena, SECOND_CAP);
	promise(message_pack(message, &arena, &bytes, &size) == 0);
	promise(message_unpack(message->descriptor, bytes, size, &arena, &again) == MESSAGE_OK);
	promise(message_pack(again, &arena, &bytes_again, &size_again) == 0);
	promise(size == size_again && memcmp(bytes, bytes_again, size) == 0);
}

static void read_one(const uint8_t *data, size_t size) {
	AUTO(arena_deinit) struct arena arena;
	const struct contract_method *method;
	ProtobufCMessage *message = NULL;
	int answer;

	arena_init(&arena, FIRST_CAP);
	method = &office_contract.methods[data[0] / 2 % office_contract.method_count];
	answer = message_unpack(
	    data[0] % 2 ? method->reply : method->request, data + 1, size - 1, &arena, &message);
	promise(arena.used <= FIRST_CAP);
	promise((message != NULL) == (answer == MESSAGE_OK));
	if (answer == MESSAGE_OK) {
		check_message(message, 0);
		check_round_trip(message);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size)
		read_one(data, size);
	return 0;
}
