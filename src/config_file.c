#include "config_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "config_keys.h"

#define PROBLEM_MAX_BYTES 4096

/* Put behind every file: it is missing from what was parsed where a comment was left open,
 * which libconfig forgives. */
#define END_NAME "phonewatch-end-of-file"

/* ---- reading ---- */

static int open_regular(const char *path, int *fd, struct err *err)
{
	struct stat st;
	/* O_NONBLOCK: opening a FIFO must not wait for its writer. */
	int f = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (f < 0)
		return err_set(err, ERR_CONFIG, "cannot read it: %s", strerror(errno));
	if (fstat(f, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(f);
		return err_set(err, ERR_CONFIG, "not a regular file");
	}
	*fd = f;
	return 0;
}

static int read_text(const char *path, struct buf *text, struct err *err)
{
	char part[4096];
	ssize_t n;
	int fd = -1, rc = open_regular(path, &fd, err);

	if (rc != 0)
		return rc;
	while (rc == 0) {
		n = read(fd, part, sizeof part);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			rc = err_set(err, ERR_CONFIG, "cannot read it: %s",
				     strerror(errno));
		if (n <= 0)
			break;
		if (buf_add(text, part, (size_t)n) != 0)
			rc = err_set(
				err, ERR_CONFIG,
				"larger than %u KiB; divide it by include = \"FOLDER\"",
				CONFIG_MAX_BYTES >> 10);
	}
	close(fd);
	return rc;
}

static unsigned line_of(const char *text, const char *at)
{
	unsigned line = 1;

	for (; text < at; text++)
		line += *text == '\n';
	return line;
}

/* A line that begins like libconfig's directive. That it may stand within a comment of several
 * lines, where it would do nothing, is not worth a parser of our own. */
static const char *find_directive(const char *text)
{
	const char *line = text, *p;

	while (line != NULL) {
		p = line + strspn(line, " \t");
		if (strncmp(p, "@include", strlen("@include")) == 0)
			return p;
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return NULL;
}

static const char *explain(const char *libconfigs)
{
	static const struct {
		const char *libconfigs, *ours;
	} texts[] = {
		{"syntax error",
		 "syntax error; look for a missing quote, bracket or brace, "
		 "here or before"},
		{"duplicate setting name",
		 "this name stands in this section already; keep one"},
		{"mismatched element type in array",
		 "the elements of [...] must be of one type"},
		{"memory exhausted", "nested too deeply"},
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		if (strcmp(libconfigs, texts[i].libconfigs) == 0)
			return texts[i].ours;
	}
	return libconfigs;
}

static bool is_name(const char *word, size_t len)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*";

	if (len == 0 || strchr(letters, word[0]) == NULL)
		return false;
	for (size_t i = 0; i < len; i++)
		if (strchr(letters, word[i]) == NULL &&
		    strchr("0123456789-_", word[i]) == NULL)
			return false;
	return true;
}

static const char *line_at(const char *text, unsigned line)
{
	while (--line > 0 && (text = strchr(text, '\n')) != NULL)
		text++;
	return text != NULL ? text : "";
}

/* What stands before ":" or "=" on this line, where that is no name: "acme" in quotes, 4711,
 * acme.com. Returns its length, 0 where there is none. */
static size_t find_no_name(const char *line, const char **word)
{
	size_t len = 0;

	while (*line != '\0' && *line != '\n' && *line != '#') {
		size_t n = strcspn(line, "\"\n \t:=;,#{}[]()");

		if (*line == '"') {
			n = 1 + strcspn(line + 1, "\"\n");
			n += line[n] == '"';
		}
		if (n > 0) {
			*word = line;
			len = n;
			line += n;
			continue;
		}
		if (strchr(":=", *line) != NULL && len > 0 && !is_name(*word, len))
			return len;
		if (strchr(" \t", *line) == NULL)
			len = 0;
		line++;
	}
	return 0;
}

/* What people write who know JSON has an answer of its own. */
static void explain_syntax(const char *line, const char *libconfigs, struct err *err)
{
	const char *word = NULL;
	size_t len = find_no_name(line, &word);

	if (len > 0)
		err_set(err, ERR_CONFIG,
			"%.*s: not a name; a name has no quotes, begins with a letter, and"
			" is of letters, digits, - and _",
			len < 64 ? (int)len : 64, word);
	else
		err_set(err, ERR_CONFIG, "%s", explain(libconfigs));
}

/* text gets the mark of the end. */
static int parse_text(struct config_file *f, struct buf *text, struct err *err)
{
	const char *bad = find_directive(buf_text(text));
	unsigned last = line_of(buf_text(text), buf_text(text) + text->len);

	if (bad != NULL) {
		f->bad_line = line_of(text->data, bad);
		return err_set(err, ERR_CONFIG,
			       "@include is not supported; write include = \"FOLDER\"");
	}
	text->cap += sizeof END_NAME + 8; /* room that is not the file's */
	buf_add_text(text, "\n" END_NAME " = 1");
	if (!config_read_string(&f->parsed, text->data)) {
		unsigned line = (unsigned)config_error_line(&f->parsed);

		f->bad_line = line < last ? line : last;
		explain_syntax(line_at(text->data, f->bad_line),
			       config_error_text(&f->parsed), err);
		return err->code;
	}
	if (!config_setting_remove(f->parsed.root, END_NAME)) {
		f->bad_line = last;
		return err_set(err, ERR_CONFIG,
			       "a comment is left open; close it with */");
	}
	return 0;
}

static int parse(struct config_file *f, struct buf *text, struct err *err)
{
	int rc = parse_text(f, text, err);

	if (rc != 0) { /* half a file would look like further mistakes */
		config_destroy(&f->parsed);
		config_init(&f->parsed);
	}
	return rc;
}

static struct config_file *create(const char *path)
{
	struct config_file *f = mem_zalloc(sizeof *f);

	f->path = mem_strdup(path);
	config_init(&f->parsed);
	return f;
}

int config_file_read(const char *path, struct config_file **file, struct err *err)
{
	struct config_file *f = create(path);
	struct buf text;
	const char *nul;
	int rc;

	buf_init(&text, CONFIG_MAX_BYTES);
	rc = read_text(path, &text, err);
	nul = text.len > 0 ? memchr(text.data, '\0', text.len) : NULL;
	if (rc == 0 && nul != NULL) {
		f->bad_line = line_of(text.data, nul);
		rc = err_set(err, ERR_CONFIG, "not text: it holds a NUL");
	}
	if (rc == 0)
		rc = parse(f, &text, err);
	buf_clear(&text);
	*file = f;
	return rc;
}

int config_file_read_text(const char *name, const char *text, struct config_file **file,
			  struct err *err)
{
	struct config_file *f = create(name);
	struct buf copy;
	int rc;

	buf_init(&copy, CONFIG_MAX_BYTES);
	rc = buf_add_text(&copy, text);
	assert(rc == 0); /* our own texts are small */
	rc = parse(f, &copy, err);
	buf_clear(&copy);
	*file = f;
	return rc;
}

void config_file_destroy(struct config_file *f)
{
	if (f == NULL)
		return;
	config_destroy(&f->parsed);
	free(f->path);
	free(f);
}

char *config_file_beside(const char *path, const char *relative)
{
	const char *slash = strrchr(path, '/');

	if (relative[0] == '/' || slash == NULL)
		return mem_strdup(relative);
	return mem_printf("%.*s/%s", (int)(slash - path), path, relative);
}

/* Here and not in config.c: the command line program links nothing of what that one needs. */
int config_database_path(const char *path, char **database, struct err *err)
{
	const char *text = CONFIG_DATABASE;
	const config_setting_t *s;
	struct config_file *f;
	int rc = config_file_read(path, &f, err);

	if (rc == 0) {
		s = config_setting_get_member(f->parsed.root, "database");
		if (s != NULL &&
		    (s->type != CONFIG_TYPE_STRING || s->value.sval[0] == '\0'))
			rc = err_set(err, ERR_CONFIG,
				     "database: expected a path in quotes");
		else if (s != NULL)
			text = s->value.sval;
	}
	if (rc == 0)
		*database = config_file_beside(path, text);
	else if (f->bad_line > 0)
		err_wrap(err, "%s:%u", path, f->bad_line);
	else
		err_wrap(err, "%s", path);
	config_file_destroy(f);
	return rc;
}

/* ---- mistakes ---- */

/* "accounts.acme.interval", "sinks.ops.events[2]". */
static void add_path(struct buf *out, const config_setting_t *s)
{
	if (s->parent == NULL)
		return;
	add_path(out, s->parent);
	if (s->name == NULL)
		buf_printf(out, "[%d]", config_setting_index(s));
	else
		buf_printf(out, "%s%s", out->len > 0 ? "." : "", s->name);
}

/* In order of file and line; what is found later on a line stands behind. */
static void insert(struct config_report *r, struct config_problem p)
{
	size_t i;

	r->problems = mem_grow(r->problems, r->n_problems, &r->cap, sizeof *r->problems);
	for (i = r->n_problems++; i > 0; i--) {
		const struct config_problem *before = &r->problems[i - 1];

		if (before->file < p.file ||
		    (before->file == p.file && before->line <= p.line))
			break;
		r->problems[i] = *before;
	}
	r->problems[i] = p;
}

static char *escape(const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *safe = mem_alloc(size);

	log_escape(safe, size, text);
	return safe;
}

void config_file_problem(struct config_report *report, const struct config_file *file,
			 const config_setting_t *at, const char *key, const char *fmt,
			 ...)
{
	struct config_problem p = {.file = file->order,
				   .line = at != NULL ? at->line : file->bad_line};
	struct buf path, line;
	char text[PROBLEM_MAX_BYTES];
	va_list ap;

	buf_init(&path, PROBLEM_MAX_BYTES);
	if (at != NULL)
		add_path(&path, at);
	if (key != NULL)
		buf_printf(&path, "%s%s", path.len > 0 ? "." : "", key);

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	buf_init(&line, SIZE_MAX);
	buf_add_text(&line, file->path);
	if (p.line > 0)
		buf_printf(&line, ":%u", p.line);
	buf_printf(&line, ": %s%s%s", buf_text(&path), path.len > 0 ? ": " : "", text);
	p.text = escape(line.data);
	insert(report, p);
	buf_clear(&line);
	buf_clear(&path);
}

void config_report_print(const struct config_report *report, FILE *out)
{
	for (size_t i = 0; i < report->n_problems; i++)
		fprintf(out, "%s\n", report->problems[i].text);
}

void config_report_log(const struct config_report *report)
{
	for (size_t i = 0; i < report->n_problems; i++)
		log_error("%s", report->problems[i].text);
}

void config_report_clear(struct config_report *report)
{
	for (size_t i = 0; i < report->n_problems; i++)
		free(report->problems[i].text);
	free(report->problems);
	*report = (struct config_report){0};
}
