/* What single values of the configuration must look like. Pure.
 *
 * Each returns 0 or ERR_CONFIG; err says what is wrong and what would be right. It
 * repeats nothing of the value, which may be a secret that was meant for another key. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "base/err.h"
#include "base/secret.h"

/* https://HOST[:PORT], or http:// to loopback; one slash may stand behind it, nothing else. */
int config_check_server(const char *text, struct err *err);

/* http:// or https://. Whether plain http is allowed is not asked here. */
int config_check_url(const char *text, struct err *err);

/* "", https://, or http:// to loopback. */
int config_check_heartbeat(const char *text, struct err *err);

/* smtp://HOST[:PORT] or smtps://HOST[:PORT]; one slash may stand behind it, nothing else. */
int config_check_mail_server(const char *text, struct err *err);

/* What mail_address_is_valid() takes. */
int config_check_mail_address(const char *text, struct err *err);

/* A URL in a file of its own. */
int config_check_secret_url(const struct secret *secret, struct err *err);

/* What window_parse() takes. */
int config_check_window(const char *text, struct err *err);
/* A member of a device's facts by which events are grouped. */
int config_check_group(const char *text, struct err *err);

/* What syslog_address_read() takes. */
int config_check_address(const char *text, struct err *err);

/* A shell pattern (fnmatch(3)) that some event type matches. */
int config_check_events(const char *text, struct err *err);

/* KEY=PATTERN, KEY one of account site type model device name. */
int config_check_match(const char *text, struct err *err);

/* What sign_read_key() takes. */
int config_check_webhook_secret(const struct secret *secret, struct err *err);

#endif
