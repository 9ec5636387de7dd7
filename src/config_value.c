#include "config_value.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "payload/once.h"
#include "payload/payload.h"

#define DAYS_OF_A_YEAR 365
#define DAY_MS         INT64_C(86400000)
#define PROBLEM_BYTES  8192 /* a path and what is wrong with it */

/* One key being read. */
struct reading {
	void *base; /* NULL: check only */
	const struct config_key *key;
	const struct config_file *file;
	struct config_report *report;
};

static void *place_of(void *base, const struct config_key *key)
{
	return (char *)base + key->at;
}

static size_t *count_of(void *base, const struct config_key *key)
{
	return (size_t *)(void *)((char *)base + key->n_at);
}

static const void *const_place_of(const void *base, const struct config_key *key)
{
	return (const char *)base + key->at;
}

static size_t const_count_of(const void *base, const struct config_key *key)
{
	return *(const size_t *)(const void *)((const char *)base + key->n_at);
}

static int refuse(const struct reading *r, const config_setting_t *s, const char *fmt,
		  ...) __attribute__((format(printf, 3, 4)));

static int refuse(const struct reading *r, const config_setting_t *s, const char *fmt,
		  ...)
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
static int text_of(const struct reading *r, const config_setting_t *s, const char **text)
{
	size_t len;

	if (s->type != CONFIG_TYPE_STRING)
		return refuse(r, s, "expected a text in quotes");
	len = strlen(s->value.sval);
	if (len < (size_t)r->key->min)
		return refuse(r, s, "is empty; give a value, or remove it");
	if (len > (size_t)r->key->max)
		return refuse(r, s, "is too long; at most %" PRId64 " bytes",
			      r->key->max);
	if (!is_printable(s->value.sval))
		return refuse(
			r, s,
			"holds a control character or what is no UTF-8; write plain text");
	*text = s->value.sval;
	return 0;
}

static int checked_text_of(const struct reading *r, const config_setting_t *s,
			   const char **text)
{
	struct err err;

	if (text_of(r, s, text) != 0)
		return ERR_CONFIG;
	if (r->key->check != NULL && r->key->check(*text, &err) != 0)
		return refuse(r, s, "%s", err.text);
	return 0;
}

static int read_text(const struct reading *r, const config_setting_t *s)
{
	const char *text;

	if (checked_text_of(r, s, &text) != 0)
		return ERR_CONFIG;
	if (r->base != NULL)
		*(char **)place_of(r->base, r->key) = mem_strdup(text);
	return 0;
}

static int read_path(const struct reading *r, const config_setting_t *s)
{
	const char *text;

	if (text_of(r, s, &text) != 0)
		return ERR_CONFIG;
	if (r->base != NULL)
		*(char **)place_of(r->base, r->key) =
			config_file_beside(r->file->path, text);
	return 0;
}

static void clear_text(void *base, const struct config_key *key)
{
	char **text = place_of(base, key);

	free(*text);
	*text = NULL;
}

static bool same_text(const void *a, const void *b, const struct config_key *key)
{
	const char *x = *(char *const *)const_place_of(a, key);
	const char *y = *(char *const *)const_place_of(b, key);

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

static int refuse_word(const struct reading *r, const config_setting_t *s,
		       const char *text)
{
	const char *near = config_word_near(r->key->words, text);
	char all[256];

	list_words(all, sizeof all, r->key->words);
	return refuse(r, s, "is not %s%s%s%s", all,
		      near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
		      near != NULL ? "\"?" : "");
}

static int read_word(const struct reading *r, const config_setting_t *s)
{
	const struct key_word *w = r->key->words;

	if (s->type != CONFIG_TYPE_STRING)
		return refuse(r, s, "expected a text in quotes");
	while (w->word != NULL && strcmp(w->word, s->value.sval) != 0)
		w++;
	if (w->word == NULL)
		return refuse_word(r, s, s->value.sval);
	if (w->refused != NULL)
		return refuse(r, s, "%s", w->refused);
	if (r->base != NULL)
		*(int *)place_of(r->base, r->key) = w->value;
	return 0;
}

static int read_number(const struct reading *r, const config_setting_t *s)
{
	long long n = s->type == CONFIG_TYPE_INT64 ? s->value.llval : s->value.ival;

	if (s->type != CONFIG_TYPE_INT && s->type != CONFIG_TYPE_INT64)
		return refuse(r, s, "expected a whole number without quotes");
	if (n < r->key->min || n > r->key->max)
		return refuse(r, s, "is out of bounds; %" PRId64 " to %" PRId64,
			      r->key->min, r->key->max);
	if (r->base != NULL)
		*(int *)place_of(r->base, r->key) = (int)n;
	return 0;
}

static int read_flag(const struct reading *r, const config_setting_t *s)
{
	if (s->type != CONFIG_TYPE_BOOL)
		return refuse(r, s, "expected true or false without quotes");
	if (r->base != NULL)
		*(bool *)place_of(r->base, r->key) = s->value.ival != 0;
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

static int read_duration(const struct reading *r, const config_setting_t *s)
{
	char min[32], max[32];
	int64_t ms;

	if (s->type != CONFIG_TYPE_STRING)
		return refuse(r, s, "expected a duration in quotes, as in \"60s\"");
	if (parse_duration(s->value.sval, &ms) != 0)
		return refuse(
			r, s,
			"is no duration; a whole number and ms, s, m, h or d, as in \"60s\"");
	write_duration(min, r->key->min);
	write_duration(max, r->key->max);
	if (ms < r->key->min || ms > r->key->max)
		return refuse(r, s, "is out of bounds; %s to %s", min, max);
	if (r->base != NULL)
		*(int64_t *)place_of(r->base, r->key) = ms;
	return 0;
}

static void clear_nothing(void *base, const struct config_key *key)
{
	(void)base;
	(void)key;
}

static bool same_int(const void *a, const void *b, const struct config_key *key)
{
	return *(const int *)const_place_of(a, key) ==
	       *(const int *)const_place_of(b, key);
}

static bool same_flag(const void *a, const void *b, const struct config_key *key)
{
	return *(const bool *)const_place_of(a, key) ==
	       *(const bool *)const_place_of(b, key);
}

static bool same_duration(const void *a, const void *b, const struct config_key *key)
{
	return *(const int64_t *)const_place_of(a, key) ==
	       *(const int64_t *)const_place_of(b, key);
}

/* ---- lists of texts ---- */

static int check_list(const struct reading *r, const config_setting_t *s)
{
	if (!config_setting_is_array(s) && !config_setting_is_list(s))
		return refuse(r, s, "expected a list of texts, as in [\"...\", \"...\"]");
	if ((size_t)config_setting_length(s) > r->key->max_items)
		return refuse(r, s, "has %d elements; at most %zu",
			      config_setting_length(s), r->key->max_items);
	return 0;
}

static int read_texts(const struct reading *r, const config_setting_t *s)
{
	size_t n, ok = 0;
	char **texts;

	if (check_list(r, s) != 0)
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
	*(char ***)place_of(r->base, r->key) = texts;
	*count_of(r->base, r->key) = n;
	return 0;
}

static void clear_texts(void *base, const struct config_key *key)
{
	char ***texts = place_of(base, key);
	size_t *n = count_of(base, key);

	mem_free_texts(*texts, *n);
	*texts = NULL;
	*n = 0;
}

static bool same_texts(const void *a, const void *b, const struct config_key *key)
{
	char **x = *(char **const *)const_place_of(a, key);
	char **y = *(char **const *)const_place_of(b, key);
	size_t n = const_count_of(a, key);

	if (n != const_count_of(b, key))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(x[i], y[i]) != 0)
			return false;
	}
	return true;
}

static void copy_texts(void *base, const void *from, const struct config_key *key)
{
	char **texts = *(char **const *)const_place_of(from, key);
	size_t n = const_count_of(from, key);

	*(char ***)place_of(base, key) = mem_copy_texts(texts, n);
	*count_of(base, key) = n;
}

/* ---- files and secrets ---- */

static const char *credentials_dir(void)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	return dir != NULL && dir[0] == '/' ? dir : NULL;
}

/* The path that the name of a file stands for; the caller frees it. A name without a slash is
 * looked for where the service manager puts credentials, then beside this file; in both places
 * then in the folder "secrets", whose files systemd hands over as secrets_NAME. */
static char *find_file(const struct config_file *file, const char *name)
{
	const char *dir = credentials_dir();
	char *in_folder = mem_printf("secrets/%s", name);
	char *paths[] = {
		dir != NULL ? mem_printf("%s/%s", dir, name) : NULL,
		dir != NULL ? mem_printf("%s/secrets_%s", dir, name) : NULL,
		config_file_beside(file->path, name),
		config_file_beside(file->path, in_folder),
	};
	const size_t beside = COUNT(paths) - 2;
	size_t chosen = beside; /* also where none is there */

	for (size_t i = 0; i < COUNT(paths) && strchr(name, '/') == NULL; i++) {
		if (paths[i] != NULL && access(paths[i], F_OK) == 0) {
			chosen = i;
			break;
		}
	}
	for (size_t i = 0; i < COUNT(paths); i++) {
		if (i != chosen)
			free(paths[i]);
	}
	free(in_folder);
	return paths[chosen];
}

static enum secret_place place_of_file(const char *path)
{
	const char *dir = credentials_dir();
	size_t n = dir != NULL ? strlen(dir) : 0;

	/* One level only, so that "DIR/../x" is anywhere. */
	return n > 0 && strncmp(path, dir, n) == 0 && path[n] == '/' &&
			       strchr(path + n + 1, '/') == NULL
		       ? SECRET_OF_THE_SYSTEM
		       : SECRET_ANYWHERE;
}

/* Whether a folder beside this file is there and closed to us, so that we cannot know what it holds:
 * that of the secrets is root's alone. */
static bool is_closed(const struct config_file *file, const char *folder)
{
	char *path = config_file_beside(file->path, folder);
	bool closed = access(path, F_OK) != 0 && errno == EACCES;

	free(path);
	return closed;
}

/* The name is not repeated: it may be the secret itself, written in the place of its file. */
static int refuse_missing(const struct reading *r, const config_setting_t *s)
{
	if (strchr(s->value.sval, '/') == NULL && is_closed(r->file, "secrets/."))
		return refuse(r, s,
			      "not beside this file, and we may not look into the folder"
			      " secrets (%s); try again as root",
			      strerror(EACCES));
	if (strchr(s->value.sval, '/') != NULL)
		return refuse(r, s, "no such file; make it, or write another path");
	if (credentials_dir() == NULL)
		return refuse(r, s,
			      "no such file beside this one or in the folder secrets"
			      " ($CREDENTIALS_DIRECTORY is not set); make it, or write"
			      " its path");
	return refuse(r, s,
		      "no such file in $CREDENTIALS_DIRECTORY, beside this one or in the"
		      " folder secrets; make it, or write its path");
}

static bool is_missing(const char *path)
{
	return access(path, F_OK) != 0 &&
	       (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG);
}

static int check_readable(const struct reading *r, const config_setting_t *s,
			  const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc = 0;

	if (fd < 0)
		return refuse(r, s, "cannot read %s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		rc = refuse(r, s, "%s is not a regular file", path);
	close(fd);
	return rc;
}

/* The path of the file that a text names, if any; the caller frees it. */
static int file_of(const struct reading *r, const config_setting_t *s, char **path)
{
	const char *name;

	if (text_of(r, s, &name) != 0)
		return ERR_CONFIG;
	*path = name[0] != '\0' ? find_file(r->file, name) : NULL;
	if (*path != NULL && is_missing(*path)) {
		free(*path);
		return refuse_missing(r, s);
	}
	return 0;
}

static int read_file(const struct reading *r, const config_setting_t *s)
{
	char *path;

	if (file_of(r, s, &path) != 0)
		return ERR_CONFIG;
	if (path != NULL && check_readable(r, s, path) != 0) {
		free(path);
		return ERR_CONFIG;
	}
	if (r->base != NULL)
		*(char **)place_of(r->base, r->key) = path;
	else
		free(path);
	return 0;
}

static bool is_path(const char *name)
{
	size_t len = strlen(name);

	return strchr(name, '/') != NULL ||
	       (len > 3 && strcmp(name + len - 3, ".jq") == 0);
}

static int refuse_format(const struct reading *r, const config_setting_t *s)
{
	char all[256];
	size_t n = 0;

	all[0] = '\0';
	for (size_t i = 0; payload_formats[i] != NULL && n < sizeof all; i++)
		n += (size_t)snprintf(all + n, sizeof all - n, ", %s",
				      payload_formats[i]);
	return refuse(r, s, "is not %s%s or the path of a .jq", PAYLOAD_CLOUDEVENTS, all);
}

/* Read a program and see that it compiles. */
static int program_of(const struct reading *r, const config_setting_t *s,
		      const char *path, char **program)
{
	struct err err;

	if (payload_read(path, program, &err) != 0)
		return refuse(r, s, "%s", err.text);
	if (payload_once(*program, NULL, NULL, 0, NULL, &err) == 0)
		return 0;
	free(*program);
	return refuse(r, s, "%s: %s", path, err.text);
}

static int read_program(const struct reading *r, const config_setting_t *s)
{
	char *path = NULL, *program;
	const char *name;
	int rc;

	if (text_of(r, s, &name) != 0)
		return ERR_CONFIG;
	if (strcmp(name, PAYLOAD_CLOUDEVENTS) == 0)
		return 0;
	if (payload_is_format(name))
		path = payload_path(name);
	else if (!is_path(name))
		return refuse_format(r, s);
	else if (file_of(r, s, &path) != 0)
		return ERR_CONFIG;
	rc = program_of(r, s, path, &program);
	free(path);
	if (rc == 0 && r->base != NULL)
		*(char **)place_of(r->base, r->key) = program;
	else if (rc == 0)
		free(program);
	return rc;
}

/* into is empty before, and after an error. */
static int secret_of(const struct reading *r, const config_setting_t *s,
		     struct secret *into)
{
	struct err err;
	char *path;
	int rc;

	if (file_of(r, s, &path) != 0)
		return ERR_CONFIG;
	if (path == NULL)
		return 0;
	rc = secret_read(into, path, place_of_file(path), &err);
	if (rc == 0 && r->key->check_secret != NULL) {
		rc = r->key->check_secret(into, &err);
		if (rc != 0)
			err_wrap(&err, "%s", path);
	}
	if (rc != 0) {
		secret_clear(into);
		refuse(r, s, "%s", err.text);
	}
	free(path);
	return rc;
}

static int read_secret(const struct reading *r, const config_setting_t *s)
{
	struct secret secret = {0};

	if (secret_of(r, s, &secret) != 0)
		return ERR_CONFIG;
	if (r->base != NULL)
		*(struct secret *)place_of(r->base, r->key) = secret;
	else
		secret_clear(&secret);
	return 0;
}

static void clear_secret(void *base, const struct config_key *key)
{
	secret_clear(place_of(base, key));
}

static bool same_secret(const void *a, const void *b, const struct config_key *key)
{
	return secret_same(const_place_of(a, key), const_place_of(b, key));
}

static void free_secrets(struct secret *secrets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		secret_clear(&secrets[i]);
	free(secrets);
}

/* The contract writes one name as "NAME" and several as a list. */
static int read_secrets(const struct reading *r, const config_setting_t *s)
{
	bool one = s->type == CONFIG_TYPE_STRING;
	size_t n, ok = 0;
	struct secret *secrets;

	if (!one && check_list(r, s) != 0)
		return ERR_CONFIG;
	n = one ? 1 : (size_t)config_setting_length(s);
	secrets = mem_zalloc(n * sizeof *secrets);
	for (size_t i = 0; i < n; i++)
		ok += secret_of(r, one ? s : config_setting_get_elem(s, (unsigned)i),
				&secrets[ok]) == 0;
	if (ok < n || r->base == NULL) {
		free_secrets(secrets, ok);
		return ok < n ? ERR_CONFIG : 0;
	}
	*(struct secret **)place_of(r->base, r->key) = secrets;
	*count_of(r->base, r->key) = n;
	return 0;
}

static void clear_secrets(void *base, const struct config_key *key)
{
	struct secret **secrets = place_of(base, key);
	size_t *n = count_of(base, key);

	free_secrets(*secrets, *n);
	*secrets = NULL;
	*n = 0;
}

static bool same_secrets(const void *a, const void *b, const struct config_key *key)
{
	const struct secret *x = *(struct secret *const *)const_place_of(a, key);
	const struct secret *y = *(struct secret *const *)const_place_of(b, key);
	size_t n = const_count_of(a, key);

	if (n != const_count_of(b, key))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!secret_same(&x[i], &y[i]))
			return false;
	}
	return true;
}

/* ---- all of them ---- */

static const struct {
	int (*read)(const struct reading *r, const config_setting_t *s);
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
	[KEY_FILE] = {read_file, clear_text, same_text},
	[KEY_PROGRAM] = {read_program, clear_text, same_text},
	[KEY_SECRET] = {read_secret, clear_secret, same_secret},
	[KEY_SECRETS] = {read_secrets, clear_secrets, same_secrets},
};

int config_value_read(void *base, const struct config_key *key, const config_setting_t *s,
		      const struct config_file *file, struct config_report *report)
{
	struct reading r = {key->at == KEY_NOWHERE ? NULL : base, key, file, report};

	if (key->later != NULL)
		return refuse(&r, s, "not yet: %s; remove it", key->later);
	return types[key->type].read(&r, s);
}

void config_value_copy(void *base, const void *from, const struct config_key *key)
{
	if (key->type == KEY_TEXTS)
		copy_texts(base, from, key);
	else if (key->type == KEY_DURATION)
		*(int64_t *)place_of(base, key) =
			*(const int64_t *)const_place_of(from, key);
	else if (key->type == KEY_NUMBER)
		*(int *)place_of(base, key) = *(const int *)const_place_of(from, key);
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
