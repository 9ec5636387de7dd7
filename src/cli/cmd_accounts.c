/* phonewatch accounts */
#include <inttypes.h>

#include "cli/cli.h"
#include "query/accounts.h"
#include "query/when.h"

enum { ACCOUNT, STATE, DEVICES, ONLINE, OFFLINE, INTERVAL, LAST_SWEEP, BUDGET };

static const struct out_column columns[] = {
	[ACCOUNT] = {"ACCOUNT", 0.3, SCOLS_FL_TRUNC},
	[STATE] = {"STATE", 0, 0},
	[DEVICES] = {"DEVICES", 0, SCOLS_FL_RIGHT},
	[ONLINE] = {"ONLINE", 0, SCOLS_FL_RIGHT},
	[OFFLINE] = {"OFFLINE", 0, SCOLS_FL_RIGHT},
	[INTERVAL] = {"EVERY", 0, SCOLS_FL_RIGHT},
	[LAST_SWEEP] = {"LAST SWEEP", 0, 0},
	[BUDGET] = {"BUDGET LEFT", 0, 0},
	{NULL, 0, 0},
};

static void state_cell(struct out *o, const struct account_now *now)
{
	const struct store_account *a = &now->account;

	if (a->state == ACCOUNT_UNREACHABLE)
		out_cell(o, STATE, OUT_BAD, "unreachable (%s)",
			 a->reason != NULL ? a->reason : "unknown");
	else if (!now->observed && a->last_page_at_ms != 0)
		out_cell(o, STATE, OUT_DOUBTFUL, "not watched now");
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
		out_cell(o, BUDGET, OUT_DOUBTFUL, "%s: none for %s", b->group, text);
	} else if (b->limit > 0) {
		out_cell(o, BUDGET, OUT_PLAIN, "%s: %" PRId64 " of %" PRId64, b->group,
			 accounts_budget_left(b, now_at_ms), b->limit);
	}
}

static void add_row(struct out *o, const struct account_now *now, int64_t now_at_ms)
{
	const struct store_account *a = &now->account;
	char text[CLOCK_TEXT_BYTES];

	out_row(o);
	out_cell(o, ACCOUNT, OUT_PLAIN, "%s", a->name);
	state_cell(o, now);
	out_cell(o, DEVICES, OUT_PLAIN, "%" PRId64, a->n_devices);
	out_cell(o, ONLINE, OUT_PLAIN, "%" PRId64, a->n_online);
	out_cell(o, OFFLINE, a->n_offline > 0 ? OUT_BAD : OUT_PLAIN, "%" PRId64,
		 a->n_offline);
	if (a->interval_ms > 0) {
		clock_format_duration(text, a->interval_ms);
		out_cell(o, INTERVAL, OUT_PLAIN, "%s", text);
	}
	if (a->last_sweep_at_ms != 0) {
		when_format(text, a->last_sweep_at_ms);
		out_cell(o, LAST_SWEEP, OUT_PLAIN, "%s", text);
	}
	budget_cell(o, now, now_at_ms);
}

/* What a cell has no room for. */
static void add_note(struct out *o, const struct account_now *now)
{
	const struct store_account *a = &now->account;

	if (a->state == ACCOUNT_UNREACHABLE && a->detail != NULL)
		out_words(o, OUT_PLAIN, "%s: %s", a->name, a->detail);
	else if (a->last_page_at_ms == 0)
		out_words(o, OUT_PLAIN, "%s: nothing came yet; does phonewatchd run?",
			  a->name);
	else if (a->state != ACCOUNT_UNREACHABLE && !now->observed)
		out_words(o, OUT_PLAIN,
			  "%s: nothing came for three intervals; does phonewatchd run?",
			  a->name);
	else
		return;
	out_newline(o);
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

int cmd_accounts(struct cli *cli)
{
	struct store_conn *c = cli_open(cli);
	struct account_now *accounts;
	struct out o;
	size_t n;
	int status = CLI_OK;

	if (c == NULL)
		return CLI_DATABASE;
	if (accounts_load(c, cli->now_at_ms, &accounts, &n, &cli->err) != 0) {
		store_close_reader(c);
		return cli_fail_database(cli);
	}
	out_init(&o, cli->format, columns, cli->command->fields);
	for (size_t i = 0; i < n; i++) {
		if (cli->format == OUT_TABLE)
			add_row(&o, &accounts[i], cli->now_at_ms);
		else
			out_take_object(&o,
					accounts_object(&accounts[i], cli->now_at_ms));
	}
	for (size_t i = 0; cli->format == OUT_TABLE && i < n; i++) {
		add_note(&o, &accounts[i]);
		add_bad_note(&o, &accounts[i].account);
	}
	if (out_end(&o, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&o);
	accounts_clear(accounts, n);
	store_close_reader(c);
	return status;
}
