#include "api/bulk.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/scan.h"

/* An envelope is small; a body may be large and is not parsed here. */
#define STATUS_PART_MAX (64u * 1024)

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && isspace((unsigned char)*p))
		p++;
	return p;
}

static int bad(struct err *err, const char *what)
{
	return err_set(err, ERR_FORMAT, "bulk answer: %s", what);
}

static struct bulk_part *add_part(struct bulk *out)
{
	struct bulk_part *part;

	if (out->n == BULK_PARTS_MAX)
		return NULL;
	part = &out->parts[out->n++];
	*part = (struct bulk_part){0};
	return part;
}

/* An id that does not fit is none of ours. */
static void set_id(struct bulk_part *part, const char *text, size_t len)
{
	if (len < sizeof part->id) {
		memcpy(part->id, text, len);
		part->id[len] = '\0';
	}
}

static void set_body(struct bulk_part *part, const char *text, size_t len)
{
	if (len > 0 && text[0] == '{') {
		part->body = text;
		part->len = len;
	}
}

/* ---- an array of objects ---- */

static void read_member(struct bulk_part *part, const struct scan_record *name,
			const struct scan_record *value)
{
	bool is_text = value->len >= 2 && value->text[0] == '"';
	char number[16];

	if (scan_is(name, "resourceId")) {
		set_id(part, value->text + is_text, value->len - 2 * is_text);
	} else if (scan_is(name, "status") && value->len < sizeof number) {
		snprintf(number, sizeof number, "%.*s", (int)value->len, value->text);
		part->status = strspn(number, "0123456789") == value->len
				       ? strtol(number, NULL, 10)
				       : 0;
	} else if (scan_is(name, "body")) {
		set_body(part, value->text, value->len);
	}
}

static int read_array(struct bulk *out, const char *p, const char *end, struct err *err)
{
	p = skip_blanks(p + 1, end);
	while (p < end && *p != ']') {
		struct bulk_part *part = add_part(out);
		const char *after = scan_skip(p, end), *member = p + 1;
		struct scan_record name, value;

		if (after == NULL || part == NULL)
			return bad(err, after == NULL ? "cut off" : "too many parts");
		while (*p == '{' &&
		       (member = scan_member(member, after, &name, &value)) != NULL)
			read_member(part, &name, &value);
		p = skip_blanks(after, end);
		if (p < end && *p == ',')
			p = skip_blanks(p + 1, end);
	}
	if (p == end || skip_blanks(p + 1, end) != end)
		return bad(err, p == end ? "cut off" : "something behind its end");
	return 0;
}

/* ---- MIME ---- */

static const char *next_line(const char *p, const char *end)
{
	const char *newline = memchr(p, '\n', (size_t)(end - p));

	return newline != NULL ? newline + 1 : end;
}

static bool is_blank_line(const char *p, const char *end)
{
	return p < end && (*p == '\n' || (*p == '\r' && p + 1 < end && p[1] == '\n'));
}

/* The JSON of the next part: p stands at its delimiter. Sets *body; returns what follows it, or
 * NULL where there is none any more. */
static const char *read_mime_part(const char *p, const char *end, const char **body)
{
	p = skip_blanks(p, end);
	if (end - p < 2 || memcmp(p, "--", 2) != 0)
		return NULL;
	do
		p = next_line(p, end);
	while (p < end && !is_blank_line(p, end));
	*body = skip_blanks(p, end);
	return *body < end && **body == '{' ? scan_skip(*body, end) : NULL;
}

/* ".../extension/400131010/device?...": the id before the last word of the path. */
static void read_href(struct bulk_part *part, const char *href)
{
	static const char word[] = "/extension/";
	const char *at = href != NULL ? strstr(href, word) : NULL;

	if (at != NULL)
		set_id(part, at + strlen(word), strcspn(at + strlen(word), "/?"));
}

static int read_statuses(struct bulk *out, const char *text, size_t len, struct err *err)
{
	json_t *object = len <= STATUS_PART_MAX ? json_loadb(text, len, 0, NULL) : NULL;
	const json_t *list = json_object_get(object, "response");
	size_t i;
	json_t *row;
	int rc = json_is_array(list) ? 0 : bad(err, "its first part tells no statuses");

	json_array_foreach(list, i, row)
	{
		struct bulk_part *part = add_part(out);

		if (part == NULL) {
			rc = bad(err, "too many parts");
			break;
		}
		part->status = (long)json_integer_value(json_object_get(row, "status"));
		read_href(part, json_string_value(json_object_get(row, "href")));
	}
	json_decref(object);
	return rc;
}

static int read_mime(struct bulk *out, const char *p, const char *end, struct err *err)
{
	const char *body, *after = read_mime_part(p, end, &body);

	if (after == NULL)
		return bad(err, "cut off");
	if (read_statuses(out, body, (size_t)(after - body), err) != 0)
		return err->code;
	for (size_t i = 0; i < out->n; i++) {
		after = read_mime_part(after, end, &body);
		if (after == NULL)
			return bad(err, "fewer parts than statuses");
		set_body(&out->parts[i], body, (size_t)(after - body));
	}
	return read_mime_part(after, end, &body) == NULL
		       ? 0
		       : bad(err, "more parts than statuses");
}

/* ---- whichever ---- */

static int read_alone(struct bulk *out, const char *p, const char *end, const char *id,
		      struct err *err)
{
	struct bulk_part *part = add_part(out);

	if (id == NULL)
		return bad(err, "a single body, though several were asked for");
	set_id(part, id, strlen(id));
	part->status = 200;
	set_body(part, p, (size_t)(end - p));
	return 0;
}

int bulk_read(struct bulk *out, const char *text, size_t len, const char *id,
	      struct err *err)
{
	const char *end = text + len, *p = skip_blanks(text, end);

	out->n = 0;
	switch (p < end ? *p : '\0') {
	case '[':
		return read_array(out, p, end, err);
	case '-':
		return read_mime(out, p, end, err);
	case '{':
		return read_alone(out, p, end, id, err);
	}
	return bad(err, "neither JSON nor MIME");
}

const struct bulk_part *bulk_find(const struct bulk *b, const char *id)
{
	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->parts[i].id, id) == 0)
			return &b->parts[i];
	return NULL;
}
