/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>

/* A yardstick that meets trouble has no figure to give: unless `holds`, the program ends and says
 * what failed, with errno's reason. */
void require(bool holds, const char *what);
