/* phonewatch report --e911 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "query/e911.h"
#include "query/when.h"

/* ---- by device: the evidence ---- */

enum { SITE, NAME, ADDRESS, NETWORK, COUNTRY, LOCATION, DEVICE, ACCOUNT };

static const struct out_column columns[] = {
	[SITE] = {"SITE", 0.2, SCOLS_FL_TRUNC},
	[NAME] = {"NAME", 0.25, SCOLS_FL_TRUNC},
	[ADDRESS] = {"ADDRESS", 0, 0},
	[NETWORK] = {"NETWORK", 0, OUT_EXTRA},
	[COUNTRY] = {"COUNTRY", 0.1, SCOLS_FL_TRUNC | OUT_EXTRA},
	[LOCATION] = {"LAST LOCATION", 0, OUT_EXTRA},
	[DEVICE] = {"DEVICE", 0, OUT_SPARE},
	[ACCOUNT] = {"ACCOUNT", 0.1, SCOLS_FL_TRUNC | OUT_EXTRA},
	{NULL, 0, 0},
};
static const char device_fields[] =
	"device.account,device.id,device.name,device.type,device.serial,device.sku,"
	"device.model,device.extension_number,device.extension_id,device.extension_name,"
	"device.phone_numbers,device.site,device.site_id,device.vendor_status,address,"
	"address_status,country,off_network,out_of_country,last_location_report_time";

static void country_cell(struct out *o, const struct e911_device *d)
{
	const char *country = d->country != NULL ? d->country : "";

	if (d->out_of_country == E911_YES)
		out_cell(o, COUNTRY, OUT_BAD, "another%s%s",
			 country[0] != '\0' ? ": " : "", country);
	else
		out_cell(o, COUNTRY, OUT_PLAIN, "%s", country);
}

static void add_device(struct out *o, const struct e911_device *d)
{
	static const enum out_colour colours[] = {
		[E911_VALID] = OUT_GOOD,
		[E911_INVALID] = OUT_BAD,
		[E911_UNKNOWN] = OUT_DOUBTFUL,
	};
	char location[CLOCK_TEXT_BYTES];

	out_row(o);
	out_cell(o, SITE, OUT_PLAIN, "%s", d->site[0] != '\0' ? d->site : "(no site)");
	out_cell(o, NAME, OUT_PLAIN, "%s", d->name[0] != '\0' ? d->name : d->id);
	out_cell(o, ADDRESS, colours[d->address], "%s",
		 d->address_status != NULL ? d->address_status : "unknown");
	if (d->off_network != E911_SILENT)
		out_cell(o, NETWORK, d->off_network == E911_YES ? OUT_BAD : OUT_PLAIN,
			 "%s", d->off_network == E911_YES ? "off" : "on");
	country_cell(o, d);
	if (d->location_ms != 0) {
		when_format(location, d->location_ms);
		out_cell(o, LOCATION, OUT_PLAIN, "%s", location);
	}
	out_cell(o, DEVICE, OUT_PLAIN, "%s", d->id);
	out_cell(o, ACCOUNT, OUT_PLAIN, "%s", d->account);
}

/* ---- by site: how many ---- */

enum {
	OF_SITE,
	DEVICES,
	VALID,
	INVALID,
	UNKNOWN,
	OFF_NETWORK,
	OUT_OF_COUNTRY,
	NO_LOCATION,
	OF_ACCOUNT
};

static const struct out_column site_columns[] = {
	[OF_SITE] = {"SITE", 0.3, SCOLS_FL_TRUNC},
	[DEVICES] = {"DEVICES", 0, SCOLS_FL_RIGHT},
	[VALID] = {"VALID", 0, SCOLS_FL_RIGHT},
	[INVALID] = {"INVALID", 0, SCOLS_FL_RIGHT},
	[UNKNOWN] = {"UNKNOWN", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[OFF_NETWORK] = {"OFF NET", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[OUT_OF_COUNTRY] = {"ABROAD", 0, SCOLS_FL_RIGHT | OUT_EXTRA},
	[NO_LOCATION] = {"NO LOCATION", 0, SCOLS_FL_RIGHT | OUT_SPARE},
	[OF_ACCOUNT] = {"ACCOUNT", 0.15, SCOLS_FL_TRUNC | OUT_EXTRA},
	{NULL, 0, 0},
};
static const char site_fields[] =
	"account,site,devices,valid,invalid,unknown,off_network,"
	"out_of_country,without_location_report";

static void number_cell(struct out *o, size_t column, enum out_colour colour, int64_t n)
{
	out_cell(o, column, n > 0 ? colour : OUT_PLAIN, "%" PRId64, n);
}

static void add_site(struct out *o, const struct e911_site *s)
{
	out_row(o);
	out_cell(o, OF_SITE, OUT_PLAIN, "%s", s->site[0] != '\0' ? s->site : "(no site)");
	number_cell(o, DEVICES, OUT_PLAIN, s->n_devices);
	number_cell(o, VALID, OUT_GOOD, s->n_valid);
	number_cell(o, INVALID, OUT_BAD, s->n_invalid);
	number_cell(o, UNKNOWN, OUT_DOUBTFUL, s->n_unknown);
	number_cell(o, OFF_NETWORK, OUT_BAD, s->n_off_network);
	number_cell(o, OUT_OF_COUNTRY, OUT_BAD, s->n_out_of_country);
	number_cell(o, NO_LOCATION, OUT_PLAIN, s->n_without_location);
	out_cell(o, OF_ACCOUNT, OUT_PLAIN, "%s", s->account);
}

/* ---- the answer ---- */

static bool has_several_accounts(const struct e911 *e)
{
	return e->n_sites > 0 &&
	       strcmp(e->sites[0].account, e->sites[e->n_sites - 1].account) != 0;
}

static void tell_devices(struct out *o, const struct e911 *e)
{
	if (!has_several_accounts(e))
		out_hide(o, ACCOUNT);
	for (size_t i = 0; i < e->n_devices; i++) {
		if (o->format == OUT_TABLE)
			add_device(o, &e->devices[i]);
		else
			out_take_object(o, e911_device_object(&e->devices[i]));
	}
}

static void tell_sites(struct out *o, const struct e911 *e)
{
	if (!has_several_accounts(e))
		out_hide(o, OF_ACCOUNT);
	for (size_t i = 0; i < e->n_sites; i++) {
		if (o->format == OUT_TABLE)
			add_site(o, &e->sites[i]);
		else
			out_take_object(o, e911_site_object(&e->sites[i]));
	}
}

static void add_counts(struct out *o, const struct e911 *e)
{
	int64_t n[] = {[E911_VALID] = 0, [E911_INVALID] = 0, [E911_UNKNOWN] = 0};

	for (size_t i = 0; i < e->n_devices; i++)
		n[e->devices[i].address]++;
	out_paragraph(o, OUT_PLAIN,
		      "%zu device%s: the emergency addresses of %" PRId64
		      " are valid, of %" PRId64 " are not, of %" PRId64
		      " the vendor says nothing",
		      e->n_devices, e->n_devices == 1 ? "" : "s", n[E911_VALID],
		      n[E911_INVALID], n[E911_UNKNOWN]);
}

static void on_progress(int64_t n, void *arg)
{
	progress_count(arg, n, "devices looked at");
}

static int run(struct cli *cli, struct store_conn *c, struct e911 *e)
{
	struct progress progress;
	int rc;

	progress_start(&progress);
	e->on_progress = on_progress;
	e->arg = &progress;
	rc = e911_run(e, c, cli->now_at_ms, &cli->err);
	progress_end(&progress);
	return rc == 0 ? CLI_OK : cli_fail_database(cli);
}

static int check(const struct cli *cli)
{
	if (cli->since != NULL || cli->until != NULL || cli->worst != NULL)
		return cli_usage("report --e911 is of now, and of all: it has no --since,"
				 " --until or --worst");
	if (cli->by != NULL && strcmp(cli->by, "device") != 0 &&
	    strcmp(cli->by, "site") != 0)
		return cli_usage("--by %s: with --e911 device or site", cli->by);
	return CLI_OK;
}

int cmd_report_e911(struct cli *cli)
{
	struct e911 e = {.matches = cli->matches, .n_matches = cli->n_matches};
	bool by_site = cli->by != NULL && strcmp(cli->by, "site") == 0;
	struct store_conn *c;
	struct out o;
	int status;

	if (check(cli) != CLI_OK)
		return CLI_USAGE;
	c = cli_open(cli);
	if (c == NULL)
		return CLI_DATABASE;
	out_init(&o, cli->format, by_site ? site_columns : columns,
		 by_site ? site_fields : device_fields);
	status = run(cli, c, &e);
	if (status == CLI_OK) {
		(by_site ? tell_sites : tell_devices)(&o, &e);
		if (cli->format == OUT_TABLE)
			add_counts(&o, &e);
		if (out_end(&o, &cli->err) != 0)
			status = cli_fail_output(cli);
	}
	out_clear(&o);
	e911_clear(&e);
	store_close_reader(c);
	return status;
}
