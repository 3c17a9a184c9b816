/* SPDX-License-Identifier: MIT */
/*
 * Names of a report
 *
 * What templates may say of a report:
 *
 *   every figure by its id
 *   units.public_service.committee_issued   regulated units less those that issued it themselves
 *   period.name            "quý I năm 2024", "6 tháng đầu năm 2024", "năm 2024", "tháng 3 năm 2024"
 *   period.short           "quý I", "6 tháng đầu năm", "9 tháng", "năm", "tháng 3"
 *   period.word            "quý", "6 tháng", "9 tháng", "năm", "tháng"
 *   period.months          how many months it has
 *   period.year   period.previous_year   period.next_year
 *   period.first  period.last            its days
 *   period.calendar        1 for a window of calendar months, 0 for the statutory one
 *   as_of                  the last day counted; as_of.month and as_of.year for place and date;
 *                          as_of.early is 1 when the period goes on after it
 *   node.name              "Ủy ban nhân dân huyện Cù Lao Dung"
 *   node.area              "huyện Cù Lao Dung"
 *   node.level             "huyện"; "địa phương" when the name does not say
 *   node.party             "Huyện ủy"
 *   node.communes          "xã, thị trấn": what the units below it are called
 *   node.code   place
 *   review_term            "2019 – 2023": the last five-year term of legal review that has ended
 *   cite.ID                "số 04/KH-UBND ngày 12/01/2024"; no value when the document is not found
 *
 * and the lists late.district, late.commune, open_late.district, open_late.commune with the fields
 * code, node, due, ended, correction, and coverage.late (each node once of which nothing was heard)
 * with the fields origin, origin_name.
 */
#pragma once

#include "common/base/arena.h"
#include "services/reporting/report.h"
#include "services/reporting/template.h"

/* Make the names of a report, which are borrowed from it and from the arena. Values are printed as
 * outline_add_value() does. Return: 0 or -ENOMEM. */
int report_names_init(
    struct arena *arena, const struct report *report, struct template_names *ret_names);
