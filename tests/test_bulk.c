#include "api/bulk.h"

#include "lib/suite.h"

#include <stdlib.h>
#include <string.h>

#include "api/scan.h"

static struct bulk bulk;
static struct err err;

static int read_file(const char *name, const char *id, char **text)
{
	size_t len;

	*text = suite_data(name, &len);
	return bulk_read(&bulk, *text, len, id, &err);
}

static int read_text(const char *text, const char *id)
{
	return bulk_read(&bulk, text, strlen(text), id, &err);
}

static size_t n_records(const struct bulk_part *part)
{
	struct scan_page page = {0};
	size_t n;

	ck_assert_int_eq(scan_page(&page, part->body, part->len, &err), 0);
	n = page.n_records;
	scan_clear(&page);
	return n;
}

/* ---- samples ---- */

static const struct {
	const char *file;
	size_t n;
	struct {
		const char *id;
		long status;
		bool has_body;
	} parts[4];
} samples[] = {
	{"ringcentral/bulk_207_multistatus.json",
	 4,
	 {{"400131010", 200, true},
	  {"999999999", 404, true},
	  {"400131013", 403, true},
	  {"400131009", 200, true}}},
	{"ringcentral/bulk_207_multipart_mixed.txt",
	 2,
	 {{"400131010", 200, true}, {"999999999", 404, true}}},
	{"ringcentral/edge/bulk_multipart_boundary_changes.txt",
	 2,
	 {{"400131010", 200, true}, {"999999999", 404, true}}},
	{"ringcentral/edge/bulk_multipart_no_closing_boundary.txt",
	 2,
	 {{"400131010", 200, true}, {"999999999", 404, true}}},
	{"ringcentral/edge/bulk_fewer_parts_than_ids.json",
	 1,
	 {{"400131010", 200, true}}},
	{"ringcentral/edge/bulk_mixed_types_and_missing_body.json",
	 4,
	 {{"400131010", 200, true},
	  {"400131009", 0, true}, /* its status is a text */
	  {"400131011", 200, false},
	  {"400131012", 429, true}}},
};

START_TEST(a_sample_has_these_parts)
{
	char *text;

	ck_assert_int_eq(read_file(samples[_i].file, NULL, &text), 0);
	ck_assert_uint_eq(bulk.n, samples[_i].n);
	for (size_t i = 0; i < bulk.n; i++) {
		const struct bulk_part *part = bulk_find(&bulk, samples[_i].parts[i].id);

		ck_assert_ptr_eq(part, &bulk.parts[i]);
		ck_assert_int_eq(part->status, samples[_i].parts[i].status);
		ck_assert_int_eq(part->body != NULL, samples[_i].parts[i].has_body);
	}
	ck_assert_uint_eq(n_records(&bulk.parts[0]), 1);
	ck_assert_ptr_null(bulk_find(&bulk, "1"));
	free(text);
}
END_TEST

START_TEST(one_that_was_asked_for_alone_has_the_whole_answer)
{
	char *text;

	ck_assert_int_eq(
		read_file("ringcentral/extension_devices.json", "62264425016", &text), 0);
	ck_assert_uint_eq(bulk.n, 1);
	ck_assert_int_eq(bulk_find(&bulk, "62264425016")->status, 200);
	ck_assert_uint_ge(n_records(&bulk.parts[0]), 1);
	free(text);
}
END_TEST

START_TEST(an_answer_cut_anywhere_is_none_or_lacks_only_its_end)
{
	size_t len;
	char *text = suite_data(samples[_i].file, &len);

	for (size_t cut = 0; cut < len; cut++) {
		char *copy = mem_alloc(cut);

		memcpy(copy, text, cut); /* of its own, so that a step too far is seen */
		if (bulk_read(&bulk, copy, cut, NULL, &err) == 0)
			ck_assert_uint_eq(bulk.n, samples[_i].n);
		free(copy);
	}
	free(text);
}
END_TEST

/* ---- what is none ---- */

static const char *const bad[] = {
	"",
	"  \n",
	"null",
	"{}", /* several were asked for */
	"[",
	"[{\"resourceId\":\"1\"}",
	"[] []",
	"[{\"resourceId\":\"1\"}] x",
	"--",
	"--b\r\n\r\n{\"response\":{}}\r\n--b--",
	"--b\r\n\r\n{\"response\":[{\"status\":200}]}\r\n--b--",
	"--b\r\n\r\n{\"response\":[]}\r\n--b\r\n\r\n{}\r\n--b--",
	"--b\r\n\r\n{\"response\":[{\"status\":200}]}\r\n--b\r\n\r\n{\"a\":",
	"<html>",
};

START_TEST(what_is_no_bulk_answer_is_refused)
{
	ck_assert_int_eq(read_text(bad[_i], NULL), ERR_FORMAT);
	ck_assert_ptr_nonnull(strstr(err.text, "bulk answer: "));
}
END_TEST

START_TEST(more_parts_than_were_asked_for_are_refused)
{
	char text[BULK_PARTS_MAX * 3 + 10] = "[{}";

	for (int i = 1; i < BULK_PARTS_MAX; i++)
		strcat(text, ",{}");
	strcat(text, "]");
	ck_assert_int_eq(read_text(text, NULL), 0);
	ck_assert_uint_eq(bulk.n, BULK_PARTS_MAX);
	strcpy(text + strlen(text) - 1, ",{}]");
	ck_assert_int_eq(read_text(text, NULL), ERR_FORMAT);
}
END_TEST

START_TEST(of_two_parts_of_one_id_the_first_counts)
{
	ck_assert_int_eq(read_text("[{\"resourceId\":1,\"status\":200},"
				   "{\"resourceId\":\"1\",\"status\":404}, 7, null]",
				   NULL),
			 0);
	ck_assert_int_eq(bulk_find(&bulk, "1")->status, 200);
}
END_TEST

START_TEST(dashes_and_braces_in_texts_are_texts)
{
	ck_assert_int_eq(
		read_text(
			"--x\n\n{\"response\":[{\"status\":200,\"href\":"
			"\"http://h/account/1/extension/7/device\"}]}\n--x\n\n"
			"{\"records\":[{\"id\":\"1\",\"name\":\"--x\\n\\n}{\"}]}\n--x--\n",
			NULL),
		0);
	ck_assert_uint_eq(n_records(bulk_find(&bulk, "7")), 1);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_sample_has_these_parts, COUNT(samples)},
		{one_that_was_asked_for_alone_has_the_whole_answer, 1},
		{an_answer_cut_anywhere_is_none_or_lacks_only_its_end, COUNT(samples)},
		{what_is_no_bulk_answer_is_refused, COUNT(bad)},
		{more_parts_than_were_asked_for_are_refused, 1},
		{of_two_parts_of_one_id_the_first_counts, 1},
		{dashes_and_braces_in_texts_are_texts, 1},
	};

	return suite_run("bulk", tests, COUNT(tests), NULL, NULL);
}
