/* SPDX-License-Identifier: MIT */
/* Which number the result of a call has, by the call's key; for idempotency.c alone, on the
 * writer's thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RESULT_KEY_SIZE 16

struct result_memory;

struct result_memory *result_memory_new(void); /* null when memory is out */
void result_memory_free(struct result_memory *memory);

/* 0 when it is not known. */
uint64_t result_memory_find(const struct result_memory *memory, const uint8_t key[RESULT_KEY_SIZE]);

/* The largest number there ever was. */
uint64_t result_memory_last(const struct result_memory *memory);

/* Return: 0 or -ENOMEM. */
int result_memory_add(
    struct result_memory *memory, const uint8_t key[RESULT_KEY_SIZE], uint64_t number);
void result_memory_remove(struct result_memory *memory, const uint8_t key[RESULT_KEY_SIZE]);
