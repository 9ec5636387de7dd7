#include "ledger.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "api/pages.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/mem.h"
#include "base/random.h"

/* What an answer that never came is taken for: the vendor's usual penalty, and a second as its
 * clock counts. */
#define UNANSWERED_MS  61000
#define JITTER_PERCENT 20
/* Of a server's entry; its budget is never spent, only blocked. */
#define ADDRESS_GROUP "address"

_Static_assert(BUDGET_SLOTS == STORE_BUDGET_SLOTS, "a row holds a budget");

struct entry {
	struct budget budget;
	struct entry *server; /* what it is kept from with all others; NULL: it is one */
	char scope[LEDGER_SCOPE_BYTES];
	char group[64];
	int64_t kinds;        /* bit n: requests of kind n count in it */
	int64_t n_pages;      /* of all lists, a sweep each */
	unsigned n_under_way; /* requests */
	int64_t asked_ms;     /* the last of them */
	SLIST_ENTRY(entry) next;
};

struct ledger {
	SLIST_HEAD(, entry) entries; /* a few per credentials */
	struct penalties *penalties;
};

static struct entry *server_of(struct ledger *l, const char *scope);

struct ledger *ledger_create(struct penalties *penalties)
{
	struct ledger *l = mem_zalloc(sizeof *l);

	l->penalties = penalties;
	SLIST_INIT(&l->entries);
	return l;
}

void ledger_destroy(struct ledger *l)
{
	struct entry *e;

	if (l == NULL)
		return;
	while ((e = SLIST_FIRST(&l->entries)) != NULL) {
		SLIST_REMOVE_HEAD(&l->entries, next);
		free(e);
	}
	free(l);
}

static struct entry *add_entry(struct ledger *l, const char *scope, const char *group)
{
	struct entry *e = mem_zalloc(sizeof *e);

	snprintf(e->scope, sizeof e->scope, "%s", scope);
	snprintf(e->group, sizeof e->group, "%s", group);
	SLIST_INSERT_HEAD(&l->entries, e, next);
	e->server = server_of(l, scope);
	return e;
}

static struct penalty_now both_clocks(int64_t now_ms)
{
	return (struct penalty_now){clock_utc_ms(), now_ms};
}

/* What was noted and may not be in the database. */
static void recall(const struct ledger *l, struct entry *e, int64_t now_ms)
{
	int64_t left_ms = penalties_find(l->penalties, e->scope, both_clocks(now_ms));

	if (left_ms > 0)
		budget_block(&e->budget, left_ms, now_ms);
}

/* What another process has noted since. */
static void look_beside(const struct ledger *l, struct entry *e, int64_t now_ms)
{
	int64_t left_ms =
		penalties_find_others(l->penalties, e->scope, both_clocks(now_ms));

	if (left_ms > 0)
		budget_block(&e->budget, left_ms, now_ms);
}

/* NULL: there is none yet. n_groups: how many its scope has. */
static struct entry *find_entry(const struct ledger *l, const char *scope,
				const char *group, size_t *n_groups)
{
	struct entry *e;

	*n_groups = 0;
	SLIST_FOREACH(e, &l->entries, next)
	{
		if (strcmp(e->scope, scope) != 0)
			continue;
		if (strncmp(e->group, group, sizeof e->group - 1) == 0)
			return e;
		(*n_groups)++;
	}
	return NULL;
}

/* The entry of a scope's server; NULL where the scope is a server's. */
static struct entry *server_of(struct ledger *l, const char *scope)
{
	char server[LEDGER_SERVER_DIGITS + 1];
	struct entry *e;
	size_t n;

	snprintf(server, sizeof server, "%s", scope);
	if (strcmp(server, scope) == 0)
		return NULL;
	e = find_entry(l, server, ADDRESS_GROUP, &n);
	if (e != NULL)
		return e;
	e = add_entry(l, server, ADDRESS_GROUP);
	budget_init(&e->budget, 1, BUDGET_WINDOW_MS);
	recall(l, e, clock_mono_ms());
	return e;
}

static void on_row(const struct store_budget *row, void *arg)
{
	size_t n;
	struct entry *known = find_entry(arg, row->scope, row->group, &n);
	struct entry *e = known != NULL ? known : add_entry(arg, row->scope, row->group);
	int64_t now_ms = clock_mono_ms();
	struct budget *b = &e->budget;

	*b = (struct budget){
		.limit = row->limit,
		.window_ms = row->window_ms,
		.remaining = row->remaining,
		.told_ms = row->told_at_ms,
		.blocked_at_ms = row->blocked_at_ms,
		.blocked_until_ms = row->blocked_until_ms,
		.n_slots = row->n_slots,
	};
	for (size_t i = 0; i < row->n_slots; i++)
		b->slots[i] = (struct budget_slot){row->slots[i].at_ms,
						   row->slots[i].at_ms, row->slots[i].n};
	budget_resume(b, now_ms - clock_utc_ms(), now_ms);
	e->kinds = row->kinds;
	recall(arg, e, now_ms);
}

int ledger_load(struct ledger *l, struct store_conn *c, struct err *err)
{
	return store_budgets_each(c, on_row, l, err);
}

/* texts: a server, and who asks it. */
static void write_scope(char out[LEDGER_SCOPE_BYTES], const char *const *texts, size_t n)
{
	char server[DIGEST_HEX_BYTES];

	digest_texts(out, texts, n);
	digest_texts(server, texts, 1);
	memcpy(out, server, LEDGER_SERVER_DIGITS);
}

void ledger_scope(char out[LEDGER_SCOPE_BYTES], const struct account_config *a)
{
	const char *texts[] = {a->server, a->client_id, a->jwt.text};

	write_scope(out, texts, COUNT(texts));
}

void ledger_auth_scope(char out[LEDGER_SCOPE_BYTES], const struct account_config *a)
{
	const char *texts[] = {a->server, a->client_id};

	write_scope(out, texts, COUNT(texts));
}

struct budget *ledger_budget(struct ledger *l, const char *scope, const char *group,
			     int64_t limit)
{
	size_t n_groups;
	struct entry *e = find_entry(l, scope, group, &n_groups);

	if (e == NULL && n_groups >= LEDGER_GROUPS_MAX) {
		group = PAGES_GROUP;
		e = find_entry(l, scope, group, &n_groups);
	}
	if (e != NULL)
		return &e->budget;
	e = add_entry(l, scope, group);
	budget_init(&e->budget, limit, BUDGET_WINDOW_MS);
	recall(l, e, clock_mono_ms());
	return &e->budget;
}

/* A budget handed out by ledger_budget is the first member of its entry. */
static struct entry *entry_of(const struct budget *b)
{
	return (struct entry *)(uintptr_t)b;
}

struct budget *ledger_named(struct ledger *l, const char *scope, int kind)
{
	struct entry *e, *latest = NULL;

	/* Of two, the row of one is older: it has not been saved since the other was named. */
	SLIST_FOREACH(e, &l->entries, next)
	{
		if (strcmp(e->scope, scope) == 0 && (e->kinds >> kind & 1) != 0 &&
		    (latest == NULL || e->budget.told_ms > latest->budget.told_ms))
			latest = e;
	}
	return latest != NULL ? &latest->budget : NULL;
}

struct budget *ledger_of_kind(struct ledger *l, const char *scope, int kind)
{
	struct budget *named = ledger_named(l, scope, kind);

	return named != NULL ? named
			     : ledger_budget(l, scope, PAGES_GROUP, BUDGET_HEAVY_LIMIT);
}

void ledger_name(struct ledger *l, struct budget *b, int kind)
{
	const char *scope = entry_of(b)->scope;
	struct budget *before = ledger_named(l, scope, kind);

	if (before != NULL)
		entry_of(before)->kinds &= ~(INT64_C(1) << kind);
	entry_of(b)->kinds |= INT64_C(1) << kind;
}

const char *ledger_group(const struct budget *b)
{
	return entry_of(b)->group;
}

int64_t ledger_wait_ms(struct ledger *l, struct budget *b, int share, int64_t now_ms)
{
	return ledger_wait_n_ms(l, b, share, 1, now_ms);
}

int64_t ledger_wait_n_ms(struct ledger *l, struct budget *b, int share, int64_t n,
			 int64_t now_ms)
{
	int64_t wait_ms, server_ms = 0;
	struct entry *e = entry_of(b), *server = e->server;

	look_beside(l, e, now_ms);
	wait_ms = budget_wait_n_ms(b, share, n, now_ms);
	if (server != NULL) {
		look_beside(l, server, now_ms);
		server_ms = ledger_blocked_ms(&server->budget, now_ms);
	}
	return wait_ms > server_ms ? wait_ms : server_ms;
}

int64_t ledger_wait_all_ms(struct ledger *l, const char *scope, int share, int64_t now_ms)
{
	int64_t wait_ms = 0;
	struct entry *e;

	/* Who has asked nothing yet may have been refused all the same: it has a budget, too. */
	(void)ledger_budget(l, scope, PAGES_GROUP, BUDGET_HEAVY_LIMIT);
	SLIST_FOREACH(e, &l->entries, next)
	{
		int64_t ms = strcmp(e->scope, scope) == 0
				     ? ledger_wait_ms(l, &e->budget, share, now_ms)
				     : 0;

		if (ms > wait_ms)
			wait_ms = ms;
	}
	return wait_ms;
}

int64_t ledger_wait_kind_ms(struct ledger *l, const char *scope, int kind, int share,
			    int64_t n, int64_t now_ms)
{
	struct budget *named = ledger_named(l, scope, kind);

	return named != NULL ? ledger_wait_n_ms(l, named, share, n, now_ms)
			     : ledger_wait_all_ms(l, scope, share, now_ms);
}

void ledger_ask(struct ledger *l, struct budget *b, int64_t n, int64_t now_ms)
{
	struct entry *e = entry_of(b);

	for (int64_t i = 0; i < n; i++)
		budget_spend(b, now_ms);
	e->n_under_way++;
	e->asked_ms = now_ms;
	penalties_ask(l->penalties, e->scope, UNANSWERED_MS, both_clocks(now_ms));
}

static bool is_under_way(const struct ledger *l, const char *scope)
{
	const struct entry *e;

	SLIST_FOREACH(e, &l->entries, next)
	{
		if (strcmp(e->scope, scope) == 0 && e->n_under_way > 0)
			return true;
	}
	return false;
}

void ledger_answered(struct ledger *l, struct budget *b)
{
	struct entry *e = entry_of(b);

	e->n_under_way--;
	if (!is_under_way(l, e->scope))
		penalties_answered(l->penalties, e->scope);
}

void ledger_abandon(struct ledger *l, struct budget *b, int64_t now_ms)
{
	struct entry *e = entry_of(b);

	ledger_block(l, b, e->asked_ms + UNANSWERED_MS - now_ms, now_ms);
	ledger_answered(l, b);
}

int64_t ledger_count_pages(struct budget *b, int64_t n)
{
	return entry_of(b)->n_pages += n;
}

/* The budget whose penalty keeps this one: its own or its server's. */
static const struct budget *keeper_of(const struct budget *b)
{
	const struct entry *server = entry_of(b)->server;

	if (server == NULL || server->budget.blocked_until_ms <= b->blocked_until_ms)
		return b;
	return &server->budget;
}

int64_t ledger_blocked_ms(const struct budget *b, int64_t now_ms)
{
	int64_t until_ms = keeper_of(b)->blocked_until_ms;

	return until_ms > now_ms ? until_ms - now_ms : 0;
}

int64_t ledger_all_blocked_ms(const struct ledger *l, const char *scope, int64_t now_ms)
{
	const struct entry *e;
	int64_t longest_ms = 0;

	SLIST_FOREACH(e, &l->entries, next)
	{
		int64_t ms = strcmp(e->scope, scope) == 0
				     ? ledger_blocked_ms(&e->budget, now_ms)
				     : 0;

		if (ms > longest_ms)
			longest_ms = ms;
	}
	return longest_ms;
}

void ledger_block(struct ledger *l, struct budget *b, int64_t wait_ms, int64_t now_ms)
{
	const struct entry *e = entry_of(b);

	budget_block(b, wait_ms, now_ms);
	penalties_note(l->penalties, e->scope, b->blocked_until_ms - now_ms,
		       both_clocks(now_ms));
}

/* The same for every group of a scope. */
static void block_all(struct ledger *l, const char *scope, int64_t wait_ms,
		      int64_t now_ms)
{
	struct entry *e;

	SLIST_FOREACH(e, &l->entries, next)
	{
		if (strcmp(e->scope, scope) == 0)
			ledger_block(l, &e->budget, wait_ms, now_ms);
	}
}

void ledger_obey(struct ledger *l, struct budget *b, const struct account_config *a,
		 const struct answer *answer, int64_t now_ms)
{
	int64_t wait_ms = answer->wait_ms;
	char scope[LEDGER_SCOPE_BYTES];

	if (wait_ms == 0)
		return;
	if (answer->reason == REASON_MAINTENANCE)
		wait_ms += wait_ms * (int64_t)(random_u32() % JITTER_PERCENT) / 100;
	ledger_block(l, b, wait_ms, now_ms);
	if (answer->scope == ANSWER_OF_ADDRESS)
		ledger_block(l, &entry_of(b)->server->budget, wait_ms, now_ms);
	if (answer->scope != ANSWER_OF_ACCOUNT)
		return;
	ledger_scope(scope, a);
	/* One that has asked for nothing yet has a budget, too. */
	(void)ledger_budget(l, scope, PAGES_GROUP, BUDGET_HEAVY_LIMIT);
	block_all(l, scope, wait_ms, now_ms);
}

void ledger_snapshot(const struct budget *b, struct store_budget *into)
{
	const struct entry *e = entry_of(b);
	int64_t shift_ms = clock_utc_ms() - clock_mono_ms();
	const struct budget *keeper = keeper_of(b);
	bool blocked = keeper->blocked_until_ms != 0;

	*into = (struct store_budget){
		.limit = b->limit,
		.window_ms = b->window_ms,
		.remaining = b->remaining,
		.told_at_ms = b->told_ms != 0 ? b->told_ms + shift_ms : 0,
		.blocked_at_ms = blocked ? keeper->blocked_at_ms + shift_ms : 0,
		.blocked_until_ms = blocked ? keeper->blocked_until_ms + shift_ms : 0,
		.kinds = e->kinds,
		.n_slots = b->n_slots,
	};
	snprintf(into->scope, sizeof into->scope, "%s", e->scope);
	snprintf(into->group, sizeof into->group, "%s", e->group);
	for (size_t i = 0; i < b->n_slots; i++) {
		into->slots[i].at_ms = b->slots[i].last_ms + shift_ms;
		into->slots[i].n = b->slots[i].n;
	}
}

size_t ledger_snapshot_all(const struct ledger *l, const char *scope,
			   struct store_budget *into, size_t max)
{
	const struct entry *e, *server = NULL;
	size_t n = 0;

	SLIST_FOREACH(e, &l->entries, next)
	{
		if (n < max && strcmp(e->scope, scope) == 0) {
			ledger_snapshot(&e->budget, &into[n++]);
			server = e->server;
		}
	}
	if (n < max && server != NULL)
		ledger_snapshot(&server->budget, &into[n++]);
	return n;
}
