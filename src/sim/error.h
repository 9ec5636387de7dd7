/* The vendor's errors: one row for each code that matters, and their bodies. Pure.
 *
 * Source  api.md sections 6.1 and 6.2 */
#ifndef SIM_ERROR_H
#define SIM_ERROR_H

#include <stddef.h>

struct reply;

struct error_row {
	const char *code;
	int status;
	const char *message;
	const char *word; /* at the top of the body instead of the code; NULL: the code */
	const char *parameter;  /* parameterName; NULL: none */
	const char *permission; /* permissionName; NULL: none */
	const char *oauth; /* "error" of the token endpoint's bodies; NULL: not of them */
};
extern const struct error_row error_rows[];
extern const size_t error_n_rows;

/* A code may mean one thing at the token endpoint and another elsewhere. */
enum error_form { ERROR_API, ERROR_OAUTH };

/* The row of a code, that of the form if there is one; NULL where there is none. */
const struct error_row *error_find(const char *code, enum error_form form);
/* The row that a status usually comes with; NULL where there is none. */
const struct error_row *error_of_status(int status);

/* Set status and body; the reply's headers stay. */
void error_answer(struct reply *reply, const struct error_row *row);
/* The same, where a permission that the user lacks is this one; NULL: as the row says. */
void error_answer_lacking(struct reply *reply, const struct error_row *row,
			  const char *permission);
/* The same by its code, which has a row. */
void error_answer_code(struct reply *reply, const char *code, enum error_form form);
/* The same for CMN-101 or CMN-102 and the parameter that is wrong. */
void error_refuse_parameter(struct reply *reply, const char *code, const char *parameter);

#endif
