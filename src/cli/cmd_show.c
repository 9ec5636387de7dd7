/* phonewatch show */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "model/member.h"
#include "query/lookup.h"
#include "query/status.h"
#include "query/when.h"

struct show {
	struct cli *cli;
	struct store_conn *c;
	struct out out;
	int rc;
};

/* When it was first seen, as far back as the database knows: 0 where it does not. */
static int first_seen(struct show *show, const struct store_device *d, int64_t *at_ms)
{
	struct store_spans spans = {0};
	size_t i = 0;

	*at_ms = 0;
	if (store_spans_load(show->c, d->device_id, INT64_MIN, INT64_MAX, &spans,
			     &show->cli->err) != 0)
		return show->cli->err.code;
	while (i < spans.n && spans.all[i].state == SPAN_GONE)
		i++;
	if (i < spans.n)
		*at_ms = spans.all[i].from_ms;
	free(spans.all);
	return 0;
}

static int look_back(struct show *show, struct status *s)
{
	struct store_gaps of_account = {0}, of_device = {0};
	struct cli *cli = show->cli;
	int rc = past_load_account(show->c, s->account, cli->now_at_ms, &of_account,
				   &cli->err);

	if (rc == 0)
		rc = status_look_back(s, show->c, &of_account, &of_device, cli->now_at_ms,
				      &cli->err);
	free(of_account.all);
	free(of_device.all);
	return rc;
}

static json_t *object_of(const struct status *s, int64_t first_seen_at_ms)
{
	json_t *object = status_object(s);

	member_time_or_null(object, "first_seen_at", first_seen_at_ms);
	member_time_or_null(object, "removed_at", s->device->removed_at_ms);
	json_object_set_new(object, "record", json_loads(s->device->doc, 0, NULL));
	return object;
}

/* ---- for people ---- */

static void add_line(struct out *o, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	out_words(o, OUT_FAINT, "%-16s", name);
	out_words(o, OUT_PLAIN, "%s", text);
	out_newline(o);
}

static void add_time(struct out *o, const char *name, int64_t at_ms)
{
	char text[CLOCK_TEXT_BYTES];

	when_format(text, at_ms);
	if (at_ms != 0)
		add_line(o, name, text);
}

static void add_status(struct out *o, const struct status *s, int64_t now_at_ms)
{
	static const enum out_colour colours[] = {OUT_DOUBTFUL, OUT_GOOD, OUT_BAD};
	static const char *const whys[] = {"", ", no status", ", not listed",
					   ", unobserved"};
	char lasted[CLOCK_TEXT_BYTES];

	clock_format_duration(
		lasted, now_at_ms > s->since_at_ms ? now_at_ms - s->since_at_ms : 0);
	out_words(o, OUT_FAINT, "%-16s", "status");
	out_words(o, colours[s->status], "%s", device_status_name(s->status));
	out_words(o, OUT_PLAIN, "%s for %s", whys[s->why], lasted);
	if (s->unobserved_ms > 0) {
		clock_format_duration(lasted, s->unobserved_ms);
		out_words(o, OUT_DOUBTFUL, ", of which nobody looked for %s", lasted);
	}
	if (s->why != WHY_NONE && s->last != DEVICE_UNKNOWN)
		out_words(o, OUT_PLAIN, "; before that %s", device_status_name(s->last));
	out_newline(o);
}

static void add_facts(struct out *o, const json_t *facts)
{
	static const char *const names[][2] = {
		{"name", "name"},
		{"type", "type"},
		{"model", "model"},
		{"serial", "serial"},
		{"sku", "SKU"},
		{"extension_number", "extension"},
		{"extension_name", "extension name"},
		{"site", "site"},
	};
	const json_t *numbers = json_object_get(facts, "phone_numbers");

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add_line(o, names[i][1],
			 json_string_value(json_object_get(facts, names[i][0])));
	for (size_t i = 0; i < json_array_size(numbers); i++)
		add_line(o, "phone number",
			 json_string_value(json_array_get(numbers, i)));
}

static void add_text(struct out *o, const struct status *s, int64_t first_seen_at_ms,
		     int64_t now_at_ms)
{
	const struct store_device *d = s->device;

	if (o->n++ > 0)
		out_newline(o);
	add_line(o, "device", d->id);
	add_line(o, "account", s->account->name);
	add_facts(o, s->facts);
	add_status(o, s, now_at_ms);
	add_time(o, "not before", d->not_before_ms);
	add_time(o, "observed", d->observed_at_ms);
	add_time(o, "location report", d->has_location ? d->location_ms : 0);
	add_time(o, "first seen", first_seen_at_ms);
	add_time(o, "removed", d->removed_at_ms);
}

/* ---- all that fit ---- */

static void on_device(const struct store_account *a, const struct store_device *d,
		      void *arg)
{
	struct show *show = arg;
	struct status s = {.account = a, .device = d};
	int64_t first_seen_at_ms = 0, now_at_ms = show->cli->now_at_ms;

	if (show->rc != 0)
		return;
	status_judge(&s, now_at_ms);
	show->rc = first_seen(show, d, &first_seen_at_ms);
	if (show->rc == 0)
		show->rc = look_back(show, &s);
	if (show->rc != 0)
		return;
	s.facts = json_loads(d->facts, 0, NULL);
	if (show->out.format == OUT_TABLE)
		add_text(&show->out, &s, first_seen_at_ms, now_at_ms);
	else
		out_take_object(&show->out, object_of(&s, first_seen_at_ms));
	json_decref(s.facts);
}

int cmd_show(struct cli *cli)
{
	struct show show = {.cli = cli, .c = cli_open(cli)};
	int status;

	if (show.c == NULL)
		return CLI_DATABASE;
	out_init(&show.out, cli->format, NULL, cli->command->fields);
	status = cli_devices(cli, show.c, on_device, &show, &show.rc);
	if (status == CLI_OK && out_end(&show.out, &cli->err) != 0)
		status = cli_fail_output(cli);
	out_clear(&show.out);
	store_close_reader(show.c);
	return status;
}
