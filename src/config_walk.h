/* One walk over the settings of a file against the table of keys. It goes on after a mistake, so that
 * the report has all of them. */
#ifndef CONFIG_WALK_H
#define CONFIG_WALK_H

#include "config.h"
#include "config_file.h"
#include "config_keys.h"

/* An entry of a section, as "acme" of accounts. */
struct config_seen {
	const struct config_section *section;
	const config_setting_t *at;
	const struct config_file *file;
};

/* Its owner sets the first four; all else is zero at first. */
struct config_walk {
	struct config *c; /* what was read */
	struct config_report *report;
	const struct config_file *main;
	const struct config_file *defaults; /* config_keys_defaults() */

	struct config_seen *seen; /* so far, none twice */
	size_t n_seen, seen_cap;
	const struct config_file *file; /* at hand */
	size_t accounts_cap, sinks_cap, rules_cap;
};

/* The sections of a file; of the main one the keys at the top level too. Files stay until the walk is
 * cleared. */
void config_walk_file(struct config_walk *w, const struct config_file *file);
void config_walk_clear(struct config_walk *w);

#endif
