/* A page of the list: unpacked, scanned, each record decoded, and what is done with it after. */
#include "lib/fuzz.h"

#include <string.h>

#include "api/decode.h"
#include "api/scan.h"
#include "base/mem.h"
#include "base/unpack.h"
#include "model/diff.h"

#define UNPACKED_MAX_BYTES (4u << 20)

/* What the scanner says in the open is what the parser says. */
static void check_parts(const struct scan_parts *parts, const struct device *d)
{
	char *status = parts->status.text != NULL
			       ? mem_strndup(parts->status.text, parts->status.len)
			       : NULL;

	REQUIRE(strlen(d->id) == parts->id.len);
	REQUIRE(memcmp(d->id, parts->id.text, parts->id.len) == 0);
	REQUIRE((d->vendor_status == NULL) == (status == NULL));
	REQUIRE(status == NULL || strcmp(d->vendor_status, status) == 0);
	REQUIRE((d->has_location || d->bad_location) == (parts->location.text != NULL));
	free(status);
}

static void check_device(const struct device *d)
{
	json_t *facts = device_facts(d), *changes = diff_records(d->record, d->record);
	json_t *nothing = json_object();
	char *doc = json_dumps(d->record, JSON_COMPACT), *again;
	json_t *read = json_loads(doc, 0, NULL);

	REQUIRE(d->id[0] != '\0' && strlen(d->id) <= DECODE_MAX_ID_BYTES);
	REQUIRE(json_array_size(changes) == 0);
	/* What is stored is read again as it was. */
	REQUIRE(read != NULL);
	again = json_dumps(read, JSON_COMPACT);
	REQUIRE(strcmp(doc, again) == 0);
	json_decref(changes);
	changes = diff_records(nothing, d->record);
	json_decref(changes);
	changes = diff_records(d->record, nothing);
	json_decref(changes);
	free(again);
	free(doc);
	json_decref(read);
	json_decref(nothing);
	json_decref(facts);
}

static void check_record(const struct scan_record *r)
{
	char *copy = mem_alloc(r->len), id[DECODE_MAX_ID_BYTES + 1];
	struct scan_parts parts;
	struct device d = {0};
	struct err err = {0};
	size_t id_len;

	memcpy(copy, r->text, r->len);
	REQUIRE(r->len >= 2 && copy[0] == '{');
	id_len = scan_id(id, sizeof id, copy, r->len);
	REQUIRE(id_len < sizeof id);
	if (decode_device(&d, copy, r->len, &err) == 0) {
		check_device(&d);
		if (scan_parts(&parts, copy, r->len))
			check_parts(&parts, &d);
	} else {
		REQUIRE(err.code == ERR_FORMAT);
	}
	device_clear(&d);
	free(copy);
}

static void check_page(const char *text, size_t len)
{
	struct scan_page page = {.n_records = 0};
	const char *at = text;
	struct err err = {0};

	if (scan_page(&page, text, len, &err) == 0) {
		for (size_t i = 0; i < page.n_records; i++) {
			const struct scan_record *r = &page.records[i];

			REQUIRE(r->text >= at && r->text + r->len <= text + len);
			at = r->text + r->len;
			check_record(r);
		}
	} else {
		REQUIRE(err.code == ERR_FORMAT && err.text[0] != '\0');
	}
	scan_clear(&page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf text;
	struct err err;

	if (!unpack_is_gzip(data, len)) {
		check_page((const char *)data, len);
		return 0;
	}
	buf_init(&text, UNPACKED_MAX_BYTES);
	if (unpack_gzip(&text, data, len, &err) == 0)
		check_page(buf_text(&text), text.len);
	REQUIRE(text.size <= UNPACKED_MAX_BYTES + 1);
	buf_clear(&text);
	return 0;
}
