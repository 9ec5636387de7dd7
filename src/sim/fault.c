#include "sim/fault.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "net/server.h"

static const char *const kind_names[FAULT_N_KINDS] = {
	[FAULT_STATUS] = "status",     [FAULT_CLOSE] = "close",
	[FAULT_TRUNCATE] = "truncate", [FAULT_CUT] = "cut",
	[FAULT_HANG] = "hang",         [FAULT_SLOW] = "slow",
	[FAULT_BOMB] = "bomb",         [FAULT_GARBAGE] = "garbage",
	[FAULT_HTML] = "html",         [FAULT_BODY] = "body",
	[FAULT_TOTAL] = "total",       [FAULT_HUGE] = "huge",
};

const char *fault_kind_name(enum fault_kind kind)
{
	return kind_names[kind];
}

void fault_clear(struct fault *f)
{
	server_body_drop(f->body);
	*f = (struct fault){0};
}

void faults_take_add(struct faults *faults, struct fault *fault)
{
	faults->list =
		mem_grow(faults->list, faults->n, &faults->cap, sizeof *faults->list);
	faults->list[faults->n++] = *fault;
	*fault = (struct fault){0};
}

void faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->n; i++)
		fault_clear(&faults->list[i]);
	free(faults->list);
	*faults = (struct faults){0};
}

static bool fits(const struct fault *f, enum fault_target target, unsigned page)
{
	return f->times > 0 && (f->on == FAULT_ON_ANY || f->on == target) &&
	       (f->page == 0 || f->page == page);
}

int faults_take(struct faults *faults, enum fault_target target, unsigned page,
		struct fault *out)
{
	struct fault *due = NULL;

	for (size_t i = 0; i < faults->n; i++) {
		struct fault *f = &faults->list[i];

		if (!fits(f, target, page))
			continue;
		if (f->after > 0)
			f->after--;
		else if (due == NULL)
			due = f;
	}
	if (due == NULL)
		return 0;
	*out = *due;
	if (out->body != NULL)
		server_body_hold(out->body);
	if (due->times != FAULT_ALWAYS)
		due->times--;
	return 1;
}
