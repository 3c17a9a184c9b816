/* SPDX-License-Identifier: MIT */
/* The table of methods and messages, and the descriptor set itself, as C. */
#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/tool/contract_set.h"

enum { BYTES_A_LINE = 24, ATTEMPTS_WHEN_SAFE = 5, BACKOFF_MS = 100 };

/* protoc-c's name of a message's descriptor: CamelCase to snake_case. */
static void print_descriptor_name(const char *type) {
	for (const char *c = type; *c; c++) {
		if (isupper((unsigned char)*c) && c != type)
			putchar('_');
		putchar(tolower((unsigned char)*c));
	}
	fputs("__descriptor", stdout);
}

static void print_row(const struct row *row) {
	static const char *const access[] = { "", "ACCESS__READS", "ACCESS__WRITES", "ACCESS__CALLS" };
	static const char *const permission[] = { "", "PERMISSION__SERVICES", "PERMISSION__READERS",
		"PERMISSION__CLERKS", "PERMISSION__PEERS", "PERMISSION__EVERYONE" };
	unsigned attempts = (unsigned)set_option(row->method, OPTION_ATTEMPTS);
	unsigned backoff_ms = (unsigned)set_option(row->method, OPTION_BACKOFF);

	if (!attempts)
		attempts = set_is_repeatable(row->method) ? ATTEMPTS_WHEN_SAFE : 1;
	printf("\t{ \"%s\", %s, %s, %u, %u, %u, %s, %s, %s, &", row->name,
	    access[set_option(row->method, OPTION_ACCESS)],
	    permission[set_option(row->method, OPTION_PERMISSION)],
	    (unsigned)set_option(row->method, OPTION_DEADLINE), attempts,
	    backoff_ms ? backoff_ms : BACKOFF_MS,
	    set_option(row->method, OPTION_ACCESS) == 2 ? "true" : "false",
	    set_streams_requests(row->method) ? "true" : "false",
	    set_streams_replies(row->method) ? "true" : "false");
	print_descriptor_name(set_last_word(row->method->input_type));
	fputs(", &", stdout);
	print_descriptor_name(set_last_word(row->method->output_type));
	puts(" },");
}

static void print_bytes(const char *name, const uint8_t *bytes, size_t size) {
	printf("static const uint8_t %s[] = {", name);
	for (size_t i = 0; i < size; i++)
		printf("%s%u,", i % BYTES_A_LINE ? "" : "\n\t", bytes[i]);
	puts("\n};\n");
}

static uint8_t *pack(const FileSet *set, size_t *ret_size) {
	uint8_t *bytes;

	*ret_size = google__protobuf__file_descriptor_set__get_packed_size(set);
	bytes = malloc(*ret_size + 1);
	if (!bytes)
		abort();
	google__protobuf__file_descriptor_set__pack(set, bytes);
	return bytes;
}

/* Two builds speak the same contract whatever its comments say, so the hash leaves them out. */
static void print_set(const FileSet *set) {
	uint8_t hash[crypto_generichash_BYTES];
	size_t size;
	uint8_t *bytes = pack(set, &size);

	print_bytes("descriptor_set", bytes, size);
	free(bytes);
	for (size_t i = 0; i < set->n_file; i++) {
		google__protobuf__source_code_info__free_unpacked(set->file[i]->source_code_info, NULL);
		set->file[i]->source_code_info = NULL;
	}
	bytes = pack(set, &size);
	crypto_generichash(hash, sizeof(hash), bytes, size, NULL, 0);
	free(bytes);
	print_bytes("hash", hash, sizeof(hash));
}

void set_print(const FileSet *set, const struct row *rows, size_t count, const char *object) {
	size_t messages = 0;

	puts("/* Made by proto/tool from the descriptor set. */");
	puts("#include \"proto/contract.h\"\n");
	for (size_t i = 0; i < set->n_file; i++)
		if (set_is_ours(set->file[i]))
			printf("#include \"%.*s.pb-c.h\"\n", (int)(strlen(set->file[i]->name) - 6),
			    set->file[i]->name);
	puts("\nstatic const struct contract_method methods[] = {");
	for (size_t i = 0; i < count; i++)
		print_row(&rows[i]);
	puts("};\n\nstatic const ProtobufCMessageDescriptor *const messages[] = {");
	for (size_t i = 0; i < set->n_file; i++) {
		for (size_t j = 0; set_is_ours(set->file[i]) && j < set->file[i]->n_message_type; j++) {
			fputs("\t&", stdout);
			print_descriptor_name(set->file[i]->message_type[j]->name);
			puts(",");
			messages++;
		}
	}
	puts("};\n");
	print_set(set);
	printf("const struct contract %s = {\n\tmethods, %zu, messages, %zu, descriptor_set,\n"
	       "\tsizeof(descriptor_set), hash\n};\n",
	    object, count, messages);
}
