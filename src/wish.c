#include "wish.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/member.h"

struct wish;

/* One account that is asked. */
struct asked {
	struct poll_asker asker;
	struct wish *wish;
	char *account;
	json_t *item; /* NULL: not yet */
};

struct wish {
	struct serve_wish *from;
	size_t n, n_left; /* asked; and of them, without an answer */
	struct asked asked[];
};

static json_t *item_of(const struct asked *a, const struct poll_found *found)
{
	static const char *const results[] = {[POLL_SWEPT] = "swept",
					      [POLL_FAILED] = "failed",
					      [POLL_REFUSED] = "refused"};
	static const char *const numbers[] = {"devices", "missing", "removed", "events",
					      "duration_ms"};
	const int64_t values[] = {found->n_devices, found->n_missing, found->n_removed,
				  found->n_events, found->took_ms};
	bool swept = found->how == POLL_SWEPT;
	json_t *o = json_object();

	member_text(o, "account", a->account);
	member_text(o, "result", results[found->how]);
	member_text(o, "error", swept ? NULL : found->text);
	json_object_set_new(o, "whole", swept ? json_boolean(found->whole) : json_null());
	json_object_set_new(o, "shrunk",
			    swept ? json_boolean(found->shrunk) : json_null());
	for (size_t i = 0; i < COUNT(numbers); i++)
		json_object_set_new(o, numbers[i],
				    swept ? json_integer(values[i]) : json_null());
	return o;
}

static void release(struct wish *w)
{
	json_t *items;

	if (--w->n_left > 0)
		return;
	items = json_array();
	for (size_t i = 0; i < w->n; i++) {
		json_array_append_new(items, w->asked[i].item);
		free(w->asked[i].account);
	}
	serve_fulfil(w->from, 200, json_pack("{s:o, s:n}", "items", items, "next"));
	free(w);
}

static void on_done(struct poll_asker *asker, const struct poll_found *found)
{
	struct asked *a = asker->data;

	a->item = item_of(a, found);
	release(a->wish);
}

static bool is_meant(const struct serve_wish *wish, const struct poll *p)
{
	return wish->account == NULL || strcmp(wish->account, poll_config(p)->name) == 0;
}

static void ask(struct wish *w, struct poll *p)
{
	struct asked *a = &w->asked[w->n++];

	w->n_left++;
	*a = (struct asked){
		.asker = {.wish = w->from->kind == SERVE_ACCEPT ? POLL_ACCEPT
								: POLL_SWEEP,
			  .on_done = on_done,
			  .data = a},
		.wish = w,
		.account = mem_strdup(poll_config(p)->name),
	};
	poll_ask(p, &a->asker);
}

void wish_grant(struct serve_wish *from, struct poll *const *polls, size_t n)
{
	struct wish *w = mem_zalloc(sizeof *w + n * sizeof *w->asked);

	w->from = from;
	w->n_left = 1; /* ourselves: who is refused is so at once */
	for (size_t i = 0; i < n; i++)
		if (is_meant(from, polls[i]))
			ask(w, polls[i]);
	if (w->n == 0 && from->account != NULL) {
		serve_refuse(from, 404, "%s: no such account is watched", from->account);
		free(w);
		return;
	}
	release(w);
}
