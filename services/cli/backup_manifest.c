/* SPDX-License-Identifier: MIT */
#include "services/cli/backup_manifest.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/store/pack.h"
#include "common/store/store.h"
#include "services/cli/transcoder.h"

#define MANIFEST_MAX (64u << 20)

int manifest_write(struct cli *cli, const char *folder, const BackupManifest *manifest) {
	AUTO(heap_freep) char *text = NULL;
	json_t *json;
	int r = transcode_to_json(&manifest->base, TRANSCODE_KEEP_DEFAULTS, &json);

	if (r < 0)
		return failed_below(r);
	text = json_dumps(json, JSON_INDENT(1));
	json_decref(json);
	if (!text)
		return failed_here(-ENOMEM);
	return file_write(
	    arena_format(&cli->arena, "%s/manifest.json", folder), text, strlen(text), 0600);
}

int manifest_measure(struct cli *cli, const char *folder, BackupPart *part) {
	uint8_t *hash = arena_alloc(&cli->arena, PACK_HASH_SIZE);
	const char *path = arena_format(&cli->arena, "%s/%s", folder, part->file);
	int r = hash && path ? pack_digest(path, &part->bytes, hash) : failed_here(-ENOMEM);

	part->hash = (ProtobufCBinaryData) { PACK_HASH_SIZE, hash };
	return r < 0 ? failed_below(r) : 0;
}

/* Return: EXIT_OK or EXIT_FAILED, said. */
static int check_part(struct cli *cli, const char *folder, const BackupPart *part) {
	BackupPart found = BACKUP_PART__INIT;
	int r = -EBADMSG;

	found.file = part->file;
	if (*part->file && !strchr(part->file, '/'))
		r = manifest_measure(cli, folder, &found);
	if (r == 0 && found.bytes == part->bytes && part->hash.len == found.hash.len &&
	    memcmp(part->hash.data, found.hash.data, found.hash.len) == 0)
		return EXIT_OK;
	cli_say(cli, r == -ENOENT ? "restore.file_missing" : "restore.file_damaged", "folder", folder,
	    "file", part->file, NULL);
	return EXIT_FAILED;
}

static int check_parts(struct cli *cli, const char *folder, const BackupManifest *manifest) {
	bool settings = false;

	for (size_t i = 0; i < manifest->n_parts; i++) {
		const BackupPart *part = manifest->parts[i];

		if (part->format > STORE_FORMAT) {
			cli_say(cli, "restore.newer", "folder", folder, "program", manifest->program, NULL);
			return EXIT_CONFLICT;
		}
		if (check_part(cli, folder, part) != EXIT_OK)
			return EXIT_FAILED;
		settings = settings || strcmp(part->file, MANIFEST_SETTINGS_PACK) == 0;
	}
	if (!settings)
		cli_say(
		    cli, "restore.file_missing", "folder", folder, "file", MANIFEST_SETTINGS_PACK, NULL);
	return settings ? EXIT_OK : EXIT_FAILED;
}

int manifest_read(struct cli *cli, const char *folder, const BackupManifest **ret_manifest) {
	const char *path = arena_format(&cli->arena, "%s/manifest.json", folder);
	AUTO(heap_freep) char *text = NULL;
	struct transcode_fault fault;
	const BackupManifest *manifest;
	ProtobufCMessage *message = NULL;
	json_t *json;
	int r = file_read(path, MANIFEST_MAX, &text, NULL);

	if (r < 0) {
		cli_say(cli, "restore.no_manifest", "folder", folder, NULL);
		return EXIT_NOT_FOUND;
	}
	json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	r = json
	        ? transcode_from_json(&backup_manifest__descriptor, json, &cli->arena, &message, &fault)
	        : TRANSCODE_WRONG_TYPE;
	json_decref(json);
	manifest = (const BackupManifest *)message;
	/* A newer program may say more than we know: then it is its format that counts. */
	if (r == TRANSCODE_UNKNOWN_FIELD || (r == 0 && manifest->format > MANIFEST_FORMAT)) {
		cli_say(
		    cli, "restore.newer", "folder", folder, "program", r ? "?" : manifest->program, NULL);
		return EXIT_CONFLICT;
	}
	if (r) {
		cli_say(cli, "restore.file_damaged", "folder", folder, "file", "manifest.json", NULL);
		return EXIT_FAILED;
	}
	*ret_manifest = manifest;
	return check_parts(cli, folder, manifest);
}
