/* SPDX-License-Identifier: MIT */
/*
 * Keyring
 *
 * Which public keys may knock, and which node each stands for. A node may have two valid keys while
 * it changes from one to the other. Replaced as a whole, from any thread, while it is in use.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEYRING_CODE_SIZE 17 /* an organisation code and its end */
#define KEYRING_KEY_SIZE  32

struct rpc_keyring_entry {
	uint8_t key[KEYRING_KEY_SIZE];
	char code[KEYRING_CODE_SIZE];
};

struct rpc_keyring;

/* An empty keyring: everyone is refused. Null when memory is out. */
struct rpc_keyring *rpc_keyring_new(void);
void rpc_keyring_free(struct rpc_keyring *keyring);

/* Take a copy of `count` entries in place of all there were. Return: 0 or -ENOMEM. */
int rpc_keyring_replace(
    struct rpc_keyring *keyring, const struct rpc_keyring_entry *entries, size_t count);

/* Counts the replacements: while it stays, so does every answer of rpc_keyring_find. */
unsigned rpc_keyring_version(struct rpc_keyring *keyring);

/* The node a key stands for. Return: whether there is one. */
bool rpc_keyring_find(struct rpc_keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE],
    char ret_code[KEYRING_CODE_SIZE]);
