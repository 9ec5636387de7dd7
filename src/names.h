/* The jobs that read the list of extensions and keep their names.
 *
 * Shape   {"records": [{"id": 400131009, "name": "Front desk", ...}, ...], "paging": {...}, ...}
 * Source  ringcentral/api.md section 4; tests/data/ringcentral/extension_list.json
 *
 * A desk phone's own name is usually its model's: who has it, its extension's name says. */
#ifndef NAMES_H
#define NAMES_H

#include "base/buf.h"
#include "model/extensions.h"
#include "watch.h"

#define NAMES_MAX 1000000 /* more than any account has */

/* One page of the list, added to what came before. Nothing is stored. */
struct names_page_job {
	struct store_job job;

	/* Set by the owner. */
	struct extensions *into;
	struct buf answer; /* the body as it came: the job's from now on */

	/* To be read when done. */
	struct known_paging paging;
	int64_t n_records;
	int64_t n_fresh; /* 0 where the page is one that came before */
	int64_t n_bad;   /* records whose extension is not known by them */
};

/* Set the job up; the rest is the owner's. It ends with 0 or ERR_FORMAT. */
void names_page_job_init(struct names_page_job *j);

/* The whole list has come: it takes the place of the one before, and the facts of devices whose
 * extension's name is another are renewed. No event tells of that: the name is not the
 * device's. */
struct names_job {
	struct store_job job;

	/* Set by the owner. */
	struct watch *watch;
	struct extensions *list; /* emptied */
	int64_t total;           /* as each of its pages said; KNOWN_UNSAID: none did */
	bool is_bad;             /* they did not agree, or a record cannot be read */

	/* To be read when done. */
	bool whole; /* all of them are in it; else those that are not stayed as they were */
	int64_t n_renamed; /* devices */
};

/* It ends with 0 or ERR_STORE: then what was not done is done with the next list. */
void names_job_init(struct names_job *j);

#endif
