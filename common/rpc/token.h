/* SPDX-License-Identifier: MIT */
/*
 * Token: the person who acts. The connection says which process or node calls; a token says for
 * whom. It is signed with Ed25519 (RFC 8032) by a key that is made of the node's secret key, so
 * that only the node itself vouches for its people, and only its own services believe it.
 */
#pragma once

#include "cchc/call.pb-c.h"
#include "common/base/arena.h"
#include "common/rpc/transport.h"

enum {
	TOKEN_PERSON_MAX = 64, /* bytes of a name */
	TOKEN_SIZE_MAX = 512,  /* packed and signed */
};

struct token_bytes {
	uint8_t bytes[TOKEN_SIZE_MAX];
	size_t size; /* 0: no token */
};

/* Sign a token. Return: 0, -EMSGSIZE when the name is too long, or another negative errno. */
int rpc_token_sign(
    const struct rpc_identity *node, const Token *token, struct token_bytes *ret_signed);

enum { TOKEN_OK, TOKEN_INVALID, TOKEN_EXPIRED };

/* Who a node's own services believe: it knows the tokens it saw last, since checking a signature
 * takes longer than most calls. Loop's thread only. */
struct token_checker;

/* `code` is the node's. Null when memory is out. */
struct token_checker *rpc_token_checker_new(const struct rpc_identity *node, const char *code);
void rpc_token_checker_free(struct token_checker *checker);

/* Who acts. `ret_person` is borrowed until the next check. Return: an answer above. */
int rpc_token_check(struct token_checker *checker, const uint8_t *bytes, size_t size,
    uint64_t now_ms, const char **ret_person, Role *ret_role);
