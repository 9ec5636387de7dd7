/* What a sweep asks for, one request after the other, and what becomes of it where a request
 * fails. Pure.
 *
 *   by the account's list (ringcentral/api.md section 4.1):  page 1, 2, ... to the last
 *   by extensions (section 4.5):  a chunk of extensions, and the next, to the last
 *
 * Before either, where it is due, the list of extensions is read, page by page: for the names of
 * extensions, and on the second route for the ids. */
#ifndef COURSE_H
#define COURSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

enum ask {
	ASK_EXTENSIONS, /* a page of the list of extensions */
	ASK_LIST,       /* a page of the account's device list */
	ASK_CHUNK,      /* the devices of some extensions */
};
#define ASK_KINDS 3

/* What is asked at once of extensions; fewer where the vendor takes fewer, or the budget. */
#define COURSE_CHUNK_MAX 30

struct course {
	enum ask ask;
	int64_t page;        /* from 1; of ASK_CHUNK: which one */
	int64_t total_pages; /* the most that a page has said; -1: none said anything */
	int tries;           /* of this request that failed */
	int n_given_up;      /* in a row */
	int n_fruitless;     /* pages in a row that showed nothing new */
	int64_t n_came;      /* answers */
	bool incomplete;     /* something was given up: the sweep proves no absence */
	/* ASK_CHUNK */
	char *const *ids; /* borrowed as long as the sweep lasts */
	size_t n_ids;
	size_t at, n; /* the chunk at hand: n ids from ids[at] */
	/* These last from sweep to sweep: */
	size_t n_max;    /* of a chunk */
	int64_t endured; /* up to this page failures end no sweep: they ended one before */
};

void course_init(struct course *c);

/* Begin with the list of extensions. */
void course_extensions(struct course *c);
/* Begin, or go on behind that list, with the devices. ids: those to ask for by extensions; at
 * least one then. */
void course_devices(struct course *c, enum store_route route, char *const *ids,
		    size_t n_ids);

/* The path and query of the request at hand; the caller's. */
char *course_path(const struct course *c);

/* What an answer said, as far as the course depends on it. */
struct course_answer {
	int64_t n_records;
	int64_t n_fresh;     /* of them not seen before in this sweep */
	int64_t per_page;    /* negative: not said */
	int64_t total_pages; /* likewise */
	bool has_next;
};

/* The answer is committed. True where there is more to ask for, and it is at hand. Totals lie
 * and links loop: a few pages in a row that are empty, or show nothing new, end a list whatever
 * they claim; one alone costs itself. */
bool course_came(struct course *c, const struct course_answer *a);

/* It failed. */
enum course_failed {
	COURSE_AGAIN, /* the same request, after a while */
	COURSE_NEXT,  /* it is given up, and the next one is at hand */
	COURSE_OVER,  /* it is given up, and there is no next one */
};
enum course_failed course_failed(struct course *c);

/* Too many ids at once: the same again with half of them. False where there is only one. */
bool course_halve(struct course *c);
/* Ask for no more than so many at once, from the next chunk on. */
void course_limit(struct course *c, size_t n_max);

/* How many requests the sweep needs, as far as is known: at least one. */
int64_t course_length(const struct course *c);

#endif
