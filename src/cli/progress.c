#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define PATIENCE_MS 1000
#define EVERY_MS    100

void progress_start(struct progress *p)
{
	int64_t now_ms = clock_mono_ms();

	*p = (struct progress){
		.wanted = isatty(STDERR_FILENO) != 0,
		.since_ms = now_ms,
		.next_ms = now_ms + PATIENCE_MS,
	};
}

void progress_start_beside(struct progress *p, enum out_format format)
{
	progress_start(p);
	if (format != OUT_TABLE && isatty(STDOUT_FILENO))
		p->wanted = false;
}

static bool is_due(struct progress *p)
{
	int64_t now_ms;

	if (!p->wanted)
		return false;
	now_ms = clock_mono_ms();
	if (now_ms < p->next_ms)
		return false;
	p->next_ms = now_ms + EVERY_MS;
	p->shown = true;
	return true;
}

void progress_count(struct progress *p, int64_t n, const char *what)
{
	if (is_due(p))
		fprintf(stderr, "\rphonewatch: %" PRId64 " %s", n, what);
}

void progress_time(struct progress *p, const char *what)
{
	if (is_due(p))
		fprintf(stderr, "\rphonewatch: %s for %" PRId64 " s", what,
			(clock_mono_ms() - p->since_ms) / 1000);
}

void progress_share(struct progress *p, int64_t done, int64_t all, const char *what)
{
	if (all > 0 && is_due(p))
		fprintf(stderr, "\rphonewatch: %d %% %s", (int)(100 * done / all), what);
}

void progress_end(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
