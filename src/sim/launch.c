#include "sim/launch.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/options.h"
#include "sim/command.h"

#define FILE_MAX_BYTES  ((size_t)1 << 20)
#define SETUP_MAX_BYTES ((size_t)1 << 20)
#define TOLD_MAX_BYTES  ((size_t)64 << 20)
#define MAX_ACCOUNTS    10000
#define MAX_OPTIONS     64

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

static int read_unsigned(const char *text, unsigned min, unsigned max, unsigned *out,
			 struct err *err)
{
	uint64_t number = 0;
	int rc = read_number(text, min, max, &number, err);

	if (rc == 0)
		*out = (unsigned)number;
	return rc;
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

static int read_tls(const char *pair, struct launch *l, struct err *err)
{
	const char *comma = strchr(pair, ',');
	char *cert;
	int rc;

	if (comma == NULL)
		return bad(err, "CERT,KEY", pair);
	cert = mem_strndup(pair, (size_t)(comma - pair));
	rc = read_text(cert, &l->cert, err);
	free(cert);
	return rc != 0 ? rc : read_text(comma + 1, &l->key, err);
}

/* As a word of a command, whatever is in it. */
static void add_word(struct buf *line, const char *word)
{
	buf_add_text(line, line->len > 0 ? " \"" : "\"");
	for (const char *c = word; *c != '\0'; c++)
		buf_printf(line, *c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	buf_add_text(line, "\"");
}

/* An option that is a command, too: --NAME VALUE as "NAME VALUE". */
static int read_command(const char *name, const char *value, struct launch *l,
			struct err *err)
{
	struct command command;
	struct buf line;
	int rc;

	buf_init(&line, SETUP_MAX_BYTES);
	add_word(&line, name);
	add_word(&line, value);
	rc = command_read(&command, line.data, line.len, err);
	if (rc == 0) {
		buf_printf(&l->setup, "%s\n", line.data);
		command_clear(&command);
	}
	buf_clear(&line);
	return rc;
}

/* ---- options ---- */

enum option_id {
	OPT_HELP = 'h',
	OPT_VERSION = 'V',
	OPT_LISTEN = 256,
	OPT_TLS,
	OPT_ACCOUNTS,
	OPT_PER_CLIENT,
	OPT_DEVICES,
	OPT_SITES,
	OPT_SEED,
	OPT_SPEED,
	OPT_SCRIPT,
	OPT_FOR,
	OPT_CLIENT_ID,
	OPT_CLIENT_SECRET,
	OPT_CLIENT_SECRET_FILE,
	OPT_JWT,
	OPT_JWT_FILE,
	OPT_LOG,
	OPT_WEBHOOK_SECRET,
	OPT_WEBHOOK_SECRET_FILE,
	OPT_TELL,
	OPT_CA_FILE,
	OPT_COMMAND, /* and all behind it */
};

/* One line of the help, each: those of a part stand together. */
static const struct {
	const char *part; /* a heading before it; NULL: none */
	const char *name;
	const char *value; /* its form; NULL: it has none */
	const char *help;
	enum option_id id;
} rows[] = {
	{"Where", "listen", "ADDR:PORT",
	 "loopback only; port 0: any that is free (127.0.0.1:0)", OPT_LISTEN},
	{NULL, "tls", "CERT,KEY", "HTTPS, with these PEM files", OPT_TLS},
	{"What is played", "devices", "N", "devices of each account (200)", OPT_DEVICES},
	{NULL, "sites", "K", "sites they stand at (5): Denver, Boston, Austin ...",
	 OPT_SITES},
	{NULL, "accounts", "N", "so many, called 1, 2 ... (1)", OPT_ACCOUNTS},
	{NULL, "per-client", "K", "so many accounts share a client id (1)",
	 OPT_PER_CLIENT},
	{NULL, "seed", "S", "another number, another account; the same, the same (1)",
	 OPT_SEED},
	{NULL, "speed", "X", "life and tokens pass so many times faster (1)", OPT_SPEED},
	{NULL, "script", "FILE", "commands, each line optionally begins with \"at 30s\"",
	 OPT_SCRIPT},
	{NULL, "for", "DURATION", "stop after it, as 20s (until SIGTERM)", OPT_FOR},
	{"Who may come", "client-id", "ID", "(sim-client; account 2: sim-client-2 ...)",
	 OPT_CLIENT_ID},
	{NULL, "client-secret", "TEXT", "(sim-secret)", OPT_CLIENT_SECRET},
	{NULL, "client-secret-file", "FILE", "", OPT_CLIENT_SECRET_FILE},
	{NULL, "jwt", "TEXT", "(sim-jwt; account 2: sim-jwt-2 ...)", OPT_JWT},
	{NULL, "jwt-file", "FILE", "", OPT_JWT_FILE},
	{"Other", "log", "FILE", "append requests and changes, one JSON object a line",
	 OPT_LOG},
	{NULL, "webhook-secret", "TEXT",
	 "whsec_..., to check what --receive takes; may be repeated", OPT_WEBHOOK_SECRET},
	{NULL, "webhook-secret-file", "FILE", "", OPT_WEBHOOK_SECRET_FILE},
	{NULL, "tell", "ADDR:PORT",
	 "send commands to one that runs: what follows, or stdin", OPT_TELL},
	{NULL, "ca-file", "FILE", "the authority of one with --tls, to tell it",
	 OPT_CA_FILE},
	{NULL, "help", NULL, "", OPT_HELP},
	{NULL, "version", NULL, "", OPT_VERSION},
};

/* All of them, for getopt_long(). */
static void list_options(struct option list[MAX_OPTIONS])
{
	const char *value, *help, *name;
	size_t n = 0;

	for (; n < COUNT(rows); n++)
		list[n] = (struct option){rows[n].name,
					  rows[n].value != NULL ? required_argument
								: no_argument,
					  NULL, (int)rows[n].id};
	for (size_t i = 0; (name = command_option(i, &value, &help)) != NULL; i++) {
		/* "on|off" may be said without a value: on. */
		bool is_switch = strcmp(value, "on|off") == 0;

		assert(n + 1 < MAX_OPTIONS);
		list[n++] = (struct option){
			name, is_switch ? optional_argument : required_argument, NULL,
			OPT_COMMAND + (int)i};
	}
	list[n] = (struct option){0};
}

/* text is taken. */
static void add_webhook_secret(struct launch *l, char *text)
{
	l->webhook_secrets = mem_grow(l->webhook_secrets, l->n_webhook_secrets,
				      &l->webhook_secrets_cap, sizeof(char *));
	l->webhook_secrets[l->n_webhook_secrets++] = text;
}

static int take_option(struct launch *l, int option, const char *name, const char *value,
		       struct err *err)
{
	struct play_config *p = &l->play;
	uint64_t number = 0;
	char *text = NULL;
	int rc = 0;

	switch (option) {
	case OPT_LISTEN:
		p->address = value;
		break;
	case OPT_TLS:
		return read_tls(value, l, err);
	case OPT_ACCOUNTS:
		return read_unsigned(value, 1, MAX_ACCOUNTS, &p->n_accounts, err);
	case OPT_PER_CLIENT:
		return read_unsigned(value, 1, MAX_ACCOUNTS, &p->per_client, err);
	case OPT_DEVICES:
		rc = read_number(value, 0, COMMAND_MAX_DEVICES, &number, err);
		p->n_devices = (size_t)number;
		break;
	case OPT_SITES:
		return read_unsigned(value, 1, COMMAND_MAX_SITES, &p->n_sites, err);
	case OPT_SEED:
		return read_number(value, 0, UINT64_MAX, &p->seed, err);
	case OPT_SPEED:
		return read_speed(value, &p->speed, err);
	case OPT_SCRIPT:
		p->script = value;
		break;
	case OPT_FOR:
		if (clock_parse_duration(value, &l->for_ms) != 0 || l->for_ms == 0)
			return bad(err, "a duration as 20s", value);
		break;
	case OPT_CLIENT_ID:
		p->client_id = value;
		break;
	case OPT_CLIENT_SECRET:
		p->client_secret = value;
		break;
	case OPT_CLIENT_SECRET_FILE:
		return read_secret(value, &l->secret, err);
	case OPT_JWT:
		p->jwt = value;
		break;
	case OPT_JWT_FILE:
		return read_secret(value, &l->jwt, err);
	case OPT_LOG:
		p->log = value;
		break;
	case OPT_WEBHOOK_SECRET:
		add_webhook_secret(l, mem_strdup(value));
		break;
	case OPT_WEBHOOK_SECRET_FILE:
		rc = read_secret(value, &text, err);
		if (rc == 0)
			add_webhook_secret(l, text);
		break;
	case OPT_TELL:
		l->tell = value;
		break;
	case OPT_CA_FILE:
		l->ca_file = value;
		break;
	default:
		return read_command(name, value != NULL ? value : "on", l, err);
	}
	return rc;
}

static void set_defaults(struct launch *l)
{
	*l = (struct launch){
		.play =
			{
				.address = "127.0.0.1:0",
				.n_accounts = 1,
				.per_client = 1,
				.client_id = "sim-client",
				.client_secret = "sim-secret",
				.jwt = "sim-jwt",
				.n_devices = 200,
				.n_sites = 5,
				.seed = 1,
				.at_ms = clock_utc_ms(),
				.speed = 1,
			},
	};
	buf_init(&l->setup, SETUP_MAX_BYTES);
	buf_init(&l->told, TOLD_MAX_BYTES);
}

static void finish_options(struct launch *l)
{
	struct play_config *p = &l->play;

	p->cert = l->cert;
	p->key = l->key;
	p->setup = buf_text(&l->setup);
	p->webhook_secrets = (const char *const *)l->webhook_secrets;
	p->n_webhook_secrets = l->n_webhook_secrets;
	p->deliveries = stdout;
	if (l->secret != NULL)
		p->client_secret = l->secret;
	if (l->jwt != NULL)
		p->jwt = l->jwt;
}

void launch_clear(struct launch *l)
{
	for (size_t i = 0; i < l->n_webhook_secrets; i++)
		free(l->webhook_secrets[i]);
	free(l->webhook_secrets);
	buf_clear(&l->setup);
	buf_clear(&l->told);
	free(l->cert);
	free(l->key);
	free(l->secret);
	free(l->jwt);
}

/* ---- help ---- */

static const char help_head[] =
	"Usage: phonewatch-sim [OPTION]...\n"
	"Play the vendor's telephony API on this machine, with accounts of made-up phones.\n"
	"\n"
	"A power cut in Denver, for a minute:\n"
	"  phonewatch-sim --listen 127.0.0.1:8080 &\n"
	"  phonewatch-sim --tell 127.0.0.1:8080 site Denver offline\n"
	"  phonewatch-sim --tell 127.0.0.1:8080 at 60s site Denver online\n"
	"\n"
	"When it is ready it prints one line: listening on http://127.0.0.1:PORT\n";

static const char help_tail[] =
	"\n"
	"GET /sim/devices tells the truth as JSON, to compare; GET /sim/accounts who there is.\n"
	"phonewatch-sim(1) has all of this at length, with examples.\n";

static void print_option(const char *name, const char *value, const char *help)
{
	char form[80];

	snprintf(form, sizeof form, "--%s %s", name, value != NULL ? value : "");
	if (strlen(form) < 28)
		printf("  %-28s %s\n", form, help);
	else
		printf("  %s\n  %28s %s\n", form, "", help);
}

static void print_help(void)
{
	const char *name, *value, *help;
	char *commands = command_help();

	fputs(help_head, stdout);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].part != NULL)
			printf("\n%s\n", rows[i].part);
		print_option(rows[i].name, rows[i].value, rows[i].help);
	}
	puts("\nHow the vendor behaves (each is a command as well, without the dashes)");
	for (size_t i = 0; (name = command_option(i, &value, &help)) != NULL; i++)
		print_option(name, value, help);
	printf("\nCommands, one a line, for --script FILE and for POST /sim\n"
	       "  [at DURATION] [in ACCOUNT] COMMAND    without ACCOUNT: all of them\n%s",
	       commands);
	fputs(help_tail, stdout);
	free(commands);
}

/* What is to be told: the words, one command; one word that is a whole line; or all of stdin. */
static void read_told(char **words, struct buf *text)
{
	char block[65536];
	size_t n;

	if (words[0] == NULL) {
		while ((n = fread(block, 1, sizeof block, stdin)) > 0)
			buf_add(text, block, n);
	} else if (words[1] == NULL) {
		buf_add_text(text, words[0]);
	} else {
		for (; *words != NULL; words++)
			add_word(text, *words);
	}
}

static int wrong_use(const char *what)
{
	fprintf(stderr, "phonewatch-sim: %s; see phonewatch-sim --help\n", what);
	return LAUNCH_USE_STATUS;
}

/* Returns -1 to go on, or the status to exit with. */
static int read_options(struct launch *l, int argc, char **argv)
{
	struct option list[MAX_OPTIONS];
	char text[ERR_TEXT_BYTES];
	struct err err;
	int option, index = 0;

	list_options(list);
	/* "+": what follows the options may look like one, too. */
	opterr = 0;
	while ((option = getopt_long(argc, argv, "+:hV", list, &index)) != -1) {
		if (option == OPT_HELP) {
			print_help();
			return 0;
		}
		if (option == OPT_VERSION) {
			puts("phonewatch-sim " VERSION);
			return 0;
		}
		if (option == '?' || option == ':') {
			options_explain(text, sizeof text, option, argv, list);
			return wrong_use(text);
		}
		/* getopt_long() takes it for an argument of the program. */
		if (optarg == NULL && list[index].has_arg == optional_argument &&
		    optind < argc &&
		    (strcmp(argv[optind], "on") == 0 || strcmp(argv[optind], "off") == 0))
			optarg = argv[optind++];
		if (take_option(l, option, list[index].name, optarg, &err) != 0) {
			fprintf(stderr, "phonewatch-sim: --%s: %s\n", list[index].name,
				err.text);
			return LAUNCH_USE_STATUS;
		}
	}
	if (optind < argc && l->tell == NULL) {
		snprintf(text, sizeof text, "%s: unexpected", argv[optind]);
		return wrong_use(text);
	}
	if (l->tell != NULL)
		read_told(argv + optind, &l->told);
	finish_options(l);
	return -1;
}

int launch_read(struct launch *l, int argc, char **argv)
{
	set_defaults(l);
	return read_options(l, argc, argv);
}
