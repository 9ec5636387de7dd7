#include "sim/account.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sim/extension.h"
#include "sim/life.h"
#include "sim/record.h"
#include "sim/trace.h"

/* ---- what lists are made of ---- */

static size_t count_devices(const void *of)
{
	return world_count(of);
}

static void add_device(struct buf *out, const void *of, size_t place)
{
	record_add(out, of, world_at(of, place));
}

static uint64_t devices_version(const void *of, size_t first, size_t n)
{
	return world_version(of, first, n);
}

static size_t count_extensions(const void *of)
{
	return world_n_extensions(of);
}

static void add_extension(struct buf *out, const void *of, size_t place)
{
	extension_add(out, of, world_extension_at(of, place));
}

static uint64_t extensions_version(const void *of, size_t first, size_t n)
{
	return world_extensions_version(of, first, n);
}

static void on_changed(const struct world_change *change, void *data)
{
	const struct account *account = data;

	trace_change(account->trace, clock_utc_ms(), account->name, change);
}

struct account *account_create(const struct account_config *config)
{
	struct account *account = mem_zalloc(sizeof *account);
	char *url;

	account->name = mem_strdup(config->name);
	account->jwt = mem_strdup(config->jwt);
	account->app = config->app;
	account->tokens.owner = config->world.account;
	limits_init_like(&account->limits, config->limits);
	account->world = world_create(&config->world);
	account->trace = config->trace;
	world_watch(account->world, on_changed, account);
	account->life = life_create(account->world, config->world.seed);
	life_set_rate(account->life, config->share, 0);
	url = mem_printf("%s/restapi/v1.0/account/%s", config->base_url,
			 world_account_id(account->world));
	account->devices_url = mem_printf("%s/device", url);
	account->extensions_url = mem_printf("%s/extension", url);
	free(url);
	account->devices = (struct list){account->devices_url, account->world,
					 count_devices, add_device};
	account->extensions = (struct list){account->extensions_url, account->world,
					    count_extensions, add_extension};
	account->device_pages =
		pages_create(&account->devices, devices_version, config->packer);
	account->extension_pages =
		pages_create(&account->extensions, extensions_version, config->packer);
	return account;
}

void account_destroy(struct account *account)
{
	pages_destroy(account->device_pages);
	pages_destroy(account->extension_pages);
	life_destroy(account->life);
	world_destroy(account->world);
	limits_clear(&account->limits);
	free(account->devices_url);
	free(account->extensions_url);
	free(account->refused);
	free(account->jwt);
	free(account->name);
	free(account);
}

int64_t account_life_ms(const struct account *account, int64_t now_ms, double speed)
{
	if (account->life_began_ms == 0)
		return 0;
	return (int64_t)((double)(now_ms - account->life_began_ms) * speed);
}
