/* Answers of the token endpoint, good and bad, and the token file. The first byte says which. */
#include "lib/fuzz.h"

/* Its parts without a server. */
#include "api/auth.c"

static const long statuses[] = {200, 400, 401, 403, 404, 429, 499, 500, 503, 302};

static void on_done(struct auth *auth)
{
	(void)auth;
}

static void check_token(const struct secret *s)
{
	for (size_t i = 0; i < s->len; i++)
		REQUIRE(s->text[i] > ' ' && s->text[i] <= '~');
	REQUIRE(s->text == NULL || s->len > 0);
}

static void check_answer(const struct answer *answer)
{
	REQUIRE(strlen(answer->text) < sizeof answer->text);
	for (const char *p = answer->text; *p != '\0'; p++)
		REQUIRE((unsigned char)*p >= ' ' && *p != 0x7f);
	REQUIRE(answer->next == ANSWER_GOOD || answer->reason != REASON_NONE);
}

static void set_answer(struct auth *auth, const uint8_t *data, size_t len)
{
	auth->req.status = statuses[data[0] % COUNT(statuses)];
	buf_init(&auth->req.answer, ANSWER_MAX_BYTES);
	if (buf_add(&auth->req.answer, data + 1, len - 1) != 0)
		auth->req.status = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct secret secret = {0}, jwt = {0};
	struct auth_settings settings = {.server = "https://platform.invalid",
					 .client_id = "id",
					 .client_secret = &secret,
					 .jwt = &jwt};
	struct auth auth;
	json_t *file;

	if (len < 1)
		return 0;
	secret_set(&secret, "secret", 6);
	secret_set(&jwt, "jwt", 3);
	auth_init(&auth, NULL, &settings, NULL);
	if (data[0] >= 0x80) {
		memset(auth.binding, '0', sizeof auth.binding - 1);
		file = json_loadb((const char *)data + 1, len - 1, 0, NULL);
		use_file(&auth, file);
		json_decref(file);
	} else {
		set_answer(&auth, data, len);
		auth.refreshing = data[0] >= 0x40;
		auth.on_done = on_done;
		auth.req.data = &auth;
		on_answer(&auth.req, 0);
		check_answer(&auth.answer);
		REQUIRE((auth.answer.next == ANSWER_GOOD) == (auth.access.text != NULL));
	}
	check_token(&auth.access);
	check_token(&auth.refresh);
	auth_clear(&auth);
	secret_clear(&secret);
	secret_clear(&jwt);
	return 0;
}
