/*
 *   heartbeat_swept -> http -> on_answer
 *
 *   heartbeat_adopt: what is under way belongs to nobody any more, and ends as it would
 *   heartbeat_close: it is canceled, so on_answer follows; behind the last one, on_closed
 */
#include "heartbeat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define TOTAL_MS  10000
#define MAX_BYTES (64u << 10) /* of an answer, which is thrown away */

/* One URL, or none. */
struct beat {
	char *account; /* NULL: of all accounts */
	char *url;     /* NULL: none. May hold a secret: never printed */
	bool swept;    /* since that of all was asked for last */
	struct ping *ping;
	struct lasting failing;
};

/* A request under way. */
struct ping {
	struct http_request req;
	struct heartbeat *owner;
	struct beat *beat; /* NULL: of a configuration that is gone */
	char *url;
	LIST_ENTRY(ping) entry;
};

struct heartbeat {
	struct http_client *http;
	struct beat *beats; /* the first is of all accounts */
	size_t n_beats;
	LIST_HEAD(, ping) pings;
	void (*on_closed)(void *data); /* set: it is being closed */
	void *closed_data;
};

struct heartbeat *heartbeat_create(struct http_client *http)
{
	struct heartbeat *h = mem_zalloc(sizeof *h);

	h->http = http;
	LIST_INIT(&h->pings);
	return h;
}

/* ---- whose they are ---- */

static void clear_beats(struct heartbeat *h)
{
	for (size_t i = 0; i < h->n_beats; i++) {
		struct beat *b = &h->beats[i];

		if (b->ping != NULL)
			b->ping->beat = NULL;
		free(b->account);
		free(b->url);
	}
	free(h->beats);
	h->beats = NULL;
	h->n_beats = 0;
}

static char *url_of(const char *text)
{
	return text != NULL && text[0] != '\0' ? mem_strdup(text) : NULL;
}

void heartbeat_adopt(struct heartbeat *h, const struct config *config)
{
	clear_beats(h);
	h->n_beats = config->n_accounts + 1;
	h->beats = mem_zalloc(h->n_beats * sizeof *h->beats);
	h->beats[0].url = url_of(config->heartbeat_url);
	for (size_t i = 0; i < config->n_accounts; i++) {
		const struct account_config *a = &config->accounts[i];

		h->beats[i + 1].account = mem_strdup(a->name);
		h->beats[i + 1].url = url_of(a->heartbeat_url);
	}
}

/* ---- asking ---- */

static void close_if_over(struct heartbeat *h)
{
	void (*on_closed)(void *) = h->on_closed;
	void *data = h->closed_data;

	if (on_closed == NULL || !LIST_EMPTY(&h->pings))
		return;
	clear_beats(h);
	free(h);
	on_closed(data);
}

static void log_end(struct beat *b, const char *failure)
{
	const char *whose = b->account != NULL ? b->account : "all accounts";
	struct lasting was;

	if (failure == NULL) {
		if (lasting_ended(&b->failing, &was))
			log_info("%s: the heartbeat is answered again", whose);
	} else if (lasting_failed(&b->failing, clock_mono_ms())) {
		log_warning("%s: the heartbeat is not heard: %s; the next goes after the"
			    " next good sweep",
			    whose, failure);
	}
}

static void on_answer(struct http_request *req, int rc)
{
	struct ping *p = req->data;
	struct heartbeat *h = p->owner;
	char status[32];

	snprintf(status, sizeof status, "HTTP %ld", req->status);
	if (p->beat != NULL)
		p->beat->ping = NULL;
	if (p->beat != NULL && rc != ERR_CANCELED)
		log_end(p->beat, req->status / 100 == 2 ? NULL
				 : rc != 0              ? req->err.text
							: status);
	LIST_REMOVE(p, entry);
	http_request_clear(req);
	free(p->url);
	free(p);
	close_if_over(h);
}

static void ask(struct heartbeat *h, struct beat *b)
{
	struct ping *p;

	if (b->url == NULL || b->ping != NULL)
		return;
	p = mem_zalloc(sizeof *p);
	p->owner = h;
	p->beat = b;
	p->url = mem_strdup(b->url);
	b->ping = p;
	LIST_INSERT_HEAD(&h->pings, p, entry);
	http_request_init(&p->req);
	p->req.url = p->url;
	p->req.total_ms = TOTAL_MS;
	p->req.max_bytes = MAX_BYTES;
	p->req.on_done = on_answer;
	p->req.data = p;
	http_start(h->http, &p->req);
}

static void ask_for_all(struct heartbeat *h)
{
	for (size_t i = 1; i < h->n_beats; i++)
		if (!h->beats[i].swept)
			return;
	for (size_t i = 1; i < h->n_beats; i++)
		h->beats[i].swept = false;
	ask(h, &h->beats[0]);
}

void heartbeat_swept(struct heartbeat *h, const char *account)
{
	for (size_t i = 1; i < h->n_beats; i++) {
		struct beat *b = &h->beats[i];

		if (strcmp(b->account, account) != 0)
			continue;
		b->swept = true;
		ask(h, b);
		ask_for_all(h);
		return;
	}
}

void heartbeat_close(struct heartbeat *h, void (*on_closed)(void *data), void *data)
{
	struct ping *p;

	h->on_closed = on_closed;
	h->closed_data = data;
	LIST_FOREACH(p, &h->pings, entry)
	{
		http_cancel(&p->req);
	}
	close_if_over(h);
}
