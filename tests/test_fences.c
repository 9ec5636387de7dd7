/* Random lists, with the fences and without: what is told and stored is the same. */
#include "page.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "lib/account.h"
#include "lib/dice.h"
#include "lib/fault_vfs.h"
#include "lib/gzip.h"

#define BODY_BYTES (16u << 20)

static struct account a;

static void open_account(void)
{
	fault_vfs_install();
	account_open_here(&a, "WebRTC");
}

static void close_account(void)
{
	account_close(&a);
}

#define N_PHONES     14
#define N_SWEEPS     150 /* ten times as many with TEST_FULL */
#define PAGE_RECORDS 4
#define MAX_PAGES    16

/* What the vendor would say of a phone: each number picks one of a few texts. */
struct phone {
	int status, name, location, type, spelling, spoiled;
};

static struct world {
	struct phone phones[N_PHONES];
	int order[MAX_PAGES * PAGE_RECORDS]; /* the list: numbers of phones, some twice */
	int n;
	int lie;      /* of the total */
	int envelope; /* one of a few */
	int blanks;   /* between records, and around the envelope */
} world;

/* What stands before and behind the records; %d is the total. */
static const struct {
	const char *head, *tail;
} envelopes[] = {
	{"{'records':[", "],'paging':{'totalElements':%d}}"},
	{"{'paging':{'totalElements':%d},'records':[", "]}"},
	{"{'records' : [",
	 "] , 'paging' : {'page':1,'totalElements':%d},'navigation':{}}"},
	{"{'records':[", "],'paging':{'perPage':4}}"}, /* no totals */
	{"{'records':[", "],'paging':{'totalElements':'%d'}}"},
};

#define NO_OBJECT 6 /* a way to be spoiled */

static const char *const statuses[] = {"", ",'status':'Online'", ",'status':'Offline'",
				       ",'status':'Initial'", ",'status':null"};
static const char *const names[] = {"", ",'name':'Lobby'", ",'name':'Hall'", ",'name':7",
				    ",'site':{'id':'1'}"};
static const char *const locations[] = {
	"",
	",'lastLocationReportTime':'2026-09-14T09:21:07Z'",
	",'lastLocationReportTime':'2026-09-14T11:21:07+02:00'",
	",'lastLocationReportTime':'2026-09-14T10:21:07Z'",
	",'lastLocationReportTime':'soon'",
	",'lastLocationReportTime':null",
};
static const char *const types[] = {"", ",'type':'HardPhone'", ",'type':'WebRTC'"};
static const char *const spoilings[] = {"",         ",'x':'\\ud800'", ",'x':'\xff'",
					",'id':''", ",'x':NaN",       ",'id':null"};
static const char *const blanks[] = {"", " ", "\n", "  "};

static void write_record(struct buf *out, int number)
{
	const struct phone *p = &world.phones[number];

	if (p->spoiled == NO_OBJECT) {
		buf_add_text(out, "'no object'");
		return;
	}
	buf_printf(out, p->spelling < 4 ? "{%s'id':'%d'" : "{%s'id':%d",
		   blanks[p->spelling % 4], number + 1);
	if (p->spelling % 2 == 0)
		buf_printf(out, "%s%s", statuses[p->status], names[p->name]);
	else
		buf_printf(out, "%s%s", names[p->name], statuses[p->status]);
	buf_printf(out, "%s%s%s%s}", locations[p->location], types[p->type],
		   spoilings[p->spoiled], blanks[p->spelling / 2]);
}

static void change_phone(struct phone *p)
{
	switch (dice(8)) {
	case 0:
	case 1:
	case 2:
		p->status = (int)dice(COUNT(statuses));
		break;
	case 3:
		p->name = (int)dice(COUNT(names));
		break;
	case 4:
		p->location = (int)dice(COUNT(locations));
		break;
	case 5:
		p->type = dice(3) == 0 ? (int)dice(COUNT(types)) : 1;
		break;
	case 6:
		p->spelling = (int)dice(8);
		break;
	default:
		p->spoiled = dice(4) == 0 ? (int)dice(NO_OBJECT + 1) : 0;
	}
}

static void insert(int at, int number)
{
	if (world.n == (int)COUNT(world.order))
		return;
	memmove(world.order + at + 1, world.order + at,
		(size_t)(world.n - at) * sizeof *world.order);
	world.order[at] = number;
	world.n++;
}

static void take_out(int at)
{
	world.n--;
	memmove(world.order + at, world.order + at + 1,
		(size_t)(world.n - at) * sizeof *world.order);
}

static bool is_listed_before(int number, int end)
{
	for (int i = 0; i < end; i++)
		if (world.order[i] == number)
			return true;
	return false;
}

static void change_list(void)
{
	int number = (int)dice(N_PHONES), at = (int)dice((uint32_t)world.n + 1);

	switch (dice(4)) {
	case 0: /* comes, now and then twice */
		if (!is_listed_before(number, world.n) || dice(9) == 0)
			insert(at, number);
		break;
	case 1: /* goes */
		if (at < world.n && dice(2) == 0)
			take_out(at);
		break;
	case 2: /* moves */
		if (at == world.n)
			break;
		number = world.order[at];
		take_out(at);
		insert((int)dice((uint32_t)world.n + 1), number);
		break;
	default:
		world.lie = dice(8) == 0 ? (int)dice(3) - 1 : 0;
		world.blanks = (int)dice(COUNT(blanks));
		world.envelope = (int)dice(dice(4) == 0 ? COUNT(envelopes) : 2);
	}
}

/* What would keep lists from being whole for long. */
static void mend_world(void)
{
	world.lie = 0;
	world.envelope = 0;
	for (int i = 0; i < N_PHONES; i++)
		world.phones[i].spoiled = 0;
	for (int i = world.n - 1; i > 0; i--)
		if (is_listed_before(world.order[i], i))
			take_out(i);
}

static void change_world(uint32_t most)
{
	if (dice(5) == 0)
		mend_world();
	for (uint32_t n = dice(most); n > 0; n--) {
		if (dice(3) == 0)
			change_list();
		else
			change_phone(&world.phones[dice(N_PHONES)]);
	}
}

static void start_world(void)
{
	memset(&world, 0, sizeof world);
	for (int i = 0; i < N_PHONES; i++) {
		world.phones[i].status = 1 + (int)dice(2);
		if (dice(4) > 0)
			insert(world.n, i);
	}
}

static int n_world_pages(void)
{
	return world.n == 0 ? 1 : (world.n + PAGE_RECORDS - 1) / PAGE_RECORDS;
}

/* Of the envelope. */
static void write_part(struct buf *out, const char *part)
{
	const char *total = strstr(part, "%d");

	if (total == NULL)
		buf_add_text(out, part);
	else
		buf_printf(out, "%.*s%d%s", (int)(total - part), part,
			   world.n + world.lie, total + 2);
}

static void write_world_page(struct buf *out, int page)
{
	int from = (page - 1) * PAGE_RECORDS;

	const char *blank = blanks[world.blanks];

	out->len = 0;
	buf_add_text(out, blank);
	write_part(out, envelopes[world.envelope].head);
	for (int i = from; i < world.n && i < from + PAGE_RECORDS; i++) {
		buf_printf(out, "%s%s", i > from ? "," : "", blank);
		write_record(out, world.order[i]);
		buf_add_text(out, blank);
	}
	write_part(out, envelopes[world.envelope].tail);
	buf_add_text(out, blank);
	for (char *p = out->data; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
}

/* a has its fences; this one looks at every record every time. */
static struct account fresh;

static void open_fresh(void)
{
	char *beside = mem_printf("%s-fresh", a.path);

	account_open(&fresh, beside, "WebRTC");
	free(beside);
}

static void drop_fences(struct known *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		if (k->devices[i].id != NULL)
			known_drop_digest(k, i);
	for (size_t i = 0; i < k->n_pages; i++)
		known_page_drop(&k->pages[i]);
}

static int give_fresh(int page, const struct buf *body)
{
	drop_fences(&fresh.watch.known);
	return account_page(&fresh, page, body->data, body->len);
}

/* As it is, or packed; now and then at another level, so that the same page comes in other
 * bytes. */
static int give_packed(int page, const struct buf *body)
{
	static int level;
	struct buf packed;
	int rc;

	if (dice(10) == 0)
		level = (int)dice(10);
	if (level == 0)
		return account_page(&a, page, body->data, body->len);
	buf_init(&packed, BODY_BYTES);
	gzip_pack(&packed, body->data, body->len, level);
	rc = account_page(&a, page, packed.data, packed.len);
	buf_clear(&packed);
	return rc;
}

/* To both. */
static void give_page(int page, const struct buf *body, int expected_rc)
{
	ck_assert_int_eq(give_packed(page, body), expected_rc);
	ck_assert_int_eq(give_fresh(page, body), expected_rc);
	ck_assert_int_eq(a.page.n_fresh, fresh.page.n_fresh);
	ck_assert_int_eq(a.page.n_refused, fresh.page.n_refused);
}

/* What stands between a blank and "(", and "]". */
static void take_out_bounds(char *lines)
{
	char *to = lines;

	for (char *p = lines; *p != '\0';) {
		char *end = strchr(p, ']');

		if (p > lines && p[-1] == ' ' && *p == '(' && end != NULL)
			p = end + 1;
		else
			*to++ = *p++;
	}
	*to = '\0';
}

static int compare_lines(const void *x, const void *y)
{
	return strcmp(*(char *const *)x, *(char *const *)y);
}

/* The lines of a text in order, one behind the other. */
static char *sort_lines(char *text)
{
	char *lines[2000], *saved = NULL;
	struct buf out;
	size_t n = 0;

	for (char *p = strtok_r(text, "\n", &saved); p != NULL;
	     p = strtok_r(NULL, "\n", &saved)) {
		ck_assert_uint_lt(n, COUNT(lines));
		lines[n++] = p;
	}
	qsort(lines, n, sizeof *lines, compare_lines);
	buf_init(&out, BODY_BYTES);
	for (size_t i = 0; i < n; i++)
		buf_printf(&out, "%s\n", lines[i]);
	free(text);
	return out.data != NULL ? out.data : mem_strdup("");
}

/* Without: in any order too. */
enum bounds { WITH_BOUNDS, WITHOUT_BOUNDS };

static void check_same_events(enum bounds bounds)
{
	account_events(&a);
	account_events(&fresh);
	if (bounds == WITHOUT_BOUNDS) {
		take_out_bounds(a.events);
		take_out_bounds(fresh.events);
		a.events = sort_lines(a.events);
		fresh.events = sort_lines(fresh.events);
	}
	ck_assert_msg(strcmp(a.events, fresh.events) == 0, "told:\n%sexpected:\n%s",
		      a.events, fresh.events);
}

/* Whether a device has lapsed depends on when it was seen, as the bounds do. */
static void check_same_rows(enum bounds bounds)
{
	char *rows = mem_printf(
		"SELECT group_concat(row, char(10)) FROM (SELECT json_array(d.id, d.doc,"
		" d.removed_ms, s.status, s.vendor_status, s.last_known, s.location_ms,"
		" %s, s.missed, v.facts) AS row FROM device d JOIN device_state s"
		" USING (device_id) JOIN device_version v USING (version_id) ORDER BY d.id)",
		bounds == WITH_BOUNDS ? "s.lapsed" : "0");
	char *is = account_ask_text(&a, rows), *be = account_ask_text(&fresh, rows);
	size_t at = 0;

	while (is[at] != '\0' && is[at] == be[at])
		at++;
	while (at > 0 && is[at - 1] != '\n')
		at--;
	ck_assert_msg(strcmp(is, be) == 0, "row:\n%.*s\nexpected:\n%.*s",
		      (int)strcspn(is + at, "\n"), is + at, (int)strcspn(be + at, "\n"),
		      be + at);
	free(is);
	free(be);
	free(rows);
}

static void check_same_sweep(void)
{
	const struct sweep *x = &a.watch.sweep, *y = &fresh.watch.sweep;

	ck_assert_int_eq(x->n_listed, y->n_listed);
	ck_assert_int_eq(x->n_duplicates, y->n_duplicates);
	ck_assert_int_eq(x->n_set_aside, y->n_set_aside);
	ck_assert_int_eq(x->n_nameless, y->n_nameless);
	ck_assert_int_eq(x->n_flawed, y->n_flawed);
	ck_assert_int_eq(x->records_unchanged + x->records_parsed, y->records_parsed);
	ck_assert_int_eq(a.sweep.whole, fresh.sweep.whole);
	ck_assert_int_eq(a.sweep.shrunk, fresh.sweep.shrunk);
	ck_assert_int_eq(a.sweep.n_missing, fresh.sweep.n_missing);
	ck_assert_int_eq(a.sweep.n_removed, fresh.sweep.n_removed);
}

static void end_both(int n_pages, enum bounds bounds)
{
	ck_assert_int_eq(account_sweep(&a, n_pages), 0);
	ck_assert_int_eq(account_sweep(&fresh, n_pages), 0);
	check_same_sweep();
	check_same_events(bounds);
	check_same_rows(bounds);
}

static void end_both_partial(int n_pages, enum bounds bounds)
{
	ck_assert_int_eq(account_sweep_partial(&a, n_pages), 0);
	ck_assert_int_eq(account_sweep_partial(&fresh, n_pages), 0);
	if (bounds == WITH_BOUNDS)
		ck_assert_int_eq(a.sweep.n_lapsed, fresh.sweep.n_lapsed);
	check_same_events(bounds);
	check_same_rows(bounds);
}

/* One sweep, in which the world may move on, and pages may fail to come. */
static void sweep_world(struct buf *body, enum bounds bounds)
{
	int n_pages = n_world_pages(), lost = dice(5) == 0 ? 2 + (int)dice(3) : 0;

	for (int page = 1; page <= n_pages; page++) {
		if (page > 1 && dice(6) == 0)
			change_world(3);
		write_world_page(body, page);
		if (dice(20) == 0) { /* cut off, and once more */
			struct buf cut = {.data = body->data, .len = body->len / 2};

			give_page(page, &cut, ERR_FORMAT);
		}
		if (page != lost)
			give_page(page, body, 0);
		check_same_events(bounds);
	}
	if (lost == 0 || lost > n_pages)
		end_both(n_pages, bounds);
	else
		end_both_partial(n_pages, bounds);
}

/* The same again: what can be read is not. */
static void sweep_quietly(struct buf *body)
{
	const struct sweep *s = &a.watch.sweep;
	int n_pages = n_world_pages();

	for (int again = 0; again < 2; again++) {
		bool removed =
			a.sweep.n_removed > 0; /* who is listed all the same is new now */

		for (int page = 1; page <= n_pages; page++) {
			write_world_page(body, page);
			give_page(page, body, 0);
		}
		end_both(n_pages, WITH_BOUNDS);
		if (again > 0 && !removed)
			ck_assert_int_le(s->records_parsed,
					 s->n_set_aside + s->n_nameless);
	}
}

/* Another list for once, and then, byte for byte, the one before. */
static void sweep_there_and_back(struct buf *body)
{
	struct world before = world;

	change_world(14);
	sweep_world(body, WITH_BOUNDS);
	world = before;
	sweep_world(body, WITH_BOUNDS);
}

static int n_sweeps(void)
{
	return getenv("TEST_FULL") != NULL ? 10 * N_SWEEPS : N_SWEEPS;
}

START_TEST(the_fences_change_nothing_of_what_is_told)
{
	struct buf body;

	dice_seed(_i);
	open_fresh();
	start_world();
	buf_init(&body, BODY_BYTES);
	for (int i = 0; i < n_sweeps(); i++) {
		sweep_world(&body, WITH_BOUNDS);
		if (dice(12) == 0)
			sweep_quietly(&body);
		if (dice(4) == 0)
			sweep_there_and_back(&body);
		if (dice(3) > 0)
			change_world(14);
	}
	ck_assert_int_gt(a.told, N_SWEEPS / 2); /* it was no silent world */
	ck_assert_int_gt(account_ask(&a, "SELECT count(*) FROM event WHERE type = 6"), 0);
	buf_clear(&body);
	account_close(&fresh);
}
END_TEST

START_TEST(restarts_change_nothing_of_what_is_told)
{
	struct buf body;

	dice_seed(_i + 100);
	open_fresh();
	start_world();
	buf_init(&body, BODY_BYTES);
	for (int i = 0; i < n_sweeps() / 2; i++) {
		sweep_world(&body, WITHOUT_BOUNDS);
		if (dice(3) == 0) {
			account_restart(&a);
			/* Nor does the other know any more what is the vendor's habit. */
			fresh.watch.n_without_totals = fresh.watch.n_unsettled = 0;
		}
		if (dice(3) > 0)
			change_world(14);
	}
	buf_clear(&body);
	account_close(&fresh);
}
END_TEST

/* The poller's way: after a page that the store has failed, the sweep begins anew. */
static void give_until_stored(const struct buf *bodies, int n_pages)
{
	for (int page = 1; page <= n_pages; page++) {
		int rc;

		fault_arm(FAULT_ONCE, (int)dice(80));
		rc = account_page(&a, page, bodies[page - 1].data, bodies[page - 1].len);
		fault_disarm();
		if (rc != 0)
			page = 0;
	}
}

START_TEST(failing_writes_change_nothing_of_what_is_told)
{
	struct buf bodies[MAX_PAGES];

	dice_seed(_i + 200);
	open_fresh();
	start_world();
	for (size_t i = 0; i < COUNT(bodies); i++)
		buf_init(&bodies[i], BODY_BYTES);
	for (int i = 0; i < n_sweeps() / 2; i++) {
		int n_pages = n_world_pages();

		for (int page = 1; page <= n_pages; page++)
			write_world_page(&bodies[page - 1], page);
		give_until_stored(bodies, n_pages);
		for (int page = 1; page <= n_pages; page++)
			ck_assert_int_eq(give_fresh(page, &bodies[page - 1]), 0);
		ck_assert_int_eq(account_sweep(&a, n_pages), 0);
		ck_assert_int_eq(account_sweep(&fresh, n_pages), 0);
		check_same_events(WITHOUT_BOUNDS);
		change_world(14);
	}
	for (size_t i = 0; i < COUNT(bodies); i++)
		buf_clear(&bodies[i]);
	account_close(&fresh);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_fences_change_nothing_of_what_is_told, 5},
		{restarts_change_nothing_of_what_is_told, 2},
		{failing_writes_change_nothing_of_what_is_told, 3},
	};

	return suite_run("fences", tests, COUNT(tests), open_account, close_account);
}
