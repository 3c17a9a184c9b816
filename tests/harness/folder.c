/* SPDX-License-Identifier: MIT */
#include "tests/harness/folder.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
	(void)status;
	(void)kind;
	(void)place;
	return remove(path);
}

struct folder folder_new(void) {
	struct folder folder;

	strcpy(folder.path, "/tmp/cchc-test-XXXXXX");
	if (!mkdtemp(folder.path)) {
		perror("mkdtemp");
		abort();
	}
	return folder;
}

void folder_remove(struct folder *folder) {
	nftw(folder->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
