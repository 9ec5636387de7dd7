#include "sim/error.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sim/record.h"
#include "sim/reply.h"

#define BODY_MAX_BYTES 16384

/* Of those with the same status, the one that is meant where only the status is said is first. */
const struct error_row error_rows[] = {
	{"CMN-101", 400, .message = "Parameter [perPage] value is invalid",
	 .parameter = "perPage"},
	{"CMN-106", 400, .message = "Batch request is limited to 30 entries"},
	{"InvalidMultipartRequest", 400,
	 .message = "Too many ids in a multipart request"},
	{"OAU-153", 400, .message = "Invalid client application",
	 .oauth = "invalid_client"},
	{"OAU-251", 400, .message = "Unauthorized for this grant type",
	 .oauth = "unauthorized_client"},
	{"OAU-331", 400, .message = "JWT is not accepted", .oauth = "invalid_grant"},
	{"OAU-210", 400, .message = "Token expired", .oauth = "invalid_grant"},
	{"OAU-211", 400, .message = "Token revoked", .oauth = "invalid_grant"},
	{"OAU-213", 400, .message = "Token not found", .oauth = "invalid_grant"},
	{"OAU-147", 400, .message = "Account is locked", .oauth = "invalid_grant"},
	{"OAU-148", 400, .message = "Account is locked out", .oauth = "invalid_grant"},
	{"OAU-232", 400, .message = "Extension not found", .oauth = "invalid_grant"},
	{"OAU-236", 400, .message = "Extension is disabled or frozen",
	 .oauth = "invalid_grant"},
	{"OAU-213", 401, .message = "Token not found", .word = "TokenInvalid"},
	{"OAU-128", 401, .message = "Access token expired", .word = "TokenExpired"},
	{"OAU-129", 401, .message = "Access token corrupted", .word = "TokenInvalid"},
	{"OAU-149", 401, .message = "OAuth token is invalid", .word = "TokenInvalid"},
	{"OAU-123", 401, .message = "Authorization header is malformed"},
	{"OAU-134", 401, .message = "Authorization method is unknown"},
	{"OAU-141", 401, .message = "Login is not allowed in the state of the extension"},
	{"OAU-142", 401, .message = "Login is not allowed in the state of the account"},
	{"OAU-151", 401, .message = "Authorization method not supported"},
	{"CMN-405", 401, .message = "Login to extension required"},
	{"AGW-401", 401, .message = "Authorization header is not specified"},
	{"AGW-402", 401, .message = "Invalid Authorization header"},
	{"CMN-408", 403, .message = "[ReadCompanyDevices] permission required",
	 .word = "InsufficientPermissions", .permission = "ReadCompanyDevices"},
	{"CMN-401", 403,
	 .message =
		 "In order to call this API endpoint, application needs to have [ReadAccounts] "
		 "permission",
	 .permission = "ReadAccounts"},
	{"CMN-402", 403, .message = "Admin permission required"},
	{"CMN-404", 403, .message = "Access to other extensions is forbidden"},
	{"CMN-109", 403, .message = "The feature is not available"},
	{"CMN-419", 403, .message = "Extended permission scope required"},
	{"OAU-167", 403, .message = "Access to the site is forbidden"},
	{"CMN-102", 404, .message = "Resource for parameter [accountId] is not found",
	 .parameter = "accountId"},
	{"CMN-120", 404, .message = "Invalid URI"},
	{"AGW-404", 404, .message = "Resource not found"},
	{"CMN-301", 429, .message = "Request rate exceeded"},
	{"CMN-302", 429, .message = "Request rate exceeded for the account"},
	{"CMN-303", 429, .message = "No usage plan is resolved for the application"},
	{"CMN-304", 429, .message = "The same request is being processed already"},
	{"CMN-310", 429, .message = "Global request rate exceeded"},
	{"CMN-203", 500, .message = "Internal Server Error"},
	{"CMN-211", 503, .message = "Service is overloaded, please retry later",
	 .word = "MaintenanceMode"},
	{"CMN-201", 503, .message = "Service Temporary Unavailable"},
};
const size_t error_n_rows = COUNT(error_rows);

const struct error_row *error_find(const char *code, enum error_form form)
{
	const struct error_row *other = NULL;

	for (size_t i = 0; i < error_n_rows; i++) {
		if (strcmp(error_rows[i].code, code) != 0)
			continue;
		if ((error_rows[i].oauth != NULL) == (form == ERROR_OAUTH))
			return &error_rows[i];
		other = &error_rows[i];
	}
	return other;
}

const struct error_row *error_of_status(int status)
{
	for (size_t i = 0; i < error_n_rows; i++)
		if (error_rows[i].status == status)
			return &error_rows[i];
	return NULL;
}

/* ---- bodies ---- */

static void add_member(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	buf_printf(b, ",\"%s\":", name);
	record_add_string(b, text);
}

/* {"errorCode", "message"} and what else there is; without its last brace. */
static void add_error(struct buf *b, const struct error_row *row, const char *code)
{
	buf_add_text(b, "{\"errorCode\":");
	record_add_string(b, code);
	add_member(b, "message", row->message);
}

static void add_details(struct buf *b, const struct error_row *row)
{
	add_member(b, "parameterName", row->parameter);
	add_member(b, "permissionName", row->permission);
}

static void add_errors(struct buf *b, const struct error_row *row)
{
	buf_add_text(b, ",\"errors\":[");
	if (strncmp(row->code, "AGW-404", 7) != 0) { /* the gateway leaves it empty */
		add_error(b, row, row->code);
		add_details(b, row);
		buf_add_text(b, "}");
	}
	buf_add_text(b, "]");
}

void error_answer(struct reply *reply, const struct error_row *row)
{
	struct buf b;

	buf_init(&b, BODY_MAX_BYTES);
	if (row->oauth != NULL) {
		buf_printf(&b, "{\"error\":\"%s\"", row->oauth);
		add_errors(&b, row);
		add_member(&b, "error_description", row->message);
	} else {
		add_error(&b, row, row->word != NULL ? row->word : row->code);
		add_errors(&b, row);
		add_details(&b, row);
	}
	buf_add_text(&b, "}");
	reply_take_json(reply, row->status, &b);
}

void error_answer_lacking(struct reply *reply, const struct error_row *row,
			  const char *permission)
{
	struct error_row lacking = *row;
	char message[80];

	if (permission != NULL && strcmp(row->code, "CMN-408") == 0) {
		snprintf(message, sizeof message, "[%s] permission required", permission);
		lacking.message = message;
		lacking.permission = permission;
	}
	error_answer(reply, &lacking);
}

void error_answer_code(struct reply *reply, const char *code, enum error_form form)
{
	const struct error_row *row = error_find(code, form);

	assert(row != NULL);
	error_answer(reply, row);
}

void error_refuse_parameter(struct reply *reply, const char *code, const char *parameter)
{
	struct error_row row = *error_find(code, ERROR_API);
	char message[80];

	snprintf(message, sizeof message,
		 row.status == 404 ? "Resource for parameter [%s] is not found"
				   : "Parameter [%s] value is invalid",
		 parameter);
	row.message = message;
	row.parameter = parameter;
	error_answer(reply, &row);
}
