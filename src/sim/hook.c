#include "sim/hook.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/sign.h"
#include "net/server.h"

#define LINE_MAX_BYTES ((size_t)1 << 20)

/* What came first under an id. */
struct seen {
	char *id;
	uint64_t n;
	unsigned char digest[DIGEST_BYTES];
};

struct hook {
	struct secret *keys;
	size_t n_keys;
	struct digest_key digest_key;
	void *seen; /* tsearch()'s tree of struct seen */
};

/* ---- opening and closing ---- */

static int read_keys(struct hook *h, const char *const *secrets, size_t n,
		     struct err *err)
{
	int rc = 0;

	h->keys = mem_resize(NULL, n > 0 ? n : 1, sizeof *h->keys);
	for (; rc == 0 && h->n_keys < n; h->n_keys++) {
		struct secret text = {0};

		h->keys[h->n_keys] = (struct secret){0};
		secret_set(&text, secrets[h->n_keys], strlen(secrets[h->n_keys]));
		rc = sign_read_key(&h->keys[h->n_keys], &text, err);
		secret_clear(&text);
	}
	return rc;
}

int hook_open(const char *const *secrets, size_t n_secrets, struct hook **out,
	      struct err *err)
{
	struct hook *h = mem_zalloc(sizeof *h);
	int rc = read_keys(h, secrets, n_secrets, err);

	if (rc != 0) {
		hook_close(h);
		return rc;
	}
	digest_key_init(&h->digest_key, "", 0, "webhooks");
	*out = h;
	return 0;
}

static void free_seen(void *node)
{
	struct seen *seen = node;

	free(seen->id);
	free(seen);
}

void hook_close(struct hook *h)
{
	if (h == NULL)
		return;
	for (size_t i = 0; i < h->n_keys; i++)
		secret_clear(&h->keys[i]);
	free(h->keys);
	tdestroy(h->seen, free_seen);
	free(h);
}

/* ---- checking ---- */

static const char *check_timestamp(const char *text, int64_t at_ms, int64_t *at_s)
{
	char *end;

	if (text == NULL)
		return "missing";
	errno = 0;
	*at_s = strtoll(text, &end, 10);
	if (end == text || *end != '\0' || errno != 0 ||
	    llabs(*at_s - at_ms / 1000) > HOOK_TOLERANCE_S)
		return "bad";
	return "good";
}

/* Whether one of the words between blanks is this one. */
static bool has_word(const char *text, const char *word, size_t len)
{
	while (*text != '\0') {
		size_t n = strcspn(text, " ");

		if (n == len && memcmp(text, word, len) == 0)
			return true;
		text += n + (text[n] == ' ');
	}
	return false;
}

static const char *check_signature(const struct hook *h, const char *given,
				   const char *id, int64_t at_s, const char *body,
				   size_t len)
{
	char *ours;
	bool good = false;

	if (h->n_keys == 0)
		return "unchecked";
	if (given == NULL || id == NULL)
		return "missing";
	ours = sign_webhook(h->keys, h->n_keys, id, at_s, body, len);
	for (const char *at = ours; *at != '\0';) {
		size_t n = strcspn(at, " ");

		good = good || has_word(given, at, n);
		at += n + (at[n] == ' ');
	}
	free(ours);
	return good ? "good" : "bad";
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct seen *)a)->id, ((const struct seen *)b)->id);
}

/* What is known of this id, made where there is nothing yet. */
static struct seen *find_seen(struct hook *h, const char *id)
{
	struct seen wanted = {.id = (char *)(uintptr_t)id};
	struct seen **found = tfind(&wanted, &h->seen, compare);
	struct seen *fresh;

	if (found != NULL)
		return *found;
	fresh = mem_zalloc(sizeof *fresh);
	fresh->id = mem_strdup(id);
	tsearch(fresh, &h->seen, compare);
	return fresh;
}

static const char *compare_body(struct hook *h, struct hook_delivery *d, const char *body,
				size_t len)
{
	unsigned char digest[DIGEST_BYTES];
	struct seen *seen;

	if (d->id == NULL)
		return "unknown";
	digest_of(digest, &h->digest_key, body, len);
	seen = find_seen(h, d->id);
	d->attempt = ++seen->n;
	if (d->attempt > 1)
		return memcmp(seen->digest, digest, sizeof digest) == 0 ? "same"
									: "changed";
	memcpy(seen->digest, digest, sizeof digest);
	return "new";
}

static char *text_of(const json_t *event, const char *name)
{
	const char *text = json_string_value(json_object_get(event, name));

	return text != NULL ? mem_strdup(text) : NULL;
}

void hook_take(struct hook *h, const struct server_request *req, int64_t at_ms,
	       struct hook_delivery *out)
{
	const char *id = server_header(req, "webhook-id");
	size_t len;
	const char *body = server_content(req, &len);
	json_t *event = json_loadb(body, len, 0, NULL);
	int64_t at_s = 0;

	*out = (struct hook_delivery){
		.id = id != NULL ? mem_strdup(id) : NULL,
		.type = text_of(event, "type"),
		.subject = text_of(event, "subject"),
		.bytes = len,
	};
	json_decref(event);
	out->timestamp =
		check_timestamp(server_header(req, "webhook-timestamp"), at_ms, &at_s);
	out->signature = check_signature(h, server_header(req, "webhook-signature"), id,
					 at_s, body, len);
	out->body = compare_body(h, out, body, len);
}

void hook_delivery_clear(struct hook_delivery *d)
{
	free(d->id);
	free(d->type);
	free(d->subject);
	*d = (struct hook_delivery){0};
}

bool hook_accepts(const struct hook_delivery *d)
{
	bool is_signed = strcmp(d->signature, "good") == 0 ||
			 strcmp(d->signature, "unchecked") == 0;

	return is_signed && strcmp(d->timestamp, "good") == 0;
}

/* ---- telling ---- */

/* As one word: what would divide lines or words, or steer a terminal, is a dot. */
static void add_word(struct buf *b, const char *text)
{
	if (text == NULL || text[0] == '\0')
		text = "-";
	for (; *text != '\0'; text++)
		buf_printf(b, "%c",
			   (unsigned char)*text > ' ' && *text < 0x7f ? *text : '.');
}

void hook_print(FILE *out, const struct hook_delivery *d, int64_t at_ms, int status,
		const char *fault)
{
	char time[CLOCK_TEXT_BYTES];
	struct buf line;

	clock_format(time, at_ms);
	buf_init(&line, LINE_MAX_BYTES);
	buf_printf(&line, "%s %d ", time, status);
	add_word(&line, d->type);
	buf_add_text(&line, " ");
	add_word(&line, d->subject);
	buf_add_text(&line, " id=");
	add_word(&line, d->id);
	buf_printf(&line,
		   " attempt=%" PRIu64 " signature=%s timestamp=%s body=%s fault=%s\n",
		   d->attempt, d->signature, d->timestamp, d->body,
		   fault != NULL ? fault : "-");
	fputs(buf_text(&line), out);
	fflush(out);
	buf_clear(&line);
}
