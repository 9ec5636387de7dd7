#include "sim/command.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "sim/action.h"
#include "sim/vendor.h"
#include "sim/verbs.h"

#define HELP_MAX_BYTES ((size_t)1 << 20)
#define EXPECTED_BYTES 400

/* ---- rules are verbs, too ---- */

static int run_rule(const struct rule_row *row, struct stage *stage, struct words *w,
		    struct err *err)
{
	struct rules scratch;
	struct rules *rules = &scratch;
	int rc = verb_refuse_only(stage, err);

	rules_init(&scratch);
	if (stage->vendor != NULL)
		rules = &stage->vendor->rules;
	if (rc == 0)
		rc = row->set(rules, w, err);
	if (rc != 0 || stage->vendor == NULL)
		return rc;
	roster_set_penalty(&stage->vendor->roster, rules->penalty_ms);
	return verb_say_done(stage);
}

const char *command_option(size_t i, const char **value, const char **help)
{
	for (size_t v = 0; v < verbs_n; v++) {
		if (!verbs[v].is_option || i-- > 0)
			continue;
		*value = verbs[v].args;
		*help = verbs[v].help;
		return verbs[v].name;
	}
	if (i >= rules_n)
		return NULL;
	*value = rule_rows[i].value;
	*help = rule_rows[i].help;
	return rule_rows[i].name;
}

/* ---- lines ---- */

static int expected_verb(const struct words *w, struct err *err)
{
	char what[EXPECTED_BYTES] = "";

	for (size_t i = 0; i < verbs_n; i++)
		if (i == 0 || strcmp(verbs[i].name, verbs[i - 1].name) != 0)
			words_name(what, sizeof what, i, verbs_n + 1, verbs[i].name);
	words_name(what, sizeof what, verbs_n, verbs_n + 1, "a rule");
	if (w->at == w->n)
		return words_expected(w, "a command", err);
	return err_set(err, ERR_FORMAT, "no command \"%s\"; there are %s", w->list[w->at],
		       what);
}

static int run_verb(struct words *w, struct stage *stage, struct err *err)
{
	const char *name = w->at < w->n ? w->list[w->at] : "";
	const struct rule_row *rule = rules_find(name);

	if (rule != NULL) {
		w->at++;
		return run_rule(rule, stage, w, err);
	}
	for (size_t i = 0; i < verbs_n; i++)
		if (words_skip(w, verbs[i].name))
			return verbs[i].run(stage, w, err);
	return expected_verb(w, err);
}

/* From the "in" on. */
static int run_words(struct words *w, struct stage *stage, struct err *err)
{
	struct stage own = *stage;
	int rc;

	if (words_skip(w, "in")) {
		const char *name = words_next(w);

		if (name == NULL)
			return words_expected(w, "the name of an account", err);
		if (stage->vendor != NULL) {
			own.only = roster_find(&stage->vendor->roster, name);
			if (own.only == NULL)
				return err_set(err, ERR_FORMAT, "no account %s", name);
		}
	}
	rc = run_verb(w, &own, err);
	if (rc == 0 && w->at < w->n)
		rc = err_set(err, ERR_FORMAT, "nothing is expected after \"%s\"",
			     w->list[w->at - 1]);
	return rc;
}

int command_run(const struct words *words, struct stage *stage, struct err *err)
{
	struct words w = *words;

	w.at = 0;
	return run_words(&w, stage, err);
}

int command_read(struct command *into, const char *line, size_t len, struct err *err)
{
	const struct stage nowhere = {0};
	struct stage stage = nowhere;
	struct words words;
	int rc = words_split(&words, line, len, err);

	*into = (struct command){0};
	if (rc == 0 && words_skip(&words, "at"))
		rc = words_next_duration(&words, &into->at_ms, err);
	if (rc == 0 && words.n > 0) {
		size_t from = words.at;

		rc = run_words(&words, &stage, err);
		words.at = from;
		if (rc == 0)
			words_take_rest(&into->words, &words);
	}
	words_clear(&words);
	if (rc != 0)
		command_clear(into);
	return rc;
}

void command_clear(struct command *c)
{
	words_clear(&c->words);
	*c = (struct command){0};
}

/* ---- help ---- */

static void add_line(struct buf *b, const char *form, const char *help)
{
	if (strlen(form) < 38)
		buf_printf(b, "  %-38s %s\n", form, help);
	else
		buf_printf(b, "  %s\n%s%s%s", form, help[0] != '\0' ? "      " : "", help,
			   help[0] != '\0' ? "\n" : "");
}

char *command_help(void)
{
	struct buf b;
	char form[200];

	buf_init(&b, HELP_MAX_BYTES);
	for (size_t i = 0; i < verbs_n; i++) {
		snprintf(form, sizeof form, "%s %s", verbs[i].name, verbs[i].args);
		add_line(&b, form, verbs[i].help);
	}
	buf_add_text(
		&b, "  RULE VALUE\n      any of the rules that are options: per-page-max "
		    "250\n  ACTION is one of\n");
	action_help(&b);
	buf_printf(&b, "  CHOICE is %s\n", choice_help);
	buf_add_text(
		&b,
		"      (the next request for the list, once) where ENDPOINT is\n     ");
	for (size_t i = 0; i < ENDPOINT_N; i++)
		buf_printf(&b, " %s", endpoints[i].name);
	buf_add_text(&b, "\n  KIND is one of\n");
	for (size_t i = 0; i < act_n_rows; i++) {
		snprintf(form, sizeof form, "  %s %s", act_rows[i].name,
			 act_rows[i].args);
		add_line(&b, form, act_rows[i].help);
	}
	return b.data;
}
