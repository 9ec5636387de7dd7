/* One file of the configuration: read whole, bounded and parsed by libconfig; and the words of
 * what is wrong in it.
 *
 * libconfig's @include is refused: it would open any path, relative to whatever folder we run
 * in. The key "include" names a folder instead. */
#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H

#include <libconfig.h>

#include "base/err.h"
#include "config.h"

/* libconfig looks for duplicates one by one: 1 MiB of settings would take it a minute. */
#define CONFIG_MAX_BYTES (256u << 10)

struct config_file {
	char *path;
	unsigned order;    /* in which it was read, from 0 */
	unsigned bad_line; /* after an error: where, 0 for nowhere */
	config_t parsed;   /* its address is known to its settings: it may not move */
};

/*
 * Read a file.
 *
 * file  always set; its owner calls config_file_destroy(), after an error too
 *
 * Returns 0 or ERR_CONFIG: no regular file, too large, not text, a syntax error, a name that
 * stands twice in its section, or something left open; err says what without the path.
 */
int config_file_read(const char *path, struct config_file **file, struct err *err);
/* The same from a text; name stands for its path. */
int config_file_read_text(const char *name, const char *text, struct config_file **file,
			  struct err *err);
void config_file_destroy(struct config_file *file);

/* What a path in the file at path means: relative ones are relative to that file's folder. The
 * caller frees it. */
char *config_file_beside(const char *path, const char *relative);

/*
 * Add a mistake.
 *
 * at   where it is; NULL for the whole file
 * key  of the section at, where the mistake is that there is none; else NULL
 */
void config_file_problem(struct config_report *report, const struct config_file *file,
			 const config_setting_t *at, const char *key, const char *fmt,
			 ...) __attribute__((format(printf, 5, 6)));

#endif
