#include "sim/choice.h"

#include <string.h>

#include "base/err.h"
#include "sim/dice.h"
#include "sim/exchange.h"
#include "sim/words.h"

#define LIST_TEXT_BYTES 200

const char choice_help[] =
	"[on ENDPOINT|any] [id ID] [page N] [after N requests] [every N] [chance P%]\n"
	"      [times N|always] [for DURATION]";

static int read_endpoint(struct choice *c, struct words *w, struct err *err)
{
	const char *word = words_next(w);
	char what[LIST_TEXT_BYTES] = "";

	c->on = word != NULL ? endpoint_find(word) : ENDPOINT_OTHER;
	if (c->on != ENDPOINT_OTHER)
		return 0;
	if (word != NULL)
		w->at--;
	for (size_t i = 0; i < ENDPOINT_N; i++)
		words_name(what, sizeof what, i, ENDPOINT_N + 1, endpoints[i].name);
	words_name(what, sizeof what, ENDPOINT_N, ENDPOINT_N + 1, "any");
	return words_expected(w, what, err);
}

static int read_id(struct choice *c, struct words *w, struct err *err)
{
	const char *word = words_next(w);

	if (word == NULL || word[0] == '\0' || strlen(word) >= sizeof c->id)
		return err_set(err, ERR_FORMAT, "expected an id");
	strcpy(c->id, word);
	return 0;
}

static int read_page(struct choice *c, struct words *w, struct err *err)
{
	uint64_t page;
	int rc = words_next_number(w, 1, UINT32_MAX, &page, err);

	if (rc == 0)
		c->page = (unsigned)page;
	return rc;
}

static int read_after(struct choice *c, struct words *w, struct err *err)
{
	int rc = words_next_number(w, 0, INT64_MAX, &c->after, err);

	if (rc == 0 && !words_skip(w, "requests") && !words_skip(w, "request"))
		rc = words_expected(w, "requests", err);
	return rc;
}

static int read_for(struct choice *c, struct words *w, int64_t now_ms, struct err *err)
{
	int64_t for_ms;
	int rc = words_next_duration(w, &for_ms, err);

	if (rc == 0)
		c->until_ms = now_ms + for_ms;
	return rc;
}

int choice_read(struct choice *c, struct words *w, const struct account *of,
		int64_t now_ms, struct err *err)
{
	bool times_said = false;
	int rc = 0;

	*c = (struct choice){.on = ENDPOINT_LIST,
			     .of = of,
			     .every = 1,
			     .times = 1,
			     .chance = 1,
			     .until_ms = INT64_MAX};
	while (rc == 0) {
		if (words_skip(w, "on")) {
			rc = read_endpoint(c, w, err);
		} else if (words_skip(w, "id")) {
			rc = read_id(c, w, err);
		} else if (words_skip(w, "page")) {
			rc = read_page(c, w, err);
		} else if (words_skip(w, "after")) {
			rc = read_after(c, w, err);
		} else if (words_skip(w, "every")) {
			rc = words_next_number(w, 1, INT64_MAX, &c->every, err);
		} else if (words_skip(w, "chance")) {
			rc = words_next_share(w, &c->chance, err);
		} else if (words_skip(w, "for")) {
			rc = read_for(c, w, now_ms, err);
		} else if (words_skip(w, "times")) {
			rc = words_next_number(w, 1, INT64_MAX, &c->times, err);
			times_said = true;
		} else if (words_skip(w, "always")) {
			c->times = CHOICE_ALWAYS;
			times_said = true;
		} else {
			break;
		}
	}
	if (!times_said && (c->every > 1 || c->chance < 1 || c->until_ms != INT64_MAX))
		c->times = CHOICE_ALWAYS;
	return rc;
}

/* Whether an id is one of those between commas. */
static bool has_id(const struct endpoint_part *ids, const char *id)
{
	size_t len = strlen(id), at = 0;

	while (at < ids->len) {
		size_t n = 0;

		while (at + n < ids->len && ids->text[at + n] != ',')
			n++;
		if (n == len && memcmp(ids->text + at, id, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}

static bool fits(const struct choice *c, const struct asked *asked)
{
	/* What is not the vendor's must be named. */
	bool is_any = c->on == ENDPOINT_ANY && asked->endpoint != ENDPOINT_HOOK;

	return !choice_is_over(c, asked->now_ms) &&
	       (is_any || c->on == asked->endpoint) &&
	       (c->page == 0 || c->page == asked->page) &&
	       (c->of == NULL || c->of == asked->account) &&
	       (c->id[0] == '\0' || has_id(&asked->ids, c->id));
}

bool choice_takes(struct choice *c, const struct asked *asked, struct dice *dice)
{
	if (!fits(c, asked))
		return false;
	c->seen++;
	if (c->seen <= c->after || (c->seen - c->after) % c->every != 0)
		return false;
	return c->chance >= 1 || dice_share(dice) < c->chance;
}

void choice_spend(struct choice *c)
{
	if (c->times != CHOICE_ALWAYS)
		c->times--;
}

bool choice_is_over(const struct choice *c, int64_t now_ms)
{
	return c->times == 0 || now_ms >= c->until_ms;
}
