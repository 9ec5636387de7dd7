/* The scanner, both ways it can be compiled: by blocks of SSE2 and byte by byte. Every page here
 * goes through both, which must agree. */
#include "api/scan.h"

#include "lib/jsonheap.h"
#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "lib/dice.h"

/* The portable one, under other names. */
int portable_page(struct scan_page *into, const char *text, size_t len, struct err *err);
int portable_page_with(struct scan_page *into, const char *text, size_t len,
		       const struct scan_hint *hint, struct err *err);
void portable_clear(struct scan_page *page);
size_t portable_id(char *out, size_t size, const char *record, size_t len);
bool portable_parts(struct scan_parts *out, const char *record, size_t len);
const char *portable_skip(const char *p, const char *end);
const char *portable_member(const char *p, const char *end, struct scan_record *name,
			    struct scan_record *value);
bool portable_is(const struct scan_record *name, const char *text);
#undef __SSE2__
#define scan_page(...)      portable_page(__VA_ARGS__)
#define scan_page_with(...) portable_page_with(__VA_ARGS__)
#define scan_clear(...)     portable_clear(__VA_ARGS__)
#define scan_id(...)        portable_id(__VA_ARGS__)
#define scan_parts(...)     portable_parts(__VA_ARGS__)
#define scan_skip(...)      portable_skip(__VA_ARGS__)
#define scan_member(...)    portable_member(__VA_ARGS__)
#define scan_is(...)        portable_is(__VA_ARGS__)
#include "api/scan.c"
#undef scan_page
#undef scan_page_with
#undef scan_clear
#undef scan_id

#define NONE         KNOWN_UNSAID
#define BAD          KNOWN_UNUSABLE
#define TEXT_CAP     (4u << 20)
#define N_ALIGNMENTS 130 /* two blocks and a bit */
#define N_SHARES     5   /* of the alignments, each in a test of its own */

static struct scan_page page;
static struct err err;
static char *copy; /* what page points into: without a byte behind it, for sanitizers */

static void forget_page(void)
{
	scan_clear(&page);
	free(copy);
	copy = NULL;
}

static int scan(const char *text, size_t len)
{
	struct scan_page other = {0};
	struct err other_err = {0};
	int rc;

	forget_page();
	err = (struct err){0};
	copy = mem_alloc(len);
	memcpy(copy, text, len);
	rc = scan_page(&page, copy, len, &err);
	ck_assert_int_eq(rc, err.code);
	ck_assert_int_eq(portable_page(&other, copy, len, &other_err), rc);
	ck_assert_str_eq(other_err.text, err.text);
	ck_assert_uint_eq(other.n_records, page.n_records);
	ck_assert_uint_eq(other.n_foreign, page.n_foreign);
	ck_assert_int_eq(memcmp(&other.paging, &page.paging, sizeof page.paging), 0);
	for (size_t i = 0; i < page.n_records; i++) {
		ck_assert_ptr_eq(other.records[i].text, page.records[i].text);
		ck_assert_uint_eq(other.records[i].len, page.records[i].len);
	}
	portable_clear(&other);
	return rc;
}

static int scan_text(const char *text)
{
	return scan(text, strlen(text));
}

static void check_record(size_t n, const char *text, size_t len)
{
	ck_assert_uint_lt(n, page.n_records);
	ck_assert_uint_eq(page.records[n].len, len);
	ck_assert_int_eq(memcmp(page.records[n].text, text, len), 0);
}

/* ---- the samples ---- */

static const struct {
	const char *file;
	const char *error; /* NULL: read */
	size_t n_records, n_foreign;
	struct known_paging paging;
} samples[] = {
	{"account_devices_page1.json", NULL, 7, 0, {1, 7, 2, 12, true}},
	{"account_devices_page2.json", NULL, 5, 0, {2, 7, 2, 12, false}},
	{"device_single.json", "no member \"records\"", 0, 0, {0}},
	{"extension_devices.json", NULL, 2, 0, {1, 100, 1, 2, false}},
	{"extension_devices_empty.json", NULL, 0, 0, {NONE, 100, 0, 0, false}},
	{"bulk_207_multistatus.json", "not a JSON object", 0, 0, {0}},
	{"bulk_207_multipart_mixed.txt", "not a JSON object", 0, 0, {0}},
	{"extension_list.json", NULL, 5, 0, {1, 1000, 1, 5, false}},
	{"webapp_devices.json", NULL, 2, 0, {NONE, NONE, NONE, NONE, false}},
	{"token_response.json", "no member \"records\"", 0, 0, {0}},
	{"error_429_heavy.json", "no member \"records\"", 0, 0, {0}},
	{"error_502.html", "not a JSON object", 0, 0, {0}},
	{"edge/truncated.json", "records: cut off, or not JSON", 0, 0, {0}},
	{"edge/truncated_inside_string.json", "records: cut off, or not JSON", 0, 0, {0}},
	{"edge/empty.json", "an empty answer", 0, 0, {0}},
	{"edge/whitespace_only.json", "an empty answer", 0, 0, {0}},
	{"edge/trailing_garbage.json", "something behind the end of the JSON", 0, 0, {0}},
	{"edge/two_documents.json", "something behind the end of the JSON", 0, 0, {0}},
	{"edge/utf8_bom.json", "not a JSON object", 0, 0, {0}},
	{"edge/json_null.json", "not a JSON object", 0, 0, {0}},
	{"edge/html_200.html", "not a JSON object", 0, 0, {0}},
	{"edge/html_with_json_content_type.json", "not a JSON object", 0, 0, {0}},
	{"edge/top_level_array.json", "not a JSON object", 0, 0, {0}},
	{"edge/records_missing.json", "no member \"records\"", 0, 0, {0}},
	{"edge/records_null.json", "records: expected an array", 0, 0, {0}},
	{"edge/records_not_array.json", "records: expected an array", 0, 0, {0}},
	{"edge/error_body_with_200.json", "no member \"records\"", 0, 0, {0}},
	{"edge/error_body_unknown_shape.json", "no member \"records\"", 0, 0, {0}},
	{"edge/error_errors_not_array.json", "no member \"records\"", 0, 0, {0}},
	{"edge/records_mixed_types.json", NULL, 2, 4, {1, 1000, 1, 1, false}},
	{"edge/paging_missing.json", NULL, 1, 0, {NONE, NONE, NONE, NONE, false}},
	{"edge/paging_strings.json", NULL, 1, 0, {BAD, BAD, BAD, BAD, false}},
	{"edge/paging_no_totals.json", NULL, 1, 0, {1, 1000, NONE, NONE, false}},
	{"edge/paging_totals_lie_high.json", NULL, 1, 0, {1, 1000, 1, 5000, false}},
	{"edge/paging_totals_lie_low.json", NULL, 2, 0, {1, 1000, 0, 0, false}},
	{"edge/paging_totals_huge.json",
	 NULL,
	 1,
	 0,
	 {1, 1000, 999999999, INT64_C(999999999000), false}},
	{"edge/paging_totals_negative.json", NULL, 1, 0, {1, 1000, BAD, 1, false}},
	{"edge/navigation_null.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/empty_page_beyond_end.json", NULL, 0, 0, {NONE, 1000, 1, 12, false}},
	{"edge/perpage_clamped.json", NULL, 1, 0, {1, 100, 1, 1, false}},
	{"edge/nextpage_no_uri.json", NULL, 1, 0, {1, 1, 3, 3, true}},
	{"edge/nextpage_other_host.json", NULL, 1, 0, {1, 1, 3, 3, true}},
	{"edge/nextpage_plain_http.json", NULL, 1, 0, {1, 1, 3, 3, true}},
	{"edge/nextpage_loops_to_itself.json", NULL, 1, 0, {1, 1, 3, 3, true}},
	{"edge/duplicate_id_page1.json", NULL, 2, 0, {1, 2, 2, 3, true}},
	{"edge/duplicate_keys.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/deep_nesting_arrays.json", NULL, 0, 1, {1, 1000, 1, 0, false}},
	{"edge/deep_nesting_objects.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	/* What is wrong within a record is its parser's to say. */
	{"edge/invalid_utf8.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/overlong_utf8.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/embedded_nul.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/lone_surrogate.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/number_nan.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/name_1mb.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
	{"edge/control_chars_in_name.json", NULL, 1, 0, {1, 1000, 1, 1, false}},
};

static char *sample(const char *file, size_t *len)
{
	char *name = mem_printf("ringcentral/%s", file);
	char *text = suite_data(name, len);

	free(name);
	return text;
}

START_TEST(a_sample_is_read_as_it_says)
{
	size_t len;
	char *text = sample(samples[_i].file, &len);
	int rc = scan(text, len);

	ck_assert_str_eq(err.text, samples[_i].error != NULL ? samples[_i].error : "");
	if (rc == 0) {
		const struct known_paging *is_ = &page.paging, *be = &samples[_i].paging;

		ck_assert_uint_eq(page.n_records, samples[_i].n_records);
		ck_assert_uint_eq(page.n_foreign, samples[_i].n_foreign);
		ck_assert_int_eq(is_->page, be->page);
		ck_assert_int_eq(is_->per_page, be->per_page);
		ck_assert_int_eq(is_->total_pages, be->total_pages);
		ck_assert_int_eq(is_->total_elements, be->total_elements);
		ck_assert_int_eq(is_->has_next, be->has_next);
	}
	free(text);
}
END_TEST

static const char *const cut_samples[] = {
	"account_devices_page1.json", "edge/records_mixed_types.json",
	"edge/duplicate_keys.json", "extension_devices_empty.json"};

START_TEST(cut_at_any_byte_it_is_refused)
{
	size_t len;
	char *text = sample(cut_samples[_i], &len);

	while (strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	ck_assert_int_eq(scan(text, len), 0);
	for (size_t cut = 0; cut < len; cut++)
		ck_assert_msg(scan(text, cut) == ERR_FORMAT, "read when cut at %zu", cut);
	free(text);
}
END_TEST

/* ---- strings and nesting ---- */

/* A page of two records, the first one with this many bytes before what is to be tested; checks
 * that both are found as they are. */
static void check_two_records(size_t pad, const char *middle, size_t len)
{
	struct buf text;
	size_t first, second;

	buf_init(&text, TEXT_CAP);
	buf_add_text(&text, "{\"records\":[");
	first = text.len;
	buf_printf(&text, "{\"id\":\"1\",\"%*s\":", (int)pad, "");
	buf_add(&text, middle, len);
	buf_add_text(&text, "}");
	second = text.len + 2;
	buf_add_text(&text, " ,{\"id\":\"2\"}],\"paging\":{\"page\":3}}");
	ck_assert_msg(scan(text.data, text.len) == 0, "%s: %s", err.text, text.data);
	ck_assert_uint_eq(page.n_records, 2);
	check_record(0, text.data + first, second - first - 2);
	check_record(1, "{\"id\":\"2\"}", 10);
	ck_assert_int_eq(page.paging.page, 3);
	buf_clear(&text);
}

static const char *const values[] = {
	"\"{\"",
	"\"}\"",
	"\"[\"",
	"\"]\"",
	"\"}]}\"",
	"\"]},{\\\"id\\\":\\\"3\\\"}\"",
	"\"\\\"records\\\":[{}]\"",
	"\"\"",
	"\"\\\\\"",
	"\"\\\"\"",
	"\"\\\\\\\"}\"",
	"\"{\\\\\"",
	"\"\\u007b\\u0022\"",
	"[]",
	"{}",
	"[[],[[]],{}]",
	"{\"records\":[{\"id\":\"3\"},{\"id\":\"4\"}]}",
	"[{\"a\":[{\"b\":[1,2,{}]}]}]",
	"{\"}\":\"{\",\"]\":\"[\",\"\\\"\":[\"\\\\\",\"\\\\\\\"\"]}",
	"null",
	"-1.5e+300",
	"\"caf\303\251 \333\273 \373\275\"", /* bytes that differ from brackets by their highest bit */
};

START_TEST(structure_is_not_sought_in_strings) /* at every place in a block of 64 bytes */
{
	for (size_t pad = (size_t)_i; pad < N_ALIGNMENTS; pad += N_SHARES)
		for (size_t i = 0; i < COUNT(values); i++)
			check_two_records(pad, values[i], strlen(values[i]));
}
END_TEST

/* A string of so many backslashes; where the last one escapes the quote, it goes on. */
static size_t write_run(char *value, size_t run)
{
	size_t len = 0;

	value[len++] = '"';
	memset(value + len, '\\', run);
	len += run;
	value[len++] = '"';
	if (run % 2 != 0) {
		value[len++] = '{';
		value[len++] = '"';
	}
	return len;
}

START_TEST(a_run_of_backslashes_escapes_the_quote_or_does_not)
{
	static char value[200];

	for (size_t pad = (size_t)_i; pad < N_ALIGNMENTS; pad += N_SHARES)
		for (size_t run = 0; run < 130; run += run < 5 || run > 120 ? 1 : 7)
			check_two_records(pad, value, write_run(value, run));
}
END_TEST

START_TEST(a_quote_may_be_escaped_at_any_place_of_a_long_string)
{
	static char value[151];

	for (size_t at = 1; at < 140; at++) {
		memset(value, '}', sizeof value);
		value[0] = value[150] = '"';
		memcpy(value + at, "\\\"", 2);
		for (size_t pad = (size_t)_i; pad < N_ALIGNMENTS; pad += N_SHARES)
			check_two_records(pad, value, sizeof value);
	}
}
END_TEST

START_TEST(nesting_may_be_deep)
{
	static char text[400100];
	size_t n = 0, depth = 200000;

	n += (size_t)sprintf(text, "{\"records\":[{\"a\":");
	memset(text + n, '[', depth);
	n += depth;
	memset(text + n, ']', depth);
	n += depth;
	n += (size_t)sprintf(text + n, "},{}]}");
	ck_assert_int_eq(scan(text, n), 0);
	ck_assert_uint_eq(page.n_records, 2);
	ck_assert_int_eq(scan(text, n - 3 - depth), ERR_FORMAT);
}
END_TEST

/* ---- the envelope ---- */

static const struct {
	const char *text;
	const char *error;
} envelopes[] = {
	{"{\"records\":[]}", ""},
	{" \t\r\n{ \"records\" : [ ] } \t\r\n", ""},
	{"{\"a\":1,\"records\":[],\"b\":{}}", ""},
	{"{\"records\":[1,\"{}\",null,true,[{}]]}", ""},
	{"", "an empty answer"},
	{"[]", "not a JSON object"},
	{"null", "not a JSON object"},
	{"x", "not a JSON object"},
	{"\xef\xbb\xbf{\"records\":[]}", "not a JSON object"},
	{"{}", "no member \"records\""},
	{"{\"Records\":[]}", "no member \"records\""},
	{"{\"records \":[]}", "no member \"records\""},
	{"{\"a\":{\"records\":[{}]}}", "no member \"records\""},
	{"{\"a\":[{\"records\":[{}]}]}", "no member \"records\""},
	{"{\"a\":\"\\\"records\\\":[{}]\"}", "no member \"records\""},
	{"{\"records\":{}}", "records: expected an array"},
	{"{\"records\":null}", "records: expected an array"},
	{"{\"records\":\"[]\"}", "records: expected an array"},
	{"{\"records\":[],\"records\":[]}", "two members \"records\""},
	{"{\"records\":[{}],\"a\":1,\"records\":[{}]}", "two members \"records\""},
	{"{\"records\":[,]}", "records: cut off, or not JSON"},
	{"{\"records\":[{},]}", "records: cut off, or not JSON"},
	{"{\"records\":[{}{}]}", "records: cut off, or not JSON"},
	{"{\"records\":[{};{}]}", "records: cut off, or not JSON"},
	{"{\"records\":[{}x]}", "records: cut off, or not JSON"},
	{"{\"records\":[{\"a\":\"}]}", "records: cut off, or not JSON"},
	{"{\"records\":[{\"a\":{}]}", "records: cut off, or not JSON"},
	{"{\"records\":[{]}", "records: cut off, or not JSON"},
	{"{\"records\":[}]}", "records: cut off, or not JSON"},
	{"{\"records\":[{}]", "cut off"},
	{"{\"records\":[{}],", "cut off"},
	{"{\"records\":[{}]]", "expected ',' or '}'"},
	{"{\"records\":[] \"a\":1}", "expected ',' or '}'"},
	{"{\"records\" []}", "cut off, or not JSON"},
	{"{\"records\"", "cut off, or not JSON"},
	{"{\"records", "cut off, or not JSON"},
	{"{records:[]}", "cut off, or not JSON"},
	{"{\"records\":[],\"a\"}", "cut off, or not JSON"},
	{"{\"records\":[],\"a\":}", "cut off, or not JSON"},
	{"{\"records\":[],\"a\":\"}", "cut off, or not JSON"},
	{"{\"records\":[],\"a\":[1,2}", "cut off"},
	{"{\"records\":[]}}", "something behind the end of the JSON"},
	{"{\"records\":[]},", "something behind the end of the JSON"},
	{"{\"records\":[]}{\"records\":[]}", "something behind the end of the JSON"},
};

START_TEST(an_envelope_is_read_member_by_member)
{
	ck_assert_int_eq(scan_text(envelopes[_i].text),
			 envelopes[_i].error[0] != '\0' ? ERR_FORMAT : 0);
	ck_assert_str_eq(err.text, envelopes[_i].error);
}
END_TEST

START_TEST(bytes_of_zero_are_bytes)
{
	ck_assert_int_eq(scan("{\"records\":[]}\0", 15), ERR_FORMAT);
	ck_assert_int_eq(scan("{\"records\":[\0]}", 15), ERR_FORMAT);
	ck_assert_int_eq(scan("\0{\"records\":[]}", 15), ERR_FORMAT);
	ck_assert_int_eq(scan("{\"records\":[{\"\0\":1}]}", 21), 0);
	ck_assert_uint_eq(page.n_records, 1);
	ck_assert_uint_eq(page.records[0].len, 7);
}
END_TEST

static const struct {
	const char *paging;
	int64_t page, total_elements;
} pagings[] = {
	{"{\"page\":1,\"totalElements\":12}", 1, 12},
	{"{\"totalElements\":0,\"page\":0}", 0, 0},
	{"{\"page\":\"1\",\"totalElements\":\"12\"}", BAD, BAD},
	{"{\"page\":-1,\"totalElements\":-12}", BAD, BAD},
	{"{\"page\":1.0,\"totalElements\":1e3}", BAD, BAD},
	{"{\"page\":null,\"totalElements\":[12]}", NONE, BAD},
	{"{\"page\":1}", 1, NONE},
	{"{\"page\":9223372036854775807,\"totalElements\":1}", INT64_MAX, 1},
	{"{\"page\":9223372036854775808,\"totalElements\":1}", BAD, BAD},
	{"{\"page\":1,\"totalElements\":12,\"x\":\"\\ud800\"}", BAD, BAD},
	{"{\"page\":1,\"totalElements\":12,\"x\":{\"page\":7}}", 1, 12},
	{"{\"page\":1,\"totalElements\":12,\"page\":2}", 2, 12},
	{"{}", NONE, NONE},
	{"null", NONE, NONE},
	{"[1,12]", BAD, BAD},
	{"\"page\"", BAD, BAD},
	{"12", BAD, BAD},
	{"{]", BAD, BAD},
};

START_TEST(what_paging_does_not_say_is_told_from_what_cannot_be_used)
{
	char *text = mem_printf("{\"records\":[{}],\"paging\":%s}", pagings[_i].paging);

	ck_assert_int_eq(scan_text(text), 0);
	ck_assert_uint_eq(page.n_records, 1);
	ck_assert_int_eq(page.paging.page, pagings[_i].page);
	ck_assert_int_eq(page.paging.total_elements, pagings[_i].total_elements);
	free(text);
	text = mem_printf("{\"paging\":%s,\"records\":[{}]}", pagings[_i].paging);
	ck_assert_int_eq(scan_text(text), 0);
	ck_assert_int_eq(page.paging.page, pagings[_i].page);
	free(text);
}
END_TEST

static const struct {
	const char *navigation;
	bool has_next;
} navigations[] = {
	{"{\"nextPage\":{\"uri\":\"https://x.invalid\"}}", true},
	{"{\"nextPage\":{}}", true},
	{"{\"nextPage\":null}", false},
	{"{\"nextPage\":\"https://x.invalid\"}", false},
	{"{\"lastPage\":{\"nextPage\":{}}}", false},
	{"{}", false},
	{"null", false},
	{"[{\"nextPage\":{}}]", false},
};

START_TEST(a_link_to_a_next_page_is_an_object)
{
	char *text = mem_printf("{\"navigation\":%s,\"records\":[]}",
				navigations[_i].navigation);

	ck_assert_int_eq(scan_text(text), 0);
	ck_assert_int_eq(page.paging.has_next, navigations[_i].has_next);
	free(text);
}
END_TEST

START_TEST(too_many_records_are_refused)
{
	struct buf text;

	buf_init(&text, TEXT_CAP);
	buf_add_text(&text, "{\"records\":[{}");
	for (int n = 1; n < SCAN_MAX_RECORDS; n++)
		buf_add_text(&text, ",{}");
	buf_add_text(&text, "]}");
	ck_assert_int_eq(scan(text.data, text.len), 0);
	ck_assert_uint_eq(page.n_records, SCAN_MAX_RECORDS);
	text.len -= 2;
	buf_add_text(&text, ",{}]}");
	ck_assert_int_eq(scan(text.data, text.len), ERR_FORMAT);
	ck_assert_str_eq(err.text, "more than 10000 records on a page");
	buf_clear(&text);
}
END_TEST

/* Whatever they are. */
START_TEST(too_many_elements_are_refused)
{
	struct buf text;

	buf_init(&text, TEXT_CAP);
	buf_add_text(&text, "{\"records\":[{}");
	for (int n = 1; n < SCAN_MAX_RECORDS; n++)
		buf_add_text(&text, ",0");
	buf_add_text(&text, "]}");
	ck_assert_int_eq(scan(text.data, text.len), 0);
	ck_assert_uint_eq(page.n_foreign, SCAN_MAX_RECORDS - 1);
	text.len -= 2;
	buf_add_text(&text, ",0]}");
	ck_assert_int_eq(scan(text.data, text.len), ERR_FORMAT);
	ck_assert_str_eq(err.text, "more than 10000 records on a page");
	buf_clear(&text);
}
END_TEST

/* head, unit again and again, tail: so many bytes of an envelope. */
static const struct {
	const char *head, *unit, *tail;
} envelopes_of_millions[] = {
	{"{\"paging\":[", "0,", "0],\"records\":[]}"},
	{"{\"paging\":{\"page\":1,\"x\":[", "{},", "0]},\"records\":[]}"},
	{"{\"navigation\":{\"nextPage\":{", "\"a\":0,", "\"b\":0}},\"records\":[]}"},
	{"{", "\"paging\":[[],[],[]],", "\"records\":[]}"},
	{"{\"records\":[],\"x\":[", "{},", "0]}"},
};

START_TEST(an_envelope_costs_no_memory)
{
	struct buf text;

	buf_init(&text, 32u << 20);
	buf_add_text(&text, envelopes_of_millions[_i].head);
	while (text.len < 8u << 20)
		buf_add_text(&text, envelopes_of_millions[_i].unit);
	buf_add_text(&text, envelopes_of_millions[_i].tail);
	jsonheap_start();
	ck_assert_int_eq(scan(text.data, text.len), 0);
	ck_assert_uint_lt(jsonheap_peak(), 4u << 20);
	ck_assert_int_lt(page.paging.page, 0);
	buf_clear(&text);
}
END_TEST

START_TEST(paging_has_a_largest_size)
{
	for (size_t more = 0; more < 2; more++) {
		static const char paging[] = "{\"page\":7}";
		int blanks = (int)(SCAN_MAX_SMALL_BYTES - strlen(paging) + more);
		char *text = mem_printf("{\"records\":[],\"paging\":{%*s\"page\":7}}",
					blanks, "");

		ck_assert_int_eq(scan_text(text), 0);
		ck_assert_int_eq(page.paging.page, more == 0 ? 7 : BAD);
		free(text);
	}
}
END_TEST

START_TEST(the_last_of_two_pagings_counts)
{
	ck_assert_int_eq(scan_text("{\"paging\":{\"page\":1},\"records\":[],"
				   "\"navigation\":{\"nextPage\":{}},\"navigation\":{},"
				   "\"paging\":{\"page\":2}}"),
			 0);
	ck_assert_int_eq(page.paging.page, 2);
	ck_assert(!page.paging.has_next);
}
END_TEST

START_TEST(a_second_page_forgets_the_first)
{
	static const char first[] = "{\"records\":[{},{},1],\"paging\":{\"page\":1},"
				    "\"navigation\":{\"nextPage\":{}}}";
	static const char second[] = "{\"records\":[{}]}";
	struct scan_page p = {0};

	ck_assert_int_eq(scan_page(&p, first, strlen(first), &err), 0);
	ck_assert_int_eq(scan_page(&p, second, strlen(second), &err), 0);
	ck_assert_uint_eq(p.n_records, 1);
	ck_assert_uint_eq(p.n_foreign, 0);
	ck_assert_int_eq(p.paging.page, NONE);
	ck_assert(!p.paging.has_next);
	scan_clear(&p);
	ck_assert_int_eq(scan_page(&p, first, strlen(first), &err), 0);
	ck_assert_uint_eq(p.n_records, 2);
	scan_clear(&p);
}
END_TEST

/* ---- ids of what cannot be parsed ---- */

static const struct {
	const char *record, *id;
} ids[] = {
	{"{\"id\":\"802398804016\"}", "802398804016"},
	{"{ \"id\" : \"7\" }", "7"},
	{"{\"id\":802398804016}", "802398804016"},
	{"{\"id\":184467440737095516160,\"a\":1}", "184467440737095516160"},
	{"{\"name\":\"\xff\",\"id\":\"7\"}", "7"},
	{"{\"id\":\"7\",\"name\":\"\\ud800\"}", "7"},
	{"{\"id\":\"7\",\"id\":\"8\"}", "8"},
	{"{\"id\":\"7\",\"a\":{\"id\":\"8\"}}", "7"},
	{"{\"a\":[{\"id\":\"8\"}],\"id\":\"7\"}", "7"},
	{"{\"a\":\"\\\"id\\\":\\\"8\\\"\",\"id\":\"7\"}", "7"},
	{"{\"uri\":\"x\",\"id\":\"../x y\",\"z\":NaN}", "../x y"},
	{"{\"id\":\"7\",\"a\":[}", "7"},
	{"{\"id\":\"7\",}", "7"},
	{"{}", ""},
	{"{\"a\":1}", ""},
	{"{\"id\":\"\"}", ""},
	{"{\"id\":null}", ""},
	{"{\"id\":true}", ""},
	{"{\"id\":-7}", ""},
	{"{\"id\":7.0}", ""},
	{"{\"id\":7e3}", ""},
	{"{\"id\":{\"id\":\"7\"}}", ""},
	{"{\"id\":[\"7\"]}", ""},
	{"{\"id\":\"\\u0037\"}", ""},
	{"{\"id\":\"7\\n\"}", ""},
	{"{\"id\":\"7\n\"}", ""},
	{"{\"id\":\"7\x7f\"}", ""},
	{"{\"id\":\"caf\303\251\"}", ""},
	{"{\"id\":\"7\",\"id\":null}", ""},
	{"{\"Id\":\"7\"}", ""},
	{"{\"a\" 1,\"id\":\"7\"}", ""},
	{"{\"a\":\"x\"id\":\"7\"}", ""},
};

START_TEST(an_id_is_told_where_it_stands_in_the_open)
{
	size_t len = strlen(ids[_i].record), id_len = strlen(ids[_i].id);
	char *record = mem_alloc(len), out[64] = "unchanged", other[64] = "unchanged";

	memcpy(record, ids[_i].record, len);
	ck_assert_uint_eq(scan_id(out, sizeof out, record, len), id_len);
	ck_assert_uint_eq(portable_id(other, sizeof other, record, len), id_len);
	if (id_len > 0) {
		ck_assert_str_eq(out, ids[_i].id);
		ck_assert_str_eq(other, ids[_i].id);
	}
	free(record);
}
END_TEST

START_TEST(an_id_that_does_not_fit_is_none)
{
	static const char record[] = "{\"id\":\"1234567\"}";
	char out[9];

	ck_assert_uint_eq(scan_id(out, 8, record, strlen(record)), 7);
	ck_assert_uint_eq(scan_id(out, 7, record, strlen(record)), 0);
	ck_assert_uint_eq(scan_id(out, 1, record, strlen(record)), 0);
}
END_TEST

START_TEST(
	an_id_is_sought_within_the_record_only) /* cut at any byte: no read behind it */
{
	static const char record[] =
		"{\"a\":[\"\\\\\",{\"b\":\"\\\"\"}],\"id\":\"1234567\"}";
	char out[20];

	for (size_t len = 1; len < strlen(record); len++) {
		char *cut = mem_alloc(len);

		memcpy(cut, record, len);
		if (scan_id(out, sizeof out, cut, len) > 0)
			ck_assert_str_eq(out, "1234567");
		free(cut);
	}
}
END_TEST

/* ---- random pages, against the parser's view ---- */

#define N_PAGES   300 /* per seed */
#define N_DAMAGES 20  /* per page */

static void write_blanks(struct buf *out)
{
	static const char *const blanks[] = {"", "", "", " ", "\n", "\t", "\r\n  "};

	buf_add_text(out, blanks[dice(COUNT(blanks))]);
}

static void write_text(struct buf *out)
{
	static const char *const pieces[] = {
		"{",       "}",       "[",        "]",           ",",
		":",       "\\\"",    "\\\\",     "\\/",         "\\n",
		"\\u005c", "\\u0022", "x",        "caf\303\251", "\360\237\223\236",
		"id",      "records", "\\\\\\\\", "      ",      "\\\\\\\""};
	uint32_t n = dice(3) == 0 ? dice(40) : dice(5);

	while (n-- > 0)
		buf_add_text(out, pieces[dice(COUNT(pieces))]);
}

static void write_value(struct buf *out, int depth);

/* name is in use once: it begins with a number. */
static void write_member(struct buf *out, uint32_t number, int depth)
{
	buf_printf(out, "\"%u", number);
	write_text(out);
	buf_add_text(out, "\"");
	write_blanks(out);
	buf_add_text(out, ":");
	write_blanks(out);
	write_value(out, depth);
}

static void write_nested(struct buf *out, const char *brackets, int depth)
{
	uint32_t n = dice(5);

	buf_add(out, brackets, 1);
	for (uint32_t i = 0; i < n; i++) {
		buf_add_text(out, i > 0 ? "," : "");
		write_blanks(out);
		if (brackets[0] == '{')
			write_member(out, i, depth);
		else
			write_value(out, depth);
		write_blanks(out);
	}
	buf_add(out, brackets + 1, 1);
}

static void write_value(struct buf *out, int depth)
{
	static const char *const plain[] = {"0",    "-12",   "1.5e+3",      "true",
					    "null", "false", "802398804016"};

	switch (dice(depth > 6 ? 2 : 4)) {
	case 0:
		buf_add_text(out, plain[dice(COUNT(plain))]);
		break;
	case 1:
		buf_add_text(out, "\"");
		write_text(out);
		buf_add_text(out, "\"");
		break;
	case 2:
		write_nested(out, "[]", depth + 1);
		break;
	default:
		write_nested(out, "{}", depth + 1);
	}
}

static void write_records(struct buf *out)
{
	uint32_t n = dice(8);

	buf_add_text(out, "\"records\"");
	write_blanks(out);
	buf_add_text(out, ":");
	write_blanks(out);
	buf_add_text(out, "[");
	for (uint32_t i = 0; i < n; i++) {
		buf_add_text(out, i > 0 ? "," : "");
		write_blanks(out);
		if (dice(6) == 0)
			write_value(out, 0);
		else
			write_nested(out, "{}", 0);
		write_blanks(out);
	}
	buf_add_text(out, "]");
}

static void write_page(struct buf *out)
{
	uint32_t n = 1 + dice(4), place = dice(n);

	out->len = 0;
	write_blanks(out);
	buf_add_text(out, "{");
	for (uint32_t i = 0; i < n; i++) {
		buf_add_text(out, i > 0 ? "," : "");
		write_blanks(out);
		if (i == place)
			write_records(out);
		else if (dice(3) == 0)
			buf_printf(out, "\"paging%.*s\":{\"page\":%u}", dice(2) == 0, "x",
				   dice(9));
		else
			write_member(out, i, 0);
		write_blanks(out);
	}
	buf_add_text(out, "}");
	write_blanks(out);
}

/* Where the parser takes the whole, the scanner finds the same records, in order. */
static void check_as_parser(const char *text, size_t len)
{
	json_t *whole = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *records = json_object_get(whole, "records");
	size_t n = 0;
	int rc = scan(text, len);

	if (whole == NULL) /* the scanner does not look into values */
		return;
	ck_assert_msg((rc == 0) == json_is_array(records), "%s: %.*s", err.text, (int)len,
		      text);
	for (size_t i = 0; i < json_array_size(records); i++) {
		const json_t *record = json_array_get(records, i);
		json_t *slice;

		if (!json_is_object(record))
			continue;
		ck_assert_uint_lt(n, page.n_records);
		slice = json_loadb(page.records[n].text, page.records[n].len, 0, NULL);
		ck_assert_msg(json_equal(slice, record), "record %zu of %.*s", n,
			      (int)len, text);
		json_decref(slice);
		n++;
	}
	ck_assert_uint_eq(page.n_records, n);
	ck_assert_uint_eq(page.n_foreign, json_array_size(records) - n);
	json_decref(whole);
}

static void damage(struct buf *text)
{
	static const char bytes[] = "{}[]\",:\\ x1\xff\n";
	char byte =
		bytes[dice(sizeof bytes - 1)]; /* a NUL the parser takes for a blank */
	size_t at = dice((uint32_t)text->len);

	switch (dice(3)) {
	case 0: /* another byte */
		text->data[at] = byte;
		break;
	case 1: /* one less */
		memmove(text->data + at, text->data + at + 1, text->len - at);
		text->len--;
		break;
	default: /* one more */
		buf_add(text, &byte, 1);
		memmove(text->data + at + 1, text->data + at, text->len - at - 1);
		text->data[at] = byte;
	}
}

START_TEST(records_are_those_that_the_parser_finds)
{
	struct buf text, damaged;

	dice_seed(_i);
	buf_init(&text, TEXT_CAP);
	buf_init(&damaged, TEXT_CAP);
	for (int i = 0; i < N_PAGES; i++) {
		write_page(&text);
		check_as_parser(text.data, text.len);
		ck_assert_str_eq(err.text, "");
		for (int k = 0; k < N_DAMAGES; k++) {
			damaged.len = 0;
			buf_add(&damaged, text.data, text.len);
			damage(&damaged);
			check_as_parser(damaged.data, damaged.len);
		}
	}
	buf_clear(&text);
	buf_clear(&damaged);
}
END_TEST

/* ---- hints ---- */

/* Somebody who knows every other record, by its place in the text. */
struct hints {
	struct scan_page plain;
	uint32_t said[100]; /* of each record */
	size_t n_found;
};

static size_t index_at(const struct hints *h, const char *text)
{
	for (size_t i = 0; i < h->plain.n_records; i++)
		if (h->plain.records[i].text == text)
			return i;
	ck_abort_msg("no record begins here");
	return 0;
}

static size_t recognise_some(void *arg, const char *text, size_t left, uint32_t *known)
{
	struct hints *h = arg;
	size_t i = index_at(h, text);

	ck_assert_uint_ge(left, h->plain.records[i].len);
	if (dice(2) == 0)
		return 0;
	*known = h->said[i] = (uint32_t)i + 1000;
	return h->plain.records[i].len;
}

static void find_some(void *arg, const char *text, size_t len, uint32_t *known)
{
	struct hints *h = arg;
	size_t i = index_at(h, text);

	ck_assert_uint_eq(len, h->plain.records[i].len);
	h->n_found++;
	if (dice(2) == 0)
		*known = h->said[i] = (uint32_t)i + 2000;
}

static void check_with_hints(const char *text, size_t len)
{
	struct hints h = {.n_found = 0};
	const struct scan_hint hint = {recognise_some, find_some, &h};
	struct scan_page hinted = {0};
	size_t n_scanned = 0;

	memset(h.said, 0xff, sizeof h.said); /* SCAN_UNKNOWN */
	ck_assert_int_eq(scan_page(&h.plain, text, len, &err), 0);
	ck_assert_int_eq(scan_page_with(&hinted, text, len, &hint, &err), 0);
	ck_assert_uint_eq(hinted.n_records, h.plain.n_records);
	ck_assert_uint_eq(hinted.n_foreign, h.plain.n_foreign);
	ck_assert_int_eq(hinted.paging.page, h.plain.paging.page);
	for (size_t i = 0; i < hinted.n_records; i++) {
		ck_assert_ptr_eq(hinted.records[i].text, h.plain.records[i].text);
		ck_assert_uint_eq(hinted.records[i].len, h.plain.records[i].len);
		ck_assert_uint_eq(hinted.records[i].known, h.said[i]);
		ck_assert_uint_eq(h.plain.records[i].known, SCAN_UNKNOWN);
		n_scanned += h.said[i] == SCAN_UNKNOWN || h.said[i] >= 2000;
	}
	ck_assert_uint_eq(h.n_found, n_scanned);
	scan_clear(&hinted);
	scan_clear(&h.plain);
}

START_TEST(what_somebody_knows_changes_nothing_but_the_work)
{
	struct buf text;

	dice_seed(_i);
	buf_init(&text, TEXT_CAP);
	for (int i = 0; i < N_PAGES; i++) {
		write_page(&text);
		check_with_hints(text.data, text.len);
	}
	buf_clear(&text);
}
END_TEST

/* A record, and its parts as "ID STATUS LOCATION", '-' for none; NULL: a parser has to look. */
static const struct {
	const char *record, *parts;
} plain[] = {
	{"{\"id\":\"1\",\"status\":\"Online\",\"lastLocationReportTime\":\"T\"}",
	 "1 Online T"},
	{"{ \"lastLocationReportTime\" : \"T\" , \"x\":{\"id\":\"9\"}, \"id\" : \"1\" }",
	 "1 - T"},
	{"{\"id\":\"1\",\"shipping\":{\"status\":\"Initial\"}}", "1 - -"},
	{"{\"id\":\"1\",\"name\":\"\\\"status\\\":\\\"Offline\\\"\"}", "1 - -"},
	{"{\"id\":\"1\",\"status\":\"\"}", "1  -"},
	{"{}", NULL},
	{"{\"status\":\"Online\"}", NULL},
	{"{\"id\":\"\"}", NULL},
	{"{\"id\":1}", NULL},
	{"{\"id\":\"1\",\"id\":\"1\"}", NULL},
	{"{\"id\":\"1\",\"status\":\"Online\",\"status\":\"Online\"}", NULL},
	{"{\"id\":\"1\",\"status\":null}", NULL},
	{"{\"id\":\"1\",\"status\":1}", NULL},
	{"{\"id\":\"1\",\"status\":\"On\\u006cine\"}", NULL},
	{"{\"id\":\"1\",\"status\":\"On\tline\"}", NULL},
	{"{\"id\":\"1\",\"status\":\"\xc3\xbc\"}", NULL},
	{"{\"id\":\"1\",\"st\\u0061tus\":\"Online\"}", NULL},
	{"{\"id\":\"1\",\"lastLocationReportTime\":{}}", NULL},
};

START_TEST(parts_are_told_where_all_is_plain)
{
	const char *record = plain[_i].record;
	struct scan_parts p;
	char *text;

	ck_assert_int_eq(scan_parts(&p, record, strlen(record)), plain[_i].parts != NULL);
	if (plain[_i].parts == NULL)
		return;
	text = mem_printf("%.*s %.*s %.*s", (int)p.id.len, p.id.text,
			  p.status.text != NULL ? (int)p.status.len : 1,
			  p.status.text != NULL ? p.status.text : "-",
			  p.location.text != NULL ? (int)p.location.len : 1,
			  p.location.text != NULL ? p.location.text : "-");
	ck_assert_str_eq(text, plain[_i].parts);
	free(text);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_sample_is_read_as_it_says, COUNT(samples)},
		{cut_at_any_byte_it_is_refused, COUNT(cut_samples)},
		{structure_is_not_sought_in_strings, N_SHARES},
		{a_run_of_backslashes_escapes_the_quote_or_does_not, N_SHARES},
		{a_quote_may_be_escaped_at_any_place_of_a_long_string, N_SHARES},
		{nesting_may_be_deep, 1},
		{an_envelope_is_read_member_by_member, COUNT(envelopes)},
		{bytes_of_zero_are_bytes, 1},
		{what_paging_does_not_say_is_told_from_what_cannot_be_used,
		 COUNT(pagings)},
		{a_link_to_a_next_page_is_an_object, COUNT(navigations)},
		{too_many_records_are_refused, 1},
		{too_many_elements_are_refused, 1},
		{an_envelope_costs_no_memory, COUNT(envelopes_of_millions)},
		{paging_has_a_largest_size, 1},
		{the_last_of_two_pagings_counts, 1},
		{a_second_page_forgets_the_first, 1},
		{an_id_is_told_where_it_stands_in_the_open, COUNT(ids)},
		{an_id_that_does_not_fit_is_none, 1},
		{an_id_is_sought_within_the_record_only, 1},
		{records_are_those_that_the_parser_finds, 3},
		{what_somebody_knows_changes_nothing_but_the_work, 3},
		{parts_are_told_where_all_is_plain, COUNT(plain)},
	};

	return suite_run("scan", tests, COUNT(tests), NULL, forget_page);
}
