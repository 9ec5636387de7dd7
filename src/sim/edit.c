#include "sim/edit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

/* What is set may be no JSON: a mark is set in its place, and replaced in the finished text. */
#define MARK       "~~edit %zu~~"
#define MARK_BYTES 40
#define NAME_BYTES 128

void edits_put(struct edits *edits, const char *path, const char *text)
{
	size_t i = 0;

	while (i < edits->n && strcmp(edits->list[i].path, path) != 0)
		i++;
	if (i == edits->n) {
		edits->list =
			mem_grow(edits->list, edits->n, &edits->cap, sizeof *edits->list);
		edits->list[edits->n++] = (struct edit){.path = mem_strdup(path)};
	}
	free(edits->list[i].text);
	edits->list[i].text = text != NULL ? mem_strdup(text) : NULL;
}

void edits_clear(struct edits *edits)
{
	for (size_t i = 0; i < edits->n; i++) {
		free(edits->list[i].path);
		free(edits->list[i].text);
	}
	free(edits->list);
	*edits = (struct edits){0};
}

/* ---- the tree ---- */

static size_t place_in(const json_t *array, const char *name)
{
	size_t n = json_array_size(array);

	if (strcmp(name, "last") == 0)
		return n > 0 ? n - 1 : 0;
	return (size_t)strtoull(name, NULL, 10);
}

/* The member of that name, made where an object lacks it; NULL where there can be none. */
static json_t *step(json_t *json, const char *name)
{
	json_t *member;

	if (json_is_array(json))
		return json_array_get(json, place_in(json, name));
	member = json_object_get(json, name);
	if (member == NULL && json_is_object(json)) {
		member = json_object();
		json_object_set_new(json, name, member);
	}
	return member;
}

static void put(json_t *parent, const char *name, const char *mark)
{
	if (json_is_object(parent) && mark != NULL)
		json_object_set_new(parent, name, json_string(mark));
	else if (json_is_object(parent))
		json_object_del(parent, name);
	else if (mark != NULL)
		json_array_set_new(parent, place_in(parent, name), json_string(mark));
	else
		json_array_remove(parent, place_in(parent, name));
}

/* mark NULL: take it out. */
static void put_at(json_t *json, const char *path, const char *mark)
{
	for (;;) {
		size_t len = strcspn(path, ".");
		char name[NAME_BYTES];

		snprintf(name, sizeof name, "%.*s", (int)len, path);
		if (path[len] == '\0') {
			put(json, name, mark);
			return;
		}
		json = step(json, name);
		path += len + 1;
	}
}

/* ---- the text ---- */

static void replace_mark(struct buf *text, size_t i, const char *by)
{
	char mark[MARK_BYTES];
	const char *at;
	struct buf out;

	snprintf(mark, sizeof mark, "\"" MARK "\"", i);
	at = strstr(text->data, mark);
	if (at == NULL) /* its path led nowhere */
		return;
	buf_init(&out, text->cap);
	buf_add(&out, text->data, (size_t)(at - text->data));
	buf_add_text(&out, by);
	buf_add_text(&out, at + strlen(mark));
	buf_clear(text);
	*text = out;
}

bool edits_apply(const struct edits *edits, struct buf *text)
{
	json_t *json = json_loadb(buf_text(text), text->len, JSON_DECODE_ANY, NULL);
	char mark[MARK_BYTES];
	char *dump;

	if (json == NULL)
		return false;
	for (size_t i = 0; i < edits->n; i++) {
		snprintf(mark, sizeof mark, MARK, i);
		put_at(json, edits->list[i].path,
		       edits->list[i].text != NULL ? mark : NULL);
	}
	dump = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(json);
	text->len = 0;
	buf_add_text(text, dump);
	free(dump);
	for (size_t i = 0; i < edits->n; i++)
		if (edits->list[i].text != NULL)
			replace_mark(text, i, edits->list[i].text);
	return true;
}
