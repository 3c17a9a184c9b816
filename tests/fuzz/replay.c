/* SPDX-License-Identifier: MIT */
/* Gives each file of a corpus to a fuzz target once: what the fuzzer found stays found. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv) {
	struct dirent **names;
	int count = argc == 2 ? scandir(argv[1], &names, NULL, alphasort) : -1;
	int replayed = 0;

	if (count < 0) {
		fputs("usage: replay CORPUS_FOLDER\n", stderr);
		return 2;
	}
	for (int i = 0; i < count; i++) {
		AUTO(heap_freep) char *path = NULL;
		AUTO(heap_freep) char *bytes = NULL;
		size_t size;

		if (names[i]->d_name[0] != '.' && asprintf(&path, "%s/%s", argv[1], names[i]->d_name) > 0 &&
		    file_read(path, 64u << 20, &bytes, &size) == 0) {
			LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
			replayed++;
		}
		free(names[i]);
	}
	free(names);
	printf("%d inputs replayed\n", replayed);
	return replayed ? 0 : 1;
}
