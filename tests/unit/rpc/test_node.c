/* SPDX-License-Identifier: MIT */
/* A node's folder: settings, keys, peers, and where its services are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "common/service/node.h"
#include "tests/harness/folder.h"
#include "tests/unit/rpc/tiny.h"

static void put(const struct folder *folder, const char *name, const char *text) {
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder->path, name);
	assert_return_code(file_write(path, text, strlen(text), 0600), 0);
}

static void make_peers(const struct folder *folder) {
	char path[256];

	snprintf(path, sizeof(path), "%s/peers", folder->path);
	assert_return_code(folder_make(path, 0700), 0);
}

static void expect_bad(const char *conf, const char *name, unsigned line) {
	AUTO(folder_remove) struct folder folder = folder_new();
	struct settings_fault fault = { .line = 99 };
	struct node node = NODE_NULL;

	put(&folder, "node.conf", conf);
	assert_int_equal(node_open(folder.path, &node, &fault), NODE_BAD_SETTINGS);
	assert_string_equal(fault.name, name);
	assert_int_equal(fault.line, line);
}

static void open_small(const struct folder *folder, struct node *node) {
	struct settings_fault fault;

	put(folder, "node.conf", "code = H51.15\n");
	assert_int_equal(node_open(folder->path, node, &fault), NODE_OK);
}

static void a_node_is_what_its_folder_says(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(node_close) struct node node = NODE_NULL;
	struct settings_fault fault;

	(void)state;
	put(&folder, "node.conf",
	    "[node]\n"
	    "code = H51.15.61\n"
	    "name = UBND xã Bình Minh\n"
	    "listen = tcp://127.0.0.1:7100\n"
	    "batch-max = 7\n");
	assert_int_equal(node_open(folder.path, &node, &fault), NODE_OK);
	assert_string_equal(node.settings.code, "H51.15.61");
	assert_string_equal(node.settings.name, "UBND xã Bình Minh");
	assert_string_equal(node.settings.listen, "tcp://127.0.0.1:7100");
	assert_string_equal(node.settings.parent, "");
	assert_int_equal(node.settings.batch_max, 7);
	assert_int_equal(node.settings.queue_max, 512);
	assert_int_equal(node.settings.exchange_interval_ms, 2000);
}

static void every_setting_has_a_default_and_a_meaning(void **state) {
	(void)state;
	for (size_t i = 0; i < node_setting_count; i++) {
		assert_non_null(node_setting_table[i].initial);
		assert_true(strlen(node_setting_table[i].meaning) > 0);
	}
}

static void no_folder_and_no_settings_are_no_node(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	struct settings_fault fault;
	struct node node = NODE_NULL;
	char path[128];

	(void)state;
	assert_int_equal(node_open(folder.path, &node, &fault), -ENOENT);
	snprintf(path, sizeof(path), "%s/none", folder.path);
	assert_int_equal(node_open(path, &node, &fault), -ENOENT);
}

static void a_bad_setting_is_named_with_its_line(void **state) {
	(void)state;
	expect_bad("code = H51.15\nlissten = tcp://*:1\n", "lissten", 2);
	expect_bad("code = H51.15\nbatch-max = many\n", "batch-max", 2);
	expect_bad("code = H51.15\nbatch-max = -1\n", "batch-max", 2);
	expect_bad("code = H51.15\nbatch-max = many\nqueue-max = 9\n", "batch-max", 2);
	expect_bad("lissten = tcp://*:1\ncode = H51.15\n", "lissten", 1);
}

static void a_node_without_a_code_is_refused(void **state) {
	(void)state;
	expect_bad("name = x\n", "code", 0);
	expect_bad("code = ../H51\n", "code", 0);
	expect_bad("code = .\n", "code", 0);
	expect_bad("code = H51.15.61.1234567\n", "code", 0);
}

static void a_limit_of_nothing_is_refused(void **state) {
	(void)state;
	expect_bad("code = H51\nbatch-max = 0\n", "batch-max", 0);
	expect_bad("code = H51\nqueue-max = 0\n", "queue-max", 0);
	expect_bad("code = H51\nmap-mib = 0\n", "map-mib", 0);
}

static void the_run_folder_is_for_the_owner_alone(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(node_close) struct node node = NODE_NULL;
	AUTO(heap_freep) char *path = NULL;
	struct stat status;

	(void)state;
	open_small(&folder, &node);
	path = node_path(&node, "run");
	assert_return_code(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0700);
}

static void services_are_reached_however_deep_the_folder_lies(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(node_close) struct node node = NODE_NULL;
	AUTO(tiny_stopp) struct tiny *server = NULL;
	AUTO(arena_deinit) struct arena arena;
	char path[1024];
	char endpoint[NODE_ENDPOINT_SIZE];
	NodeStateRequest message = NODE_STATE_REQUEST__INIT;
	struct rpc_request request = { .method = "Node/State", .message = &message.base };
	struct rpc_transport *transport;
	struct settings_fault fault;
	struct rpc_client *client;
	struct rpc_reply reply;

	(void)state;
	strcpy(path, folder.path);
	for (int i = 0; i < 20; i++)
		strcat(path, "/a-folder-with-a-long-name");
	assert_return_code(folder_make(path, 0700), 0);
	strcat(path, "/node.conf");
	assert_return_code(file_write(path, "code = H51\n", 11, 0600), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(node_open(path, &node, &fault), NODE_OK);
	server = tiny_start(node_endpoint(&node, "dossiers", endpoint));
	arena_init(&arena, 1 << 20);
	assert_return_code(rpc_transport_open(&office_contract, &transport), 0);
	client = tiny_client(transport, endpoint);
	assert_return_code(rpc_client_call(client, &request, &arena, &reply), 0);
	assert_int_equal(reply.status, RPC_OK);
	rpc_client_close(client);
	rpc_transport_close(transport);
}

static void keys_are_read_as_they_were_written(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(node_close) struct node node = NODE_NULL;
	struct rpc_identity made;
	struct rpc_identity read;
	char parent[RPC_KEY_TEXT_SIZE];
	char line[RPC_KEY_TEXT_SIZE + 2];

	(void)state;
	open_small(&folder, &node);
	assert_int_equal(node_identity(&node, &read), -ENOENT);
	assert_int_equal(node_parent_key(&node, parent), -ENOENT);
	assert_return_code(rpc_identity_make(&made), 0);
	put(&folder, "node.pub", made.public_key);
	snprintf(line, sizeof(line), "%s\r\n", made.secret_key);
	put(&folder, "node.key", line);
	put(&folder, "parent.pub", made.public_key);
	assert_return_code(node_identity(&node, &read), 0);
	assert_string_equal(read.public_key, made.public_key);
	assert_string_equal(read.secret_key, made.secret_key);
	assert_return_code(node_parent_key(&node, parent), 0);
	assert_string_equal(parent, made.public_key);
}

static void what_is_no_key_is_told(void **state) {
	static const char *const texts[] = {
		"",
		"\n",
		"not a key",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~",
		("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
		 "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
		"########################################",
	};
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(heap_freep) char *large = calloc(1, 5001);
	char key[RPC_KEY_TEXT_SIZE];
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/key", folder.path);
	for (size_t i = 0; i < LENGTH_OF(texts); i++) {
		put(&folder, "key", texts[i]);
		assert_int_equal(node_read_key(path, key), -EBADMSG);
	}
	memset(large, 'a', 5000);
	put(&folder, "key", large);
	assert_int_equal(node_read_key(path, key), -EFBIG);
}

static void peers_are_the_files_that_are_named_by_a_node(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(node_close) struct node node = NODE_NULL;
	AUTO(heap_freep) struct rpc_keyring_entry *entries = NULL;
	struct rpc_identity identity;
	uint8_t key[KEYRING_KEY_SIZE];
	size_t count = 99;

	(void)state;
	open_small(&folder, &node);
	make_peers(&folder);
	assert_return_code(rpc_identity_make(&identity), 0);
	put(&folder, "peers/H51.15.61.pub", identity.public_key);
	put(&folder, "peers/H51.15.62.pub", "no key\n");
	put(&folder, "peers/H51.15.63.txt", identity.public_key);
	put(&folder, "peers/..pub", identity.public_key);
	put(&folder, "peers/.pub", identity.public_key);
	put(&folder, "peers/a-b.pub", identity.public_key);
	put(&folder, "peers/H51.15.61.12345678.pub", identity.public_key);
	assert_return_code(node_peers(&node, &entries, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(entries[0].code, "H51.15.61");
	rpc_key_decode(identity.public_key, key);
	assert_memory_equal(entries[0].key, key, sizeof(key));
}

static void a_node_that_changes_its_key_has_two(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(node_close) struct node node = NODE_NULL;
	AUTO(heap_freep) struct rpc_keyring_entry *entries = NULL;
	struct rpc_identity old;
	struct rpc_identity new;
	size_t count = 99;

	(void)state;
	open_small(&folder, &node);
	make_peers(&folder);
	assert_return_code(rpc_identity_make(&old), 0);
	assert_return_code(rpc_identity_make(&new), 0);
	put(&folder, "peers/H51.15.61.pub", old.public_key);
	put(&folder, "peers/H51.15.61.next.pub", new.public_key);
	put(&folder, "peers/.next.pub", new.public_key);
	assert_return_code(node_peers(&node, &entries, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(entries[0].code, "H51.15.61");
	assert_string_equal(entries[1].code, "H51.15.61");
	assert_memory_not_equal(entries[0].key, entries[1].key, KEYRING_KEY_SIZE);
}

static void an_empty_peer_folder_is_no_fault_and_none_is(void **state) {
	AUTO(folder_remove) struct folder folder = folder_new();
	AUTO(node_close) struct node node = NODE_NULL;
	struct rpc_keyring_entry *entries = NULL;
	size_t count = 99;

	(void)state;
	open_small(&folder, &node);
	assert_int_equal(node_peers(&node, &entries, &count), -ENOENT);
	make_peers(&folder);
	assert_return_code(node_peers(&node, &entries, &count), 0);
	assert_int_equal(count, 0);
	free(entries);
}

static void a_keyring_finds_what_was_put_last(void **state) {
	struct rpc_keyring *keyring = rpc_keyring_new();
	struct rpc_keyring_entry entries[3] = {
		{ .key = { 1 }, .code = "A" }, { .key = { 2 }, .code = "B" },
		{ .key = { 3 }, .code = "A" }, /* the same node's other key */
	};
	char code[KEYRING_CODE_SIZE];

	(void)state;
	assert_non_null(keyring);
	assert_false(rpc_keyring_find(keyring, entries[0].key, code));
	assert_return_code(rpc_keyring_replace(keyring, entries, 3), 0);
	assert_true(rpc_keyring_find(keyring, entries[2].key, code));
	assert_string_equal(code, "A");
	assert_return_code(rpc_keyring_replace(keyring, entries + 1, 1), 0);
	assert_true(rpc_keyring_find(keyring, entries[1].key, code));
	assert_false(rpc_keyring_find(keyring, entries[0].key, code));
	assert_return_code(rpc_keyring_replace(keyring, NULL, 0), 0);
	assert_false(rpc_keyring_find(keyring, entries[1].key, code));
	rpc_keyring_free(keyring);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_node_is_what_its_folder_says),
		cmocka_unit_test(every_setting_has_a_default_and_a_meaning),
		cmocka_unit_test(no_folder_and_no_settings_are_no_node),
		cmocka_unit_test(a_bad_setting_is_named_with_its_line),
		cmocka_unit_test(a_node_without_a_code_is_refused),
		cmocka_unit_test(a_limit_of_nothing_is_refused),
		cmocka_unit_test(the_run_folder_is_for_the_owner_alone),
		cmocka_unit_test(services_are_reached_however_deep_the_folder_lies),
		cmocka_unit_test(keys_are_read_as_they_were_written),
		cmocka_unit_test(what_is_no_key_is_told),
		cmocka_unit_test(peers_are_the_files_that_are_named_by_a_node),
		cmocka_unit_test(a_node_that_changes_its_key_has_two),
		cmocka_unit_test(an_empty_peer_folder_is_no_fault_and_none_is),
		cmocka_unit_test(a_keyring_finds_what_was_put_last),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
