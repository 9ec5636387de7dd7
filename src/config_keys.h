/* The keys of phonewatch.conf: a row each. What reads, checks, compares, frees and documents the
 * configuration goes by these rows. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/secret.h"

#define CONFIG_DATABASE       "/var/lib/phonewatch/phonewatch.db"
#define CONFIG_MAX_NAME_BYTES 64

/* How a value is written, and as what it is kept. */
enum key_type {
	KEY_TEXT, /* "..."            char * */
	KEY_PATH, /* "..."            char *, absolute or as config_file_beside() has it */
	KEY_WORD,     /* "...", of words  int (or an enum) */
	KEY_NUMBER,   /* 50               int */
	KEY_FLAG,     /* true, false      bool */
	KEY_DURATION, /* "60s"            int64_t, in ms */
	KEY_TEXTS,    /* ["...", "..."]   char ** and size_t */
	KEY_FILE,     /* "NAME", ""       char *, the path of a readable file, or NULL */
	KEY_PROGRAM, /* "FORMAT"         char *, its jq program, or NULL for the event itself */
	KEY_SECRET, /* "NAME", ""       struct secret, from that file */
	KEY_SECRETS, /* ["NAME", "..."]  struct secret * and size_t; one "NAME" alone too */
	N_KEY_TYPES
};

#define KEY_NOWHERE SIZE_MAX /* checked, not kept */

struct key_word {
	const char *word; /* NULL ends a list */
	int value;
	const char *refused; /* NULL, or why it is known and cannot be used */
};

struct config_key {
	const char *name; /* NULL ends a table */
	enum key_type type;
	const char *
		fallback; /* the default, as in the file less a text's quotes; NULL: the key
				 must be given */
	const char
		*unless; /* the key that may be given instead of this one; NULL: none */
	const char *example; /* where the default is none to show; as fallback */
	int64_t min, max;    /* of a number, a duration (ms), or the bytes of a text */
	size_t max_items;    /* of a list */
	const struct key_word *words;
	int (*check)(const char *text, struct err *err);
	int (*check_secret)(const struct secret *secret, struct err *err);
	unsigned kinds; /* CONFIG_KIND() of those that have it; 0: all */
	size_t at;      /* offset in the section's struct, or KEY_NOWHERE */
	size_t n_at;    /* of a list: offset of its length */
	bool is_credential;
	const char *later; /* NULL, or what is not built yet */
	const char *help;
};

#define CONFIG_KIND(kind) (1u << (kind))

/* What the sample file shows of a section whose entries have titles. */
struct config_example {
	const char *title; /* NULL ends a list */
	int kind;
};

struct config_section {
	const char *name;              /* "" is the top level; NULL ends the table */
	const struct config_key *keys; /* one named "kind" comes first */
	/* Further ones, or NULL: where one is not given its value is that of the section which has it. */
	const struct config_key *keys_too;
	size_t at; /* of a section of keys: where in the configuration its struct is */
	const struct config_example
		*examples; /* NULL: the section has keys, no entries */
	bool may_be_included;
	const char *later; /* NULL, or that all of it is not built yet */
	const char *help;
};

extern const struct config_section config_sections[];

/* NULL where there is none. */
const struct config_section *config_section_find(const char *name);
const struct config_key *config_key_find(const struct config_section *section,
					 const char *name);

/* A known name that was probably meant; NULL for none. */
const char *config_section_near(const char *name);
const char *config_key_near(const struct config_section *section, const char *name);
const char *config_word_near(const struct key_word *words, const char *word);

/* "\"60s\"", "[\"WebRTC\"]", "50": as it stands in the file. The caller frees it. */
char *config_key_written(const struct config_key *key, const char *value);

/* Every key that has one, at its default, as a configuration of entries without titles:
 * "log_level = ...; accounts: { interval = ...; }". The caller frees it. */
char *config_keys_defaults(void);

#endif
