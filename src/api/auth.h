/* The way to an access token: the JWT grant, refresh, and the file that keeps the token.
 *
 * Source  ringcentral/api.md section 3
 *
 * One request a call: whoever asks decides about waits and tries. The token outlives a restart
 * in a file of mode 0600, bound to a digest of server, client id, client secret and JWT; it is
 * not revoked at stop, since each presentation of the JWT opens another session. */
#ifndef API_AUTH_H
#define API_AUTH_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "api/answer.h"
#include "base/digest.h"
#include "base/secret.h"
#include "net/http.h"

struct auth;
/* The request ended. ANSWER_GOOD: auth_token is good now. Any other: auth->answer says why and
 * what next; a refused refresh token is gone, and the next auth_start uses the JWT. */
typedef void (*auth_cb)(struct auth *auth);

struct auth_settings {
	const char *
		server; /* "https://platform.ringcentral.com"; all borrowed, outlive auth */
	const char *client_id;
	const struct secret *client_secret, *jwt;
	const char *ca_file; /* NULL: the system's */
};

struct auth {
	struct auth_settings settings;
	uv_loop_t *loop;
	char *path; /* of the token file */
	char binding[DIGEST_HEX_BYTES];

	struct secret access, refresh;
	int64_t expires_ms;         /* monotonic; the access token's end */
	int64_t renew_ms;           /* when to get another */
	int64_t refresh_expires_ms; /* 0: not told */
	char *scope;                /* permissions granted; NULL: not told */

	struct http_request req;
	char *url;
	struct secret body;
	bool refreshing; /* the request under way is a refresh, not the JWT */
	struct answer answer;
	auth_cb on_done;
	void *data; /* the owner's */

	struct token_file *writing; /* NULL: none under way */
};

/* path is copied: of the token file, which is read by auth_read_file() and auth_take_file(). NULL:
 * the token is kept nowhere. */
void auth_init(struct auth *auth, uv_loop_t *loop, const struct auth_settings *settings,
	       const char *path);
/* Read the token file into text, which is left empty where there is none that may be read. Waits
 * for the disk: for a worker. Touches nothing of auth but its path, which never changes. */
void auth_read_file(const struct auth *auth, struct secret *text);
/* Take over what it held, where that fits these credentials; text is wiped. On the loop, before
 * the first auth_start. */
void auth_take_file(struct auth *auth, struct secret *text);
/* Nothing may be under way. A token file being written is finished on its own. */
void auth_clear(struct auth *auth);

/* The access token, or NULL where another must be had first. Borrowed until auth next changes. */
const char *auth_token(const struct auth *auth, int64_t now_ms);
/* The vendor does not know this token any more. */
void auth_drop_token(struct auth *auth);
/* The next auth_start presents the JWT. */
void auth_drop_refresh(struct auth *auth);

/* Ask for a token; on_done follows. Spends one request of the Auth budget. */
void auth_start(struct auth *auth, struct http_client *client, auth_cb on_done);
/* Add the Authorization header of this client to a request to the token endpoints. */
void auth_add_basic(const struct auth *auth, struct http_request *req);

/* End it early; on_done follows with ANSWER_CANCELED. */
void auth_cancel(struct auth *auth);

#endif
