/* The rate limit of a request: whether it passes, and what its answer tells of that.
 *
 * Source  api.md section 8 */
#ifndef SIM_RATE_H
#define SIM_RATE_H

#include <stdbool.h>

struct exchange;
struct roster;
struct rules;

/* Count it in the group of its endpoint; false, with a 429, where it is over the limit. */
bool rate_pass(const struct rules *rules, struct roster *roster, struct exchange *x);
/* Make the 429 of a request whose verdict is a refusal. */
void rate_refuse(const struct rules *rules, struct exchange *x);
/* The headers X-Rate-Limit-..., as the rules spell them; none where it is not counted. */
void rate_add_headers(const struct rules *rules, struct exchange *x);

#endif
