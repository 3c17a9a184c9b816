/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "proto/contract.h"

static int compare(const void *name, const void *row) {
	return strcmp(name, ((const struct contract_method *)row)->name);
}

const struct contract_method *contract_find(const struct contract *contract, const char *name) {
	return bsearch(
	    name, contract->methods, contract->method_count, sizeof(contract->methods[0]), compare);
}

const ProtobufCMessageDescriptor *contract_message(
    const struct contract *contract, const char *name) {
	for (size_t i = 0; i < contract->message_count; i++)
		if (strcmp(contract->messages[i]->short_name, name) == 0)
			return contract->messages[i];
	return NULL;
}
