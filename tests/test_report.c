/* The past as the queries tell it, held against a model that knows nothing of spans, gaps and sums of
 * days: it keeps every answer of the vendor and asks, tick by tick, what somebody who had read all of
 * them would say; but that of when it last looked it knows no more than is written down. The daemon's
 * own jobs write the database. A tick is a tenth of a second; in every
 * other history it, and everything else, is so much longer that days pass. */
#include "query/report.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "lib/account.h"
#include "query/between.h"
#include "query/past.h"
#include "query/status.h"

#define N_DEVICES 5 /* so few that their absence is believed at once */
#define ON_PAGE_1 3
#define N_SWEEPS  36
#define SLOW \
	170 /* nearly three hours from sweep to sweep, and less than three minutes from page to page */
#define TICK_MS   (100 * (a.slow != 0 ? a.slow : 1))
#define N_TICKS   ((N_SWEEPS + 10) * ACCOUNT_SWEEP_MS / 100)
#define GAP_MS    (3 * ACCOUNT_SWEEP_MS * (a.slow != 0 ? a.slow : 1))
#define HISTORIES 40

static struct account a;
static struct store_conn *reader;
static struct err err;

static void open_account(void)
{
	account_open_here(&a, NULL);
	ck_assert_msg(store_open_reader(a.path, &reader, &err) == 0, "%s", err.text);
}

static void close_account(void)
{
	store_close_reader(reader);
	account_close(&a);
}

/* ---- chance ---- */

static int history;
static uint32_t seed;

static uint32_t chance(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* ---- the model ---- */

enum said { SAID_UNKNOWN, SAID_ONLINE, SAID_OFFLINE, UNREADABLE, MISSING };

/* What it says of one moment. */
struct moment {
	bool there;
	enum device_status status;
	enum status_why why;
	bool doubt;  /* another status may have come already */
	bool before; /* nobody had looked at it yet: that counts as nothing */
};

struct model {
	struct moment moments[N_TICKS];
	bool listed;         /* by the last that we have read */
	bool read;           /* its record was, since it is listed */
	enum said last;      /* that was read, or SAID_UNKNOWN where none was */
	int64_t sent_ms;     /* of the request that showed it last */
	int64_t first_ms;    /* what is known of it begins then; 0: nothing is */
	int64_t looked_ms;   /* that it was shown then is written down */
	int64_t since_ms;    /* the status is known since then */
	int64_t unseen_ms;   /* it is not seen as it is from then on */
	int64_t told_ms;     /* up to here the moments are filled in */
	bool lapsed, missed; /* it was not seen; the last whole list lacked it */
	int n_missed;
};

static struct model models[N_DEVICES];
static bool dark[N_TICKS]; /* no page came for too long */
static int64_t last_page_ms;
static int64_t
	swept_ms; /* a list that was asked for then had both pages: who is first seen later must
			  * have been read, and was not there before; 0: none had */

static int64_t tick_of(int64_t at_ms)
{
	return (at_ms - ACCOUNT_T0) / TICK_MS;
}

static void fill(struct model *m, int64_t from_ms, int64_t to_ms, enum status_why why)
{
	for (int64_t t = tick_of(from_ms); t < tick_of(to_ms) && t < N_TICKS; t++) {
		struct moment *x = &m->moments[t];

		x->there = true;
		x->status =
			why != WHY_NONE ? DEVICE_UNKNOWN : (enum device_status)m->last;
		x->why = why != WHY_NONE           ? why
			 : m->last == SAID_UNKNOWN ? WHY_NO_STATUS
						   : WHY_NONE;
	}
}

/* It was what it last was until now; not what it was in between, where that is not known. */
static void tell_until(struct model *m, int64_t at_ms)
{
	if (m->listed)
		fill(m, m->told_ms, at_ms, WHY_NONE);
	m->told_ms = at_ms;
}

static bool end_absence(struct model *m, int64_t at_ms)
{
	if (m->missed)
		fill(m, m->unseen_ms, at_ms, WHY_NOT_LISTED);
	else if (m->lapsed && (!m->read || at_ms - m->sent_ms > GAP_MS))
		fill(m, m->unseen_ms, at_ms, WHY_UNOBSERVED);
	else
		return false;
	return true;
}

/* That a status came at at_ms: from the request on that showed the one before, it may have; and
 * where nobody looked in between, nobody knows from then on. */
static void change(struct model *m, int64_t at_ms)
{
	enum status_why held = WHY_NONE;
	int64_t from_ms = m->sent_ms < ACCOUNT_T0 ? ACCOUNT_T0 : m->sent_ms;

	for (int64_t t = tick_of(m->since_ms); t < tick_of(at_ms); t++) {
		struct moment *x = &m->moments[t];
		enum status_why gap = dark[t]                  ? WHY_UNOBSERVED
				      : x->why > WHY_NO_STATUS ? x->why
							       : WHY_NONE;

		if (t < tick_of(from_ms))
			continue;
		x->doubt = true;
		if (gap != WHY_NONE)
			held = gap;
		else if (held != WHY_NONE) {
			x->status = DEVICE_UNKNOWN;
			x->why = held;
		}
	}
}

static void see(struct model *m, enum said said, int64_t sent_ms, int64_t arrived_ms)
{
	bool was_away = false;
	bool is_written = !m->listed || m->last != said || m->lapsed || m->missed;

	tell_until(m, arrived_ms);
	if (m->listed) {
		was_away = end_absence(m, arrived_ms);
		if (m->last != said)
			change(m, arrived_ms);
	}
	if (!m->listed || m->last != said)
		m->since_ms = arrived_ms;
	if (m->first_ms == 0)
		m->first_ms = swept_ms != 0 ? swept_ms : arrived_ms;
	m->listed = m->read = true;
	m->last = said;
	m->sent_ms = sent_ms;
	if (is_written)
		m->looked_ms = sent_ms;
	m->unseen_ms = was_away                ? arrived_ms
		       : sent_ms > m->since_ms ? sent_ms
					       : m->since_ms;
	m->lapsed = m->missed = false;
	m->n_missed = 0;
}

static void see_unreadable(struct model *m, int64_t arrived_ms)
{
	if (!m->listed && swept_ms != 0)
		return;
	tell_until(m, arrived_ms);
	if (!m->listed) {
		m->listed = true;
		m->read = false;
		m->last = SAID_UNKNOWN;
		m->sent_ms = 0;
		if (m->first_ms == 0)
			m->first_ms = arrived_ms;
		m->since_ms = m->unseen_ms = arrived_ms;
	} else if (m->missed) {
		end_absence(m, arrived_ms);
		m->unseen_ms = arrived_ms;
	}
	m->looked_ms = m->sent_ms;
	m->lapsed = true;
	m->missed = false;
	m->n_missed = 0;
}

/* The end of a sweep that did not show it. */
static void miss(struct model *m, bool proves_absence, int64_t ended_ms)
{
	if (!m->listed)
		return;
	if (!proves_absence) {
		m->lapsed |= ended_ms - m->sent_ms > GAP_MS;
		if (m->lapsed)
			m->looked_ms = m->sent_ms;
		return;
	}
	m->looked_ms = m->sent_ms;
	m->lapsed = m->missed = true;
	if (++m->n_missed < 2)
		return;
	tell_until(m, ended_ms);
	end_absence(m, ended_ms);
	m->listed = false;
	m->lapsed = m->missed = false;
	m->n_missed = 0;
}

/* What it was when it was last shown, it need not be any more. */
static void doubt(struct model *m, int64_t now_ms)
{
	int64_t from_ms = m->looked_ms > m->since_ms ? m->looked_ms : m->since_ms;

	for (int64_t t = tick_of(from_ms); m->listed && t < tick_of(now_ms); t++)
		m->moments[t].doubt = true;
}

static void tell_before(struct model *m)
{
	for (int64_t t = 0; t < tick_of(m->first_ms); t++)
		m->moments[t] = (struct moment){
			.there = true, .why = WHY_UNOBSERVED, .before = true};
}

static void note_page(int64_t arrived_ms)
{
	if (last_page_ms != 0 && arrived_ms - last_page_ms > GAP_MS)
		for (int64_t t = tick_of(last_page_ms); t < tick_of(arrived_ms); t++)
			dark[t] = true;
	last_page_ms = arrived_ms;
}

/* What lasts until now, and darkness over all. */
static void finish(int64_t now_ms)
{
	if (now_ms - last_page_ms > GAP_MS)
		for (int64_t t = tick_of(last_page_ms); t < N_TICKS; t++)
			dark[t] = true;
	for (int i = 0; i < N_DEVICES; i++) {
		struct model *m = &models[i];

		tell_until(m, now_ms);
		if (m->listed)
			end_absence(m, now_ms);
		doubt(m, now_ms);
		if (m->first_ms != 0)
			tell_before(m);
		for (int64_t t = 0; t < N_TICKS; t++) {
			if (dark[t] && m->moments[t].there) {
				m->moments[t].status = DEVICE_UNKNOWN;
				m->moments[t].why = WHY_UNOBSERVED;
			}
		}
	}
}

/* ---- a history: the same told to both ---- */

static enum said vendor[N_DEVICES]; /* as the vendor has them now */

static void live(int i)
{
	static const enum said to[] = {SAID_ONLINE,  SAID_ONLINE,  SAID_OFFLINE,
				       SAID_OFFLINE, SAID_UNKNOWN, UNREADABLE,
				       MISSING};

	if (chance(4) == 0)
		vendor[i] = to[chance(COUNT(to))];
}

static char *records(int first, int last, int *n_listed)
{
	static const char *const tails[] = {"", ",'status':'Online'",
					    ",'status':'Offline'", ",'n':'\\ud800'"};
	struct buf b;

	buf_init(&b, 10000);
	for (int i = first; i < last; i++) {
		if (vendor[i] == MISSING)
			continue;
		buf_printf(&b, "%s{'id':'%d'%s}", b.len > 0 ? "," : "", i + 1,
			   tails[vendor[i]]);
		(*n_listed)++;
	}
	return b.data != NULL ? b.data : mem_zalloc(1);
}

static void tell_page(int first, int last, int page, const char *text, int n_listed)
{
	ck_assert_int_eq(account_records_page(&a, text, page, 2, n_listed), 0);
	note_page(account_arrived_ms(&a, page));
	for (int i = first; i < last; i++) {
		if (vendor[i] == UNREADABLE)
			see_unreadable(&models[i], account_arrived_ms(&a, page));
		else if (vendor[i] != MISSING)
			see(&models[i], vendor[i], account_sent_ms(&a, page),
			    account_arrived_ms(&a, page));
	}
}

static bool one_is(enum said said)
{
	for (int i = 0; i < N_DEVICES; i++)
		if (vendor[i] == said)
			return true;
	return false;
}

/* The end of a sweep whose beginning is written down as the time when all that it lists was shown. */
static void keep(int64_t sent_ms)
{
	for (int i = 0; i < N_DEVICES; i++)
		if (vendor[i] != MISSING && models[i].looked_ms < sent_ms)
			models[i].looked_ms = sent_ms;
}

/* Both pages, or the first and no other. */
static void sweep(bool partial)
{
	bool proves_absence = !partial && !one_is(UNREADABLE);
	int n_listed = 0, shown = partial ? ON_PAGE_1 : N_DEVICES;
	char *first = records(0, ON_PAGE_1, &n_listed);
	char *second = records(ON_PAGE_1, N_DEVICES, &n_listed);

	tell_page(0, ON_PAGE_1, 1, first, n_listed);
	if (partial) {
		ck_assert_int_eq(account_sweep_partial(&a, 1), 0);
	} else {
		tell_page(ON_PAGE_1, N_DEVICES, 2, second, n_listed);
		ck_assert_int_eq(account_sweep(&a, 2), 0);
	}
	for (int i = 0; i < N_DEVICES; i++)
		if (vendor[i] == MISSING || i >= shown)
			miss(&models[i], proves_absence,
			     account_arrived_ms(&a, partial ? 1 : 2));
	if (proves_absence)
		keep(account_sent_ms(&a, 1));
	if (swept_ms == 0 && !partial)
		swept_ms = account_sent_ms(&a, 1);
	free(first);
	free(second);
}

/* Ends some time after the last sweep: returns when. */
static int64_t make_history(void)
{
	int64_t now_ms;

	while (a.n_sweeps < N_SWEEPS) {
		for (int i = 0; i < N_DEVICES; i++)
			live(i);
		if (chance(12) == 0)
			a.n_sweeps += chance(7); /* nothing comes */
		sweep(chance(4) == 0);
		if (a.slow != 0 && chance(3) == 0)
			account_sum_up_days(&a, account_arrived_ms(&a, 2));
	}
	now_ms = account_arrived_ms(&a, 2) + chance(3000) * TICK_MS + TICK_MS;
	finish(now_ms);
	return now_ms;
}

/* ---- what is asked of both ---- */

static int64_t at_random(int64_t now_ms)
{
	return ACCOUNT_T0 + chance((uint32_t)tick_of(now_ms)) * TICK_MS;
}

static bool seen[N_DEVICES];

static void on_status(const struct status *s, void *arg)
{
	int64_t at_ms = *(int64_t *)arg;
	int i = atoi(s->device->id) - 1;
	const struct moment *m = &models[i].moments[tick_of(at_ms)];

	seen[i] = true;
	ck_assert_msg(m->there && s->status == m->status && s->why == m->why,
		      "history %d, device %d at %.1f: %s %s instead of %s %s%s", history,
		      i + 1, (double)(at_ms - ACCOUNT_T0) / 1000,
		      device_status_name(s->status), status_why_name(s->why),
		      device_status_name(m->status), status_why_name(m->why),
		      m->there ? "" : " (not there)");
}

static void check_moment(int64_t at_ms, int64_t now_ms)
{
	struct status_walk walk = {.at_ms = at_ms};
	int rc;

	memset(seen, 0, sizeof seen);
	while ((rc = status_next(&walk, reader, now_ms, on_status, &at_ms, &err)) == 1)
		;
	ck_assert_msg(rc == 0, "%s", err.text);
	status_walk_clear(&walk);
	for (int i = 0; i < N_DEVICES; i++)
		ck_assert_msg(seen[i] == models[i].moments[tick_of(at_ms)].there,
			      "history %d, device %d at %.1f: there or not", history,
			      i + 1, (double)(at_ms - ACCOUNT_T0) / 1000);
}

/* The counting rule, word by word. */
static struct tally count(const struct model *m, int64_t since_ms, int64_t until_ms)
{
	struct tally t = {0};
	int64_t length_ms = 0;
	bool out = false;

	for (int64_t k = tick_of(since_ms); k < tick_of(until_ms); k++) {
		const struct moment *x = &m->moments[k];

		if (!x->there || x->before) {
			out = false;
			continue;
		}
		t.devices = 1;
		if (x->status == DEVICE_ONLINE) {
			t.online_ms += TICK_MS;
			t.sure_ms += x->doubt ? 0 : TICK_MS;
			out = false;
		} else if (x->status == DEVICE_OFFLINE) {
			t.offline_ms += TICK_MS;
			t.outages += !out;
			length_ms = out ? length_ms + TICK_MS : TICK_MS;
			out = true;
			if (length_ms > t.longest_ms)
				t.longest_ms = length_ms;
		} else {
			t.unknown_ms += TICK_MS;
			t.gap_ms += x->why == WHY_NO_STATUS ? 0 : TICK_MS;
		}
		if (x->status != DEVICE_OFFLINE || x->doubt)
			t.possible_ms += TICK_MS;
	}
	return t;
}

static void check_tally(const struct tally *t, const struct tally *expected,
			const char *what)
{
	char text[2][300];
	const struct tally *both[] = {t, expected};

	for (int i = 0; i < 2; i++)
		snprintf(text[i], sizeof text[i],
			 "%lld devices, online %lld (%lld to %lld), offline %lld, unknown"
			 " %lld (%lld), %lld outages, longest %lld",
			 (long long)both[i]->devices, (long long)both[i]->online_ms,
			 (long long)both[i]->sure_ms, (long long)both[i]->possible_ms,
			 (long long)both[i]->offline_ms, (long long)both[i]->unknown_ms,
			 (long long)both[i]->gap_ms, (long long)both[i]->outages,
			 (long long)both[i]->longest_ms);
	ck_assert_msg(strcmp(text[0], text[1]) == 0,
		      "history %d, %s:\n%s\ninstead of\n%s", history, what, text[0],
		      text[1]);
}

static void check_report(int64_t since_ms, int64_t until_ms, int64_t now_ms)
{
	struct report r = {
		.by = REPORT_BY_DEVICE, .since_ms = since_ms, .until_ms = until_ms};
	struct tally all = {0}, expected;
	size_t line = 0;
	char what[100];

	ck_assert_msg(report_run(&r, reader, now_ms, &err) == 0, "%s", err.text);
	for (int i = 0; i < N_DEVICES; i++) {
		expected = count(&models[i], since_ms, until_ms);
		tally_merge(&all, &expected);
		if (expected.devices == 0)
			continue;
		snprintf(what, sizeof what, "device %d from %.1f to %.1f", i + 1,
			 (double)(since_ms - ACCOUNT_T0) / 1000,
			 (double)(until_ms - ACCOUNT_T0) / 1000);
		ck_assert_msg(line < r.n_lines, "%s: no line", what);
		ck_assert_int_eq(atoi(r.lines[line].key), i + 1);
		check_tally(&r.lines[line++].tally, &expected, what);
	}
	ck_assert_uint_eq(r.n_lines, line);
	check_tally(&r.all, &all, "all");
	report_clear(&r);
}

static void on_differing(const struct between_device *b, void *arg)
{
	const int64_t *at_ms = arg;
	int i = atoi(b->device->id) - 1;
	const struct between_state *states[] = {&b->before, &b->after};

	seen[i] = true;
	for (int k = 0; k < 2; k++) {
		const struct moment *m = &models[i].moments[tick_of(at_ms[k])];

		ck_assert_int_eq(states[k]->there, m->there);
		ck_assert(!m->there ||
			  (states[k]->status == m->status && states[k]->why == m->why));
	}
}

static void check_between(int64_t first_ms, int64_t second_ms, int64_t now_ms)
{
	int64_t at_ms[] = {first_ms, second_ms};
	struct between b = {.first_ms = first_ms,
			    .second_ms = second_ms,
			    .each = on_differing,
			    .arg = at_ms};

	memset(seen, 0, sizeof seen);
	ck_assert_msg(between_run(&b, reader, now_ms, &err) == 0, "%s", err.text);
	for (int i = 0; i < N_DEVICES; i++) {
		const struct moment *x = &models[i].moments[tick_of(first_ms)];
		const struct moment *y = &models[i].moments[tick_of(second_ms)];

		ck_assert_int_eq(seen[i], x->there != y->there ||
						  (x->there && (x->status != y->status ||
								x->why != y->why)));
	}
}

struct line {
	int i;
	int64_t reached_ms, now_ms;
};

/* Piece by piece it is what it is moment by moment, without a hole. */
static void on_piece(const struct past_piece *p, void *arg)
{
	struct line *line = arg;
	int64_t to_ms = p->to_ms == PAST_OPEN ? line->now_ms : p->to_ms;
	int64_t from_ms = p->from_ms == PAST_BEGIN ? ACCOUNT_T0 : p->from_ms;

	ck_assert(line->reached_ms == 0 ? p->from_ms == PAST_BEGIN
					: p->from_ms == line->reached_ms);
	ck_assert_int_le(p->from_not_before_ms, p->from_ms);
	ck_assert_int_gt(to_ms, p->from_ms);
	for (int64_t t = tick_of(from_ms); t < tick_of(to_ms); t++) {
		const struct moment *m = &models[line->i].moments[t];

		ck_assert_msg(
			m->there == !p->gone &&
				(p->gone || (m->status == p->status && m->why == p->why)),
			"history %d, device %d at %.1f: in a piece of %s %s from %.1f on,"
			" instead of %s %s",
			history, line->i + 1, (double)t / 10,
			device_status_name(p->status), status_why_name(p->why),
			(double)(p->from_ms - ACCOUNT_T0) / 1000,
			device_status_name(m->status), status_why_name(m->why));
	}
	line->reached_ms = to_ms;
}

static int64_t now_of_pieces;
static struct store_gaps account_gaps;

static void on_device(const struct store_device *d, void *arg)
{
	struct line line = {atoi(d->id) - 1, 0, now_of_pieces};
	struct past past = {0};

	ck_assert_int_eq(past_load(&past, reader, arg, &account_gaps, d, INT64_MIN,
				   now_of_pieces, now_of_pieces, &err),
			 0);
	past_pieces(&past, now_of_pieces, on_piece, &line);
	ck_assert_int_eq(line.reached_ms, now_of_pieces);
	past_clear(&past);
}

static void check_pieces(int64_t now_ms)
{
	struct store_account *accounts;
	size_t n;

	now_of_pieces = now_ms;
	ck_assert_int_eq(store_accounts(reader, &accounts, &n, &err), 0);
	ck_assert_int_eq(past_load_account(reader, accounts, now_ms, &account_gaps, &err),
			 0);
	ck_assert_int_eq(store_devices_ever_after(reader, accounts->account_id, "", 100,
						  on_device, accounts, &err),
			 0);
	store_account_clear(accounts);
	free(accounts);
	free(account_gaps.all);
}

static void check_reports(int64_t now_ms)
{
	check_report(ACCOUNT_T0, now_ms, now_ms);
	for (int n = 0; n < 60; n++) {
		int64_t x = at_random(now_ms), y = at_random(now_ms);

		if (x != y)
			check_report(x < y ? x : y, x < y ? y : x, now_ms);
	}
}

START_TEST(random_histories_are_told_as_somebody_would_who_read_every_answer)
{
	int64_t now_ms;

	history = _i;
	seed = (uint32_t)_i * 2654435761u + 7;
	a.slow = _i % 2 == 1 ? SLOW : 0;
	now_ms = make_history();
	for (int n = 0; n < 200; n++)
		check_moment(at_random(now_ms), now_ms);
	check_pieces(now_ms);
	check_reports(now_ms);
	for (int n = 0; n < 60; n++) {
		int64_t x = at_random(now_ms), y = at_random(now_ms);

		if (x != y)
			check_between(x < y ? x : y, x < y ? y : x, now_ms);
	}
	if (a.slow == 0)
		return;
	/* So it was with the sums that were made on the way; with all there can be, and without. */
	account_sum_up_days(&a, now_ms);
	ck_assert_int_gt(account_ask(&a, "SELECT sum(n_days) FROM days"), 5);
	check_reports(now_ms);
	free(account_ask_text(&a, "DELETE FROM days"));
	check_reports(now_ms);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{random_histories_are_told_as_somebody_would_who_read_every_answer,
		 HISTORIES},
	};

	return suite_run("report", tests, COUNT(tests), open_account, close_account);
}
