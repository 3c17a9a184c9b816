/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of the reader of JSON
 *
 * The first byte chooses a message type, the rest is JSON text. What is accepted comes back the
 * same from its own JSON; what is refused is told in terminated UTF-8.
 */
#include "services/cli/transcoder.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"
#include "proto/contract.h"

/* A first arena small enough to be used up; the second holds whatever fitted into the first. */
#define FIRST_CAP  65536
#define SECOND_CAP (16 * FIRST_CAP)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Add at the end only: the corpus counts on the order. */
static const char *const names[] = {
	"RecordDossiersRequest",
	"Header",
	"Event",
	"DossierFile",
	"RecordUnitsRequest",
	"MeasureTable",
	"ReadEventsReply",
	"NodeState",
	"OpenReply",
	"ListUnitsReply",
};

static void promise(int kept) {
	if (!kept)
		abort();
}

static void check_text(const char *text, size_t max) {
	AUTO(json_decrefp) json_t *json = NULL;

	promise(strnlen(text, max + 1) <= max);
	json = json_string(text);
	promise(json != NULL);
}

static void check_same(
    struct arena *arena, const ProtobufCMessage *message, const ProtobufCMessage *again) {
	uint8_t *bytes = NULL;
	uint8_t *bytes_again = NULL;
	size_t size = 0;
	size_t size_again = 0;

	promise(message_pack(message, arena, &bytes, &size) == 0);
	promise(message_pack(again, arena, &bytes_again, &size_again) == 0);
	promise(size == size_again && memcmp(bytes, bytes_again, size) == 0);
}

static void check_round_trip(const ProtobufCMessage *message, enum transcode_defaults defaults) {
	AUTO(arena_deinit) struct arena arena;
	AUTO(json_decrefp) json_t *json = NULL;
	struct transcode_fault fault;
	ProtobufCMessage *again = NULL;

	arena_init(&arena, SECOND_CAP);
	promise(transcode_to_json(message, defaults, &json) == 0);
	promise(transcode_from_json(message->descriptor, json, &arena, &again, &fault) == TRANSCODE_OK);
	check_same(&arena, message, again);
}

static void check_json(const ProtobufCMessageDescriptor *type, const json_t *json) {
	AUTO(arena_deinit) struct arena arena;
	struct transcode_fault fault;
	ProtobufCMessage *message = NULL;
	int answer;

	arena_init(&arena, FIRST_CAP);
	answer = transcode_from_json(type, json, &arena, &message, &fault);
	promise(answer >= TRANSCODE_OK || answer == -ENOMEM);
	if (answer == TRANSCODE_OK) {
		check_round_trip(message, TRANSCODE_OMIT_DEFAULTS);
		check_round_trip(message, TRANSCODE_KEEP_DEFAULTS);
	}
	if (answer > TRANSCODE_OK) {
		check_text(fault.path, TRANSCODE_PATH_MAX);
		check_text(fault.value, TRANSCODE_VALUE_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	AUTO(json_decrefp) json_t *json = NULL;

	if (size == 0)
		return 0;
	json = json_loadb((const char *)data + 1, size - 1, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	if (json)
		check_json(contract_message(&office_contract, names[data[0] % LENGTH_OF(names)]), json);
	return 0;
}
