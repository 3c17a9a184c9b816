/* SPDX-License-Identifier: MIT */
/*
 * Descriptor set: a contract as data, as protoc wrote it, with its comments and with options that
 * descriptor.proto itself does not know. What the build tool and the command read of it.
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
typedef Google__Protobuf__EnumValueDescriptorProto EnumValue;
typedef Google__Protobuf__ServiceDescriptorProto Service;
typedef Google__Protobuf__MethodDescriptorProto Method;
typedef Google__Protobuf__SourceCodeInfo__Location Location;

enum contract_option {
	OPTION_ACCESS = 50001,
	OPTION_PERMISSION = 50002,
	OPTION_DEADLINE = 50003,
	OPTION_ATTEMPTS = 50004,
	OPTION_BACKOFF = 50005,
};

/* Files of ours and not of protobuf. */
bool set_is_ours(const File *file);

/* The name after the last dot. */
const char *set_last_word(const char *dotted);

/* A method's option that is unknown to descriptor.proto, by its number; all ours are varints. 0
 * when it is absent. */
uint64_t set_option(const Method *method, uint32_t number);

bool set_streams_requests(const Method *method);
bool set_streams_replies(const Method *method);

/* Where a definition stands in its file: the steps of SourceCodeInfo, by field number and index. */
enum { PATH_MESSAGE = 4, PATH_ENUM = 5, PATH_SERVICE = 6 };
enum { PATH_FIELD = 2, PATH_NESTED = 3, PATH_NESTED_ENUM = 4, PATH_VALUE = 2, PATH_METHOD = 2 };

#define PATH_STEPS_MAX 16

struct set_path {
	int32_t steps[PATH_STEPS_MAX];
	size_t depth; /* steps taken; beyond the limit none is */
};

struct set_path set_path_below(struct set_path path, int32_t kind, size_t index);

/* Comments there, or null. Borrowed. */
const Location *set_location(const File *file, const struct set_path *path);
