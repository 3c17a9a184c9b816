/* SPDX-License-Identifier: MIT */
/*
 * Trace: which work a call belongs to, as W3C's Trace Context says it (traceparent,
 * https://www.w3.org/TR/trace-context/): "00-" 32 digits of the work "-" 16 digits of one step
 * "-01".
 */
#pragma once

#include <stdbool.h>

#define TRACE_ID_SIZE   33 /* digits and the end */
#define TRACE_SPAN_SIZE 17
#define TRACE_TEXT_SIZE 56

struct trace {
	char id[TRACE_ID_SIZE];
	char span[TRACE_SPAN_SIZE];
	char parent[TRACE_SPAN_SIZE]; /* the step that made this one; "" for the first */
};

/* A step of its own below what the text says; a new work when it says nothing that is well-formed.
 */
void trace_begin(struct trace *trace, const char *parent);

/* traceparent of this step, for those it calls. Return: `text`. */
char *trace_text(const struct trace *trace, char text[TRACE_TEXT_SIZE]);

/* The id of a traceparent, or of a text that is only the id. Return: whether it is either. */
bool trace_read_id(const char *text, char ret_id[TRACE_ID_SIZE]);
