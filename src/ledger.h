/* The budgets of all credentials, shared by the accounts that use the same, kept by the store. */
#ifndef LEDGER_H
#define LEDGER_H

#include "api/answer.h"
#include "api/budget.h"
#include "config.h"
#include "penalty.h"
#include "store/store.h"

#define LEDGER_SCOPE_BYTES   65
#define LEDGER_SERVER_DIGITS 16
#define LEDGER_AUTH_GROUP    "auth"
#define LEDGER_GROUPS_MAX    8

struct ledger;

/* penalties: where blocks are noted at once; borrowed; NULL: nowhere. */
struct ledger *ledger_create(struct penalties *penalties);
void ledger_destroy(struct ledger *l);

/* Take up what an earlier run has recorded: a reader's or a job's connection. */
int ledger_load(struct ledger *l, struct store_conn *c, struct err *err);

/* Who shares the requests of these credentials: all of one server, client id and JWT; of the
 * token endpoint all of one server and client id (the strictest reading of api.md section 3.4).
 * Both begin with LEDGER_SERVER_DIGITS that stand for the server: some of its penalties are of the
 * address that asks, and so of all scopes with the same. */
void ledger_scope(char out[LEDGER_SCOPE_BYTES], const struct account_config *a);
void ledger_auth_scope(char out[LEDGER_SCOPE_BYTES], const struct account_config *a);

/* The budget of a group; made with this limit where it is new. Good as long as the ledger. Names
 * are the vendor's to make up, so they are bounded in length, as a row has them, and in number:
 * beyond LEDGER_GROUPS_MAX of a scope, what is new counts in PAGES_GROUP. */
struct budget *ledger_budget(struct ledger *l, const char *scope, const char *group,
			     int64_t limit);
/* The budget in which requests of a kind (0 to 62, the caller's) count, as an answer has named it;
 * NULL: none has. */
struct budget *ledger_named(struct ledger *l, const char *scope, int kind);
/* The same; the strictest where none has. */
struct budget *ledger_of_kind(struct ledger *l, const char *scope, int kind);
/* Requests of this kind count in this budget from now on. */
void ledger_name(struct ledger *l, struct budget *b, int kind);
/* The group's name. */
const char *ledger_group(const struct budget *b);
/* How long to wait before the next request of this budget, of which we take share percent; 0:
 * send it now. What another process has noted of penalties counts. */
int64_t ledger_wait_ms(struct ledger *l, struct budget *b, int share, int64_t now_ms);
/* The same for one that counts as n. */
int64_t ledger_wait_n_ms(struct ledger *l, struct budget *b, int share, int64_t n,
			 int64_t now_ms);
/* The same for a request whose group is not known: until every budget of the scope allows it. */
int64_t ledger_wait_all_ms(struct ledger *l, const char *scope, int share,
			   int64_t now_ms);
/* How long to wait before a request of this kind that counts as n, whether its group is known or not. */
int64_t ledger_wait_kind_ms(struct ledger *l, const char *scope, int kind, int share,
			    int64_t n, int64_t now_ms);
/* A request of this budget that counts as n is sent now ... */
void ledger_ask(struct ledger *l, struct budget *b, int64_t n, int64_t now_ms);
/* ... and its answer is here, or there will be none. Where that never comes to be known, since
 * we are killed, it may have been refused, and the next run waits accordingly; however much of the
 * limit was left, since others use it too, and there are limits of which no header tells. A stop
 * awaits the answer. */
void ledger_answered(struct ledger *l, struct budget *b);
/* ... or it was given up by ourselves: the same for this run. */
void ledger_abandon(struct ledger *l, struct budget *b, int64_t now_ms);
/* The pages of all lists that are asked for within this budget, n more (or fewer) than before.
 * Returns how many that makes. */
int64_t ledger_count_pages(struct budget *b, int64_t n);
/* How long a penalty still lasts, its own or its server's; 0: there is none. */
int64_t ledger_blocked_ms(const struct budget *b, int64_t now_ms);
/* The longest of a scope. */
int64_t ledger_all_blocked_ms(const struct ledger *l, const char *scope, int64_t now_ms);
/* No request of this budget for so long: at once, whatever is killed. */
void ledger_block(struct ledger *l, struct budget *b, int64_t wait_ms, int64_t now_ms);
/* The answer to a request of budget b of account a. Where it asks for a wait, nothing of this group,
 * nothing of the account, or nothing to its server is sent for so long. After a maintenance not all
 * clients return at once: a random share is added. Others with the same client id may log in,
 * unless the login was answered so; the account itself must not. */
void ledger_obey(struct ledger *l, struct budget *b, const struct account_config *a,
		 const struct answer *answer, int64_t now_ms);

/* The budget as the store keeps it. */
void ledger_snapshot(const struct budget *b, struct store_budget *into);
/* All of a scope and its server's, max at most. Returns how many. */
size_t ledger_snapshot_all(const struct ledger *l, const char *scope,
			   struct store_budget *into, size_t max);

#endif
