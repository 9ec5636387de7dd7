#include "rule/mute.h"

#include <fnmatch.h>
#include <string.h>

#include "model/match.h"

#define KIND "kind="

struct mute_subject mute_subject_of(const struct alert *a, const char *account,
				    const char *key, const char *device_id,
				    const json_t *facts)
{
	return (struct mute_subject){
		.key = key,
		.account = account,
		.kind = alert_kind_name(a->kind),
		.device_id = device_id,
		.facts = facts,
		.site = a->kind == ALERT_SITE_OUTAGE ? a->name : NULL,
	};
}

static bool holds(char *const *match, const struct mute_subject *subject,
		  const json_t *facts)
{
	if (strncmp(*match, KIND, strlen(KIND)) == 0)
		return fnmatch(*match + strlen(KIND), subject->kind, 0) == 0;
	return match_all(match, 1, subject->account,
			 subject->device_id != NULL ? subject->device_id : "", facts);
}

static bool all_hold(char *const *matches, size_t n, const struct mute_subject *subject,
		     const json_t *facts)
{
	for (size_t i = 0; i < n; i++)
		if (!holds(&matches[i], subject, facts))
			return false;
	return true;
}

/* Those of a site are its name. NULL: none. */
static json_t *site_facts(const struct mute_subject *subject)
{
	return subject->site != NULL ? json_pack("{s:s}", "site", subject->site) : NULL;
}

bool mute_matches(char *const *matches, size_t n, const struct mute_subject *subject)
{
	json_t *site = site_facts(subject);
	bool hold = all_hold(matches, n, subject,
			     subject->facts != NULL ? subject->facts : site);

	json_decref(site);
	return hold;
}

static bool is_of(const struct silence *s, const struct mute_subject *subject,
		  const json_t *facts)
{
	if (s->key != NULL)
		return strcmp(s->key, subject->key) == 0;
	return s->n_matches > 0 && all_hold(s->matches, s->n_matches, subject, facts);
}

const struct silence *mute_find(const struct silence *silences, size_t n,
				const struct mute_subject *subject, int64_t at_ms,
				int64_t *until_ms)
{
	const struct silence *found = NULL;
	json_t *site = site_facts(subject);
	const json_t *facts = subject->facts != NULL ? subject->facts : site;
	int64_t latest_ms = 0;

	for (size_t i = 0; i < n; i++) {
		int64_t end_ms;

		if (!silence_is_in_force(&silences[i], at_ms, &end_ms) ||
		    (found != NULL && end_ms <= latest_ms) ||
		    !is_of(&silences[i], subject, facts))
			continue;
		found = &silences[i];
		latest_ms = end_ms;
	}
	json_decref(site);
	if (found != NULL && until_ms != NULL)
		*until_ms = latest_ms;
	return found;
}

int64_t mute_next_ms(const struct silence *silences, size_t n, int64_t after_ms)
{
	int64_t next_ms = SILENCE_NO_END;

	for (size_t i = 0; i < n; i++) {
		int64_t one_ms = silence_next_ms(&silences[i], after_ms);

		if (one_ms < next_ms)
			next_ms = one_ms;
	}
	return next_ms;
}
