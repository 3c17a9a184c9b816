/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target of an actor's token
 *
 * The input is given as a whole token, and as the inner one of a token that is rightly signed: only
 * what this node signed is ever believed.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rpc/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promise(int kept) {
	if (!kept)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static struct rpc_identity node;
	static struct token_checker *checker;
	Token token = TOKEN__INIT;
	struct token_bytes signed_token;
	const char *person = NULL;
	Role role = ROLE__ROLE_UNSPECIFIED;
	char name[TOKEN_PERSON_MAX + 1];

	if (!checker) {
		promise(rpc_identity_make(&node) == 0);
		checker = rpc_token_checker_new(&node, "H51");
		promise(checker != NULL);
	}
	promise(rpc_token_check(checker, data, size, 1, &person, &role) != TOKEN_OK);
	if (size < 2)
		return 0;
	for (size_t i = 0; i < TOKEN_PERSON_MAX; i++)
		name[i] = i < size - 2 && data[i + 2] ? (char)data[i + 2] : 'x';
	name[TOKEN_PERSON_MAX] = '\0';
	token.person = name;
	token.node = (char *)(uintptr_t) "H51";
	token.role = (Role)(data[0] % 8);
	token.expires_ms = 1000;
	promise(rpc_token_sign(&node, &token, &signed_token) == 0);
	if (rpc_token_check(checker, signed_token.bytes, signed_token.size, 1, &person, &role) ==
	    TOKEN_OK) {
		promise(strcmp(person, name) == 0 && role == token.role);
		promise(rpc_token_check(checker, signed_token.bytes, signed_token.size, 2000, &person,
		            &role) == TOKEN_EXPIRED);
	}
	signed_token.bytes[data[1] % signed_token.size] ^= 1;
	promise(rpc_token_check(checker, signed_token.bytes, signed_token.size, 1, &person, &role) !=
	        TOKEN_OK);
	return 0;
}
