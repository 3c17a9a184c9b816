/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/tool/contract_set.h"

enum { METHODS_MAX = 512 };

bool set_is_repeatable(const Method *method) {
	return method->options && method->options->has_idempotency_level &&
	       method->options->idempotency_level !=
	           GOOGLE__PROTOBUF__METHOD_OPTIONS__IDEMPOTENCY_LEVEL__IDEMPOTENCY_UNKNOWN;
}

static FileSet *read_set(const char *path) {
	FILE *stream = fopen(path, "rb");
	static uint8_t bytes[4u << 20];
	size_t size;

	if (!stream)
		return NULL;
	size = fread(bytes, 1, sizeof(bytes), stream);
	fclose(stream);
	return google__protobuf__file_descriptor_set__unpack(NULL, size, bytes);
}

static int compare_rows(const void *left, const void *right) {
	return strcmp(((const struct row *)left)->name, ((const struct row *)right)->name);
}

static size_t collect_rows(const FileSet *set, struct row *rows) {
	size_t count = 0;

	for (size_t i = 0; i < set->n_file; i++) {
		const File *file = set->file[i];

		for (size_t j = 0; set_is_ours(file) && j < file->n_service; j++) {
			for (size_t k = 0; k < file->service[j]->n_method && count < METHODS_MAX; k++) {
				struct row *row = &rows[count++];

				row->file = file;
				row->method = file->service[j]->method[k];
				snprintf(row->name, sizeof(row->name), "%s/%s", file->service[j]->name,
				    row->method->name);
			}
		}
	}
	qsort(rows, count, sizeof(rows[0]), compare_rows);
	return count;
}

int main(int argc, char **argv) {
	static struct row rows[METHODS_MAX];
	FileSet *set = argc == 3 ? read_set(argv[2]) : NULL;
	size_t count;

	if (!set) {
		fputs("usage: contract NAME DESCRIPTOR_SET > contract.c\n"
		      "       contract --list DESCRIPTOR_SET\n",
		    stderr);
		return 2;
	}
	count = collect_rows(set, rows);
	if (set_check(set, rows, count))
		return 1;
	if (strcmp(argv[1], "--list") == 0)
		set_list(set, rows, count);
	else
		set_print(set, rows, count, argv[1]);
	google__protobuf__file_descriptor_set__free_unpacked(set, NULL);
	return 0;
}
