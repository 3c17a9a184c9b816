/* SPDX-License-Identifier: MIT */
#include "services/cli/import/importer.h"

#include <ctype.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "cchc/dossiers.pb-c.h"
#include "cchc/exchange.pb-c.h"
#include "common/base/file.h"
#include "services/cli/calls.h"
#include "services/cli/faults.h"
#include "services/cli/import/sheet_rows.h"
#include "services/cli/token.h"

#define BATCH_BYTES  (384u << 10)
#define BATCH_MEMORY ((size_t)64 << 20)
#define CALL_MS      60000
#define ROW_TEXT_MAX 400 /* bytes of a value that are shown again */

/* Every request of a Record… method has these members in this order (common/service/record.c). */
typedef RecordDossiersRequest RecordsRequest;

/* A batch that was sent: the lines of its records, for the faults that come back. */
struct batch {
	uint64_t ticket;
	unsigned lines[IMPORT_BATCH_RECORDS];
};

/* A code that a sheet of this import brings; only a dry run asks. */
struct brought {
	char *place; /* sheet's file, a zero byte, code: the hash key */
	UT_hash_handle hh;
};

struct importer {
	struct cli *cli;
	const struct import_options *options;
	struct import_sums *sums; /* of all files */
	struct brought *brought;
	bool partial;

	/* The file at hand. */
	const struct import_file *file;
	const char *name;
	struct import_sums file_sums;
	struct rpc_client *client;
	struct arena records; /* of the batch being filled */
	struct arena replies;
	ProtobufCMessage *filling[IMPORT_BATCH_RECORDS];
	size_t filled;
	size_t filled_bytes;
	unsigned lines[IMPORT_BATCH_RECORDS];
	struct batch sent[IMPORT_IN_FLIGHT]; /* a ring, oldest first */
	size_t first_sent;
	size_t sent_count;
	int status; /* exit status that stops the import; it has been said */
};

static const char *service_of(struct cli *cli, const struct sheet *sheet) {
	char *name = arena_copy_text(&cli->arena, sheet->method, strcspn(sheet->method, "/"));

	for (char *c = name; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return name ? name : "";
}

static void complain(struct importer *importer, unsigned line, const char *column,
    const char *value, Fault__Reason reason, const char *detail) {
	AUTO(text_deinit) struct text why = TEXT_NULL;
	char shown[ROW_TEXT_MAX + 1];
	size_t length = strlen(value);

	if (length > ROW_TEXT_MAX) {
		length = ROW_TEXT_MAX;
		while (length > 0 && ((unsigned char)value[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(shown, value, length);
	shown[length] = '\0';
	reason_words(importer->cli, reason, column, shown, detail, &why);
	importer->partial = true;
	importer->options->complain(importer->options->context,
	    &(struct import_complaint) { importer->name, line, column, shown, text_get(&why) });
}

static char *place_of(const struct sheet *sheet, const char *code, size_t *ret_size) {
	size_t file_size = strlen(sheet->file) + 1;
	size_t code_size = strlen(code);
	char *place = malloc(file_size + code_size + 1);

	if (!place)
		return NULL;
	memcpy(place, sheet->file, file_size);
	memcpy(place + file_size, code, code_size + 1);
	*ret_size = file_size + code_size;
	return place;
}

static bool is_brought(struct importer *importer, const struct sheet *sheet, const char *code) {
	AUTO(heap_freep) char *place = NULL;
	struct brought *found = NULL;
	size_t size;

	place = place_of(sheet, code, &size);
	if (place)
		HASH_FIND(hh, importer->brought, place, size, found);
	return found != NULL;
}

/* Remember what a dry run would have kept. */
static int bring(struct importer *importer, const ProtobufCMessage *record) {
	const struct sheet *sheet = importer->file->sheet;
	const ProtobufCFieldDescriptor *field = NULL;
	struct brought *brought;
	const char *code;
	size_t size;

	for (size_t i = 0; i < sheet->columns_count && !field; i++)
		if (sheet->columns[i].key)
			field = sheet->columns[i].descriptor;
	if (!importer->options->dry_run || !field || field->type != PROTOBUF_C_TYPE_STRING)
		return 0;
	code = *(char *const *)(const void *)((const char *)record + field->offset);
	if (is_brought(importer, sheet, code))
		return 0;
	brought = calloc(1, sizeof(*brought));
	if (!brought || !(brought->place = place_of(sheet, code, &size))) {
		free(brought);
		return failed_here(-ENOMEM);
	}
	HASH_ADD_KEYPTR(hh, importer->brought, brought->place, size, brought);
	return 0;
}

/* In a dry run the service lacks what an earlier sheet of this import would have brought. */
static bool is_excused(struct importer *importer, const Fault *fault) {
	const struct sheet *sheet = importer->file->sheet;

	if (!importer->options->dry_run)
		return false;
	for (size_t i = 0; i < sheet->references_count; i++)
		if (sheet->references[i].number == fault->reason &&
		    is_brought(importer, sheet->references[i].target, fault->value))
			return true;
	return false;
}

/* Faults of one record stand together. A record all of whose faults are excused would be new. */
static void take_faults(
    struct importer *importer, const RecordReply *reply, const struct batch *batch) {
	size_t next;

	for (size_t i = 0; i < reply->n_faults; i = next) {
		bool refused = false;

		for (next = i;
		     next < reply->n_faults && reply->faults[next]->record == reply->faults[i]->record;
		     next++) {
			const Fault *fault = reply->faults[next];
			const struct sheet_column *column =
			    sheet_column_of_field(importer->file->sheet, fault->field);

			if (fault->record >= IMPORT_BATCH_RECORDS || is_excused(importer, fault))
				continue;
			complain(importer, batch->lines[fault->record], column ? column->name : fault->field,
			    fault->value, fault->reason, fault->n_details ? fault->details[0] : "");
			refused = true;
		}
		if (refused)
			importer->file_sums.refused++;
		else
			importer->file_sums.added++;
	}
}

/* Wait for the oldest batch. */
static int finish_oldest(struct importer *importer) {
	struct batch *batch = &importer->sent[importer->first_sent];
	const RecordReply *result;
	struct rpc_reply reply;
	int r;

	arena_reset(&importer->replies);
	r = rpc_client_end(importer->client, batch->ticket, &importer->replies, &reply);
	importer->first_sent = (importer->first_sent + 1) % IMPORT_IN_FLIGHT;
	importer->sent_count--;
	if (r < 0 || reply.status != RPC_OK) {
		if (!importer->status)
			importer->status = cli_call_failed(
			    importer->cli, service_of(importer->cli, importer->file->sheet), r, &reply);
		return importer->status;
	}
	result = (const RecordReply *)reply.message;
	importer->file_sums.added += result->added;
	importer->file_sums.changed += result->changed;
	importer->file_sums.unchanged += result->unchanged;
	take_faults(importer, result, batch);
	if (importer->options->progress)
		importer->options->progress(
		    importer->options->context, importer->file, &importer->file_sums);
	return 0;
}

static int send_batch(struct importer *importer) {
	const struct sheet *sheet = importer->file->sheet;
	RecordsRequest *request;
	struct batch *batch;
	int r = 0;

	if (importer->filled == 0)
		return 0;
	if (importer->sent_count == IMPORT_IN_FLIGHT)
		r = finish_oldest(importer);
	if (r)
		return r;
	request =
	    (RecordsRequest *)arena_alloc(&importer->records, sheet->call->request->sizeof_message);
	if (!request)
		return failed_here(-ENOMEM);
	protobuf_c_message_init(sheet->call->request, request);
	request->dry_run = importer->options->dry_run;
	request->records = (Dossier **)(void *)importer->filling;
	request->n_records = importer->filled;
	batch = &importer->sent[(importer->first_sent + importer->sent_count) % IMPORT_IN_FLIGHT];
	memcpy(batch->lines, importer->lines, importer->filled * sizeof(batch->lines[0]));
	r = rpc_client_begin(importer->client,
	    &(struct rpc_request) {
	        .method = sheet->method,
	        .message = &request->base,
	        .deadline_ms = CALL_MS,
	        .token = cli_token(importer->cli),
	        .trace = &importer->cli->trace,
	    },
	    &batch->ticket);
	if (r < 0)
		return failed_below(r);
	importer->sent_count++;
	importer->filled = 0;
	importer->filled_bytes = 0;
	arena_reset(&importer->records);
	return 0;
}

static int on_record(void *context, unsigned line, ProtobufCMessage *record, size_t bytes) {
	struct importer *importer = context;
	int r = bring(importer, record);

	importer->lines[importer->filled] = line;
	importer->filling[importer->filled++] = record;
	importer->filled_bytes += bytes;
	if (r == 0 &&
	    (importer->filled == IMPORT_BATCH_RECORDS || importer->filled_bytes >= BATCH_BYTES))
		r = send_batch(importer);
	return r;
}

static int on_fault(void *context, const struct sheet_fault *fault) {
	complain(context, fault->line, fault->column, fault->value, fault->reason, fault->detail);
	return 0;
}

/* A file that could not be read as its sheet. */
static int file_failed(struct importer *importer, int r, const struct sheet_end *end) {
	static const char *const keys[] = {
		[SHEET_NOT_TEXT] = "import.not_text",
		[SHEET_OPEN_QUOTE] = "import.open_quote",
		[SHEET_TOO_LARGE] = "import.too_large",
		[SHEET_IS_SPREADSHEET] = "import.is_spreadsheet",
		[SHEET_EMPTY] = "import.empty",
		[SHEET_MISSING_COLUMN] = "import.missing_column",
		[SHEET_DOUBLE_COLUMN] = "import.double_column",
		[SHEET_TOO_MANY_ROWS] = "import.too_many_rows",
	};
	char line[16];

	if (importer->status)
		return importer->status;
	if (r < 0) {
		cli_say(importer->cli, "import.unreadable", "file", importer->file->path, "error",
		    strerror(-r), NULL);
		return EXIT_FAILED;
	}
	snprintf(line, sizeof(line), "%u", end->line);
	cli_say(importer->cli, keys[r], "file", importer->name, "line", line, "columns", end->columns,
	    "header", end->header, NULL);
	importer->partial = true;
	return EXIT_OK;
}

static int import_file(struct importer *importer, const struct import_file *file) {
	const struct sheet_handler handler = {
		.context = importer,
		.record = on_record,
		.fault = on_fault,
	};
	struct sheet_end end = { .line = 0 };
	int status;
	int r;

	importer->file = file;
	importer->name =
	    basename(arena_copy_text(&importer->cli->arena, file->path, strlen(file->path)));
	importer->file_sums = (struct import_sums) { .added = 0 };
	importer->filled = 0;
	importer->filled_bytes = 0;
	arena_reset(&importer->records);
	status = cli_client(importer->cli, service_of(importer->cli, file->sheet), &importer->client);
	if (status)
		return status;
	r = sheet_read(file->sheet, file->path, &importer->records, &handler, &end);
	if (r == SHEET_OK)
		r = send_batch(importer);
	importer->file_sums.refused += end.refused;
	while (importer->sent_count > 0)
		finish_oldest(importer);
	if (importer->status)
		return importer->status;
	status = r == SHEET_OK ? EXIT_OK : file_failed(importer, r, &end);
	importer->sums->added += importer->file_sums.added;
	importer->sums->changed += importer->file_sums.changed;
	importer->sums->unchanged += importer->file_sums.unchanged;
	importer->sums->refused += importer->file_sums.refused;
	if (r == SHEET_OK && importer->options->file_done)
		importer->options->file_done(importer->options->context, file, &importer->file_sums);
	return status;
}

/* The other services must know new units before they are asked to check against them. */
static int spread_catalogues(struct importer *importer) {
	SyncRequest request = SYNC_REQUEST__INIT;
	const ProtobufCMessage *reply;

	if (importer->options->dry_run)
		return EXIT_OK;
	request.inside_only = true;
	return cli_call(importer->cli, "exchange",
	    &(struct rpc_request) { .method = "Exchange/Sync", .message = &request.base }, &reply);
}

static int by_sheet(const void *left_file, const void *right_file) {
	const struct import_file *left = left_file;
	const struct import_file *right = right_file;

	/* Sheets lie in one array in the order of import. */
	if (left->sheet != right->sheet)
		return left->sheet < right->sheet ? -1 : 1;
	return strcmp(left->path, right->path);
}

int import_files(struct cli *cli, struct import_file *files, size_t count,
    const struct import_options *options, struct import_sums *ret_sums) {
	struct importer *importer = calloc(1, sizeof(*importer));
	struct brought *brought;
	struct brought *next;
	bool spread = true;
	int status = EXIT_OK;

	*ret_sums = (struct import_sums) { .added = 0 };
	if (!importer)
		return EXIT_FAILED;
	importer->cli = cli;
	importer->options = options;
	importer->sums = ret_sums;
	arena_init(&importer->records, BATCH_MEMORY);
	arena_init(&importer->replies, BATCH_MEMORY);
	qsort(files, count, sizeof(files[0]), by_sheet);
	for (size_t i = 0; i < count && status == EXIT_OK; i++) {
		if (!files[i].sheet->catalogue && !spread) {
			status = spread_catalogues(importer);
			spread = true;
		}
		if (files[i].sheet->catalogue)
			spread = false;
		if (status == EXIT_OK)
			status = import_file(importer, &files[i]);
	}
	if (status == EXIT_OK && !spread)
		status = spread_catalogues(importer);
	if (status == EXIT_OK && importer->partial)
		status = EXIT_PARTIAL;
	HASH_ITER(hh, importer->brought, brought, next) {
		HASH_DEL(importer->brought, brought);
		free(brought->place);
		free(brought);
	}
	arena_deinit(&importer->records);
	arena_deinit(&importer->replies);
	free(importer);
	return status;
}
