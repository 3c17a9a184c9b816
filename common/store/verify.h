/* SPDX-License-Identifier: MIT */
/*
 * Verify
 *
 * Proves that a store is whole, while it is written to: every log is an unbroken chain up to its
 * mark; the records are what the logs replayed make of them; indexes, sizes and counters are what
 * the records make of them; counters that belong together agree.
 *
 * No snapshot lives longer than a slice. What was learnt from one snapshot is carried into the next
 * by the events between the two: both are open for that moment, and each record that was already
 * counted and has changed is taken back as the old one shows it and counted as the new one does. So
 * at any time all that was gathered is exactly true of the snapshot at hand.
 *
 * Memory does not grow with the store: above VERIFY_AT_ONCE events or cells the walk is made again
 * for the next part of them. In one walk a record that is not what the log says is counted as the
 * log says, so that one damaged entry is one finding; in several what follows from it may be told
 * too, and before it.
 */
#pragma once

#include "cchc/node.pb-c.h"
#include "common/store/register.h"

#define VERIFY_SLICE_US     400000 /* longest look at one snapshot; a second would harm the writer */
#define VERIFY_AT_ONCE      3000000 /* 16 bytes each, or 32 */
#define VERIFY_FINDINGS_MAX 100     /* that are told; the rest is counted */

enum { VERIFY_OK, VERIFY_NOT_NOW };

struct verify_options {
	struct store *store;
	const struct schema *schema;
	const char *service; /* for the result */
	uint64_t slice_us;   /* 0: VERIFY_SLICE_US */
	size_t at_once;      /* 0: VERIFY_AT_ONCE */
	/* Told now and then how far it is, with what was found; must not wait: a snapshot is open.
	 * Return: VERIFY_OK, VERIFY_NOT_NOW when it could not be told and the findings are to be told
	 * again, or anything else to end the verification with. May be null. */
	int (*news)(void *context, const VerifyNews *news);
	/* Called between two slices, to leave time to others; a snapshot is open, so it must not take
	 * long. Return: 0, or anything else to end the verification with. May be null. */
	int (*rest)(void *context);
	void *context;
};

/* Verify all of it. The last news, with the result and findings not told yet, is in `arena`.
 * Return: VERIFY_OK whatever was found, what `news` returned, or a negative errno. */
int verify_store(
    const struct verify_options *options, struct arena *arena, VerifyNews *ret_last_news);
