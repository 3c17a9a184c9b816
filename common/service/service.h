/* SPDX-License-Identifier: MIT */
/*
 * Service
 *
 * What every service of a node is: a store, a schema and a table of methods, served by one loop,
 * one committer and, for methods that call other services, workers. A handler gets a transaction
 * and two messages; it knows no socket, thread, clock or log. At start the table is checked against
 * the contract: a method without a row stops the program.
 */
#pragma once

#include <stdbool.h>

#include "common/rpc/client.h"
#include "common/rpc/server.h"
#include "common/service/node.h"
#include "common/store/register.h"

struct service;
struct service_worker;

struct service_call {
	struct service *service;
	struct service_worker *worker; /* null but for methods that call other services */
	struct rpc_call *rpc;          /* request, reply, arena, actor, peer, deadline */
	struct store_txn *txn;         /* null for methods that call other services */
	struct arena *arena;           /* of this call: everything a reply points to lives there */
	const void *argument;          /* of the method's row */
};

/* Return: 0 when the reply stands, the positive status that service_refuse gave, or a negative
 * errno for what broke (the caller hears INTERNAL, the log the rest). */
typedef int service_handler(
    struct service_call *call, const ProtobufCMessage *request, ProtobufCMessage *reply);

struct service_method {
	const char *name; /* "Dossiers/GetDossier" */
	service_handler *handle;
	const void *argument;
};

struct service_plan {
	const char *name;            /* "dossiers": socket, store folder, log */
	const char *interfaces[6];   /* services of the contract it serves beside those that all do */
	const struct schema *schema; /* null: it keeps no store */
	const struct service_method *methods;
	size_t method_count;
	size_t workers; /* threads for methods that call other services; 0: one */
	/* Called once when everything is open and before the first call, and once when the last call of
	 * a worker has ended. */
	int (*start)(struct service *service);
	void (*stop)(struct service *service);
	void *state; /* the service's own */
};

/* Serve until SIGTERM or SIGINT; with --restore PACK make a new store of a backup instead, below
 * data.restoring/ of the node. Arguments: --node DIR [--restore PACK]. Return: the exit status. */
int service_main(const struct service_plan *plan, int argc, char **argv);

/* End a call with a fault. Return: the status, for the handler to return. */
int service_refuse(struct service_call *call, enum rpc_status status, Fault__Reason reason,
    const char *field, const char *value);

/* Call another service of this node; for methods that may (CALLS). `ret_reply` lives in the call's
 * arena. When the other refuses or is down, the call is ended likewise.
 * Return: 0, a positive status to return, or a negative errno. */
int service_ask(struct service_call *call, const char *service, const char *method,
    const ProtobufCMessage *request, const ProtobufCMessage **ret_reply);

/* The same for several calls at once: they run beside each other. */
struct service_question {
	const char *service;
	const char *method;
	const ProtobufCMessage *request;
	const ProtobufCMessage *reply; /* set on success */
};
int service_ask_all(struct service_call *call, struct service_question *questions, size_t count);

/* Write to the store from a worker and wait until it is on the disk. `run` may be run twice, as a
 * committer's job; it returns 0, or anything else to keep nothing.
 * Return: what `run` returned, -EAGAIN when too much is waiting, or another negative errno. */
typedef int service_write_function(void *context, struct store_txn *txn);
int service_write(struct service *service, service_write_function *run, void *context);

const struct node *service_node(const struct service *service);
const struct service_plan *service_plan_of(const struct service *service);
struct store *service_store(const struct service *service);
struct keeper *service_keeper(const struct service *service); /* null: it keeps no store */
struct rpc_server *service_server(const struct service *service);
struct rpc_transport *service_transport(const struct service *service);

/* Whether "Service/Method" is served here. */
bool service_serves(const struct service *service, const char *method);

/* Whether handlers that wait for something shall end now. From any thread. */
bool service_is_stopping(const struct service *service);

/* Handlers that are the same everywhere; rows for them are added to every service's table. */
service_handler service_check;        /* Health/Check */
service_handler service_watch;        /* Health/Watch */
service_handler service_state;        /* Node/State */
service_handler service_statistics;   /* Node/Statistics */
service_handler service_trace;        /* Node/Trace */
service_handler service_verify;       /* Node/Verify */
service_handler service_backup;       /* Node/Backup */
service_handler service_erase;        /* Node/Erase */
service_handler service_describe;     /* Reflection/Describe */
service_handler service_echo;         /* Line/Echo */
service_handler service_upload;       /* Line/Upload */
service_handler service_download;     /* Line/Download */
service_handler service_converse;     /* Line/Converse */
service_handler service_evaluate;     /* Figures/Evaluate */
service_handler service_open_figure;  /* Figures/Open */
service_handler service_marks;        /* Replica/Marks */
service_handler service_read_events;  /* Replica/ReadEvents */
service_handler service_apply_events; /* Replica/ApplyEvents */

/* What --restore does. Return: 0 or a negative errno (-EBADMSG: the backup is damaged). */
int service_restore(const struct service_plan *plan, const struct node *node, const char *pack);

/* Any Record… method; its row's argument is the register. */
service_handler service_record;
