#include "sim/play.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/server.h"
#include "sim/life.h"
#include "sim/record.h"
#include "sim/script.h"
#include "sim/trace.h"

/*
 *   play_start -> on_request ... and on_timer ... -> play_stop -> on_timer_closed
 *
 * Both may change what is due next, so both end in schedule(), which sets the timer to the
 * earlier of life's and the script's next.
 */
struct play {
	struct world *world;
	struct life *life;
	struct vendor *vendor;
	struct trace *trace;
	struct server *server;
	struct script script;
	uv_timer_t timer;
	double speed;
	int64_t started_ms;
	int64_t life_began_ms; /* 0: not yet */
};

#define REQUEST_MAX_BYTES ((size_t)1 << 20)
#define IDLE_S            300
#define RESULTS_MAX_BYTES ((size_t)16 << 20)
#define DEVICES_MAX_BYTES ((size_t)1 << 32)

/* ---- clocks ---- */

static int64_t life_ms(const struct play *p)
{
	if (p->life_began_ms == 0)
		return 0;
	return (int64_t)((double)(clock_mono_ms() - p->life_began_ms) * p->speed);
}

static struct stage_clock stage_clock(const struct play *p)
{
	return (struct stage_clock){
		.since_start_ms = clock_mono_ms() - p->started_ms,
		.life_ms = life_ms(p),
		.at_ms = clock_utc_ms(),
	};
}

static struct stage stage(struct play *p)
{
	return (struct stage){.world = p->world, .life = p->life, .vendor = p->vendor};
}

static void on_timer(uv_timer_t *timer);

static void schedule(struct play *p)
{
	int64_t wait_ms = INT64_MAX, life_next = life_next_ms(p->life);

	if (p->life_began_ms != 0 && life_next != LIFE_NEVER)
		wait_ms = (int64_t)((double)(life_next - life_ms(p)) / p->speed) + 1;
	if (script_next_ms(&p->script) != INT64_MAX) {
		int64_t script_wait_ms =
			p->started_ms + script_next_ms(&p->script) - clock_mono_ms();

		if (script_wait_ms < wait_ms)
			wait_ms = script_wait_ms;
	}
	if (wait_ms == INT64_MAX)
		uv_timer_stop(&p->timer);
	else
		uv_timer_start(&p->timer, on_timer, wait_ms > 0 ? (uint64_t)wait_ms : 0,
			       0);
}

/* A script's command may name a device that is gone by then: schedule() sees that the rest is
 * still due. */
static void run_script(struct play *p)
{
	struct stage st = stage(p);
	struct stage_clock clock = stage_clock(p);
	struct buf results;
	struct err err;

	buf_init(&results, RESULTS_MAX_BYTES);
	if (script_run(&p->script, &st, &clock, &results, &err) != 0)
		log_warning("script: %s; going on behind it", err.text);
	buf_clear(&results);
}

static void on_timer(uv_timer_t *timer)
{
	struct play *p = timer->data;

	if (p->life_began_ms != 0)
		life_run(p->life, life_ms(p), clock_utc_ms());
	run_script(p);
	schedule(p);
}

/* ---- /sim ---- */

static int run_commands(struct play *p, const char *text, size_t len, struct buf *results,
			struct err *err)
{
	struct stage st = stage(p);
	struct stage_clock clock = stage_clock(p);
	struct script script;
	int rc = script_parse(&script, text, len, err);

	for (size_t i = 0; rc == 0 && i < script.n; i++)
		if (script.commands[i].at_ms > 0)
			rc = err_set(err, ERR_FORMAT,
				     "line %u: \"at\" is for scripts: this runs at once",
				     script.lines[i]);
	if (rc == 0)
		rc = script_run(&script, &st, &clock, results, err);
	script_clear(&script);
	return rc;
}

static void answer_commands(struct play *p, struct server_request *req)
{
	struct buf results;
	struct err err = {0};
	const char *text;
	size_t len;

	buf_init(&results, RESULTS_MAX_BYTES);
	text = server_content(req, &len);
	if (run_commands(p, text, len, &results, &err) == 0) {
		server_answer_text(req, 200, "text/plain", buf_text(&results));
	} else {
		buf_clear(&results);
		buf_printf(&results, "%s\n", err.text);
		server_answer_text(req, 400, "text/plain", buf_text(&results));
	}
	buf_clear(&results);
}

static void add_device(struct buf *b, const struct world *w, const struct world_device *d)
{
	char time[CLOCK_TEXT_BYTES];

	buf_printf(b, "{\"id\":\"%s\",\"status\":", d->id);
	record_add_string(b, d->status[0] != '\0' ? d->status : NULL);
	buf_add_text(b, ",\"name\":");
	record_add_string(b, d->name);
	buf_add_text(b, ",\"site\":");
	record_add_string(b,
			  d->site != WORLD_NO_SITE ? world_site(w, d->site)->name : NULL);
	buf_printf(b, ",\"type\":\"%s\",\"lastLocationReportTime\":",
		   world_type_name(d->type));
	if (d->report_at_ms != WORLD_NO_REPORT)
		clock_format(time, d->report_at_ms);
	record_add_string(b, d->report_at_ms != WORLD_NO_REPORT ? time : NULL);
	buf_add_text(b, "}");
}

static void answer_devices(struct play *p, struct server_request *req)
{
	struct server_body *body;
	struct buf b;

	buf_init(&b, DEVICES_MAX_BYTES);
	buf_add_text(&b, "[");
	for (size_t i = 0; i < world_count(p->world); i++) {
		if (i > 0)
			buf_add_text(&b, ",\n");
		add_device(&b, p->world, world_at(p->world, i));
	}
	buf_add_text(&b, "]\n");
	body = server_body_create(b.data, b.len);
	buf_clear(&b);
	server_add_header(req, "Content-Type", "application/json");
	server_answer(req, 200, body);
	server_body_drop(body);
}

static void answer_help(struct play *p, struct server_request *req)
{
	(void)p;
	server_answer_text(req, 200, "text/plain", command_help);
}

static const struct {
	const char *method, *path;
	void (*answer)(struct play *p, struct server_request *req);
} controls[] = {
	{"POST", "/sim", answer_commands},
	{"GET", "/sim", answer_help},
	{"GET", "/sim/devices", answer_devices},
};

static void answer_control(struct play *p, struct server_request *req)
{
	for (size_t i = 0; i < COUNT(controls); i++)
		if (strcmp(controls[i].method, server_method(req)) == 0 &&
		    strcmp(controls[i].path, server_path(req)) == 0) {
			controls[i].answer(p, req);
			return;
		}
	server_answer_text(req, 404, "text/plain",
			   "there are POST /sim, GET /sim and GET /sim/devices\n");
}

static void on_request(struct server_request *req, void *data)
{
	struct play *p = data;
	const char *path = server_path(req);

	if (strcmp(path, "/sim") == 0 || strncmp(path, "/sim/", 5) == 0)
		answer_control(p, req);
	else
		vendor_request(p->vendor, req);
	if (p->life_began_ms == 0 && vendor_n_lists(p->vendor) > 0)
		p->life_began_ms = clock_mono_ms();
	schedule(p);
}

/* ---- starting and stopping ---- */

static void on_changed(const struct world_device *device, const char *field,
		       const char *from, const char *to, void *data)
{
	struct play *p = data;

	trace_change(p->trace, clock_utc_ms(), device->id, field, from, to);
}

static void destroy(struct play *p)
{
	vendor_destroy(p->vendor);
	life_destroy(p->life);
	world_destroy(p->world);
	trace_close(p->trace);
	script_clear(&p->script);
	free(p);
}

static void make(struct play *p, uv_loop_t *loop, const struct play_config *config)
{
	struct vendor_config vendor = config->vendor;

	vendor.base_url = server_url(p->server);
	p->speed = config->speed;
	p->world = world_create(&config->world);
	world_watch(p->world, on_changed, p);
	p->life = life_create(p->world, config->world.seed);
	life_set_rate(p->life, config->share, 0);
	p->vendor = vendor_create(loop, p->world, p->trace, &vendor);
	for (size_t i = 0; i < config->n_limits; i++)
		vendor_set_limit(p->vendor, config->limits[i].group,
				 config->limits[i].max, config->limits[i].window_ms);
}

int play_start(uv_loop_t *loop, const struct play_config *config, struct play **out,
	       struct err *err)
{
	struct play *p = mem_zalloc(sizeof *p);
	const struct server_config server = {
		.address = config->address,
		.reach = SERVER_LOOPBACK,
		.cert = config->cert,
		.key = config->key,
		.body_max_bytes = REQUEST_MAX_BYTES,
		.idle_s = IDLE_S,
		.on_request = on_request,
		.data = p,
	};

	if ((config->script != NULL &&
	     script_read(&p->script, config->script, err) != 0) ||
	    (config->log != NULL && trace_open(config->log, &p->trace, err) != 0) ||
	    server_open(loop, &server, &p->server, err) != 0) {
		destroy(p);
		return err->code;
	}
	make(p, loop, config);
	p->started_ms = clock_mono_ms();
	p->timer.data = p;
	uv_timer_init(loop, &p->timer);
	run_script(p);
	schedule(p);
	*out = p;
	return 0;
}

static void on_timer_closed(uv_handle_t *handle)
{
	destroy(handle->data);
}

void play_stop(struct play *p)
{
	server_close(p->server);
	uv_close((uv_handle_t *)&p->timer, on_timer_closed);
}

const char *play_url(const struct play *p)
{
	return server_url(p->server);
}

int play_command(struct play *p, const char *text, struct err *err)
{
	struct buf results;
	int rc;

	buf_init(&results, RESULTS_MAX_BYTES);
	rc = run_commands(p, text, strlen(text), &results, err);
	buf_clear(&results);
	schedule(p);
	return rc;
}
