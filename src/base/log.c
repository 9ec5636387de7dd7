#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

#define LINE_BYTES  2048
#define REMIND_MS   (3600 * 1000)
#define TIME_OFFSET 25

static enum log_level max_level = LOG_LEVEL_INFO;

static const struct {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", 3},
	[LOG_LEVEL_WARNING] = {"warning", 4},
	[LOG_LEVEL_INFO] = {"info", 6},
	[LOG_LEVEL_DEBUG] = {"debug", 7},
};

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_escape(char *out, size_t size, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = 0;

	while (*p != '\0') {
		size_t len = utf8_printable(p);

		if (len > 0) {
			if (n + len >= size)
				break;
			memcpy(out + n, p, len);
			n += len;
			p += len;
		} else {
			if (n + 4 >= size)
				break;
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", *p);
			p++;
		}
	}
	out[n] = '\0';
}

/* Whether stderr leads to the journal: $JOURNAL_STREAM is "DEVICE:INODE" of what the service
 * manager gave us as such (systemd.exec(5)). It is inherited, too, by who has been given another
 * stderr since. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat st;

	return stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
	       st.st_ino == inode;
}

/* One write(2) a line, so that lines of several processes do not mix. */
static void write_line(enum log_level level, const char *text)
{
	char line[LINE_BYTES + TIME_OFFSET + 16];
	char now[CLOCK_TEXT_BYTES];
	int len;

	if (is_journal()) {
		len = snprintf(line, sizeof line, "<%d>%s\n", levels[level].priority,
			       text);
	} else {
		clock_format(now, clock_utc_ms());
		len = snprintf(line, sizeof line, "%s %s: %s\n", now, levels[level].name,
			       text);
	}
	if (write(STDERR_FILENO, line, (size_t)len) < 0)
		return; /* nobody is left to tell */
}

static void log_line(enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE_BYTES], safe[LINE_BYTES];

	if (level > max_level)
		return;
	vsnprintf(text, sizeof text, fmt, ap);
	log_escape(safe, sizeof safe, text);
	write_line(level, safe);
}

#define DEFINE_LOG(name, level)           \
	void name(const char *fmt, ...)   \
	{                                 \
		va_list ap;               \
                                          \
		va_start(ap, fmt);        \
		log_line(level, fmt, ap); \
		va_end(ap);               \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warning, LOG_LEVEL_WARNING)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

bool lasting_failed(struct lasting *l, int64_t now_ms)
{
	if (l->n++ == 0)
		l->since_ms = now_ms;
	else if (now_ms - l->logged_ms < REMIND_MS)
		return false;
	l->logged_ms = now_ms;
	return true;
}

void lasting_tell_again(struct lasting *l)
{
	l->logged_ms = INT64_MIN / 2;
}

bool lasting_ended(struct lasting *l, struct lasting *was)
{
	*was = *l;
	*l = (struct lasting){0};
	return was->n > 0;
}
