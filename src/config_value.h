/* The values of keys: read from a setting, compared, freed. One row of a table per type. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include <libconfig.h>
#include <stdbool.h>

#include "config_file.h"
#include "config_keys.h"

/*
 * Read a setting.
 *
 * base    the struct that has the value at key->at; NULL: check only
 * report  gets every mistake, placed in file
 *
 * Returns 0 or ERR_CONFIG: something was reported, and base is as it was.
 */
int config_value_read(void *base, const struct config_key *key, const config_setting_t *s,
		      const struct config_file *file, struct config_report *report);

/* Free the values of all keys; the struct may be half-read, all else of it zero. */
void config_values_clear(void *base, const struct config_key *keys);

/* Give one the value of another, where it has none yet. Only of numbers, durations and lists of
 * texts. */
void config_value_copy(void *base, const void *from, const struct config_key *key);

enum config_part { CONFIG_ALL, CONFIG_CREDENTIALS };

/* Are the values of all keys, or of those that are credentials, the same? */
bool config_values_same(const void *a, const void *b, const struct config_key *keys,
			enum config_part part);

#endif
