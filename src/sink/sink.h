/* Sinks: who is told, and how. Each kind is one file and one row of the table.
 *
 * A sink tells one event to one receiver and says how that ended. It keeps nothing, decides
 * nothing and logs nothing: what is owed, when to try again and when to give up is the
 * dispatch's business. */
#ifndef SINK_SINK_H
#define SINK_SINK_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/secret.h"
#include "model/event.h"
#include "model/sink_kind.h"
#include "net/http.h"
#include "sink/retry.h"

/* One configured sink. Everything is copied at create. */
struct sink_settings {
	/* Of what is told together, and when; gather.h. */
	int64_t group_wait_ms;
	char *const *group_by;
	size_t n_group_by;
	int rate_max;
	char *const *quiet; /* as window_parse() reads them */
	size_t n_quiet;

	const char *name; /* its title; for the log */
	enum sink_kind kind;
	const char *address; /* syslog: see syslog_address.h; else NULL */
	const char *url;     /* webhook; else NULL */
	const struct secret
		*secrets; /* webhook: "whsec_..." each; sign with all of them */
	size_t n_secrets; /* 0: not signed */
	/* webhook: a jq program (payload/payload.h) that makes its body of the event, and what it has as
	 * $secret; NULL: the body is the event, none. */
	const char *program;
	const struct secret *program_secret;
	const struct secret
		*header; /* webhook: "NAME: VALUE" of each request; NULL: none */
	bool allow_http; /* webhook: plain http to other than loopback */
	enum event_personal personal;
	const char *ca_file;  /* of its receiver, PEM; NULL: the system's authorities */
	char *const *command; /* exec: the program's path and its arguments */
	size_t n_command;
	int64_t time_limit_ms; /* exec: for which it may run */
	const char *server;    /* mail: "smtp://HOST[:PORT]" or "smtps://..." */
	const char *from;      /* mail: an address, as mail_address_is_valid() has it */
	char *const *to;       /* mail: the same */
	size_t n_to;
	const char *user; /* mail: who logs in; NULL or "": nobody */
	const struct secret *password;
	bool allow_plain; /* mail: in the clear where STARTTLS is not offered */
};

/* What the sinks share. Borrowed, outlives them. */
struct sink_env {
	uv_loop_t *loop;
	struct http_client
		*http;  /* of webhooks, and whose transfers syslog streams use */
	const char *jq; /* the path of phonewatch-jq; NULL: where it was installed */
};

struct sink_send;
/* The send is over, exactly once, never from within send or cancel. */
typedef void (*sink_done_cb)(struct sink_send *s);

/* One event on its way to one receiver. In the owner's memory, untouched until its end. */
struct sink_send {
	/* Set by the owner. */
	const char *event_id;
	const char *data; /* what render made of the event; len bytes */
	size_t len;
	sink_done_cb on_done;
	void *owner;

	/* How it ended. */
	enum sink_end end;
	int code; /* the answer's HTTP status; 0 where there was none */
	bool answers; /* SINK_LATER: it takes events; only this one, or a part of it, is to wait */
	int64_t wait_ms; /* SINK_LATER: the receiver asked to be left alone so long; 0: it did not */
	struct err err; /* what happened; of SINK_DELIVERED: what nevertheless is to be
			  * told. Fit for the log: names the host at most, who of several is
			  * not reached, and what the receiver says; no path, no query, no
			  * user, no secret */

	void *state; /* the sink's while under way */
};

enum sink_progress {
	SINK_ENDED,     /* at once; on_done does not come */
	SINK_UNDER_WAY, /* on_done follows */
};

struct sink_ops {
	const char *name;       /* of the kind: "webhook" */
	unsigned max_under_way; /* sends at a time */
	struct retry_rules rules;

	/* Copies what it keeps. Returns 0 or ERR_CONFIG; err says nothing of url or secrets. */
	int (*create)(const struct sink_settings *settings, const struct sink_env *env,
		      void **out, struct err *err);
	/* No send may be under way. NULL is fine. */
	void (*destroy)(void *sink);
	/* What send will want as its data, into out, which is empty. Runs on a worker, also
	 * while sends are under way: reads nothing that changes. The same event gives the same
	 * bytes. Returns 0, or ERR_FORMAT where it is larger than out may become. */
	int (*render)(const void *sink, const struct event *ev, struct buf *out);
	enum sink_progress (*send)(void *sink, struct sink_send *s);
	/* End it early: on_done follows with SINK_CANCELED, unless it was over already. */
	void (*cancel)(void *sink, struct sink_send *s);
};

/* Of its kind, and of a syslog by its address. */
const struct sink_ops *sink_ops_of(const struct sink_settings *settings);

#endif
