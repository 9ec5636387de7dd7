#include "payload/frame.h"

#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

void frame_add(struct buf *b, enum frame_kind kind, const char *data, size_t len)
{
	const struct frame_head head = {.kind = kind, .len = (uint32_t)len};

	buf_add(b, &head, sizeof head);
	buf_add(b, data, len);
}

void frame_add_program(struct buf *b, const char *program, const struct secret *secret)
{
	bool has_secret = secret != NULL && secret->len > 0;
	size_t len = strlen(program) + (has_secret ? secret->len : 0);

	/* At once, so that the secret is not left behind where the buffer grows. */
	buf_reserve(b, b->len + len + 2 * sizeof(struct frame_head));
	if (has_secret)
		frame_add(b, FRAME_SECRET, secret->text, secret->len);
	frame_add(b, FRAME_PROGRAM, program, strlen(program));
}

int frame_read(const struct buf *b, struct frame_head *head)
{
	if (b->len < sizeof *head)
		return 0;
	memcpy(head, b->data, sizeof *head);
	if ((head->kind == FRAME_DONE && head->len <= FRAME_MAX_PAYLOAD) ||
	    (head->kind == FRAME_FAILED && head->len <= FRAME_MAX_REASON))
		return b->len >= sizeof *head + head->len;
	return ERR_FORMAT;
}

int frame_fail(struct err *err, int rc, const struct buf *b,
	       const struct frame_head *head)
{
	return err_set(err, rc, "%.*s", (int)head->len, b->data + sizeof *head);
}

int frame_of_end(bool late, int64_t status, int signal, struct err *err)
{
	static const struct {
		int signal;
		const char *why;
	} signals[] = {
		{SIGPROF, "it takes longer than a second"},
		{SIGABRT, "jq gave up on it (SIGABRT)"},
		{SIGSEGV, "jq crashed (SIGSEGV)"},
		{SIGBUS, "jq crashed (SIGBUS)"},
		{SIGFPE, "jq crashed (SIGFPE)"},
		{SIGILL, "jq crashed (SIGILL)"},
	};

	if (late)
		return err_set(err, ERR_RETRY, "phonewatch-jq does not answer");
	for (size_t i = 0; i < COUNT(signals); i++) {
		if (signals[i].signal == signal)
			return err_set(err, ERR_FORMAT, "%s", signals[i].why);
	}
	if (signal != 0)
		return err_set(err, ERR_RETRY,
			       "phonewatch-jq was ended by somebody else");
	if (status == FRAME_EXIT_MEMORY)
		return err_set(err, ERR_FORMAT, "it needs more than %u MiB of memory",
			       FRAME_MEMORY_BYTES >> 20);
	if (status == FRAME_EXIT_LIMITS)
		return err_set(err, ERR_RETRY, "phonewatch-jq cannot limit itself");
	return err_set(err, ERR_RETRY, "phonewatch-jq ended");
}
