/* SPDX-License-Identifier: MIT */
/*
 * The manifest of a backup: manifest.json of its folder names every file with its size and hash. It
 * is written last, so a folder without it is no backup.
 */
#pragma once

#include "cchc/node.pb-c.h"
#include "services/cli/cli.h"

#define MANIFEST_FORMAT        1
#define MANIFEST_SETTINGS_PACK "node.pack"

/* Return: 0 or a negative errno. */
int manifest_write(struct cli *cli, const char *folder, const BackupManifest *manifest);

/* Read it and compare every file with it; what is wrong is said.
 * Return: EXIT_OK with the manifest in the command's arena, or the exit status. */
int manifest_read(struct cli *cli, const char *folder, const BackupManifest **ret_manifest);

/* Size and hash of a file of the folder into its part. Return: 0 or a negative errno. */
int manifest_measure(struct cli *cli, const char *folder, BackupPart *part);
