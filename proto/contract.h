/* SPDX-License-Identifier: MIT */
/*
 * The contract as a table
 *
 * Every method under proto/ with the rules its options carry, every message, and the descriptor set
 * itself. The build makes it (tool/), since protoc-c drops options and streams.
 */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cchc/options.pb-c.h"

struct contract_method {
	const char *name;      /* "Dossiers/RecordDossiers" */
	Access access;         /* what the handler may do with the store */
	Permission permission; /* who may call */
	uint32_t deadline_ms;  /* when the caller names none */
	uint32_t attempts;     /* how often it is made at most when it fails for a while */
	uint32_t backoff_ms;   /* before the second attempt; doubled before each further one */
	bool keyed;            /* a mutating call: an idempotency key is demanded */
	bool streams_requests; /* the caller sends any number of messages */
	bool streams_replies;  /* the callee sends any number of messages */
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *reply;
};

#define CONTRACT_HASH_SIZE 32

struct contract {
	const struct contract_method *methods; /* ordered by name */
	size_t method_count;
	const ProtobufCMessageDescriptor *const *messages;
	size_t message_count;
	const uint8_t *descriptor_set; /* packed google.protobuf.FileDescriptorSet, with comments */
	size_t descriptor_set_size;
	const uint8_t *hash; /* BLAKE2b-256 of the set without comments */
};

/* Whether either side sends any number of messages. */
static inline bool contract_streams(const struct contract_method *method) {
	return method->streams_requests || method->streams_replies;
}

/* All that stands under proto/. */
extern const struct contract office_contract;

/* The row of "Service/Method", or null. */
const struct contract_method *contract_find(const struct contract *contract, const char *name);

/* Any message type by its name without package ("Dossier"), or null. */
const ProtobufCMessageDescriptor *contract_message(
    const struct contract *contract, const char *name);
