/* Answers to ids in the path: one device, the devices or web phones of an extension, and bulk
 * requests for several. Source: api.md sections 4.2 to 4.4 and 5 */
#ifndef SIM_LOOKUP_H
#define SIM_LOOKUP_H

struct roster;
struct exchange;
struct rules;

void lookup_answer(const struct roster *roster, const struct rules *rules,
		   struct exchange *x);

#endif
