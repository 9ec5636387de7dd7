#include "cli/silenced.h"

#include <stdlib.h>
#include <time.h>

#include "rule/mute.h"

struct now {
	const struct silence *silences;
	size_t n;
	int64_t at_ms;
	char *const *matches;
	size_t n_matches;
};

/* Returns whether --match holds for it. */
static bool mark(struct alert_row *row, const struct store_device *device,
		 const struct now *now)
{
	struct alert *a = &row->alert;
	char *key = alert_key(row->account, a);
	json_t *facts = device->facts != NULL ? json_loads(device->facts, 0, NULL) : NULL;
	const struct mute_subject subject =
		mute_subject_of(a, row->account, key, device->id, facts);
	const struct silence *found =
		mute_find(now->silences, now->n, &subject, now->at_ms, NULL);

	bool is_meant = mute_matches(now->matches, now->n_matches, &subject);

	a->silenced_by = found != NULL ? found->id : 0;
	json_decref(facts);
	free(key);
	return is_meant;
}

static int mark_all(struct store_conn *c, struct alert_rows *rows, const struct now *now,
		    struct err *err)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < rows->n;) {
		int64_t device_id = rows->all[i].alert.device_id;
		struct store_device device = {0};

		if (device_id != 0)
			rc = store_device_load_by_id(c, device_id, &device, err);
		if (rc == 0 && !mark(&rows->all[i], &device, now))
			alerts_remove(rows, i);
		else
			i++;
		store_device_clear(&device);
	}
	return rc;
}

static void use_zone(const char *zone)
{
	if (zone != NULL)
		setenv("TZ", zone, 1);
	else
		unsetenv("TZ");
	tzset();
}

int silenced_mark(struct cli *cli, struct store_conn *c, struct alert_rows *rows)
{
	struct silence *silences;
	size_t n;
	int rc = store_silences(c, cli->now_at_ms, &silences, &n, &cli->err);

	if (rc != 0)
		return rc;
	/* Windows are of the machine's zone, whatever times are to be shown in. */
	if (cli->utc)
		use_zone(cli->zone);
	rc = mark_all(
		c, rows,
		&(struct now){silences, n, cli->now_at_ms, cli->matches, cli->n_matches},
		&cli->err);
	if (cli->utc)
		use_zone("UTC");
	store_silences_free(silences, n);
	return rc;
}
