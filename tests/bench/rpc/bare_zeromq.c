/* SPDX-License-Identifier: MIT */
/*
 * What ZeroMQ and protobuf-c cost alone: no header, no deadline, no table of calls.
 *
 * One connection keeps its order, so the oldest call in flight is the one a reply answers.
 */
#include <stdlib.h>
#include <zmq.h>

#include "cchc/dossiers.pb-c.h"
#include "tests/bench/rpc/curve.h"
#include "tests/bench/rpc/dossier_sample.h"
#include "tests/bench/rpc/echo.h"
#include "tests/bench/rpc/figures.h"
#include "tests/bench/rpc/require.h"

static void *socket_new(void *context, int type) {
	void *socket = zmq_socket(context, type);

	require(socket != NULL, "a socket");
	return socket;
}

static void receive(void *socket, zmq_msg_t *ret_frame) {
	zmq_msg_init(ret_frame);
	require(zmq_msg_recv(ret_frame, socket, 0) >= 0, "receiving");
}

static void send_dossier(void *socket, const Dossier *dossier) {
	zmq_msg_t frame;

	require(zmq_msg_init_size(&frame, dossier__get_packed_size(dossier)) == 0, "a frame");
	dossier__pack(dossier, zmq_msg_data(&frame));
	require(zmq_msg_send(&frame, socket, 0) >= 0, "sending");
}

/* Takes the frame. */
static Dossier *unpack(zmq_msg_t *frame) {
	Dossier *dossier = dossier__unpack(NULL, zmq_msg_size(frame), zmq_msg_data(frame));

	require(dossier != NULL, "unpacking");
	zmq_msg_close(frame);
	return dossier;
}

static void serve(const struct echo_options *options) {
	void *context = zmq_ctx_new();
	void *socket = socket_new(context, ZMQ_ROUTER);

	if (options->keys)
		curve_serve(socket, options->keys);
	require(zmq_bind(socket, options->endpoint) == 0, options->endpoint);
	echo_ready();
	for (;;) {
		zmq_msg_t routing;
		zmq_msg_t request;
		Dossier *dossier;

		receive(socket, &routing);
		receive(socket, &request);
		dossier = unpack(&request);
		require(zmq_msg_send(&routing, socket, ZMQ_SNDMORE) >= 0, "sending");
		send_dossier(socket, dossier);
		dossier__free_unpacked(dossier, NULL);
	}
}

static void exchange(void *socket, size_t in_flight, struct figures *figures) {
	size_t total = figures_total(figures);
	uint64_t *sent_ns = calloc(in_flight, sizeof(*sent_ns));
	Dossier request;
	size_t sent = 0;

	require(sent_ns != NULL, "room for the calls in flight");
	dossier_sample(&request);
	for (size_t done = 0; done < total; done++) {
		zmq_msg_t reply;

		for (; sent < total && sent < done + in_flight; sent++) {
			sent_ns[sent % in_flight] = figures_now_ns();
			send_dossier(socket, &request);
		}
		receive(socket, &reply);
		dossier__free_unpacked(unpack(&reply), NULL);
		figures_add(figures, sent_ns[done % in_flight]);
	}
	free(sent_ns);
}

static void call(const struct echo_options *options, struct figures *figures) {
	void *context = zmq_ctx_new();
	void *socket = socket_new(context, ZMQ_DEALER);

	if (options->keys)
		curve_call(socket, options->keys);
	require(zmq_connect(socket, options->endpoint) == 0, options->endpoint);
	exchange(socket, options->in_flight, figures);
	zmq_close(socket);
	zmq_ctx_term(context);
}

int main(int argc, char **argv) {
	static const struct echo_program program = { "bare-zeromq", "curve", serve, call };

	return echo_main(&program, argc, argv);
}
