/* A device of some account, as commands name it. */
#ifndef SIM_PERSON_H
#define SIM_PERSON_H

#include <stdbool.h>

struct account;
struct stage;
struct world_device;

struct person {
	struct account *account;
	struct world_device *device; /* NULL: nobody */
};

/* By id or name, or as first, last or random: in the first account on the stage that has it. */
struct person person_find(const struct stage *stage, const char *who);

/* Whether a command is about this account. */
bool person_is_meant(const struct stage *stage, const struct account *account);
/* The first that it is about; there is one. */
struct account *person_first_account(const struct stage *stage);

#endif
