#include "base/options.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct option *find(const struct option *longs, int letter)
{
	for (; longs->name != NULL; longs++) {
		if (longs->val == letter)
			return longs;
	}
	return NULL;
}

static bool is_long(const char *argument)
{
	return strncmp(argument, "--", 2) == 0;
}

/* "--o": which it could be, where there are some. */
static void explain_unknown(char *out, size_t size, const char *typed,
			    const struct option *longs)
{
	size_t len = strcspn(typed, "="), n;
	bool several = false;

	n = (size_t)snprintf(out, size, "%.*s: ", (int)len, typed);
	for (const struct option *o = longs; o->name != NULL && n < size; o++) {
		if (len <= 2 || strncmp(o->name, typed + 2, len - 2) != 0)
			continue;
		n += (size_t)snprintf(out + n, size - n, "%s--%s",
				      several ? " or " : "could be ", o->name);
		several = true;
	}
	if (!several && n < size)
		snprintf(out + n, size - n, "no such option");
}

void options_explain(char *out, size_t size, int letter, char *const *argv,
		     const struct option *longs)
{
	const char *last = argv[optind - 1];
	const struct option *known = find(longs, optopt);

	/* Without a value it was the last argument; "-ab" is not passed before b is read. */
	if (letter == ':' && is_long(last))
		snprintf(out, size, "--%s: needs a value", known->name);
	else if (letter == ':')
		snprintf(out, size, "-%c: needs a value", optopt);
	else if (optopt == 0)
		explain_unknown(out, size, last, longs);
	else if (known != NULL)
		snprintf(out, size, "--%s: takes no value", known->name);
	else
		snprintf(out, size, "-%c: no such option", optopt);
}
