/* What has to be looked at when: a heap of times. Pure. */
#ifndef RULE_DUE_H
#define RULE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DUE_NEVER INT64_MAX

struct due_entry {
	int64_t at_ms;
	uint32_t what; /* the owner's */
};

/* All zero is empty. */
struct due {
	struct due_entry *entries;
	size_t n, cap;
};

void due_clear(struct due *d);
/* DUE_NEVER adds nothing. What is in it twice comes twice. */
void due_add(struct due *d, int64_t at_ms, uint32_t what);
/* Take the first one that is due by then; false: none is. */
bool due_take(struct due *d, int64_t now_ms, uint32_t *what);

#endif
