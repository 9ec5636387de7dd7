#include "sim/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "net/server.h"
#include "sim/exchange.h"
#include "sim/reply.h"

#define ANSWER_MAX_BYTES ((size_t)1 << 30)
#define BOUNDARY         "Boundary_1_1000000000_1780000000000"
#define OTHER_BOUNDARY   "Boundary_2_1000000001_1780000000001"

struct bulk_part *bulk_add(struct bulk *bulk, struct endpoint_part id)
{
	struct bulk_part *part;

	bulk->parts = mem_grow(bulk->parts, bulk->n, &bulk->cap, sizeof *bulk->parts);
	part = &bulk->parts[bulk->n++];
	*part = (struct bulk_part){.id = id};
	buf_init(&part->body, ANSWER_MAX_BYTES);
	return part;
}

void bulk_clear(struct bulk *bulk)
{
	for (size_t i = 0; i < bulk->n; i++) {
		free(bulk->parts[i].href);
		buf_clear(&bulk->parts[i].body);
	}
	free(bulk->parts);
	*bulk = (struct bulk){0};
}

static size_t n_shown(const struct bulk *bulk, const struct lie *lie)
{
	return lie->parts_are && lie->parts < bulk->n ? (size_t)lie->parts : bulk->n;
}

static void answer_json(const struct bulk *bulk, const struct lie *lie,
			struct reply *reply)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX_BYTES);
	buf_add_text(&b, "[");
	for (size_t i = 0; i < n_shown(bulk, lie); i++) {
		const struct bulk_part *part = &bulk->parts[i];

		buf_printf(&b, "%s{\"resourceId\":\"%.*s\",\"status\":%d,\"body\":",
			   i > 0 ? "," : "", (int)part->id.len, part->id.text,
			   part->status);
		buf_add(&b, part->body.data, part->body.len);
		buf_add_text(&b, "}");
	}
	buf_add_text(&b, "]");
	reply_take_json(reply, 207, &b);
	reply->type = "application/vnd.ringcentral.multipart+json";
}

static const char *describe(int status)
{
	switch (status) {
	case 200:
		return "OK";
	case 403:
		return "Forbidden";
	case 404:
		return "Not Found";
	case 429:
		return "Too Many Requests";
	default:
		return "Error";
	}
}

/* The first part, which tells of the others. */
static void add_response(struct buf *b, const struct bulk *bulk)
{
	buf_add_text(b, "--" BOUNDARY
			"\r\nContent-Type: application/json\r\n\r\n{\"response\":[");
	for (size_t i = 0; i < bulk->n; i++)
		buf_printf(b,
			   "%s{\"href\":\"%s\",\"status\":%d,"
			   "\"responseDescription\":\"%s\"}",
			   i > 0 ? "," : "", bulk->parts[i].href, bulk->parts[i].status,
			   describe(bulk->parts[i].status));
	buf_add_text(b, "]}\r\n");
}

static void answer_multipart(const struct bulk *bulk, const struct lie *lie,
			     struct reply *reply)
{
	struct buf b;

	buf_init(&b, ANSWER_MAX_BYTES);
	add_response(&b, bulk);
	for (size_t i = 0; i < n_shown(bulk, lie); i++) {
		buf_printf(&b, "--%s\r\nContent-Type: application/json\r\n\r\n",
			   lie->other_boundary && i > 0 ? OTHER_BOUNDARY : BOUNDARY);
		buf_add(&b, bulk->parts[i].body.data, bulk->parts[i].body.len);
		buf_add_text(&b, "\r\n");
	}
	if (!lie->unclosed)
		buf_add_text(&b, "--" BOUNDARY "--\r\n");
	reply_take_json(reply, 207, &b);
	reply->type = "multipart/mixed; boundary=" BOUNDARY;
}

void bulk_answer(const struct bulk *bulk, enum bulk_form form, const struct lie *lie,
		 struct reply *reply)
{
	if (form == BULK_JSON)
		answer_json(bulk, lie, reply);
	else
		answer_multipart(bulk, lie, reply);
}

struct endpoint_part bulk_next_id(const struct endpoint_part *ids, size_t *at)
{
	struct endpoint_part id = {NULL, 0};

	if (*at > ids->len || ids->text == NULL)
		return id;
	id.text = ids->text + *at;
	while (*at + id.len < ids->len && id.text[id.len] != ',')
		id.len++;
	*at += id.len + 1;
	return id;
}

size_t bulk_count_ids(const struct endpoint_part *ids)
{
	size_t at = 0, n = 0;

	while (bulk_next_id(ids, &at).text != NULL)
		n++;
	return n;
}
