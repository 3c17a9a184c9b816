/* SPDX-License-Identifier: MIT */
#include "tests/harness/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

unsigned long memory_resident_kib(pid_t process) {
	char path[64];
	unsigned long pages = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)process);
	stream = fopen(path, "re");
	assert_non_null(stream);
	assert_int_equal(fscanf(stream, "%*u %lu", &pages), 1);
	fclose(stream);
	return pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}
