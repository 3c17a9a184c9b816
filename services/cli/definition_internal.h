/* SPDX-License-Identifier: MIT */
/* Definition: what its files share. */
#pragma once

#include "services/cli/definition.h"

/* What descriptor.proto lets be absent. */
static inline const char *present(const char *text) {
	return text ? text : "";
}

/* Add a comment's words in one line. */
void definition_one_line(const char *comment, struct text *out);

/* Name of a method's option that descriptor.proto does not know, or null. */
const char *definition_option_name(const FileSet *set, uint32_t number);

/* "NO_SIDE_EFFECTS" …; null when the method does not say. */
const char *definition_idempotency(const Method *method);
