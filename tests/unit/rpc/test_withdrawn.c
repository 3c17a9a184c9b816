/* SPDX-License-Identifier: MIT */
/*
 * A key that is withdrawn while its HELLO is looked at. The linker gives the server our look-up in
 * the place of the keyring's own, so that the office is just in time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/rpc/caller.h"
#include "tests/unit/rpc/scene.h"

bool __real_rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]);
bool __wrap_rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]);

static struct tiny *_Atomic withdraw_at; /* the server whose loop looks up next; null: none */

bool __wrap_rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]) {
	struct tiny *tiny = atomic_load(&withdraw_at);
	bool found = __real_rpc_keyring_find(keyring, key, ret_code);

	if (tiny && pthread_equal(tiny->loop, pthread_self())) {
		atomic_store(&withdraw_at, NULL);
		tiny_let_nobody_in(tiny);
	}
	return found;
}

static void a_key_withdrawn_during_its_hello_is_withdrawn(void **state) {
	YARD(yard);
	struct rpc_client *client;

	(void)state;
	client = tiny_peer(yard.transport, yard.endpoint, &yard.commune, yard.server);
	atomic_store(&withdraw_at, yard.server);
	/* What came with the HELLO may still be served. */
	(void)caller_call(client, "Exchange/Marks", 0, &yard.arena);
	assert_null(atomic_load(&withdraw_at));
	assert_int_equal(caller_call(client, "Exchange/Marks", 0, &yard.arena), RPC_UNAUTHENTICATED);
	rpc_client_close(client);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_withdrawn_during_its_hello_is_withdrawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
