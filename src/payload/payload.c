#include "payload/payload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/own.h"

#define PRELUDE "prelude"

const char *const payload_formats[] = {"slack",        "teams", "discord", "pagerduty",
				       "alertmanager", "jira",  NULL};

bool payload_is_format(const char *name)
{
	for (size_t i = 0; payload_formats[i] != NULL; i++) {
		if (strcmp(payload_formats[i], name) == 0)
			return true;
	}
	return false;
}

bool payload_needs_secret(const char *name)
{
	return strcmp(name, "pagerduty") == 0;
}

/* ---- where things are ---- */

char *payload_path(const char *name)
{
	char *file = mem_printf("payloads/%s.jq", name);
	char *path = own_path(file, PKGDATADIR);

	free(file);
	return path;
}

char *payload_command(void)
{
	return own_path("phonewatch-jq", PKGLIBEXECDIR);
}

/* ---- reading ---- */

static int read_text(const char *path, struct buf *into, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	char piece[4096];
	ssize_t n = -1;

	if (fd < 0)
		return err_set(err, ERR_CONFIG, "cannot read %s: %s", path,
			       strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err_set(err, ERR_CONFIG, "%s is not a regular file", path);
		goto fail;
	}
	while ((n = read(fd, piece, sizeof piece)) > 0) {
		if (buf_add(into, piece, (size_t)n) == 0)
			continue;
		err_set(err, ERR_CONFIG, "%s is larger than %u KiB", path,
			PAYLOAD_PROGRAM_MAX_BYTES >> 10);
		goto fail;
	}
	if (n < 0) {
		err_set(err, ERR_CONFIG, "cannot read %s: %s", path, strerror(errno));
		goto fail;
	}
	close(fd);
	return 0;

fail:
	close(fd);
	return ERR_CONFIG;
}

/* A text without its lines that are comments, on one line. */
static void add_joined(struct buf *out, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		size_t blank = strspn(text, " \t");

		if (text[blank] != '#') {
			buf_add(out, text, len);
			buf_add_text(out, " ");
		}
		text += len + (text[len] == '\n');
	}
}

int payload_read(const char *path, char **program, struct err *err)
{
	struct buf text, whole;
	char *prelude = payload_path(PRELUDE);
	int rc;

	buf_init(&text, PAYLOAD_PROGRAM_MAX_BYTES);
	buf_init(&whole, 3 * PAYLOAD_PROGRAM_MAX_BYTES);
	rc = read_text(prelude, &text, err);
	if (rc == 0) {
		add_joined(&whole, buf_text(&text));
		buf_clear(&text);
		rc = read_text(path, &text, err);
	}
	if (rc == 0 && strlen(buf_text(&text)) < text.len)
		rc = err_set(err, ERR_CONFIG, "%s is no text", path);
	if (rc == 0) {
		buf_add_text(&whole, buf_text(&text));
		*program = mem_strdup(buf_text(&whole));
	}
	buf_clear(&whole);
	buf_clear(&text);
	free(prelude);
	return rc;
}
