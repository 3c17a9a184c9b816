/* SPDX-License-Identifier: MIT */
/* Names that were looked up, kept in memory; for names.c alone. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct name_memory;

struct name_memory *name_memory_new(void); /* null when memory is out */
void name_memory_free(struct name_memory *memory);

/* The number of a text, 0 when it is not known. From any thread. */
uint32_t name_memory_number(struct name_memory *memory, const char *text, size_t length);

/* The text of a number, null when it is not known; good as long as the memory. From any thread. */
const char *name_memory_text(struct name_memory *memory, uint32_t number);

/* Keep both; when there is no more room they are not kept. From any thread. */
void name_memory_add(struct name_memory *memory, const char *text, size_t length, uint32_t number);
