#include "config_sink.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http.h"
#include "payload/payload.h"

/* A sink in its file. */
struct place {
	const config_setting_t *at;
	const struct config_file *file;
	struct config_report *report;
};

#define COMPLAIN(p, at, ...) \
	config_file_problem((p)->report, (p)->file, (at), NULL, __VA_ARGS__)

/* Whether it will run tonight nobody knows; what cannot run now is a mistake. */
static void check_command(const struct place *p, const struct sink_config *s)
{
	const config_setting_t *command = config_setting_get_member(p->at, "command");
	const char *program = s->n_command > 0 ? s->command[0] : "";
	struct stat st;

	if (program[0] != '/')
		COMPLAIN(p, command,
			 "does not begin with a program; write its absolute path, as in"
			 " [\"/usr/bin/logger\", \"-t\", \"phones\"]");
	else if (stat(program, &st) != 0)
		COMPLAIN(p, command, "cannot run its program: %s", strerror(errno));
	else if (!S_ISREG(st.st_mode) || access(program, X_OK) != 0)
		COMPLAIN(p, command, "cannot run %s: it is no program for this user",
			 program);
}

static void check_mail(const struct place *p, const struct sink_config *s)
{
	if (s->to != NULL && s->n_to == 0)
		COMPLAIN(p, config_setting_get_member(p->at, "to"),
			 "is empty; write to whom, as in [\"phones@example.com\"]");
	if (s->user != NULL && s->user[0] != '\0' && s->password.text == NULL)
		COMPLAIN(p, config_setting_get_member(p->at, "user"),
			 "has no password; write password_file too");
	else if (s->user != NULL && s->user[0] == '\0' && s->password.text != NULL)
		COMPLAIN(p, config_setting_get_member(p->at, "password_file"),
			 "is nobody's password; write user too");
}

static bool is_empty(const config_setting_t *s)
{
	return s->type == CONFIG_TYPE_STRING && s->value.sval[0] == '\0';
}

static void check_url(const struct place *p, const struct sink_config *s)
{
	const config_setting_t *url = config_setting_get_member(p->at, "url");
	const config_setting_t *file = config_setting_get_member(p->at, "url_file");
	const char *text = config_sink_url(s);

	if (url == NULL && file != NULL && is_empty(file))
		COMPLAIN(p, file, "is empty; name the file of the URL, or give url");
	else if (url != NULL && file != NULL && !is_empty(file))
		COMPLAIN(p, file, "url is there too; remove one");
	else if (text != NULL && !s->allow_http && strncasecmp(text, "http:", 5) == 0 &&
		 !http_is_loopback(text))
		COMPLAIN(p, url != NULL ? url : file,
			 "plain http goes to this machine only; write https, or "
			 "allow_http = true");
}

static void check_payload_secret(const struct place *p, const struct sink_config *s)
{
	const config_setting_t *format = config_setting_get_member(p->at, "format");
	const config_setting_t *file =
		config_setting_get_member(p->at, "payload_secret_file");

	if (s->program == NULL || s->payload_secret.len > 0 ||
	    !payload_needs_secret(format->value.sval))
		return;
	if (file != NULL && !is_empty(file))
		return; /* what is wrong with it was said */
	COMPLAIN(
		p, format,
		"%s needs its routing key; write payload_secret_file = \"NAME\", the file "
		"that holds it",
		format->value.sval);
}

/* "NAME: VALUE", NAME a token of RFC 9110. */
static bool is_header(const char *text)
{
	static const char token[] =
		"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t len = strspn(text, token);
	const char *value = text + len + 1;

	if (len == 0 || text[len] != ':')
		return false;
	value += strspn(value, " ");
	for (const char *c = value; *c != '\0'; c++)
		if (*c < ' ' || *c > '~')
			return false;
	return *value != '\0';
}

static void check_header(const struct place *p, const struct sink_config *s)
{
	if (s->header.text != NULL && !is_header(s->header.text))
		COMPLAIN(p, config_setting_get_member(p->at, "header_file"),
			 "holds no header; write \"NAME: VALUE\" into the file");
}

/* They open and close something for each event: one in a digest would never be closed. */
static void check_gathering(const struct place *p)
{
	static const char *const keys[] = {"group_wait", "group_by", "rate_max", "quiet"};
	const config_setting_t *format = config_setting_get_member(p->at, "format");

	if (format == NULL || format->type != CONFIG_TYPE_STRING ||
	    (strcmp(format->value.sval, "pagerduty") != 0 &&
	     strcmp(format->value.sval, "alertmanager") != 0))
		return;
	for (size_t i = 0; i < COUNT(keys); i++) {
		const config_setting_t *s = config_setting_get_member(p->at, keys[i]);

		if (s != NULL)
			COMPLAIN(p, s, "not with %s, which groups for itself; remove it",
				 format->value.sval);
	}
}

void config_sink_check(const struct sink_config *s, const config_setting_t *at,
		       const struct config_file *file, struct config_report *report)
{
	const struct place p = {at, file, report};

	if (s->kind == SINK_MAIL)
		check_mail(&p, s);
	if (s->kind == SINK_EXEC && s->command != NULL)
		check_command(&p, s);
	if (s->kind != SINK_WEBHOOK)
		return;
	check_url(&p, s);
	check_payload_secret(&p, s);
	check_header(&p, s);
	check_gathering(&p);
}
