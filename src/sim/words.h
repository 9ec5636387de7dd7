/* A line cut into words, and what may stand in them.
 *
 * Words are divided by blanks. One with blanks stands in quotes: "..." where \" and \\ are a
 * quote and a backslash, or '...' where everything is what it is. What follows a # at the start
 * of a word is a comment.
 *
 * Each of next_... reads one word. They return 0, or ERR_FORMAT with what was expected. */
#ifndef SIM_WORDS_H
#define SIM_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct server_body;

#define WORDS_SECONDS_MAX 86400
#define WORDS_FILE_BYTES  ((size_t)64 << 20)

/* All zero: none. */
struct words {
	char **list;
	size_t n, cap;
	size_t at; /* the next one to be read */
};

/* Cut len bytes. On error *into is to be cleared, too. */
int words_split(struct words *into, const char *line, size_t len, struct err *err);
void words_clear(struct words *w);
/* Put one more behind the last; copied. */
void words_add(struct words *w, const char *word);
/* All that are left to be read, copied; from is at its end then. */
void words_take_rest(struct words *into, struct words *from);

/* The next word, or NULL behind the last. */
const char *words_next(struct words *w);
/* Read the next word if it is this one. */
bool words_skip(struct words *w, const char *word);
/* What should stand where the next word does, or is missing. */
int words_expected(const struct words *w, const char *what, struct err *err);

/* Append the i-th of n names to a text of what is expected: "a, b or c". */
void words_name(char *what, size_t size, size_t i, size_t n, const char *name);

/* The next word, copied; what says what it is. */
int words_next_text(struct words *w, const char *what, char **out, struct err *err);
/* A whole number of min to max. */
int words_next_number(struct words *w, uint64_t min, uint64_t max, uint64_t *out,
		      struct err *err);
/* As 30s. */
int words_next_duration(struct words *w, int64_t *ms, struct err *err);
/* "5%" as 0.05; off and 0 as 0. */
int words_next_share(struct words *w, double *share, struct err *err);
/* The place of one of the words in a list that ends with NULL. */
int words_next_of(struct words *w, const char *const *list, unsigned *out,
		  struct err *err);
/* A whole file, which is named. */
int words_next_file(struct words *w, struct server_body **out, struct err *err);

#endif
