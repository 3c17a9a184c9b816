/* SPDX-License-Identifier: MIT */
/*
 * The contract as a table
 *
 * Every method under proto/ with the rules its options carry. The build makes the table from the
 * descriptor set (tool/contract.c), since protoc-c drops options.
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
	bool keyed;            /* a mutating call: an idempotency key is demanded */
	const ProtobufCMessageDescriptor *request;
	const ProtobufCMessageDescriptor *reply;
};

/* Ordered by name. */
extern const struct contract_method contract_methods[];
extern const size_t contract_methods_count;

/* The row of "Service/Method", or null. */
const struct contract_method *contract_find(const char *name);

/* Any message type of the contract by its name without package ("Dossier"), or null. */
const ProtobufCMessageDescriptor *contract_message(const char *name);
