/* The extensions of one account, and their names. Pure. */
#ifndef MODEL_EXTENSIONS_H
#define MODEL_EXTENSIONS_H

#include <stdbool.h>
#include <stddef.h>

struct extension {
	char *id;
	char *name; /* NULL: it has none */
};

struct extensions {
	struct extension *rows; /* by id once sorted */
	size_t n, cap;
};

void extensions_clear(struct extensions *x);
/* Texts are copied; name may be NULL. In any order, and then sorted before anything is asked. */
void extensions_add(struct extensions *x, const char *id, const char *name);
/* By id; of two of one id the first that was added stays. */
void extensions_sort(struct extensions *x);

/* NULL where there is none of this id. */
const struct extension *extensions_find(const struct extensions *x, const char *id);
bool extensions_same_name(const struct extension *a, const struct extension *b);
/* Whether both have the same ids and names. */
bool extensions_same(const struct extensions *a, const struct extensions *b);

#endif
