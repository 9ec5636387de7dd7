/* Answers that say the wrong thing: what the rows of fault.c act by, save for those that are sent
 * in a bad way (misbehave.h). Each takes its act's arguments from struct act. */
#ifndef SIM_SPOIL_H
#define SIM_SPOIL_H

struct act;
struct exchange;

/* Instead of a good answer. */
void spoil_status(const struct act *act, struct exchange *x);
void spoil_error(const struct act *act, struct exchange *x);
void spoil_limited(const struct act *act, struct exchange *x);
void spoil_redirect(const struct act *act, struct exchange *x);
void spoil_html(const struct act *act, struct exchange *x);
void spoil_body(const struct act *act, struct exchange *x);
void spoil_text(const struct act *act, struct exchange *x);
void spoil_garbage(const struct act *act, struct exchange *x);
/* What stands before the bodies that are made while they are sent. */
void spoil_huge(const struct act *act, struct exchange *x);
void spoil_bomb(const struct act *act, struct exchange *x);

/* How a good answer will lie. */
void spoil_total(const struct act *act, struct exchange *x);
void spoil_repeat(const struct act *act, struct exchange *x);
void spoil_skip(const struct act *act, struct exchange *x);
void spoil_empty(const struct act *act, struct exchange *x);
void spoil_parts(const struct act *act, struct exchange *x);
void spoil_part(const struct act *act, struct exchange *x);
void spoil_boundary(const struct act *act, struct exchange *x);
void spoil_unclosed(const struct act *act, struct exchange *x);

/* Changes of the answer that was made, good or not; what is about JSON leaves other bodies. */
void spoil_set(const struct act *act, struct exchange *x);
void spoil_unset(const struct act *act, struct exchange *x);
void spoil_cut(const struct act *act, struct exchange *x);
void spoil_indent(const struct act *act, struct exchange *x);
void spoil_sorted(const struct act *act, struct exchange *x);
void spoil_header(const struct act *act, struct exchange *x);

#endif
