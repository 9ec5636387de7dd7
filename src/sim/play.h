/* The whole simulation on a loop: a server, the vendor's API, accounts with their lives, a script,
 * and /sim, by which whoever watches steers it (control.h). */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <uv.h>

struct buf;
struct err;
struct play;

struct play_config {
	const char *address;    /* loopback only */
	const char *cert, *key; /* PEM texts; NULL: plain HTTP */
	unsigned n_accounts;    /* called 1, 2, ...; at least 1 */
	unsigned per_client;    /* so many of them share a client id */
	/* Of the first account. The others' JWTs are "JWT-NAME", and the others' client ids
	 * "ID-2", "ID-3" ... */
	const char *client_id, *client_secret, *jwt;
	size_t n_devices; /* of each account */
	uint32_t n_sites;
	uint64_t seed;      /* of the first; each other has the next one */
	int64_t at_ms;      /* UTC, of the beginning */
	double speed;       /* of lives and of tokens */
	const char *setup;  /* commands that come before everything; NULL: none */
	const char *script; /* path; NULL: none */
	const char *log;    /* path; NULL: none */
	/* Of the receiver of webhooks: "whsec_..." texts, and where a line is written for each;
	 * NULL: nowhere. */
	const char *const *webhook_secrets;
	size_t n_webhook_secrets;
	FILE *deliveries;
};

/* Returns 0 or ERR_CONFIG, ERR_FORMAT with what is wrong. An account's life begins with the first
 * list that is fetched, so that who fetches sees all of it; the script when play_start returns. */
int play_start(uv_loop_t *loop, const struct play_config *config, struct play **out,
	       struct err *err);
/* Its memory goes in later turns of the loop. */
void play_stop(struct play *p);

const char *play_url(const struct play *p);
/* Run commands, one a line; those with "at" so much later than now. What the others did is added
 * to results. Returns 0, or ERR_FORMAT as "line 2: no device 123": where a line cannot be read,
 * nothing is run. */
int play_command(struct play *p, const char *text, size_t len, struct buf *results,
		 struct err *err);

#endif
