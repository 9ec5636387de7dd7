/* Answers to a request for several resources: whatever comes, each part lies within it and is whole. */
#include "lib/fuzz.h"

#include <string.h>

#include "api/bulk.h"
#include "api/scan.h"
#include "base/mem.h"

#define ID "400131010"

static void check_part(const struct bulk_part *part, const char *text, size_t len)
{
	REQUIRE(memchr(part->id, '\0', sizeof part->id) != NULL);
	if (part->body == NULL)
		return;
	REQUIRE(part->body >= text && part->len > 0);
	REQUIRE(part->body + part->len <= text + len);
	REQUIRE(part->body[0] == '{');
}

static void check(const char *text, size_t len, const char *id)
{
	struct bulk bulk;
	struct err err = {0};

	if (bulk_read(&bulk, text, len, id, &err) != 0) {
		REQUIRE(err.code == ERR_FORMAT && err.text[0] != '\0');
		return;
	}
	REQUIRE(bulk.n <= BULK_PARTS_MAX);
	for (size_t i = 0; i < bulk.n; i++) {
		const struct bulk_part *part = &bulk.parts[i];

		check_part(part, text, len);
		REQUIRE(bulk_find(&bulk, part->id) <= part);
		/* One that stands alone is all that came, and its parser's to refuse. */
		if (part->body != NULL && text[0] != '{' && id == NULL)
			REQUIRE(scan_skip(part->body, part->body + part->len) ==
				part->body + part->len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = mem_alloc(len + 1); /* of its own, so that a byte too much is seen */

	memcpy(text, data, len);
	check(text, len, NULL);
	check(text, len, ID);
	free(text);
	return 0;
}
