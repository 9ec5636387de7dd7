#include "sim/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "sim/dice.h"
#include "sim/edit.h"
#include "sim/recipe.h"
#include "sim/world.h"

#define RECORD_MAX_BYTES ((size_t)1 << 24)

static const struct model {
	const char *id, *name;
	unsigned lines;
	bool side_car;
} models[] = {
	{"56", "Polycom VVX 450", 12, true}, {"37", "Polycom VVX 250", 4, false},
	{"51", "Yealink T46U", 16, true},    {"52", "Cisco ATA 192", 2, false},
	{"60", "Yealink T43U", 12, false},   {"64", "Poly Edge E350", 8, false},
};

/* What is thrown from the device's seed: the same each time its record is written. */
struct facts {
	const struct model *model;
	const char *account;                     /* its id */
	const struct world_extension *extension; /* NULL: none */
	uint64_t line_id, number_id;
	unsigned phone_number;
	unsigned mac_low;
	bool common, in_company_net;
	unsigned box, floor, method;
};

static void throw_facts(struct facts *f, const struct world *w,
			const struct world_device *d)
{
	struct dice dice = {.state = d->seed};
	uint64_t line;

	f->model = &models[dice_below(&dice, sizeof models / sizeof *models)];
	/* By number, not thrown: no two may share one. Lines go with the extension. */
	f->account = world_account_id(w);
	f->extension = world_extension_of(w, d);
	line = f->extension != NULL ? f->extension->number : d->number;
	f->line_id = UINT64_C(11049100800) + line * 8;
	f->number_id = UINT64_C(144548100800) + line * 8;
	f->phone_number = (unsigned)(line % 10000);
	f->mac_low = d->number & 0xffffff;
	f->common = recipe_of(d->number).common;
	f->in_company_net = dice_below(&dice, 100) < 50;
	f->box = 8000000 + dice_below(&dice, 900000);
	f->floor = 1 + dice_below(&dice, 12);
	f->method = dice_below(&dice, 3);
}

static void add(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

static void add_number(struct buf *b, uint64_t number)
{
	char digits[24];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	buf_add(b, digits + at, sizeof digits - at);
}

void record_add_string(struct buf *b, const char *text)
{
	if (text == NULL) {
		add(b, "null");
		return;
	}
	add(b, "\"");
	for (;;) {
		size_t plain = 0;

		while ((unsigned char)text[plain] >= 0x20 && text[plain] != '"' &&
		       text[plain] != '\\')
			plain++;
		buf_add(b, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		if (*text == '"' || *text == '\\')
			buf_printf(b, "\\%c", *text);
		else
			buf_printf(b, "\\u%04x", (unsigned)*text);
		text++;
	}
	add(b, "\"");
}

/* ---- members; each begins with its comma ---- */

static void add_sku(struct buf *b, const struct world_device *d, const struct facts *f)
{
	static const char *const skus[WORLD_N_TYPES] = {
		[WORLD_SOFT_PHONE] = "DV-1",    [WORLD_OTHER_PHONE] = "DV-2",
		[WORLD_PAGING] = "DV-6",        [WORLD_ROOM] = "DV-9",
		[WORLD_MOBILE_DEVICE] = "DV-1",
	};

	if (d->type == WORLD_HARD_PHONE) {
		add(b, ",\"sku\":\"HP-");
		add(b, f->model->id);
		add(b, f->model->side_car ? "-2-2\"" : "\"");
	} else if (skus[d->type] != NULL) {
		add(b, ",\"sku\":\"");
		add(b, skus[d->type]);
		add(b, "\"");
	}
}

static void add_model(struct buf *b, const struct facts *f)
{
	add(b, ",\"model\":{\"id\":\"");
	add(b, f->model->id);
	add(b, "\",\"name\":\"");
	add(b, f->model->name);
	add(b, f->model->side_car ? "\",\"addons\":[{\"id\":\"2\",\"name\":\"Side car 32 "
				    "keys\",\"count\":1}]"
				  : "\",\"addons\":[]");
	add(b, ",\"deviceClass\":\"Desk Phone\",\"features\":[\"BLA\",\"CommonPhone\","
	       "\"Intercom\",\"Paging\",\"HELD\"],\"lineCount\":");
	add_number(b, f->model->lines);
	add(b, "}");
}

static void add_serial(struct buf *b, const struct world_device *d, const struct facts *f)
{
	char text[48];

	switch (d->type) {
	case WORLD_HARD_PHONE:
		if (d->in_stock) /* not shipped yet */
			return;
		snprintf(text, sizeof text, "0004F2%06X", f->mac_low);
		break;
	case WORLD_SOFT_PHONE:
		snprintf(text, sizeof text, "DESK%06u", f->mac_low);
		break;
	case WORLD_ROOM:
	case WORLD_MOBILE_DEVICE:
		snprintf(text, sizeof text, "endpoint-%08x", f->mac_low);
		break;
	default:
		return;
	}
	add(b, ",\"serial\":\"");
	add(b, text);
	if (d->type == WORLD_SOFT_PHONE) {
		add(b, "\",\"computerName\":\"");
		add(b, text);
	}
	add(b, "\"");
}

static void add_extension(struct buf *b, const struct facts *f)
{
	add(b, ",\"extension\":{\"uri\":\"" RECORD_HOME "/account/");
	add(b, f->account);
	add(b, "/extension/");
	add_number(b, f->extension->id);
	add(b, "\",\"id\":");
	add_number(b, f->extension->id);
	add(b, ",\"extensionNumber\":\"");
	add_number(b, WORLD_FIRST_EXTENSION + f->extension->number);
	add(b, "\"}");
}

static void add_line(struct buf *b, const struct facts *f, const char *line_type,
		     unsigned which)
{
	char number[16];

	snprintf(number, sizeof number, "+1555555%04u", f->phone_number);
	add(b, "{\"id\":\"");
	add_number(b, f->line_id + which);
	add(b, "\",\"lineType\":\"");
	add(b, line_type);
	add(b, "\",\"emergencyAddress\":{\"required\":true,\"localOnly\":false,"
	       "\"lineProvisioningStatus\":\"Valid\"},\"phoneInfo\":{\"id\":");
	add_number(b, f->number_id);
	add(b, ",\"phoneNumber\":\"");
	add(b, number);
	add(b, "\",\"paymentType\":\"Local\",\"type\":\"VoiceFax\",\"usageType\":"
	       "\"DirectNumber\",\"country\":{\"uri\":\"" RECORD_HOME
	       "/dictionary/country/1\",\"id\":\"1\",\"name\":\"United States\"}}}");
}

static void add_lines(struct buf *b, const struct world_device *d, const struct facts *f)
{
	add(b, ",\"phoneLines\":[");
	if (d->type == WORLD_BLA) {
		add_line(b, f, "BlaPrimary", 0);
		add(b, ",");
		add_line(b, f, "BlaSecondary", 1);
	} else if (!d->in_stock && d->type != WORLD_PAGING &&
		   d->type != WORLD_MOBILE_DEVICE) {
		add_line(b, f,
			 d->type == WORLD_SOFT_PHONE ? "StandaloneFree" : "Standalone",
			 0);
	}
	add(b, "]");
}

static void add_emergency(struct buf *b, const struct world_site *site,
			  const struct facts *f)
{
	add(b, ",\"emergency\":{\"address\":{");
	add(b, site->address);
	add(b, ",\"outOfCountry\":false},\"location\":{\"id\":\"");
	add_number(b, 27400 + f->floor);
	add(b, "\",\"name\":\"Floor ");
	add_number(b, f->floor);
	add(b, "\",\"addressFormatId\":\"1\",\"addressFormatStatus\":\"Actual\"},"
	       "\"outOfCountry\":false,\"addressStatus\":\"Valid\",\"visibility\":"
	       "\"Public\",\"addressEditableStatus\":\"MainDevice\","
	       "\"addressRequired\":true,\"addressLocationOnly\":false}");
}

static void add_service_address(struct buf *b, const struct world_site *site)
{
	add(b, ",\"emergencyServiceAddress\":{");
	add(b, site->address);
	add(b, ",\"outOfCountry\":false}");
}

static void add_shipping(struct buf *b, const struct world_site *site,
			 const struct world_device *d, const struct facts *f)
{
	static const char *const methods[] = {"Ground", "2 Day", "Overnight"};

	if (!d->in_stock) {
		add(b, ",\"shipping\":{\"status\":\"Shipped\",\"carrier\":\"Example "
		       "Freight\",\"trackingNumber\":\"EX");
		add_number(b, UINT64_C(100000000000) + d->number);
		add(b, "\"");
	} else {
		add(b, ",\"shipping\":{\"status\":\"Initial\"");
	}
	add(b, ",\"method\":{\"id\":\"");
	add_number(b, f->method + 1);
	add(b, "\",\"name\":\"");
	add(b, methods[f->method]);
	add(b, "\"},\"address\":{");
	add(b, site->address);
	add(b, "}}");
}

static void add_site(struct buf *b, const struct world_site *site)
{
	add(b, ",\"site\":{\"id\":\"");
	add(b, site->id);
	add(b, "\",\"name\":");
	record_add_string(b, site->name);
	add(b, "}");
}

static void add_report(struct buf *b, const struct world_device *d)
{
	char text[CLOCK_TEXT_BYTES];

	if (d->report_at_ms == WORLD_NO_REPORT)
		return;
	clock_format(text, d->report_at_ms);
	add(b, ",\"lastLocationReportTime\":\"");
	add(b, text);
	add(b, "\"");
}

static void add_desk_phone(struct buf *b, const struct world_site *site,
			   const struct world_device *d, const struct facts *f)
{
	if (!d->in_stock) {
		add_emergency(b, site, f);
		add_service_address(b, site);
	}
	add_shipping(b, site, d, f);
	if (d->in_stock)
		return;
	add(b, ",\"boxBillingId\":");
	add_number(b, f->box);
	add(b, f->common ? ",\"useAsCommonPhone\":true"
			 : ",\"useAsCommonPhone\":false,\"hotDeskDevice\":false");
	add(b, f->in_company_net ? ",\"inCompanyNet\":true" : "");
}

static void add_members(struct buf *b, const struct world *w,
			const struct world_device *d, const struct facts *f)
{
	const struct world_site *site =
		world_site(w, d->site != WORLD_NO_SITE ? d->site : 0);

	add(b, "{\"uri\":\"" RECORD_HOME "/account/");
	add(b, f->account);
	add(b, "/device/");
	add(b, d->id);
	add(b, "\",\"id\":\"");
	add(b, d->id);
	add(b, "\",\"type\":\"");
	add(b, world_type_name(d->type));
	add(b, "\"");
	add_sku(b, d, f);
	if (d->type == WORLD_HARD_PHONE)
		add_model(b, f);
	add(b, ",\"name\":");
	record_add_string(b, d->name);
	add_serial(b, d, f);
	if (d->status[0] != '\0') {
		add(b, ",\"status\":");
		record_add_string(b, d->status);
	}
	if (f->extension != NULL)
		add_extension(b, f);
	add_lines(b, d, f);
	if (d->type == WORLD_HARD_PHONE)
		add_desk_phone(b, site, d, f);
	else if (d->type == WORLD_OTHER_PHONE || d->type == WORLD_WEB_PHONE)
		add_service_address(b, site);
	add(b, d->type == WORLD_HARD_PHONE && !d->in_stock ? ",\"linePooling\":\"Host\""
							   : ",\"linePooling\":\"None\"");
	if (d->site != WORLD_NO_SITE)
		add_site(b, site);
	add_report(b, d);
	add(b, "}");
}

void record_add(struct buf *b, const struct world *w, const struct world_device *d)
{
	struct facts f;
	struct buf edited;

	throw_facts(&f, w, d);
	if (d->edits == NULL) {
		add_members(b, w, d, &f);
		return;
	}
	buf_init(&edited, RECORD_MAX_BYTES);
	add_members(&edited, w, d, &f);
	edits_apply(d->edits, &edited); /* a name in bad UTF-8 wins over them */
	buf_add(b, edited.data, edited.len);
	buf_clear(&edited);
}
