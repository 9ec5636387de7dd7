#include "sim/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/server.h"

#define LIST_TEXT_BYTES 512

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* One word from *at on, which moves behind it. NULL: a quote stays open. */
static char *cut_word(const char **at, const char *end)
{
	char *word = mem_alloc((size_t)(end - *at) + 1);
	const char *c = *at;
	char quote = *c == '"' || *c == '\'' ? *c : '\0';
	size_t n = 0;

	if (quote != '\0')
		c++;
	while (c < end && (quote != '\0' ? *c != quote : !is_blank(*c))) {
		if (quote == '"' && *c == '\\' && c + 1 < end)
			c++;
		word[n++] = *c++;
	}
	word[n] = '\0';
	if (quote != '\0' && c == end) {
		free(word);
		return NULL;
	}
	*at = quote != '\0' ? c + 1 : c;
	return word;
}

static void add(struct words *w, char *word)
{
	w->list = mem_grow(w->list, w->n, &w->cap, sizeof(char *));
	w->list[w->n++] = word;
}

int words_split(struct words *w, const char *line, size_t len, struct err *err)
{
	const char *at = line, *end = line + len;
	char *word;

	*w = (struct words){0};
	for (;;) {
		while (at < end && is_blank(*at))
			at++;
		if (at == end || *at == '#')
			return 0;
		word = cut_word(&at, end);
		if (word == NULL)
			return err_set(err, ERR_FORMAT, "a quote is not closed");
		add(w, word);
	}
}

void words_clear(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
	*w = (struct words){0};
}

void words_add(struct words *w, const char *word)
{
	add(w, mem_strdup(word));
}

void words_take_rest(struct words *into, struct words *from)
{
	*into = (struct words){0};
	while (from->at < from->n)
		words_add(into, from->list[from->at++]);
}

const char *words_next(struct words *w)
{
	return w->at < w->n ? w->list[w->at++] : NULL;
}

bool words_skip(struct words *w, const char *word)
{
	if (w->at == w->n || strcmp(w->list[w->at], word) != 0)
		return false;
	w->at++;
	return true;
}

int words_expected(const struct words *w, const char *what, struct err *err)
{
	if (w->at < w->n)
		return err_set(err, ERR_FORMAT, "expected %s, not \"%s\"", what,
			       w->list[w->at]);
	if (w->n > 0)
		return err_set(err, ERR_FORMAT, "expected %s after \"%s\"", what,
			       w->list[w->n - 1]);
	return err_set(err, ERR_FORMAT, "expected %s", what);
}

void words_name(char *what, size_t size, size_t i, size_t n, const char *name)
{
	size_t len = strlen(what);

	snprintf(what + len, size - len, "%s%s",
		 i == 0      ? ""
		 : i + 1 < n ? ", "
			     : " or ",
		 name);
}

/* ---- what may stand in a word; one that is read is behind w->at, one that is wrong is not ---- */

int words_next_text(struct words *w, const char *what, char **out, struct err *err)
{
	if (w->at == w->n)
		return words_expected(w, what, err);
	free(*out);
	*out = mem_strdup(words_next(w));
	return 0;
}

static bool read_number(const char *word, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(word, &end, 10);
	if (word[0] < '0' || word[0] > '9' || *end != '\0' || errno != 0 ||
	    number < min || number > max)
		return false;
	*out = number;
	return true;
}

int words_next_number(struct words *w, uint64_t min, uint64_t max, uint64_t *out,
		      struct err *err)
{
	char what[80];

	if (w->at < w->n && read_number(w->list[w->at], min, max, out)) {
		w->at++;
		return 0;
	}
	snprintf(what, sizeof what, "a number of %llu to %llu", (unsigned long long)min,
		 (unsigned long long)max);
	return words_expected(w, what, err);
}

int words_next_duration(struct words *w, int64_t *ms, struct err *err)
{
	if (w->at == w->n || clock_parse_duration(w->list[w->at], ms) != 0)
		return words_expected(w, "a duration as 30s", err);
	w->at++;
	return 0;
}

int words_next_share(struct words *w, double *share, struct err *err)
{
	const char *word = w->at < w->n ? w->list[w->at] : "";
	char *end;
	double percent = strtod(word, &end);

	if (strcmp(word, "off") == 0 || strcmp(word, "0") == 0)
		percent = 0;
	else if (word[0] < '0' || word[0] > '9' || strcmp(end, "%") != 0 || percent < 0 ||
		 percent > 1000)
		return words_expected(w, "a share as 5%, or off", err);
	w->at++;
	*share = percent / 100;
	return 0;
}

int words_next_of(struct words *w, const char *const *list, unsigned *out,
		  struct err *err)
{
	char what[LIST_TEXT_BYTES] = "";
	size_t n = 0;

	for (; list[n] != NULL; n++)
		if (words_skip(w, list[n])) {
			*out = (unsigned)n;
			return 0;
		}
	for (size_t i = 0; i < n; i++)
		words_name(what, sizeof what, i, n, list[i]);
	return words_expected(w, what, err);
}

int words_next_file(struct words *w, struct server_body **out, struct err *err)
{
	const char *path = words_next(w);
	char block[65536];
	struct buf b;
	FILE *file;
	size_t n;

	if (path == NULL)
		return words_expected(w, "a file", err);
	file = fopen(path, "rbe");
	if (file == NULL)
		return err_set(err, ERR_FORMAT, "%s: %s", path, strerror(errno));
	buf_init(&b, WORDS_FILE_BYTES);
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
	server_body_drop(*out);
	*out = server_body_create(buf_text(&b), b.len);
	buf_clear(&b);
	return 0;
}
