/* SPDX-License-Identifier: MIT */
#include "common/rpc/token.h"

#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/message.h"

enum { SEEN_MAX = 32, ARENA_MAX = 65536 };

struct seen {
	struct token_bytes bytes;
	char person[TOKEN_PERSON_MAX + 1];
	Role role;
	uint64_t expires_ms;
};

struct token_checker {
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	char code[32];
	struct seen seen[SEEN_MAX];
	size_t next; /* to be overwritten */
};

/* The node's one secret serves two purposes, so each has a key of its own. */
static void derive(const struct rpc_identity *node, uint8_t public_key[crypto_sign_PUBLICKEYBYTES],
    uint8_t secret_key[crypto_sign_SECRETKEYBYTES]) {
	static const char purpose[] = "cchc actor token 1";
	uint8_t seed[crypto_sign_SEEDBYTES];
	uint8_t secret[32];

	rpc_key_decode(node->secret_key, secret);
	crypto_generichash(
	    seed, sizeof(seed), (const uint8_t *)purpose, sizeof(purpose), secret, sizeof(secret));
	crypto_sign_seed_keypair(public_key, secret_key, seed);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(secret, sizeof(secret));
}

int rpc_token_sign(
    const struct rpc_identity *node, const Token *token, struct token_bytes *ret_signed) {
	uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
	uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
	uint8_t signature[crypto_sign_BYTES];
	uint8_t packed[TOKEN_SIZE_MAX];
	SignedToken outer = SIGNED_TOKEN__INIT;

	if (strlen(token->person) > TOKEN_PERSON_MAX ||
	    token__get_packed_size(token) > TOKEN_SIZE_MAX - sizeof(signature) - 16)
		return failed_here(-EMSGSIZE);
	outer.token = (ProtobufCBinaryData) { token__pack(token, packed), packed };
	derive(node, public_key, secret_key);
	crypto_sign_detached(signature, NULL, packed, outer.token.len, secret_key);
	sodium_memzero(secret_key, sizeof(secret_key));
	outer.signature = (ProtobufCBinaryData) { sizeof(signature), signature };
	ret_signed->size = signed_token__pack(&outer, ret_signed->bytes);
	return 0;
}

struct token_checker *rpc_token_checker_new(const struct rpc_identity *node, const char *code) {
	uint8_t secret_key[crypto_sign_SECRETKEYBYTES];
	struct token_checker *checker = calloc(1, sizeof(*checker));

	if (!checker)
		return NULL;
	derive(node, checker->public_key, secret_key);
	sodium_memzero(secret_key, sizeof(secret_key));
	snprintf(checker->code, sizeof(checker->code), "%s", code);
	return checker;
}

void rpc_token_checker_free(struct token_checker *checker) {
	if (checker)
		sodium_memzero(checker, sizeof(*checker));
	free(checker);
}

static struct seen *find_seen(struct token_checker *checker, const uint8_t *bytes, size_t size) {
	for (size_t i = 0; i < SEEN_MAX; i++)
		if (checker->seen[i].bytes.size == size &&
		    memcmp(checker->seen[i].bytes.bytes, bytes, size) == 0)
			return &checker->seen[i];
	return NULL;
}

static bool is_signed(const struct token_checker *checker, const SignedToken *outer) {
	return outer->signature.len == crypto_sign_BYTES &&
	       crypto_sign_verify_detached(outer->signature.data, outer->token.data, outer->token.len,
	           checker->public_key) == 0;
}

static bool read_token(
    const struct token_checker *checker, const uint8_t *bytes, size_t size, struct seen *ret_seen) {
	AUTO(arena_deinit) struct arena arena;
	ProtobufCMessage *outer = NULL;
	ProtobufCMessage *inner = NULL;
	const SignedToken *read;
	const Token *token;

	arena_init(&arena, ARENA_MAX);
	if (size > TOKEN_SIZE_MAX ||
	    message_unpack(&signed_token__descriptor, bytes, size, &arena, &outer) != MESSAGE_OK)
		return false;
	read = (const SignedToken *)outer;
	if (!is_signed(checker, read) || message_unpack(&token__descriptor, read->token.data,
	                                     read->token.len, &arena, &inner) != MESSAGE_OK)
		return false;
	token = (const Token *)inner;
	if (strcmp(token->node, checker->code) != 0 || strlen(token->person) > TOKEN_PERSON_MAX ||
	    token->role < ROLE__ROLE_CLERK || token->role > ROLE__ROLE_ADMINISTRATOR)
		return false;
	memcpy(ret_seen->bytes.bytes, bytes, size);
	ret_seen->bytes.size = size;
	snprintf(ret_seen->person, sizeof(ret_seen->person), "%s", token->person);
	ret_seen->role = token->role;
	ret_seen->expires_ms = token->expires_ms;
	return true;
}

int rpc_token_check(struct token_checker *checker, const uint8_t *bytes, size_t size,
    uint64_t now_ms, const char **ret_person, Role *ret_role) {
	struct seen *seen = find_seen(checker, bytes, size);

	if (!seen) {
		struct seen read;

		if (!read_token(checker, bytes, size, &read))
			return TOKEN_INVALID;
		seen = &checker->seen[checker->next++ % SEEN_MAX];
		*seen = read;
	}
	if (now_ms > seen->expires_ms)
		return TOKEN_EXPIRED;
	*ret_person = seen->person;
	*ret_role = seen->role;
	return TOKEN_OK;
}
