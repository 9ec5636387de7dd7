/* phonewatch accounts */
#include <inttypes.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/unwatched.h"
#include "model/match.h"
#include "query/accounts.h"

enum {
	ACCOUNT,
	STATE,
	DEVICES,
	ONLINE,
	OFFLINE,
	UNKNOWN,
	INTERVAL,
	LAST_SWEEP,
	BUDGET,
};

static const struct out_column columns[] = {
	[ACCOUNT] = {"ACCOUNT", 0.1, SCOLS_FL_TRUNC},
	[STATE] = {"STATE", 0.13, SCOLS_FL_TRUNC}, /* a note has it whole */
	[DEVICES] = {"DEVICES", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[ONLINE] = {"ONLINE", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[OFFLINE] = {"OFFLINE", 0, SCOLS_FL_RIGHT},
	[UNKNOWN] = {"UNKNOWN", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[INTERVAL] = {"EVERY", 0, SCOLS_FL_RIGHT | OUT_SPARE},
	[LAST_SWEEP] = {"LAST SWEEP", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[BUDGET] = {"BUDGET LEFT", 0, OUT_SPARE},
	{NULL, 0, 0},
};

static void state_cell(struct out *o, const struct account_now *now)
{
	const struct store_account *a = &now->account;

	if (a->state == ACCOUNT_UNREACHABLE)
		out_cell(o, STATE, OUT_BAD, "unreachable (%s)",
			 a->reason != NULL ? a->reason : "unknown");
	else if (!now->observed && a->last_page_at_ms != 0)
		out_cell(o, STATE, OUT_DOUBTFUL, "not watched");
	else
		out_cell(o, STATE, OUT_PLAIN, "%s", store_account_state_name(a->state));
}

static void budget_cell(struct out *o, const struct account_now *now, int64_t now_at_ms)
{
	const struct store_budget *b = &now->budget;
	char text[CLOCK_TEXT_BYTES];

	if (!now->has_budget)
		return;
	if (b->blocked_until_ms > now_at_ms) {
		clock_format_duration(text, b->blocked_until_ms - now_at_ms);
		out_cell(o, BUDGET, OUT_DOUBTFUL, "none for %s", text);
	} else if (b->limit > 0) {
		out_cell(o, BUDGET, OUT_PLAIN, "%" PRId64 " of %" PRId64,
			 accounts_budget_left(b, now_at_ms), b->limit);
	}
}

static void count_cells(struct out *o, const struct account_now *now)
{
	out_cell(o, DEVICES, OUT_PLAIN, "%" PRId64, now->account.n_devices);
	out_cell(o, ONLINE, OUT_PLAIN, "%" PRId64, now->n_online);
	out_cell(o, OFFLINE, now->n_offline > 0 ? OUT_BAD : OUT_PLAIN, "%" PRId64,
		 now->n_offline);
	out_cell(o, UNKNOWN, now->n_unknown > 0 ? OUT_DOUBTFUL : OUT_PLAIN, "%" PRId64,
		 now->n_unknown);
}

static void add_row(struct out *o, const struct account_now *now, int64_t now_at_ms)
{
	const struct store_account *a = &now->account;
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	out_cell(o, ACCOUNT, OUT_PLAIN, "%s", a->name);
	state_cell(o, now);
	count_cells(o, now);
	if (a->interval_ms > 0) {
		clock_format_duration(text, a->interval_ms);
		out_cell(o, INTERVAL, OUT_PLAIN, "%s", text);
	}
	if (a->last_sweep_at_ms != 0) {
		clock_format_duration(text, now_at_ms > a->last_sweep_at_ms
						    ? now_at_ms - a->last_sweep_at_ms
						    : 0);
		out_cell(o, LAST_SWEEP, OUT_PLAIN, "%s ago", text);
	}
	budget_cell(o, now, now_at_ms);
}

/* A column that would say 0 of every account is left out. */
static void choose_columns(struct out *o, const struct account_now *accounts, size_t n)
{
	int64_t unknown = 0;

	for (size_t i = 0; i < n; i++)
		unknown += accounts[i].n_unknown;
	if (unknown == 0)
		out_hide(o, UNKNOWN);
}

/* What a cell has no room for. */
static void add_note(struct out *o, const struct account_now *now, bool has_daemon,
		     int64_t now_at_ms)
{
	const struct store_account *a = &now->account;
	char *why;

	/* A list that has shrunk is watched, as far as it goes. */
	if (now->observed && a->state != ACCOUNT_UNREACHABLE)
		return;
	why = now->observed ? mem_strdup(a->detail != NULL ? a->detail : a->reason)
			    : unwatched_why(a, has_daemon, now_at_ms);
	out_paragraph(o, OUT_PLAIN, "%s: %s", a->name, why);
	free(why);
}

static void add_bad_note(struct out *o, const struct store_account *a)
{
	if (a->records_bad == 0)
		return;
	out_words(o, OUT_PLAIN,
		  "%s: %" PRId64 " record%s of the last sweep could not be read, or not"
		  " wholly; log_level = \"debug\" names one",
		  a->name, a->records_bad, a->records_bad == 1 ? "" : "s");
	out_newline(o);
}

/* Leave those for which --match holds, at the front; the others follow, to be freed with them. */
static void choose(const struct cli *cli, struct account_now *accounts, size_t *n)
{
	size_t n_meant = 0;

	for (size_t i = 0; i < *n; i++) {
		struct account_now a = accounts[i];

		if (!match_all(cli->matches, cli->n_matches, a.account.name, NULL, NULL))
			continue;
		accounts[i] = accounts[n_meant];
		accounts[n_meant++] = a;
	}
	*n = n_meant;
}

static int tell(struct cli *cli)
{
	struct store_conn *c = cli_open(cli);
	struct account_now *accounts;
	struct out o;
	size_t n, n_all;
	bool has_daemon;
	int status = CLI_OK;

	if (c == NULL)
		return CLI_DATABASE;
	if (accounts_load(c, cli->now_at_ms, &accounts, &n, &cli->err) != 0) {
		store_close_reader(c);
		return cli_fail_database(cli);
	}
	has_daemon = store_reader_has_daemon(c);
	out_init(&o, cli->format, columns, cli->command->fields);
	n_all = n;
	choose(cli, accounts, &n);
	choose_columns(&o, accounts, n);
	for (size_t i = 0; i < n; i++) {
		if (cli->format == OUT_TABLE)
			add_row(&o, &accounts[i], cli->now_at_ms);
		else
			out_take_object(&o,
					accounts_object(&accounts[i], cli->now_at_ms));
	}
	for (size_t i = 0; cli->format == OUT_TABLE && i < n; i++) {
		add_note(&o, &accounts[i], has_daemon, cli->now_at_ms);
		add_bad_note(&o, &accounts[i].account);
	}
	if (cli->format == OUT_TABLE && n == 0) {
		out_words(&o, OUT_PLAIN,
			  cli->n_matches > 0
				  ? "no such account"
				  : "no accounts: phonewatchd has not watched any yet");
		out_newline(&o);
	}
	if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&o);
	accounts_clear(accounts, n_all);
	store_close_reader(c);
	return status;
}

int cmd_accounts(struct cli *cli)
{
	if (cli->accept != NULL && cli->n_matches > 0)
		return cli_usage("accounts: --match and --accept: which?");
	return cli->accept != NULL ? cmd_poll_accept(cli) : tell(cli);
}
