/* SPDX-License-Identifier: MIT */
/*
 * Node
 *
 * One office's installation, as its folder says:
 *
 *   node.conf      settings (table in node.c)
 *   node.pub       public key to hand over to the parent and the children
 *   node.key       secret key, mode 0600
 *   sign.key       secret with which the node signs its logs, mode 0600; made at the first start
 *   parent.pub     public key of the parent, when there is one
 *   peers/CODE.pub keys of the nodes that may exchange with this one; beside it CODE.next.pub while
 *                  a node changes from one key to the next: both are let in
 *   report/        outline and figures, for the office to edit
 *   data/SERVICE/  the stores
 *   run/           sockets
 */
#pragma once

#include "common/base/settings.h"
#include "common/rpc/keyring.h"
#include "common/rpc/transport.h"
#include "common/store/checkpoint.h"

struct node_settings {
	char *code;
	char *name;
	char *place;
	char *listen;
	char *parent;
	uint64_t map_mib;
	uint64_t disk_reserve_mib;
	uint64_t
	    memory_mib; /* of each service, apart from what its store maps; 0: as much as it wants */
	uint64_t full_percent;
	uint64_t stop_percent;
	uint64_t batch_max;
	uint64_t batch_kib;
	uint64_t batch_ms;
	uint64_t queue_max;
	uint64_t reader_max_ms;
	uint64_t checkpoint_events;
	uint64_t checkpoint_minutes;
	uint64_t scrub_hours;
	uint64_t exchange_interval_ms;
	uint64_t keepalive_ms;
};

struct node {
	char *folder;
	int run; /* descriptor of the run folder: socket paths stay short however deep it lies */
	struct node_settings settings;
};

#define NODE_NULL ((struct node) { .run = -1 })

enum { NODE_OK, NODE_BAD_SETTINGS };

/* Read a node's folder. For NODE_BAD_SETTINGS *ret_fault names line and setting.
 * Return: NODE_OK, NODE_BAD_SETTINGS, or a negative errno (-ENOENT: no node there). */
int node_open(const char *folder, struct node *ret_node, struct settings_fault *ret_fault);
void node_close(struct node *node);

/* The settings table, for the sample file of `cchc node init`. */
extern const struct setting node_setting_table[];
extern const size_t node_setting_count;

#define NODE_ENDPOINT_SIZE 96

/* Where a service of this node is called. Return: `endpoint`. */
char *node_endpoint(
    const struct node *node, const char *service, char endpoint[NODE_ENDPOINT_SIZE]);

/* A path below the node's folder, on the heap; null when memory is out. */
char *node_path(const struct node *node, const char *below);

/* Keys of this node, or of its parent (only public_key is set). Return: 0 or a negative errno. */
int node_identity(const struct node *node, struct rpc_identity *ret_identity);
int node_parent_key(const struct node *node, char ret_key[RPC_KEY_TEXT_SIZE]);

/* The key with which the node signs its logs; made now when there is none yet, for good: who
 * followed the logs knows it. Return: 0 or a negative errno. */
int node_signer(const struct node *node, struct signer *ret_signer);

/* How a service's store is opened, as the settings say. `options` points into the rest. */
struct node_store {
	struct store_options options;
	struct signer signer;
};

/* Of data/SERVICE, or of another folder below the node's; service and schema are the caller's to
 * set. *ret_folder is the caller's to free; both must not move. Return: 0 or a negative errno. */
int node_store(
    const struct node *node, const char *service, struct node_store *ret_store, char **ret_folder);
int node_store_below(
    const struct node *node, const char *below, struct node_store *ret_store, char **ret_folder);

/* Read a key file: one line of 40 characters. Return: 0, -EBADMSG when it holds no key, or another
 * negative errno. */
int node_read_key(const char *path, char ret_key[RPC_KEY_TEXT_SIZE]);

/* All keys below peers/, on the heap; a node that changes its key has two. Files that hold no key
 * are skipped and logged. Return: 0 or a negative errno. */
int node_peers(const struct node *node, struct rpc_keyring_entry **ret_entries, size_t *ret_count);
