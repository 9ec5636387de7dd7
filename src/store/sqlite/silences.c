/* The rows of silences. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

static char *matches_text(const struct silence *s)
{
	json_t *array = json_array();
	char *text;

	for (size_t i = 0; i < s->n_matches; i++)
		json_array_append_new(array, json_string(s->matches[i]));
	text = json_dumps(array, JSON_COMPACT);
	json_decref(array);
	return text;
}

int store_silence_add(struct store_conn *c, struct silence *s, struct err *err)
{
	char every[WINDOW_TEXT_BYTES];
	char *matches = matches_text(s);
	int rc;

	if (s->recurs)
		window_format(every, &s->every);
	rc = conn_run(c,
		      conn_bind(c, STMT_SILENCE_ADD, err, "ttiottit", matches, s->key,
				s->from_at_ms, s->until_at_ms != SILENCE_NO_END,
				s->until_at_ms, s->recurs ? every : NULL, s->reason,
				s->made_at_ms, s->by),
		      err);
	if (rc == 0)
		s->id = sqlite3_last_insert_rowid(c->db);
	free(matches);
	return rc;
}

static void read_matches(struct silence *s, const char *text)
{
	json_t *array = json_loads(text, 0, NULL), *match;
	size_t i;

	s->matches = mem_alloc((json_array_size(array) + 1) * sizeof *s->matches);
	json_array_foreach(array, i, match) if (json_is_string(match))
		s->matches[s->n_matches++] = mem_strdup(json_string_value(match));
	json_decref(array);
}

/* False: its window cannot be read, which only damage can bring about. It silences nobody. */
static bool read_silence(sqlite3_stmt *st, struct silence *s)
{
	const char *every = (const char *)sqlite3_column_text(st, 5);
	bool ends = sqlite3_column_type(st, 4) != SQLITE_NULL;
	struct err ignored;

	*s = (struct silence){
		.id = sqlite3_column_int64(st, 0),
		.key = conn_text(st, 2),
		.from_at_ms = sqlite3_column_int64(st, 3),
		.until_at_ms = ends ? sqlite3_column_int64(st, 4) : SILENCE_NO_END,
		.recurs = every != NULL,
		.reason = conn_text(st, 6),
		.made_at_ms = sqlite3_column_int64(st, 7),
		.by = conn_text(st, 8),
		.ended_at_ms = sqlite3_column_int64(st, 9),
		.ended_by = conn_text(st, 10),
	};
	read_matches(s, (const char *)sqlite3_column_text(st, 1));
	return every == NULL || window_parse(&s->every, every, &ignored) == 0;
}

int store_silences(struct store_conn *c, int64_t at_ms, struct silence **out, size_t *n,
		   struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_SILENCES, err, "i", at_ms);
	struct silence *all = NULL;
	size_t n_all = 0, cap = 0;
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		all = mem_grow(all, n_all, &cap, sizeof *all);
		if (read_silence(st, &all[n_all]))
			n_all++;
		else
			silence_clear(&all[n_all]);
	}
	if (rc != 0) {
		store_silences_free(all, n_all);
		return rc;
	}
	*out = all;
	*n = n_all;
	return 0;
}

void store_silences_free(struct silence *silences, size_t n)
{
	for (size_t i = 0; i < n; i++)
		silence_clear(&silences[i]);
	free(silences);
}

int store_silence_end(struct store_conn *c, int64_t id, int64_t at_ms, const char *by,
		      bool *found, struct err *err)
{
	if (conn_run(c, conn_bind(c, STMT_SILENCE_END, err, "itii", at_ms, by, id, at_ms),
		     err) != 0)
		return err->code;
	*found = sqlite3_changes64(c->db) > 0;
	return 0;
}

int store_silences_cleared(struct store_conn *c, const char *key, int64_t at_ms,
			   struct err *err)
{
	return conn_run(c, conn_bind(c, STMT_SILENCES_CLEARED, err, "it", at_ms, key),
			err);
}
