/* SPDX-License-Identifier: MIT */
#pragma once

/* A bench that meets trouble has no figure to give: unless `r` is 0, the program ends and says what
 * failed, with the reason of a negative errno. */
void must(int r, const char *what);
