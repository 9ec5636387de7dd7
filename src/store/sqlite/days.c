/* The sums of days, a run of days in a row.
 *
 * Shape   of a run's blob: day behind day, each two bytes (which numbers are not zero, bit 0 for the
 *         first; little endian) and those numbers in their order, seven bits a byte, the lowest
 *         first, the eighth where more follow: a quiet day takes two bytes, one with two outages 17
 * Numbers chosen so that most are zero on most days; see enum number. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "store/sqlite/conn.h"

enum number {
	ABSENT_MS, /* of the day it was in no list, or not known yet */
	OFFLINE_MS,
	UNKNOWN_MS,
	COVERED_MS,       /* of the unknown: the vendor gave no status */
	DOUBT_ONLINE_MS,  /* of the online: not sure */
	DOUBT_OFFLINE_MS, /* of the offline: possibly online */
	OUTAGES,
	LONGEST_MS,
	LEAD_MS,
	TRAIL_MS,
	LASTS, /* 1: nothing ended an outage */
	N_NUMBERS
};

#define NUMBER_BYTES 10
#define DAY_BYTES    (2 + N_NUMBERS * NUMBER_BYTES)

int64_t store_day_of(int64_t at_ms)
{
	return at_ms / STORE_DAY_MS - (at_ms % STORE_DAY_MS < 0);
}

/* ---- bytes ---- */

static void numbers_of(int64_t numbers[N_NUMBERS], const struct tally *t)
{
	int64_t there_ms = t->online_ms + t->offline_ms + t->unknown_ms;

	numbers[ABSENT_MS] = STORE_DAY_MS - there_ms;
	numbers[OFFLINE_MS] = t->offline_ms;
	numbers[UNKNOWN_MS] = t->unknown_ms;
	numbers[COVERED_MS] = t->unknown_ms - t->gap_ms;
	numbers[DOUBT_ONLINE_MS] = t->online_ms - t->sure_ms;
	numbers[DOUBT_OFFLINE_MS] = t->possible_ms - t->online_ms - t->unknown_ms;
	numbers[OUTAGES] = t->outages;
	numbers[LONGEST_MS] = t->longest_ms;
	numbers[LEAD_MS] = t->lead_ms;
	numbers[TRAIL_MS] = t->trail_ms;
	numbers[LASTS] = !t->ended;
}

static bool tally_of(struct tally *t, const int64_t numbers[N_NUMBERS])
{
	int64_t there_ms = STORE_DAY_MS - numbers[ABSENT_MS];

	*t = (struct tally){
		.devices = there_ms > 0,
		.online_ms = there_ms - numbers[OFFLINE_MS] - numbers[UNKNOWN_MS],
		.offline_ms = numbers[OFFLINE_MS],
		.unknown_ms = numbers[UNKNOWN_MS],
		.gap_ms = numbers[UNKNOWN_MS] - numbers[COVERED_MS],
		.outages = numbers[OUTAGES],
		.longest_ms = numbers[LONGEST_MS],
		.lead_ms = numbers[LEAD_MS],
		.trail_ms = numbers[TRAIL_MS],
		.ended = numbers[LASTS] == 0,
	};
	t->sure_ms = t->online_ms - numbers[DOUBT_ONLINE_MS];
	t->possible_ms = t->online_ms + t->unknown_ms + numbers[DOUBT_OFFLINE_MS];
	return t->online_ms >= 0 && t->gap_ms >= 0 && t->sure_ms >= 0 &&
	       numbers[DOUBT_OFFLINE_MS] <= t->offline_ms &&
	       t->longest_ms <= t->offline_ms && t->lead_ms <= t->offline_ms &&
	       t->trail_ms <= t->offline_ms;
}

static size_t write_number(unsigned char *out, int64_t number)
{
	size_t n = 0;

	for (; number > 0x7f; number >>= 7)
		out[n++] = (unsigned char)(0x80 | (number & 0x7f));
	out[n++] = (unsigned char)number;
	return n;
}

static size_t write_day(unsigned char out[DAY_BYTES], const struct tally *t)
{
	int64_t numbers[N_NUMBERS];
	unsigned which = 0;
	size_t n = 2;

	numbers_of(numbers, t);
	for (int i = 0; i < N_NUMBERS; i++) {
		if (numbers[i] == 0)
			continue;
		which |= 1u << i;
		n += write_number(out + n, numbers[i]);
	}
	out[0] = (unsigned char)which;
	out[1] = (unsigned char)(which >> 8);
	return n;
}

/* What is left to read. */
struct bytes {
	const unsigned char *at, *end;
};

/* No number of a day is longer than four bytes. */
static bool read_number(struct bytes *b, int64_t *number)
{
	*number = 0;
	for (int shift = 0; shift < 28 && b->at < b->end; shift += 7) {
		unsigned char byte = *b->at++;

		*number |= (int64_t)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return true;
	}
	return false;
}

static bool read_day(struct bytes *b, struct tally *into)
{
	int64_t numbers[N_NUMBERS] = {0};
	unsigned which;

	if (b->end - b->at < 2)
		return false;
	which = (unsigned)b->at[0] | (unsigned)b->at[1] << 8;
	b->at += 2;
	if (which >> N_NUMBERS != 0)
		return false;
	for (; which != 0; which &= which - 1)
		if (!read_number(b, &numbers[__builtin_ctz(which)]))
			return false;
	return tally_of(into, numbers);
}

bool days_decode(struct store_days *into, const void *bytes, size_t len)
{
	struct bytes b = {bytes, (const unsigned char *)bytes + len};

	for (size_t i = 0; i < into->n; i++)
		if (!read_day(&b, &into->sums[i]))
			return false;
	return b.at == b.end;
}

/* ---- rows ---- */

/* first_day, place_id, n_days, sums. */
static int read_run(struct store_days *into, sqlite3_stmt *st, struct err *err)
{
	int64_t n = sqlite3_column_int64(st, 2);

	into->first_day = sqlite3_column_int64(st, 0);
	into->place_id = sqlite3_column_int64(st, 1);
	into->n = (size_t)n;
	if (n < 1 || n > STORE_RUN_DAYS ||
	    !days_decode(into, sqlite3_column_blob(st, 3),
			 (size_t)sqlite3_column_bytes(st, 3)))
		return err_set(err, ERR_STORE, "the sums of days are damaged");
	return 0;
}

int store_days_each(struct store_conn *c, int64_t device_id, int64_t first_day,
		    int64_t end_day,
		    void (*each)(const struct store_days *days, void *arg), void *arg,
		    struct err *err)
{
	sqlite3_stmt *st =
		conn_bind(c, STMT_DAYS, err, "iii", device_id, first_day, end_day);
	int rc = st != NULL ? 1 : err->code;
	struct store_days days;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		if (read_run(&days, st, err) != 0) {
			sqlite3_reset(st);
			return err->code;
		}
		each(&days, arg);
	}
	return rc;
}

/* The last run; n is 0 where there is none. */
static int load_last(struct store_conn *c, int64_t device_id, struct store_days *into,
		     struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_DAYS_LAST, err, "i", device_id);
	int rc = st != NULL ? conn_step(c, st, err) : err->code;

	into->n = 0;
	if (rc != 1)
		return rc;
	rc = read_run(into, st, err);
	sqlite3_reset(st);
	return rc;
}

static int save_run(struct store_conn *c, int64_t device_id,
		    const struct store_days *days, struct err *err)
{
	unsigned char bytes[STORE_RUN_DAYS * DAY_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < days->n; i++)
		n += write_day(bytes + n, &days->sums[i]);
	return conn_run(c,
			conn_bind(c, STMT_DAYS_SAVE, err, "iiiib", device_id,
				  days->first_day, days->place_id, (int64_t)days->n,
				  bytes, (int)n),
			err);
}

int store_days_end(struct store_conn *c, int64_t device_id, int64_t *day, struct err *err)
{
	struct store_days last;

	if (load_last(c, device_id, &last, err) != 0)
		return err->code;
	*day = last.n > 0 ? last.first_day + (int64_t)last.n : INT64_MIN;
	return 0;
}

/* What is written of the past from then on needs no look at the sums. */
static int note_end(struct store_conn *c, int64_t day, struct err *err)
{
	if (day <= c->days_end)
		return 0;
	c->days_end = day; /* if this is not committed, we look once too often */
	return conn_run(c, conn_bind(c, STMT_DAYS_NOTE, err, "i", day), err);
}

int store_days_add(struct store_conn *c, int64_t device_id, const struct store_days *days,
		   struct err *err)
{
	struct store_days run;
	size_t i = 0;

	if (load_last(c, device_id, &run, err) != 0 ||
	    note_end(c, days->first_day + (int64_t)days->n, err) != 0)
		return err->code;
	if (run.n == 0 || run.place_id != days->place_id ||
	    run.first_day + (int64_t)run.n != days->first_day)
		run.n = STORE_RUN_DAYS; /* a new one */
	while (i < days->n) {
		if (run.n == STORE_RUN_DAYS) {
			run.place_id = days->place_id;
			run.first_day = days->first_day + (int64_t)i;
			run.n = 0;
		}
		while (i < days->n && run.n < STORE_RUN_DAYS)
			run.sums[run.n++] = days->sums[i++];
		if (save_run(c, device_id, &run, err) != 0)
			return err->code;
	}
	return 0;
}

/* ---- what is not so any more ---- */

struct cutting {
	int64_t day;
	struct store_days run; /* the one with this day; n is 0 where there is none */
};

static void on_run(const struct store_days *days, void *arg)
{
	struct cutting *cut = arg;

	if (days->first_day >= cut->day)
		return;
	cut->run = *days;
	cut->run.n = (size_t)(cut->day - days->first_day);
}

static int void_device(struct store_conn *c, int64_t device_id, int64_t day,
		       struct err *err)
{
	struct cutting cut = {.day = day};

	if (store_days_each(c, device_id, day, day + 1, on_run, &cut, err) != 0 ||
	    conn_run(c, conn_bind(c, STMT_DAYS_REMOVE, err, "ii", device_id, day), err) !=
		    0)
		return err->code;
	return cut.run.n > 0 ? save_run(c, device_id, &cut.run, err) : 0;
}

/* All at once, however many: a clock is seldom set back over midnight. */
static int void_account(struct store_conn *c, int64_t account_id, int64_t day,
			struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_DAYS_DEVICES, err, "i", account_id);
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		if (void_device(c, sqlite3_column_int64(st, 0), day, err) == 0)
			continue;
		sqlite3_reset(st);
		return err->code;
	}
	return rc;
}

int days_void(struct store_conn *c, int64_t account_id, int64_t device_id,
	      int64_t from_ms, struct err *err)
{
	int64_t day = store_day_of(from_ms);

	if (day >= c->days_end)
		return 0;
	return device_id != 0 ? void_device(c, device_id, day, err)
			      : void_account(c, account_id, day, err);
}

/* ---- places ---- */

int store_place_load(struct store_conn *c, int64_t account_id, const char *site,
		     const char *model, int64_t *place_id, struct err *err)
{
	sqlite3_stmt *st;
	int rc = 0;

	for (int tries = 0; tries < 2; tries++) {
		st = conn_bind(c, STMT_PLACE_LOAD, err, "itt", account_id, site, model);
		rc = st != NULL ? conn_step(c, st, err) : err->code;
		if (rc != 0)
			break;
		if (conn_run(c,
			     conn_bind(c, STMT_PLACE_ADD, err, "itt", account_id, site,
				       model),
			     err) != 0)
			return err->code;
	}
	if (rc != 1)
		return rc != 0 ? rc : err_set(err, ERR_STORE, "no place");
	*place_id = sqlite3_column_int64(st, 0);
	return conn_run(c, st, err);
}

int store_places_each(struct store_conn *c,
		      void (*each)(const struct store_place *place, void *arg), void *arg,
		      struct err *err)
{
	sqlite3_stmt *st = conn_bind(c, STMT_PLACES, err, "");
	int rc = st != NULL ? 1 : err->code;

	while (rc == 1 && (rc = conn_step(c, st, err)) == 1) {
		const struct store_place place = {
			.place_id = sqlite3_column_int64(st, 0),
			.site = (const char *)sqlite3_column_text(st, 1),
			.model = (const char *)sqlite3_column_text(st, 2),
		};

		each(&place, arg);
	}
	return rc;
}
