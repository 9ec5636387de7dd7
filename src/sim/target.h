/* A device of some account, as commands name it. */
#ifndef SIM_TARGET_H
#define SIM_TARGET_H

#include <stdbool.h>

struct account;
struct stage;
struct world_device;

struct target {
	struct account *account;
	struct world_device *device; /* NULL: nobody */
};

/* By id or name, or as first, last or random: in the first account on the stage that has it. */
struct target target_find(const struct stage *stage, const char *who);

/* Whether a command is about this account. */
bool target_has_account(const struct stage *stage, const struct account *account);
/* The first that it is about; there is one. */
struct account *target_first_account(const struct stage *stage);

#endif
