/* SPDX-License-Identifier: MIT */
#include "tests/bench/rpc/curve.h"

#include <stdio.h>
#include <zmq.h>

#include "tests/bench/rpc/require.h"

enum { KEY_TEXT_SIZE = 41 };

static FILE *open_key(const char *folder, const char *mode) {
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/curve.public", folder);
	file = fopen(path, mode);
	require(file != NULL, path);
	return file;
}

static void set_key(void *socket, int option, const char *key) {
	require(zmq_setsockopt(socket, option, key, KEY_TEXT_SIZE) == 0, "setting a CURVE key");
}

void curve_serve(void *socket, const char *folder) {
	static const int yes = 1;
	char public_key[KEY_TEXT_SIZE];
	char secret_key[KEY_TEXT_SIZE];
	FILE *file = open_key(folder, "w");

	require(zmq_curve_keypair(public_key, secret_key) == 0, "a CURVE key pair");
	require(fputs(public_key, file) >= 0, "writing the public key");
	require(fclose(file) == 0, "writing the public key");
	require(zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof(yes)) == 0, "serving CURVE");
	set_key(socket, ZMQ_CURVE_SECRETKEY, secret_key);
}

void curve_call(void *socket, const char *folder) {
	char public_key[KEY_TEXT_SIZE];
	char secret_key[KEY_TEXT_SIZE];
	char server_key[KEY_TEXT_SIZE];
	FILE *file = open_key(folder, "r");

	require(fgets(server_key, sizeof(server_key), file) != NULL, "reading the public key");
	fclose(file);
	require(zmq_curve_keypair(public_key, secret_key) == 0, "a CURVE key pair");
	set_key(socket, ZMQ_CURVE_PUBLICKEY, public_key);
	set_key(socket, ZMQ_CURVE_SECRETKEY, secret_key);
	set_key(socket, ZMQ_CURVE_SERVERKEY, server_key);
}
