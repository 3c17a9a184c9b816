/* SPDX-License-Identifier: MIT */
/* CURVE for a server that takes anybody who knows its key. */
#pragma once

/* Make the server's key pair and leave its public half in `folder`. */
void curve_serve(void *socket, const char *folder);

/* A key pair for this socket alone, and the server's public half from `folder`. */
void curve_call(void *socket, const char *folder);
