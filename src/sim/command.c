#include "sim/command.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/vendor.h"
#include "sim/world.h"

#define WINDOW_DEFAULT_MS 60000
#define BOMB_DEFAULT_MIB  4096
#define BOMB_MAX_MIB      (1024 * 1024)

const char command_help[] =
	"  site NAME offline|online             all phones of a site\n"
	"  all offline|online                   all phones\n"
	"  device ID offline|online|remove\n"
	"  device ID status WORD|none           any word; none: its record has no status\n"
	"  device ID name \"New name\"\n"
	"  device ID site NAME|none\n"
	"  device ID location now|none|TIME     TIME as 2026-09-14T09:21:07Z\n"
	"  device add [at NAME]                 a new desk phone; the result tells its id\n"
	"  shuffle                              another order of the list\n"
	"  life 5%|off                          share of the devices that change each minute\n"
	"  token revoke                         every access token dies\n"
	"  token refuse CODE                    the token endpoint says OAU-153, OAU-251 ...\n"
	"  token accept                         ... and no longer does\n"
	"  limit GROUP=N[/SECONDS]              requests of a group within so long (60)\n"
	"  fault [on list|token|any] [page N] [times N|always] [after N requests] KIND\n"
	"      KIND is one of\n"
	"      status CODE [retry-after TEXT] [code ERRORCODE] [body FILE]\n"
	"      close                            close the connection without an answer\n"
	"      truncate N                       N bytes of the body, then close\n"
	"      cut N                            good HTTP, but only N bytes of the JSON\n"
	"      hang                             never answer\n"
	"      slow N                           N bytes a second\n"
	"      bomb [N]                         gzip of N MiB of blanks (4096)\n"
	"      garbage                          random bytes said to be gzip\n"
	"      html                             200 with a page for people\n"
	"      body FILE                        200 with this body\n"
	"      total N                          claim that there are N devices\n"
	"      huge                             an answer that does not end\n"
	"      Without other words: on list, any page, once, the next request.\n"
	"  faults clear\n";

/* ---- words ---- */

struct words {
	char *list[COMMAND_MAX_WORDS + 1]; /* NULL behind the last */
	size_t n;
	size_t at; /* the next one to be read */
};

static void clear_words(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
	*w = (struct words){0};
}

/* One word from *at on, which moves behind it. NULL: a quote stays open. */
static char *cut_word(const char **at, const char *end)
{
	char *word = mem_alloc((size_t)(end - *at) + 1);
	const char *c = *at;
	bool quoted = *c == '"';
	size_t n = 0;

	if (quoted)
		c++;
	while (c < end && (quoted ? *c != '"' : *c != ' ' && *c != '\t')) {
		if (quoted && *c == '\\' && c + 1 < end)
			c++;
		word[n++] = *c++;
	}
	word[n] = '\0';
	if (quoted && c == end) {
		free(word);
		return NULL;
	}
	*at = quoted ? c + 1 : c;
	return word;
}

static int split(struct words *w, const char *line, size_t len, struct err *err)
{
	const char *at = line, *end = line + len;

	for (;;) {
		while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
			at++;
		if (at == end || *at == '#')
			return 0;
		if (w->n == COMMAND_MAX_WORDS)
			return err_set(err, ERR_FORMAT, "too many words");
		w->list[w->n] = cut_word(&at, end);
		if (w->list[w->n] == NULL)
			return err_set(err, ERR_FORMAT, "a quote is not closed");
		w->n++;
	}
}

/* The next word, or NULL behind the last. */
static const char *next(struct words *w)
{
	return w->at < w->n ? w->list[w->at++] : NULL;
}

/* Read the next word if it is this one. */
static bool skip(struct words *w, const char *word)
{
	if (w->at == w->n || strcmp(w->list[w->at], word) != 0)
		return false;
	w->at++;
	return true;
}

/* What should stand where the next word does, or is missing. */
static int expected(const struct words *w, const char *what, struct err *err)
{
	if (w->at < w->n)
		return err_set(err, ERR_FORMAT, "expected %s, not \"%s\"", what,
			       w->list[w->at]);
	if (w->n > 0)
		return err_set(err, ERR_FORMAT, "expected %s after \"%s\"", what,
			       w->list[w->n - 1]);
	return err_set(err, ERR_FORMAT, "expected %s", what);
}

/* The next word as a whole number of min to max. */
static int next_number(struct words *w, uint64_t min, uint64_t max, uint64_t *out,
		       struct err *err)
{
	const char *word = next(w);
	unsigned long long number;
	char *end;

	errno = 0;
	number = word != NULL ? strtoull(word, &end, 10) : 0;
	if (word == NULL || word[0] < '0' || word[0] > '9' || *end != '\0' ||
	    errno != 0 || number < min || number > max)
		return err_set(err, ERR_FORMAT, "expected a number of %llu to %llu%s%s%s",
			       (unsigned long long)min, (unsigned long long)max,
			       word != NULL ? ", not \"" : "", word != NULL ? word : "",
			       word != NULL ? "\"" : "");
	*out = number;
	return 0;
}

/* The next word, copied. */
static int next_text(struct words *w, const char *what, char **out, struct err *err)
{
	const char *word = next(w);

	if (word == NULL)
		return expected(w, what, err);
	*out = mem_strdup(word);
	return 0;
}

/* ---- values ---- */

int command_parse_share(const char *text, double *share, struct err *err)
{
	char *end;
	double percent = strtod(text, &end);

	if (strcmp(text, "off") == 0 || strcmp(text, "0") == 0) {
		*share = 0;
		return 0;
	}
	if (text[0] < '0' || text[0] > '9' || strcmp(end, "%") != 0 || percent < 0 ||
	    percent > 1000)
		return err_set(err, ERR_FORMAT,
			       "expected a share as \"5%%\", or \"off\", not \"%s\"",
			       text);
	*share = percent / 100;
	return 0;
}

int command_parse_limit(const char *text, char **group, unsigned *max, int64_t *window_ms,
			struct err *err)
{
	const char *mark = strchr(text, '=');
	unsigned seconds = WINDOW_DEFAULT_MS / 1000;
	char rest = '\0';
	int n;

	if (mark == NULL || mark == text || mark - text >= VENDOR_GROUP_BYTES)
		return err_set(err, ERR_FORMAT, "expected GROUP=N[/SECONDS], not \"%s\"",
			       text);
	n = strchr(mark, '/') != NULL
		    ? sscanf(mark, "=%7u/%7u%c", max, &seconds, &rest) - 1
		    : sscanf(mark, "=%7u%c", max, &rest);
	if (n != 1 || seconds == 0 || seconds > COMMAND_SECONDS_MAX)
		return err_set(err, ERR_FORMAT, "expected GROUP=N[/SECONDS], not \"%s\"",
			       text);
	*group = mem_strndup(text, (size_t)(mark - text));
	*window_ms = seconds * INT64_C(1000);
	return 0;
}

/* A whole file, to be a body. */
static int next_file(struct words *w, struct server_body **out, struct err *err)
{
	const char *path = next(w);
	char block[65536];
	struct buf b;
	FILE *file;
	size_t n;

	if (path == NULL)
		return err_set(err, ERR_FORMAT, "expected a file");
	file = fopen(path, "rbe");
	if (file == NULL)
		return err_set(err, ERR_FORMAT, "%s: %s", path, strerror(errno));
	buf_init(&b, COMMAND_FILE_BYTES);
	while ((n = fread(block, 1, sizeof block, file)) > 0 &&
	       buf_add(&b, block, n) == 0)
		;
	if (ferror(file) || !feof(file)) {
		fclose(file);
		buf_clear(&b);
		return err_set(err, ERR_FORMAT, "%s: cannot be read, or is too large",
			       path);
	}
	fclose(file);
	*out = server_body_create(buf_text(&b), b.len);
	buf_clear(&b);
	return 0;
}

/* ---- commands; each is called behind its first word ---- */

/* offline|online as the vendor's word. */
static bool skip_state(struct words *w, struct command *c)
{
	if (skip(w, "offline"))
		c->text = mem_strdup("Offline");
	else if (skip(w, "online"))
		c->text = mem_strdup("Online");
	return c->text != NULL;
}

static int parse_site(struct command *c, struct words *w, struct err *err)
{
	c->kind = COMMAND_SITE_STATUS;
	if (next_text(w, "the name of a site", &c->subject, err) != 0)
		return ERR_FORMAT;
	return skip_state(w, c) ? 0 : expected(w, "offline or online", err);
}

static int parse_all(struct command *c, struct words *w, struct err *err)
{
	c->kind = COMMAND_ALL_STATUS;
	return skip_state(w, c) ? 0 : expected(w, "offline or online", err);
}

static int parse_location(struct command *c, struct words *w, struct err *err)
{
	const char *when = next(w);

	c->kind = COMMAND_DEVICE_LOCATION;
	c->when = COMMAND_AT_TIME;
	if (when != NULL && strcmp(when, "now") == 0)
		c->when = COMMAND_AT_NOW;
	else if (when != NULL && strcmp(when, "none") == 0)
		c->when = COMMAND_AT_NEVER;
	else if (when == NULL || clock_parse(when, &c->report_at_ms) != 0)
		return err_set(err, ERR_FORMAT,
			       "expected now, none, or a time as 2026-09-14T09:21:07Z");
	return 0;
}

static int parse_status(struct command *c, struct words *w, struct err *err)
{
	c->kind = COMMAND_DEVICE_STATUS;
	if (next_text(w, "a word or none", &c->text, err) != 0)
		return ERR_FORMAT;
	if (strcmp(c->text, "none") == 0)
		c->text[0] = '\0';
	if (strlen(c->text) >= WORLD_STATUS_BYTES)
		return err_set(err, ERR_FORMAT, "a status has at most %d bytes",
			       WORLD_STATUS_BYTES - 1);
	return 0;
}

static int parse_device_site(struct command *c, struct words *w, struct err *err)
{
	c->kind = COMMAND_DEVICE_SITE;
	if (skip(w, "none"))
		return 0;
	return next_text(w, "the name of a site", &c->text, err);
}

static int parse_device_add(struct command *c, struct words *w, struct err *err)
{
	c->kind = COMMAND_DEVICE_ADD;
	return skip(w, "at") ? next_text(w, "the name of a site", &c->text, err) : 0;
}

static int parse_device(struct command *c, struct words *w, struct err *err)
{
	if (skip(w, "add"))
		return parse_device_add(c, w, err);
	if (next_text(w, "a device's id", &c->subject, err) != 0)
		return ERR_FORMAT;
	c->kind = COMMAND_DEVICE_STATUS;
	if (skip_state(w, c))
		return 0;
	if (skip(w, "status"))
		return parse_status(c, w, err);
	if (skip(w, "location"))
		return parse_location(c, w, err);
	if (skip(w, "site"))
		return parse_device_site(c, w, err);
	c->kind = COMMAND_DEVICE_NAME;
	if (skip(w, "name"))
		return next_text(w, "a name", &c->text, err);
	c->kind = COMMAND_DEVICE_REMOVE;
	if (skip(w, "remove"))
		return 0;
	return expected(w, "offline, online, remove, status, name, site or location",
			err);
}

static int parse_shuffle(struct command *c, struct words *w, struct err *err)
{
	(void)w;
	(void)err;
	c->kind = COMMAND_SHUFFLE;
	return 0;
}

static int parse_life(struct command *c, struct words *w, struct err *err)
{
	const char *share = next(w);

	c->kind = COMMAND_LIFE;
	return command_parse_share(share != NULL ? share : "", &c->share, err);
}

static int parse_token(struct command *c, struct words *w, struct err *err)
{
	c->kind = COMMAND_TOKEN_REVOKE;
	if (skip(w, "revoke"))
		return 0;
	c->kind = COMMAND_TOKEN_REFUSE;
	if (skip(w, "accept"))
		return 0;
	if (skip(w, "refuse"))
		return next_text(w, "a code as OAU-153", &c->text, err);
	return expected(w, "revoke, refuse or accept", err);
}

static int parse_limit(struct command *c, struct words *w, struct err *err)
{
	const char *limit = next(w);

	c->kind = COMMAND_LIMIT;
	return command_parse_limit(limit != NULL ? limit : "", &c->subject, &c->max,
				   &c->window_ms, err);
}

static int parse_faults(struct command *c, struct words *w, struct err *err)
{
	c->kind = COMMAND_FAULTS_CLEAR;
	return skip(w, "clear") ? 0 : expected(w, "clear", err);
}

/* ---- faults ---- */

static int fault_text(struct words *w, const char *what, char out[FAULT_TEXT_BYTES],
		      struct err *err)
{
	const char *word = next(w);

	if (word == NULL || strlen(word) >= FAULT_TEXT_BYTES ||
	    strpbrk(word, "\r\n") != NULL)
		return err_set(err, ERR_FORMAT, "expected %s", what);
	strcpy(out, word);
	return 0;
}

static int parse_fault_status(struct fault *f, struct words *w, struct err *err)
{
	int rc = next_number(w, 200, 599, &f->number, err);

	while (rc == 0 && w->at < w->n) {
		if (skip(w, "retry-after"))
			rc = fault_text(w, "the text of Retry-After", f->retry_after,
					err);
		else if (skip(w, "code"))
			rc = fault_text(w, "an error code", f->code, err);
		else if (f->body == NULL && skip(w, "body"))
			rc = next_file(w, &f->body, err);
		else
			return expected(w, "retry-after, code or body", err);
	}
	return rc;
}

static int parse_fault_kind(struct fault *f, struct words *w, struct err *err)
{
	f->kind = 0;
	while (f->kind < FAULT_N_KINDS && !skip(w, fault_kind_name(f->kind)))
		f->kind++;
	switch (f->kind) {
	case FAULT_STATUS:
		return parse_fault_status(f, w, err);
	case FAULT_TRUNCATE:
	case FAULT_CUT:
	case FAULT_TOTAL:
		return next_number(w, 0, INT64_MAX, &f->number, err);
	case FAULT_SLOW:
		return next_number(w, 1, 1000000000, &f->number, err);
	case FAULT_BOMB:
		f->number = BOMB_DEFAULT_MIB;
		return w->at < w->n ? next_number(w, 1, BOMB_MAX_MIB, &f->number, err)
				    : 0;
	case FAULT_BODY:
		return next_file(w, &f->body, err);
	case FAULT_N_KINDS:
		return expected(w,
				"a kind of fault (status, close, truncate, cut, hang, "
				"slow, bomb, garbage, html, body, total or huge)",
				err);
	default:
		return 0;
	}
}

static int parse_fault_target(struct fault *f, struct words *w, struct err *err)
{
	if (skip(w, "list"))
		f->on = FAULT_ON_LIST;
	else if (skip(w, "token"))
		f->on = FAULT_ON_TOKEN;
	else if (skip(w, "any"))
		f->on = FAULT_ON_ANY;
	else
		return expected(w, "list, token or any", err);
	return 0;
}

static int parse_fault(struct command *c, struct words *w, struct err *err)
{
	struct fault *f = &c->fault;
	uint64_t page = 0;
	int rc = 0;

	c->kind = COMMAND_FAULT;
	f->times = 1;
	while (rc == 0) {
		if (skip(w, "on")) {
			rc = parse_fault_target(f, w, err);
		} else if (skip(w, "page")) {
			rc = next_number(w, 1, UINT32_MAX, &page, err);
			f->page = (unsigned)page;
		} else if (skip(w, "times")) {
			rc = next_number(w, 1, INT64_MAX, &f->times, err);
		} else if (skip(w, "always")) {
			f->times = FAULT_ALWAYS;
		} else if (skip(w, "after")) {
			rc = next_number(w, 0, INT64_MAX, &f->after, err);
			if (rc == 0 && !skip(w, "requests") && !skip(w, "request"))
				rc = expected(w, "requests", err);
		} else {
			return parse_fault_kind(f, w, err);
		}
	}
	return rc;
}

/* ---- lines ---- */

static const struct {
	const char *word;
	int (*parse)(struct command *c, struct words *w, struct err *err);
} verbs[] = {
	{"site", parse_site},       {"all", parse_all},     {"device", parse_device},
	{"shuffle", parse_shuffle}, {"life", parse_life},   {"token", parse_token},
	{"limit", parse_limit},     {"fault", parse_fault}, {"faults", parse_faults},
};

static int parse_words(struct command *c, struct words *w, struct err *err)
{
	const char *verb;
	int rc = 0;

	if (skip(w, "at")) {
		if (w->at == w->n || clock_parse_duration(w->list[w->at], &c->at_ms) != 0)
			return expected(w, "a duration as 30s", err);
		w->at++;
	}
	verb = next(w);
	if (verb == NULL)
		return w->n > 0 ? expected(w, "a command", err) : 0;
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(verbs[i].word, verb) != 0)
			continue;
		rc = verbs[i].parse(c, w, err);
		if (rc == 0 && w->at < w->n)
			rc = err_set(err, ERR_FORMAT, "nothing is expected after \"%s\"",
				     w->list[w->at - 1]);
		return rc;
	}
	return err_set(err, ERR_FORMAT,
		       "no command \"%s\"; there are site, all, device, shuffle, life, "
		       "token, limit, fault and faults",
		       verb);
}

int command_parse(struct command *into, const char *line, size_t len, struct err *err)
{
	struct words words = {0};
	int rc;

	*into = (struct command){0};
	rc = split(&words, line, len, err);
	if (rc == 0)
		rc = parse_words(into, &words, err);
	if (rc != 0)
		command_clear(into);
	clear_words(&words);
	return rc;
}

void command_clear(struct command *c)
{
	free(c->subject);
	free(c->text);
	fault_clear(&c->fault);
	*c = (struct command){0};
}
