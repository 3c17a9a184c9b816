/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <utf8proc.h>

#include "services/reporting/template_program.h"

#define TAG_MAX 512 /* bytes between the braces, remarks aside */

enum tag_kind {
	TAG_VALUE,
	TAG_CONDITION,
	TAG_ELSE,
	TAG_LIST,
	TAG_END,
	TAG_REMARK,
};

/* A tag of the source: `text` of `length` bytes is what stands between its braces, without blanks
 * at either end and without the sign of its kind. */
struct tag {
	enum tag_kind kind;
	const char *start;
	const char *text;
	size_t length;
	const char *end; /* behind the braces */
};

/* An open {{? or {{#. */
struct block {
	const char *start;
	struct template_node *node;
	bool otherwise;             /* {{:}} was seen */
	struct template_node **end; /* where the next node of the part at hand goes */
};

struct reader {
	struct arena *arena;
	const struct template_names *names;
	const char *source;
	const char *at;
	const char *limit;
	struct block blocks[TEMPLATE_DEPTH_MAX + 1]; /* the first is the template itself */
	size_t depth;
	const char *list; /* the open one */
	struct template_fault *fault;
};

static int fault_at(struct reader *reader, const char *place, enum template_reason reason,
    const char *name, size_t length) {
	struct template_fault *fault = reader->fault;

	*fault = (struct template_fault) { .reason = reason, .line = 1, .column = 1 };
	for (const char *c = reader->source; c < place; c++) {
		if (*c == '\n') {
			fault->line++;
			fault->column = 1;
		} else
			fault->column += ((unsigned char)*c & 0xc0) != 0x80;
	}
	template_fault_name(fault, name, length);
	return TEMPLATE_FAULTY;
}

static int fault_of_tag(struct reader *reader, const struct tag *tag, enum template_reason reason) {
	return fault_at(reader, tag->start, reason, tag->text, tag->length);
}

static int check_text(struct reader *reader) {
	const char *c = reader->source;

	while (c < reader->limit) {
		utf8proc_int32_t point;
		utf8proc_ssize_t step = utf8proc_iterate(
		    (const utf8proc_uint8_t *)c, (utf8proc_ssize_t)(reader->limit - c), &point);

		if (step <= 0 || point == 0x7f || (point < 0x20 && !strchr("\t\r\n", point)) || point == 0)
			return fault_at(reader, c, TEMPLATE_NOT_TEXT, "", 0);
		c += step;
	}
	return TEMPLATE_OK;
}

static const char *line_end(const struct reader *reader, const char *from) {
	const char *end = memchr(from, '\n', (size_t)(reader->limit - from));

	return end ? end : reader->limit;
}

static bool begins(const char *from, const char *limit, const char *word) {
	size_t length = strlen(word);

	return (size_t)(limit - from) >= length && memcmp(from, word, length) == 0;
}

static enum tag_kind kind_of(char sign) {
	switch (sign) {
	case '?': return TAG_CONDITION;
	case ':': return TAG_ELSE;
	case '#': return TAG_LIST;
	case '/': return TAG_END;
	case '!': return TAG_REMARK;
	default: return TAG_VALUE;
	}
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r';
}

/* The tag at `from`, where {{ stands. False: it does not end on its line. */
static bool find_tag(const struct reader *reader, const char *from, struct tag *ret_tag) {
	const char *limit = line_end(reader, from);
	const char *close = from + 2;
	struct tag tag = { .start = from };

	while (!begins(close, limit, "}}")) {
		if (close >= limit || begins(close, limit, "{{"))
			return false;
		close++;
	}
	tag.end = close + 2;
	tag.text = from + 2;
	while (tag.text < close && is_blank(*tag.text))
		tag.text++;
	while (close > tag.text && is_blank(close[-1]))
		close--;
	if (tag.text < close) {
		tag.kind = kind_of(*tag.text);
		tag.text += tag.kind != TAG_VALUE;
	}
	while (tag.text < close && is_blank(*tag.text))
		tag.text++;
	tag.length = (size_t)(close - tag.text);
	*ret_tag = tag;
	return true;
}

static struct template_node *add_node(struct reader *reader, enum template_node_kind kind) {
	struct block *block = &reader->blocks[reader->depth];
	struct template_node *node = arena_alloc(reader->arena, sizeof(*node));

	if (!node)
		return NULL;
	node->kind = kind;
	*block->end = node;
	block->end = &node->next;
	return node;
}

static int add_text(struct reader *reader, const char *text, size_t length) {
	struct template_node *node;

	if (length == 0)
		return TEMPLATE_OK;
	node = add_node(reader, NODE_TEXT);
	if (!node)
		return failed_here(-ENOMEM);
	node->text = text;
	node->length = length;
	return TEMPLATE_OK;
}

static int copy_tag(struct reader *reader, const struct tag *tag, char **ret_text) {
	if (tag->length == 0 || tag->length > TAG_MAX)
		return fault_of_tag(reader, tag, TEMPLATE_TAG_MALFORMED);
	*ret_text = arena_copy_text(reader->arena, tag->text, tag->length);
	return *ret_text ? TEMPLATE_OK : failed_here(-ENOMEM);
}

static int read_value(struct reader *reader, const struct tag *tag) {
	struct template_reference reference;
	enum template_format format = FORMAT_DEFAULT;
	struct template_node *node;
	char *text;
	char *rest;
	size_t length;
	int answer = copy_tag(reader, tag, &text);

	if (answer != TEMPLATE_OK)
		return answer;
	length = template_name_length(text);
	rest = text + length + strspn(text + length, " \t");
	if (length == 0 || length >= TEMPLATE_NAME_MAX || (*rest != '\0' && *rest != '|'))
		return fault_of_tag(reader, tag, TEMPLATE_TAG_MALFORMED);
	if (*rest == '|') {
		rest += 1 + strspn(rest + 1, " \t");
		format = template_format_find(rest);
		if (format == FORMATS)
			return fault_at(reader, tag->start, TEMPLATE_FORMAT_UNKNOWN, rest, strlen(rest));
	}
	text[length] = '\0';
	if (template_resolve(reader->names, reader->list, text, &reference) != TEMPLATE_OK) {
		fault_at(reader, tag->start, TEMPLATE_NAME_UNKNOWN, text, length);
		template_fault_guess(reader->fault, reader->names, reader->list);
		return TEMPLATE_FAULTY;
	}
	if (!template_format_fits(format, reference.kind))
		return fault_at(reader, tag->start, TEMPLATE_FORMAT_UNFIT, text, length);
	node = add_node(reader, NODE_VALUE);
	if (!node)
		return failed_here(-ENOMEM);
	node->value = reference;
	node->format = format;
	return TEMPLATE_OK;
}

static int open_block(struct reader *reader, const struct tag *tag, enum template_node_kind kind,
    struct template_node **ret_node) {
	struct template_node *node;

	if (reader->depth == TEMPLATE_DEPTH_MAX)
		return fault_of_tag(reader, tag, TEMPLATE_BLOCK_DEEP);
	node = add_node(reader, kind);
	if (!node)
		return failed_here(-ENOMEM);
	reader->blocks[++reader->depth] =
	    (struct block) { .start = tag->start, .node = node, .end = &node->body };
	*ret_node = node;
	return TEMPLATE_OK;
}

static int read_condition(struct reader *reader, const struct tag *tag) {
	struct template_fault inner = { .reason = TEMPLATE_NO_REASON };
	struct template_term *terms = NULL;
	struct template_node *node;
	char *text;
	int answer = copy_tag(reader, tag, &text);

	if (answer == TEMPLATE_OK)
		answer = template_read_condition(
		    reader->arena, text, reader->names, reader->list, &terms, &inner);
	if (answer == TEMPLATE_FAULTY && inner.reason != TEMPLATE_NO_REASON) {
		fault_at(reader, tag->start, inner.reason, inner.name, strlen(inner.name));
		memcpy(reader->fault->nearest, inner.nearest, sizeof(inner.nearest));
	}
	if (answer == TEMPLATE_OK)
		answer = open_block(reader, tag, NODE_CONDITION, &node);
	if (answer == TEMPLATE_OK)
		node->terms = terms;
	return answer;
}

static int read_list(struct reader *reader, const struct tag *tag) {
	struct template_node *node;
	size_t count;
	char *name;
	int answer = copy_tag(reader, tag, &name);

	if (answer != TEMPLATE_OK)
		return answer;
	if (reader->list)
		return fault_of_tag(reader, tag, TEMPLATE_BLOCK_DEEP);
	if (template_name_length(name) != tag->length ||
	    reader->names->list(reader->names->context, name, &count) != TEMPLATE_OK) {
		fault_of_tag(reader, tag, TEMPLATE_NAME_UNKNOWN);
		template_fault_guess(reader->fault, reader->names, NULL);
		return TEMPLATE_FAULTY;
	}
	answer = open_block(reader, tag, NODE_LIST, &node);
	if (answer == TEMPLATE_OK)
		node->value.name = reader->list = name;
	return answer;
}

static int read_else(struct reader *reader, const struct tag *tag) {
	struct block *block = &reader->blocks[reader->depth];

	if (tag->length > 0)
		return fault_of_tag(reader, tag, TEMPLATE_TAG_MALFORMED);
	if (reader->depth == 0 || block->node->kind == NODE_LIST || block->otherwise)
		return fault_of_tag(reader, tag, TEMPLATE_BLOCK_STRAY);
	block->otherwise = true;
	block->end = &block->node->otherwise;
	return TEMPLATE_OK;
}

static int read_end(struct reader *reader, const struct tag *tag) {
	if (tag->length > 0)
		return fault_of_tag(reader, tag, TEMPLATE_TAG_MALFORMED);
	if (reader->depth == 0)
		return fault_of_tag(reader, tag, TEMPLATE_BLOCK_STRAY);
	if (reader->blocks[reader->depth].node->kind == NODE_LIST)
		reader->list = NULL;
	reader->depth--;
	return TEMPLATE_OK;
}

static int read_tag(struct reader *reader, const struct tag *tag) {
	switch (tag->kind) {
	case TAG_CONDITION: return read_condition(reader, tag);
	case TAG_LIST: return read_list(reader, tag);
	case TAG_ELSE: return read_else(reader, tag);
	case TAG_END: return read_end(reader, tag);
	case TAG_REMARK: return TEMPLATE_OK;
	default: return read_value(reader, tag);
	}
}

/* The end of a line. That of a line with tags is a node, for it goes when nothing else is left. */
static int add_break(struct reader *reader, const char *text, const char *end, bool tags) {
	bool last = end == reader->limit;
	struct template_node *node;
	int answer;

	if (!tags)
		return add_text(reader, text, (size_t)(end - text) + !last);
	answer = add_text(reader, text, (size_t)(end - text));
	if (answer != TEMPLATE_OK || last)
		return answer;
	node = add_node(reader, NODE_BREAK);
	return node ? TEMPLATE_OK : failed_here(-ENOMEM);
}

/* The line at `at`, its end included. */
static int read_line(struct reader *reader) {
	const char *end = line_end(reader, reader->at);
	const char *text = reader->at;
	const char *c = text;
	bool tags = false;
	struct tag tag;

	reader->at = end + (end < reader->limit);
	if (begins(text, end, "%%"))
		return TEMPLATE_OK;
	while (c < end) {
		int answer;

		if (begins(c, end, "}}"))
			return fault_at(reader, c, TEMPLATE_TAG_STRAY, "", 0);
		if (!begins(c, end, "{{")) {
			c++;
			continue;
		}
		if (!find_tag(reader, c, &tag))
			return fault_at(reader, c, TEMPLATE_TAG_OPEN, "", 0);
		answer = add_text(reader, text, (size_t)(c - text));
		if (answer == TEMPLATE_OK)
			answer = read_tag(reader, &tag);
		if (answer != TEMPLATE_OK)
			return answer;
		c = text = tag.end;
		tags = true;
	}
	return add_break(reader, text, end, tags);
}

static int read_all(struct reader *reader) {
	int answer = check_text(reader);

	if (begins(reader->at, reader->limit, "\xef\xbb\xbf"))
		reader->at += 3;
	while (answer == TEMPLATE_OK && reader->at < reader->limit)
		answer = read_line(reader);
	if (answer == TEMPLATE_OK && reader->depth > 0) {
		struct tag tag;

		find_tag(reader, reader->blocks[reader->depth].start, &tag);
		answer = fault_of_tag(reader, &tag, TEMPLATE_BLOCK_OPEN);
	}
	return answer;
}

int template_read(struct arena *arena, const char *source, size_t size,
    const struct template_names *names, struct template_node **ret_nodes,
    struct template_fault *ret_fault) {
	struct template_fault fault = { .reason = TEMPLATE_NO_REASON };
	struct template_node *nodes = NULL;
	struct reader reader = {
		.arena = arena,
		.names = names,
		.source = source,
		.at = source,
		.limit = source + size,
		.blocks = { { .end = &nodes } },
		.fault = &fault,
	};
	int answer;

	if (size > TEMPLATE_SOURCE_MAX)
		return TEMPLATE_TOO_LARGE;
	answer = read_all(&reader);
	if (answer == TEMPLATE_FAULTY)
		*ret_fault = fault;
	if (answer == TEMPLATE_OK)
		*ret_nodes = nodes;
	return answer;
}
