/* SPDX-License-Identifier: MIT */
#include "services/cli/reflection.h"

#include <string.h>

#include "common/base/message.h"
#include "services/cli/definition.h"

static int fail(struct cli *cli, const char *service, int r) {
	return cli_call_failed(cli, service ? service : "cchc", r, NULL);
}

/* A service sends its files one by one. */
static int join_files(struct cli *cli, const DescribeReply *description, const FileSet **ret_set) {
	FileSet *set =
	    (FileSet *)message_new(&google__protobuf__file_descriptor_set__descriptor, &cli->arena);

	if (!set)
		return failed_here(-ENOMEM);
	set->file = arena_alloc(&cli->arena, (description->n_files + 1) * sizeof(set->file[0]));
	if (!set->file)
		return failed_here(-ENOMEM);
	for (size_t i = 0; i < description->n_files; i++) {
		ProtobufCMessage *file;

		if (message_unpack(&google__protobuf__file_descriptor_proto__descriptor,
		        description->files[i].data, description->files[i].len, &cli->arena,
		        &file) != MESSAGE_OK)
			return failed_here(-EBADMSG);
		set->file[set->n_file++] = (File *)file;
	}
	*ret_set = set;
	return 0;
}

int cli_contract(struct cli *cli, const char *service, const FileSet **ret_set,
    const DescribeReply **ret_description) {
	DescribeRequest request = DESCRIBE_REQUEST__INIT;
	const ProtobufCMessage *reply = NULL;
	int status = EXIT_OK;
	int r;

	*ret_description = NULL;
	if (!service) {
		r = definition_set_read(office_contract.descriptor_set, office_contract.descriptor_set_size,
		    &cli->arena, ret_set);
		return r < 0 ? fail(cli, NULL, r) : EXIT_OK;
	}
	status = cli_check_service(cli, service);
	if (status == EXIT_OK)
		status = cli_call(cli, service,
		    &(struct rpc_request) { .method = "Reflection/Describe", .message = &request.base },
		    &reply);
	if (status)
		return status;
	*ret_description = (const DescribeReply *)reply;
	r = join_files(cli, *ret_description, ret_set);
	return r < 0 ? fail(cli, service, r) : EXIT_OK;
}
