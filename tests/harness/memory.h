/* SPDX-License-Identifier: MIT */
/* What a process holds. */
#pragma once

#include <sys/types.h>

/* KiB of a process's memory that are resident; the test fails when there is no such process. */
unsigned long memory_resident_kib(pid_t process);
