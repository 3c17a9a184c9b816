/* SPDX-License-Identifier: MIT */
/* A dossier as a row of a table: what the yardsticks are given. */
#pragma once

#include "cchc/dossiers.pb-c.h"

enum { ROW_COLUMNS = 16, ROW_TEXT_SIZE = 24 };

struct row {
	const char *columns[ROW_COLUMNS]; /* in the order of the message; null: not known */
	char texts[ROW_COLUMNS][ROW_TEXT_SIZE];
};

/* The row's texts are its own or the dossier's. */
void row_of(const Dossier *dossier, struct row *ret_row);
