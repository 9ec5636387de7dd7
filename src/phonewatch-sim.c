/* phonewatch-sim: plays the vendor. Options, signals, and the one line that says where. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/options.h"
#include "sim/command.h"
#include "sim/play.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define MAX_DEVICES    2000000
#define MAX_SITES      100000
#define USE_STATUS     2

struct options {
	struct play_config play;
	struct play_limit *limits;
	size_t limits_cap;
	int64_t for_ms; /* 0: until a signal */
	char *cert, *key;
	char *secret, *jwt; /* read from files; NULL: not */
};

static const char help_head[] =
	"Usage: phonewatch-sim [OPTION]...\n"
	"Play the vendor's telephony API on this machine, with an account of made-up phones.\n"
	"\n"
	"Where\n"
	"  --listen ADDR:PORT       loopback only; port 0: any that is free (127.0.0.1:0)\n"
	"  --tls CERT,KEY           HTTPS, with these PEM files\n"
	"What is played\n"
	"  --devices N              devices of the account (200)\n"
	"  --sites K                sites they stand at (5)\n"
	"  --seed S                 another number, another account; the same, the same (1)\n"
	"  --life SHARE             share of the devices that change each minute, as 5%\n"
	"                           (0: nothing does). The first phone goes offline 3 s after\n"
	"                           the list was first fetched\n"
	"  --speed X                life and tokens pass so many times faster (1)\n"
	"  --script FILE            commands, each line optionally begins with \"at 30s\"\n"
	"  --for DURATION           stop after it, as 20s (until SIGTERM)\n"
	"How the vendor behaves\n"
	"  --limit GROUP=N[/SECONDS]  rate limit (light=50 medium=40 heavy=10 auth=5, each /60)\n"
	"  --list-group GROUP       the group that lists count in (medium)\n"
	"  --penalty SECONDS        after the limit is passed; begins anew with each request (60)\n"
	"  --per-page-max N         a larger perPage is taken as this (1000)\n"
	"  --token-ttl SECONDS      longest life of an access token (3600)\n"
	"  --refresh-tokens         give refresh tokens, too\n"
	"  --gzip same|vary|off     vary: other bytes for the same page each time (same)\n"
	"Who may come\n"
	"  --client-id ID           (sim-client)\n"
	"  --client-secret TEXT     (sim-secret); or --client-secret-file FILE\n"
	"  --jwt TEXT               (sim-jwt); or --jwt-file FILE\n"
	"Other\n"
	"  --log FILE               append requests and changes, one JSON object a line\n"
	"  -h, --help; -V, --version\n"
	"\n"
	"When it is ready it prints one line: listening on http://127.0.0.1:PORT\n"
	"\n"
	"Commands, for --script FILE and for POST /sim (one a line, run at once):\n";

static const char help_tail[] =
	"\n"
	"GET /sim/devices tells the truth as JSON, to compare.\n"
	"\n"
	"Examples\n"
	"  An account of 500 phones, in which something happens all the time:\n"
	"    phonewatch-sim --listen 127.0.0.1:8080 --devices 500 --life 5%\n"
	"  and, from elsewhere, a power cut in Denver:\n"
	"    curl --data-binary 'site Denver offline' http://127.0.0.1:8080/sim\n"
	"\n"
	"  A rehearsal: an outage, a vendor that fails three times, and the recovery:\n"
	"    printf '%s\\n' 'at 10s site Boston offline' 'at 20s fault times 3 status 503' \\\n"
	"        'at 60s site Boston online' > outage.txt\n"
	"    phonewatch-sim --script outage.txt --log sim.ndjson --for 2m\n";

/* ---- values ---- */

static int bad(struct err *err, const char *what, const char *value)
{
	return err_set(err, ERR_CONFIG, "expected %s, not \"%s\"", what, value);
}

static int read_number(const char *text, uint64_t min, uint64_t max, uint64_t *out,
		       struct err *err)
{
	unsigned long long number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
	    number < min || number > max)
		return err_set(err, ERR_CONFIG,
			       "expected a number of %llu to %llu, not \"%s\"",
			       (unsigned long long)min, (unsigned long long)max, text);
	*out = number;
	return 0;
}

static int read_speed(const char *text, double *out, struct err *err)
{
	char *end;
	double speed = strtod(text, &end);

	if (end == text || *end != '\0' || !(speed >= 0.001) || speed > 1e6)
		return bad(err, "a number of 0.001 to 1000000", text);
	*out = speed;
	return 0;
}

/* A whole small file, for free(). */
static int read_text(const char *path, char **out, struct err *err)
{
	FILE *file = fopen(path, "re");
	char block[4096];
	struct buf b;
	size_t n;

	if (file == NULL)
		return err_set(err, ERR_CONFIG, "%s: %s", path, strerror(errno));
	buf_init(&b, FILE_MAX_BYTES);
	while ((n = fread(block, 1, sizeof block, file)) > 0 &&
	       buf_add(&b, block, n) == 0)
		;
	if (ferror(file) || !feof(file)) {
		fclose(file);
		buf_clear(&b);
		return err_set(err, ERR_CONFIG, "%s: cannot be read, or is too large",
			       path);
	}
	fclose(file);
	free(*out);
	*out = mem_strdup(buf_text(&b));
	buf_clear(&b);
	return 0;
}

/* The same, without white space at its end. */
static int read_secret(const char *path, char **out, struct err *err)
{
	int rc = read_text(path, out, err);

	if (rc == 0)
		for (size_t n = strlen(*out); n > 0 && strchr(" \t\r\n", (*out)[n - 1]);
		     n--)
			(*out)[n - 1] = '\0';
	return rc;
}

static int read_tls(const char *pair, struct options *o, struct err *err)
{
	const char *comma = strchr(pair, ',');
	char *cert;
	int rc;

	if (comma == NULL)
		return bad(err, "CERT,KEY", pair);
	cert = mem_strndup(pair, (size_t)(comma - pair));
	rc = read_text(cert, &o->cert, err);
	free(cert);
	return rc != 0 ? rc : read_text(comma + 1, &o->key, err);
}

static int read_limit(const char *text, struct options *o, struct err *err)
{
	struct play_limit limit;
	char *group;
	int rc = command_parse_limit(text, &group, &limit.max, &limit.window_ms, err);

	if (rc != 0)
		return rc;
	limit.group = group; /* until the program ends */
	o->limits = mem_grow(o->limits, o->play.n_limits, &o->limits_cap, sizeof limit);
	o->limits[o->play.n_limits++] = limit;
	return 0;
}

static int read_gzip(const char *text, enum vendor_gzip *out, struct err *err)
{
	static const char *const words[] = {
		[VENDOR_GZIP_SAME] = "same",
		[VENDOR_GZIP_VARY] = "vary",
		[VENDOR_GZIP_OFF] = "off",
	};

	for (size_t i = 0; i < COUNT(words); i++)
		if (strcmp(words[i], text) == 0) {
			*out = (enum vendor_gzip)i;
			return 0;
		}
	return bad(err, "same, vary or off", text);
}

static int read_group(const char *text, const char **out, struct err *err)
{
	if (text[0] == '\0' || strlen(text) >= VENDOR_GROUP_BYTES)
		return bad(err, "the name of a group", text);
	*out = text;
	return 0;
}

/* ---- options ---- */

enum option_id {
	OPT_LISTEN = 256,
	OPT_TLS,
	OPT_DEVICES,
	OPT_SITES,
	OPT_SEED,
	OPT_LIFE,
	OPT_SPEED,
	OPT_SCRIPT,
	OPT_FOR,
	OPT_LIMIT,
	OPT_LIST_GROUP,
	OPT_PENALTY,
	OPT_PER_PAGE_MAX,
	OPT_TOKEN_TTL,
	OPT_REFRESH_TOKENS,
	OPT_GZIP,
	OPT_CLIENT_ID,
	OPT_CLIENT_SECRET,
	OPT_CLIENT_SECRET_FILE,
	OPT_JWT,
	OPT_JWT_FILE,
	OPT_LOG,
};

static const struct option options[] = {
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"tls", required_argument, NULL, OPT_TLS},
	{"devices", required_argument, NULL, OPT_DEVICES},
	{"sites", required_argument, NULL, OPT_SITES},
	{"seed", required_argument, NULL, OPT_SEED},
	{"life", required_argument, NULL, OPT_LIFE},
	{"speed", required_argument, NULL, OPT_SPEED},
	{"script", required_argument, NULL, OPT_SCRIPT},
	{"for", required_argument, NULL, OPT_FOR},
	{"limit", required_argument, NULL, OPT_LIMIT},
	{"list-group", required_argument, NULL, OPT_LIST_GROUP},
	{"penalty", required_argument, NULL, OPT_PENALTY},
	{"per-page-max", required_argument, NULL, OPT_PER_PAGE_MAX},
	{"token-ttl", required_argument, NULL, OPT_TOKEN_TTL},
	{"refresh-tokens", no_argument, NULL, OPT_REFRESH_TOKENS},
	{"gzip", required_argument, NULL, OPT_GZIP},
	{"client-id", required_argument, NULL, OPT_CLIENT_ID},
	{"client-secret", required_argument, NULL, OPT_CLIENT_SECRET},
	{"client-secret-file", required_argument, NULL, OPT_CLIENT_SECRET_FILE},
	{"jwt", required_argument, NULL, OPT_JWT},
	{"jwt-file", required_argument, NULL, OPT_JWT_FILE},
	{"log", required_argument, NULL, OPT_LOG},
	{NULL, 0, NULL, 0},
};

static int take_option(struct options *o, int option, const char *value, struct err *err)
{
	struct play_config *p = &o->play;
	uint64_t number = 0;
	int rc = 0;

	switch ((enum option_id)option) {
	case OPT_LISTEN:
		p->address = value;
		break;
	case OPT_TLS:
		return read_tls(value, o, err);
	case OPT_DEVICES:
		rc = read_number(value, 0, MAX_DEVICES, &number, err);
		p->world.n_devices = number;
		break;
	case OPT_SITES:
		rc = read_number(value, 1, MAX_SITES, &number, err);
		p->world.n_sites = (uint32_t)number;
		break;
	case OPT_SEED:
		return read_number(value, 0, UINT64_MAX, &p->world.seed, err);
	case OPT_LIFE:
		return command_parse_share(value, &p->share, err);
	case OPT_SPEED:
		return read_speed(value, &p->speed, err);
	case OPT_SCRIPT:
		p->script = value;
		break;
	case OPT_FOR:
		if (clock_parse_duration(value, &o->for_ms) != 0 || o->for_ms == 0)
			return bad(err, "a duration as 20s", value);
		break;
	case OPT_LIMIT:
		return read_limit(value, o, err);
	case OPT_LIST_GROUP:
		return read_group(value, &p->vendor.list_group, err);
	case OPT_PENALTY:
		rc = read_number(value, 1, COMMAND_SECONDS_MAX, &number, err);
		p->vendor.penalty_ms = (int64_t)number * 1000;
		break;
	case OPT_PER_PAGE_MAX:
		rc = read_number(value, 1, VENDOR_PER_PAGE_MAX, &number, err);
		p->vendor.per_page_max = (unsigned)number;
		break;
	case OPT_TOKEN_TTL:
		rc = read_number(value, 1, 30 * COMMAND_SECONDS_MAX, &number, err);
		p->vendor.oauth.token_ms = (int64_t)number * 1000;
		break;
	case OPT_REFRESH_TOKENS:
		p->vendor.oauth.refresh_tokens = true;
		break;
	case OPT_GZIP:
		return read_gzip(value, &p->vendor.gzip, err);
	case OPT_CLIENT_ID:
		p->vendor.oauth.client_id = value;
		break;
	case OPT_CLIENT_SECRET:
		p->vendor.oauth.client_secret = value;
		break;
	case OPT_CLIENT_SECRET_FILE:
		return read_secret(value, &o->secret, err);
	case OPT_JWT:
		p->vendor.oauth.jwt = value;
		break;
	case OPT_JWT_FILE:
		return read_secret(value, &o->jwt, err);
	case OPT_LOG:
		p->log = value;
		break;
	}
	return rc;
}

static void set_defaults(struct options *o)
{
	*o = (struct options){
		.play =
			{
				.address = "127.0.0.1:0",
				.world = {.n_devices = 200,
					  .n_sites = 5,
					  .seed = 1,
					  .at_ms = clock_utc_ms()},
				.vendor =
					{
						.oauth = {.client_id = "sim-client",
							  .client_secret = "sim-secret",
							  .jwt = "sim-jwt",
							  .token_ms = 3600000},
						.list_group = "medium",
						.penalty_ms = 60000,
						.per_page_max = VENDOR_PER_PAGE_MAX,
					},
				.speed = 1,
			},
	};
}

static void finish_options(struct options *o)
{
	struct play_config *p = &o->play;

	p->cert = o->cert;
	p->key = o->key;
	p->limits = o->limits;
	p->vendor.oauth.speed = p->speed;
	if (o->secret != NULL)
		p->vendor.oauth.client_secret = o->secret;
	if (o->jwt != NULL)
		p->vendor.oauth.jwt = o->jwt;
}

static void free_options(struct options *o)
{
	for (size_t i = 0; i < o->play.n_limits; i++)
		free((char *)(uintptr_t)o->limits[i].group);
	free(o->limits);
	free(o->cert);
	free(o->key);
	free(o->secret);
	free(o->jwt);
}

static int wrong_use(const char *what)
{
	fprintf(stderr, "phonewatch-sim: %s; see phonewatch-sim --help\n", what);
	return USE_STATUS;
}

/* Returns -1 to go on, or the status to exit with. */
static int read_options(int argc, char **argv, struct options *o)
{
	char text[ERR_TEXT_BYTES];
	struct err err;
	int option, index = 0;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":hV", options, &index)) != -1) {
		if (option == 'h') {
			printf("%s%s%s", help_head, command_help, help_tail);
			return 0;
		}
		if (option == 'V') {
			puts("phonewatch-sim " VERSION);
			return 0;
		}
		if (option == '?' || option == ':') {
			options_explain(text, sizeof text, option, argv, options);
			return wrong_use(text);
		}
		if (take_option(o, option, optarg, &err) != 0) {
			fprintf(stderr, "phonewatch-sim: --%s: %s\n", options[index].name,
				err.text);
			return USE_STATUS;
		}
	}
	if (optind < argc) {
		snprintf(text, sizeof text, "%s: unexpected", argv[optind]);
		return wrong_use(text);
	}
	finish_options(o);
	return -1;
}

/* ---- running ---- */

/*
 *   main -> play_start -> on_signal or on_end -> stop -> all handles close, the loop ends
 */
struct running {
	struct play *play;
	uv_signal_t term, interrupt;
	uv_timer_t end;
};

static void stop(struct running *r)
{
	if (r->play == NULL)
		return;
	play_stop(r->play);
	r->play = NULL;
	uv_close((uv_handle_t *)&r->term, NULL);
	uv_close((uv_handle_t *)&r->interrupt, NULL);
	uv_close((uv_handle_t *)&r->end, NULL);
}

static void on_signal(uv_signal_t *handle, int number)
{
	(void)number;
	stop(handle->data);
}

static void on_end(uv_timer_t *timer)
{
	stop(timer->data);
}

static void wait_for_end(struct running *r, uv_loop_t *loop, int64_t for_ms)
{
	r->term.data = r->interrupt.data = r->end.data = r;
	uv_signal_init(loop, &r->term);
	uv_signal_init(loop, &r->interrupt);
	uv_timer_init(loop, &r->end);
	uv_signal_start(&r->term, on_signal, SIGTERM);
	uv_signal_start(&r->interrupt, on_signal, SIGINT);
	if (for_ms > 0)
		uv_timer_start(&r->end, on_end, (uint64_t)for_ms, 0);
}

static int run(const struct options *o)
{
	struct running r = {0};
	uv_loop_t loop;
	struct err err;
	int rc;

	signal(SIGPIPE, SIG_IGN);
	uv_loop_init(&loop);
	if (play_start(&loop, &o->play, &r.play, &err) != 0) {
		fprintf(stderr, "phonewatch-sim: %s\n", err.text);
		uv_loop_close(&loop);
		return USE_STATUS;
	}
	wait_for_end(&r, &loop, o->for_ms);
	printf("listening on %s\n", play_url(r.play));
	fflush(stdout);
	uv_run(&loop, UV_RUN_DEFAULT);
	rc = uv_loop_close(&loop);
	return rc == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct options o;
	int status;

	set_defaults(&o);
	status = read_options(argc, argv, &o);
	if (status < 0)
		status = run(&o);
	free_options(&o);
	return status;
}
