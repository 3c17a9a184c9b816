/* SPDX-License-Identifier: MIT */
/* A temporary folder of one test. */
#pragma once

#include "common/base/error.h"

struct folder {
	char path[64];
};

/* A new empty folder; the test fails when there is none to be had. */
struct folder folder_new(void);

/* Remove it with all it holds; for AUTO. */
void folder_remove(struct folder *folder);
