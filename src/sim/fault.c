#include "sim/fault.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/error.h"
#include "sim/exchange.h"
#include "sim/misbehave.h"
#include "sim/spoil.h"
#include "sim/words.h"

#define BOMB_DEFAULT_MIB 4096
#define BOMB_MAX_MIB     (1024 * 1024)
#define SLOW_MAX_BYTES   1000000000
#define HEADER_MAX_BYTES 140

/* ---- reading arguments ---- */

static int read_number(struct act *act, struct words *w, struct err *err)
{
	return words_next_number(w, 0, INT64_MAX, &act->number, err);
}

static int read_slow(struct act *act, struct words *w, struct err *err)
{
	return words_next_number(w, 1, SLOW_MAX_BYTES, &act->number, err);
}

static int read_delay(struct act *act, struct words *w, struct err *err)
{
	int64_t ms;
	int rc = words_next_duration(w, &ms, err);

	act->number = rc == 0 ? (uint64_t)ms : 0;
	return rc;
}

/* A text that fits into a header's line. */
static int read_line(struct words *w, const char *what, char **out, struct err *err)
{
	int rc = words_next_text(w, what, out, err);

	if (rc == 0 && (strlen(*out) > HEADER_MAX_BYTES || strpbrk(*out, "\r\n") != NULL))
		rc = err_set(err, ERR_FORMAT, "expected %s", what);
	return rc;
}

static int read_status(struct act *act, struct words *w, struct err *err)
{
	int rc = words_next_number(w, 200, 599, &act->number, err);

	while (rc == 0) {
		if (words_skip(w, "retry-after"))
			rc = read_line(w, "the text of Retry-After", &act->retry_after,
				       err);
		else if (words_skip(w, "code"))
			rc = words_next_text(w, "an error code", &act->name, err);
		else if (words_skip(w, "body"))
			rc = words_next_file(w, &act->body, err);
		else
			break;
	}
	return rc;
}

/* Whether an argument that may be missing is not there. */
static bool is_missing(const struct words *w)
{
	return w->at == w->n || strcmp(w->list[w->at], "and") == 0;
}

static int read_html(struct act *act, struct words *w, struct err *err)
{
	act->number = 200;
	return is_missing(w) ? 0 : words_next_number(w, 200, 599, &act->number, err);
}

static int read_bomb(struct act *act, struct words *w, struct err *err)
{
	act->number = BOMB_DEFAULT_MIB;
	return is_missing(w) ? 0
			     : words_next_number(w, 1, BOMB_MAX_MIB, &act->number, err);
}

static int read_code(struct words *w, char **out, struct err *err)
{
	int rc = words_next_text(w, "an error code as CMN-408", out, err);

	if (rc == 0 && error_find(*out, ERROR_API) == NULL) {
		w->at--;
		rc = words_expected(w, "an error code as CMN-408", err);
	}
	return rc;
}

static int read_error(struct act *act, struct words *w, struct err *err)
{
	int rc = read_code(w, &act->name, err);

	if (rc == 0 && words_skip(w, "retry-after"))
		rc = read_line(w, "the text of Retry-After", &act->retry_after, err);
	return rc;
}

static int read_redirect(struct act *act, struct words *w, struct err *err)
{
	return read_line(w, "an address", &act->value, err);
}

static int read_file(struct act *act, struct words *w, struct err *err)
{
	return words_next_file(w, &act->body, err);
}

static int read_text(struct act *act, struct words *w, struct err *err)
{
	return words_next_text(w, "a text", &act->value, err);
}

static int read_path(struct act *act, struct words *w, struct err *err)
{
	return words_next_text(w, "a path as paging.totalElements", &act->name, err);
}

static int read_set(struct act *act, struct words *w, struct err *err)
{
	int rc = read_path(act, w, err);

	return rc != 0 ? rc : words_next_text(w, "JSON", &act->value, err);
}

static int read_header(struct act *act, struct words *w, struct err *err)
{
	int rc = read_line(w, "the name of a header", &act->name, err);

	return rc != 0 ? rc : read_line(w, "its value or none", &act->value, err);
}

static int read_part(struct act *act, struct words *w, struct err *err)
{
	int rc = words_next_text(w, "an id", &act->name, err);

	return rc != 0 ? rc : read_code(w, &act->value, err);
}

/* ---- the kinds ---- */

const struct act_row act_rows[] = {
	{"status", "CODE [code ERRORCODE] [retry-after TEXT] [body FILE]",
	 "an error, without headers of the rate limit", read_status,
	 .instead = spoil_status},
	{"error", "ERRORCODE [retry-after TEXT]",
	 "the vendor's own answer with this code, as CMN-408", read_error,
	 .instead = spoil_error},
	{"limited", "", "429 and a penalty, as if the limit had been passed", NULL,
	 .instead = spoil_limited},
	{"redirect", "ADDRESS", "302 to there", read_redirect, .instead = spoil_redirect},
	{"html", "[STATUS]", "a page for people (200)", read_html, .instead = spoil_html},
	{"body", "FILE", "200 with this body", read_file, .instead = spoil_body},
	{"text", "TEXT", "200 with this body", read_text, .instead = spoil_text},
	{"garbage", "", "random bytes said to be gzip", NULL, .instead = spoil_garbage},
	{"total", "N", "claim that there are N of them", read_number, .lie = spoil_total},
	{"repeat", "", "the page begins with the last record of the page before", NULL,
	 .lie = spoil_repeat},
	{"skip", "", "the page lacks its first record", NULL, .lie = spoil_skip},
	{"empty", "", "the page has no records", NULL, .lie = spoil_empty},
	{"parts", "N", "a bulk answer ends after N parts", read_number,
	 .lie = spoil_parts},
	{"part", "ID ERRORCODE", "this error in the part of a bulk answer", read_part,
	 .lie = spoil_part},
	{"boundary", "", "multipart/mixed: another boundary in the middle", NULL,
	 .lie = spoil_boundary},
	{"unclosed", "", "multipart/mixed: without the last boundary", NULL,
	 .lie = spoil_unclosed},
	{"set", "PATH JSON", "a member of the body, as records.0.id or paging.page",
	 read_set, .change = spoil_set},
	{"unset", "PATH", "the body lacks this member", read_path, .change = spoil_unset},
	{"cut", "N", "good HTTP, but only N bytes of the JSON", read_number,
	 .change = spoil_cut},
	{"indent", "", "JSON in lines, for people", NULL, .change = spoil_indent},
	{"sorted", "", "JSON members in another order", NULL, .change = spoil_sorted},
	{"header", "NAME VALUE|none", "another header, or without it", read_header,
	 .change = spoil_header},
	{"delay", "DURATION", "answer so much later", read_delay, .send = misbehave_delay,
	 .bytes = misbehave_all},
	{"slow", "N", "N bytes a second", read_slow, .send = misbehave_slow,
	 .bytes = misbehave_all},
	{"truncate", "N", "N bytes of the body, then close", read_number,
	 .send = misbehave_truncate, .bytes = misbehave_some},
	{"close", "", "close the connection without an answer", NULL,
	 .send = misbehave_close, .bytes = misbehave_none},
	{"hang", "", "never answer", NULL, .send = misbehave_hang,
	 .bytes = misbehave_none},
	{"huge", "", "an answer that does not end", NULL, .instead = spoil_huge,
	 .send = misbehave_huge, .bytes = misbehave_endless},
	{"bomb", "[N]", "gzip of N MiB of blanks (4096)", read_bomb,
	 .instead = spoil_bomb, .send = misbehave_bomb, .bytes = misbehave_endless},
};
const size_t act_n_rows = COUNT(act_rows);

static const struct act_row *next_row(struct words *w)
{
	for (size_t i = 0; i < act_n_rows; i++)
		if (words_skip(w, act_rows[i].name))
			return &act_rows[i];
	return NULL;
}

/* ---- faults ---- */

static void act_clear(struct act *act)
{
	free(act->name);
	free(act->value);
	free(act->retry_after);
	server_body_drop(act->body);
	*act = (struct act){0};
}

void fault_clear(struct fault *f)
{
	for (size_t i = 0; i < f->n_acts; i++)
		act_clear(&f->acts[i]);
	*f = (struct fault){0};
}

static int read_act(struct fault *f, struct words *w, struct err *err)
{
	struct act *act = &f->acts[f->n_acts];

	if (f->n_acts == FAULT_MAX_ACTS)
		return err_set(err, ERR_FORMAT, "at most %d kinds of fault at once",
			       FAULT_MAX_ACTS);
	act->row = next_row(w);
	if (act->row == NULL)
		return words_expected(w, "a kind of fault", err);
	f->n_acts++;
	return act->row->read != NULL ? act->row->read(act, w, err) : 0;
}

int fault_read(struct fault *into, struct words *w, const struct account *of,
	       int64_t now_ms, struct err *err)
{
	int rc;

	*into = (struct fault){0};
	rc = choice_read(&into->choice, w, of, now_ms, err);
	do {
		if (rc == 0)
			rc = read_act(into, w, err);
	} while (rc == 0 && words_skip(w, "and"));
	if (rc != 0)
		fault_clear(into);
	return rc;
}

void fault_name(const struct fault *f, struct buf *out)
{
	for (size_t i = 0; i < f->n_acts; i++)
		buf_printf(out, "%s%s", i > 0 ? "+" : "", f->acts[i].row->name);
}

/* ---- the queue ---- */

void faults_take_add(struct faults *faults, struct fault *fault)
{
	struct fault *f = mem_alloc(sizeof *f);

	*f = *fault;
	*fault = (struct fault){0};
	faults->list =
		mem_grow(faults->list, faults->n, &faults->cap, sizeof(struct fault *));
	faults->list[faults->n++] = f;
}

static void destroy(struct fault *f)
{
	fault_clear(f);
	free(f);
}

void faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		destroy(faults->list[i]);
	free(faults->list);
	*faults = (struct faults){0};
}

static void forget_spent(struct faults *faults, int64_t now_ms)
{
	size_t n = 0;

	for (size_t i = 0; i < faults->n; i++)
		if (choice_is_over(&faults->list[i]->choice, now_ms))
			destroy(faults->list[i]);
		else
			faults->list[n++] = faults->list[i];
	faults->n = n;
}

const struct fault *faults_take(struct faults *faults, const struct asked *asked,
				struct dice *dice)
{
	struct fault *due = NULL;

	forget_spent(faults, asked->now_ms);
	for (size_t i = 0; i < faults->n; i++)
		if (choice_takes(&faults->list[i]->choice, asked, dice) && due == NULL)
			due = faults->list[i];
	if (due != NULL)
		choice_spend(&due->choice);
	return due;
}
