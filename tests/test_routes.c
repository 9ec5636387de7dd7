/* What phonewatch-sim answers beside the device list: extensions, their devices, single devices,
 * web phones, bulk requests in both forms, status and versions. */
#include "sim/play.h"

#include "lib/suite.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/playing.h"

#define FIRST_EXTENSION 62264000000ULL
#define ACCOUNT         "/restapi/v1.0/account/400131008"

static void begin(void)
{
	playing_start();
	playing_log_in();
}

/* The id of the extension that came with the device of a number. */
static const char *extension(unsigned number)
{
	static char text[2][24];
	static unsigned which;

	which = !which;
	snprintf(text[which], sizeof text[which], "%llu", FIRST_EXTENSION + number * 4);
	return text[which];
}

/* The id of the device at a place of the list; good until the second next call. */
static const char *device(unsigned place)
{
	static char ids[2][24];
	static unsigned which;
	json_t *truth = playing_truth();

	which = !which;
	snprintf(ids[which], sizeof ids[which], "%s",
		 playing_at(json_array_get(truth, place), "id"));
	json_decref(truth);
	return ids[which];
}

static const char *path_of(const char *fmt, const char *id)
{
	static char text[1024];

	snprintf(text, sizeof text, fmt, id);
	return text;
}

/* ---- extensions ---- */

START_TEST(the_extensions_are_listed_in_pages)
{
	json_t *page, *records;

	begin();
	page = playing_get_json(PLAYING_EXTENSIONS "?page=2&perPage=100", 200);
	records = json_object_get(page, "records");
	ck_assert_uint_eq(json_array_size(records), 100);
	ck_assert_str_eq(playing_at(page, "records.0.id"), extension(100));
	ck_assert(json_is_integer(json_object_get(json_array_get(records, 0), "id")));
	ck_assert_str_eq(playing_at(page, "records.0.extensionNumber"), "201");
	ck_assert_str_eq(playing_at(page, "records.0.name"), "Colleague 201");
	ck_assert_str_eq(playing_at(page, "records.0.type"), "User");
	ck_assert_str_eq(playing_at(page, "records.0.status"), "Enabled");
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), "250");
	ck_assert_ptr_nonnull(strstr(playing_at(page, "navigation.nextPage.uri"),
				     ACCOUNT "/extension?page=3&perPage=100"));
	ck_assert_ptr_nonnull(strstr(playing_last_line(), "\"group\":\"medium\""));
	json_decref(page);
}
END_TEST

static const struct {
	const char *query;
	size_t n;
} filters[] = {
	{"?status=Unassigned", 5},
	{"?type=Room", 10},
	{"?type=Room&type=Limited", 35},
	{"?type=Room&status=Disabled", 0},
	{"?type=User&status=Disabled&status=NotActivated", 10},
	{"?type=Roo", 0},
};

START_TEST(extensions_are_filtered_by_type_and_status)
{
	json_t *page;
	char n[24];

	begin();
	page = playing_get_json(
		path_of(PLAYING_EXTENSIONS "%s&perPage=1000", filters[_i].query), 200);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")),
			  filters[_i].n);
	snprintf(n, sizeof n, "%zu", filters[_i].n);
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), n);
	json_decref(page);
}
END_TEST

START_TEST(an_extension_that_changed_is_in_the_list)
{
	json_t *page;

	begin();
	json_decref(playing_get_json(PLAYING_EXTENSIONS, 200));
	playing_command("extension 101 name \"Front desk\"\n"
			"extension 102 status Frozen\nextension 103 remove");
	ck_assert_ptr_nonnull(strstr(playing_last_line(),
				     "{\"event\":\"change\",\"account\":\"1\","
				     "\"extension\":\"62264000008\","
				     "\"field\":\"removed\""));
	page = playing_get_json(PLAYING_EXTENSIONS, 200);
	ck_assert_str_eq(playing_at(page, "records.0.name"), "Front desk");
	ck_assert_str_eq(playing_at(page, "records.1.status"), "Frozen");
	ck_assert_str_eq(playing_at(page, "records.2.extensionNumber"), "104");
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), "249");
	json_decref(page);
}
END_TEST

/* ---- the devices of an extension ---- */

START_TEST(all_devices_of_an_extension_are_listed)
{
	json_t *page, *list;

	begin();
	list = playing_get_json(PLAYING_LIST, 200);
	page = playing_get_json(path_of(PLAYING_EXTENSIONS "/%s/device", extension(11)),
				200);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")), 2);
	for (int i = 0; i < 2; i++) /* byte for byte what the account's list says */
		ck_assert(json_equal(
			json_array_get(json_object_get(page, "records"), (size_t)i),
			json_array_get(json_object_get(list, "records"),
				       (size_t)(11 + i))));
	ck_assert_str_eq(playing_at(page, "records.1.type"), "SoftPhone");
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), "2");
	ck_assert_str_eq(playing_at(page, "paging.perPage"), "100");
	ck_assert_ptr_nonnull(strstr(playing_at(page, "uri"),
				     ACCOUNT "/extension/62264000044/device?page=1"));
	ck_assert_ptr_nonnull(strstr(playing_last_line(), "\"group\":\"light\""));
	json_decref(page);
	json_decref(list);
}
END_TEST

static const struct {
	const char *query;
	size_t n;
} device_filters[] = {
	{"?type=HardPhone", 1},   {"?type=HardPhone&type=SoftPhone", 2},
	{"?type=Room", 0},        {"?perPage=1&page=2", 1},
	{"?perPage=1&page=3", 0},
};

START_TEST(the_devices_of_an_extension_are_filtered_and_paged)
{
	char path[128];
	json_t *page;

	begin();
	snprintf(path, sizeof path, PLAYING_EXTENSIONS "/%s/device%s", extension(11),
		 device_filters[_i].query);
	page = playing_get_json(path, 200);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")),
			  device_filters[_i].n);
	json_decref(page);
}
END_TEST

START_TEST(an_extension_without_devices_has_an_empty_page)
{
	json_t *page;

	begin();
	page = playing_get_json(path_of(PLAYING_EXTENSIONS "/%s/device", extension(31)),
				200);
	ck_assert_uint_eq(json_array_size(json_object_get(page, "records")), 0);
	ck_assert_ptr_null(json_object_get(json_object_get(page, "paging"), "page"));
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), "0");
	json_decref(page);
}
END_TEST

static const struct {
	const char *path;
	long status;
	const char *code, *parameter;
} missing[] = {
	{PLAYING_EXTENSIONS "/1/device", 404, "CMN-102", "extensionId"},
	{PLAYING_EXTENSIONS "/101/device", 404, "CMN-102", "extensionId"},
	{PLAYING_EXTENSIONS "/62264000000/device?page=0", 400, "CMN-101", "page"},
	{PLAYING_EXTENSIONS "/1/webapp-devices", 404, "CMN-102", "extensionId"},
	{PLAYING_EXTENSIONS "?perPage=x", 400, "CMN-101", "perPage"},
	{PLAYING_EXTENSIONS "?page=1001", 400, "CMN-101", "page"},
	{PLAYING_LIST "/1", 404, "CMN-102", "deviceId"},
	{"/restapi/v1.0/account/~/extension/62264000000", 404, "CMN-120", ""},
	{"/restapi/v1.0/account/400131009/extension", 404, "CMN-102", "accountId"},
	{"/restapi/v1.0/account//device", 404, "CMN-120", ""},
	{"/restapi/v1.0/client-info/sip-provision", 404, "CMN-120", ""},
};

START_TEST(what_is_not_there_is_refused)
{
	json_t *error;

	begin();
	error = playing_get_json(missing[_i].path, missing[_i].status);
	ck_assert_str_eq(playing_at(error, "errors.0.errorCode"), missing[_i].code);
	ck_assert_str_eq(playing_at(error, "parameterName"), missing[_i].parameter);
	ck_assert_str_eq(playing_at(error, "errors.0.parameterName"),
			 missing[_i].parameter);
	json_decref(error);
}
END_TEST

/* ---- one device ---- */

START_TEST(a_device_is_found_by_its_id_while_it_is_listed)
{
	const char *id;
	json_t *list, *one;

	begin();
	id = device(0);
	list = playing_get_json(PLAYING_LIST, 200);
	one = playing_get_json(path_of(PLAYING_LIST "/%s", id), 200);
	ck_assert(json_equal(one, json_array_get(json_object_get(list, "records"), 0)));
	json_decref(list);
	json_decref(one);
	playing_command("device %s hide", id);
	json_decref(playing_get_json(path_of(PLAYING_LIST "/%s", id), 404));
	playing_command("device %s show", id);
	json_decref(playing_get_json(path_of(PLAYING_LIST "/%s", id), 200));
	playing_command("device %s remove", id);
	json_decref(playing_get_json(path_of(PLAYING_LIST "/%s", id), 404));
}
END_TEST

START_TEST(a_hidden_device_is_hidden_from_its_extension)
{
	json_t *page;

	begin();
	playing_command("device %s hide", device(11));
	page = playing_get_json(path_of(PLAYING_EXTENSIONS "/%s/device", extension(11)),
				200);
	ck_assert_str_eq(playing_at(page, "paging.totalElements"), "1");
	ck_assert_str_eq(playing_at(page, "records.0.type"), "SoftPhone");
	json_decref(page);
}
END_TEST

START_TEST(web_phones_are_listed_by_themselves)
{
	json_t *list;

	begin();
	playing_command("device %s online", device(15));
	list = playing_get_json(
		path_of(PLAYING_EXTENSIONS "/%s/webapp-devices", extension(14)), 200);
	ck_assert_uint_eq(json_array_size(json_object_get(list, "records")), 1);
	ck_assert_str_eq(playing_at(list, "records.0.type"), "WebPhone");
	ck_assert_str_eq(playing_at(list, "records.0.status"), "Online");
	ck_assert_str_eq(playing_at(list, "records.0.expiresIn"), "540");
	json_decref(list);
	playing_command("device %s offline", device(15));
	list = playing_get_json(
		path_of(PLAYING_EXTENSIONS "/%s/webapp-devices", extension(14)), 200);
	ck_assert_str_eq(playing_at(list, "records.0.status"), "Offline");
	ck_assert_str_eq(playing_at(list, "records.0.expiresIn"), "");
	json_decref(list);
}
END_TEST

/* ---- bulk ---- */

#define JSON_FORM "Accept: application/vnd.ringcentral.multipart+json"

static void get_bulk(struct client_call *call, const char *path, const char *accept)
{
	playing_start_get(call, path, NULL);
	if (accept != NULL)
		client_line(call, accept);
	client_wait(&playing.client, call);
}

/* Two that are there and one that is not. */
static const char *three_extensions(void)
{
	static char path[128];

	snprintf(path, sizeof path, PLAYING_EXTENSIONS "/%s,999,%s/device", extension(0),
		 extension(11));
	return path;
}

static json_t *bulk_json(const char *path)
{
	struct client_call call;
	json_t *parts;

	get_bulk(&call, path, JSON_FORM);
	ck_assert_int_eq(call.status, 207);
	ck_assert_str_eq(client_header(&call, "Content-Type"),
			 "application/vnd.ringcentral.multipart+json");
	parts = playing_json(&call);
	client_end(&playing.client, &call);
	return parts;
}

START_TEST(a_bulk_answer_has_a_part_for_each_id)
{
	json_t *parts;

	begin();
	parts = bulk_json(three_extensions());
	ck_assert_uint_eq(json_array_size(parts), 3);
	ck_assert_str_eq(playing_at(parts, "0.resourceId"), extension(0));
	ck_assert_str_eq(playing_at(parts, "0.status"), "200");
	ck_assert_str_eq(playing_at(parts, "0.body.paging.totalElements"), "1");
	ck_assert_str_eq(playing_at(parts, "1.resourceId"), "999");
	ck_assert_str_eq(playing_at(parts, "1.status"), "404");
	ck_assert_str_eq(playing_at(parts, "1.body.errors.0.errorCode"), "CMN-102");
	ck_assert_str_eq(playing_at(parts, "2.body.records.1.type"), "SoftPhone");
	json_decref(parts);
}
END_TEST

/* The JSON of each part of a multipart answer, the first included. */
static json_t *split_parts(const struct client_call *call)
{
	const char *type = client_header(call, "Content-Type");
	json_t *parts = json_array();
	char mark[128];
	const char *at;

	ck_assert_ptr_eq(strstr(type, "multipart/mixed; boundary="), type);
	snprintf(mark, sizeof mark, "--%s", strchr(type, '=') + 1);
	at = buf_text(&call->body);
	while ((at = strstr(at, mark)) != NULL && strncmp(at + strlen(mark), "--", 2)) {
		const char *text = strstr(at, "\r\n\r\n");
		json_t *part = json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);

		ck_assert_ptr_nonnull(part);
		json_array_append_new(parts, part);
		at = text;
	}
	return parts;
}

START_TEST(the_multipart_form_begins_with_what_each_part_is)
{
	struct client_call call;
	json_t *parts, *same;

	begin();
	get_bulk(&call, three_extensions(), "Accept: application/json");
	ck_assert_int_eq(call.status, 207);
	parts = split_parts(&call);
	ck_assert_uint_eq(json_array_size(parts), 4);
	ck_assert_ptr_nonnull(strstr(playing_at(parts, "0.response.0.href"),
				     ACCOUNT "/extension/62264000000/device"));
	ck_assert_str_eq(playing_at(parts, "0.response.0.status"), "200");
	ck_assert_str_eq(playing_at(parts, "0.response.1.responseDescription"),
			 "Not Found");
	same = bulk_json(three_extensions());
	for (size_t i = 0; i < 3; i++)
		ck_assert(json_equal(json_array_get(parts, i + 1),
				     json_object_get(json_array_get(same, i), "body")));
	json_decref(same);
	json_decref(parts);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(the_json_form_may_be_withheld)
{
	struct client_call call;
	json_t *parts;

	playing.config.setup = "bulk-json off";
	begin();
	get_bulk(&call, three_extensions(), JSON_FORM);
	parts = split_parts(&call);
	ck_assert_uint_eq(json_array_size(parts), 4);
	json_decref(parts);
	client_end(&playing.client, &call);
}
END_TEST

START_TEST(devices_come_in_bulk_too)
{
	char path[128];
	json_t *parts;

	begin();
	snprintf(path, sizeof path, PLAYING_LIST "/%s,%s", device(3), device(4));
	parts = bulk_json(path);
	ck_assert_str_eq(playing_at(parts, "0.body.id"), device(3));
	ck_assert_str_eq(playing_at(parts, "1.body.id"), device(4));
	json_decref(parts);
}
END_TEST

START_TEST(too_many_ids_are_refused)
{
	json_t *error;

	playing.config.setup = "bulk-max 2";
	begin();
	error = playing_get_json(three_extensions(), 400);
	ck_assert_str_eq(playing_at(error, "errorCode"), "CMN-106");
	json_decref(error);
	playing_command("bulk-max 3");
	json_decref(bulk_json(three_extensions()));
}
END_TEST

static const struct {
	const char *setup, *remaining;
} costs[] = {{"bulk-costs once", "49"}, {"bulk-costs each", "47"}};

START_TEST(a_bulk_request_costs_as_told)
{
	struct client_call call;

	playing.config.setup = costs[_i].setup;
	begin();
	get_bulk(&call, three_extensions(), JSON_FORM);
	ck_assert_str_eq(client_header(&call, "X-Rate-Limit-Remaining"),
			 costs[_i].remaining);
	client_end(&playing.client, &call);
}
END_TEST

/* A fault of bulk answers, and what is left of the whole. */
static const struct {
	const char *fault, *json; /* "status status ..." of the parts */
	size_t n_multipart;
	const char *multipart; /* what its body lacks; NULL: nothing */
} bulk_faults[] = {
	{"parts 1", "200 ", 2, NULL},
	{"parts 0", "", 1, NULL},
	{"part 999 CMN-408", "200 403 200 ", 4, NULL},
	{"part 4711 CMN-408", "200 404 200 ", 4, NULL},
	{"unset 1", "200 200 ", 4, NULL},
	{"set 0.status 500", "500 404 200 ", 4, NULL},
	{"boundary", "200 404 200 ", 2, NULL},
	{"unclosed", "200 404 200 ", 4, "--\r\n"},
};

START_TEST(a_bulk_answer_may_be_wrong)
{
	struct client_call call;
	char text[64] = "";
	json_t *parts, *part;
	size_t i;

	begin();
	playing_command("fault on extension-devices times 2 %s", bulk_faults[_i].fault);
	parts = bulk_json(three_extensions());
	json_array_foreach(parts, i, part)
		strcat(strcat(text, playing_at(part, "status")), " ");
	ck_assert_str_eq(text, bulk_faults[_i].json);
	json_decref(parts);
	get_bulk(&call, three_extensions(), NULL);
	parts = split_parts(&call);
	ck_assert_uint_eq(json_array_size(parts), bulk_faults[_i].n_multipart);
	if (bulk_faults[_i].multipart != NULL)
		ck_assert_ptr_null(
			strstr(buf_text(&call.body), bulk_faults[_i].multipart));
	json_decref(parts);
	client_end(&playing.client, &call);
}
END_TEST

/* ---- permissions ---- */

static const struct {
	const char *endpoint, *path, *permission;
} needs[] = {
	{"list", PLAYING_LIST, "ReadCompanyDevices"},
	{"extensions", PLAYING_EXTENSIONS, "ReadExtensions"},
	{"extension-devices", PLAYING_EXTENSIONS "/62264000004/device",
	 "ReadUserDevices"},
};

START_TEST(a_user_lacks_the_permission_that_is_needed)
{
	static const char *const faults[] = {"error CMN-408", "status 403"};
	char message[80];
	json_t *body;

	begin();
	snprintf(message, sizeof message, "[%s] permission required",
		 needs[_i].permission);
	for (size_t i = 0; i < COUNT(faults); i++) {
		playing_command("fault on %s %s", needs[_i].endpoint, faults[i]);
		body = playing_get_json(needs[_i].path, 403);
		ck_assert_str_eq(playing_at(body, "permissionName"),
				 needs[_i].permission);
		ck_assert_str_eq(playing_at(body, "errors.0.permissionName"),
				 needs[_i].permission);
		ck_assert_str_eq(playing_at(body, "errors.0.message"), message);
		json_decref(body);
	}
}
END_TEST

START_TEST(a_part_names_the_permission_too)
{
	json_t *parts;

	begin();
	playing_command("fault on extension-devices part 999 CMN-408");
	parts = bulk_json(three_extensions());
	ck_assert_str_eq(playing_at(parts, "1.body.permissionName"), "ReadUserDevices");
	json_decref(parts);
}
END_TEST

/* ---- without a token ---- */

START_TEST(status_and_versions_need_no_token)
{
	static const char *const paths[] = {"/restapi/v1.0/status", "/restapi"};

	playing_start();
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct client_call call;

		client_ask(&playing.client, &call, playing_url(paths[i]), NULL);
		ck_assert_int_eq(call.status, 200);
		ck_assert_ptr_null(client_header(&call, "X-Rate-Limit-Group"));
		client_end(&playing.client, &call);
	}
	playing_command("fault on any always error CMN-211 retry-after 15");
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct client_call call;

		client_ask(&playing.client, &call, playing_url(paths[i]), NULL);
		ck_assert_int_eq(call.status, 503);
		ck_assert_str_eq(client_header(&call, "Retry-After"), "15");
		client_end(&playing.client, &call);
	}
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{the_extensions_are_listed_in_pages, 1},
		{extensions_are_filtered_by_type_and_status, COUNT(filters)},
		{an_extension_that_changed_is_in_the_list, 1},
		{all_devices_of_an_extension_are_listed, 1},
		{the_devices_of_an_extension_are_filtered_and_paged,
		 COUNT(device_filters)},
		{an_extension_without_devices_has_an_empty_page, 1},
		{what_is_not_there_is_refused, COUNT(missing)},
		{a_device_is_found_by_its_id_while_it_is_listed, 1},
		{a_hidden_device_is_hidden_from_its_extension, 1},
		{web_phones_are_listed_by_themselves, 1},
		{a_bulk_answer_has_a_part_for_each_id, 1},
		{the_multipart_form_begins_with_what_each_part_is, 1},
		{the_json_form_may_be_withheld, 1},
		{devices_come_in_bulk_too, 1},
		{too_many_ids_are_refused, 1},
		{a_bulk_request_costs_as_told, COUNT(costs)},
		{a_bulk_answer_may_be_wrong, COUNT(bulk_faults)},
		{a_user_lacks_the_permission_that_is_needed, COUNT(needs)},
		{a_part_names_the_permission_too, 1},
		{status_and_versions_need_no_token, 1},
	};

	return suite_run("routes", tests, COUNT(tests), playing_setup, playing_teardown);
}
