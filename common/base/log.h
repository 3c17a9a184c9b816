/* SPDX-License-Identifier: MIT */
/*
 * Log
 *
 * One JSON object a line on stderr: time, level, service, node, event, text. The event is a fixed
 * name that can be searched and tested; the text is for people. Never write a citizen's name, id
 * number or document text here: write record codes.
 */
#pragma once

/* Whose lines these are; both texts must outlive the process's logging. */
void log_open(const char *service, const char *node);

/* The work the calling thread is at (32 digits of a trace id); every line it writes says so. Null:
 * none. The text must outlive that. */
void log_trace(const char *trace);

void log_info(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_warn(const char *event, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Like log_warn, with the error's name and the calling thread's trail (error.h), which is then
 * forgotten. `code` is a negative errno. */
void log_failure(const char *event, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
