/* SPDX-License-Identifier: MIT */
/*
 * Errors
 *
 * A negative result is something that broke: a negated errno, passed up untouched. A positive
 * result is an answer that the function lists in its header; whoever gets it handles it there.
 *
 * Two words leave the trail of a failure: failed_here() where it starts, failed_below() where it
 * passes. The edge that gives up prints the trail once (log.h). The trail is per thread and serves
 * nothing but that print.
 */
#pragma once

#include <errno.h>
#include <stddef.h>

/* Runs `release` on the variable when its scope ends: every owning local carries one. */
#define AUTO(release) __attribute__((cleanup(release)))

#define LENGTH_OF(array) (sizeof(array) / sizeof((array)[0]))

#define failed_here(code)  error_trail_begin((code), __FILE__, __LINE__, __func__)
#define failed_below(code) error_trail_extend((code), __FILE__, __LINE__, __func__)

/* Start the calling thread's trail at this place. Return: `code`, unchanged. */
int error_trail_begin(int code, const char *file, int line, const char *function);

/* Add this place to the calling thread's trail. Return: `code`, unchanged. */
int error_trail_extend(int code, const char *file, int line, const char *function);

/* Write the trail as one line ("commit store/committer.c:88 < run …") and forget it.
 * `size` bytes at `buffer` are always left as a terminated string. */
void error_trail_take(char *buffer, size_t size);
