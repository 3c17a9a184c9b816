/* SPDX-License-Identifier: MIT */
#include "services/cli/token.h"

#include <getopt.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/file.h"

enum { OWN_TOKEN_MS = 3600 * 1000, HOURS_MAX = 24 * 366, TOKEN_TEXT_MAX = 2 * TOKEN_SIZE_MAX };

static const struct {
	const char *name;
	Role role;
} roles[] = {
	{ "clerk", ROLE__ROLE_CLERK },
	{ "leader", ROLE__ROLE_LEADER },
	{ "administrator", ROLE__ROLE_ADMINISTRATOR },
};

static int sign(struct cli *cli, const char *person, Role role, uint64_t life_ms,
    struct token_bytes *ret_token) {
	struct rpc_identity identity;
	Token token = TOKEN__INIT;
	int r = node_identity(&cli->node, &identity);

	if (r < 0)
		return failed_below(r);
	token.person = (char *)(uintptr_t)person;
	token.role = role;
	token.node = cli->node.settings.code;
	token.issued_ms = clock_wall_ms();
	token.expires_ms = token.issued_ms + life_ms;
	r = rpc_token_sign(&identity, &token, ret_token);
	sodium_memzero(&identity, sizeof(identity));
	return r;
}

static int read_file(const char *path, struct token_bytes *ret_token) {
	AUTO(heap_freep) char *text = NULL;
	size_t size;
	int r = file_read(path, TOKEN_TEXT_MAX, &text, &size);

	if (r < 0)
		return failed_below(r);
	if (sodium_base642bin(ret_token->bytes, sizeof(ret_token->bytes), text, strlen(text), "\n ",
	        &ret_token->size, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) < 0)
		return failed_here(-EBADMSG);
	return 0;
}

const struct token_bytes *cli_token(struct cli *cli) {
	const struct passwd *user = getpwuid(getuid());
	struct token_bytes token;
	int r;

	if (cli->token)
		return cli->token->size ? cli->token : NULL;
	r = cli->token_file
	        ? read_file(cli->token_file, &token)
	        : sign(cli, user ? user->pw_name : "", ROLE__ROLE_ADMINISTRATOR, OWN_TOKEN_MS, &token);
	if (r < 0)
		token.size = 0;
	if (r < 0 && cli->token_file)
		cli_say(cli, "token.unreadable", "file", cli->token_file, NULL);
	cli->token = arena_copy(&cli->arena, &token, sizeof(token));
	return cli->token && cli->token->size ? cli->token : NULL;
}

/* cchc token make --person NAME --role ROLE [--hours N] */
int command_token_make(struct cli *cli, int argc, char **argv) {
	static const struct option options[] = {
		{ "person", required_argument, NULL, 'p' },
		{ "role", required_argument, NULL, 'r' },
		{ "hours", required_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	char text[sodium_base64_ENCODED_LEN(TOKEN_SIZE_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	Role role = ROLE__ROLE_UNSPECIFIED;
	const char *person = NULL;
	struct token_bytes token;
	long hours = 8;
	int option;
	int status;

	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p': person = optarg; break;
		case 'h': hours = strtol(optarg, NULL, 10); break;
		case 'r':
			for (size_t i = 0; i < LENGTH_OF(roles); i++)
				if (strcmp(roles[i].name, optarg) == 0)
					role = roles[i].role;
			break;
		default: return cli_usage(cli, "token", "make");
		}
	}
	if (optind != argc || !person || !*person || strlen(person) > TOKEN_PERSON_MAX || !role ||
	    hours < 1 || hours > HOURS_MAX)
		return cli_usage(cli, "token", "make");
	status = cli_open_node(cli);
	if (status)
		return status;
	if (sign(cli, person, role, (uint64_t)hours * 3600 * 1000, &token) < 0) {
		cli_say(cli, "token.no_key", "folder", cli->node.folder, NULL);
		return EXIT_FAILED;
	}
	puts(sodium_bin2base64(
	    text, sizeof(text), token.bytes, token.size, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
	return EXIT_OK;
}
