/* What each endpoint answers when nothing goes wrong, tokens left out (oauth.h).
 *
 * Source  api.md sections 4, 5, 7 */
#ifndef SIM_ANSWERS_H
#define SIM_ANSWERS_H

#include <stdbool.h>

struct roster;
struct buf;
struct exchange;
struct list;
struct rules;
struct server_request;

/* Read page, perPage and the like of a request; its endpoint and what its path has are known. */
void answers_read(const struct rules *rules, struct exchange *x);

/* Answer it; its account is known where the endpoint needs one. */
void answers_make(const struct roster *roster, const struct rules *rules,
		  struct exchange *x);

/* Whether the client takes gzip, and the rules let it have that. */
bool answers_may_pack(const struct rules *rules, const struct server_request *req);

/* The page of a list that is asked for, wrong as the exchange says. */
void answers_write_page(const struct exchange *x, const struct list *list,
			struct buf *out);
/* Whether the query has no argument of that name, or one with that value. */
bool answers_allow(const struct server_request *req, const char *name, const char *value);

#endif
