/* SPDX-License-Identifier: MIT */
/* What a node is beside its stores, as one pack: settings, keys, peers, the office's report files.
 */
#pragma once

/* Pack the files of a node's folder. Return: 0 or a negative errno. */
int settings_pack_write(const char *node_folder, const char *path);

/* Unpack them into a new folder, which is made with those below it that a node has.
 * Return: 0, -EBADMSG when it is no such pack, or another negative errno. */
int settings_pack_read(const char *path, const char *node_folder);
