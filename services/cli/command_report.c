/* SPDX-License-Identifier: MIT */
/* cchc report make, open. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cchc/reporting.pb-c.h"
#include "common/base/file.h"
#include "common/base/message.h"
#include "common/store/check.h"
#include "services/cli/calls.h"
#include "services/cli/transcoder.h"

struct wish {
	ReportScope scope;
	MakeReportRequest__Format format;
	const char *file; /* null: stdout */
};

static int read_format(const char *name, MakeReportRequest__Format *ret_format) {
	static const char *const names[] = { NULL, "json", "text", "html" };

	for (size_t i = 1; i < LENGTH_OF(names); i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret_format = (MakeReportRequest__Format)i;
			return EXIT_OK;
		}
	}
	return EXIT_USAGE;
}

static int read_day(struct cli *cli, const char *text, uint32_t *ret_day) {
	struct day day;

	if (day_parse(text, strlen(text), &day) != DAY_OK) {
		cli_say(cli, "report.bad_day", "day", text, NULL);
		return EXIT_USAGE;
	}
	*ret_day = day_to_decimal(day);
	return EXIT_OK;
}

/* Options that both verbs take; *ret_first is the first word that is none. */
static int read_wish(struct cli *cli, int argc, char **argv, struct wish *wish, int *ret_first) {
	static const struct option options[] = {
		{ "calendar", no_argument, NULL, 'c' },
		{ "as-of", required_argument, NULL, 'a' },
		{ "format", required_argument, NULL, 'f' },
		{ "output", required_argument, NULL, 'o' },
		{ NULL, 0, NULL, 0 },
	};
	int status = EXIT_OK;
	int option;

	report_scope__init(&wish->scope);
	wish->format = MAKE_REPORT_REQUEST__FORMAT__TEXT;
	optind = 1;
	while (status == EXIT_OK && (option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		switch (option) {
		case 'c': wish->scope.calendar = true; break;
		case 'a': status = read_day(cli, optarg, &wish->scope.as_of_day); break;
		case 'o': wish->file = optarg; break;
		case 'f':
			status = read_format(optarg, &wish->format);
			if (status)
				cli_say(cli, "report.bad_format", "format", optarg, NULL);
			break;
		default: status = EXIT_USAGE;
		}
	}
	*ret_first = optind;
	return status;
}

static int write_body(struct cli *cli, const char *path, const ProtobufCBinaryData *body) {
	int r = 0;

	if (!path) {
		fwrite(body->data, 1, body->len, stdout);
		if (fflush(stdout) != 0)
			r = -errno;
	} else {
		r = file_write(path, body->data, body->len, 0644);
	}
	if (r < 0) {
		cli_say(
		    cli, "file.write_failed", "file", path ? path : "stdout", "error", strerror(-r), NULL);
		return EXIT_FAILED;
	}
	if (path)
		cli_say(cli, "report.written", "file", path, NULL);
	return EXIT_OK;
}

int command_report_make(struct cli *cli, int argc, char **argv) {
	MakeReportRequest request = MAKE_REPORT_REQUEST__INIT;
	const ProtobufCMessage *reply;
	struct wish wish = { .file = NULL };
	int first;
	int status = read_wish(cli, argc, argv, &wish, &first);

	if (status)
		return status;
	if (first + 1 != argc)
		return cli_usage(cli, "report", "make");
	wish.scope.period = argv[first];
	request.scope = &wish.scope;
	request.format = cli->json ? MAKE_REPORT_REQUEST__FORMAT__JSON : wish.format;
	status = cli_call(cli, "reporting",
	    &(struct rpc_request) { .method = "Reporting/MakeReport", .message = &request.base },
	    &reply);
	return status ? status : write_body(cli, wish.file, &((const MakeReportReply *)reply)->body);
}

static const ProtobufCMessageDescriptor *type_of_record(RecordType type) {
	static const char *const names[] = { NULL, "Unit", "Procedure", "Dossier", "SupplementRound",
		"Correction", "Feedback", "Document", "LegalDocument", "NewsItem", "Quota", "Downsizing",
		"Training", "Rotation", "Discipline", "PlanTarget", "ResolutionTarget", "Inspection" };

	return (size_t)type < LENGTH_OF(names) && names[type]
	           ? contract_message(&office_contract, names[type])
	           : NULL;
}

static json_t *record_json(struct cli *cli, RecordType type, const ProtobufCBinaryData *bytes) {
	const ProtobufCMessageDescriptor *descriptor = type_of_record(type);
	ProtobufCMessage *message;
	json_t *json;

	if (!descriptor || message_unpack(descriptor, bytes->data, bytes->len, &cli->arena, &message) ||
	    transcode_to_json(message, TRANSCODE_OMIT_DEFAULTS, &json) < 0)
		return json_object();
	return json;
}

static json_t *opened_json(struct cli *cli, const OpenedRecord *opened) {
	json_t *json = record_json(cli, opened->type, &opened->record);

	json_object_set_new(json, "code", json_string(opened->code));
	json_object_set_new(json, "counted_unit", json_string(opened->unit));
	json_object_set_new(json, "counted_category", json_string(opened->category));
	json_object_set_new(json, "counted_value", json_integer(opened->value));
	for (size_t i = 0; i < opened->n_owned; i++) {
		const OwnedRecord *owned = opened->owned[i];
		const char *name =
		    owned->type == RECORD_TYPE__RECORD_CORRECTION ? "corrections" : "supplement_rounds";
		json_t *list = json_object_get(json, name);

		if (!list) {
			list = json_array();
			json_object_set_new(json, name, list);
		}
		json_array_append_new(list, record_json(cli, owned->type, &owned->record));
	}
	return json;
}

/* Written while it comes, so that a figure of any size opens in bounded memory. */
struct listing {
	struct cli *cli;
	size_t count;
};

static void list_record(struct listing *listing, const OpenedRecord *opened) {
	json_t *json;

	if (!listing->cli->json) {
		printf("%s\t%s\t%s\n", opened->code, opened->unit, opened->category);
		listing->count++;
		return;
	}
	fputs(listing->count++ ? ",\n" : "\n", stdout);
	json = opened_json(listing->cli, opened);
	json_dumpf(json, stdout, JSON_COMPACT);
	json_decref(json);
}

int command_report_open(struct cli *cli, int argc, char **argv) {
	OpenFigureRequest request = OPEN_FIGURE_REQUEST__INIT;
	struct listing listing = { .cli = cli };
	struct wish wish = { .file = NULL };
	uint8_t *after = NULL;
	int first;
	int status = read_wish(cli, argc, argv, &wish, &first);

	if (status)
		return status;
	if (first + 2 != argc)
		return cli_usage(cli, "report", "open");
	wish.scope.period = argv[first + 1];
	request.scope = &wish.scope;
	request.figure = argv[first];
	do {
		const ProtobufCMessage *message;
		const OpenFigureReply *reply;

		status = cli_call(cli, "reporting",
		    &(struct rpc_request) { .method = "Reporting/OpenFigure", .message = &request.base },
		    &message);
		heap_freep(&after);
		if (status)
			return status;
		reply = (const OpenFigureReply *)message;
		if (cli->json && listing.count == 0 && !request.after.len)
			putchar('[');
		for (size_t i = 0; i < reply->n_records; i++)
			list_record(&listing, reply->records[i]);
		if (reply->next.len) {
			after = malloc(reply->next.len);
			if (!after)
				return EXIT_FAILED;
			memcpy(after, reply->next.data, reply->next.len);
		}
		request.after = (ProtobufCBinaryData) { reply->next.len, after };
	} while (request.after.len);
	if (cli->json)
		puts("\n]");
	return EXIT_OK;
}
