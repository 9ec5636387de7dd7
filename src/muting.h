/* Silences, where alerts are told: part of the rules' transaction (alerts.h). Which alert is silenced,
 * rule/mute.h says.
 *
 * An alert that begins within a silence fires as any other, but nobody is told, of its end neither. Of
 * one that was told before, reminders are left out while it is silenced, and its end is told. What has
 * begun within a silence and still fires when that, or its window, is over, is told as one alert of the
 * kind silence_over (its subject is the silence's number, which its members have as silenced_by): again
 * where a later window leaves more, and as resolved with the last of them. Where it is under another
 * silence by then, it is that one's from then on.
 *
 * What it costs: nothing while nothing is told and nothing was silenced. */
#ifndef MUTING_H
#define MUTING_H

#include "alerts.h"

void muting_clear(struct muting *m);

/* The number of the silence that an alert, as its event tells it, is under; 0: none. */
int muting_find(struct alerts_run *r, struct store_conn *c, const struct alert *a,
		const struct event *ev, int64_t *silence_id, struct err *err);
/* An alert has ended: so has a silence that is of it alone. */
int muting_ended(struct alerts_run *r, struct store_conn *c, const struct alert *a,
		 struct err *err);
/* Behind all that was decided: what silences that are over have left. In a transaction of its own. */
int muting_settle(struct alerts_run *r, struct store_conn *c, struct err *err);

#endif
