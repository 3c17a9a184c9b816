/* SPDX-License-Identifier: MIT */
/* The report for programs. */
#pragma once

#include "common/base/text.h"
#include "services/reporting/report.h"

/* {"period", "from", "to", "figures", "forms", "coverage"}: counts are numbers, shares texts with
 * two decimals or null, each with numerator, denominator and its text in house style.
 * Return: 0 or -ENOMEM. */
int face_json(const struct report *report, struct text *out);
