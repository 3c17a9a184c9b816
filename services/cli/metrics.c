/* SPDX-License-Identifier: MIT */
/*
 * A family is a row of the table. Most are one field of a message, told once a service, once a
 * method or once a caller; a few need a function of their own. The samples of a family stand
 * together, so the table is walked, and for each row the services. The meanings are in English, as
 * every name on that side is.
 */
#include "services/cli/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/error.h"
#include "common/rpc/stats.h"
#include "common/rpc/status.h"
#include "services/cli/exposition.h"

/* Whose field it is, and so how often it is told. */
enum source { STATE, STATISTICS, METHODS, PEERS };

struct family {
	const char *name;
	const char *type;
	const char *help;
	enum source source;
	const char *field; /* one that ends in _ms is told in seconds; null: one of the functions */
	void (*add_state)(struct text *out, const char *name, const NodeState *state);
	void (*add_statistics)(struct text *out, const char *name, const NodeStatistics *statistics);
};

static void add_milliseconds(struct text *out, uint64_t milliseconds) {
	exposition_seconds(out, milliseconds * 1000);
}

static void add_field(struct text *out, const ProtobufCMessage *message, const char *name) {
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
	const void *value = (const char *)message + field->offset;
	size_t length = strlen(name);

	switch (field->type) {
	case PROTOBUF_C_TYPE_UINT32: exposition_value(out, *(const uint32_t *)value); break;
	case PROTOBUF_C_TYPE_BOOL:
		exposition_value(out, *(const protobuf_c_boolean *)value != 0);
		break;
	case PROTOBUF_C_TYPE_SINT64: exposition_signed(out, *(const int64_t *)value); break;
	default:
		if (length > 3 && strcmp(name + length - 3, "_ms") == 0)
			add_milliseconds(out, *(const uint64_t *)value);
		else
			exposition_value(out, *(const uint64_t *)value);
		break;
	}
}

/* No organisation code looks like it. */
static const char *peer_name(const PeerStatistics *peer) {
	return *peer->node ? peer->node : "office";
}

static void add_info(struct text *out, const char *name, const NodeState *state) {
	exposition_sample(
	    out, name, "service", state->service, "node", state->node, "version", state->version, NULL);
	exposition_value(out, 1);
}

static void add_registers(struct text *out, const char *name, const NodeState *state) {
	for (size_t i = 0; i < state->n_registers; i++) {
		exposition_sample(
		    out, name, "service", state->service, "register", state->registers[i]->name, NULL);
		exposition_value(out, state->registers[i]->records);
	}
}

static const char *stream_name(Stream stream) {
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(&stream__descriptor, (int)stream);

	return value ? value->name : "";
}

static void add_mark_labels(
    struct text *out, const char *name, const NodeState *state, const Watermark *mark) {
	char epoch[16];

	snprintf(epoch, sizeof(epoch), "%" PRIu32, mark->epoch);
	exposition_sample(out, name, "service", state->service, "origin", mark->origin, "stream",
	    stream_name(mark->stream), "epoch", epoch, NULL);
}

static void add_log_sequence(struct text *out, const char *name, const NodeState *state) {
	for (size_t i = 0; i < state->n_watermarks; i++) {
		add_mark_labels(out, name, state, state->watermarks[i]);
		exposition_value(out, state->watermarks[i]->sequence);
	}
}

static void add_log_as_of(struct text *out, const char *name, const NodeState *state) {
	for (size_t i = 0; i < state->n_watermarks; i++) {
		add_mark_labels(out, name, state, state->watermarks[i]);
		add_milliseconds(out, state->watermarks[i]->as_of_ms);
	}
}

/* Only statuses that were seen: seventeen lines a method would say nothing seventeen times. */
static void add_calls(struct text *out, const char *name, const NodeStatistics *statistics) {
	for (size_t i = 0; i < statistics->n_methods; i++) {
		const MethodStatistics *method = statistics->methods[i];

		for (size_t status = 0; status < method->n_by_status; status++) {
			if (!method->by_status[status])
				continue;
			exposition_sample(out, name, "service", statistics->service, "method", method->method,
			    "status", rpc_status_name((unsigned)status), NULL);
			exposition_value(out, method->by_status[status]);
		}
	}
}

static void add_peer_calls(struct text *out, const char *name, const NodeStatistics *statistics) {
	for (size_t i = 0; i < statistics->n_peers; i++) {
		const PeerStatistics *peer = statistics->peers[i];

		for (size_t status = 0; status < peer->n_by_status; status++) {
			if (!peer->by_status[status])
				continue;
			exposition_sample(out, name, "service", statistics->service, "peer", peer_name(peer),
			    "status", rpc_status_name((unsigned)status), NULL);
			exposition_value(out, peer->by_status[status]);
		}
	}
}

/* Bucket i holds what took less than 2^i microseconds; the last one has no bound. */
static void add_latency(struct text *out, const char *name, const NodeStatistics *statistics) {
	for (size_t i = 0; i < statistics->n_methods; i++) {
		const MethodStatistics *method = statistics->methods[i];
		char sample[64];
		char bound[32];
		uint64_t sum = 0;

		snprintf(sample, sizeof(sample), "%s_bucket", name);
		for (unsigned bucket = 0; bucket < STATS_LATENCY_BUCKETS; bucket++) {
			sum += bucket < method->n_latency ? method->latency[bucket] : 0;
			snprintf(bound, sizeof(bound), "%u.%06u", (1u << bucket) / 1000000,
			    (1u << bucket) % 1000000);
			exposition_sample(out, sample, "service", statistics->service, "method", method->method,
			    "le", bucket + 1 < STATS_LATENCY_BUCKETS ? bound : "+Inf", NULL);
			exposition_value(out, sum);
		}
		snprintf(sample, sizeof(sample), "%s_sum", name);
		exposition_sample(
		    out, sample, "service", statistics->service, "method", method->method, NULL);
		exposition_seconds(out, method->latency_sum_us);
		snprintf(sample, sizeof(sample), "%s_count", name);
		exposition_sample(
		    out, sample, "service", statistics->service, "method", method->method, NULL);
		exposition_value(out, sum);
	}
}

static const struct family families[] = {
	{ "cchc_info", "gauge", "Which program serves which node.", .add_state = add_info },
	{ "cchc_start_time_seconds", "gauge", "When the process started, since 1970.",
	    .source = STATISTICS, .field = "started_ms" },
	{ "cchc_resident_bytes", "gauge", "Memory of the process.", .source = STATE,
	    .field = "resident_bytes" },
	{ "cchc_store_bytes", "gauge", "Used by the store.", .source = STATE, .field = "store_bytes" },
	{ "cchc_store_free_bytes", "gauge", "Of cchc_store_bytes, what can be used again.",
	    .source = STATE, .field = "store_free_bytes" },
	{ "cchc_store_max_bytes", "gauge", "What the store can grow to.", .source = STATE,
	    .field = "store_max_bytes" },
	{ "cchc_store_oldest_reader_seconds", "gauge", "Age of the oldest snapshot that is open.",
	    .source = STATE, .field = "oldest_reader_ms" },
	{ "cchc_store_scrubbed_seconds", "gauge", "When the last scrub of the store ended; 0: never.",
	    .source = STATE, .field = "scrubbed_ms" },
	{ "cchc_store_scrub_findings", "gauge", "What the last scrub of the store found.",
	    .source = STATE, .field = "scrub_findings" },
	{ "cchc_held_events", "gauge", "Events kept without effect.", .source = STATE,
	    .field = "held_events" },
	{ "cchc_records", "gauge", "Records of a register.", .add_state = add_registers },
	{ "cchc_log_sequence", "gauge", "The last event of a log that the service holds.",
	    .add_state = add_log_sequence },
	{ "cchc_log_as_of_seconds", "gauge", "When that event was written, since 1970.",
	    .add_state = add_log_as_of },
	{ "cchc_calls_in_hand", "gauge", "Calls being served now.", .source = STATISTICS,
	    .field = "calls_in_hand" },
	{ "cchc_calls_in_hand_max", "gauge", "As many calls are taken at once.", .source = STATISTICS,
	    .field = "calls_max" },
	{ "cchc_frames_dropped_total", "counter", "Messages that were none of ours.",
	    .source = STATISTICS, .field = "frames_dropped" },
	{ "cchc_late_parts_total", "counter", "Parts for calls that had ended.", .source = STATISTICS,
	    .field = "late" },
	{ "cchc_violations_total", "counter", "Connections given up for what was said on them.",
	    .source = STATISTICS, .field = "violations" },
	{ "cchc_calls_total", "counter", "Calls that ended, by method and status.",
	    .add_statistics = add_calls },
	{ "cchc_call_duration_seconds", "histogram",
	    "From a request's arrival to its answer's departure.", .add_statistics = add_latency },
	{ "cchc_request_bytes_total", "counter", "Payloads of requests.", .source = METHODS,
	    .field = "bytes_in" },
	{ "cchc_reply_bytes_total", "counter", "Payloads of replies.", .source = METHODS,
	    .field = "bytes_out" },
	{ "cchc_peer_connections", "gauge", "Connections of a caller now.", .source = PEERS,
	    .field = "connections" },
	{ "cchc_peer_connections_total", "counter", "Connections of a caller in all.", .source = PEERS,
	    .field = "hellos" },
	{ "cchc_peer_last_heard_seconds", "gauge", "When a caller was last heard, since 1970.",
	    .source = PEERS, .field = "last_heard_ms" },
	{ "cchc_peer_calls_in_hand", "gauge", "Calls of a caller being served now.", .source = PEERS,
	    .field = "calls_in_hand" },
	{ "cchc_peer_calls_total", "counter", "Calls of a caller that ended, by status.",
	    .add_statistics = add_peer_calls },
	{ "cchc_peer_received_bytes_total", "counter", "Payloads that came from a caller.",
	    .source = PEERS, .field = "bytes_in" },
	{ "cchc_peer_sent_bytes_total", "counter", "Payloads that went to a caller.", .source = PEERS,
	    .field = "bytes_out" },
	{ "cchc_peer_credit_bytes", "gauge", "Bytes of streams a caller would still take.",
	    .source = PEERS, .field = "credit" },
	{ "cchc_peer_queued_bytes", "gauge", "Bytes waiting for a caller's line.", .source = PEERS,
	    .field = "queued_bytes" },
	{ "cchc_peer_other_contract", "gauge", "1: the caller was built with another contract.",
	    .source = PEERS, .field = "other_contract" },
};

static void add_methods(
    const struct family *family, const NodeStatistics *statistics, struct text *out) {
	for (size_t i = 0; i < statistics->n_methods; i++) {
		const MethodStatistics *method = statistics->methods[i];

		exposition_sample(
		    out, family->name, "service", statistics->service, "method", method->method, NULL);
		add_field(out, &method->base, family->field);
	}
}

static void add_peers(
    const struct family *family, const NodeStatistics *statistics, struct text *out) {
	for (size_t i = 0; i < statistics->n_peers; i++) {
		const PeerStatistics *peer = statistics->peers[i];

		exposition_sample(
		    out, family->name, "service", statistics->service, "peer", peer_name(peer), NULL);
		add_field(out, &peer->base, family->field);
	}
}

static void add_one(const struct family *family, const char *service,
    const ProtobufCMessage *message, struct text *out) {
	exposition_sample(out, family->name, "service", service, NULL);
	add_field(out, message, family->field);
}

static void add_service(
    const struct family *family, const struct metrics_service *service, struct text *out) {
	if (family->add_state) {
		family->add_state(out, family->name, service->state);
		return;
	}
	if (family->add_statistics) {
		family->add_statistics(out, family->name, service->statistics);
		return;
	}
	switch (family->source) {
	case STATE: add_one(family, service->name, &service->state->base, out); break;
	case STATISTICS: add_one(family, service->name, &service->statistics->base, out); break;
	case METHODS: add_methods(family, service->statistics, out); break;
	case PEERS: add_peers(family, service->statistics, out); break;
	}
}

static bool is_up(const struct metrics_service *service) {
	return service->statistics && service->state;
}

void metrics_print(const struct metrics_service *services, size_t count, struct text *out) {
	exposition_family(out, "cchc_up", "gauge", "Whether the service answered.");
	for (size_t i = 0; i < count; i++) {
		exposition_sample(out, "cchc_up", "service", services[i].name, NULL);
		exposition_value(out, is_up(&services[i]));
	}
	for (size_t i = 0; i < LENGTH_OF(families); i++) {
		exposition_family(out, families[i].name, families[i].type, families[i].help);
		for (size_t j = 0; j < count; j++)
			if (is_up(&services[j]))
				add_service(&families[i], &services[j], out);
	}
}
