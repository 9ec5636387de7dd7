/* One page of a thousand devices, met as argv[1] says: what tests/bench/instructions counts is what
 * meet_counted() does. Without argv[1]: what there is. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#include "lib/account.h"
#include "lib/gzip.h"
#include "lib/suite.h"

#define DEVICES 1000

/* How the page differs from the one before. */
static const struct step {
	const char *name;
	int n_changed; /* devices whose status does */
	int level;     /* of gzip: other bytes of the same text */
	bool is_first;
} steps[] = {
	{"first seen", 0, 6, true},
	{"same bytes", 0, 6, false},
	{"compressed anew", 0, 9, false},
	{"one in a hundred changed", DEVICES / 100, 6, false},
	{"all changed", DEVICES, 6, false},
};

static json_t *records_of(const json_t *sample, int n_offline)
{
	json_t *records = json_array();
	char id[32];

	for (int i = 0; i < DEVICES; i++) {
		json_t *record = json_deep_copy(sample);
		bool is_offline = n_offline > 0 && i % (DEVICES / n_offline) == 0;

		snprintf(id, sizeof id, "8023988%05d", i);
		json_object_set_new(record, "id", json_string(id));
		json_object_set_new(record, "status",
				    json_string(is_offline ? "Offline" : "Online"));
		json_array_append_new(records, record);
	}
	return records;
}

static void make_page(struct buf *out, const json_t *sample, const struct step *step)
{
	json_t *page =
		json_pack("{s:o, s:{s:i, s:i, s:i, s:i}}", "records",
			  records_of(sample, step->n_changed), "paging", "page", 1,
			  "perPage", DEVICES, "totalPages", 1, "totalElements", DEVICES);
	char *text = json_dumps(page, JSON_COMPACT);

	gzip_pack(out, text, strlen(text), step->level);
	free(text);
	json_decref(page);
}

static void meet(struct account *a, const struct buf *page)
{
	ck_assert_int_eq(account_page(a, 1, buf_text(page), page->len), 0);
}

/* Of all threads: the job is a worker's. What making the page has left to tidy up is not its work. */
static void meet_counted(struct account *a, const struct buf *page)
{
	malloc_trim(0);
	CALLGRIND_START_INSTRUMENTATION;
	meet(a, page);
	CALLGRIND_STOP_INSTRUMENTATION;
}

static const struct step *step_named(const char *name)
{
	for (size_t i = 0; i < COUNT(steps); i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	return NULL;
}

static json_t *first_record(void)
{
	char *text = suite_data("ringcentral/account_devices_page1.json", NULL);
	json_t *page = json_loads(text, 0, NULL);
	json_t *record = json_incref(json_array_get(json_object_get(page, "records"), 0));

	free(text);
	json_decref(page);
	return record;
}

static const struct step *wanted;

START_TEST(a_page_is_met)
{
	json_t *sample = first_record();
	struct account a;
	struct buf page;

	buf_init(&page, 16u << 20);
	account_open_here(&a, NULL);
	if (!wanted->is_first) {
		make_page(&page, sample, &steps[0]);
		meet(&a, &page);
		ck_assert_int_eq(account_sweep(&a, 1), 0);
	}
	make_page(&page, sample, wanted);
	meet_counted(&a, &page);
	account_close(&a);
	buf_clear(&page);
	json_decref(sample);
}
END_TEST

int main(int argc, char **argv)
{
	const struct suite_test tests[] = {{a_page_is_met, 1}};

	if (argc == 1) {
		for (size_t i = 0; i < COUNT(steps); i++)
			puts(steps[i].name);
		return 0;
	}
	wanted = step_named(argv[1]);
	return wanted != NULL ? suite_run("count_page", tests, COUNT(tests), NULL, NULL)
			      : 2;
}
