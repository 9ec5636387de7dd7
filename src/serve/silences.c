/* /api/v1/silences: those there are, a new one, one less. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "query/silences.h"
#include "serve/serve_inside.h"

#define SILENCES_MAX     1000 /* that are not over: each alert is held against all of them */
#define MATCHES_MAX      32
#define TEXT_MAX_BYTES   512 /* of a match, a key */
#define REASON_MAX_BYTES 1000

/* ---- those there are ---- */

static int run_list(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct task *t = (struct task *)job;
	json_t *items = json_array();
	struct silence *all;
	size_t n;

	if (store_silences(c, clock_utc_ms(), &all, &n, err) != 0) {
		json_decref(items);
		return err->code;
	}
	for (size_t i = 0; i < n; i++)
		json_array_append_new(items, silences_object(&all[i]));
	store_silences_free(all, n);
	t->answer = json_pack("{s:o, s:n}", "items", items, "next");
	return 0;
}

void silences_list(struct serve *s, struct server_request *req, const char *rest)
{
	(void)rest;
	task_submit(task_create(s, req, run_list));
}

/* ---- a new one ---- */

/* Whether there is an alert with this key that lives. */
struct search {
	const char *key;
	bool found;
};

static void on_alert(struct alert *a, const char *account, void *arg)
{
	struct search *search = arg;
	char *key = alert_key(account, a);

	search->found |= strcmp(key, search->key) == 0;
	free(key);
}

static int find_alert(struct store_conn *c, const char *key, bool *found, struct err *err)
{
	struct search search = {.key = key, .found = key == NULL};

	if (key != NULL &&
	    store_alerts_each(c, STORE_ALERTS_LIVE, 0, on_alert, &search, err) != 0)
		return err->code;
	*found = search.found;
	return 0;
}

static int add(struct task *t, struct store_conn *c, struct err *err)
{
	struct silence *all;
	size_t n;
	bool found = false;

	if (find_alert(c, t->silence.key, &found, err) != 0)
		return err->code;
	if (!found) {
		task_refuse(t, 404, "%s: there is no such alert", t->silence.key);
		return 0;
	}

	if (store_silences(c, t->silence.made_at_ms, &all, &n, err) != 0)
		return err->code;
	store_silences_free(all, n);
	if (n >= SILENCES_MAX) {
		task_refuse(t, 409, "there are %zu silences already; remove some", n);
		return 0;
	}
	if (store_silence_add(c, &t->silence, err) != 0 || store_commit(c, err) != 0)
		return err->code;
	t->status = 201;
	t->answer = silences_object(&t->silence);
	return 0;
}

static int run_add(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct task *t = (struct task *)job;
	char by[SERVE_BY_BYTES];

	task_by(t, by);
	t->silence.by = mem_strdup(by);
	return store_begin(c, err) == 0 ? add(t, c, err) : err->code;
}

/* A text, or NULL where there is none. */
static int read_text(const json_t *body, const char *name, size_t max_bytes, char **out,
		     struct err *err)
{
	const json_t *value = json_object_get(body, name);

	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_string(value) || json_string_length(value) > max_bytes)
		return err_set(err, ERR_FORMAT,
			       "%s: expected a text of %zu bytes at most", name,
			       max_bytes);
	*out = mem_strdup(json_string_value(value));
	return 0;
}

static int read_time(const json_t *body, const char *name, int64_t *out, struct err *err)
{
	const json_t *value = json_object_get(body, name);

	if (value == NULL || json_is_null(value))
		return 0;
	if (!json_is_string(value) || clock_parse(json_string_value(value), out) != 0)
		return err_set(err, ERR_FORMAT,
			       "%s: expected a time, as in 2026-11-22T18:01:02Z", name);
	return 0;
}

static int read_matches(const json_t *body, struct silence *s, struct err *err)
{
	const json_t *matches = json_object_get(body, "match"), *match;
	size_t i;

	if (matches == NULL || json_is_null(matches))
		return 0;
	if (!json_is_array(matches) || json_array_size(matches) > MATCHES_MAX)
		return err_set(err, ERR_FORMAT, "match: expected a list of %d at most",
			       MATCHES_MAX);
	s->matches = mem_zalloc((json_array_size(matches) + 1) * sizeof *s->matches);
	json_array_foreach(matches, i, match)
	{
		if (!json_is_string(match) ||
		    json_string_length(match) > TEXT_MAX_BYTES ||
		    !silence_match_is_valid(json_string_value(match)))
			return err_set(
				err, ERR_FORMAT,
				"match: expected KEY=PATTERN with a KEY of account,"
				" site, type, model, device, name, kind");
		s->matches[s->n_matches++] = mem_strdup(json_string_value(match));
	}
	return 0;
}

static int read_window(const json_t *body, struct silence *s, struct err *err)
{
	char *text = NULL;
	int rc = read_text(body, "every", TEXT_MAX_BYTES, &text, err);

	s->recurs = text != NULL;
	if (rc == 0 && s->recurs)
		rc = window_parse(&s->every, text, err);
	if (rc != 0 && text != NULL)
		err_wrap(err, "every");
	free(text);
	return rc;
}

/* Whatever is silenced by mistake must be told one day. */
static int check(const struct silence *s, struct err *err)
{
	if ((s->key != NULL) == (s->n_matches > 0))
		return err_set(err, ERR_FORMAT,
			       "expected either match, or key, the key of an alert");
	if (s->until_at_ms <= s->made_at_ms)
		return err_set(err, ERR_FORMAT, "until: that is over");
	if (s->until_at_ms <= s->from_at_ms)
		return err_set(err, ERR_FORMAT, "until: that is before it begins");
	if (s->key == NULL && s->until_at_ms == SILENCE_NO_END && !s->recurs)
		return err_set(err, ERR_FORMAT, "until: when does it end?");
	return 0;
}

static int read_silence(const json_t *body, struct silence *s, struct err *err)
{
	s->made_at_ms = s->from_at_ms = clock_utc_ms();
	s->until_at_ms = SILENCE_NO_END;
	if (read_matches(body, s, err) != 0 ||
	    read_text(body, "key", TEXT_MAX_BYTES, &s->key, err) != 0 ||
	    read_text(body, "reason", REASON_MAX_BYTES, &s->reason, err) != 0 ||
	    read_time(body, "from", &s->from_at_ms, err) != 0 ||
	    read_time(body, "until", &s->until_at_ms, err) != 0 ||
	    read_window(body, s, err) != 0)
		return err->code;
	return check(s, err);
}

void silences_add(struct serve *s, struct server_request *req, const char *rest)
{
	static const char *const members[] = {"match",  "key",   "from", "until",
					      "reason", "every", NULL};
	json_t *body = read_body(req, members);
	struct silence silence = {0};
	struct err err = {0};
	struct task *t;

	(void)rest;
	if (body == NULL)
		return;
	if (read_silence(body, &silence, &err) == 0) {
		t = task_create(s, req, run_add);
		t->silence = silence; /* moves */
		task_submit(t);
	} else {
		silence_clear(&silence);
		answer_error(req, 400, "%s", err.text);
	}
	json_decref(body);
}

/* ---- one less ---- */

static int run_remove(struct store_conn *c, struct store_job *job, struct err *err)
{
	struct task *t = (struct task *)job;
	char by[SERVE_BY_BYTES];

	task_by(t, by);
	if (store_begin(c, err) != 0 ||
	    store_silence_end(c, t->id, clock_utc_ms(), by, &t->removed, err) != 0 ||
	    store_commit(c, err) != 0)
		return err->code;
	if (t->removed)
		t->answer = json_pack("{s:I}", "id", (json_int_t)t->id);
	else
		task_refuse(t, 404, "silence %lld: there is none that is not over",
			    (long long)t->id);
	return 0;
}

void silences_remove(struct serve *s, struct server_request *req, const char *rest)
{
	struct task *t;
	char *end;
	long long id;

	errno = 0;
	id = strtoll(rest, &end, 10);
	if (rest[0] < '0' || rest[0] > '9' || *end != '\0' || errno != 0 || id < 1) {
		answer_error(req, 404, "a silence has a number");
		return;
	}
	t = task_create(s, req, run_remove);
	t->id = id;
	task_submit(t);
}
