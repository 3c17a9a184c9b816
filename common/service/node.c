/* SPDX-License-Identifier: MIT */
#include "common/service/node.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/log.h"
#include "common/units/units.h"

enum {
	MEMORY_MIN_MIB = 512, /* threads and a large request need so much */
	CHECKPOINT_MINUTES_MAX = 366 * 24 * 60,
	SCRUB_HOURS_MAX = 10 * 366 * 24,
};

const struct setting node_setting_table[] = {
	{ "code", SETTING_TEXT, "", "mã định danh của đơn vị (QĐ 20/2020/QĐ-TTg)",
	    offsetof(struct node_settings, code) },
	{ "name", SETTING_TEXT, "", "tên đầy đủ của đơn vị", offsetof(struct node_settings, name) },
	{ "place", SETTING_TEXT, "", "địa danh ghi trên báo cáo",
	    offsetof(struct node_settings, place) },
	{ "listen", SETTING_TEXT, "", "nơi nhận kết nối của cấp dưới, ví dụ tcp://0.0.0.0:7100",
	    offsetof(struct node_settings, listen) },
	{ "parent", SETTING_TEXT, "", "địa chỉ của cấp trên, ví dụ tcp://10.0.0.1:7100",
	    offsetof(struct node_settings, parent) },
	{ "map-mib", SETTING_NUMBER, "65536", "dung lượng lớn nhất của mỗi kho dữ liệu, MiB",
	    offsetof(struct node_settings, map_mib) },
	{ "disk-reserve-mib", SETTING_NUMBER, "64", "đĩa còn ít hơn thì không nhận việc mới, MiB",
	    offsetof(struct node_settings, disk_reserve_mib) },
	{ "memory-mib", SETTING_NUMBER, "1024",
	    "bộ nhớ nhiều nhất của mỗi dịch vụ, MiB; quá mức thì kết nối gây ra bị cắt hoặc dịch vụ "
	    "được "
	    "chạy lại; 0: không giới hạn",
	    offsetof(struct node_settings, memory_mib) },
	{ "full-percent", SETTING_NUMBER, "85",
	    "kho dữ liệu đầy đến mức này thì không nhận việc mới, phần trăm",
	    offsetof(struct node_settings, full_percent) },
	{ "stop-percent", SETTING_NUMBER, "97",
	    "kho dữ liệu đầy đến mức này thì không ghi gì nữa, phần trăm",
	    offsetof(struct node_settings, stop_percent) },
	{ "batch-max", SETTING_NUMBER, "64", "số lệnh ghi nhiều nhất trong một lần ghi đĩa",
	    offsetof(struct node_settings, batch_max) },
	{ "batch-kib", SETTING_NUMBER, "4096", "dung lượng lớn nhất của một lần ghi đĩa, KiB",
	    offsetof(struct node_settings, batch_kib) },
	{ "batch-ms", SETTING_NUMBER, "50",
	    "một lần ghi đĩa gom lệnh lâu nhất bao nhiêu mili giây rồi phải ghi",
	    offsetof(struct node_settings, batch_ms) },
	{ "queue-max", SETTING_NUMBER, "512", "số lệnh ghi được chờ nhiều nhất",
	    offsetof(struct node_settings, queue_max) },
	{ "reader-max-ms", SETTING_NUMBER, "1000",
	    "một lần đọc dài hơn thì bị báo lỗi kèm tên, mili giây; 0: không giới hạn",
	    offsetof(struct node_settings, reader_max_ms) },
	{ "checkpoint-events", SETTING_NUMBER, "1000", "bao nhiêu sự kiện thì ký chốt nhật ký một lần",
	    offsetof(struct node_settings, checkpoint_events) },
	{ "checkpoint-minutes", SETTING_NUMBER, "60",
	    "nhật ký có sự kiện chưa ký lâu nhất bao nhiêu phút rồi phải ký chốt",
	    offsetof(struct node_settings, checkpoint_minutes) },
	{ "scrub-hours", SETTING_NUMBER, "24",
	    "bao nhiêu giờ thì rà soát toàn bộ kho dữ liệu một lần; 0: không rà soát",
	    offsetof(struct node_settings, scrub_hours) },
	{ "exchange-interval-ms", SETTING_NUMBER, "2000",
	    "khoảng cách giữa hai lần trao đổi, mili giây",
	    offsetof(struct node_settings, exchange_interval_ms) },
	{ "keepalive-ms", SETTING_NUMBER, "20000",
	    "nút cấp dưới im lặng lâu nhất bao nhiêu mili giây rồi phải lên tiếng; đường truyền vệ "
	    "tinh hoặc "
	    "tính theo dung lượng: 60000 đến 120000",
	    offsetof(struct node_settings, keepalive_ms) },
};
const size_t node_setting_count = LENGTH_OF(node_setting_table);

char *node_path(const struct node *node, const char *below) {
	char *path;

	return asprintf(&path, "%s/%s", node->folder, below) < 0 ? NULL : path;
}

static int open_run(struct node *node) {
	AUTO(heap_freep) char *path = node_path(node, "run");
	int r = path ? folder_make(path, 0700) : -ENOMEM;

	if (r < 0)
		return failed_below(r);
	node->run = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return node->run < 0 ? failed_here(-errno) : 0;
}

/* The setting that no service can work with; null when there is none. */
static const char *hopeless(const struct node_settings *settings) {
	if (!unit_code_is_valid(settings->code))
		return "code";
	if (settings->map_mib == 0 || settings->map_mib > STORE_MIB_MAX)
		return "map-mib";
	if (settings->disk_reserve_mib > STORE_MIB_MAX)
		return "disk-reserve-mib";
	if (settings->checkpoint_minutes > CHECKPOINT_MINUTES_MAX)
		return "checkpoint-minutes";
	if (settings->scrub_hours > SCRUB_HOURS_MAX)
		return "scrub-hours";
	if (settings->memory_mib && settings->memory_mib < MEMORY_MIN_MIB)
		return "memory-mib";
	if (settings->batch_max == 0)
		return "batch-max";
	if (settings->stop_percent > 100)
		return "stop-percent";
	if (settings->full_percent == 0 || settings->full_percent > settings->stop_percent)
		return "full-percent";
	return settings->queue_max == 0 ? "queue-max" : NULL;
}

int node_open(const char *folder, struct node *ret_node, struct settings_fault *ret_fault) {
	AUTO(node_close) struct node node = NODE_NULL;
	AUTO(heap_freep) char *path = NULL;
	const char *setting;
	int r;

	node.folder = realpath(folder, NULL);
	if (!node.folder)
		return failed_here(-errno);
	path = node_path(&node, "node.conf");
	if (!path)
		return failed_here(-ENOMEM);
	if (access(path, R_OK) < 0)
		return failed_here(-errno);
	r = settings_load(node_setting_table, node_setting_count, path, &node.settings, ret_fault);
	if (r < 0)
		return failed_below(r);
	if (r != SETTINGS_OK)
		return NODE_BAD_SETTINGS;
	setting = hopeless(&node.settings);
	if (setting) {
		*ret_fault = (struct settings_fault) { .line = 0 };
		snprintf(ret_fault->name, sizeof(ret_fault->name), "%s", setting);
		return NODE_BAD_SETTINGS;
	}
	r = open_run(&node);
	if (r < 0)
		return failed_below(r);
	*ret_node = node;
	node = NODE_NULL;
	return NODE_OK;
}

void node_close(struct node *node) {
	settings_free(node_setting_table, node_setting_count, &node->settings);
	file_descriptor_close(&node->run);
	free(node->folder);
	node->folder = NULL;
}

char *node_endpoint(
    const struct node *node, const char *service, char endpoint[NODE_ENDPOINT_SIZE]) {
	snprintf(endpoint, NODE_ENDPOINT_SIZE, "ipc:///proc/self/fd/%d/%s", node->run, service);
	return endpoint;
}

int node_read_key(const char *path, char ret_key[RPC_KEY_TEXT_SIZE]) {
	AUTO(heap_freep) char *text = NULL;
	int r = file_read(path, 4096, &text, NULL);

	if (r < 0)
		return failed_below(r);
	text[strcspn(text, " \t\r\n")] = '\0';
	if (!rpc_key_is_valid(text))
		return failed_here(-EBADMSG);
	memcpy(ret_key, text, RPC_KEY_TEXT_SIZE);
	return 0;
}

static int read_key_below(const struct node *node, const char *name, char key[RPC_KEY_TEXT_SIZE]) {
	AUTO(heap_freep) char *path = node_path(node, name);

	return path ? node_read_key(path, key) : failed_here(-ENOMEM);
}

int node_identity(const struct node *node, struct rpc_identity *ret_identity) {
	int r = read_key_below(node, "node.pub", ret_identity->public_key);

	if (r == 0)
		r = read_key_below(node, "node.key", ret_identity->secret_key);
	return r < 0 ? failed_below(r) : 0;
}

int node_parent_key(const struct node *node, char ret_key[RPC_KEY_TEXT_SIZE]) {
	int r = read_key_below(node, "parent.pub", ret_key);

	return r < 0 ? failed_below(r) : 0;
}

/* Two services may come to this at once: the first whole file stays. */
static int make_signing_key(const char *path) {
	AUTO(heap_freep) char *draft = NULL;
	char line[RPC_KEY_TEXT_SIZE + 1];
	struct rpc_identity identity;
	int r = rpc_identity_make(&identity);

	if (r == 0 && asprintf(&draft, "%s.%d", path, (int)getpid()) < 0) {
		draft = NULL;
		r = failed_here(-ENOMEM);
	}
	if (r < 0)
		return failed_below(r);
	snprintf(line, sizeof(line), "%s\n", identity.secret_key);
	r = file_write(draft, line, strlen(line), 0600);
	if (r == 0 && link(draft, path) < 0 && errno != EEXIST)
		r = failed_here(-errno);
	unlink(draft);
	/* What was signed with it may leave this computer before anything else is flushed. */
	if (r == 0)
		r = file_sync_folder(path);
	return r < 0 ? failed_below(r) : 0;
}

int node_signer(const struct node *node, struct signer *ret_signer) {
	AUTO(heap_freep) char *path = node_path(node, "sign.key");
	char text[RPC_KEY_TEXT_SIZE];
	uint8_t seed[32];
	int r = path ? 0 : failed_here(-ENOMEM);

	if (r == 0 && access(path, F_OK) < 0)
		r = make_signing_key(path);
	if (r == 0)
		r = node_read_key(path, text);
	if (r < 0)
		return failed_below(r);
	rpc_key_decode(text, seed);
	signer_of_seed(seed, ret_signer);
	return 0;
}

int node_store_below(
    const struct node *node, const char *below, struct node_store *ret_store, char **ret_folder) {
	const struct node_settings *settings = &node->settings;
	char *folder = node_path(node, below);
	int r = folder ? node_signer(node, &ret_store->signer) : failed_here(-ENOMEM);

	if (r < 0) {
		free(folder);
		return failed_below(r);
	}
	ret_store->options = (struct store_options) {
		.folder = folder,
		.node = settings->code,
		.map_mib = settings->map_mib,
		.reserve_mib = settings->disk_reserve_mib,
		.full_percent = settings->full_percent,
		.stop_percent = settings->stop_percent,
		.reader_max_ms = settings->reader_max_ms,
		.signer = &ret_store->signer,
		.checkpoint_events = settings->checkpoint_events,
	};
	*ret_folder = folder;
	return 0;
}

int node_store(
    const struct node *node, const char *service, struct node_store *ret_store, char **ret_folder) {
	AUTO(heap_freep) char *below = NULL;

	if (asprintf(&below, "data/%s", service) < 0) {
		below = NULL;
		return failed_here(-ENOMEM);
	}
	return node_store_below(node, below, ret_store, ret_folder);
}

static void closedirp(DIR **folder) {
	if (*folder)
		closedir(*folder);
}

static bool ends_with(const char *name, const char *end) {
	size_t length = strlen(name);

	return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

/* "CODE.pub" names the node in full; "CODE.next.pub" is the key it changes to. */
static bool code_of_file(const char *name, char code[KEYRING_CODE_SIZE]) {
	size_t end = strlen(ends_with(name, ".next.pub") ? ".next.pub" : ".pub");
	size_t length = strlen(name);

	if (!ends_with(name, ".pub") || length - end >= KEYRING_CODE_SIZE)
		return false;
	memcpy(code, name, length - end);
	code[length - end] = '\0';
	return unit_code_is_valid(code);
}

int node_peers(const struct node *node, struct rpc_keyring_entry **ret_entries, size_t *ret_count) {
	AUTO(heap_freep) char *path = node_path(node, "peers");
	AUTO(heap_freep) struct rpc_keyring_entry *entries = NULL;
	AUTO(closedirp) DIR *folder = path ? opendir(path) : NULL;
	const struct dirent *file;
	size_t count = 0;

	if (!folder)
		return failed_here(errno ? -errno : -ENOMEM);
	while ((file = readdir(folder)) != NULL) {
		struct rpc_keyring_entry entry = { .code = "" };
		struct rpc_keyring_entry *more;
		AUTO(heap_freep) char *key_path = NULL;
		char key[RPC_KEY_TEXT_SIZE];

		if (!code_of_file(file->d_name, entry.code))
			continue;
		if (asprintf(&key_path, "%s/%s", path, file->d_name) < 0) {
			key_path = NULL;
			return failed_here(-ENOMEM);
		}
		if (node_read_key(key_path, key) < 0) {
			log_warn("peer-key-bad", "%s holds no key", key_path);
			continue;
		}
		rpc_key_decode(key, entry.key);
		more = realloc(entries, (count + 1) * sizeof(*entries));
		if (!more)
			return failed_here(-ENOMEM);
		entries = more;
		entries[count++] = entry;
	}
	*ret_entries = entries;
	entries = NULL;
	*ret_count = count;
	return 0;
}
