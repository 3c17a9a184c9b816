/* SPDX-License-Identifier: MIT */
/* Network namespaces with one device each, for line.c. */
#pragma once

/* The calling thread's network namespace. Return: a descriptor or a negative errno. */
int line_namespace_here(void);

/* Let the calling thread leave it for a new one, if need be in a user namespace of its own.
 * Return: 0 or a negative errno. */
int line_namespace_new(void);

/* A device with this address and a way to the other one; packets are read and written without any
 * header before them. Return: a descriptor or a negative errno. */
int line_device_open(const char *address, const char *other);
