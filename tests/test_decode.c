#include "api/decode.h"

#include "lib/jsonheap.h"
#include "lib/suite.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/scan.h"
#include "base/buf.h"

#define SAMPLE_ID "228113008"
#define SAMPLE_MS INT64_C(1789377667534) /* 2026-09-14T09:21:07.534Z */
#define NONE      INT64_MIN
#define BAD       INT64_MAX

static struct device d;
static struct err err;

static void clear_device(void)
{
	device_clear(&d);
}

static int decode(const char *record, size_t len)
{
	char *copy = mem_alloc(len); /* without a byte behind it, for sanitizers */
	int rc;

	memcpy(copy, record, len);
	device_clear(&d);
	err = (struct err){0};
	rc = decode_device(&d, copy, len, &err);
	free(copy);
	ck_assert_int_eq(rc, err.code);
	if (rc != 0)
		ck_assert_ptr_null(d.record);
	return rc;
}

static int decode_text(const char *record)
{
	return decode(record, strlen(record));
}

static int64_t location(void)
{
	ck_assert(!(d.has_location && d.bad_location));
	ck_assert(d.has_location || d.location_ms == 0);
	return d.bad_location ? BAD : d.has_location ? d.location_ms : NONE;
}

static void check_text(const char *is, const char *be)
{
	ck_assert_str_eq(is != NULL ? is : "(null)", be != NULL ? be : "(null)");
}

/* ---- the samples ---- */

#define ONLINE(ms) SAMPLE_ID, DEVICE_ONLINE, "Online", ms, 0

/* The last record of each page of the edge cases. */
static const struct {
	const char *file;
	const char *error; /* how it begins; NULL: it is decoded */
	const char *id;
	enum device_status status;
	const char *vendor_status;
	int64_t location_ms;
	unsigned n_wrong;
} samples[] = {
	/* Ids. */
	{"id_number", NULL, ONLINE(SAMPLE_MS)},
	{"id_number_above_2_53", NULL, "9007199254740993", DEVICE_ONLINE, "Online",
	 SAMPLE_MS, 0},
	{"id_number_above_2_64", "too big integer", NULL, 0, NULL, 0, 0},
	{"id_missing", "id: missing", NULL, 0, NULL, 0, 0},
	{"id_null", "id: missing", NULL, 0, NULL, 0, 0},
	{"id_empty", "id: empty", NULL, 0, NULL, 0, 0},
	{"id_path_characters", NULL, "../../228113008?x=1", DEVICE_ONLINE, "Online",
	 SAMPLE_MS, 0},
	{"extension_id_string", NULL, SAMPLE_ID, DEVICE_ONLINE, "Online", SAMPLE_MS, 1},
	/* Status and type. */
	{"status_null", NULL, SAMPLE_ID, DEVICE_UNKNOWN, NULL, SAMPLE_MS, 0},
	{"status_missing", NULL, SAMPLE_ID, DEVICE_UNKNOWN, NULL, SAMPLE_MS, 0},
	{"status_initial", NULL, SAMPLE_ID, DEVICE_UNKNOWN, "Initial", SAMPLE_MS, 0},
	{"status_unknown", NULL, SAMPLE_ID, DEVICE_UNKNOWN, "Registering", SAMPLE_MS, 0},
	{"status_lower_case", NULL, SAMPLE_ID, DEVICE_UNKNOWN, "online", SAMPLE_MS, 0},
	{"status_number", NULL, SAMPLE_ID, DEVICE_UNKNOWN, "1", SAMPLE_MS, 0},
	{"type_unknown", NULL, ONLINE(SAMPLE_MS)},
	{"type_missing", NULL, ONLINE(SAMPLE_MS)},
	/* Times. */
	{"timestamp_bad_empty", NULL, ONLINE(BAD)},
	{"timestamp_bad_leading_star", NULL, ONLINE(BAD)},
	{"timestamp_bad_month_13", NULL, ONLINE(BAD)},
	{"timestamp_bad_not_a_date", NULL, ONLINE(BAD)},
	{"timestamp_bad_number", NULL, ONLINE(BAD)},
	{"timestamp_date_only", NULL, ONLINE(BAD)},
	{"timestamp_null", NULL, ONLINE(NONE)},
	{"timestamp_offset_plus_0200", NULL, ONLINE(SAMPLE_MS)},
	{"timestamp_nine_digit_fraction", NULL, ONLINE(SAMPLE_MS)},
	{"timestamp_offset_no_colon", NULL, ONLINE(SAMPLE_MS)},
	{"timestamp_no_zone", NULL, ONLINE(SAMPLE_MS)},
	{"timestamp_offset_no_fraction", NULL, ONLINE(SAMPLE_MS - 534)},
	{"timestamp_no_fraction", NULL, ONLINE(SAMPLE_MS - 534)},
	{"timestamp_one_digit_fraction", NULL, ONLINE(SAMPLE_MS - 34)},
	{"timestamp_leap_second", NULL, ONLINE(INT64_C(1798761600000))},
	{"timestamp_epoch_zero", NULL, ONLINE(0)},
	{"timestamp_far_future", NULL, ONLINE(INT64_C(253402300799999))},
	/* Names and values. */
	{"name_multibyte", NULL, ONLINE(SAMPLE_MS)},
	{"name_empty", NULL, ONLINE(SAMPLE_MS)},
	{"name_number", NULL, SAMPLE_ID, DEVICE_ONLINE, "Online", SAMPLE_MS, 1},
	{"name_1mb", "larger than 262144 bytes", NULL, 0, NULL, 0, 0},
	{"control_chars_in_name", NULL, ONLINE(SAMPLE_MS)},
	{"extension_null", NULL, ONLINE(SAMPLE_MS)},
	{"boolean_as_string", NULL, SAMPLE_ID, DEVICE_ONLINE, "Online", SAMPLE_MS, 2},
	{"number_float_integer", NULL, ONLINE(SAMPLE_MS)},
	{"number_exponent", NULL, ONLINE(SAMPLE_MS)},
	{"number_nan", "invalid token", NULL, 0, NULL, 0, 0},
	{"unknown_members", NULL, ONLINE(SAMPLE_MS)},
	{"reordered_members", NULL, ONLINE(SAMPLE_MS)},
	{"duplicate_keys", NULL, SAMPLE_ID, DEVICE_OFFLINE, "Offline", NONE, 0},
	/* Text that is none. */
	{"invalid_utf8", "unable to decode byte 0xff", NULL, 0, NULL, 0, 0},
	{"overlong_utf8", "unable to decode byte 0xc0", NULL, 0, NULL, 0, 0},
	{"embedded_nul", "\\u0000 is not allowed", NULL, 0, NULL, 0, 0},
	{"lone_surrogate", "invalid Unicode '\\uD800'", NULL, 0, NULL, 0, 0},
	{"deep_nesting_objects", "maximum parsing depth reached", NULL, 0, NULL, 0, 0},
	/* Where only the page around it is odd. */
	{"records_mixed_types", "id: missing", NULL, 0, NULL, 0, 0},
	{"paging_missing", NULL, ONLINE(SAMPLE_MS)},
	{"paging_strings", NULL, ONLINE(SAMPLE_MS)},
	{"paging_no_totals", NULL, ONLINE(SAMPLE_MS)},
	{"paging_totals_lie_high", NULL, ONLINE(SAMPLE_MS)},
	{"paging_totals_lie_low", NULL, "228114008", DEVICE_ONLINE, "Online", SAMPLE_MS,
	 0},
	{"paging_totals_huge", NULL, ONLINE(SAMPLE_MS)},
	{"paging_totals_negative", NULL, ONLINE(SAMPLE_MS)},
	{"perpage_clamped", NULL, ONLINE(SAMPLE_MS)},
	{"navigation_null", NULL, ONLINE(SAMPLE_MS)},
	{"nextpage_no_uri", NULL, ONLINE(SAMPLE_MS)},
	{"nextpage_other_host", NULL, ONLINE(SAMPLE_MS)},
	{"nextpage_plain_http", NULL, ONLINE(SAMPLE_MS)},
	{"nextpage_loops_to_itself", NULL, ONLINE(SAMPLE_MS)},
	{"nextpage_loops_page1", NULL, ONLINE(SAMPLE_MS)},
	{"nextpage_loops_page2", NULL, "228114008", DEVICE_ONLINE, "Online", SAMPLE_MS,
	 0},
	{"duplicate_id_page1", NULL, "228114008", DEVICE_ONLINE, "Online", SAMPLE_MS, 0},
	{"duplicate_id_page2", NULL, SAMPLE_ID, DEVICE_OFFLINE, "Offline", SAMPLE_MS, 0},
	{"drift_page1", NULL, "228114008", DEVICE_ONLINE, "Online", SAMPLE_MS, 0},
	{"drift_page2", NULL, "228116008", DEVICE_ONLINE, "Online", SAMPLE_MS, 0},
};

static void read_sample(const char *file, char **text, struct scan_page *page)
{
	char *name = mem_printf("ringcentral/%s.json", file);
	size_t len;

	*text = suite_data(name, &len);
	*page = (struct scan_page){.n_records = 0};
	ck_assert_int_eq(scan_page(page, *text, len, &err), 0);
	free(name);
}

START_TEST(a_sample_is_decoded_as_it_says)
{
	char *name = mem_printf("edge/%s", samples[_i].file), *text;
	struct scan_page page;
	const struct scan_record *last;

	read_sample(name, &text, &page);
	ck_assert_uint_gt(page.n_records, 0);
	last = &page.records[page.n_records - 1];
	if (samples[_i].error != NULL) {
		ck_assert_int_eq(decode(last->text, last->len), ERR_FORMAT);
		ck_assert_msg(strncmp(err.text, samples[_i].error,
				      strlen(samples[_i].error)) == 0,
			      "%s", err.text);
	} else {
		ck_assert_msg(decode(last->text, last->len) == 0, "%s", err.text);
		ck_assert_str_eq(d.id, samples[_i].id);
		ck_assert_int_eq(d.status, samples[_i].status);
		check_text(d.vendor_status, samples[_i].vendor_status);
		ck_assert_int_eq(location(), samples[_i].location_ms);
		ck_assert_uint_eq(d.n_wrong, samples[_i].n_wrong);
	}
	scan_clear(&page);
	free(text);
	free(name);
}
END_TEST

static bool is_in_table(const char *file)
{
	for (size_t i = 0; i < COUNT(samples); i++) {
		size_t len = strlen(samples[i].file);

		if (strncmp(file, samples[i].file, len) == 0 &&
		    strcmp(file + len, ".json") == 0)
			return true;
	}
	return false;
}

START_TEST(every_sample_with_a_record_is_in_the_table)
{
	const char *root = getenv("TEST_DATA");
	char *path =
		mem_printf("%s/ringcentral/edge", root != NULL ? root : "tests/data");
	DIR *folder = opendir(path);
	const struct dirent *entry;
	int n = 0;

	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL) {
		struct scan_page page = {.n_records = 0};
		char *name, *text;
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		name = mem_printf("ringcentral/edge/%s", entry->d_name);
		text = suite_data(name, &len);
		if (scan_page(&page, text, len, &err) == 0 && page.n_records > 0) {
			n++;
			ck_assert_msg(is_in_table(entry->d_name), "%s", entry->d_name);
		}
		scan_clear(&page);
		free(text);
		free(name);
	}
	closedir(folder);
	free(path);
	ck_assert_int_eq(n, COUNT(samples));
}
END_TEST

/* Of every kind of device there is. */
static const struct {
	const char *id, *type;
	enum device_status status;
	bool has_location;
} kinds[] = {
	{"228113008", "HardPhone", DEVICE_ONLINE, true},
	{"228114008", "HardPhone", DEVICE_OFFLINE, false},
	{"228115008", "HardPhone", DEVICE_OFFLINE, true},
	{"803423325008", "SoftPhone", DEVICE_OFFLINE, false},
	{"228116008", "OtherPhone", DEVICE_ONLINE, false},
	{"228117008", "Paging", DEVICE_ONLINE, false},
	{"802398804008", "WebPhone", DEVICE_ONLINE, false},
	{"228118008", "Room", DEVICE_ONLINE, true},
	{"228119008", "WebRTC", DEVICE_OFFLINE, false},
	{"803464455008", "MobileDevice", DEVICE_OFFLINE, false},
	{"228120008", "BLA", DEVICE_OFFLINE, false},
	{"228121008", "HardPhone", DEVICE_UNKNOWN, false},
};

START_TEST(every_kind_of_device_is_decoded)
{
	size_t n = 0;

	for (int number = 1; number <= 2; number++) {
		char name[40], *text;
		struct scan_page page;

		snprintf(name, sizeof name, "account_devices_page%d", number);
		read_sample(name, &text, &page);
		for (size_t i = 0; i < page.n_records; i++, n++) {
			ck_assert_int_eq(
				decode(page.records[i].text, page.records[i].len), 0);
			ck_assert_uint_lt(n, COUNT(kinds));
			ck_assert_str_eq(d.id, kinds[n].id);
			ck_assert_str_eq(device_text(&d, "type"), kinds[n].type);
			ck_assert_int_eq(d.status, kinds[n].status);
			ck_assert_int_eq(d.has_location, kinds[n].has_location);
			ck_assert_uint_eq(d.n_wrong, 0);
		}
		scan_clear(&page);
		free(text);
	}
	ck_assert_uint_eq(n, COUNT(kinds));
}
END_TEST

/* Of a request that nobody polls; but the model of its device is the one that is documented, and
 * lists have the union of both (ringcentral/api.md section 9). */
START_TEST(the_model_of_a_registration_is_decoded)
{
	char *text = suite_data("ringcentral/sip_provision_response.json", NULL);
	json_t *answer = json_loads(text, 0, NULL);
	char *record = json_dumps(json_object_get(answer, "device"), JSON_COMPACT);

	ck_assert_int_eq(decode_text(record), 0);
	ck_assert_str_eq(d.id, "802398804008");
	ck_assert_int_eq(d.status, DEVICE_ONLINE);
	ck_assert_str_eq(device_text(&d, "type"), "WebPhone");
	ck_assert_uint_eq(d.n_wrong, 0);
	free(record);
	json_decref(answer);
	free(text);
}
END_TEST

/* ---- the record that is kept ---- */

static void check_record(const char *record, const char *kept)
{
	char *text;

	ck_assert_msg(decode_text(record) == 0, "%s", err.text);
	text = json_dumps(d.record, JSON_COMPACT | JSON_SORT_KEYS);
	ck_assert_str_eq(text, kept);
	free(text);
}

static const struct {
	const char *record, *kept;
	unsigned n_wrong;
} kept[] = {
	{"{\"id\":\"1\",\"status\":\"Online\",\"lastLocationReportTime\":\"x\",\"name\":\"A\"}",
	 "{\"id\":\"1\",\"name\":\"A\"}", 0},
	{"{\"id\":1,\"name\":null,\"type\":null,\"new\":null}", "{\"id\":1,\"new\":null}",
	 0},
	{"{\"id\":\"1\",\"name\":7,\"type\":[],\"serial\":true,\"sku\":{}}",
	 "{\"id\":\"1\"}", 4},
	{"{\"id\":\"1\",\"model\":\"x\",\"extension\":[],\"site\":7,\"phoneLines\":{}}",
	 "{\"id\":\"1\"}", 4},
	{"{\"id\":\"1\",\"model\":{\"name\":7,\"id\":\"37\",\"features\":[\"BLA\",7,null]}}",
	 "{\"id\":\"1\",\"model\":{\"features\":[\"BLA\"],\"id\":\"37\"}}", 2},
	{"{\"id\":\"1\",\"phoneLines\":[7,{\"id\":1},null,{\"phoneInfo\":7}]}",
	 "{\"id\":\"1\",\"phoneLines\":[{\"id\":1},{}]}", 2},
	{"{\"id\":\"1\",\"inCompanyNet\":\"true\",\"useAsCommonPhone\":0}",
	 "{\"id\":\"1\"}", 2},
	{"{\"id\":\"1\",\"boxBillingId\":1.5}", "{\"id\":\"1\"}", 1},
	{"{\"id\":\"1\",\"boxBillingId\":\"1\"}", "{\"id\":\"1\"}", 1},
	{"{\"id\":\"1\",\"name\":\"A\",\"name\":\"B\"}", "{\"id\":\"1\",\"name\":\"B\"}",
	 0},
	{"{\"id\":\"1\",\"new\":[1,{\"a\":null}],\"uri\":\"x\"}",
	 "{\"id\":\"1\",\"new\":[1,{\"a\":null}],\"uri\":\"x\"}", 0},
};

START_TEST(what_is_of_a_wrong_type_is_absent_and_counted)
{
	check_record(kept[_i].record, kept[_i].kept);
	ck_assert_uint_eq(d.n_wrong, kept[_i].n_wrong);
}
END_TEST

/* ---- ids and words ---- */

static const struct {
	const char *id;    /* JSON */
	const char *text;  /* NULL: refused ... */
	const char *error; /* ... so */
} ids[] = {
	{"\"802398804016\"", "802398804016", NULL},
	{"802398804016", "802398804016", NULL},
	{"9223372036854775807", "9223372036854775807", NULL},
	{"0", "0", NULL},
	{"-1", "-1", NULL},
	{"\"\\u0037\"", "7", NULL},
	{"\"7\\n8\"", "7\n8", NULL},
	{"\"caf\303\251\"", "caf\303\251", NULL},
	{"7.0", NULL, "id: expected a string"},
	{"7e3", NULL, "id: expected a string"},
	{"true", NULL, "id: expected a string"},
	{"[\"7\"]", NULL, "id: expected a string"},
	{"{\"id\":\"7\"}", NULL, "id: expected a string"},
	{"null", NULL, "id: missing"},
	{"\"\"", NULL, "id: empty"},
	{"9223372036854775808", NULL, "too big integer near '9223372036854775808'"},
	{"-9223372036854775809", NULL,
	 "too big negative integer near '-9223372036854775809'"},
};

START_TEST(an_id_is_text_or_a_whole_number)
{
	char *record = mem_printf("{\"id\":%s}", ids[_i].id);

	ck_assert_int_eq(decode_text(record), ids[_i].text != NULL ? 0 : ERR_FORMAT);
	if (ids[_i].text != NULL)
		ck_assert_str_eq(d.id, ids[_i].text);
	else
		ck_assert_str_eq(err.text, ids[_i].error);
	free(record);
}
END_TEST

START_TEST(an_id_has_a_longest_length)
{
	char *record = mem_printf("{\"id\":\"%0*d\"}", DECODE_MAX_ID_BYTES, 7);

	ck_assert_int_eq(decode_text(record), 0);
	ck_assert_uint_eq(strlen(d.id), DECODE_MAX_ID_BYTES);
	free(record);
	record = mem_printf("{\"id\":\"%0*d\"}", DECODE_MAX_ID_BYTES + 1, 7);
	ck_assert_int_eq(decode_text(record), ERR_FORMAT);
	ck_assert_str_eq(err.text, "id: longer than 128 bytes");
	free(record);
}
END_TEST

static const struct {
	const char *status; /* JSON */
	enum device_status means;
	const char *word;
} words[] = {
	{"\"Online\"", DEVICE_ONLINE, "Online"},
	{"\"Offline\"", DEVICE_OFFLINE, "Offline"},
	{"\"O\\u006eline\"", DEVICE_ONLINE, "Online"},
	{"\"online\"", DEVICE_UNKNOWN, "online"},
	{"\"ONLINE\"", DEVICE_UNKNOWN, "ONLINE"},
	{"\" Online\"", DEVICE_UNKNOWN, " Online"},
	{"\"Online \"", DEVICE_UNKNOWN, "Online "},
	{"\"Unknown\"", DEVICE_UNKNOWN, "Unknown"},
	{"\"\"", DEVICE_UNKNOWN, ""},
	{"null", DEVICE_UNKNOWN, NULL},
	{"1", DEVICE_UNKNOWN, "1"},
	{"true", DEVICE_UNKNOWN, "true"},
	{"[\"Online\"]", DEVICE_UNKNOWN, "[\"Online\"]"},
	{"{\"a\": 1.5}", DEVICE_UNKNOWN, "{\"a\":1.5}"},
};

START_TEST(a_status_is_one_of_two_words_or_unknown)
{
	char *record = mem_printf("{\"id\":\"1\",\"status\":%s}", words[_i].status);

	ck_assert_int_eq(decode_text(record), 0);
	ck_assert_int_eq(d.status, words[_i].means);
	check_text(d.vendor_status, words[_i].word);
	free(record);
}
END_TEST

/* ---- what is refused as a whole ---- */

static const char *const refused[] = {
	"",
	" ",
	"null",
	"7",
	"\"id\"",
	"[]",
	"[{\"id\":\"1\"}]",
	"{\"id\":\"1\"",
	"{\"id\":\"1\",}",
	"{\"id\":\"1\"}}",
	"{\"id\":\"1\"}x",
	"{\"id\":\"1\"}{\"id\":\"1\"}",
	"{'id':'1'}",
	"{\"id\":\"1\",\"a\":\"\\ud800\"}",
	"{\"id\":\"1\",\"a\":\"\\udc00\"}",
	"{\"id\":\"1\",\"a\":\"\\u0000\"}",
	"{\"id\":\"1\",\"\\u0000\":1}",
	"{\"id\":\"1\",\"a\":\"\xff\"}",
	"{\"id\":\"1\",\"a\":\"\xed\xa0\x80\"}",
	"{\"id\":\"1\",\"a\":\"\xf4\x90\x80\x80\"}",
	"{\"id\":\"1\",\"a\":\"\n\"}",
	"{\"id\":\"1\",\"a\":NaN}",
	"{\"id\":\"1\",\"a\":Infinity}",
	"{\"id\":\"1\",\"a\":1e400}",
	"{\"id\":\"1\",\"a\":99999999999999999999}",
	"{\"id\":\"1\",\"a\":01}",
	"{\"id\":\"1\",\"a\":+1}",
	"{\"id\":\"1\" \"a\":1}",
};

START_TEST(a_record_that_is_not_json_is_refused)
{
	ck_assert_int_eq(decode_text(refused[_i]), ERR_FORMAT);
	ck_assert_str_ne(err.text, "");
}
END_TEST

START_TEST(cut_at_any_byte_it_is_refused)
{
	static const char record[] =
		"{\"id\":\"802398804016\",\"status\":\"Offline\",\"name\":"
		"\"caf\303\251 \\u00e9\",\"n\":[1,{\"a\":-1.5e3}]}";

	ck_assert_int_eq(decode(record, strlen(record)), 0);
	for (size_t len = 0; len < strlen(record); len++)
		ck_assert_int_eq(decode(record, len), ERR_FORMAT);
}
END_TEST

START_TEST(a_refused_record_leaves_the_device_as_it_was)
{
	struct device same = {.id = mem_strdup("7"), .status = DEVICE_ONLINE};

	ck_assert_int_eq(decode_device(&same, "{\"id\":\"\"}", 9, &err), ERR_FORMAT);
	ck_assert_str_eq(same.id, "7");
	ck_assert_int_eq(same.status, DEVICE_ONLINE);
	device_clear(&same);
}
END_TEST

/* A record of so many bytes, by a name. */
static char *record_of(size_t len)
{
	static const char head[] = "{\"id\":\"1\",\"name\":\"";
	char *record = mem_alloc(len + 1);

	memset(record, 'x', len);
	memcpy(record, head, strlen(head));
	memcpy(record + len - 2, "\"}", 3);
	return record;
}

START_TEST(a_record_has_a_largest_size)
{
	char *record = record_of(DECODE_MAX_BYTES);

	ck_assert_int_eq(decode(record, DECODE_MAX_BYTES), 0);
	free(record);
	record = record_of(DECODE_MAX_BYTES + 1);
	ck_assert_int_eq(decode(record, DECODE_MAX_BYTES + 1), ERR_FORMAT);
	ck_assert_str_eq(err.text, "larger than 262144 bytes");
	free(record);
}
END_TEST

/* What costs a parser most of a byte. */
static const char *const costly[] = {"0,", "[],", "{},", "\"\",", "[[]],", "{\"a\":0},"};

START_TEST(a_record_costs_so_much_memory_and_no_more)
{
	struct buf record;

	buf_init(&record, 2 * DECODE_MAX_BYTES);
	for (unsigned limit = 1; limit <= 2; limit++) {
		record.len = 0;
		buf_add_text(&record, "{\"id\":\"1\",\"x\":[");
		while (record.len < limit * DECODE_MAX_BYTES - 16)
			buf_add_text(&record, costly[_i]);
		buf_add_text(&record, "0]}");
		jsonheap_start();
		ck_assert_int_eq(decode(record.data, record.len),
				 limit == 1 ? 0 : ERR_FORMAT);
		device_clear(&d);
		ck_assert_uint_lt(jsonheap_peak(),
				  limit == 1 ? 128 * DECODE_MAX_BYTES : 1);
	}
	buf_clear(&record);
}
END_TEST

/* The deepest that the parser takes, through all that is done with it later. */
START_TEST(nesting_may_be_deep_and_not_deeper)
{
	for (int depth = 2040; depth <= 2056; depth++) {
		struct buf record;

		buf_init(&record, 100000);
		buf_add_text(&record, "{\"id\":\"1\",\"model\":");
		for (int i = 0; i < depth; i++)
			buf_add_text(&record, "{\"a\":");
		buf_add_text(&record, "[]");
		for (int i = 0; i <= depth; i++)
			buf_add_text(&record, "}");
		if (decode(record.data, record.len) == 0) {
			char *text = json_dumps(d.record, JSON_COMPACT);

			ck_assert_int_lt(depth, 2047);
			ck_assert_str_eq(text, record.data);
			free(text);
		} else {
			ck_assert_int_ge(depth, 2047);
		}
		buf_clear(&record);
	}
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_sample_is_decoded_as_it_says, COUNT(samples)},
		{every_sample_with_a_record_is_in_the_table, 1},
		{every_kind_of_device_is_decoded, 1},
		{the_model_of_a_registration_is_decoded, 1},
		{what_is_of_a_wrong_type_is_absent_and_counted, COUNT(kept)},
		{an_id_is_text_or_a_whole_number, COUNT(ids)},
		{an_id_has_a_longest_length, 1},
		{a_status_is_one_of_two_words_or_unknown, COUNT(words)},
		{a_record_that_is_not_json_is_refused, COUNT(refused)},
		{cut_at_any_byte_it_is_refused, 1},
		{a_refused_record_leaves_the_device_as_it_was, 1},
		{a_record_has_a_largest_size, 1},
		{a_record_costs_so_much_memory_and_no_more, COUNT(costly)},
		{nesting_may_be_deep_and_not_deeper, 1},
	};

	return suite_run("decode", tests, COUNT(tests), NULL, clear_device);
}
