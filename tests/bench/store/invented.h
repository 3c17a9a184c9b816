/* SPDX-License-Identifier: MIT */
/*
 * Invented dossiers
 *
 * Every program of the bench takes its dossiers from here, so that all measure the same ones. A
 * dossier follows from its number and the size of the history it belongs to: the history fills five
 * statutory years quarter after quarter, and within a quarter nothing is in order, as in the sheets
 * of offices. What is numbered beyond the history comes after it. A dossier has about 195 bytes.
 */
#pragma once

#include "cchc/dossiers.pb-c.h"
#include "common/calendar/day.h"

#define INVENTED_NODE "H51.15"

enum {
	INVENTED_UNITS = 9,
	INVENTED_PROCEDURES = 20,
	INVENTED_FIELDS = 8,
	INVENTED_QUARTERS = 20,
};

struct invented {
	Dossier dossier; /* its texts are the members below */
	char code[32];
	char unit[16];
	char procedure[32];
	char applicant[128];
};

void invent_dossier(uint64_t number, uint64_t history, struct invented *ret_invented);

/* The last quarter of the history. */
void invented_quarter(struct day *ret_first, struct day *ret_last);

/* A procedure of the catalogue; 0 … INVENTED_PROCEDURES - 1. */
struct invented_procedure {
	Procedure procedure; /* its texts are the members below, or constants */
	char code[32];
	char name[64];
};

void invent_procedure(unsigned number, struct invented_procedure *ret_invented);
