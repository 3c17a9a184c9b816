/* SPDX-License-Identifier: MIT */
/*
 * Binding of a catalogue to the contract
 */
#pragma once

#include "services/cli/import/sheet.h"

/* Check the sheets, as read from the text `yaml`, and fill in what they have of the contract.
 * Comments in `yaml` are blanked: the line of a mistake is looked up in it.
 * Return: SHEET_CATALOGUE_OK, or SHEET_CATALOGUE_WRONG with *ret_fault written. */
int sheet_catalogue_bind(
    struct sheet_catalogue *catalogue, char *yaml, struct sheet_catalogue_fault *ret_fault);
