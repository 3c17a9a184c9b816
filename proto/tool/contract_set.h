/* SPDX-License-Identifier: MIT */
/*
 * Build step over the descriptor set of the contract: checks its rules, and prints the table, the
 * embedded set, or a list of what may never change.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "google/protobuf/descriptor.pb-c.h"

typedef Google__Protobuf__FileDescriptorSet FileSet;
typedef Google__Protobuf__FileDescriptorProto File;
typedef Google__Protobuf__DescriptorProto Message;
typedef Google__Protobuf__FieldDescriptorProto Field;
typedef Google__Protobuf__EnumDescriptorProto Enum;
typedef Google__Protobuf__MethodDescriptorProto Method;
typedef Google__Protobuf__SourceCodeInfo__Location Location;

enum contract_option {
	OPTION_ACCESS = 50001,
	OPTION_PERMISSION = 50002,
	OPTION_DEADLINE = 50003,
	OPTION_ATTEMPTS = 50004,
	OPTION_BACKOFF = 50005,
};

struct row {
	char name[128]; /* "Service/Method" */
	const File *file;
	const Method *method;
};

/* Files of ours and not of protobuf. */
bool set_is_ours(const File *file);

/* The name after the last dot. */
const char *set_last_word(const char *dotted);

/* A method's option of ours, all varints; 0 when it is absent. */
uint64_t set_option(const Method *method, enum contract_option option);

/* Whether a method may be made again after it failed for a while. */
bool set_is_repeatable(const Method *method);
bool set_streams_requests(const Method *method);
bool set_streams_replies(const Method *method);

/* Names every breach on stderr. Return: how many. */
unsigned set_check(const FileSet *set, const struct row *rows, size_t count);

/* contract.c on stdout. */
void set_print(const FileSet *set, const struct row *rows, size_t count, const char *object);

/* Every field, value and method with its number and type, one a line, on stdout. */
void set_list(const FileSet *set, const struct row *rows, size_t count);
