/* phonewatch status */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/cli.h"
#include "cli/unwatched.h"
#include "query/accounts.h"
#include "query/status.h"
#include "query/when.h"

enum { STATUS, WHY, NAME, EXT, SITE, MODEL, SINCE, FOR, ACCOUNT, N_COLUMNS };

static const struct out_column columns[N_COLUMNS + 1] = {
	[STATUS] = {"STATUS", 0, 0},
	[WHY] = {"WHY", 0, OUT_EXTRA},
	[NAME] = {"NAME", 0.25, SCOLS_FL_TRUNC},
	[EXT] = {"EXT", 0, OUT_EXTRA},
	[SITE] = {"SITE", 0.15, SCOLS_FL_TRUNC | OUT_EXTRA},
	[MODEL] = {"MODEL", 0.15, SCOLS_FL_TRUNC | OUT_SPARE},
	[SINCE] = {"SINCE", 0, OUT_SPARE},
	[FOR] = {"FOR", 0, SCOLS_FL_RIGHT},
	[ACCOUNT] = {"ACCOUNT", 0.1, SCOLS_FL_TRUNC | OUT_EXTRA},
};

#define AT_LEAST "\u2265"

/* A device as the table shows it: kept until all are there to be sorted. */
struct row {
	enum device_status status, last;
	enum status_why why;
	int64_t since_at_ms;    /* 0: nobody knows */
	bool at_least;          /* it was so when it was first seen */
	bool has_gaps;          /* nobody looked for a part of the time since then */
	char *cells[N_COLUMNS]; /* NAME, EXT, SITE, MODEL, ACCOUNT */
};

struct rows {
	struct row *rows;
	size_t n, cap;
};

static char *fact(const struct status *s, const char *name)
{
	return device_fact(s->device->facts, name);
}

/* a, or where it is empty b; both are its own. */
static char *first_filled(char *a, char *b)
{
	bool is_a = a[0] != '\0';

	free(is_a ? b : a);
	return is_a ? a : b;
}

static struct row *add_device(struct rows *all, const struct status *s)
{
	struct row *r;

	all->rows = mem_grow(all->rows, all->n, &all->cap, sizeof *all->rows);
	r = &all->rows[all->n++];
	*r = (struct row){.status = s->status,
			  .last = s->last,
			  .why = s->why,
			  .since_at_ms = s->since_at_ms,
			  .has_gaps = s->unobserved_ms > 0};
	r->cells[NAME] = status_device_name(s);
	r->cells[EXT] = fact(s, "extension_number");
	r->cells[SITE] = fact(s, "site");
	r->cells[MODEL] = first_filled(fact(s, "model"), fact(s, "type"));
	r->cells[ACCOUNT] = mem_strdup(s->account->name);
	return r;
}

static int rank(enum device_status status)
{
	return status == DEVICE_OFFLINE ? 0 : status == DEVICE_UNKNOWN ? 1 : 2;
}

/* What needs somebody first; then as people look for it. */
static int compare_rows(const void *a, const void *b)
{
	static const int by[] = {ACCOUNT, SITE, NAME, EXT};
	const struct row *x = a, *y = b;
	int order = rank(x->status) - rank(y->status);

	for (size_t i = 0; order == 0 && i < COUNT(by); i++)
		order = strcoll(x->cells[by[i]], y->cells[by[i]]);
	return order;
}

static void status_cells(struct out *o, const struct row *r)
{
	static const char *const whys[] = {"", "no status", "not listed", "unobserved"};
	static const enum out_colour colours[] = {OUT_DOUBTFUL, OUT_GOOD, OUT_BAD};

	out_cell(o, STATUS, colours[r->status], "%s", device_status_name(r->status));
	if (r->why != WHY_NONE && r->last == DEVICE_UNKNOWN)
		out_cell(o, WHY, OUT_DOUBTFUL, "%s", whys[r->why]);
	else if (r->why != WHY_NONE)
		out_cell(o, WHY, OUT_DOUBTFUL, "%s, was %s", whys[r->why],
			 device_status_name(r->last));
}

static void add_row(struct out *o, const struct row *r, int64_t now_at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	status_cells(o, r);
	for (size_t i = 0; i < N_COLUMNS; i++)
		if (r->cells[i] != NULL)
			out_cell(o, i, OUT_PLAIN, "%s", r->cells[i]);
	if (r->since_at_ms == 0)
		return;
	when_format_short(text, r->since_at_ms, now_at_ms);
	out_cell(o, SINCE, OUT_PLAIN, "%s", text);
	clock_format_duration(
		text, now_at_ms > r->since_at_ms ? now_at_ms - r->since_at_ms : 0);
	out_cell(o, FOR, OUT_PLAIN, "%s%s%s", r->at_least ? AT_LEAST " " : "",
		 r->has_gaps ? "~ " : "", text);
}

/* Columns that would say the same of every device are left out. */
static void choose_columns(struct out *o, const struct rows *all)
{
	bool why = false, account = false;

	for (size_t i = 0; i < all->n; i++) {
		why = why || all->rows[i].why != WHY_NONE;
		account = account || strcmp(all->rows[i].cells[ACCOUNT],
					    all->rows[0].cells[ACCOUNT]) != 0;
	}
	if (!why)
		out_hide(o, WHY);
	if (!account)
		out_hide(o, ACCOUNT);
}

/* What was asked, and what else must be said of it. */
struct asking {
	struct out out;
	struct rows rows;
	struct cli *cli;
	struct store_conn *c;
	int rc;                                /* of what was asked beside the walk */
	bool offline;                          /* only those are shown */
	size_t n_unknown;                      /* of those that are not shown */
	size_t n_blank;                        /* of whom nothing is known of that time */
	const struct store_account *unwatched; /* one of them; NULL: none */
	size_t n_unwatched;
};

static void add_count(struct asking *q)
{
	struct out *o = &q->out;
	const struct rows *all = &q->rows;
	const char *plural = all->n == 1 ? "" : "s";
	size_t n[3] = {0};

	for (size_t i = 0; i < all->n; i++)
		n[all->rows[i].status]++;
	if (q->offline) {
		out_words(o, OUT_PLAIN, "%zu device%s offline", all->n, plural);
		n[DEVICE_UNKNOWN] = q->n_unknown;
	} else {
		out_words(o, OUT_PLAIN, "%zu device%s: ", all->n, plural);
		out_words(o, n[DEVICE_OFFLINE] > 0 ? OUT_BAD : OUT_PLAIN, "%zu offline",
			  n[DEVICE_OFFLINE]);
	}
	if (!q->offline || q->n_unknown > 0) {
		out_words(o, OUT_PLAIN, ", ");
		out_words(o, n[DEVICE_UNKNOWN] > 0 ? OUT_DOUBTFUL : OUT_PLAIN,
			  "%zu unknown", n[DEVICE_UNKNOWN]);
	}
	if (!q->offline)
		out_words(o, OUT_PLAIN, ", %zu online", n[DEVICE_ONLINE]);
	out_newline(o);
}

/* What the marks before a duration mean; and of whom there is none, as nothing is known. */
static void add_legend(struct out *o, const struct rows *all)
{
	size_t n_at_least = 0, n_with_gaps = 0;

	for (size_t i = 0; i < all->n; i++) {
		n_at_least += all->rows[i].at_least;
		n_with_gaps += all->rows[i].has_gaps;
	}
	if (n_at_least > 0)
		out_paragraph(o, OUT_FAINT,
			      AT_LEAST " It was so when it was first seen.");
	if (n_with_gaps > 0)
		out_paragraph(
			o, OUT_FAINT,
			"~ Each look since then has shown it so, but for a part of that"
			" time nobody looked: phonewatch history tells when.");
}

/* What nobody watches is old. Of many accounts the command for accounts tells. */
static char *unwatched_note(const struct asking *q)
{
	bool has_daemon = store_reader_has_daemon(q->c);
	char *why, *note;

	if (q->n_unwatched == 0)
		return NULL;
	if (q->n_unwatched > 1)
		return mem_printf(
			"%zu accounts are not watched%s; see phonewatch accounts",
			q->n_unwatched, has_daemon ? "" : ": phonewatchd does not run");
	why = unwatched_why(q->unwatched, has_daemon, q->cli->now_at_ms);
	note = mem_printf("%s: %s", q->unwatched->name, why);
	free(why);
	return note;
}

/* Of another time. */
static char *blank_note(const struct asking *q)
{
	if (q->n_blank == 0)
		return NULL;
	return mem_printf(
		"of %zu device%s nothing is known of that time: nobody had looked"
		" yet, or it is forgotten",
		q->n_blank, q->n_blank == 1 ? "" : "s");
}

static void tell_table(struct asking *q, int64_t now_at_ms)
{
	struct rows *all = &q->rows;

	if (all->n > 1)
		qsort(all->rows, all->n, sizeof *all->rows, compare_rows);
	choose_columns(&q->out, all);
	for (size_t i = 0; i < all->n; i++)
		add_row(&q->out, &all->rows[i], now_at_ms);
	add_count(q);
	add_legend(&q->out, all);
}

static void clear_rows(struct rows *all)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < COUNT(all->rows[i].cells); k++)
			free(all->rows[i].cells[k]);
	free(all->rows);
}

/* Whoever is not seen any more has not been so since a time that is known. */
static void find_since(struct asking *q, const struct status *s, struct row *r)
{
	bool was_reached = true;

	if (q->rc == 0 && s->why <= WHY_NO_STATUS)
		q->rc = store_span_was_reached(q->c, s->device->device_id, s->since_at_ms,
					       &was_reached, &q->cli->err);
	r->at_least = !was_reached;
}

static void on_device(const struct status *s, void *arg)
{
	struct asking *q = arg;
	char *text;

	q->n_blank += s->since_at_ms == 0;
	if (q->offline && s->status != DEVICE_OFFLINE) {
		q->n_unknown++;
	} else if (q->out.format == OUT_TABLE) {
		find_since(q, s, add_device(&q->rows, s));
	} else {
		text = status_text(s);
		out_object_text(&q->out, text);
		free(text);
	}
}

/* For those who read no table: an empty list is no good news where nobody looks. */
static void warn(const struct asking *q, const char *note, int64_t at_ms)
{
	if (note != NULL)
		cli_warn("%s", note);
	if (q->offline && q->n_unknown > 0 && (note != NULL || at_ms != 0))
		cli_warn("%zu device%s unknown and not in the list", q->n_unknown,
			 q->n_unknown == 1 ? " is" : "s are");
}

static void tell_rest(struct asking *q, int64_t at_ms)
{
	char *note = at_ms == 0 ? unwatched_note(q) : blank_note(q);

	if (q->out.format != OUT_TABLE) {
		warn(q, note, at_ms);
	} else {
		tell_table(q, at_ms != 0 ? at_ms : q->cli->now_at_ms);
		if (note != NULL) {
			out_paragraph(&q->out, OUT_DOUBTFUL, "%s", note);
		}
	}
	free(note);
}

static int tell(struct asking *q, int64_t at_ms)
{
	struct cli *cli = q->cli;
	struct status_walk walk = {.at_ms = at_ms,
				   .without_facts = true,
				   .which = q->offline ? STATUS_NOT_ONLINE : STATUS_ALL,
				   .matches = cli->matches,
				   .n_matches = cli->n_matches};
	int more, status = CLI_OK;

	do {
		more = status_next(&walk, q->c, cli->now_at_ms, on_device, q, &cli->err);
		if (more < 0 || q->rc != 0)
			status = cli_fail_database(cli);
		else if (out_flush(&q->out, &cli->err) != 0)
			status = cli_fail_output(cli);
	} while (more > 0 && status == CLI_OK);
	if (status == CLI_OK) {
		q->n_unwatched = status_unwatched(&walk, cli->now_at_ms, &q->unwatched);
		tell_rest(q, at_ms);
	}
	status_walk_clear(&walk);
	if (status == CLI_OK && out_end(&q->out, &cli->err) != 0)
		status = cli_fail_output(cli);
	return status;
}

int cmd_status(struct cli *cli)
{
	struct asking q = {.cli = cli, .offline = cli->offline};
	int64_t at_ms = 0;
	int status;

	if (cli->nagios)
		return cmd_nagios(cli);
	if (cli->critical != NULL)
		return cli_usage("status: --critical goes with --nagios");
	if (cli->at != NULL && cli_past_time(cli, "--at", cli->at, &at_ms) != CLI_OK)
		return CLI_USAGE;
	q.c = cli_open(cli);
	if (q.c == NULL)
		return CLI_DATABASE;
	out_init(&q.out, cli->format, columns, cli->command->fields);
	status = tell(&q, at_ms);
	out_clear(&q.out);
	clear_rows(&q.rows);
	store_close_reader(q.c);
	return status;
}
