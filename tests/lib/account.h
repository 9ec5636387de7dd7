/* One account's list as the daemon's jobs see it, page by page: real jobs on a real store, with
 * the test as vendor, poller and clock. */
#ifndef TESTS_ACCOUNT_H
#define TESTS_ACCOUNT_H

#include "lib/database.h"
#include "page.h"
#include "sweep.h"

#define ACCOUNT_T0        INT64_C(1795370462345) /* 2026-11-22T18:01:02.345Z */
#define ACCOUNT_URL       "https://platform.invalid/device?perPage=1000&page="
#define ACCOUNT_SWEEP_MS  60000 /* from one sweep to the next */
#define ACCOUNT_PAGE_MS   1000  /* from one request to the next */
#define ACCOUNT_ANSWER_MS 300   /* from a request to its answer */

struct account {
	struct database db;
	struct watch watch;
	struct audience *audience; /* one sink that wants every event */
	struct rules *rules;       /* NULL: none run */
	char *ignore[1];           /* types; NULL: none */

	/* How the devices are asked for; by extensions: whose each page is of. */
	enum store_route route;
	bool ids_are_old; /* their list did not come with this sweep */
	char **ids;
	size_t n_ids;

	int64_t n_sweeps;     /* begun; the first is sweep 0 */
	int64_t clock_set_ms; /* by how much the clock has been set */
	int64_t slow;         /* the three times above are so many times as long; 0: 1 */
	int64_t told;         /* the last event that was read */
	struct page_job page; /* the last one */
	struct sweep_job sweep; /* the last one */
	char url[100];
	char *path;
	char *events; /* of account_events */
};

/* ignore_type may be NULL. */
void account_open(struct account *a, const char *path, char *ignore_type);
/* The same in the test's folder, as phonewatch.db. */
void account_open_here(struct account *a, char *ignore_type);
void account_close(struct account *a);
/* From the next sweep on these rules run, which are the account's from then on; NULL: none. */
void account_take_rules(struct account *a, struct rules *rules);
/* As if the daemon had been killed and started anew: memory goes, the database stays. */
void account_restart(struct account *a);

/* When the request of a page of the last begun sweep was sent, and when its answer was whole. */
int64_t account_sent_ms(const struct account *a, int64_t page);
int64_t account_arrived_ms(const struct account *a, int64_t page);

/* The page job. Page 1 begins a sweep. The job is a->page. */
int account_page(struct account *a, int64_t page, const char *body, size_t len);
int account_page_text(struct account *a, int64_t page, const char *body);
/* The sweep job, behind n_pages. The job is a->sweep. */
int account_sweep(struct account *a, int64_t n_pages);
/* The same where pages were given up; n_pages came or were asked for. */
int account_sweep_partial(struct account *a, int64_t n_pages);
/* Another time for its end than that of its last page. */
int account_sweep_at(struct account *a, int64_t n_pages, int64_t ended_at_ms);

/* What the poller does where no page comes: the account is told as unreachable, for this reason,
 * at the time of the last page. */
void account_tell_unreachable(struct account *a, const char *reason);

/* A walk over all devices: returns how many of their days have been summed up. */
int64_t account_sum_up_days(struct account *a, int64_t now_at_ms);

/* A whole sweep of one page, which must succeed. */
void account_list(struct account *a, const char *body);

/* The same of records, as in PHONE("1", "Online") "," PHONE("2", "Offline"): JSON with ' for ". */
void account_records(struct account *a, const char *records);
/* The page job of a page with them that says so many pages and devices. */
int account_records_page(struct account *a, const char *records, int page, int n_pages,
			 int total);
/* Texts, the caller's: JSON with " again, and what account_records_page gives. */
char *account_json(const char *text);
char *account_page_of(const char *records, int page, int n_pages, int total);
#define PHONE(id, status) "{'id':'" id "','status':'" status "'}"

/*
 * What was told since the last call, an event a line; good until the next.
 *
 * Shape  "online 7 Offline->Online (60.000, 120.300]", "changed 7 (0, 60.300] CHANGES" with the
 *        changes as JSON, "reachable (60.300] REASON", "firing KEY (240.300] since 60.300" and what
 *        else is to be said of an alert: times in seconds since ACCOUNT_T0
 */
const char *account_events(struct account *a);
/* How many, without their texts. */
int64_t account_n_events(struct account *a);
/* Told since the last look is exactly this. */
void account_check_events(struct account *a, const char *expected);
/* What the last whole sweep has counted. */
void account_check_parsed(const struct account *a, int64_t parsed, int64_t recognised,
			  int64_t pages_unchanged);

/* One number that the database answers with. */
int64_t account_ask(struct account *a, const char *sql);
/* A text, the caller's. */
char *account_ask_text(struct account *a, const char *sql);

#endif
