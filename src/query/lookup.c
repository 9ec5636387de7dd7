#include "query/lookup.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "query/accounts.h"

#define BATCH 500 /* devices a read */

/* ---- what fits ---- */

/* The same letters and digits, in any case; what is between them does not count. */
static bool is_same_code(const char *a, const char *b)
{
	size_t n = 0;

	for (;; a++, b++, n++) {
		while (*a != '\0' && !isalnum((unsigned char)*a))
			a++;
		while (*b != '\0' && !isalnum((unsigned char)*b))
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return n > 0;
	}
}

/* Of a name only what separates the pairs of a MAC address: "VVX 450" is no serial number. */
static bool is_serial(const char *text)
{
	return text[strspn(text, "0123456789abcdefABCDEF:-.")] == '\0';
}

static bool is_number(const char *text)
{
	return text[strspn(text, "+0123456789 ()-./")] == '\0';
}

static const char *fact(const json_t *facts, const char *name)
{
	const char *text = json_string_value(json_object_get(facts, name));

	return text != NULL ? text : "";
}

static bool has_number(const json_t *facts, const char *text)
{
	const json_t *numbers = json_object_get(facts, "phone_numbers");

	for (size_t i = 0; i < json_array_size(numbers); i++) {
		const char *number = json_string_value(json_array_get(numbers, i));

		if (number != NULL && is_same_code(number, text))
			return true;
	}
	return false;
}

bool lookup_fits(const char *text, const json_t *facts)
{
	const char *serial = fact(facts, "serial");

	if (text[0] == '\0')
		return false;
	return strcasecmp(fact(facts, "name"), text) == 0 ||
	       strcmp(fact(facts, "extension_number"), text) == 0 ||
	       strcasecmp(serial, text) == 0 ||
	       (is_serial(text) && is_same_code(serial, text)) ||
	       (is_number(text) && has_number(facts, text));
}

/* ---- the search ---- */

struct search {
	struct store_conn *c;
	const char *text;
	void (*each)(const struct store_account *a, const struct store_device *d,
		     void *arg);
	void *arg;
	struct err *err;
	int n_found;
	/* In one account. */
	int n; /* in this read */
	char *last;
	char **ids;
	size_t n_ids, cap;
};

static int tell(struct search *s, const struct store_account *a, const char *id)
{
	struct store_device d;

	if (store_device_load(s->c, a->account_id, id, &d, s->err) != 0)
		return s->err->code;
	if (d.device_id != 0) {
		s->n_found++;
		s->each(a, &d, s->arg);
	}
	store_device_clear(&d);
	return 0;
}

static void on_device(const struct store_device *d, void *arg)
{
	struct search *s = arg;
	json_t *facts = json_loads(d->facts, 0, NULL);

	s->n++;
	free(s->last);
	s->last = mem_strdup(d->id);
	if (lookup_fits(s->text, facts)) {
		s->ids = mem_grow(s->ids, s->n_ids, &s->cap, sizeof *s->ids);
		s->ids[s->n_ids++] = mem_strdup(d->id);
	}
	json_decref(facts);
}

static int find_ids(struct search *s, const struct store_account *a)
{
	int rc;

	s->last = mem_strdup("");
	do {
		char *after = s->last;

		s->last = NULL;
		s->n = 0;
		rc = store_devices_ever_after(s->c, a->account_id, after, BATCH,
					      on_device, s, s->err);
		free(after);
	} while (rc == 0 && s->n == BATCH);
	free(s->last);
	return rc;
}

static int search_account(struct search *s, const struct store_account *a)
{
	int rc = find_ids(s, a);

	for (size_t i = 0; i < s->n_ids; i++) {
		if (rc == 0)
			rc = tell(s, a, s->ids[i]);
		free(s->ids[i]);
	}
	s->n_ids = 0;
	return rc;
}

int lookup_devices(struct store_conn *c, const char *text,
		   void (*each)(const struct store_account *a,
				const struct store_device *d, void *arg),
		   void *arg, struct err *err)
{
	struct search s = {.c = c, .text = text, .each = each, .arg = arg, .err = err};
	struct store_account *accounts;
	size_t n;
	bool is_id;
	int rc = store_accounts_uncounted(c, &accounts, &n, err);

	if (rc != 0)
		return rc;
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = tell(&s, &accounts[i], text);
	is_id = s.n_found > 0;
	for (size_t i = 0; rc == 0 && !is_id && i < n; i++)
		rc = search_account(&s, &accounts[i]);
	free(s.ids);
	accounts_free(accounts, n);
	return rc != 0 ? rc : s.n_found;
}
