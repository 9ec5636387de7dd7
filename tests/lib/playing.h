/* A simulation in the test's own process, asked by a real HTTP client: the fixture of the tests of
 * phonewatch-sim as a whole. One at a time. */
#ifndef TESTS_PLAYING_H
#define TESTS_PLAYING_H

#include <jansson.h>
#include <stddef.h>
#include <uv.h>

#include "lib/client.h"
#include "sim/play.h"

#define PLAYING_LIST       "/restapi/v1.0/account/~/device"
#define PLAYING_EXTENSIONS "/restapi/v1.0/account/~/extension"
#define PLAYING_TOKEN      "/restapi/oauth/token"
#define PLAYING_USER       "the-id:the-secret"
#define PLAYING_GRANT      "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
#define PLAYING_JWT        PLAYING_GRANT "&assertion=the-jwt"

struct playing {
	uv_loop_t loop;
	struct client client;
	struct play_config config; /* to be changed before playing_start() */
	struct play *play;
	char *log_path;
	char bearer[160]; /* the Authorization line of whoever logged in last */
};
extern struct playing playing;

/* Of a suite. 250 devices, client id the-id, secret the-secret, JWT the-jwt. */
void playing_setup(void);
void playing_teardown(void); /* asserts that no handle is left */

void playing_start(void);
/* The whole URL of a path; good until the next call. */
const char *playing_url(const char *path);

/* ---- asking; each call is for client_end() ---- */

void playing_ask_token(struct client_call *call, const char *user, const char *form);
void playing_log_in(void);
void playing_log_in_as(const char *user, const char *form);
/* Start a GET with the bearer, without waiting; ask waits. curl unpacks where encoding is "gzip",
 * and nobody where it is a header line. NULL: nothing is asked for. */
void playing_start_get(struct client_call *call, const char *path, const char *encoding);
void playing_get(struct client_call *call, const char *path, const char *encoding);
/* GET the list with this query. */
void playing_list(struct client_call *call, const char *query, const char *encoding);
/* GET a path, and the JSON of its body; the status must be this one. For json_decref(). */
json_t *playing_get_json(const char *path, long status);

/* Run commands; they must succeed. */
void playing_command(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Post to /sim, and copy the answer. */
void playing_post(const char *text, long status, char *answer, size_t size);
/* GET /sim/devices; for json_decref(). */
json_t *playing_truth(void);
/* The bytes of the first page as they are sent to a client that takes gzip; for free(). */
char *playing_raw_page(size_t *len);

/* ---- looking ---- */

json_t *playing_json(const struct client_call *call);
/* The text at a path of member names, as "errors.0.errorCode"; "" where there is none. Numbers
 * come as text, in a buffer that the next call overwrites. */
const char *playing_at(const json_t *json, const char *path);

/* All lines of the log so far, an array; for json_decref(). */
json_t *playing_log(void);
size_t playing_count(const char *event);
/* The last line, compact and without its time; good until the next call. */
const char *playing_last_line(void);

/* A file in the test's folder; its path is for free(). */
char *playing_file(const char *name, const char *text);

#endif
