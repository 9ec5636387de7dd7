/* The words that steer the simulation: how lines are cut and read, what they choose, in which
 * order they run. test_steer.c has what they do. */
#include "sim/command.h"

#include "lib/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "sim/dice.h"
#include "sim/exchange.h"
#include "sim/fault.h"
#include "sim/rules.h"
#include "sim/script.h"
#include "sim/trigger.h"

static struct err err;

/* ---- words ---- */

static const struct {
	const char *line, *words; /* with a | behind each */
} cuts[] = {
	{"", ""},
	{"  # a comment", ""},
	{"a  b\tc\r", "a|b|c|"},
	{"a #b", "a|"},
	{"a#b", "a#b|"},
	{"\"a b\" c", "a b|c|"},
	{"\"a \\\"b\\\" \\\\\"", "a \"b\" \\|"},
	{"'{\"a\": \"\\n\"}' b", "{\"a\": \"\\n\"}|b|"},
	{"\"\" ''", "||"},
	{"{\"id\":\"1\"} it's", "{\"id\":\"1\"}|it's|"},
};

START_TEST(a_line_is_cut_into_words)
{
	struct words w;
	char text[128] = "";

	ck_assert_int_eq(words_split(&w, cuts[_i].line, strlen(cuts[_i].line), &err), 0);
	for (const char *word; (word = words_next(&w)) != NULL;)
		strcat(strcat(text, word), "|");
	ck_assert_str_eq(text, cuts[_i].words);
	words_clear(&w);
}
END_TEST

/* ---- lines ---- */

/* Each verb, rule and form; what they do is elsewhere. */
static const char *const good[] = {
	"",
	"  # a comment",
	"site Denver offline",
	"  site  \"Denver 2\"\tonline # back\r",
	"at 30s all offline",
	"in 2 all offline",
	"at 30s in 2 all offline",
	"some 5 offline",
	"some 10% status Initial",
	"device 8644 offline",
	"device \"Lobby phone\" status none",
	"device first name \"New \\\"name\\\" \\\\ #1\"",
	"device 8644 name \"\"",
	"device last site Boston",
	"device random site none",
	"device 8644 location now",
	"device 8644 location 2026-09-14T11:21:07.534+02:00",
	"device 8644 location none",
	"device 8644 swap 8645",
	"device 8644 set model.name '\"A phone\"'",
	"device 8644 unset site",
	"device 8644 plain",
	"device 8644 hide",
	"all show",
	"site Boston remove",
	"device add",
	"device add at Boston first",
	"device add first at Boston",
	"extension 101 name \"Front desk\"",
	"extension 101 status Disabled",
	"extension 62264000000 remove",
	"shuffle",
	"life off",
	"life 2.5%",
	"account west",
	"account west devices 50 sites 2 seed 9 client-id a client-secret b jwt c",
	"token revoke",
	"token expire",
	"token refuse OAU-153",
	"token accept",
	"limit heavy=10/30",
	"limit heavy=0",
	"list-group heavy",
	"group extensions=heavy",
	"group list=none",
	"penalty 30",
	"rate-headers joined",
	"retry-after date",
	"per-page-max 250",
	"gzip vary",
	"bulk-max 10",
	"bulk-json off",
	"bulk-costs each",
	"token-ttl 600",
	"refresh-tokens on",
	"refresh-ttl 60",
	"sessions 2",
	"session-limit refuse",
	"fault close",
	"fault on any always status 503 retry-after \"\"",
	"fault page 2 times 3 after 1 request error CMN-211 retry-after 15",
	"fault chance 5% on extension-devices id 4711 part 4711 CMN-408",
	"fault every 3 for 20s delay 2s",
	"fault bomb and header Content-Type text/plain",
	"fault bomb 16",
	"fault set paging.totalElements 5 and unset navigation and indent and slow 1000",
	"when on list page 1 do device first remove",
	"when always do in 2 fault close",
	"faults clear",
};

START_TEST(a_command_is_read)
{
	struct command c;

	ck_assert_msg(command_read(&c, good[_i], strlen(good[_i]), &err) == 0, "%s: %s",
		      good[_i], err.text);
	command_clear(&c);
}
END_TEST

START_TEST(a_command_has_its_time_and_its_words)
{
	static const char line[] = "at 2m in 2 device 1 name \"a b\"";
	struct command c;

	ck_assert_int_eq(command_read(&c, line, strlen(line), &err), 0);
	ck_assert_int_eq(c.at_ms, 120000);
	ck_assert_uint_eq(c.words.n, 6);
	ck_assert_str_eq(c.words.list[0], "in");
	ck_assert_str_eq(c.words.list[5], "a b");
	command_clear(&c);
}
END_TEST

static const struct {
	const char *line, *text; /* what it begins with */
} wrong[] = {
	{"bogus",
	 "no command \"bogus\"; there are site, all, some, device, extension, shuffle, "
	 "life, account, token, limit, fault, when, faults or a rule"},
	{"in", "expected the name of an account after \"in\""},
	{"in 2", "expected a command after \"2\""},
	{"site Denver", "expected offline, online, status, name, site, location, swap, "
			"set, unset, plain, hide, show or remove after \"Denver\""},
	{"site", "expected the name of a site after \"site\""},
	{"site Denver up", "expected offline, online, status, name"},
	{"site \"Denver", "a quote is not closed"},
	{"site 'Denver", "a quote is not closed"},
	{"site Denver offline now", "nothing is expected after \"offline\""},
	{"at", "expected a duration as 30s after \"at\""},
	{"at 30 shuffle", "expected a duration as 30s, not \"30\""},
	{"at 30s", "expected a command after \"30s\""},
	{"some", "expected a number of 1 to 4294967295 after \"some\""},
	{"some 0 offline", "expected a number of 1 to 4294967295, not \"0\""},
	{"device 1 location soon",
	 "expected now, none, or a time as 2026-09-14T09:21:07Z, not \"soon\""},
	{"device 1 status 12345678901234567890123456789012",
	 "a status has at most 31 bytes"},
	{"device 1 set id", "expected JSON after \"id\""},
	{"device", "expected a device's id after \"device\""},
	{"extension 101 fly", "expected name, status or remove, not \"fly\""},
	{"extension 101 status On",
	 "expected Enabled, Disabled, Frozen, NotActivated or Unassigned, not \"On\""},
	{"account", "expected a name after \"account\""},
	{"account west devices x", "expected a number of 1 to 2000000, not \"x\""},
	{"account west colour blue", "nothing is expected after \"west\""},
	{"life 5", "expected a share as 5%, or off, not \"5\""},
	{"life -5%", "expected a share as 5%, or off, not \"-5%\""},
	{"life", "expected a share as 5%, or off after \"life\""},
	{"token", "expected revoke, expire, refuse or accept after \"token\""},
	{"limit medium", "expected GROUP=N[/SECONDS], not \"medium\""},
	{"limit medium=1/0", "expected GROUP=N[/SECONDS], not \"medium=1/0\""},
	{"limit medium=x", "expected GROUP=N[/SECONDS], not \"medium=x\""},
	{"limit medium=-1", "expected GROUP=N[/SECONDS], not \"medium=-1\""},
	{"limit medium=1/2x", "expected GROUP=N[/SECONDS], not \"medium=1/2x\""},
	{"limit =1", "expected GROUP=N[/SECONDS], not \"=1\""},
	{"group moon=heavy",
	 "expected ENDPOINT=GROUP, as list=heavy, not \"moon=heavy\""},
	{"group list=", "expected ENDPOINT=GROUP, as list=heavy, not \"list=\""},
	{"gzip maybe", "expected same, vary or off, not \"maybe\""},
	{"fault", "expected a kind of fault after \"fault\""},
	{"fault explode", "expected a kind of fault, not \"explode\""},
	{"fault close and", "expected a kind of fault after \"and\""},
	{"fault cut 1 and cut 2 and cut 3 and cut 4 and cut 5",
	 "at most 4 kinds of fault at once"},
	{"fault status", "expected a number of 200 to 599 after \"status\""},
	{"fault status 99", "expected a number of 200 to 599, not \"99\""},
	{"fault error CMN-000", "expected an error code as CMN-408, not \"CMN-000\""},
	{"fault header A \"b\nc\"", "expected its value or none"},
	{"fault on moon close",
	 "expected token, revoke, list, device, extensions, extension-devices, "
	 "web-phones, status, versions, hook or any, not \"moon\""},
	{"fault after 3 close", "expected requests, not \"close\""},
	{"fault body /nowhere/file", "/nowhere/file: No such file or directory"},
	{"fault times 0 close",
	 "expected a number of 1 to 9223372036854775807, not \"0\""},
	{"when page 1 device first remove", "expected do, not \"device\""},
	{"when do bogus", "no command \"bogus\""},
	{"faults", "expected clear after \"faults\""},
};

START_TEST(a_wrong_command_is_named)
{
	struct command c;

	ck_assert_int_eq(command_read(&c, wrong[_i].line, strlen(wrong[_i].line), &err),
			 ERR_FORMAT);
	ck_assert_msg(strncmp(err.text, wrong[_i].text, strlen(wrong[_i].text)) == 0,
		      "%s", err.text);
	ck_assert_uint_eq(c.words.n, 0);
}
END_TEST

START_TEST(the_help_names_every_verb_rule_and_fault)
{
	char *help = command_help();
	const char *value, *text;

	for (size_t i = 0; i < act_n_rows; i++) {
		char line[80];

		snprintf(line, sizeof line, "\n    %s %s", act_rows[i].name,
			 act_rows[i].args);
		ck_assert_msg(strstr(help, line) != NULL, "%s", line);
	}
	for (size_t i = 0; i < ENDPOINT_N; i++)
		ck_assert_ptr_nonnull(strstr(help, endpoints[i].name));
	ck_assert_ptr_nonnull(strstr(help, "  site NAME ACTION "));
	ck_assert_ptr_nonnull(strstr(help, "\n      offline "));
	free(help);
	for (size_t i = 0; i < rules_n + 2; i++)
		ck_assert_ptr_nonnull(command_option(i, &value, &text));
	ck_assert_ptr_null(command_option(rules_n + 2, &value, &text));
}
END_TEST

/* ---- which requests ---- */

/* A choice, and which of requests in a row it takes: l list page 1, 2 list page 2, t token, d
 * device 4711 and 4712 at once, o other; a + behind each that is taken. */
static const struct {
	const char *choice, *requests;
} hits[] = {
	{"", "l+l"},
	{"", "tol+l2"},
	{"times 2", "l+tl+l"},
	{"always", "l+l+l+2+"},
	{"page 2", "l2+2l"},
	{"on token", "lt+t"},
	{"on any times 3", "l+t+o+l"},
	{"after 2 requests", "ltlo2+2"},
	{"after 1 requests times 2 page 2", "l22+2+2"},
	{"every 3", "lll+lll+l"},
	{"every 2 after 1 requests", "lll+ll+"},
	{"every 2 times 1", "ll+llll"},
	{"on device id 4712 always", "d+ld+"},
	{"on device id 471 always", "dd"},
	{"on device id 4711 always", "d+"},
};

static struct asked asked_of(char r)
{
	static const char ids[] = "4711,4712";
	struct asked asked = {.endpoint = ENDPOINT_OTHER};

	switch (r) {
	case 'l':
	case '2':
		asked.endpoint = ENDPOINT_LIST;
		asked.page = r == '2' ? 2 : 1;
		break;
	case 't':
		asked.endpoint = ENDPOINT_TOKEN;
		break;
	case 'd':
		asked.endpoint = ENDPOINT_DEVICE;
		asked.ids = (struct endpoint_part){ids, strlen(ids)};
		break;
	default:
		break;
	}
	return asked;
}

static void read_choice(struct choice *c, const char *text, int64_t now_ms)
{
	struct words w;

	ck_assert_int_eq(words_split(&w, text, strlen(text), &err), 0);
	ck_assert_int_eq(choice_read(c, &w, NULL, now_ms, &err), 0);
	ck_assert_uint_eq(w.at, w.n);
	words_clear(&w);
}

START_TEST(a_choice_takes_the_requests_it_names)
{
	const char *r = hits[_i].requests;
	struct dice dice = {0};
	struct choice c;

	read_choice(&c, hits[_i].choice, 0);
	while (*r != '\0') {
		struct asked asked = asked_of(*r);
		bool wanted = r[1] == '+';

		ck_assert_msg(choice_takes(&c, &asked, &dice) == wanted, "\"%s\" at %s",
			      hits[_i].choice, r);
		if (wanted)
			choice_spend(&c);
		r += wanted ? 2 : 1;
	}
}
END_TEST

START_TEST(a_choice_may_end_in_time)
{
	struct asked asked = asked_of('l');
	struct dice dice = {0};
	struct choice c;

	read_choice(&c, "for 20s", 1000);
	for (asked.now_ms = 1000; asked.now_ms < 30000; asked.now_ms += 1000) {
		ck_assert_int_eq(choice_takes(&c, &asked, &dice), asked.now_ms < 21000);
		choice_spend(&c);
	}
	ck_assert(choice_is_over(&c, 21000));
	ck_assert(!choice_is_over(&c, 20999));
}
END_TEST

START_TEST(a_choice_by_chance_takes_about_so_many_and_the_same_each_time)
{
	struct asked asked = asked_of('l');
	struct dice dice = {.state = 1}, again = {.state = 1};
	struct choice c;
	unsigned n = 0;

	read_choice(&c, "chance 25%", 0);
	for (int i = 0; i < 10000; i++) {
		bool taken = choice_takes(&c, &asked, &dice);

		ck_assert_int_eq(taken, choice_takes(&c, &asked, &again));
		n += taken;
	}
	ck_assert_uint_gt(n, 2300);
	ck_assert_uint_lt(n, 2700);
}
END_TEST

/* ---- faults and triggers ---- */

static void add_fault(struct faults *faults, const char *text)
{
	struct fault fault;
	struct words w;

	ck_assert_int_eq(words_split(&w, text, strlen(text), &err), 0);
	ck_assert_int_eq(fault_read(&fault, &w, NULL, 0, &err), 0);
	words_clear(&w);
	faults_take_add(faults, &fault);
}

static const char *take_fault(struct faults *faults, char request)
{
	static char text[80];
	struct asked asked = asked_of(request);
	struct dice dice = {0};
	const struct fault *f = faults_take(faults, &asked, &dice);
	struct buf name;

	buf_init(&name, sizeof text);
	if (f != NULL)
		fault_name(f, &name);
	snprintf(text, sizeof text, "%s", f != NULL ? buf_text(&name) : "none");
	buf_clear(&name);
	return text;
}

START_TEST(faults_queue_up_in_their_order)
{
	struct faults faults = {0};

	add_fault(&faults, "status 503 and delay 2s");
	add_fault(&faults, "hang");
	add_fault(&faults, "page 2 close");
	add_fault(&faults, "times 2 html");
	ck_assert_str_eq(take_fault(&faults, 'o'), "none");
	ck_assert_str_eq(take_fault(&faults, 'l'), "status+delay");
	ck_assert_str_eq(take_fault(&faults, 'l'), "hang");
	ck_assert_str_eq(take_fault(&faults, 'l'), "html");
	ck_assert_str_eq(take_fault(&faults, '2'), "close");
	ck_assert_str_eq(take_fault(&faults, '2'), "html");
	ck_assert_str_eq(take_fault(&faults, 'l'), "none");
	ck_assert_uint_eq(faults.n, 0); /* nothing is kept of them */
	faults_clear(&faults);
}
END_TEST

START_TEST(every_fault_counts_a_request_that_fits)
{
	struct faults faults = {0};

	add_fault(&faults, "status 503");
	add_fault(&faults, "after 1 request close");
	ck_assert_str_eq(take_fault(&faults, 'l'), "status");
	ck_assert_str_eq(take_fault(&faults, 'l'), "close");
	faults_clear(&faults);
}
END_TEST

START_TEST(a_trigger_is_due_once_for_each_request_that_it_chooses)
{
	struct triggers triggers = {0};
	const struct account *asker;
	struct dice dice = {0};
	struct asked asked = asked_of('2');
	struct choice choice;
	struct words words;

	for (int i = 0; i < 2; i++) {
		const char *text = i == 0 ? "shuffle" : "all offline";

		read_choice(&choice, i == 0 ? "page 2" : "page 2 times 2", 0);
		ck_assert_int_eq(words_split(&words, text, strlen(text), &err), 0);
		triggers_take_add(&triggers, &choice, &words);
	}
	ck_assert(!triggers_next(&triggers, &words, &asker));
	triggers_choose(&triggers, &asked, &dice);
	ck_assert(triggers_next(&triggers, &words, &asker));
	ck_assert_str_eq(words.list[0], "shuffle");
	words_clear(&words);
	ck_assert(triggers_next(&triggers, &words, &asker));
	ck_assert_uint_eq(words.n, 2);
	words_clear(&words);
	ck_assert(!triggers_next(&triggers, &words, &asker));
	triggers_choose(&triggers, &asked, &dice);
	ck_assert(triggers_next(&triggers, &words, &asker));
	ck_assert_str_eq(words.list[0], "all");
	words_clear(&words);
	ck_assert(!triggers_next(&triggers, &words, &asker));
	triggers_clear(&triggers);
}
END_TEST

/* ---- scripts ---- */

static void expect_order(const struct script *s, const char *wanted)
{
	char text[128] = "";

	for (size_t i = s->next; i < s->n; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%lld:%u ",
			 (long long)s->commands[i].at_ms, s->commands[i].line);
	ck_assert_str_eq(text, wanted);
}

START_TEST(a_script_is_in_the_order_of_its_times)
{
	static const char text[] = "at 20s shuffle\n"
				   "\n"
				   "at 10s all offline # first\n"
				   "at 20s all online\n"
				   "token revoke";
	struct script s, other;

	ck_assert_int_eq(script_read(&s, text, strlen(text), &err), 0);
	expect_order(&s, "0:5 10000:3 20000:1 20000:4 ");
	ck_assert_int_eq(script_next_ms(&s), 0);
	ck_assert_int_eq(script_read(&other, "at 2s shuffle\nshuffle", 21, &err), 0);
	script_move(&s, &other, 15000);
	expect_order(&s, "0:5 10000:3 15000:2 17000:1 20000:1 20000:4 ");
	ck_assert_int_eq(script_next_ms(&other), INT64_MAX);
	script_clear(&s);
	ck_assert_int_eq(script_next_ms(&s), INT64_MAX);
}
END_TEST

START_TEST(a_wrong_line_of_a_script_is_numbered)
{
	static const char text[] = "shuffle\n\nbogus\n";
	struct script s;

	ck_assert_int_eq(script_read(&s, text, strlen(text), &err), ERR_FORMAT);
	ck_assert_ptr_eq(strstr(err.text, "line 3: no command \"bogus\""), err.text);
	ck_assert_uint_eq(s.n, 0);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{a_line_is_cut_into_words, COUNT(cuts)},
		{a_command_is_read, COUNT(good)},
		{a_command_has_its_time_and_its_words, 1},
		{a_wrong_command_is_named, COUNT(wrong)},
		{the_help_names_every_verb_rule_and_fault, 1},
		{a_choice_takes_the_requests_it_names, COUNT(hits)},
		{a_choice_may_end_in_time, 1},
		{a_choice_by_chance_takes_about_so_many_and_the_same_each_time, 1},
		{faults_queue_up_in_their_order, 1},
		{every_fault_counts_a_request_that_fits, 1},
		{a_trigger_is_due_once_for_each_request_that_it_chooses, 1},
		{a_script_is_in_the_order_of_its_times, 1},
		{a_wrong_line_of_a_script_is_numbered, 1},
	};

	return suite_run("command", tests, COUNT(tests), NULL, NULL);
}
