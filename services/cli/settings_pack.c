/* SPDX-License-Identifier: MIT */
#include "services/cli/settings_pack.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/file.h"
#include "common/store/pack.h"

#define FILE_MAX (16u << 20)

enum { NAME_SIZE = 512, PATH_SIZE = 8192 };

/* "" is the node's folder itself; of the others every file belongs to the settings. */
static const char *const folders[] = { "", "peers", "report" };

static void closedirp(DIR **folder) {
	if (*folder)
		closedir(*folder);
}

static int pack_file(struct pack_writer *writer, const char *node_folder, const char *name) {
	AUTO(heap_freep) char *bytes = NULL;
	char path[PATH_SIZE];
	struct stat status;
	size_t size;
	int r;

	snprintf(path, sizeof(path), "%s/%s", node_folder, name);
	if (stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return 0;
	r = file_read(path, FILE_MAX, &bytes, &size);
	if (r == 0)
		r = pack_add(writer, &(struct pack_entry) { 0, name, strlen(name), bytes, size });
	return r < 0 ? failed_below(r) : 0;
}

static int pack_folder(struct pack_writer *writer, const char *node_folder, const char *below) {
	char path[PATH_SIZE];
	AUTO(closedirp) DIR *folder = NULL;
	const struct dirent *file;

	snprintf(path, sizeof(path), "%s/%s", node_folder, below);
	folder = opendir(path);
	if (!folder)
		return errno == ENOENT ? 0 : failed_here(-errno);
	while ((file = readdir(folder)) != NULL) {
		char name[NAME_SIZE];
		int r;

		if (strstr(file->d_name, ".key.")) /* a draft of one */
			continue;
		snprintf(name, sizeof(name), *below ? "%s/%s" : "%s%s", below, file->d_name);
		r = pack_file(writer, node_folder, name);
		if (r < 0)
			return failed_below(r);
	}
	return 0;
}

int settings_pack_write(const char *node_folder, const char *path) {
	AUTO(pack_writer_freep) struct pack_writer *writer = NULL;
	int r = pack_create(path, &writer);

	for (size_t i = 0; i < LENGTH_OF(folders) && r == 0; i++)
		r = pack_folder(writer, node_folder, folders[i]);
	if (r == 0)
		r = pack_seal(writer);
	return r < 0 ? failed_below(r) : 0;
}

/* A name that was packed here leads nowhere else: a file of one of the folders. */
static bool is_ours(const char *name) {
	const char *slash = strchr(name, '/');

	for (size_t i = 0; i < LENGTH_OF(folders); i++) {
		size_t length = strlen(folders[i]);

		if (slash ? length && (size_t)(slash - name) == length &&
		                strncmp(name, folders[i], length) == 0 && !strchr(slash + 1, '/') &&
		                slash[1] && slash[1] != '.'
		          : !length && *name && *name != '.')
			return true;
	}
	return false;
}

static bool ends_with(const char *name, const char *end) {
	size_t length = strlen(name);

	return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

static bool is_secret(const char *name) {
	return ends_with(name, ".key");
}

static int unpack_file(const struct pack_entry *entry, const char *node_folder) {
	char name[PACK_KEY_MAX + 1];
	char path[PATH_SIZE];

	memcpy(name, entry->key, entry->key_size);
	name[entry->key_size] = '\0';
	if (strlen(name) != entry->key_size || !is_ours(name))
		return failed_here(-EBADMSG);
	snprintf(path, sizeof(path), "%s/%s", node_folder, name);
	return file_write(path, entry->value, entry->value_size, is_secret(name) ? 0600 : 0644);
}

static int make_folders(const char *node_folder) {
	static const char *const below[] = { "", "peers", "report", "data", "run" };
	int r = 0;

	for (size_t i = 0; i < LENGTH_OF(below) && r == 0; i++) {
		char path[PATH_SIZE];

		snprintf(path, sizeof(path), "%s/%s", node_folder, below[i]);
		r = folder_make(path, 0700);
	}
	return r < 0 ? failed_below(r) : 0;
}

int settings_pack_read(const char *path, const char *node_folder) {
	AUTO(pack_reader_freep) struct pack_reader *reader = NULL;
	struct pack_entry entry;
	int r = make_folders(node_folder);

	if (r == 0)
		r = pack_open(path, &reader);
	if (r < 0)
		return failed_below(r);
	while ((r = pack_next(reader, &entry)) == PACK_OK) {
		r = unpack_file(&entry, node_folder);
		if (r < 0)
			return failed_below(r);
	}
	return r == PACK_END ? 0 : failed_here(r < 0 ? r : -EBADMSG);
}
