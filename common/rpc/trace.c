/* SPDX-License-Identifier: MIT */
#include "common/rpc/trace.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

enum { ID_AT = 3, SPAN_AT = 36, FLAGS_AT = 53, ID_LENGTH = 32, SPAN_LENGTH = 16 };

/* Random once a process and counted on from there: asking the kernel for each call would cost more
 * than the call. The counter goes through a bijection, so that no two are the same. */
static struct {
	uint64_t id[2];
	atomic_uint_fast64_t next;
} source;
static pthread_once_t source_once = PTHREAD_ONCE_INIT;

static void fill_source(void) {
	uint64_t first;

	randombytes_buf(source.id, sizeof(source.id));
	randombytes_buf(&first, sizeof(first));
	atomic_store(&source.next, first);
}

static uint64_t next_number(void) {
	pthread_once(&source_once, fill_source);
	return atomic_fetch_add(&source.next, 1) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_hex(const char *text, size_t length) {
	return strspn(text, "0123456789abcdef") >= length && strspn(text, "0") < length;
}

static bool is_traceparent(const char *text) {
	return strlen(text) == TRACE_TEXT_SIZE - 1 && memcmp(text, "00-", 3) == 0 &&
	       is_hex(text + ID_AT, ID_LENGTH) && text[SPAN_AT - 1] == '-' &&
	       is_hex(text + SPAN_AT, SPAN_LENGTH) && text[FLAGS_AT - 1] == '-';
}

bool trace_read_id(const char *text, char ret_id[TRACE_ID_SIZE]) {
	bool whole = is_traceparent(text);

	if (!whole && (strlen(text) != ID_LENGTH || !is_hex(text, ID_LENGTH)))
		return false;
	memcpy(ret_id, whole ? text + ID_AT : text, ID_LENGTH);
	ret_id[ID_LENGTH] = '\0';
	return true;
}

void trace_begin(struct trace *trace, const char *parent) {
	uint64_t number = next_number();

	if (is_traceparent(parent)) {
		memcpy(trace->id, parent + ID_AT, ID_LENGTH);
		memcpy(trace->parent, parent + SPAN_AT, SPAN_LENGTH);
		trace->id[ID_LENGTH] = '\0';
		trace->parent[SPAN_LENGTH] = '\0';
	} else {
		uint64_t id[2] = { source.id[0], source.id[1] ^ number };

		sodium_bin2hex(trace->id, sizeof(trace->id), (const unsigned char *)id, sizeof(id));
		trace->parent[0] = '\0';
	}
	sodium_bin2hex(
	    trace->span, sizeof(trace->span), (const unsigned char *)&number, sizeof(number));
}

char *trace_text(const struct trace *trace, char text[TRACE_TEXT_SIZE]) {
	memcpy(text, "00-", ID_AT);
	memcpy(text + ID_AT, trace->id, ID_LENGTH);
	text[SPAN_AT - 1] = '-';
	memcpy(text + SPAN_AT, trace->span, SPAN_LENGTH);
	memcpy(text + FLAGS_AT - 1, "-01", 4);
	return text;
}
