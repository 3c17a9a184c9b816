/* SPDX-License-Identifier: MIT */
/* cchc peer add, list, remove: who may exchange with this node. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cchc/exchange.pb-c.h"
#include "common/base/file.h"
#include "common/units/units.h"
#include "services/cli/calls.h"

/* Where the key of a node lies, or the one it changes to (node.h). */
static const char *peer_path(struct cli *cli, const char *code) {
	return arena_format(&cli->arena, "%s/peers/%s.pub", cli->node.folder, code);
}

static const char *next_path(struct cli *cli, const char *code) {
	return arena_format(&cli->arena, "%s/peers/%s.next.pub", cli->node.folder, code);
}

/* A running gate takes the list up at once; one that does not run reads it when it starts. */
static int take_effect(struct cli *cli) {
	ReloadPeersRequest request = RELOAD_PEERS_REQUEST__INIT;
	const ProtobufCMessage *reply;

	if (!cli_service_listens(cli, "exchange"))
		return EXIT_OK;
	return cli_call(cli, "exchange",
	    &(struct rpc_request) { .method = "Exchange/ReloadPeers", .message = &request.base },
	    &reply);
}

int command_peer_add(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "replace", no_argument, NULL, 'r' },
		{ "next", no_argument, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	char key[RPC_KEY_TEXT_SIZE];
	char known[RPC_KEY_TEXT_SIZE];
	bool replace = false;
	bool next = false;
	const char *path;
	const char *code;
	int option;
	int status;
	int r;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'r' && option != 'n')
			return cli_usage(cli, "peer", "add");
		replace = replace || option == 'r';
		next = next || option == 'n';
	}
	if (optind + 2 != argc || (replace && next))
		return cli_usage(cli, "peer", "add");
	code = argv[optind];
	status = cli_open_node(cli);
	if (status)
		return status;
	if (!unit_code_is_valid(code)) {
		cli_say(cli, "init.bad_code", "code", code, NULL);
		return EXIT_USAGE;
	}
	if (node_read_key(argv[optind + 1], key) < 0) {
		cli_say(cli, "key.unreadable", "file", argv[optind + 1], NULL);
		return EXIT_FAILED;
	}
	path = next ? next_path(cli, code) : peer_path(cli, code);
	if (!replace && !next && node_read_key(path, known) == 0 && strcmp(known, key) != 0) {
		cli_say(cli, "peer.other_key", "code", code, NULL);
		return EXIT_CONFLICT;
	}
	r = file_write(path, arena_format(&cli->arena, "%s\n", key), strlen(key) + 1, 0644);
	if (r < 0) {
		cli_say(cli, "file.write_failed", "file", path, "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	if (replace)
		unlink(next_path(cli, code));
	status = take_effect(cli);
	if (status == EXIT_OK)
		cli_say(cli, next ? "peer.added_next" : "peer.added", "code", code, NULL);
	return status;
}

int command_peer_remove(struct cli *cli, int argc, char **argv) {
	int status = cli_open_node(cli);

	if (argc != 2)
		return cli_usage(cli, "peer", "remove");
	if (status)
		return status;
	/* Both keys, whichever there are: a node that changes its key has two. */
	if (!unit_code_is_valid(argv[1]) ||
	    (unlink(peer_path(cli, argv[1])) < 0) + (unlink(next_path(cli, argv[1])) < 0) == 2) {
		cli_say(cli, "peer.unknown", "code", argv[1], NULL);
		return EXIT_NOT_FOUND;
	}
	status = take_effect(cli);
	if (status == EXIT_OK)
		cli_say(cli, "peer.removed", "code", argv[1], NULL);
	return status;
}

/* Codes from the files; last contacts from the gate when it runs. */
static uint64_t last_contact(const ListPeersReply *states, const char *code) {
	for (size_t i = 0; states && i < states->n_peers; i++)
		if (strcmp(states->peers[i]->code, code) == 0)
			return states->peers[i]->last_contact_ms;
	return 0;
}

static size_t keys_of(const struct rpc_keyring_entry *peers, size_t count, const char *code) {
	size_t keys = 0;

	for (size_t i = 0; i < count; i++)
		keys += strcmp(peers[i].code, code) == 0;
	return keys;
}

int command_peer_list(struct cli *cli, int argc, char **argv) {
	AUTO(heap_freep) struct rpc_keyring_entry *peers = NULL;
	ListPeersRequest request = LIST_PEERS_REQUEST__INIT;
	const ProtobufCMessage *reply = NULL;
	json_t *array = json_array();
	size_t count = 0;
	int status = cli_open_node(cli);

	(void)argv;
	if (argc != 1)
		status = cli_usage(cli, "peer", "list");
	if (status == EXIT_OK && cli_service_listens(cli, "exchange"))
		status = cli_call(cli, "exchange",
		    &(struct rpc_request) { .method = "Exchange/ListPeers", .message = &request.base },
		    &reply);
	if (status == EXIT_OK && node_peers(&cli->node, &peers, &count) < 0)
		status = EXIT_FAILED;
	for (size_t i = 0; status == EXIT_OK && i < count; i++) {
		uint64_t contact_ms = last_contact((const ListPeersReply *)reply, peers[i].code);
		size_t keys = keys_of(peers, count, peers[i].code);

		/* A node that changes its key has two entries; the last of them tells. */
		if (keys_of(peers, i + 1, peers[i].code) < keys)
			continue;
		if (cli->json)
			json_array_append_new(
			    array, json_pack("{ss sI sI}", "code", peers[i].code, "last_contact_ms",
			               (json_int_t)contact_ms, "keys", (json_int_t)keys));
		else
			printf("%s\n", peers[i].code);
	}
	if (status == EXIT_OK && cli->json)
		cli_print_json(array);
	else
		json_decref(array);
	return status;
}
