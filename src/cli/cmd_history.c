/* phonewatch history */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "query/lookup.h"
#include "query/past.h"
#include "query/when.h"

#define HALF_SEASON_MS (45 * INT64_C(24) * 3600 * 1000) /* of a zone's two */
#define BAR_CELLS      80 /* fewer where the terminal has no room for them */

enum { STATUS, WHY, FROM, TO, FOR, N_COLUMNS };

static const struct out_column columns[N_COLUMNS + 1] = {
	[STATUS] = {"STATUS", 0, 0},
	[WHY] = {"WHY", 0, OUT_EXTRA},
	[FROM] = {"FROM", 0, 0},
	[TO] = {"TO", 0, OUT_EXTRA},
	[FOR] = {"FOR", 0, SCOLS_FL_RIGHT | OUT_EXTRA}};

struct history {
	struct cli *cli;
	struct store_conn *c;
	struct out out;
	int64_t since_ms, until_ms;
	int rc;
	/* The device at hand. */
	const struct store_account *account;
	const struct store_device *device;
	struct past_piece *pieces; /* those of the range */
	size_t n, cap;
	bool zoned; /* the zone's offset changes meanwhile: 02:30 may come twice */
};

/* ---- the bar ---- */

/* What a cell shows: the worst that was in its time. */
enum glyph { GLYPH_NOTHING, GLYPH_ONLINE, GLYPH_UNKNOWN, GLYPH_OFFLINE };

static const struct {
	const char *text;
	enum out_colour colour;
} glyphs[] = {
	[GLYPH_NOTHING] = {" ", OUT_PLAIN},
	[GLYPH_ONLINE] = {"─", OUT_GOOD},
	[GLYPH_UNKNOWN] = {"?", OUT_DOUBTFUL},
	[GLYPH_OFFLINE] = {"█", OUT_BAD},
};

static enum glyph glyph_of(const struct past_piece *p)
{
	switch (p->status) {
	case DEVICE_ONLINE:
		return GLYPH_ONLINE;
	case DEVICE_OFFLINE:
		return GLYPH_OFFLINE;
	default:
		return GLYPH_UNKNOWN;
	}
}

static enum glyph cell(const struct history *h, int64_t from_ms, int64_t to_ms)
{
	enum glyph worst = GLYPH_NOTHING;

	for (size_t i = 0; i < h->n; i++) {
		const struct past_piece *p = &h->pieces[i];

		if (p->from_ms < to_ms && p->to_ms > from_ms && glyph_of(p) > worst)
			worst = glyph_of(p);
	}
	return worst;
}

static void add_scale(struct history *h, int cells)
{
	char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];

	when_format(from, h->since_ms);
	when_format(to, h->until_ms);
	out_words(&h->out, OUT_FAINT, "%-*s %s", cells - (int)strlen(to) - 1, from, to);
	out_newline(&h->out);
}

static void add_bar(struct history *h, int cells)
{
	int64_t range_ms = h->until_ms - h->since_ms;

	for (int i = 0; i < cells; i++) {
		int64_t from_ms = h->since_ms + range_ms * i / cells;
		int64_t to_ms = h->since_ms + range_ms * (i + 1) / cells;
		enum glyph g = cell(h, from_ms, to_ms > from_ms ? to_ms : from_ms + 1);

		out_words(&h->out, glyphs[g].colour, "%s", glyphs[g].text);
	}
	out_newline(&h->out);
}

/* ---- the table ---- */

static void time_cell(struct history *h, size_t column, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	if (h->zoned)
		when_format_zoned(text, at_ms);
	else
		when_format(text, at_ms);
	out_cell(&h->out, column, OUT_PLAIN, "%s", text);
}

static void add_row(struct history *h, const struct past_piece *p)
{
	static const char *const whys[] = {"", "no status", "not listed", "unobserved"};
	static const enum out_colour colours[] = {OUT_DOUBTFUL, OUT_GOOD, OUT_BAD};
	bool lasts = p->to_ms == PAST_OPEN;
	char text[CLOCK_TEXT_BYTES];
	struct out *o = &h->out;

	out_row(o);
	out_cell(o, STATUS, colours[p->status], "%s", device_status_name(p->status));
	if (p->why != WHY_NONE)
		out_cell(o, WHY, OUT_DOUBTFUL, "%s", whys[p->why]);
	if (lasts)
		out_cell(o, TO, OUT_PLAIN, "now");
	else
		time_cell(h, TO, p->to_ms);
	if (p->from_ms == PAST_BEGIN) {
		out_cell(o, FROM, OUT_FAINT, "earlier");
		return;
	}
	time_cell(h, FROM, p->from_ms);
	clock_format_duration(text, (lasts ? h->cli->now_at_ms : p->to_ms) - p->from_ms);
	out_cell(o, FOR, OUT_PLAIN, "%s", text);
}

static const char *name_of(const json_t *facts, const char *id)
{
	const char *name = json_string_value(json_object_get(facts, "name"));

	return name != NULL && name[0] != '\0' ? name : id;
}

static void add_head(struct history *h)
{
	json_t *facts = json_loads(h->device->facts, 0, NULL);
	const char *name = name_of(facts, h->device->id);

	out_paragraph(&h->out, OUT_PLAIN, "%s (%s, %s)", name, h->device->id,
		      h->account->name);
	json_decref(facts);
}

/* From the first of the times that are told to the last. */
static bool is_zoned(const struct history *h)
{
	int64_t first_ms = h->since_ms, last_ms = h->until_ms;

	for (size_t i = 0; i < h->n; i++) {
		const struct past_piece *p = &h->pieces[i];

		if (p->from_ms != PAST_BEGIN && p->from_ms < first_ms)
			first_ms = p->from_ms;
		if (p->to_ms != PAST_OPEN && p->to_ms > last_ms)
			last_ms = p->to_ms;
	}
	for (int64_t at_ms = first_ms; at_ms < last_ms; at_ms += HALF_SEASON_MS)
		if (!when_is_one_offset(first_ms, at_ms))
			return true;
	return !when_is_one_offset(first_ms, last_ms);
}

static void tell_table(struct history *h)
{
	size_t room = out_room();
	int cells = room < BAR_CELLS ? (int)room : BAR_CELLS;

	if (h->out.n > 0)
		out_newline(&h->out);
	add_head(h);
	h->zoned = is_zoned(h);
	add_scale(h, cells);
	add_bar(h, cells);
	for (size_t i = 0; i < h->n; i++)
		add_row(h, &h->pieces[i]);
	if (h->n == 0) {
		h->out.n++;
		out_words(&h->out, OUT_PLAIN, "It was in no list at that time.");
		out_newline(&h->out);
	}
}

static void add_rule(struct out *o)
{
	out_paragraph(
		o, OUT_FAINT,
		"In the bar a cell shows the worst of its time: %s offline, %s unknown,"
		" %s online. A status lasts until another one was observed; time in"
		" which nobody looked is unknown, and so is what a phone was before the"
		" first look at it, unless lists lacked it. -o json has the bounds.",
		glyphs[GLYPH_OFFLINE].text, glyphs[GLYPH_UNKNOWN].text,
		glyphs[GLYPH_ONLINE].text);
}

/* ---- all that fit ---- */

static void on_piece(const struct past_piece *piece, void *arg)
{
	struct history *h = arg;

	if (piece->gone || piece->to_ms <= h->since_ms || piece->from_ms >= h->until_ms)
		return;
	h->pieces = mem_grow(h->pieces, h->n, &h->cap, sizeof *h->pieces);
	h->pieces[h->n++] = *piece;
}

static void tell_pieces(struct history *h)
{
	for (size_t i = 0; i < h->n; i++) {
		char *text = past_text(&h->pieces[i], h->account->name, h->device->id,
				       h->cli->now_at_ms);

		out_object_text(&h->out, text);
		free(text);
	}
}

/* All from the range on: how long its last span was to last is part of the answer. */
static int load(struct history *h, struct past *past, struct store_gaps *gaps)
{
	struct cli *cli = h->cli;

	if (past_load_account(h->c, h->account, cli->now_at_ms, gaps, &cli->err) != 0 ||
	    past_load(past, h->c, h->account, gaps, h->device, h->since_ms, INT64_MAX,
		      cli->now_at_ms, &cli->err) != 0)
		return cli->err.code;
	h->n = 0;
	past_pieces(past, cli->now_at_ms, on_piece, h);
	return 0;
}

static void on_device(const struct store_account *a, const struct store_device *d,
		      void *arg)
{
	struct history *h = arg;
	struct store_gaps gaps = {0};
	struct past past = {0};

	if (h->rc != 0)
		return;
	h->account = a;
	h->device = d;
	h->rc = load(h, &past, &gaps);
	if (h->rc == 0 && h->out.format == OUT_TABLE)
		tell_table(h);
	if (h->rc == 0 && h->out.format != OUT_TABLE)
		tell_pieces(h);
	past_clear(&past);
	free(gaps.all);
}

int cmd_history(struct cli *cli)
{
	struct history h = {.cli = cli};
	int status = cli_range(cli, &h.since_ms, &h.until_ms);

	if (status != CLI_OK)
		return status;
	h.c = cli_open(cli);
	if (h.c == NULL)
		return CLI_DATABASE;
	out_init(&h.out, cli->format, columns, cli->command->fields);
	status = cli_devices(cli, h.c, on_device, &h, &h.rc);
	if (status == CLI_OK && cli->format == OUT_TABLE)
		add_rule(&h.out);
	if (status == CLI_OK && out_end(&h.out, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&h.out);
	free(h.pieces);
	store_close_reader(h.c);
	return status;
}
