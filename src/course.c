#include "course.h"

#include <inttypes.h>

#include "api/pages.h"
#include "base/buf.h"
#include "base/mem.h"
#include "model/known.h"
#include "net/http.h"

#define TRIES         3 /* before the next request has its turn */
#define GIVEN_UP_MAX  2 /* in a row: then the sweep is over */
#define FRUITLESS_MAX 3 /* in a row: then the list is over */
#define PATH_MAX_SIZE (64u * 1024)

void course_init(struct course *c)
{
	*c = (struct course){.total_pages = -1, .n_max = COURSE_CHUNK_MAX};
}

static void begin(struct course *c, enum ask ask)
{
	c->ask = ask;
	c->page = 1;
	c->total_pages = -1;
	c->tries = 0;
	c->n_given_up = 0;
	c->n_fruitless = 0;
	c->n_came = 0;
	c->incomplete = false;
}

void course_extensions(struct course *c)
{
	begin(c, ASK_EXTENSIONS);
}

static void take_chunk(struct course *c)
{
	size_t left = c->n_ids - c->at;

	c->n = left < c->n_max ? left : c->n_max;
}

void course_devices(struct course *c, enum store_route route, char *const *ids,
		    size_t n_ids)
{
	begin(c, route == ROUTE_EXTENSIONS ? ASK_CHUNK : ASK_LIST);
	c->ids = ids;
	c->n_ids = n_ids;
	c->at = 0;
	take_chunk(c);
}

char *course_path(const struct course *c)
{
	struct buf path;

	if (c->ask != ASK_CHUNK)
		return mem_printf("/restapi/v1.0/account/~/%s?page=%" PRId64
				  "&perPage=%d",
				  c->ask == ASK_LIST ? "device" : "extension", c->page,
				  PAGES_PER_PAGE);
	buf_init(&path, PATH_MAX_SIZE);
	buf_printf(&path, "/restapi/v1.0/account/~/extension/");
	for (size_t i = 0; i < c->n; i++) {
		buf_add_text(&path, i > 0 ? "," : "");
		http_add_escaped(&path, c->ids[c->at + i]);
	}
	buf_printf(&path, "/device?perPage=%d", PAGES_PER_PAGE);
	return path.data;
}

/* Go to what is behind the request at hand; false where nothing is. */
static bool advance(struct course *c)
{
	c->tries = 0;
	if (c->ask == ASK_CHUNK) {
		c->at += c->n;
		take_chunk(c);
		if (c->n == 0)
			return false;
	}
	c->page++;
	return true;
}

static bool is_fruitless(const struct course *c, const struct course_answer *a)
{
	return a->n_records == 0 || (c->page > 1 && a->n_fresh == 0);
}

static bool list_goes_on(const struct course *c, const struct course_answer *a)
{
	if (c->n_fruitless >= FRUITLESS_MAX || c->page >= KNOWN_MAX_PAGES)
		return false;
	if (c->n_fruitless == 0 && c->total_pages < 0 && a->per_page > 0 &&
	    a->n_records >= a->per_page)
		return true; /* nothing is said, and the page is full */
	return a->has_next || c->page < c->total_pages;
}

bool course_came(struct course *c, const struct course_answer *a)
{
	bool more;

	c->n_given_up = 0;
	c->n_came++;
	if (a->total_pages > c->total_pages)
		c->total_pages = a->total_pages;
	c->n_fruitless = is_fruitless(c, a) ? c->n_fruitless + 1 : 0;
	more = c->ask == ASK_CHUNK || list_goes_on(c, a);
	if (!more)
		c->total_pages = c->page;
	if (more)
		more = advance(c);
	if (!more && !c->incomplete && c->ask != ASK_EXTENSIONS)
		c->endured = 0;
	return more;
}

/* Whether there is more behind a request that failed. */
static bool knows_more(const struct course *c)
{
	if (c->ask == ASK_EXTENSIONS)
		return false; /* a list with a hole is of no use */
	return c->ask == ASK_CHUNK ? c->at + c->n < c->n_ids : c->page < c->total_pages;
}

/* Nothing has come, and nothing more is to be asked for: from the first chunk again. */
static enum course_failed start_over(struct course *c)
{
	if (c->page > 1) {
		c->at = 0;
		c->page = 1;
		take_chunk(c);
	}
	c->tries = 0;
	c->n_given_up = 0;
	return COURSE_AGAIN;
}

enum course_failed course_failed(struct course *c)
{
	bool endured = c->ask != ASK_EXTENSIONS && c->page <= c->endured;
	/* Behind one that was given up the next shows whether it is the page or the vendor. */
	int tries = c->n_given_up > 0 || endured ? 1 : TRIES;

	if (++c->tries < tries || (c->ask == ASK_LIST && c->page == 1))
		return COURSE_AGAIN;
	c->incomplete = true;
	if (knows_more(c) && (endured || ++c->n_given_up < GIVEN_UP_MAX)) {
		(void)advance(c);
		return COURSE_NEXT;
	}
	if (knows_more(c) && c->n_came > 0) /* the next sweep gets further */
		c->endured = c->page;
	return c->ask == ASK_CHUNK && c->n_came == 0 ? start_over(c) : COURSE_OVER;
}

bool course_halve(struct course *c)
{
	if (c->ask != ASK_CHUNK || c->n <= 1)
		return false;
	course_limit(c, c->n / 2);
	take_chunk(c);
	return true;
}

void course_limit(struct course *c, size_t n_max)
{
	if (n_max < 1)
		n_max = 1;
	c->n_max = n_max < COURSE_CHUNK_MAX ? n_max : COURSE_CHUNK_MAX;
}

int64_t course_length(const struct course *c)
{
	int64_t n = c->total_pages > c->page ? c->total_pages : c->page;

	if (c->ask == ASK_CHUNK)
		n = (int64_t)((c->n_ids + c->n_max - 1) / c->n_max);
	else if (c->ask == ASK_EXTENSIONS)
		n = 1; /* what it will be, is not known yet */
	/* Claims beyond what is ever asked for do not count. */
	return n < 1 ? 1 : n < KNOWN_MAX_PAGES ? n : KNOWN_MAX_PAGES;
}
