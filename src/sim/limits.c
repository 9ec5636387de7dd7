#include "sim/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "sim/words.h"

#define WINDOW_MS  60000
#define MEDIUM_MAX 40

static struct limits_group *add(struct limits *l, const char *name)
{
	struct limits_group *group;

	l->list = mem_grow(l->list, l->n, &l->cap, sizeof *l->list);
	group = &l->list[l->n++];
	*group = (struct limits_group){0};
	snprintf(group->name, sizeof group->name, "%s", name);
	return group;
}

static struct limits_group *find(struct limits *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->list[i].name, name) == 0)
			return &l->list[i];
	return NULL;
}

void limits_set(struct limits *l, const char *name, unsigned max, int64_t window_ms,
		int64_t penalty_ms)
{
	struct limits_group *group = find(l, name);

	if (group == NULL)
		group = add(l, name);
	limit_clear(&group->limit);
	limit_init(&group->limit, max, window_ms, penalty_ms);
}

void limits_init(struct limits *l, int64_t penalty_ms)
{
	*l = (struct limits){0};
	limits_set(l, "light", 50, WINDOW_MS, penalty_ms);
	limits_set(l, "medium", MEDIUM_MAX, WINDOW_MS, penalty_ms);
	limits_set(l, "heavy", 10, WINDOW_MS, penalty_ms);
	limits_set(l, "auth", 5, WINDOW_MS, penalty_ms);
}

void limits_init_like(struct limits *l, const struct limits *like)
{
	*l = (struct limits){0};
	for (size_t i = 0; i < like->n; i++) {
		const struct limit *limit = &like->list[i].limit;

		limits_set(l, like->list[i].name, limit->max, limit->window_ms,
			   limit->penalty_ms);
	}
}

void limits_clear(struct limits *l)
{
	for (size_t i = 0; i < l->n; i++)
		limit_clear(&l->list[i].limit);
	free(l->list);
	*l = (struct limits){0};
}

void limits_set_penalty(struct limits *l, int64_t penalty_ms)
{
	for (size_t i = 0; i < l->n; i++)
		l->list[i].limit.penalty_ms = penalty_ms;
}

struct limits_group *limits_find(struct limits *l, const char *name)
{
	struct limits_group *group = find(l, name);

	if (group == NULL) {
		limits_set(l, name, MEDIUM_MAX, WINDOW_MS,
			   l->n > 0 ? l->list[0].limit.penalty_ms : WINDOW_MS);
		group = find(l, name);
	}
	return group;
}

int limits_read(struct words *w, struct limits_text *out, struct err *err)
{
	const char *text = w->at < w->n ? w->list[w->at] : "";
	const char *mark = strchr(text, '=');
	unsigned seconds = WINDOW_MS / 1000;
	char rest = '\0';
	int n = 0;

	if (mark != NULL && mark > text && mark - text < RULES_GROUP_BYTES &&
	    strchr(mark, '-') == NULL) /* which %u would take */
		n = strchr(mark, '/') != NULL
			    ? sscanf(mark, "=%7u/%7u%c", &out->max, &seconds, &rest) - 1
			    : sscanf(mark, "=%7u%c", &out->max, &rest);
	if (n != 1 || seconds == 0 || seconds > WORDS_SECONDS_MAX)
		return words_expected(w, "GROUP=N[/SECONDS]", err);
	snprintf(out->name, sizeof out->name, "%.*s", (int)(mark - text), text);
	out->window_ms = seconds * INT64_C(1000);
	w->at++;
	return 0;
}
