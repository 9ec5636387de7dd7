/* What a process that shapes payloads may answer, a byte more at a time: once it is whole or none, it
 * stays so. */
#include "lib/fuzz.h"

#include <string.h>

#include "payload/frame.h"

static void check_whole(const struct buf *b, const struct frame_head *head)
{
	struct err err = {0};

	REQUIRE(b->len == sizeof *head + head->len);
	REQUIRE(head->kind == FRAME_DONE || head->kind == FRAME_FAILED);
	REQUIRE(head->len <= FRAME_MAX_PAYLOAD);
	if (head->kind != FRAME_FAILED)
		return;
	REQUIRE(head->len <= FRAME_MAX_REASON);
	REQUIRE(frame_fail(&err, ERR_FORMAT, b, head) == ERR_FORMAT);
	REQUIRE(strlen(err.text) <= head->len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct frame_head head = {0};
	struct buf b;
	int rc = 0;

	buf_init(&b, FRAME_MAX_BYTES);
	for (size_t i = 0; i < len; i++) {
		int before = rc;

		buf_add(&b, data + i, 1);
		rc = frame_read(&b, &head);
		REQUIRE(rc == 0 || rc == 1 || rc == ERR_FORMAT);
		REQUIRE(before == 0 || rc == before);
		REQUIRE(b.len >= sizeof head || rc == 0);
		if (before == 0 && rc == 1)
			check_whole(&b, &head);
	}
	buf_clear(&b);
	return 0;
}
