/* Whom a command is about, and what happens to them (action.h).
 *
 * Shape   site NAME|all|some N|some P%|device WHO  ACTION ...
 *         WHO is an id, a name, first, last or random */
#ifndef SIM_SUBJECT_H
#define SIM_SUBJECT_H

struct err;
struct stage;
struct words;

/* Each is called behind its first word. Returns 0 or ERR_FORMAT. */
int subject_site(struct stage *stage, struct words *w, struct err *err);
int subject_all(struct stage *stage, struct words *w, struct err *err);
int subject_some(struct stage *stage, struct words *w, struct err *err);
int subject_device(struct stage *stage, struct words *w, struct err *err);

#endif
