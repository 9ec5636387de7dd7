/* A poll logs in: where a request needs a token, and there is none that is good. */
#include "poll_inside.h"

#include "base/clock.h"

#define TOKEN_TRIES    3 /* ringcentral/api.md section 3.5 */
#define TOKEN_RETRY_MS (10 * SECOND_MS)
#define TOKEN_FIRST_MS (30 * SECOND_MS)
#define TOKEN_MAX_MS   (300 * SECOND_MS)

static void token_failed(struct poll *p)
{
	const struct answer *answer = &p->auth.answer;
	int64_t wait_ms;
	bool tell;

	if (answer->next ==
	    ANSWER_NEW_TOKEN) { /* the refresh token is gone; now the JWT */
		log_debug("%s: %s; presenting the JWT", p->config->name, answer->text);
		poll_wait(p, STEP_WAIT, 0);
		return;
	}
	tell = poll_note_failure(p, answer);
	switch (answer->next) {
	case ANSWER_REFUSED:
		if (answer->reason == REASON_CREDENTIALS) {
			poll_stop_refused(p);
			return;
		}
		wait_ms = poll_retry_ms(p, REFUSED_FIRST_MS, REFUSED_MAX_MS);
		break;
	case ANSWER_WAIT:
		wait_ms = poll_wait_of_auth(p);
		break;
	default:
		wait_ms = ++p->token_tries < TOKEN_TRIES
				  ? TOKEN_RETRY_MS
				  : poll_retry_ms(p, TOKEN_FIRST_MS, TOKEN_MAX_MS);
		if (p->token_tries >= TOKEN_TRIES)
			auth_drop_refresh(&p->auth);
		if (answer->wait_ms > wait_ms)
			wait_ms = answer->wait_ms;
	}
	if (tell)
		poll_log_retry(p, "login", wait_ms);
	poll_wait(p, STEP_WAIT, wait_ms);
}

static void on_token(struct auth *auth)
{
	struct poll *p = auth->data;

	answer_tell_budget(p->auth_budget, &auth->req, clock_mono_ms());
	poll_note_answer(p, p->auth_budget, &auth->answer);
	if (!poll_goes_on(p))
		return;
	if (auth->answer.next != ANSWER_GOOD) {
		token_failed(p);
		return;
	}
	log_debug("%s: logged in", p->config->name);
	p->token_tries = 0;
	p->awaits_login = false;
	poll_next_request(p);
}

void poll_ask_token(struct poll *p)
{
	p->step = STEP_TOKEN;
	p->n_under_way++;
	poll_spend(p, p->auth_budget, 1);
	auth_start(&p->auth, p->env->http, on_token);
}
