/* SPDX-License-Identifier: MIT */
#include "tests/unit/exchange/house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cchc/node.pb-c.h"
#include "common/base/clock.h"
#include "common/base/file.h"

extern char **environ;

/* A test that fails leaves its house as it is; what runs in it ends with this program. */
static pid_t running[64];

enum { END_MS = 5000, ANSWER_MS = 15000 };

static const char *const names[] = {
	[HOUSE_STAFFING] = "staffing",
	[HOUSE_DOSSIERS] = "dossiers",
	[HOUSE_EXCHANGE] = "exchange",
};

static void note_process(pid_t from, pid_t to) {
	for (size_t i = 0; i < LENGTH_OF(running); i++) {
		if (running[i] == from) {
			running[i] = to;
			return;
		}
	}
}

static void kill_running(void) {
	for (size_t i = 0; i < LENGTH_OF(running); i++)
		if (running[i])
			kill(running[i], SIGKILL);
}

static void put(const struct house *house, const char *name, const char *text) {
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", house->folder.path, name);
	assert_return_code(file_write(path, text, strlen(text), 0600), 0);
}

void house_open(
    struct house *house, const char *code, const char *settings, const char *parent_key) {
	static bool prepared;
	struct settings_fault fault;
	char text[512];

	if (!prepared)
		prepared = atexit(kill_running) == 0;
	*house = (struct house) { .folder = folder_new(), .node = NODE_NULL };
	assert_return_code(rpc_identity_make(&house->identity), 0);
	snprintf(text, sizeof(text), "%s/peers", house->folder.path);
	assert_return_code(folder_make(text, 0700), 0);
	put(house, "node.pub", house->identity.public_key);
	put(house, "node.key", house->identity.secret_key);
	if (parent_key)
		put(house, "parent.pub", parent_key);
	snprintf(text, sizeof(text),
	    "code = %s\nmap-mib = 64\ndisk-reserve-mib = 0\ncheckpoint-events = 0\n%s", code, settings);
	put(house, "node.conf", text);
	assert_int_equal(node_open(house->folder.path, &house->node, &fault), NODE_OK);
	assert_return_code(rpc_transport_open(&office_contract, &house->transport), 0);
	arena_init(&house->arena, (size_t)256 << 20);
	for (int i = 0; i < HOUSE_SERVICES; i++) {
		char endpoint[NODE_ENDPOINT_SIZE];
		struct rpc_client_options options = {
			.transport = house->transport,
			.endpoint = node_endpoint(&house->node, names[i], endpoint),
		};

		assert_return_code(rpc_client_open(&options, &house->clients[i]), 0);
	}
}

void house_close(struct house *house) {
	for (int i = HOUSE_SERVICES; i-- > 0;)
		if (house->processes[i])
			house_stop(house, (enum house_service)i, SIGTERM);
	for (int i = 0; i < HOUSE_SERVICES; i++)
		rpc_client_closep(&house->clients[i]);
	rpc_transport_closep(&house->transport);
	arena_deinit(&house->arena);
	node_close(&house->node);
	folder_remove(&house->folder);
}

void house_start(struct house *house, enum house_service service) {
	NodeStateRequest message = NODE_STATE_REQUEST__INIT;

	house_spawn(house, service);
	assert_int_equal(house_ask(house, service, "Node/State", &message.base).status, RPC_OK);
}

void house_spawn(struct house *house, enum house_service service) {
	posix_spawn_file_actions_t actions;
	char program[512];
	char log[256];
	char *arguments[] = { program, (char *)(uintptr_t) "--node", house->folder.path, NULL };

	snprintf(program, sizeof(program), "%s/cchc-%s", CCHC_PROGRAM_FOLDER, names[service]);
	snprintf(log, sizeof(log), "%s/%s.log", house->folder.path, names[service]);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(
	    &actions, STDERR_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
	assert_int_equal(
	    posix_spawn(&house->processes[service], program, &actions, NULL, arguments, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	note_process(0, house->processes[service]);
}

void house_signal(const struct house *house, enum house_service service, int signal) {
	assert_return_code(kill(house->processes[service], signal), 0);
}

static void show_log(const struct house *house, enum house_service service) {
	AUTO(heap_freep) char *text = NULL;
	char path[256];

	snprintf(path, sizeof(path), "%s/%s.log", house->folder.path, names[service]);
	if (file_read(path, 1 << 20, &text, NULL) == 0)
		print_message("%s", text);
}

void house_await_end(struct house *house, enum house_service service) {
	AUTO(file_descriptor_close)
	int process = (int)syscall(SYS_pidfd_open, house->processes[service], 0);
	struct pollfd end = { .fd = process, .events = POLLIN };
	int status = 0;

	assert_return_code(process, errno);
	if (poll(&end, 1, END_MS) != 1) {
		kill(house->processes[service], SIGABRT);
		waitpid(house->processes[service], &status, 0);
		show_log(house, service);
		fail_msg("%s did not end", names[service]);
	}
	waitpid(house->processes[service], &status, 0);
	note_process(house->processes[service], 0);
	house->processes[service] = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		show_log(house, service);
		fail_msg("%s ended with %x", names[service], (unsigned)status);
	}
}

int house_watch_store(const struct house *house, enum house_service service) {
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	char path[256];

	snprintf(path, sizeof(path), "%s/data/%s/store.mdb", house->folder.path, names[service]);
	assert_return_code(watch, errno);
	assert_return_code(inotify_add_watch(watch, path, IN_MODIFY), errno);
	return watch;
}

void house_stop(struct house *house, enum house_service service, int signal) {
	house_signal(house, service, signal);
	if (signal == SIGTERM) {
		house_await_end(house, service);
		return;
	}
	waitpid(house->processes[service], NULL, 0);
	note_process(house->processes[service], 0);
	house->processes[service] = 0;
}

void house_put_peer(
    const struct house *house, const char *code, const struct rpc_identity *identity) {
	char name[64];

	snprintf(name, sizeof(name), "peers/%s.pub", code);
	put(house, name, identity->public_key);
}

void house_remove_peer(const struct house *house, const char *code) {
	char path[256];

	snprintf(path, sizeof(path), "%s/peers/%s.pub", house->folder.path, code);
	assert_return_code(unlink(path), 0);
}

struct rpc_reply house_ask_by(struct house *house, struct rpc_client *client, const char *method,
    const ProtobufCMessage *message) {
	struct rpc_request request = {
		.method = method,
		.message = message,
		.deadline_ms = ANSWER_MS,
	};
	struct rpc_reply reply;

	assert_return_code(rpc_client_call(client, &request, &house->arena, &reply), 0);
	return reply;
}

struct rpc_reply house_ask(struct house *house, enum house_service service, const char *method,
    const ProtobufCMessage *message) {
	return house_ask_by(house, house->clients[service], method, message);
}

struct rpc_reply house_record_training_by(
    struct house *house, struct rpc_client *client, unsigned number, const uint8_t key[16]) {
	RecordTrainingsRequest message = RECORD_TRAININGS_REQUEST__INIT;
	Training training = TRAINING__INIT;
	Training *trainings[] = { &training };
	struct rpc_request request = {
		.method = "Staffing/RecordTrainings",
		.message = &message.base,
		.deadline_ms = ANSWER_MS,
		.key = key,
	};
	struct rpc_reply reply;
	char code[16];

	snprintf(code, sizeof(code), "T%u", number);
	training.year = 2024;
	training.code = code;
	message.records = trainings;
	message.n_records = 1;
	assert_return_code(rpc_client_call(client, &request, &house->arena, &reply), 0);
	return reply;
}

struct rpc_reply house_record_training(struct house *house, unsigned number) {
	return house_record_training_by(house, house->clients[HOUSE_STAFFING], number, NULL);
}

void house_record_units(struct house *house, unsigned first, unsigned count) {
	enum { AT_ONCE = 1000 };
	RecordUnitsRequest message = RECORD_UNITS_REQUEST__INIT;
	static Unit units[AT_ONCE];
	static Unit *records[AT_ONCE];
	static char codes[AT_ONCE][24];

	for (unsigned i = 0; i < count;) {
		struct rpc_reply reply;

		message.n_records = 0;
		for (; i < count && message.n_records < AT_ONCE; i++) {
			Unit *unit = &units[message.n_records];

			snprintf(codes[message.n_records], sizeof(codes[0]), "%s.%u", house->node.settings.code,
			    first + i);
			unit__init(unit);
			unit->code = codes[message.n_records];
			unit->name = codes[message.n_records];
			unit->kind = UNIT__KIND__DEPARTMENT;
			records[message.n_records++] = unit;
		}
		message.records = records;
		reply = house_ask(house, HOUSE_STAFFING, "Staffing/RecordUnits", &message.base);
		assert_int_equal(reply.status, RPC_OK);
		assert_int_equal(((RecordReply *)reply.message)->added, message.n_records);
		arena_reset(&house->arena);
	}
}

uint64_t house_reaches(struct house *house, struct rpc_client *client, const char *method,
    const char *service, Stream stream) {
	MarksRequest message = MARKS_REQUEST__INIT;
	const MarksReply *marks;
	struct rpc_reply reply;

	message.service = (char *)(uintptr_t)service;
	message.stream = stream;
	reply = house_ask_by(house, client, method, &message.base);
	assert_int_equal(reply.status, RPC_OK);
	marks = (const MarksReply *)reply.message;
	assert_in_range(marks->n_marks, 0, 1);
	return marks->n_marks ? marks->marks[0]->sequence : 0;
}
