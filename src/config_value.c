#include "config_value.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "config_value_inside.h"

#define DAYS_OF_A_YEAR 365
#define DAY_MS         INT64_C(86400000)
#define PROBLEM_BYTES  8192 /* a path and what is wrong with it */

void *config_value_place(void *base, const struct config_key *key)
{
	return (char *)base + key->at;
}

size_t *config_value_count(void *base, const struct config_key *key)
{
	return (size_t *)(void *)((char *)base + key->n_at);
}

const void *config_value_const_place(const void *base, const struct config_key *key)
{
	return (const char *)base + key->at;
}

size_t config_value_const_count(const void *base, const struct config_key *key)
{
	return *(const size_t *)(const void *)((const char *)base + key->n_at);
}

int config_refuse(const struct config_reading *r, const config_setting_t *s,
		  const char *fmt, ...)
{
	char text[PROBLEM_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	config_file_problem(r->report, r->file, s, NULL, "%s", text);
	return ERR_CONFIG;
}

/* ---- texts ---- */

static bool is_printable(const char *text)
{
	size_t n;

	for (; *text != '\0'; text += n) {
		n = utf8_printable((const unsigned char *)text);
		if (n == 0)
			return false;
	}
	return true;
}

/* Any text within the key's bounds; borrowed from s. */
int config_value_text(const struct config_reading *r, const config_setting_t *s,
		      const char **text)
{
	size_t len;

	if (s->type != CONFIG_TYPE_STRING)
		return config_refuse(r, s, "expected a text in quotes");
	len = strlen(s->value.sval);
	if (len < (size_t)r->key->min)
		return config_refuse(r, s, "is empty; give a value, or remove it");
	if (len > (size_t)r->key->max)
		return config_refuse(r, s, "is too long; at most %" PRId64 " bytes",
				     r->key->max);
	if (!is_printable(s->value.sval))
		return config_refuse(
			r, s,
			"holds a control character or what is no UTF-8; write plain text");
	*text = s->value.sval;
	return 0;
}

static int checked_text_of(const struct config_reading *r, const config_setting_t *s,
			   const char **text)
{
	struct err err;

	if (config_value_text(r, s, text) != 0)
		return ERR_CONFIG;
	if (r->key->check != NULL && r->key->check(*text, &err) != 0)
		return config_refuse(r, s, "%s", err.text);
	return 0;
}

static int read_text(const struct config_reading *r, const config_setting_t *s)
{
	const char *text;

	if (checked_text_of(r, s, &text) != 0)
		return ERR_CONFIG;
	if (r->base != NULL)
		*(char **)config_value_place(r->base, r->key) = mem_strdup(text);
	return 0;
}

static int read_path(const struct config_reading *r, const config_setting_t *s)
{
	const char *text;

	if (config_value_text(r, s, &text) != 0)
		return ERR_CONFIG;
	if (r->base != NULL)
		*(char **)config_value_place(r->base, r->key) =
			config_file_beside(r->file->path, text);
	return 0;
}

static void clear_text(void *base, const struct config_key *key)
{
	char **text = config_value_place(base, key);

	free(*text);
	*text = NULL;
}

static bool same_text(const void *a, const void *b, const struct config_key *key)
{
	const char *x = *(char *const *)config_value_const_place(a, key);
	const char *y = *(char *const *)config_value_const_place(b, key);

	return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

/* ---- words, numbers, flags, durations ---- */

/* "auto, account or extensions". */
static void list_words(char *out, size_t size, const struct key_word *words)
{
	size_t n = 0;

	out[0] = '\0';
	for (const struct key_word *w = words; w->word != NULL && n < size; w++)
		n += (size_t)snprintf(out + n, size - n, "%s%s",
				      w == words              ? ""
				      : (w + 1)->word == NULL ? " or "
							      : ", ",
				      w->word);
}

static int refuse_word(const struct config_reading *r, const config_setting_t *s,
		       const char *text)
{
	const char *near = config_word_near(r->key->words, text);
	char all[256];

	list_words(all, sizeof all, r->key->words);
	return config_refuse(r, s, "is not %s%s%s%s", all,
			     near != NULL ? "; did you mean \"" : "",
			     near != NULL ? near : "", near != NULL ? "\"?" : "");
}

static int read_word(const struct config_reading *r, const config_setting_t *s)
{
	const struct key_word *w = r->key->words;

	if (s->type != CONFIG_TYPE_STRING)
		return config_refuse(r, s, "expected a text in quotes");
	while (w->word != NULL && strcmp(w->word, s->value.sval) != 0)
		w++;
	if (w->word == NULL)
		return refuse_word(r, s, s->value.sval);
	if (w->refused != NULL)
		return config_refuse(r, s, "%s", w->refused);
	if (r->base != NULL)
		*(int *)config_value_place(r->base, r->key) = w->value;
	return 0;
}

static int read_number(const struct config_reading *r, const config_setting_t *s)
{
	long long n = s->type == CONFIG_TYPE_INT64 ? s->value.llval : s->value.ival;

	if (s->type != CONFIG_TYPE_INT && s->type != CONFIG_TYPE_INT64)
		return config_refuse(r, s, "expected a whole number without quotes");
	if (n < r->key->min || n > r->key->max)
		return config_refuse(r, s, "is out of bounds; %" PRId64 " to %" PRId64,
				     r->key->min, r->key->max);
	if (r->base != NULL)
		*(int *)config_value_place(r->base, r->key) = (int)n;
	return 0;
}

static int read_flag(const struct config_reading *r, const config_setting_t *s)
{
	if (s->type != CONFIG_TYPE_BOOL)
		return config_refuse(r, s, "expected true or false without quotes");
	if (r->base != NULL)
		*(bool *)config_value_place(r->base, r->key) = s->value.ival != 0;
	return 0;
}

/* As clock_parse_duration(), and years: what is kept is kept so long. */
static int parse_duration(const char *text, int64_t *ms)
{
	size_t n = strspn(text, "0123456789");

	if (n > 0 && n < 4 && strcmp(text + n, "y") == 0) {
		*ms = strtol(text, NULL, 10) * DAYS_OF_A_YEAR * DAY_MS;
		return 0;
	}
	return clock_parse_duration(text, ms);
}

/* "90s", in the largest unit that needs no fraction. */
static void write_duration(char out[32], int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{DAY_MS, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
	size_t i = 0;

	while (units[i].ms > 1 && (ms % units[i].ms != 0 || ms == 0))
		i++;
	snprintf(out, 32, "%" PRId64 "%s", ms / units[i].ms,
		 ms == 0 ? "s" : units[i].unit);
}

static int read_duration(const struct config_reading *r, const config_setting_t *s)
{
	char min[32], max[32];
	int64_t ms;

	if (s->type != CONFIG_TYPE_STRING)
		return config_refuse(r, s,
				     "expected a duration in quotes, as in \"60s\"");
	if (parse_duration(s->value.sval, &ms) != 0)
		return config_refuse(
			r, s,
			"is no duration; a whole number and ms, s, m, h or d, as in \"60s\"");
	write_duration(min, r->key->min);
	write_duration(max, r->key->max);
	if (ms < r->key->min || ms > r->key->max)
		return config_refuse(r, s, "is out of bounds; %s to %s", min, max);
	if (r->base != NULL)
		*(int64_t *)config_value_place(r->base, r->key) = ms;
	return 0;
}

static void clear_nothing(void *base, const struct config_key *key)
{
	(void)base;
	(void)key;
}

static bool same_int(const void *a, const void *b, const struct config_key *key)
{
	return *(const int *)config_value_const_place(a, key) ==
	       *(const int *)config_value_const_place(b, key);
}

static bool same_flag(const void *a, const void *b, const struct config_key *key)
{
	return *(const bool *)config_value_const_place(a, key) ==
	       *(const bool *)config_value_const_place(b, key);
}

static bool same_duration(const void *a, const void *b, const struct config_key *key)
{
	return *(const int64_t *)config_value_const_place(a, key) ==
	       *(const int64_t *)config_value_const_place(b, key);
}

/* ---- lists of texts ---- */

int config_value_check_list(const struct config_reading *r, const config_setting_t *s)
{
	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return config_refuse(
			r, s, "expected a list of texts, as in [\"...\", \"...\"]");
	if ((size_t)config_setting_length(s) > r->key->max_items)
		return config_refuse(r, s, "has %d elements; at most %zu",
				     config_setting_length(s), r->key->max_items);
	return 0;
}

static int read_texts(const struct config_reading *r, const config_setting_t *s)
{
	size_t n, ok = 0;
	char **texts;

	if (config_value_check_list(r, s) != 0)
		return ERR_CONFIG;
	n = (size_t)config_setting_length(s);
	texts = mem_zalloc(n * sizeof *texts);
	for (size_t i = 0; i < n; i++) {
		const char *text;

		if (checked_text_of(r, config_setting_get_elem(s, (unsigned)i), &text) ==
		    0)
			texts[ok++] = mem_strdup(text);
	}
	if (ok < n || r->base == NULL) {
		mem_free_texts(texts, ok);
		return ok < n ? ERR_CONFIG : 0;
	}
	*(char ***)config_value_place(r->base, r->key) = texts;
	*config_value_count(r->base, r->key) = n;
	return 0;
}

static void clear_texts(void *base, const struct config_key *key)
{
	char ***texts = config_value_place(base, key);
	size_t *n = config_value_count(base, key);

	mem_free_texts(*texts, *n);
	*texts = NULL;
	*n = 0;
}

static bool same_texts(const void *a, const void *b, const struct config_key *key)
{
	char **x = *(char **const *)config_value_const_place(a, key);
	char **y = *(char **const *)config_value_const_place(b, key);
	size_t n = config_value_const_count(a, key);

	if (n != config_value_const_count(b, key))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(x[i], y[i]) != 0)
			return false;
	}
	return true;
}

static void copy_texts(void *base, const void *from, const struct config_key *key)
{
	char **texts = *(char **const *)config_value_const_place(from, key);
	size_t n = config_value_const_count(from, key);

	*(char ***)config_value_place(base, key) = mem_copy_texts(texts, n);
	*config_value_count(base, key) = n;
}

/* ---- all of them ---- */

static const struct {
	int (*read)(const struct config_reading *r, const config_setting_t *s);
	void (*clear)(void *base, const struct config_key *key);
	bool (*same)(const void *a, const void *b, const struct config_key *key);
} types[N_KEY_TYPES] = {
	[KEY_TEXT] = {read_text, clear_text, same_text},
	[KEY_PATH] = {read_path, clear_text, same_text},
	[KEY_WORD] = {read_word, clear_nothing, same_int},
	[KEY_NUMBER] = {read_number, clear_nothing, same_int},
	[KEY_FLAG] = {read_flag, clear_nothing, same_flag},
	[KEY_DURATION] = {read_duration, clear_nothing, same_duration},
	[KEY_TEXTS] = {read_texts, clear_texts, same_texts},
	[KEY_FILE] = {config_value_read_file, clear_text, same_text},
	[KEY_PROGRAM] = {config_value_read_program, clear_text, same_text},
	[KEY_SECRET] = {config_value_read_secret, config_value_clear_secret,
			config_value_same_secret},
	[KEY_SECRETS] = {config_value_read_secrets, config_value_clear_secrets,
			 config_value_same_secrets},
};

int config_value_read(void *base, const struct config_key *key, const config_setting_t *s,
		      const struct config_file *file, struct config_report *report)
{
	struct config_reading r = {key->at == KEY_NOWHERE ? NULL : base, key, file,
				   report};

	if (key->later != NULL)
		return config_refuse(&r, s, "not yet: %s; remove it", key->later);
	return types[key->type].read(&r, s);
}

void config_value_copy(void *base, const void *from, const struct config_key *key)
{
	if (key->type == KEY_TEXTS)
		copy_texts(base, from, key);
	else if (key->type == KEY_DURATION)
		*(int64_t *)config_value_place(base, key) =
			*(const int64_t *)config_value_const_place(from, key);
	else if (key->type == KEY_NUMBER)
		*(int *)config_value_place(base, key) =
			*(const int *)config_value_const_place(from, key);
	else
		abort(); /* our own mistake: no other type is inherited */
}

void config_values_clear(void *base, const struct config_key *keys)
{
	for (const struct config_key *k = keys; k->name != NULL; k++) {
		if (k->at != KEY_NOWHERE)
			types[k->type].clear(base, k);
	}
}

bool config_values_same(const void *a, const void *b, const struct config_key *keys,
			enum config_part part)
{
	for (const struct config_key *k = keys; k->name != NULL; k++) {
		if (k->at == KEY_NOWHERE ||
		    (part == CONFIG_CREDENTIALS && !k->is_credential))
			continue;
		if (!types[k->type].same(a, b, k))
			return false;
	}
	return true;
}
