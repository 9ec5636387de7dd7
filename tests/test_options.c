#include "base/options.h"

#include "lib/suite.h"

#include <string.h>

enum { OPT_OFFLINE = 256, OPT_OTHER };

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"follow", no_argument, NULL, 'f'},
	{"offline", no_argument, NULL, OPT_OFFLINE},
	{"other", required_argument, NULL, OPT_OTHER},
	{NULL, 0, NULL, 0},
};

static const struct {
	const char *arguments[4];
	const char *said;
} wrong[] = {
	{{"--bogus"}, "--bogus: no such option"},
	{{"--bogus=x"}, "--bogus: no such option"},
	{{"--configure"}, "--configure: no such option"},
	{{"--follow", "--bogus", "x"}, "--bogus: no such option"},
	{{"--=x"}, "--: no such option"},
	{{"--o"}, "--o: could be --offline or --other"},
	{{"--o=x"}, "--o: could be --offline or --other"},
	{{"-x"}, "-x: no such option"},
	{{"-fx"}, "-x: no such option"},
	{{"--offline", "-fx"}, "-x: no such option"},
	{{"--offline", "-xf"}, "-x: no such option"},
	{{"-c"}, "-c: needs a value"},
	{{"-fc"}, "-c: needs a value"},
	{{"--offline", "-c"}, "-c: needs a value"},
	{{"--config"}, "--config: needs a value"},
	{{"--conf"}, "--config: needs a value"},
	{{"--other"}, "--other: needs a value"},
	{{"--follow=x"}, "--follow: takes no value"},
	{{"--offline=x"}, "--offline: takes no value"},
	{{"--fol=x"}, "--follow: takes no value"},
};

START_TEST(what_is_refused_is_named_as_it_was_meant)
{
	char *argv[6] = {(char *)"program"}, said[100] = "", cut[8];
	int argc = 1, letter;

	for (int i = 0; i < 4 && wrong[_i].arguments[i] != NULL; i++)
		argv[argc++] = (char *)wrong[_i].arguments[i];
	opterr = 0;
	while ((letter = getopt_long(argc, argv, ":c:f", longs, NULL)) != -1) {
		if (letter != '?' && letter != ':')
			continue;
		options_explain(said, sizeof said, letter, argv, longs);
		options_explain(cut, sizeof cut, letter, argv, longs);
		break;
	}
	ck_assert_str_eq(said, wrong[_i].said);
	ck_assert_uint_eq(strlen(cut), sizeof cut - 1);
}
END_TEST

int main(void)
{
	const struct suite_test tests[] = {
		{what_is_refused_is_named_as_it_was_meant, COUNT(wrong)},
	};

	return suite_run("options", tests, COUNT(tests), NULL, NULL);
}
