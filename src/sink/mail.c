/*
 *   send -> stream: curl connects, greets, secures and logs in -> on_said, step by step:
 *
 *     MAIL FROM -> RCPT TO, for each who has it not yet -> DATA -> the message -> QUIT -> finish
 *
 *   finish: the stream is closed, the timer is closed -> on_closed -> the dispatch's on_done
 *   on_lost, on_deadline, cancel, an answer that refuses: straight to finish
 *
 * libcurl speaks SMTP up to the login only: from there on it would wait for answers, and the loop
 * with it, and it does not tell what is said of each recipient.
 */
#include "sink/mail.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "net/stream.h"
#include "sink/mail_format.h"

#define UNDER_WAY     2
#define CONNECT_MS    60000 /* some let a stranger wait on purpose */
#define TOTAL_MS      300000
#define REMEMBERED    4096 /* messages that only some have got */
#define ANSWER_BYTES  160
#define LINE_BYTES    4096
#define COMMAND_BYTES 65536 /* of all commands of one session */
#define LOGINS        "AUTH=PLAIN;AUTH=LOGIN;AUTH=CRAM-MD5"

enum verdict { NOT_ASKED, ACCEPTED, REFUSED_NOW, REFUSED };

/* A message that only some have got. */
struct partly {
	char event_id[EVENT_ID_BYTES];
	enum verdict *verdicts; /* one a recipient */
	char refusal[ANSWER_BYTES];
	uint64_t try; /* the number of the last try */
};

struct mail {
	struct transfers *transfers;
	char *server; /* a URL of smtp or smtps */
	long use_ssl; /* CURLUSESSL_... */
	struct mail_origin origin;
	char *from, **to; /* origin's */
	size_t n_to;
	char *user; /* NULL: no login */
	struct secret password;
	char *ca_file; /* NULL: the system's */
	enum event_personal personal;
	struct partly *partly;
	size_t n_partly, partly_cap;
	uint64_t n_tries; /* after which somebody is to get it later */
};

/* What was said last, so what the next answer is to. */
enum step { SENDER, RECIPIENT, DATA, BODY };

/* A send under way. */
struct letter {
	struct mail *sink;
	struct sink_send *send;
	struct stream *stream; /* NULL once it is over */
	uv_timer_t deadline;
	enum step step;
	size_t asked;   /* the recipient, while step is RECIPIENT */
	size_t n_fresh; /* recipients accepted in this session */
	enum verdict *verdicts;
	struct buf line;            /* of an answer, as far as it has come */
	char answer[ANSWER_BYTES];  /* the last that refused something ... */
	char refusal[ANSWER_BYTES]; /* ... and a recipient for good */
};

/* ---- the sink ---- */

static void destroy(void *sink)
{
	struct mail *m = sink;

	if (m == NULL)
		return;
	for (size_t i = 0; i < m->n_partly; i++)
		free(m->partly[i].verdicts);
	free(m->partly);
	mem_free_texts(m->to, m->n_to);
	free(m->from);
	free(m->server);
	free(m->user);
	free(m->ca_file);
	secret_clear(&m->password);
	free(m);
}

static long use_ssl_of(const struct sink_settings *s)
{
	if (s->allow_plain)
		return CURLUSESSL_TRY;
	return http_is_loopback(s->server) && s->ca_file == NULL ? CURLUSESSL_NONE
								 : CURLUSESSL_ALL;
}

static char *copy_of(const char *text)
{
	return text != NULL && text[0] != '\0' ? mem_strdup(text) : NULL;
}

static int create(const struct sink_settings *settings, const struct sink_env *env,
		  void **out, struct err *err)
{
	struct mail *m;

	if (settings->n_to == 0)
		return err_set(err, ERR_CONFIG, "nobody to write to");
	m = mem_zalloc(sizeof *m);
	m->transfers = http_client_transfers(env->http);
	m->server = mem_strdup(settings->server);
	m->use_ssl = use_ssl_of(settings);
	m->from = mem_strdup(settings->from);
	m->to = mem_copy_texts(settings->to, settings->n_to);
	m->n_to = settings->n_to;
	m->origin = (struct mail_origin){m->from, m->to, m->n_to};
	m->user = copy_of(settings->user);
	if (m->user != NULL && settings->password != NULL)
		secret_set(&m->password, settings->password->text,
			   settings->password->len);
	m->ca_file = copy_of(settings->ca_file);
	m->personal = settings->personal;
	*out = m;
	return 0;
}

static int render(const void *sink, const struct event *ev, struct buf *out)
{
	const struct mail *m = sink;

	return mail_format(out, ev, &m->origin, m->personal);
}

/* ---- who has it already ---- */

static struct partly *find_partly(struct mail *m, const char *event_id)
{
	for (size_t i = 0; i < m->n_partly; i++) {
		if (strcmp(m->partly[i].event_id, event_id) == 0)
			return &m->partly[i];
	}
	return NULL;
}

static void forget_partly(struct mail *m, struct partly *p)
{
	free(p->verdicts);
	*p = m->partly[--m->n_partly];
}

static void forget(struct mail *m, const char *event_id)
{
	struct partly *p = find_partly(m, event_id);

	if (p != NULL)
		forget_partly(m, p);
}

/* Where there is no room, that which was tried longest ago is forgotten: its recipients are all told
 * again. */
static void make_room(struct mail *m)
{
	struct partly *oldest = m->partly;

	if (m->n_partly < REMEMBERED)
		return;
	for (size_t i = 1; i < m->n_partly; i++)
		if (m->partly[i].try < oldest->try)
			oldest = &m->partly[i];
	forget_partly(m, oldest);
}

static void remember(struct letter *l)
{
	struct mail *m = l->sink;
	struct partly *p;

	forget(m, l->send->event_id);
	make_room(m);
	m->partly = mem_grow(m->partly, m->n_partly, &m->partly_cap, sizeof *m->partly);
	p = &m->partly[m->n_partly++];
	*p = (struct partly){.verdicts = l->verdicts, .try = ++m->n_tries};
	l->verdicts = NULL;
	memcpy(p->refusal, l->refusal, sizeof p->refusal);
	strncpy(p->event_id, l->send->event_id, sizeof p->event_id - 1);
}

/* Of each recipient what is known already; whom to ask is NOT_ASKED. */
static void recall(struct letter *l)
{
	struct mail *m = l->sink;
	const struct partly *p = find_partly(m, l->send->event_id);

	l->verdicts = mem_zalloc(m->n_to * sizeof *l->verdicts);
	if (p == NULL)
		return;
	memcpy(l->refusal, p->refusal, sizeof l->refusal);
	for (size_t i = 0; i < m->n_to; i++) {
		if (p->verdicts[i] != REFUSED_NOW)
			l->verdicts[i] = p->verdicts[i];
	}
}

static size_t count(const struct letter *l, enum verdict verdict)
{
	size_t n = 0;

	for (size_t i = 0; i < l->sink->n_to; i++)
		n += l->verdicts[i] == verdict;
	return n;
}

/* ---- how it ends ---- */

static void on_closed(uv_handle_t *handle)
{
	struct letter *l = handle->data;
	struct sink_send *s = l->send;

	buf_clear(&l->line);
	free(l->verdicts);
	free(l);
	s->on_done(s); /* the dispatch may free s here */
}

static void finish(struct letter *l, enum sink_end end)
{
	l->send->end = end;
	stream_close(l->stream);
	l->stream = NULL;
	uv_close((uv_handle_t *)&l->deadline, on_closed);
}

static void leave(struct letter *l, enum sink_end end)
{
	(void)stream_write(l->stream, "QUIT\r\n", 6); /* nobody waits for its answer */
	finish(l, end);
}

static void refuse(struct letter *l, enum sink_end end)
{
	err_set(&l->send->err, ERR_RETRY, "refused: %s", l->answer);
	leave(l, end);
}

/* Whatever it is that was said, it cannot be understood. */
static void give_up(struct letter *l, const char *why)
{
	err_set(&l->send->err, ERR_FORMAT, "%s", why);
	finish(l, SINK_LATER);
}

/* "a@example.com, b@example.com: 550 no such user" */
static void name_refused(const struct letter *l, enum verdict verdict, const char *what,
			 const char *answer)
{
	struct buf names;

	buf_init(&names, ERR_TEXT_BYTES / 2);
	for (size_t i = 0; i < l->sink->n_to; i++) {
		if (l->verdicts[i] == verdict &&
		    buf_printf(&names, "%s%s", names.len > 0 ? ", " : "",
			       l->sink->to[i]) != 0)
			break;
	}
	err_set(&l->send->err, ERR_RETRY, "%s %s: %s", what, buf_text(&names), answer);
	buf_clear(&names);
}

/* Each recipient has had an answer, and the message those who may have it. */
static void judge(struct letter *l)
{
	struct sink_send *s = l->send;
	bool has_some = count(l, ACCEPTED) > 0;

	if (count(l, REFUSED_NOW) > 0) {
		name_refused(l, REFUSED_NOW, "not yet to", l->answer);
		s->answers = has_some;
		remember(l);
		leave(l, SINK_LATER);
		return;
	}
	forget(l->sink, s->event_id);
	if (count(l, REFUSED) > 0)
		name_refused(l, REFUSED, "refused for", l->refusal);
	leave(l, has_some ? SINK_DELIVERED : SINK_REFUSED);
}

/* ---- what is said, and what is answered ---- */

static void say(struct letter *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct letter *l, const char *fmt, ...)
{
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	/* What is lost meanwhile, on_lost tells. */
	(void)stream_write(l->stream, text, (size_t)n);
}

/* A line that begins with a dot gets one more: RFC 5321 section 4.5.2. */
static void say_message(struct letter *l)
{
	const char *at = l->send->data, *end = at + l->send->len, *line;
	struct buf b;

	buf_init(&b, 2 * l->send->len + 3); /* so that all fits */
	for (; at < end; at = line) {
		line = memchr(at, '\n', (size_t)(end - at));
		line = line != NULL ? line + 1 : end;
		if (*at == '.')
			buf_add_text(&b, ".");
		buf_add(&b, at, (size_t)(line - at));
	}
	buf_add_text(&b, ".\r\n");
	(void)stream_write(l->stream, b.data, b.len);
	buf_clear(&b);
}

/* The next who has it not yet, and has not been asked. */
static void ask_recipient(struct letter *l)
{
	struct mail *m = l->sink;

	while (l->asked < m->n_to && l->verdicts[l->asked] != NOT_ASKED)
		l->asked++;
	if (l->asked < m->n_to) {
		say(l, "RCPT TO:<%s>\r\n", m->to[l->asked]);
	} else if (l->n_fresh > 0) {
		l->step = DATA;
		say(l, "DATA\r\n");
	} else {
		judge(l);
	}
}

static void take_verdict(struct letter *l, int code)
{
	enum verdict *verdict = &l->verdicts[l->asked];

	*verdict = code < 400 ? ACCEPTED : code < 500 ? REFUSED_NOW : REFUSED;
	l->n_fresh += *verdict == ACCEPTED;
	if (*verdict == REFUSED)
		memcpy(l->refusal, l->answer, sizeof l->refusal);
	ask_recipient(l);
}

static void take_answer(struct letter *l, int code)
{
	bool is_good = code < 400;

	l->send->code = code;
	if (code == 421) { /* it closes the connection: nothing is said of this event */
		refuse(l, SINK_LATER);
	} else if (l->step == RECIPIENT) {
		take_verdict(l, code);
	} else if (l->step == SENDER && is_good) {
		l->step = RECIPIENT;
		ask_recipient(l);
	} else if (l->step == SENDER) { /* said of us, not of this event */
		refuse(l, SINK_LATER);
	} else if (!is_good) {
		refuse(l, code < 500 ? SINK_LATER : SINK_REFUSED);
	} else if (l->step == DATA) {
		l->step = BODY;
		say_message(l);
	} else {
		judge(l);
	}
}

static void keep_answer(struct letter *l)
{
	char text[ANSWER_BYTES];

	snprintf(text, sizeof text, "%s", buf_text(&l->line));
	text[strcspn(text, "\r\n")] = '\0';
	log_escape(l->answer, sizeof l->answer, text);
}

/* A whole line; the last of an answer has no "-" behind its number (RFC 5321 section 4.2). */
static void take_line(struct letter *l)
{
	const char *text = buf_text(&l->line);
	bool is_last = strlen(text) > 3 && text[3] != '-';
	int code = 0;

	if (strspn(text, "0123456789") == 3 && text[0] >= '2' && text[0] <= '5')
		code = (int)strtol(text, NULL, 10);
	if (code == 0) {
		give_up(l, "it does not answer as SMTP has it");
		return;
	}
	if (code >= 400)
		keep_answer(l);
	buf_clear(&l->line);
	if (is_last)
		take_answer(l, code);
}

static void on_said(void *data, const char *bytes, size_t n)
{
	struct letter *l = data;

	for (size_t i = 0; i < n && l->stream != NULL; i++) {
		if (buf_add(&l->line, &bytes[i], 1) != 0)
			give_up(l, "it does not answer as SMTP has it");
		else if (bytes[i] == '\n')
			take_line(l);
	}
}

static void on_lost(void *data, int64_t n_bytes, const struct err *err)
{
	struct letter *l = data;

	(void)n_bytes;
	l->send->err = *err;
	finish(l, SINK_LATER);
}

static void on_deadline(uv_timer_t *timer)
{
	give_up(timer->data, "it takes too long to answer");
}

/* ---- sending ---- */

static void set_address(void *data, CURL *e)
{
	const struct letter *l = data;
	const struct mail *m = l->sink;

	curl_easy_setopt(e, CURLOPT_URL, m->server);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(e, CURLOPT_USE_SSL, m->use_ssl);
	if (m->user == NULL)
		return;
	curl_easy_setopt(e, CURLOPT_USERNAME, m->user);
	curl_easy_setopt(e, CURLOPT_PASSWORD, m->password.text);
	/* Else curl would rather try what needs a ticket of Kerberos, and nothing after that. */
	curl_easy_setopt(e, CURLOPT_LOGIN_OPTIONS, LOGINS);
}

static void open_stream(struct letter *l)
{
	const struct stream_config config = {
		.transfers = l->sink->transfers,
		.ca_file = l->sink->ca_file,
		.connect_ms = CONNECT_MS,
		.stall_ms = TOTAL_MS,
		.max_bytes = 2 * l->send->len + COMMAND_BYTES,
		.set_address = set_address,
		.on_said = on_said,
		.on_lost = on_lost,
		.data = l,
	};

	l->stream = stream_open(&config);
	say(l, "MAIL FROM:<%s>\r\n", l->sink->from);
}

static enum sink_progress send_event(void *sink, struct sink_send *s)
{
	struct mail *m = sink;
	struct letter *l = mem_zalloc(sizeof *l);

	l->sink = m;
	l->send = s;
	s->state = l;
	recall(l);
	buf_init(&l->line, LINE_BYTES);
	uv_timer_init(transfers_loop(m->transfers), &l->deadline);
	l->deadline.data = l;
	uv_timer_start(&l->deadline, on_deadline, TOTAL_MS, 0);
	open_stream(l);
	return SINK_UNDER_WAY;
}

static void cancel(void *sink, struct sink_send *s)
{
	struct letter *l = s->state;

	(void)sink;
	if (l->stream == NULL)
		return; /* it is over */
	err_set(&s->err, ERR_CANCELED, "canceled");
	finish(l, SINK_CANCELED);
}

const struct sink_ops mail_ops = {
	.name = "mail",
	.max_under_way = UNDER_WAY,
	/* Who greylists wants to be left alone for minutes. */
	.rules = {.first_ms = 5000,
		  .max_ms = 3600 * 1000,
		  .refused_ms = RETRY_REFUSED_MS,
		  .give_up_ms = INT64_C(3) * 24 * 3600 * 1000},
	.create = create,
	.destroy = destroy,
	.render = render,
	.send = send_event,
	.cancel = cancel,
};
