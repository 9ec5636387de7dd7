#include "sink/mail_format.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"

#define LINE_BYTES    57 /* of data; 76 characters of base64 */
#define WORD_BYTES    39 /* of data in one encoded word; 76 characters with "Subject: " */
#define TEXT_BYTES    (256u << 10)
#define SUBJECT_BYTES 200
#define LISTED        50

bool mail_address_is_valid(const char *text)
{
	const char *at = strchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
	    strlen(text) > 254)
		return false;
	for (const char *c = text; *c != '\0'; c++) {
		if (!isgraph((unsigned char)*c) || (unsigned char)*c > 126 ||
		    strchr("<>()[],;:\\\"", *c) != NULL)
			return false;
	}
	return true;
}

/* ---- what is said, line by line ---- */

/* Both forms at once: a label and a text in each row. */
struct page {
	struct buf text, html;
};

static void add_html(struct buf *b, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buf_add_text(b, "&lt;");
			break;
		case '>':
			buf_add_text(b, "&gt;");
			break;
		case '&':
			buf_add_text(b, "&amp;");
			break;
		case '"':
			buf_add_text(b, "&quot;");
			break;
		default:
			buf_add(b, text, 1);
		}
	}
}

/* Text of the vendor's without what would end a line or turn its direction. */
static char *one_line(const char *text)
{
	struct buf b;

	buf_init(&b, TEXT_BYTES);
	while (*text != '\0') {
		size_t n = utf8_printable((const unsigned char *)text);

		buf_add(&b, n > 0 ? text : " ", n > 0 ? n : 1);
		text += n > 0 ? n : 1;
	}
	return b.data != NULL ? b.data : mem_strdup("");
}

static void add_row(struct page *p, const char *label, const char *value)
{
	char *line;

	if (value == NULL || value[0] == '\0')
		return;
	line = one_line(value);
	buf_printf(&p->text, "%-22s %s\r\n", label, line);
	buf_printf(&p->html, "<tr><td style=\"padding-right:1em;color:#555\">%s</td><td>",
		   label);
	add_html(&p->html, line);
	buf_add_text(&p->html, "</td></tr>\r\n");
	free(line);
}

/* A member as people read it. The caller frees it; NULL where there is none. */
static char *value_text(const json_t *value)
{
	if (value == NULL || json_is_null(value))
		return NULL;
	return json_is_string(value) ? mem_strdup(json_string_value(value))
				     : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
}

static void add_member(struct page *p, const json_t *of, const char *name,
		       const char *label)
{
	char *text = value_text(json_object_get(of, name));

	add_row(p, label, text);
	free(text);
}

struct label {
	const char *name, *label;
};

static void add_members(struct page *p, const json_t *of, const struct label *labels,
			size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_member(p, of, labels[i].name, labels[i].label);
}

static const struct label device_labels[] = {
	{"name", "Name"},
	{"type", "Type"},
	{"model", "Model"},
	{"serial", "Serial"},
	{"site", "Site"},
	{"extension_number", "Extension"},
	{"extension_name", "Extension's name"},
	{"id", "Device"},
};

static const struct label data_labels[] = {
	{"account", "Account"},
	{"status", "Status"},
	{"previous_status", "Before"},
	{"not_before", "Not before"},
	{"observed_at", "Observed at"},
	{"last_location_report_time", "Last location report"},
	{"reason", "Reason"},
	{"detail", "Detail"},
	{"since", "Since"},
};

static const struct label alert_labels[] = {
	{"key", "Alert"},       {"kind", "Kind"},           {"since", "Since"},
	{"count", "Devices"},   {"resolved_at", "Over at"}, {"reason", "Reason"},
	{"repeat", "Reminder"},
};

static void add_changes(struct page *p, const json_t *changes)
{
	size_t i;
	json_t *change;

	json_array_foreach(changes, i, change)
	{
		const char *field = json_string_value(json_object_get(change, "field"));
		char *from = value_text(json_object_get(change, "from"));
		char *to = value_text(json_object_get(change, "to"));
		char *text =
			json_object_get(change, "to") == NULL
				? mem_strdup("changed")
				: mem_printf("%s -> %s", from != NULL ? from : "none",
					     to != NULL ? to : "none");

		add_row(p, field != NULL ? field : "", text);
		free(text);
		free(to);
		free(from);
	}
}

/* "Lobby phone (ext 101, Denver)" of a device's facts, or the text that stands for it. */
static char *title_of(const json_t *device)
{
	const char *name = json_string_value(json_object_get(device, "name"));
	const char *number =
		json_string_value(json_object_get(device, "extension_number"));
	const char *site = json_string_value(json_object_get(device, "site"));

	if (!json_is_object(device))
		return value_text(device);
	if (name == NULL)
		name = json_string_value(json_object_get(device, "id"));
	return mem_printf(
		"%s%s%s%s%s%s%s", name != NULL ? name : "?",
		number != NULL || site != NULL ? " (" : "", number != NULL ? "ext " : "",
		number != NULL ? number : "", number != NULL && site != NULL ? ", " : "",
		site != NULL ? site : "", number != NULL || site != NULL ? ")" : "");
}

/* total: how many there are, of which the list may have fewer. */
static void add_list(struct page *p, const json_t *list, const char *label, size_t total)
{
	size_t n = json_array_size(list);
	char *more;

	for (size_t i = 0; i < n && i < LISTED; i++) {
		char *title = title_of(json_array_get(list, i));

		add_row(p, i == 0 ? label : "", title);
		free(title);
	}
	if (n > LISTED)
		n = LISTED;
	if (n == 0 || total <= n)
		return;
	more = mem_printf("and %zu more", total - n);
	add_row(p, "", more);
	free(more);
}

static void add_alert(struct page *p, const json_t *alert)
{
	const json_t *not_back = json_object_get(alert, "not_back");
	json_int_t count = json_integer_value(json_object_get(alert, "count"));
	const json_t *lasted = json_object_get(alert, "duration_ms");
	char text[CLOCK_TEXT_BYTES];

	if (alert == NULL)
		return;
	if (json_is_true(json_object_get(alert, "drill")))
		add_row(p, "This is a drill", "nothing has happened");
	add_members(p, alert, alert_labels, COUNT(alert_labels));
	if (json_is_integer(lasted)) {
		clock_format_duration(text, json_integer_value(lasted));
		add_row(p, "Lasted", text);
	}
	add_list(p, json_object_get(alert, "devices"), "Of them", (size_t)count);
	add_list(p, not_back, "Not back", json_array_size(not_back));
}

static void add_digest(struct page *p, const json_t *digest)
{
	const json_t *events = json_object_get(digest, "events"), *event;
	json_int_t n_more = json_integer_value(json_object_get(digest, "more"));
	size_t i;
	char *more;

	json_array_foreach((json_t *)events, i, event)
	{
		add_row(p, json_string_value(json_object_get(event, "time")),
			json_string_value(json_object_get(event, "summary")));
	}
	if (n_more == 0)
		return;
	more = mem_printf("and %" JSON_INTEGER_FORMAT " more", n_more);
	add_row(p, "", more);
	free(more);
}

static void add_phone_numbers(struct page *p, const json_t *numbers)
{
	for (size_t i = 0; i < json_array_size(numbers); i++)
		add_row(p, i == 0 ? "Phone numbers" : "",
			json_string_value(json_array_get(numbers, i)));
}

static void add_rows(struct page *p, const json_t *event)
{
	const json_t *data = json_object_get(event, "data");
	const json_t *device = json_object_get(data, "device");

	add_members(p, device, device_labels, COUNT(device_labels));
	add_phone_numbers(p, json_object_get(device, "phone_numbers"));
	add_members(p, data, data_labels, COUNT(data_labels));
	add_alert(p, json_object_get(data, "alert"));
	add_digest(p, json_object_get(data, "digest"));
	add_changes(p, json_object_get(data, "changes"));
	add_member(p, event, "type", "Event");
	add_member(p, event, "id", "Event's id");
}

static void make_page(struct page *p, const json_t *event)
{
	const char *summary = json_string_value(
		json_object_get(json_object_get(event, "data"), "summary"));
	char *line = one_line(summary);

	buf_init(&p->text, TEXT_BYTES);
	buf_init(&p->html, TEXT_BYTES);
	buf_printf(&p->text, "%s\r\n\r\n", line);
	buf_add_text(&p->html, "<html><body><p><b>");
	add_html(&p->html, line);
	buf_add_text(&p->html, "</b></p>\r\n<table>\r\n");
	add_rows(p, event);
	buf_add_text(&p->html, "</table></body></html>\r\n");
	free(line);
}

/* ---- the message ---- */

static void add_base64(struct buf *out, const struct buf *data)
{
	char line[BASE64_TEXT_BYTES(LINE_BYTES)];

	for (size_t at = 0; at < data->len; at += LINE_BYTES) {
		size_t left = data->len - at;

		base64_encode(line, data->data + at,
			      left < LINE_BYTES ? left : LINE_BYTES);
		buf_printf(out, "%s\r\n", line);
	}
}

static void add_part(struct buf *out, const char *boundary, const char *type,
		     const struct buf *data)
{
	buf_printf(out,
		   "--%s\r\nContent-Type: %s; charset=utf-8\r\n"
		   "Content-Transfer-Encoding: base64\r\n\r\n",
		   boundary, type);
	add_base64(out, data);
}

static bool is_ascii(const char *text)
{
	while (*text != '\0' && (unsigned char)*text < 128)
		text++;
	return *text == '\0';
}

/* RFC 2047 where it is more than ASCII: encoded words of whole characters. */
static void add_subject(struct buf *out, const char *summary)
{
	char *line = one_line(summary);
	char word[BASE64_TEXT_BYTES(WORD_BYTES)];
	size_t n;

	line[utf8_cut(line, SUBJECT_BYTES)] = '\0';
	buf_add_text(out, "Subject:");
	if (is_ascii(line))
		buf_printf(out, " %s", line);
	for (const char *at = line; !is_ascii(line) && *at != '\0'; at += n) {
		n = utf8_cut(at, WORD_BYTES);
		base64_encode(word, at, n);
		buf_printf(out, "%s=?utf-8?B?%s?=", at == line ? " " : "\r\n ", word);
	}
	buf_add_text(out, "\r\n");
	free(line);
}

static void add_to(struct buf *out, const struct mail_origin *from)
{
	for (size_t i = 0; i < from->n_to; i++)
		buf_printf(out, "%s%s", i == 0 ? "To: " : ",\r\n ", from->to[i]);
	buf_add_text(out, "\r\n");
}

/* In UTC: what it is here may be another when it is told again. */
static void add_date(struct buf *out, int64_t at_ms)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed",
					   "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t at_s = (time_t)(at_ms / 1000);
	struct tm tm;

	gmtime_r(&at_s, &tm);
	buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[tm.tm_wday],
		   tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
		   tm.tm_min, tm.tm_sec);
}

/* What the messages of one alert have in common, from its beginning to its end. */
static void add_references(struct buf *out, const json_t *alert, const char *host)
{
	const char *key = json_string_value(json_object_get(alert, "key"));
	const char *since = json_string_value(json_object_get(alert, "since"));

	if (key == NULL || since == NULL)
		return;
	buf_add_text(out, "References: <alert.");
	for (; *key != '\0'; key++)
		buf_printf(out, isalnum((unsigned char)*key) ? "%c" : "=%02X",
			   (unsigned char)*key);
	for (; *since != '\0'; since++)
		if (isdigit((unsigned char)*since))
			buf_add(out, since, 1);
	buf_printf(out, "@%s>\r\n", host);
}

static void add_headers(struct buf *out, const struct event *ev, const json_t *event,
			const struct mail_origin *from)
{
	const json_t *data = json_object_get(event, "data");
	const char *host = strchr(from->from, '@') + 1;

	buf_printf(out, "From: phonewatch <%s>\r\n", from->from);
	add_to(out, from);
	add_subject(out, json_string_value(json_object_get(data, "summary")));
	add_date(out, ev->at_ms);
	buf_printf(out, "Message-ID: <%s@%s>\r\n", ev->id, host);
	add_references(out, json_object_get(data, "alert"), host);
	buf_printf(out,
		   "Auto-Submitted: auto-generated\r\nX-Phonewatch-Event: %s\r\n"
		   "MIME-Version: 1.0\r\n",
		   event_type_name(ev->type));
}

int mail_format(struct buf *out, const struct event *ev, const struct mail_origin *from,
		enum event_personal personal)
{
	json_t *event = event_object(ev, personal);
	struct page page;
	char boundary[EVENT_ID_BYTES + 8];

	make_page(&page, event);
	snprintf(boundary, sizeof boundary, "=_%s", ev->id); /* no base64 has a "_" */
	add_headers(out, ev, event, from);
	buf_printf(out,
		   "Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n",
		   boundary);
	add_part(out, boundary, "text/plain", &page.text);
	add_part(out, boundary, "text/html", &page.html);
	buf_clear(&page.text);
	buf_clear(&page.html);
	json_decref(event);
	return buf_printf(out, "--%s--\r\n", boundary);
}
