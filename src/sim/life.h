/* What happens in the played account by itself: phones go and come back, report where they are,
 * are renamed, moved, added, removed. Pure: the same from the same seed, whenever it is asked. */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include <stdint.h>

struct life;
struct world;

#define LIFE_FIRST_MS 3000 /* the first phone goes offline so long after the beginning */
#define LIFE_NEVER    INT64_MAX

/* world is borrowed and outlives us. At first nothing happens. */
struct life *life_create(struct world *world, uint64_t seed);
void life_destroy(struct life *l);

/* From now on, share of the devices (0 to 1; 0: none) change each minute. Those that are away
 * come back in any case. The first time begins with a phone going offline, LIFE_FIRST_MS later. */
void life_set_rate(struct life *l, double share, int64_t now_ms);

/* When something happens next; LIFE_NEVER. */
int64_t life_next_ms(const struct life *l);

/* Let happen what is due. now_ms is life's own clock, which may run faster; at_ms the time that
 * devices report. */
void life_run(struct life *l, int64_t now_ms, int64_t at_ms);

#endif
