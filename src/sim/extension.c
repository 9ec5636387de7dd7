#include "sim/extension.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "sim/list.h"
#include "sim/record.h"
#include "sim/world.h"

#define EXPIRES_S 540

void extension_add(struct buf *b, const struct world *w, const struct world_extension *e)
{
	buf_printf(b,
		   "{\"uri\":\"" RECORD_HOME "/account/%s/extension/%" PRIu64
		   "\",\"id\":%" PRIu64,
		   world_account_id(w), e->id, e->id);
	if (e->status != WORLD_EXTENSION_UNASSIGNED)
		buf_printf(b, ",\"extensionNumber\":\"%" PRIu32 "\"",
			   WORLD_FIRST_EXTENSION + e->number);
	buf_add_text(b, ",\"name\":");
	record_add_string(b, e->name);
	buf_printf(b, ",\"type\":\"%s\",\"status\":\"%s\"}", e->type,
		   world_extension_status_name(e->status));
}

/* ---- its devices ---- */

void extension_devices_init(struct extension_devices *into, const struct world *w,
			    const struct world_extension *e, const char *base_url)
{
	size_t cap = 0;

	*into = (struct extension_devices){.world = w};
	into->url = mem_printf("%s/restapi/v1.0/account/%s/extension/%" PRIu64 "/device",
			       base_url, world_account_id(w), e->id);
	for (const struct world_device *d = e->devices; d != NULL; d = d->other) {
		if (d->hidden)
			continue;
		into->devices = mem_grow(into->devices, into->n, &cap,
					 sizeof(struct world_device *));
		into->devices[into->n++] = d;
	}
}

void extension_devices_drop(struct extension_devices *d, size_t place)
{
	d->n--;
	for (size_t i = place; i < d->n; i++)
		d->devices[i] = d->devices[i + 1];
}

void extension_devices_clear(struct extension_devices *d)
{
	free(d->devices);
	free(d->url);
	*d = (struct extension_devices){0};
}

static size_t count(const void *of)
{
	const struct extension_devices *d = of;

	return d->n;
}

static void add(struct buf *out, const void *of, size_t place)
{
	const struct extension_devices *d = of;

	record_add(out, d->world, d->devices[place]);
}

struct list extension_devices_list(const struct extension_devices *d)
{
	return (struct list){.url = d->url, .of = d, .count = count, .add = add};
}

/* ---- web phones ---- */

void extension_add_web_phones(struct buf *b, const struct world_extension *e)
{
	bool first = true;

	buf_add_text(b, "{\"records\":[");
	for (const struct world_device *d = e->devices; d != NULL; d = d->other) {
		if (d->type != WORLD_WEB_PHONE)
			continue;
		buf_printf(b, "%s{\"id\":\"%s\",\"type\":\"WebPhone\",\"name\":",
			   first ? "" : ",", d->id);
		record_add_string(b, d->name);
		buf_printf(b, ",\"serial\":\"00000000-0000-4000-8000-%012" PRIu32 "\"",
			   d->number);
		buf_add_text(b, ",\"status\":");
		record_add_string(b, d->status);
		if (strcmp(d->status, "Online") == 0)
			buf_printf(b, ",\"expiresIn\":%d", EXPIRES_S);
		buf_add_text(b, "}");
		first = false;
	}
	buf_add_text(b, "]}");
}
