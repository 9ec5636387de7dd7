#include "sim/lookup.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/account.h"
#include "sim/answers.h"
#include "sim/bulk.h"
#include "sim/error.h"
#include "sim/exchange.h"
#include "sim/extension.h"
#include "sim/list.h"
#include "sim/record.h"
#include "sim/roster.h"
#include "sim/rules.h"

#define BODY_MAX_BYTES ((size_t)1 << 32)
#define ID_BYTES       64
#define JSON_FORM      "application/vnd.ringcentral.multipart+json"

/* What the functions below share. */
struct answering {
	const struct roster *roster;
	const struct rules *rules;
	struct exchange *x;
};

static void copy_id(char out[ID_BYTES], struct endpoint_part id)
{
	size_t len =
		id.len < ID_BYTES ? id.len : 0; /* one that is too long is nobody's */

	memcpy(out, id.text, len);
	out[len] = '\0';
}

/* ---- what one id is answered with; each returns its status ---- */

/* The body of an error, instead of an answer. */
static int write_error(struct reply *error, struct buf *out)
{
	int status = error->status;

	buf_add(out, error->body->data, error->body->len);
	reply_clear(error);
	return status;
}

static int write_not_found(const char *parameter, struct buf *out)
{
	struct reply error = {0};

	error_refuse_parameter(&error, "CMN-102", parameter);
	return write_error(&error, out);
}

static int write_device(const struct answering *a, const char *id, struct buf *out)
{
	const struct world *w = a->x->account->world;
	const struct world_device *d = world_find(w, id);

	if (d == NULL || d->hidden)
		return write_not_found("deviceId", out);
	record_add(out, w, d);
	return 200;
}

/* Nothing but an id will do here, though scripts may say the number. */
static const struct world_extension *find_extension(const struct answering *a,
						    const char *id)
{
	const struct world_extension *e = world_find_extension(a->x->account->world, id);
	char text[ID_BYTES];

	if (e == NULL)
		return NULL;
	snprintf(text, sizeof text, "%" PRIu64, e->id);
	return strcmp(text, id) == 0 ? e : NULL;
}

static int write_extension_devices(const struct answering *a, const char *id,
				   struct buf *out)
{
	const struct world_extension *e = find_extension(a, id);
	struct extension_devices devices;
	struct list list;

	if (e == NULL)
		return write_not_found("extensionId", out);
	extension_devices_init(&devices, a->x->account->world, e, a->roster->base_url);
	for (size_t i = devices.n; i-- > 0;)
		if (!answers_allow(a->x->req, "type",
				   world_type_name(devices.devices[i]->type)))
			extension_devices_drop(&devices, i);
	list = extension_devices_list(&devices);
	answers_write_page(a->x, &list, out);
	extension_devices_clear(&devices);
	return 200;
}

static int write_web_phones(const struct answering *a, const char *id, struct buf *out)
{
	const struct world_extension *e = find_extension(a, id);

	if (e == NULL)
		return write_not_found("extensionId", out);
	extension_add_web_phones(out, e);
	return 200;
}

typedef int (*write_cb)(const struct answering *a, const char *id, struct buf *out);

static void answer_one(const struct answering *a, write_cb write)
{
	char id[ID_BYTES];
	struct buf body;
	int status;

	copy_id(id, a->x->asked.ids);
	buf_init(&body, BODY_MAX_BYTES);
	status = write(a, id, &body);
	reply_take_json(&a->x->reply, status, &body);
	a->x->reply.packable = true;
}

static bool is_id(struct endpoint_part part, const char *id)
{
	return id != NULL && strlen(id) == part.len &&
	       memcmp(part.text, id, part.len) == 0;
}

static void fill_part(const struct answering *a, write_cb write, struct bulk_part *part)
{
	const struct asked *asked = &a->x->asked;
	bool devices = asked->endpoint == ENDPOINT_EXTENSION_DEVICES;
	char id[ID_BYTES];

	copy_id(id, part->id);
	part->href = mem_printf("%s/restapi/v1.0/account/%s/%s/%s%s", a->roster->base_url,
				world_account_id(a->x->account->world),
				devices ? "extension" : "device", id,
				devices ? "/device" : "");
	if (is_id(part->id, a->x->lie.part_id)) {
		struct reply error = {0};

		error_answer_lacking(&error, error_find(a->x->lie.part_code, ERROR_API),
				     endpoints[asked->endpoint].permission);
		part->status = write_error(&error, &part->body);
	} else {
		part->status = write(a, id, &part->body);
	}
}

static void answer_bulk(const struct answering *a, write_cb write)
{
	const char *accept = server_header(a->x->req, "Accept");
	bool json = a->rules->bulk_json && accept != NULL &&
		    strstr(accept, JSON_FORM) != NULL;
	struct endpoint_part id;
	struct bulk bulk = {0};
	size_t at = 0;

	while ((id = bulk_next_id(&a->x->asked.ids, &at)).text != NULL)
		fill_part(a, write, bulk_add(&bulk, id));
	bulk_answer(&bulk, json ? BULK_JSON : BULK_MULTIPART, &a->x->lie, &a->x->reply);
	a->x->reply.packable = true;
	bulk_clear(&bulk);
}

/* ---- all of them ---- */

static void answer_ids(const struct answering *a, write_cb write)
{
	size_t n = bulk_count_ids(&a->x->asked.ids);

	if (n > a->rules->bulk_max)
		error_answer_code(&a->x->reply, "CMN-106", ERROR_API);
	else if (n > 1)
		answer_bulk(a, write);
	else
		answer_one(a, write);
}

void lookup_answer(const struct roster *roster, const struct rules *rules,
		   struct exchange *x)
{
	const struct answering a = {roster, rules, x};

	switch (x->asked.endpoint) {
	case ENDPOINT_DEVICE:
		answer_ids(&a, write_device);
		break;
	case ENDPOINT_EXTENSION_DEVICES:
		answer_ids(&a, write_extension_devices);
		break;
	default:
		answer_one(&a, write_web_phones);
		break;
	}
}
