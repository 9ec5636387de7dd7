/* What an answer of the vendor means for us: the table of its errors. Pure.
 *
 * Source  ringcentral/api.md sections 3.5, 6 and 8. Decisions are made on status and codes,
 *         never on message text: texts change and are localized. */
#ifndef API_ANSWER_H
#define API_ANSWER_H

#include <jansson.h>
#include <stdint.h>

#include "api/budget.h"
#include "base/err.h"
#include "net/http.h"

/* Why an account cannot be watched: the words of account.unreachable. */
enum reason {
	REASON_NONE,
	REASON_CREDENTIALS,
	REASON_PERMISSION,
	REASON_LIMITED,
	REASON_MAINTENANCE,
	REASON_VENDOR,
	REASON_NETWORK,
	REASON_BAD_ANSWER,
	REASON_LIST_SHRUNK,
	REASON_STORE,
};

/* "credentials", ...; NULL for REASON_NONE. */
const char *reason_name(enum reason reason);

enum answer_next {
	ANSWER_GOOD,      /* use it */
	ANSWER_RETRY,     /* again, after a growing wait */
	ANSWER_WAIT,      /* again after wait_ms, and nothing of this budget before */
	ANSWER_NEW_TOKEN, /* the access token is dead: another, then once more */
	ANSWER_SMALLER,   /* too much at once: again for fewer */
	ANSWER_REFUSED,   /* not again before something was changed */
	ANSWER_CANCELED,
};

enum answer_scope {
	ANSWER_OF_GROUP,   /* a wait of this group of requests */
	ANSWER_OF_ACCOUNT, /* of all requests with these credentials */
	ANSWER_OF_ADDRESS, /* of all that this machine sends to that server */
};

#define ANSWER_TEXT_BYTES 400

struct answer {
	enum answer_next next;
	enum reason reason;
	enum answer_scope scope;
	/* From now on nothing of the scope, for so long: always of ANSWER_WAIT; of ANSWER_RETRY where the
	 * vendor has said so. Else 0. */
	int64_t wait_ms;
	char code[32]; /* the vendor's, the nested one where there is one; else "" */
	/* For the operator, without a secret: "HTTP 503 CMN-211: in maintenance". Control
	 * characters are escaped. */
	char text[ANSWER_TEXT_BYTES];
};

#define ANSWER_DEFAULT_WAIT_MS 60000
#define ANSWER_MAX_WAIT_MS     (INT64_C(24) * 3600 * 1000)

/* ANSWER_OF_BULK: several lists at once, ringcentral/api.md section 5. */
enum answer_of { ANSWER_OF_TOKEN, ANSWER_OF_LIST, ANSWER_OF_BULK };

/* Read the answer to a request that ended with rc (http_done_cb). now_at_ms is UTC. A refusal is one
 * even where its body has not wholly come, or the request was canceled meanwhile. */
void answer_read(struct answer *out, const struct http_request *req, int rc,
		 enum answer_of of, int64_t now_at_ms);

/* What its X-Rate-Limit headers say of the budget in which it counts, as budget_told() takes it. */
void answer_tell_budget(struct budget *b, const struct http_request *req, int64_t now_ms);

/* The answer's body as JSON, unpacked where it is gzip; NULL where it is none or larger than
 * max_bytes. The caller's. */
json_t *answer_parse_body(const struct http_request *req, size_t max_bytes);

/*
 * A Retry-After header, and the Date beside it, as retry_after_ms() reads them. A second is added,
 * since the vendor counts from its own clock.
 * Returns the wait, at most ANSWER_MAX_WAIT_MS; fallback_ms where it is absent, not positive or
 * unreadable, and at least that for a date of which only our own clock tells how far away it is:
 * were that ahead, we would never get out of a penalty.
 */
int64_t answer_retry_after(const char *header, const char *date, int64_t now_at_ms,
			   int64_t fallback_ms);

#endif
