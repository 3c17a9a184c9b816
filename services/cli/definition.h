/* SPDX-License-Identifier: MIT */
/*
 * Definition
 *
 * What a contract defines under a name: a service, a method "Dossiers/GetDossier", a message or an
 * enum, the inner ones as "Dossier.Channel". Everything is read from a descriptor set, of this
 * program or of a service that runs, and borrowed from it.
 */
#pragma once

#include <jansson.h>

#include "common/base/arena.h"
#include "common/base/text.h"
#include "proto/descriptor_set.h"

enum definition_kind { DEFINITION_SERVICE, DEFINITION_METHOD, DEFINITION_MESSAGE, DEFINITION_ENUM };

#define DEFINITION_NAME_MAX 127 /* bytes; a longer name is cut and found by nobody */

struct definition {
	enum definition_kind kind;
	char name[DEFINITION_NAME_MAX + 1];
	const FileSet *set;
	const File *file;
	struct set_path path; /* in the file */
	union {
		const Service *service;
		const Method *method;
		const Message *message;
		const Enum *type;
	};
};

/* The set from its bytes, in `arena`. Return: 0, or -EBADMSG when they are none, or -ENOMEM. */
int definition_set_read(
    const uint8_t *bytes, size_t size, struct arena *arena, const FileSet **ret_set);

/* Every definition of ours, in the order of the files; services before types. */
typedef void definition_visitor(void *context, const struct definition *definition);
void definition_walk(const FileSet *set, definition_visitor *visit, void *context);

/* Find a name, with or without the package in front. When there is none *ret_nearest is the one
 * most like it, or "". Return: whether it was found; only then is *ret_definition written. */
bool definition_find(const FileSet *set, const char *name, struct definition *ret_definition,
    char ret_nearest[DEFINITION_NAME_MAX + 1]);

/* "service", "method", "message" or "enum". */
const char *definition_kind_name(enum definition_kind kind);

/* Add its comment in one line; the summary is its first sentence. */
void definition_comment(const struct definition *definition, struct text *out);
void definition_summary(const struct definition *definition, struct text *out);

/* "stream LineChunk": what goes in and what comes back. */
void definition_request(const Method *method, struct text *out);
void definition_reply(const Method *method, struct text *out);

/* A method's option as it is written, e.g. "READS" or "2000"; nothing when it is absent. */
void definition_option(const FileSet *set, const Method *method, uint32_t number, struct text *out);

/* A type as a field names it, without the package. */
const char *definition_type_name(const char *dotted);
void definition_field_type(const Field *field, struct text *out);

/* As the .proto file has it, with comments; a method with its request and its reply. */
void definition_print(const struct definition *definition, struct text *out);

/* The same for machines, without what had no memory. The caller owns it (json_decref). */
json_t *definition_json(const struct definition *definition);
