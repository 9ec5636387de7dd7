#include "sink/syslog_format.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "sink/facts.h"

#define FACILITY_DAEMON 3
#define APP_NAME        "phonewatchd"
#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define ESCAPED_MAX     4 /* bytes that log_escape makes of one */

struct syslog_origin syslog_origin_here(char host[SYSLOG_HOST_BYTES])
{
	if (gethostname(host, SYSLOG_HOST_BYTES - 1) != 0)
		host[0] = '\0';
	host[SYSLOG_HOST_BYTES - 1] = '\0';
	return (struct syslog_origin){.host = host, .pid = (int)getpid()};
}

/* The facts always fit: of a smallest message of 2,048 bytes the header takes 150, what is ours
 * 250, and the six texts that are not ours 6 * 128, doubled where each character is escaped. */

static int pri(const struct event *ev)
{
	return FACILITY_DAEMON * 8 + facts_priority(ev);
}

/* ESCAPED is the set of characters that get a backslash. */
static void add_escaped(struct buf *out, const char *text, const char *escaped)
{
	for (; *text != '\0'; text++) {
		if (strchr(escaped, *text) != NULL)
			buf_add(out, "\\", 1);
		buf_add(out, text, 1);
	}
}

/* The event's summary, safe and at most max bytes. */
static char *safe_summary(const struct event *ev, size_t max)
{
	char *summary = event_summary(ev);
	size_t size = strlen(summary) * ESCAPED_MAX + 1;
	char *safe = mem_alloc(size);

	log_escape(safe, size, summary);
	free(summary);
	safe[utf8_cut(safe, max)] = '\0';
	return safe;
}

static bool is_ascii(const char *text)
{
	while (*text != '\0') {
		if ((unsigned char)*text++ >= 0x80)
			return false;
	}
	return true;
}

static void add_structured_data(struct buf *out, const struct facts *f)
{
	char safe[SYSLOG_FACT_BYTES + 1];

	buf_add_text(out, "[phonewatch@32473");
	for (size_t i = 0; i < f->n; i++) {
		log_escape(safe, sizeof safe, f->list[i].text);
		buf_printf(out, " %s=\"", f->list[i].key);
		add_escaped(out, safe, "\"\\]");
		buf_add_text(out, "\"");
	}
	buf_add_text(out, "]");
}

void syslog_format(struct buf *out, const struct event *ev,
		   const struct syslog_origin *from, size_t max)
{
	char at[CLOCK_TEXT_BYTES], *summary;
	struct facts f;

	facts_of(&f, ev);
	clock_format(at, ev->at_ms);
	buf_clear(out);
	buf_printf(out, "<%d>1 %s %s " APP_NAME " - %s ", pri(ev), at,
		   from->host[0] != '\0' ? from->host : "-", event_type_name(ev->type));
	add_structured_data(out, &f);
	buf_add_text(out, " ");
	summary = safe_summary(ev, max - out->len);
	if (!is_ascii(summary)) {
		summary[utf8_cut(summary, max - out->len - strlen(BYTE_ORDER_MARK))] =
			'\0';
		buf_add_text(out, BYTE_ORDER_MARK);
	}
	buf_add_text(out, summary);
	free(summary);
}

static bool needs_quotes(const char *text)
{
	if (*text == '\0')
		return true;
	for (; *text != '\0'; text++) {
		if (!isalnum((unsigned char)*text) && strchr(".:_/+@-", *text) == NULL)
			return true;
	}
	return false;
}

static void add_pairs(struct buf *out, const struct facts *f)
{
	char safe[SYSLOG_FACT_BYTES + 1];

	for (size_t i = 0; i < f->n; i++) {
		bool quoted;

		log_escape(safe, sizeof safe, f->list[i].text);
		quoted = needs_quotes(safe);
		buf_printf(out, " %s=%s", f->list[i].key, quoted ? "\"" : "");
		add_escaped(out, safe, "\"\\");
		buf_add_text(out, quoted ? "\"" : "");
	}
}

static void add_local_time(struct buf *out, int64_t at_ms)
{
	static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t t = (time_t)(at_ms / 1000);
	struct tm tm;

	localtime_r(&t, &tm);
	buf_printf(out, "%s %2d %02d:%02d:%02d", months[tm.tm_mon], tm.tm_mday,
		   tm.tm_hour, tm.tm_min, tm.tm_sec);
}

void syslog_format_local(struct buf *out, const struct event *ev,
			 const struct syslog_origin *from, size_t max)
{
	struct facts f;
	struct buf pairs;
	char *summary;

	facts_of(&f, ev);
	buf_init(&pairs, max);
	add_pairs(&pairs, &f);
	buf_clear(out);
	buf_printf(out, "<%d>", pri(ev));
	add_local_time(out, ev->at_ms);
	buf_printf(out, " " APP_NAME "[%d]: ", from->pid);
	summary = safe_summary(ev, max - out->len - pairs.len);
	buf_add_text(out, summary);
	buf_add(out, pairs.data, pairs.len);
	free(summary);
	buf_clear(&pairs);
}
