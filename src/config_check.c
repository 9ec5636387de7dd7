#include "config_check.h"

#include <curl/curl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/sign.h"
#include "model/event.h"
#include "model/match.h"
#include "model/window.h"
#include "net/http.h"
#include "sink/mail_format.h"
#include "sink/syslog_address.h"

/* ---- URLs ---- */

static bool begins(const char *text, const char *prefix)
{
	return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* As curl, which will be given it, understands it; NULL where it does not. curl_url_cleanup()
 * frees it. */
static CURLU *parse_url(const char *text)
{
	CURLU *u = curl_url();

	if (u != NULL && curl_url_set(u, CURLUPART_URL, text, 0) == CURLUE_OK)
		return u;
	curl_url_cleanup(u);
	return NULL;
}

static bool has_part(CURLU *u, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK && text[0] != '\0' &&
		   (part != CURLUPART_PATH || strcmp(text, "/") != 0);

	curl_free(text);
	return has;
}

/* Nothing but scheme, host and port. */
static bool is_bare(CURLU *u)
{
	static const CURLUPart others[] = {CURLUPART_USER, CURLUPART_PASSWORD,
					   CURLUPART_PATH, CURLUPART_QUERY,
					   CURLUPART_FRAGMENT};

	for (size_t i = 0; i < COUNT(others); i++) {
		if (has_part(u, others[i]))
			return false;
	}
	return has_part(u, CURLUPART_HOST);
}

int config_check_url(const char *text, struct err *err)
{
	CURLU *u = begins(text, "https://") || begins(text, "http://") ? parse_url(text)
								       : NULL;

	if (u == NULL)
		return err_set(err, ERR_CONFIG, "not a URL; write https://HOST/PATH");
	curl_url_cleanup(u);
	return 0;
}

int config_check_secret_url(const struct secret *secret, struct err *err)
{
	return config_check_url(secret->text, err);
}

int config_check_server(const char *text, struct err *err)
{
	CURLU *u;
	bool bare;

	if (config_check_url(text, err) != 0)
		return err_set(err, ERR_CONFIG, "not a URL; write https://HOST");
	u = parse_url(text);
	bare = u != NULL && is_bare(u);
	curl_url_cleanup(u);
	if (!bare)
		return err_set(err, ERR_CONFIG,
			       "has more than scheme, host and port; write https://HOST");
	if (begins(text, "http://") && !http_is_loopback(text))
		return err_set(
			err, ERR_CONFIG,
			"plain http goes to this machine only; write https://HOST");
	return 0;
}

int config_check_heartbeat(const char *text, struct err *err)
{
	if (text[0] == '\0')
		return 0;
	if (config_check_url(text, err) != 0)
		return err->code;
	if (begins(text, "http://") && !http_is_loopback(text))
		return err_set(
			err, ERR_CONFIG,
			"plain http goes to this machine only; write https://HOST/PATH");
	return 0;
}

int config_check_mail_server(const char *text, struct err *err)
{
	CURLU *u = begins(text, "smtp://") || begins(text, "smtps://") ? parse_url(text)
								       : NULL;
	bool bare = u != NULL && is_bare(u);

	curl_url_cleanup(u);
	if (!bare)
		return err_set(
			err, ERR_CONFIG,
			"is not smtp://HOST[:PORT] or smtps://HOST[:PORT]; user and "
			"password have keys of their own");
	return 0;
}

int config_check_mail_address(const char *text, struct err *err)
{
	if (mail_address_is_valid(text))
		return 0;
	return err_set(
		err, ERR_CONFIG,
		"is no address of mail; write it as in phones@example.com, in ASCII "
		"and without a name");
}

int config_check_window(const char *text, struct err *err)
{
	struct window window;

	if (window_parse(&window, text, err) == 0)
		return 0;
	return err_set(err, ERR_CONFIG,
		       "is no window; write it as in \"Mon-Fri 18:00-07:00\" or "
		       "\"22:00-06:00\"");
}

int config_check_group(const char *text, struct err *err)
{
	static const char *const members[] = {"site", "model", "type"};

	for (size_t i = 0; i < COUNT(members); i++)
		if (strcmp(members[i], text) == 0)
			return 0;
	return err_set(err, ERR_CONFIG, "is not site, model or type");
}

int config_check_address(const char *text, struct err *err)
{
	struct syslog_address address = {0};
	int rc = syslog_address_read(&address, text, err);

	syslog_address_clear(&address);
	return rc;
}

/* ---- patterns ---- */

static bool matches_some_type(const char *pattern)
{
	const char *name;

	for (enum event_type t = 1; (name = event_type_name(t)) != NULL; t++) {
		if (fnmatch(pattern, name, 0) == 0)
			return true;
	}
	return false;
}

int config_check_events(const char *text, struct err *err)
{
	if (matches_some_type(text))
		return 0;
	return err_set(err, ERR_CONFIG,
		       "fits no type of event; as in \"device.*\", \"device.offline\" or "
		       "\"account.*\"");
}

int config_check_match(const char *text, struct err *err)
{
	if (match_is_valid(text))
		return 0;
	return err_set(
		err, ERR_CONFIG,
		"is not KEY=PATTERN, KEY being account, site, type, model, device or "
		"name; as in \"site=Denver\"");
}

/* ---- secrets ---- */

int config_check_webhook_secret(const struct secret *secret, struct err *err)
{
	struct secret key = {0};
	int rc = sign_read_key(&key, secret, err);

	secret_clear(&key);
	return rc;
}
