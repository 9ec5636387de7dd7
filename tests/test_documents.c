/* The manual pages name all that there is: commands with their options and fields, types of events,
 * kinds of alerts, formats, words of the configuration. (phonewatch-sim's is test_manual's; the keys of
 * the configuration are test_config's.) */
#include "cli/commands.h"

#include "lib/suite.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "api/answer.h"
#include "config_keys.h"
#include "lib/program.h"
#include "model/alert.h"
#include "model/event.h"
#include "payload/payload.h"

static char *manual;

static void open_manual(const char *name)
{
	char *path = mem_printf("../../man/%s", name);

	free(manual);
	manual = suite_data(path, NULL);
	free(path);
}

static void close_manual(void)
{
	free(manual);
	manual = NULL;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* Where a word, or words, stand by themselves, from here to there; NULL: nowhere. */
static const char *find(const char *from, const char *to, const char *words)
{
	size_t len = strlen(words);

	for (const char *at = from; (at = strstr(at, words)) != NULL && at < to; at++)
		if ((at == from || !is_word(at[-1])) && !is_word(at[len]))
			return at;
	return NULL;
}

static const char *behind(const char *heading)
{
	const char *at = strstr(manual, heading);

	ck_assert_msg(at != NULL, "no %s", heading);
	return at;
}

static void expect(const char *from, const char *what, const char *words)
{
	ck_assert_msg(words != NULL && find(from, strchr(from, '\0'), words) != NULL,
		      "%s: %s", what, words);
}

/* ---- phonewatch(1) ---- */

/* Whether a call of this command is shown with these words. */
static bool is_shown(const char *command, const char *words)
{
	const char *end = behind("\n.Sh DESCRIPTION");
	char *call = mem_printf("\n.Nm\n.Cm %s", command);
	bool found = false;

	for (const char *at = manual;
	     !found && (at = strstr(at, call)) != NULL && at < end;) {
		const char *next = strstr(++at, "\n.Nm\n");

		if (!is_word(at[strlen(call) - 1]))
			found = find(at, next != NULL && next < end ? next : end,
				     words) != NULL;
	}
	free(call);
	return found;
}

START_TEST(each_command_is_shown_with_its_options_and_explained)
{
	open_manual("phonewatch.1");
	for (size_t i = 0; i < cli_n_commands; i++) {
		const struct cli_command *c = &cli_commands[i];
		char *item = mem_printf(".It Cm %s", c->name);

		ck_assert_msg(is_shown(c->name, c->name), "%s", c->name);
		expect(behind("\n.Ss Commands"), "explained", item);
		free(item);
		for (size_t k = 0; k < cli_n_options; k++) {
			const struct cli_option *o = &cli_options[k];
			char *flag = mem_printf("Fl Fl %s", o->name);

			expect(manual, "option", flag);
			if (o->code != 0 && c->options != NULL &&
			    strchr(c->options, o->code) != NULL)
				ck_assert_msg(is_shown(c->name, flag), "%s --%s", c->name,
					      o->name);
			free(flag);
		}
	}
	ck_assert(!is_shown("show", "Fl Fl offline"));
}
END_TEST

/* "device.id": its own name is the last part. */
START_TEST(each_field_of_an_answer_is_told_of)
{
	for (size_t i = 0; i < cli_n_commands; i++) {
		bool of_events = strcmp(cli_commands[i].name, "events") == 0;
		char *fields = mem_strdup(cli_commands[i].fields != NULL
						  ? cli_commands[i].fields
						  : ""),
		     *rest = fields, *field;

		open_manual(of_events ? "phonewatch-events.7" : "phonewatch.1");
		while ((field = strsep(&rest, ",")) != NULL) {
			char *dot = strrchr(field, '.');

			if (field[0] != '\0')
				expect(of_events ? manual : behind("\n.Ss Commands"),
				       cli_commands[i].name,
				       dot != NULL ? dot + 1 : field);
		}
		free(fields);
	}
}
END_TEST

/* ---- the other pages ---- */

START_TEST(each_event_alert_and_format_is_told_of)
{
	open_manual("phonewatch-events.7");
	for (int type = 1; event_type_name((enum event_type)type) != NULL; type++)
		expect(behind("\n.Ss Types"), "type",
		       event_type_name((enum event_type)type));
	for (int kind = 1; alert_kind_name((enum alert_kind)kind) != NULL; kind++)
		expect(behind("\n.Ss Alerts"), "kind",
		       alert_kind_name((enum alert_kind)kind));
	for (int reason = REASON_CREDENTIALS; reason <= REASON_STORE; reason++)
		expect(manual, "reason", reason_name((enum reason)reason));
	for (size_t i = 0; payload_formats[i] != NULL; i++)
		expect(behind("\n.Ss Payloads"), "format", payload_formats[i]);
}
END_TEST

START_TEST(each_word_of_the_configuration_is_told_of)
{
	open_manual("phonewatch.conf.5");
	for (const struct config_section *s = config_sections; s->name != NULL; s++)
		for (const struct config_key *k = s->keys; k->name != NULL; k++)
			for (size_t i = 0; k->words != NULL && k->words[i].word != NULL;
			     i++)
				expect(manual, k->name, k->words[i].word);
}
END_TEST

/* "POST", "/api/v1/silences" */
START_TEST(each_path_of_the_door_is_told_of)
{
	char *source = suite_data("../../src/serve/serve.c", NULL), *at = source;
	unsigned n = 0;

	open_manual("phonewatchd.8");
	for (; (at = strstr(at, "\"/api/")) != NULL; n++) {
		char *path = mem_printf(" Pa %.*s", (int)strcspn(at + 1, "\""), at + 1);

		at += strlen(path);
		ck_assert_msg(strstr(behind("\n.Ss The door"), path) != NULL, "%s", path);
		free(path);
	}
	free(source);
	ck_assert_uint_ge(n, 8);
}
END_TEST

START_TEST(each_option_of_the_daemon_is_told_of)
{
	static char *const command[] = {"phonewatchd", "--help", NULL};
	char line[200], *at;
	unsigned n = 0;
	FILE *out;
	pid_t pid = program_start(command, &out);

	open_manual("phonewatchd.8");
	while (fgets(line, sizeof line, out) != NULL) {
		char *flag;

		at = strstr(line, "  --");
		at = at == NULL && strncmp(line, "  -", 3) == 0 ? strstr(line, " --")
								: at;
		if (at == NULL)
			continue;
		at += strspn(at, " -");
		flag = mem_printf("Fl -%.*s", (int)strcspn(at, " ,\n"), at);
		expect(manual, "option", flag);
		free(flag);
		n++;
	}
	fclose(out);
	ck_assert_int_eq(program_status(pid), 0);
	ck_assert_uint_ge(n, 5);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{each_command_is_shown_with_its_options_and_explained, 1},
		{each_field_of_an_answer_is_told_of, 1},
		{each_event_alert_and_format_is_told_of, 1},
		{each_word_of_the_configuration_is_told_of, 1},
		{each_path_of_the_door_is_told_of, 1},
		{each_option_of_the_daemon_is_told_of, 1},
	};

	return suite_run("documents", tests, COUNT(tests), NULL, close_manual);
}
