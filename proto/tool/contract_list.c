/* SPDX-License-Identifier: MIT */
/*
 * The list that tells two contracts apart: a line that was there in a release and is not any more
 * breaks whoever was built with that release.
 */
#include <stdio.h>

#include "proto/tool/contract_set.h"

static void list_enum(const char *prefix, const Enum *type) {
	for (size_t i = 0; i < type->n_value; i++)
		printf("%s%s.%s = %d\n", prefix, type->name, type->value[i]->name, type->value[i]->number);
}

static void list_message(const char *prefix, const Message *message) {
	char inner[512];

	for (size_t i = 0; i < message->n_field; i++) {
		const Field *field = message->field[i];

		printf("%s%s.%s = %d %s%d %s\n", prefix, message->name, field->name, field->number,
		    field->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED
		        ? "repeated "
		        : "",
		    (int)field->type, field->type_name ? set_last_word(field->type_name) : "");
	}
	snprintf(inner, sizeof(inner), "%s%s.", prefix, message->name);
	for (size_t i = 0; i < message->n_nested_type; i++)
		list_message(inner, message->nested_type[i]);
	for (size_t i = 0; i < message->n_enum_type; i++)
		list_enum(inner, message->enum_type[i]);
}

void set_list(const FileSet *set, const struct row *rows, size_t count) {
	for (size_t i = 0; i < set->n_file; i++) {
		if (!set_is_ours(set->file[i]))
			continue;
		for (size_t j = 0; j < set->file[i]->n_message_type; j++)
			list_message("", set->file[i]->message_type[j]);
		for (size_t j = 0; j < set->file[i]->n_enum_type; j++)
			list_enum("", set->file[i]->enum_type[j]);
	}
	for (size_t i = 0; i < count; i++)
		printf("%s(%s%s) %s%s\n", rows[i].name,
		    set_streams_requests(rows[i].method) ? "stream " : "",
		    set_last_word(rows[i].method->input_type),
		    set_streams_replies(rows[i].method) ? "stream " : "",
		    set_last_word(rows[i].method->output_type));
}
