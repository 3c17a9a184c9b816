/* SPDX-License-Identifier: MIT */
/* Interrupt: Ctrl-C and SIGTERM as something to poll for, for commands that have to tidy up. */
#pragma once

#define INTERRUPT_STATUS 128 /* and the signal's number: the exit status of what it ended */

/* From now on the two are kept for the descriptor, also for threads begun later.
 * Return: the descriptor, which the caller closes, or a negative errno. */
int interrupt_open(void);

/* The exit status for the signal that came: 130 or 143; 0 when none did. */
int interrupt_status(int descriptor);
