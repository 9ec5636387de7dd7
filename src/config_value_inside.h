/* The types of values, and what their files share. Nobody else includes this. */
#ifndef CONFIG_VALUE_INSIDE_H
#define CONFIG_VALUE_INSIDE_H

#include "config_value.h"

/* One key being read. */
struct config_reading {
	void *base; /* NULL: check only */
	const struct config_key *key;
	const struct config_file *file;
	struct config_report *report;
};

void *config_value_place(void *base, const struct config_key *key);
size_t *config_value_count(void *base, const struct config_key *key);
const void *config_value_const_place(const void *base, const struct config_key *key);
size_t config_value_const_count(const void *base, const struct config_key *key);

/* Report what is wrong with it; ERR_CONFIG. */
int config_refuse(const struct config_reading *r, const config_setting_t *s,
		  const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* The text that it is; borrowed. */
int config_value_text(const struct config_reading *r, const config_setting_t *s,
		      const char **text);
/* 0, or ERR_CONFIG where it is none, or too long. */
int config_value_check_list(const struct config_reading *r, const config_setting_t *s);

/* ---- config_secret.c ---- */

int config_value_read_file(const struct config_reading *r, const config_setting_t *s);
int config_value_read_program(const struct config_reading *r, const config_setting_t *s);
int config_value_read_secret(const struct config_reading *r, const config_setting_t *s);
int config_value_read_secrets(const struct config_reading *r, const config_setting_t *s);
void config_value_clear_secret(void *base, const struct config_key *key);
void config_value_clear_secrets(void *base, const struct config_key *key);
bool config_value_same_secret(const void *a, const void *b, const struct config_key *key);
bool config_value_same_secrets(const void *a, const void *b,
			       const struct config_key *key);

#endif
