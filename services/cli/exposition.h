/* SPDX-License-Identifier: MIT */
/* Exposition: lines of Prometheus' text format, with what its grammar wants escaped. */
#pragma once

#include <stdint.h>

#include "common/base/text.h"

/* HELP and TYPE of the samples that follow. */
void exposition_family(struct text *out, const char *name, const char *type, const char *help);

/* One sample: name, and its labels as pairs of name and value up to a null name. The value follows.
 */
void exposition_sample(struct text *out, const char *name, ...) __attribute__((sentinel));
void exposition_value(struct text *out, uint64_t value);
void exposition_signed(struct text *out, int64_t value);
void exposition_seconds(struct text *out, uint64_t microseconds);
